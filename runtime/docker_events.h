#pragma once

#include <functional>
#include <optional>
#include <string>

#include "runtime/docker_api.h"
#include "runtime/docker_streams.h"

namespace reconcile {

// How long to wait before a stream that ended is opened again: ever longer, until one has lived for
// a while. An engine that accepts and ends it at once is not hammered.
class ReconnectPause {
 public:
  static constexpr int64_t kFirstMs = 100;
  static constexpr int64_t kLongestMs = 5'000;
  static constexpr int64_t kSteadyMs = 10'000;  // a life this long forgives the ends before it

  void OnOpen(MonoTime now) { opened_at_ = now; }
  // Milliseconds from this end to the next try.
  int64_t OnEnd(MonoTime now);

 private:
  std::optional<MonoTime> opened_at_;
  int64_t next_ms_ = kFirstMs;
};

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
  ReconnectPause pause_;
};

}  // namespace reconcile
