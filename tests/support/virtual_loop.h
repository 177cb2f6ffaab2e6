#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "base/event_loop.h"

namespace reconcile {

// An EventLoop whose time passes only when a test says so. Single-threaded.
class VirtualLoop final : public EventLoop {
 public:
  Now now() const override { return {{time_ms_}, {kWallStartMs + time_ms_ + wall_jump_ms_}}; }
  void Post(Task task) override { posted_.push_back(std::move(task)); }
  TimerId At(MonoTime due, Task task) override {
    const TimerId id = next_timer_++;
    timers_[{due.ms, id}] = std::move(task);
    return id;
  }
  void Cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return entry.first.second == timer; });
  }

  // Runs everything that is due within the next `duration_ms` and passes that time.
  void RunFor(int64_t duration_ms) {
    const int64_t end_ms = time_ms_ + duration_ms;
    while (RunOne(end_ms)) {
    }
    time_ms_ = end_ms;
  }
  // Runs until `done` says so; false when `limit_ms` pass, or nothing is left to do, before.
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done, int64_t limit_ms = 3'600'000) {
    const int64_t end_ms = time_ms_ + limit_ms;
    while (!done()) {
      if (!RunOne(end_ms)) return false;
    }
    return true;
  }
  // The wall clock jumps; durations do not notice.
  void JumpWallClock(int64_t by_ms) { wall_jump_ms_ += by_ms; }
  // The machine sleeps: time goes on and nothing runs until afterwards.
  void Sleep(int64_t duration_ms) { time_ms_ += duration_ms; }
  size_t pending() const { return posted_.size() + timers_.size(); }

 private:
  static constexpr int64_t kWallStartMs = 1'790'000'000'000;

  bool RunOne(int64_t end_ms) {
    Task task;
    if (!posted_.empty()) {
      task = std::move(posted_.front());
      posted_.pop_front();
    } else if (!timers_.empty() && timers_.begin()->first.first <= end_ms) {
      time_ms_ = std::max(time_ms_, timers_.begin()->first.first);
      task = std::move(timers_.begin()->second);
      timers_.erase(timers_.begin());
    } else {
      return false;
    }
    task();
    return true;
  }

  int64_t time_ms_ = 0;
  int64_t wall_jump_ms_ = 0;
  TimerId next_timer_ = 1;
  std::deque<Task> posted_;
  std::map<std::pair<int64_t, TimerId>, Task> timers_;  // by due time, then by age
};

}  // namespace reconcile
