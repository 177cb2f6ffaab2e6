#include "sim/virtual_loop.h"

#include <algorithm>

namespace reconcile {

void VirtualTime::Trace(uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) {
    trace_hash_ = (trace_hash_ ^ ((value >> shift) & 0xff)) * 1099511628211ULL;
  }
}

VirtualTime::Place VirtualTime::Add(int64_t due_ms, uint64_t loop, VirtualMachine* machine,
                                    Task task) {
  const Place place{std::max(due_ms, mono_ms_), next_sequence_++};
  queue_.emplace(place, Entry{loop, machine, std::move(task)});
  return place;
}

bool VirtualTime::RunNext(int64_t end_ms) {
  if (queue_.empty() || queue_.begin()->first.first > end_ms) return false;
  auto node = queue_.extract(queue_.begin());
  mono_ms_ = std::max(mono_ms_, node.key().first);
  if (VirtualMachine* machine = node.mapped().machine; machine != nullptr && machine->suspended_) {
    machine->late_.insert(std::move(node));
    return true;
  }
  Trace(static_cast<uint64_t>(mono_ms_) ^ (node.mapped().loop << 48));
  ++tasks_run_;
  node.mapped().task();
  return true;
}

void VirtualTime::RunFor(int64_t duration_ms) {
  const int64_t end_ms = mono_ms_ + duration_ms;
  while (RunNext(end_ms)) {
  }
  mono_ms_ = end_ms;
}

bool VirtualTime::RunUntil(const std::function<bool()>& done, int64_t limit_ms) {
  const int64_t end_ms = mono_ms_ + limit_ms;
  while (!done()) {
    if (!RunNext(end_ms)) {
      mono_ms_ = end_ms;
      return done();
    }
  }
  return true;
}

bool VirtualMachine::Resume() {
  if (!suspended_) return false;
  suspended_ = false;
  time_->queue_.merge(late_);
  return true;
}

VirtualLoop::~VirtualLoop() {
  for (const auto& [timer, place] : timers_) Forget(place);
}

Now VirtualLoop::now() const {
  Now now = time_->now();
  if (machine_ != nullptr) now.wall.ms += machine_->wall_offset_ms_;
  return now;
}

void VirtualLoop::Forget(const VirtualTime::Place& place) {
  if (time_->queue_.erase(place) == 0 && machine_ != nullptr) machine_->late_.erase(place);
}

TimerId VirtualLoop::Queue(int64_t due_ms, Task task) {
  const TimerId timer = next_timer_++;
  timers_[timer] = time_->Add(due_ms, id_, machine_, [this, timer, task = std::move(task)] {
    timers_.erase(timer);
    task();
  });
  return timer;
}

void VirtualLoop::Post(Task task) { Queue(now().mono.ms, std::move(task)); }

TimerId VirtualLoop::At(MonoTime due, Task task) { return Queue(due.ms, std::move(task)); }

void VirtualLoop::Cancel(TimerId timer) {
  const auto found = timers_.find(timer);
  if (found == timers_.end()) return;
  Forget(found->second);
  timers_.erase(found);
}

}  // namespace reconcile
