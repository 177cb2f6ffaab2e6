#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/epoll_loop.h"

namespace reconcile {

// A thread that is a loop's.
class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.Run(); }) {}
  ~LoopThread() { End(); }
  void End() {
    if (!thread_.joinable()) return;
    loop_.Stop();
    thread_.join();
  }
  EpollLoop* loop() { return &loop_; }
  void Do(const std::function<void()>& task) {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    loop_.Post([&] {
      task();
      const std::lock_guard<std::mutex> lock(mutex);
      done = true;
      changed.notify_one();
    });
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return done; });
  }

 private:
  EpollLoop loop_;
  std::thread thread_;
};

}  // namespace reconcile
