#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "runtime/container_runtime.h"

namespace reconcile {

struct DockerOptions {
  std::string socket_path = "/var/run/docker.sock";
  int64_t call_timeout_ms = 120'000;
  // Shorter: one container that the engine cannot describe must not hold up the others.
  int64_t inspect_timeout_ms = 10'000;
  int64_t pull_idle_timeout_ms = 300'000;  // no progress for so long ends a pull
  size_t max_reply_bytes = 64 << 20;
  int max_parallel_calls = 64;
  // Lower oom scores are raised to this: an engine without CAP_SYS_RESOURCE starts no container
  // that asks for a score below its own.
  int32_t min_oom_score_adj = -1000;
};

// ContainerRuntime over the Docker Engine API (1.41 and newer, negotiated) by libcurl multi on one
// thread of its own; results are posted to `loop`, which must outlive it.
std::unique_ptr<ContainerRuntime> MakeDockerRuntime(EventLoop* loop, DockerOptions options = {});

}  // namespace reconcile
