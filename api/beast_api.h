#pragma once

#include <memory>
#include <mutex>

#include "api/api_gate.h"
#include "api/api_server.h"
#include "link/io_thread.h"

namespace reconcile {

// The way from other threads to the sockets' thread, which may be gone.
class IoBridge {
 public:
  explicit IoBridge(IoThread* io) : io_(io) {}
  void Post(Task task) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) io_->Post(std::move(task));
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  IoThread* io_;
};

// What a connection needs of its server, which outlives it.
struct ApiServerParts {
  ApiServerOptions options;
  EventLoop* loop = nullptr;  // of the handler
  std::shared_ptr<const ApiServer::Handler> handler;
  ApiGate* gate = nullptr;
  IoThread* io = nullptr;
  std::shared_ptr<IoBridge> bridge;
};

// Listens and serves on `parts->io`. Returns the port.
Result<uint16_t> ListenApi(std::shared_ptr<const ApiServerParts> parts);

}  // namespace reconcile
