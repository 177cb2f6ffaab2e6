#pragma once

#include <functional>
#include <string>

#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"

namespace reconcile {

// Follows GET /events for ever: on every end it connects again, with growing pauses, and says
// "resync" whenever it is connected (again), for what happened in between is not told.
class DockerEvents {
 public:
  DockerEvents(DockerApi* api, std::string cluster_id,
               std::function<void(const EngineEvent&)> on_event);
  void Start();

 private:
  void Connect();
  bool OnBytes(std::string_view bytes);
  void OnEnd();

  DockerApi* const api_;
  const std::string cluster_id_;
  const std::function<void(const EngineEvent&)> on_event_;
  LineSplitter lines_;
  int64_t pause_ms_ = 0;
};

}  // namespace reconcile
