#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "base/epoll_loop.h"
#include "base/event_loop.h"

namespace reconcile {

// An EventLoop on the system's clock that runs on the test's own thread, only inside RunUntil.
class RealLoop final : public EventLoop {
 public:
  Now now() const override { return ReadSystemClock(); }
  void Post(Task task) override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      posted_.push_back(std::move(task));
    }
    wake_.notify_one();
  }
  TimerId At(MonoTime due, Task task) override {
    const TimerId id = next_timer_++;
    timers_[{due.ms, id}] = std::move(task);
    return id;
  }
  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }

  // Runs tasks until `done` says so; false when that takes longer than `limit_ms`.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done, int64_t limit_ms = 60'000) {
    const MonoTime deadline = now().mono + limit_ms;
    while (!done()) {
      const MonoTime time = now().mono;
      if (time > deadline) return false;
      Task task;
      if (!timers_.empty() && timers_.begin()->first.first <= time.ms) {
        task = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
      } else {
        const int64_t next_ms = timers_.empty() ? deadline.ms : timers_.begin()->first.first;
        // `done` may look at something that posts nothing.
        task = WaitForPosted(std::min(next_ms - time.ms, kLookMs) + 1);
      }
      if (task) task();
    }
    return true;
  }

 private:
  static constexpr int64_t kLookMs = 5;

  Task WaitForPosted(int64_t wait_ms) {
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait_for(lock, std::chrono::milliseconds(wait_ms), [&] { return !posted_.empty(); });
    if (posted_.empty()) return nullptr;
    Task task = std::move(posted_.front());
    posted_.pop_front();
    return task;
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> posted_;  // guarded by mutex_
  TimerId next_timer_ = 1;
  std::map<std::pair<int64_t, TimerId>, Task> timers_;
};

}  // namespace reconcile
