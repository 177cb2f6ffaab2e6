#include <algorithm>
#include <utility>

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

LogOptions OptionsOf(const LogRequest& request, WallTime now) {
  LogOptions options;
  options.follow = request.follow;
  options.timestamps = request.timestamps;
  options.tail_lines = request.tail_lines;
  options.since = request.since_time;
  if (request.since_seconds >= 0) options.since = WallTime{now.ms - request.since_seconds * 1000};
  return options;
}

// What of `bytes` may still be said when `left` may; all when that is negative.
std::string_view TakeUpTo(int64_t* left, std::string_view bytes) {
  if (*left < 0) return bytes;
  const std::string_view part = bytes.substr(0, static_cast<size_t>(*left));
  *left -= static_cast<int64_t>(part.size());
  return part;
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

// All of it fits into a stream's window, so that nobody has to wait for its reader.
StreamHandle Agent::Core::OpenMetrics(LogSink sink) {
  const auto gone = std::make_shared<bool>(false);
  loop_->Post(Guarded([this, gone, sink = std::move(sink)] {
    const std::string text = options_.read_metrics ? options_.read_metrics() : "";
    Status status;
    if (text.empty())
      status = UnavailableError("the agent on " + options_.node_name + " has no metrics");
    if (text.size() > kStreamWindowBytes) {
      status = InternalError("the metrics of " + options_.node_name +
                             " are too large to travel: " + std::to_string(text.size()) + " bytes");
    }
    for (size_t at = 0; status.ok() && at < text.size() && !*gone; at += kMaxStreamFrameBytes) {
      sink.on_data(std::string_view(text).substr(at, kMaxStreamFrameBytes));
    }
    if (!*gone) sink.on_end(status);
  }));
  return StreamHandle([gone] { *gone = true; }, nullptr);
}

StreamHandle Agent::Core::OpenLogs(const LogRequest& request, LogSink sink) {
  if (request.metrics) return OpenMetrics(std::move(sink));
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
  ++log_streams_;
  const auto end = [this, ended] {
    if (*ended) return false;
    *ended = true;
    --log_streams_;
    return true;
  };
  // A reader is not ended from inside what it calls, so the stream that has said enough ends later.
  const auto cut = std::make_shared<StreamHandle>();
  const auto is_enough = Guarded([this, end, cut, sink] {
    loop_->Post([end, cut, sink] {
      if (!end()) return;
      std::exchange(*cut, {}).Cancel();
      sink.on_end(OkStatus());
    });
  });
  const StreamHandle reader = runtime_->ReadLogs(
      *id, OptionsOf(request, loop_->now().wall),
      [ended, sink, is_enough, left = std::make_shared<int64_t>(request.limit_bytes)](
          LogStream, std::string_view bytes) {
        if (*ended || *left == 0) return;
        const std::string_view part = TakeUpTo(left.get(), bytes);
        sink.on_data(part);
        if (*left == 0) is_enough();
      },
      Guarded([end, cut, sink](const Status& status) {
        *cut = {};
        if (end()) sink.on_end(status);
      }));
  if (request.limit_bytes >= 0 && !*ended) *cut = reader;
  return StreamHandle(Guarded([end, reader, cut] {
                        *cut = {};
                        if (end()) reader.Cancel();
                      }),
                      Guarded([ended, reader](size_t bytes) {
                        if (!*ended) reader.Taken(bytes);
                      }));
}

}  // namespace reconcile
