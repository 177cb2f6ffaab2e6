#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/container_runtime.h"
#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"

namespace reconcile {

// One command in a container (Engine API, "Exec"): made, begun with its output as the answer, and
// asked for its exit code, which the engine may know a moment after the output has ended. Kept by
// its calls and its timer. Loop thread only.
class DockerExec : public std::enable_shared_from_this<DockerExec> {
 public:
  // `api` outlives it or has been destroyed when no callback runs any more. The time counts from
  // the command's beginning.
  DockerExec(DockerApi* api, int64_t timeout_ms, ContainerRuntime::Done<ExecResult> done);
  void Start(const std::string& container_id, const std::vector<std::string>& command);

 private:
  void Call(HttpCall call, void (DockerExec::*on_reply)(const HttpReply&));
  void OnCreated(const HttpReply& reply);
  void TakeOutput(std::string_view bytes);
  void OnOutputEnded(const HttpReply& reply);
  void Look();
  void OnLooked(const HttpReply& reply);
  void OnTimeUp();
  void End(Result<ExecResult> result);

  DockerApi* const api_;
  const int64_t timeout_ms_;
  ContainerRuntime::Done<ExecResult> done_;  // empty: it was called
  std::string exec_id_;
  uint64_t call_ = 0;  // the last one
  bool begun_ = false;
  int64_t pause_ms_;  // before the next look
  FrameReader frames_;
  Status damage_;  // of the stream
  ExecResult result_;
};

}  // namespace reconcile
