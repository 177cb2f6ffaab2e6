#include <algorithm>

#include "agent/agent_core.h"

namespace reconcile {
namespace {

constexpr std::string_view kEnginePrefix = "docker://";

std::string EngineId(const std::string& container_id) {
  return container_id.starts_with(kEnginePrefix) ? container_id.substr(kEnginePrefix.size())
                                                 : container_id;
}

// The container of a status that a request means: the only one when it names none.
Result<const ContainerStatus*> FindStatus(const PodReport& pod, const std::string& container) {
  const auto& statuses = pod.status.container_statuses;
  if (container.empty() && statuses.size() == 1) return &statuses.front();
  std::string names;
  for (const auto* list : {&statuses, &pod.status.init_container_statuses}) {
    for (const ContainerStatus& status : *list) {
      if (status.name == container) return &status;
      names += (names.empty() ? "" : ", ") + status.name;
    }
  }
  if (container.empty()) {
    return InvalidError("pod " + pod.name + " has several containers; name one of: " + names);
  }
  return NotFoundError("pod " + pod.name + " has no container " + container + "; it has: " + names);
}

}  // namespace

Result<std::string> Agent::Core::FindLog(const LogRequest& request) const {
  const auto pod = std::find_if(pods_.begin(), pods_.end(),
                                [&](const PodReport& p) { return p.uid == request.pod_uid; });
  if (pod == pods_.end()) return NotFoundError("no such pod on node " + options_.node_name);
  const Result<const ContainerStatus*> found = FindStatus(*pod, request.container);
  if (!found.ok()) return found.status();
  const ContainerStatus& status = **found;
  const std::string what = "container " + status.name + " of pod " + pod->name;
  if (request.previous) {
    if (status.last_state.terminated) return EngineId(status.last_state.terminated->container_id);
    return NotFoundError("there is no previous " + what);
  }
  if (!status.container_id.empty()) return EngineId(status.container_id);
  const std::string why = status.state.waiting ? ": " + status.state.waiting->reason : "";
  return NotFoundError(what + " has not started yet" + why);
}

StreamHandle Agent::Core::OpenLogs(const LogRequest& request, LogSink sink) {
  Result<std::string> id = FindLog(request);
  if (id.ok() && log_streams_ >= kMaxLogStreams) {
    id = UnavailableError("this host already streams " + std::to_string(kMaxLogStreams) +
                          " logs; end one of them");
  }
  const auto ended = std::make_shared<bool>(false);
  if (!id.ok()) {
    loop_->Post([ended, sink, status = id.status()] {
      if (!*ended) sink.on_end(status);
    });
    return StreamHandle([ended] { *ended = true; }, nullptr);
  }
  LogOptions options;
  options.follow = request.follow;
  options.timestamps = request.timestamps;
  options.tail_lines = request.tail_lines;
  ++log_streams_;
  const auto end = [this, ended] {
    if (*ended) return false;
    *ended = true;
    --log_streams_;
    return true;
  };
  const StreamHandle reader = runtime_->ReadLogs(
      *id, options,
      [ended, sink](LogStream, std::string_view bytes) {
        if (!*ended) sink.on_data(bytes);
      },
      Guarded([end, sink](const Status& status) {
        if (end()) sink.on_end(status);
      }));
  return StreamHandle(Guarded([end, reader] {
                        if (end()) reader.Cancel();
                      }),
                      Guarded([ended, reader](size_t bytes) {
                        if (!*ended) reader.Taken(bytes);
                      }));
}

}  // namespace reconcile
