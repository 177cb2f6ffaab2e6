#include "runtime/docker_logs.h"

#include <algorithm>
#include <utility>

#include "runtime/docker_requests.h"

namespace reconcile {
namespace {

constexpr int64_t kRetryPauseMs = 250;
constexpr int64_t kLongestRetryPauseMs = 5'000;
constexpr int32_t kNanosecondsPerSecond = 1'000'000'000;
constexpr std::string_view kGapMark =
    "--- reconcile: the log stream broke here; lines may be missing ---\n";

LogStamp NextStamp(LogStamp stamp) {
  if (++stamp.nanoseconds < kNanosecondsPerSecond) return stamp;
  return {stamp.seconds + 1, 0};
}

LogStamp StampOf(WallTime time) {
  const int64_t ms = std::max<int64_t>(time.ms, 0);
  return {ms / 1000, static_cast<int32_t>(ms % 1000) * 1'000'000};
}

}  // namespace

DockerLogReader::DockerLogReader(DockerApi* api, std::string id, LogOptions options, OnData on_data,
                                 std::function<void(Status)> done)
    : api_(api),
      id_(std::move(id)),
      options_(options),
      on_data_(std::move(on_data)),
      done_(std::move(done)) {}

void DockerLogReader::Start() { Inspect(); }

void DockerLogReader::Cancel() {
  finished_ = true;
  api_->Cancel(call_);
}

void DockerLogReader::Inspect() {
  HttpCall call;
  call.method = "GET";
  call.path = "/containers/" + EscapeUrl(id_) + "/json";
  call.timeout_ms = api_->options().call_timeout_ms;
  call.done = [self = shared_from_this()](const HttpReply& reply) { self->OnInspected(reply); };
  call_ = api_->Start(std::move(call));
}

void DockerLogReader::OnInspected(const HttpReply& reply) {
  Status status = reply.transport;
  if (status.ok()) status = StatusOfReply(reply.code, reply.body);
  if (opened_once_) {
    if (status.code() == StatusCode::kUnavailable) return Retry(status);
    if (status.code() == StatusCode::kNotFound) return Finish(OkStatus());  // removed meanwhile
  }
  if (!status.ok()) return Finish(std::move(status));
  const Result<InspectedContainer> container = ParseContainer(reply.body);
  if (!container.ok()) return Finish(container.status());
  terminal_ = container->terminal;
  const bool running = container->info.state == ContainerRunState::kRunning ||
                       container->info.state == ContainerRunState::kPaused;
  if (must_reopen_ || !opened_once_) return Open();
  if (!running) return Finish(OkStatus());
  gap_ = true;
  Retry(UnavailableError("the engine ends the log stream of a running container"));
}

void DockerLogReader::Open() {
  opened_once_ = true;
  must_reopen_ = false;
  frames_ = FrameReader();
  // A follower needs stamps to know from where to go on.
  stamped_ = !terminal_ && options_.follow;
  std::optional<LogStamp> since;
  if (options_.since.has_value()) since = StampOf(*options_.since);
  if (last_.has_value()) since = NextStamp(*last_);
  HttpCall call;
  call.method = "GET";
  call.path = LogsPath(id_, options_.follow, stamped_ || options_.timestamps,
                       last_.has_value() ? -1 : options_.tail_lines, since);
  call.lane = HttpLane::kStream;
  call.idle_timeout_ms = options_.follow ? 0 : api_->options().call_timeout_ms;
  call.on_data = [self = shared_from_this()](std::string_view bytes) {
    return self->OnBytes(bytes);
  };
  call.done = [self = shared_from_this()](const HttpReply& reply) { self->OnEnd(reply); };
  call_ = api_->Start(std::move(call));
}

bool DockerLogReader::OnBytes(std::string_view bytes) {
  if (terminal_) {
    Deliver(LogStream::kOut, bytes);
  } else {
    const Status status = frames_.Feed(
        bytes, [&](LogStream stream, std::string_view payload) { OnFrame(stream, payload); });
    if (!status.ok()) damage_ = status;
  }
  return !finished_ && wants_more_ && damage_.ok();
}

void DockerLogReader::OnFrame(LogStream stream, std::string_view payload) {
  if (!stamped_) return Deliver(stream, payload);
  const std::optional<StampedLine> line = SplitStamp(payload);
  if (!line.has_value()) return Deliver(stream, payload);
  if (last_.has_value() && line->stamp < *last_) last_.reset();  // the clock went back
  last_ = line->stamp;
  Deliver(stream, options_.timestamps ? payload : line->text);
}

void DockerLogReader::Deliver(LogStream stream, std::string_view text) {
  if (finished_ || !wants_more_) return;
  reconnects_ = 0;
  if (gap_) {
    gap_ = false;
    wants_more_ = on_data_(LogStream::kError, kGapMark);
    if (finished_ || !wants_more_) return;
  }
  wants_more_ = on_data_(stream, text);
}

void DockerLogReader::OnEnd(const HttpReply& reply) {
  if (!wants_more_) return Finish(OkStatus());
  if (!damage_.ok()) return Finish(damage_);
  const Status status =
      reply.transport.ok() ? StatusOfReply(reply.code, reply.body) : reply.transport;
  if (options_.follow && !terminal_) {
    if (status.code() == StatusCode::kUnavailable) {
      gap_ = true;
      return Retry(status);
    }
    if (status.ok()) return Inspect();
  }
  if (!status.ok()) return Finish(status);
  Finish(terminal_ ? OkStatus() : frames_.Finish());
}

void DockerLogReader::Retry(const Status& why) {
  if (++reconnects_ > kMaxLogReconnects) return Finish(why);
  must_reopen_ = true;
  const int64_t pause_ms = std::min(kRetryPauseMs << reconnects_, kLongestRetryPauseMs);
  api_->After(pause_ms, [self = shared_from_this()] {
    if (!self->finished_) self->Inspect();
  });
}

void DockerLogReader::Finish(Status status) {
  if (finished_) return;
  finished_ = true;
  done_(std::move(status));
}

}  // namespace reconcile
