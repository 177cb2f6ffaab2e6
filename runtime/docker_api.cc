#include "runtime/docker_api.h"

#include <utility>

namespace reconcile {

DockerApi::DockerApi(EventLoop* loop, DockerOptions options)
    : loop_(loop),
      options_(std::move(options)),
      http_(loop, options_.socket_path, options_.max_parallel_calls, options_.max_reply_bytes) {}

DockerApi::~DockerApi() { *alive_ = false; }

void DockerApi::After(int64_t delay_ms, Task task) {
  loop_->After(delay_ms, [alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

uint64_t DockerApi::Start(HttpCall call) {
  const uint64_t id = next_id_++;
  calls_[id] = 0;
  if (!prefix_.empty()) {
    StartNow(id, std::move(call));
    return id;
  }
  waiting_.push_back([this, id, call = std::move(call)](const Status& status) {
    if (!calls_.contains(id)) return;  // cancelled
    if (status.ok()) return StartNow(id, call);
    calls_.erase(id);
    call.done(HttpReply{status, 0, ""});
  });
  AskVersion();
  return id;
}

void DockerApi::StartNow(uint64_t id, HttpCall call) {
  call.path = prefix_ + call.path;
  const bool is_stream = call.lane == HttpLane::kStream;
  call.done = [this, id, is_stream, done = std::move(call.done)](HttpReply reply) {
    calls_.erase(id);
    // A connection that broke may mean another daemon soon.
    if (reply.transport.code() == StatusCode::kUnavailable) {
      prefix_.clear();
      if (is_stream) ++broken_streams_;
    }
    done(std::move(reply));
  };
  calls_[id] = http_.Start(std::move(call));
}

void DockerApi::Cancel(uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const uint64_t http_id = found->second;
  calls_.erase(found);
  if (http_id != 0) http_.Cancel(http_id);
}

void DockerApi::Taken(uint64_t id, size_t bytes) {
  const auto found = calls_.find(id);
  if (found != calls_.end() && found->second != 0) http_.Taken(found->second, bytes);
}

void DockerApi::GetVersion(std::function<void(Result<EngineVersion>)> done) {
  waiting_.push_back([this, done = std::move(done)](const Status& status) {
    if (status.ok()) return done(version_);
    done(status);
  });
  AskVersion();
}

void DockerApi::AskVersion() {
  if (waiting_.size() > 1) return;  // asked already
  HttpCall call;
  call.method = "GET";
  call.path = "/version";
  call.timeout_ms = options_.call_timeout_ms;
  call.done = [this](const HttpReply& reply) { OnVersion(reply); };
  http_.Start(std::move(call));
}

Status DockerApi::TakeVersion(const HttpReply& reply) {
  RETURN_IF_ERROR(reply.transport);
  RETURN_IF_ERROR(StatusOfReply(reply.code, reply.body));
  Result<EngineVersion> version = ParseEngineVersion(reply.body);
  RETURN_IF_ERROR(version.status());
  const Result<std::string> api = NegotiateApi(*version);
  RETURN_IF_ERROR(api.status());
  version_ = std::move(version).value();
  version_.info.api_version = *api;
  prefix_ = "/v" + *api;
  return OkStatus();
}

void DockerApi::OnVersion(const HttpReply& reply) {
  const Status status = TakeVersion(reply);
  std::vector<std::function<void(const Status&)>> waiting;
  waiting.swap(waiting_);
  const auto alive = alive_;
  for (const auto& wait : waiting) {
    wait(status);
    if (!*alive) return;
  }
}

}  // namespace reconcile
