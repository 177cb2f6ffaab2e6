#include "runtime/docker_logs.h"

#include <algorithm>
#include <utility>

#include "runtime/docker_requests.h"

namespace reconcile {
namespace {

constexpr int64_t kRetryPauseMs = 500;
constexpr int64_t kLongestRetryPauseMs = 5'000;
constexpr int64_t kDamagePauseMs = 250;
constexpr int64_t kShortestPassPauseMs = 100;
constexpr int64_t kLongestPassPauseMs = 1'000;
constexpr int64_t kFewestLines = 8;  // to ask for
constexpr int64_t kMostLines = 100'000;
constexpr int64_t kShortLogLines = 500;  // read whole each time
constexpr int kMaxDamages = 3;           // passes in a row that end amid the log
constexpr std::string_view kGapMark =
    "--- reconcile: the log stream broke here; lines may be missing ---\n";

LogStamp StampOf(WallTime time) {
  const int64_t ms = std::max<int64_t>(time.ms, 0);
  return {ms / 1000, static_cast<int32_t>(ms % 1000) * 1'000'000};
}

}  // namespace

DockerLogReader::DockerLogReader(DockerApi* api, std::string id, LogOptions options,
                                 LogOutlet::OnData on_data, std::function<void(Status)> done)
    : api_(api),
      id_(std::move(id)),
      options_(options),
      done_(std::move(done)),
      outlet_(std::move(on_data)),
      tail_lines_(options.tail_lines),
      broken_streams_(api->broken_streams()) {}

void DockerLogReader::Start() { Inspect(); }

void DockerLogReader::Cancel() {
  finished_ = true;
  outlet_.Close();
  received_.clear();
  api_->Cancel(call_);
}

void DockerLogReader::Taken(size_t bytes) {
  outlet_.Taken(bytes);
  Work();
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
  if (!first_pass_) {
    if (status.code() == StatusCode::kNotFound) return Finish(OkStatus());  // removed meanwhile
    if (!status.ok()) return Retry(status, RetryPauseMs());
  }
  if (!status.ok()) return Finish(std::move(status));
  const Result<InspectedContainer> container = ParseContainer(reply.body);
  if (!container.ok()) return Finish(container.status());
  terminal_ = container->terminal;
  running_ = container->info.state == ContainerRunState::kRunning ||
             container->info.state == ContainerRunState::kPaused;
  Read();
}

void DockerLogReader::Read() {
  frames_ = FrameReader();
  damaged_ = false;
  end_of_stream_.reset();
  std::optional<LogStamp> since;
  if (options_.since.has_value()) since = StampOf(*options_.since);
  int64_t tail_lines = tail_lines_;
  // An engine that dies takes along what it had not written yet.
  gap_ = gap_ || api_->broken_streams() != broken_streams_;
  broken_streams_ = api_->broken_streams();
  if (by_passes()) {
    place_.BeginPass(tail_lines_ < 0);
    // A follower of no line yet needs one to know its place by.
    if (first_pass_ && tail_lines_ == 0) tail_lines = 1;
  }
  HttpCall call;
  call.method = "GET";
  call.path = LogsPath(id_, options_.follow && terminal_, options_.timestamps || by_passes(),
                       tail_lines, since);
  call.lane = HttpLane::kStream;
  call.idle_timeout_ms = options_.follow && terminal_ ? 0 : api_->options().call_timeout_ms;
  call.acknowledges = true;
  call.on_data = [self = shared_from_this()](std::string_view bytes) {
    self->OnBytes(bytes);
    return true;
  };
  call.done = [self = shared_from_this()](const HttpReply& reply) {
    self->end_of_stream_ =
        reply.transport.ok() ? StatusOfReply(reply.code, reply.body) : reply.transport;
    self->Work();
  };
  call_ = api_->Start(std::move(call));
}

void DockerLogReader::OnBytes(std::string_view bytes) {
  received_.emplace_back(bytes);
  Work();
}

void DockerLogReader::Work() {
  if (working_) return;  // inside a call of the outlet's, which goes on below
  working_ = true;
  while (!finished_ && outlet_.empty() && !received_.empty()) {
    const std::string bytes = std::move(received_.front());
    received_.pop_front();
    const Status taken = TakeBytes(bytes);
    api_->Taken(call_, bytes.size());
    if (taken.ok()) continue;
    damaged_ = true;
    api_->Cancel(call_);
    received_.clear();
    end_of_stream_ = taken;
  }
  working_ = false;
  if (finished_ || !outlet_.empty() || !end_of_stream_.has_value()) return;
  Status status = *std::exchange(end_of_stream_, std::nullopt);
  if (status.ok() && !terminal_) {
    status = frames_.Finish();
    damaged_ = !status.ok();
  }
  EndPass(status);
}

Status DockerLogReader::TakeBytes(std::string_view bytes) {
  if (terminal_) {
    Deliver(LogStream::kOut, bytes);
    return OkStatus();
  }
  return frames_.Feed(
      bytes, [&](LogStream stream, std::string_view payload) { OnFrame(stream, payload); });
}

void DockerLogReader::OnFrame(LogStream stream, std::string_view payload) {
  if (finished_) return;
  if (!by_passes()) return Deliver(stream, payload);
  if (!place_.Pass(stream, payload)) return;
  if (first_pass_ && options_.tail_lines == 0) return;
  const std::optional<StampedLine> line = SplitStamp(payload);
  Deliver(stream, line.has_value() && !options_.timestamps ? line->text : payload);
}

void DockerLogReader::Deliver(LogStream stream, std::string_view text) {
  retries_ = 0;
  if (std::exchange(gap_, false)) outlet_.Push(LogStream::kError, kGapMark);
  outlet_.Push(stream, text);
}

void DockerLogReader::EndPass(Status status) {
  if (!by_passes()) return Finish(std::move(status));
  if (first_pass_ && !status.ok() && place_.entries() == 0) return Finish(std::move(status));
  EndFollowedPass(status);
}

void DockerLogReader::EndFollowedPass(const Status& status) {
  const bool whole = tail_lines_ < 0;
  const bool found = place_.found();
  first_pass_ = false;
  if (status.code() == StatusCode::kNotFound) return Finish(OkStatus());  // removed meanwhile
  if (status.code() == StatusCode::kUnavailable) return Retry(status, RetryPauseMs());
  if (!status.ok()) {
    // Of the log itself, not of a call: perhaps its end can be read.
    if ((damaged_ || place_.entries() > 0) && ++damages_ >= kMaxDamages) tail_lines_ = kFewestLines;
    return Retry(status, kDamagePauseMs);
  }
  if (!found) return LookElsewhere();
  damages_ = 0;
  retries_ = 0;
  if (!running_) return Finish(OkStatus());
  tail_lines_ = std::clamp(2 * place_.new_entries(), kFewestLines, kMostLines);
  const bool is_short = whole && place_.entries() <= kShortLogLines;
  if (is_short || !place_.known()) tail_lines_ = -1;
  const bool idle = place_.new_entries() == 0;
  pause_ms_ = idle ? std::clamp(2 * pause_ms_, kShortestPassPauseMs, kLongestPassPauseMs)
                   : kShortestPassPauseMs;
  InspectAfter(pause_ms_);
}

// Everything that was read lies behind the place.
void DockerLogReader::LookElsewhere() {
  if (tail_lines_ < 0 || damages_ >= kMaxDamages) {
    place_.Forget();
    gap_ = true;
  } else {
    tail_lines_ = tail_lines_ < kMostLines ? tail_lines_ * 8 : -1;
  }
  Read();
}

int64_t DockerLogReader::RetryPauseMs() const {
  return std::min(kRetryPauseMs << retries_, kLongestRetryPauseMs);
}

void DockerLogReader::Retry(const Status& why, int64_t pause_ms) {
  if (++retries_ > kMaxLogRetries) return Finish(why);
  InspectAfter(pause_ms);
}

void DockerLogReader::InspectAfter(int64_t delay_ms) {
  api_->After(delay_ms, [self = shared_from_this()] {
    if (!self->finished_) self->Inspect();
  });
}

void DockerLogReader::Finish(Status status) {
  if (finished_) return;
  finished_ = true;
  done_(std::move(status));
}

}  // namespace reconcile
