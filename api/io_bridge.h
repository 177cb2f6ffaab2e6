#pragma once

#include <mutex>
#include <utility>

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

}  // namespace reconcile
