#include "runtime/docker_events.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "runtime/docker_requests.h"

namespace reconcile {

int64_t ReconnectPause::OnEnd(MonoTime now) {
  if (opened_at_ && now - *opened_at_ >= kSteadyMs) next_ms_ = kFirstMs;
  opened_at_.reset();
  const int64_t pause_ms = next_ms_;
  next_ms_ = std::min(next_ms_ * 2, kLongestMs);
  return pause_ms;
}

DockerEvents::DockerEvents(DockerApi* api, std::string cluster_id,
                           std::function<void(const EngineEvent&)> on_event)
    : api_(api), cluster_id_(std::move(cluster_id)), on_event_(std::move(on_event)) {}

void DockerEvents::Start() { Connect(); }

void DockerEvents::Connect() {
  lines_ = LineSplitter();
  HttpCall call;
  call.method = "GET";
  // The engine answers just before it begins to listen to itself. Asking for the last second again
  // closes that gap: an event told twice only makes us look twice.
  const int64_t now_seconds = api_->loop()->now().wall.ms / 1000;
  call.path = EventsPath(cluster_id_, now_seconds - 1);
  call.lane = HttpLane::kStream;
  call.on_open = [this] {
    pause_.OnOpen(api_->loop()->now().mono);
    on_event_({"", "resync"});
  };
  call.on_data = [this](std::string_view bytes) { return OnBytes(bytes); };
  call.done = [this](const HttpReply&) { OnEnd(); };
  api_->Start(std::move(call));
}

bool DockerEvents::OnBytes(std::string_view bytes) {
  const Status status = lines_.Feed(bytes, [this](std::string_view line) {
    const Result<std::optional<EngineEvent>> event = ParseEvent(line);
    if (!event.ok()) {
      LogWarning("unreadable event of the container engine", {{"error", event.status().message()}});
      on_event_({"", "resync"});  // something happened; nobody knows what
    } else if (event->has_value()) {
      on_event_(**event);
    }
  });
  return status.ok();
}

void DockerEvents::OnEnd() {
  api_->After(pause_.OnEnd(api_->loop()->now().mono), [this] { Connect(); });
}

}  // namespace reconcile
