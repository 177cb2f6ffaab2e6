#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "runtime/docker_http.h"
#include "runtime/docker_replies.h"
#include "runtime/docker_runtime.h"

namespace reconcile {

// The Engine API at a negotiated version. The version is asked for before the first call and again
// after the connection was lost: the daemon may come back as another one. Loop thread only; after
// the destructor no callback runs.
class DockerApi {
 public:
  DockerApi(EventLoop* loop, DockerOptions options);
  ~DockerApi();
  DockerApi(const DockerApi&) = delete;
  DockerApi& operator=(const DockerApi&) = delete;

  // As DockerHttp::Start, with `call.path` behind the version's prefix. When no version can be
  // agreed on, `done` gets that failure as its transport.
  uint64_t Start(HttpCall call);
  void Cancel(uint64_t id);
  void Taken(uint64_t id, size_t bytes);  // as DockerHttp::Taken
  // Runs `task` after `delay_ms`, unless this has been destroyed by then.
  void After(int64_t delay_ms, Task task);
  // Grows when a stream breaks off, such as that of the events: the engine has died since.
  int64_t broken_streams() const { return broken_streams_; }
  // The engine's version, as negotiated now.
  void GetVersion(std::function<void(Result<EngineVersion>)> done);

  // "/v1.41", as it was negotiated last; empty before a call was answered.
  const std::string& prefix() const { return prefix_; }
  const DockerOptions& options() const { return options_; }
  EventLoop* loop() const { return loop_; }

 private:
  void AskVersion();
  void OnVersion(const HttpReply& reply);
  Status TakeVersion(const HttpReply& reply);
  void StartNow(uint64_t id, HttpCall call);

  EventLoop* const loop_;
  const DockerOptions options_;
  std::string prefix_;  // "/v1.41"; empty: not negotiated
  EngineVersion version_;
  std::vector<std::function<void(const Status&)>> waiting_;  // for the version
  std::map<uint64_t, uint64_t> calls_;                       // by id: http's id; 0: waiting
  uint64_t next_id_ = 1;
  int64_t broken_streams_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  DockerHttp http_;  // last: destroyed first, so that no callback meets a half-dead object
};

}  // namespace reconcile
