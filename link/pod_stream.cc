#include "link/pod_stream.h"

#include "base/utf8.h"

namespace reconcile {

std::string_view ToString(PodStreamRequest::Kind kind) {
  switch (kind) {
    case PodStreamRequest::Kind::kExec:
      return "exec";
    case PodStreamRequest::Kind::kAttach:
      return "attach";
    case PodStreamRequest::Kind::kPortForward:
      return "portForward";
  }
  return "";
}

namespace {

Status CheckStreamCommand(const std::vector<std::string>& command) {
  if (command.empty() || command.front().empty()) {
    return InvalidError("no command is given to be run");
  }
  size_t bytes = 0;
  for (const std::string& word : command) {
    bytes += word.size();
    if (FindInvalidUtf8(word) != std::string_view::npos)
      return InvalidError("the command to be run is no valid UTF-8");
    if (word.find('\0') != std::string::npos) {
      return InvalidError("the command to be run has a zero byte in it");
    }
  }
  if (bytes <= kMaxStreamCommandBytes && command.size() <= kMaxStreamCommandWords) {
    return OkStatus();
  }
  return InvalidError("the command to be run has more than " +
                      std::to_string(kMaxStreamCommandBytes) + " bytes or " +
                      std::to_string(kMaxStreamCommandWords) + " words");
}

}  // namespace

Status CheckPodStreamRequest(const PodStreamRequest& request) {
  if (request.kind == PodStreamRequest::Kind::kPortForward) {
    return request.port != 0 ? OkStatus() : InvalidError("no port is given to be forwarded to");
  }
  if (FindInvalidUtf8(request.container) != std::string_view::npos)
    return InvalidError("the container's name is no valid UTF-8");
  if (!request.in && !request.out && !request.err) {
    return InvalidError("none of stdin, stdout and stderr is asked for");
  }
  if (request.tty && request.err) {
    return InvalidError("a terminal has one output: ask for stdout without stderr");
  }
  if (request.kind == PodStreamRequest::Kind::kAttach) return OkStatus();
  return CheckStreamCommand(request.command);
}

}  // namespace reconcile
