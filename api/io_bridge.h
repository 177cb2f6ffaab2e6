#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "link/io_thread.h"

namespace reconcile {

// The way from other threads to the sockets' thread, which may be gone.
class IoBridge : public std::enable_shared_from_this<IoBridge> {
 public:
  explicit IoBridge(IoThread* io) : io_(io) {}
  void Post(Task task) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) io_->Post(std::move(task));
  }
  // In the order of these calls, but a few at a time, with room for everything else between them:
  // what a thousand watches are told at once does not hold an answer up.
  void PostInTurn(Task task) {
    const std::lock_guard lock(mutex_);
    if (io_ == nullptr) return;
    waiting_.push_back(std::move(task));
    if (!std::exchange(turn_posted_, true)) PostTurn();
  }
  void Close() {
    std::deque<Task> unrun;  // goes without the lock
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
    unrun.swap(waiting_);
  }

 private:
  static constexpr size_t kTasksOfTurn = 16;  // less than a millisecond of writing

  void PostTurn() {
    io_->Post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->RunTurn();
    });
  }
  void RunTurn() {
    std::vector<Task> tasks;
    {
      const std::lock_guard lock(mutex_);
      for (; !waiting_.empty() && tasks.size() < kTasksOfTurn; waiting_.pop_front()) {
        tasks.push_back(std::move(waiting_.front()));
      }
    }
    for (const Task& task : tasks) task();
    const std::lock_guard lock(mutex_);
    turn_posted_ = io_ != nullptr && !waiting_.empty();
    if (turn_posted_) PostTurn();
  }

  std::mutex mutex_;
  IoThread* io_;
  std::deque<Task> waiting_;  // for their turn
  bool turn_posted_ = false;
};

}  // namespace reconcile
