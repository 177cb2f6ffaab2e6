#include "runtime/docker_http.h"

#include <utility>

#include "runtime/docker_http_thread.h"

namespace reconcile {

DockerHttp::DockerHttp(EventLoop* loop, std::string socket_path, int max_parallel_calls,
                       size_t max_reply_bytes)
    : loop_(loop),
      self_(std::make_shared<DockerHttp*>(this)),
      thread_(std::make_unique<Thread>(loop, self_, std::move(socket_path), max_parallel_calls,
                                       max_reply_bytes)) {}

DockerHttp::~DockerHttp() {
  *self_ = nullptr;
  thread_.reset();
}

uint64_t DockerHttp::Start(HttpCall call) {
  const uint64_t id = next_id_++;
  auto callbacks = std::make_shared<Callbacks>();
  callbacks->on_open = std::move(call.on_open);
  callbacks->on_data = std::move(call.on_data);
  callbacks->acknowledges = call.acknowledges;
  callbacks->done = std::move(call.done);
  HttpRequest request;
  request.id = id;
  request.method = std::move(call.method);
  request.path = std::move(call.path);
  request.body = std::move(call.body);
  request.content_type = std::move(call.content_type);
  request.headers = std::move(call.headers);
  request.lane = call.lane;
  request.timeout_ms = call.timeout_ms;
  request.idle_timeout_ms = call.idle_timeout_ms;
  request.streams = callbacks->on_data != nullptr;
  calls_[id] = std::move(callbacks);
  if (!thread_->Start(std::move(request))) {
    loop_->Post([self = self_, id] {
      if (*self == nullptr) return;
      HttpReply refused;
      refused.transport = UnavailableError("more than " + std::to_string(kMaxWaitingCalls) +
                                           " calls wait for the Docker daemon");
      (*self)->OnDone(id, std::move(refused));
    });
  }
  return id;
}

void DockerHttp::Cancel(uint64_t id) {
  if (calls_.erase(id) == 1) thread_->Cancel(id);
}

void DockerHttp::Taken(uint64_t id, size_t bytes) {
  if (calls_.contains(id)) thread_->Consumed(id, bytes);
}

void DockerHttp::OnOpen(uint64_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const auto callbacks = found->second;  // it may cancel itself
  if (callbacks->on_open) callbacks->on_open();
}

void DockerHttp::OnData(uint64_t id, const std::string& bytes) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const auto callbacks = found->second;
  const auto self = self_;
  const bool more = callbacks->on_data(bytes);
  // The callback may have destroyed this, or cancelled the call.
  if (*self == nullptr || !calls_.contains(id)) return;
  if (more) {
    if (!callbacks->acknowledges) thread_->Consumed(id, bytes.size());
    return;
  }
  Cancel(id);
  callbacks->done(HttpReply{OkStatus(), 200, ""});
}

void DockerHttp::OnDone(uint64_t id, HttpReply reply) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  const auto callbacks = found->second;
  calls_.erase(found);
  callbacks->done(std::move(reply));
}

}  // namespace reconcile
