#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "base/event_loop.h"

namespace reconcile {

class VirtualMachine;

// One clock and one queue for a whole simulated world. Tasks run in the order of their due time,
// then of their making: the same calls give the same run, to the last task. Not thread-safe.
class VirtualTime {
 public:
  Now now() const { return {{mono_ms_}, {mono_ms_ + wall_offset_ms_}}; }
  // Runs everything due within the next `duration_ms`, then stands at its end.
  void RunFor(int64_t duration_ms);
  // Runs tasks until `done` is true (checked after each); false when `limit_ms` passed first.
  bool RunUntil(const std::function<bool()>& done, int64_t limit_ms);
  // The machine sleeps: both clocks go on, nothing runs. What became due meanwhile runs afterwards,
  // late.
  void Sleep(int64_t duration_ms) { mono_ms_ += duration_ms; }
  // The wall clock jumps; durations do not notice.
  void JumpWallClock(int64_t by_ms) { wall_offset_ms_ += by_ms; }
  // A running hash over every task that ran: when, and whose.
  uint64_t trace_hash() const { return trace_hash_; }
  void Trace(uint64_t value);
  uint64_t tasks_run() const { return tasks_run_; }

 private:
  friend class VirtualLoop;
  using Place = std::pair<int64_t, uint64_t>;  // due, sequence
  friend class VirtualMachine;
  struct Entry {
    uint64_t loop = 0;
    VirtualMachine* machine = nullptr;
    Task task;
  };
  using Queue = std::map<Place, Entry>;

  Place Add(int64_t due_ms, uint64_t loop, VirtualMachine* machine, Task task);
  bool RunNext(int64_t end_ms);

  Queue queue_;
  int64_t mono_ms_ = 1'000'000;
  int64_t wall_offset_ms_ = 1'700'000'000'000;
  uint64_t next_sequence_ = 1;
  uint64_t next_loop_ = 1;
  uint64_t tasks_run_ = 0;
  uint64_t trace_hash_ = 14695981039346656037ULL;
};

// A machine on which loops live: it may sleep, and its wall clock may be wrong. It must outlive its
// loops.
class VirtualMachine {
 public:
  explicit VirtualMachine(VirtualTime* time) : time_(time) {}
  VirtualMachine(const VirtualMachine&) = delete;
  VirtualMachine& operator=(const VirtualMachine&) = delete;

  // The wall clock jumps; durations do not notice.
  void JumpWallClock(int64_t by_ms) { wall_offset_ms_ += by_ms; }
  // Clocks go on, nothing runs here.
  void Suspend() { suspended_ = true; }
  // What became due meanwhile runs now, in its order. False when it did not sleep.
  bool Resume();
  bool suspended() const { return suspended_; }
  int64_t wall_offset_ms() const { return wall_offset_ms_; }

 private:
  friend class VirtualLoop;
  friend class VirtualTime;

  VirtualTime* time_;
  int64_t wall_offset_ms_ = 0;
  bool suspended_ = false;
  VirtualTime::Queue late_;  // became due in its sleep
};

// The event loop of one simulated process. Destroying it is the end of the process: nothing that it
// had queued runs.
class VirtualLoop final : public EventLoop {
 public:
  // Without a machine: of the world itself, whose clock is right.
  explicit VirtualLoop(VirtualTime* time, VirtualMachine* machine = nullptr)
      : time_(time), machine_(machine), id_(time->next_loop_++) {}
  ~VirtualLoop() override;
  VirtualLoop(const VirtualLoop&) = delete;
  VirtualLoop& operator=(const VirtualLoop&) = delete;

  Now now() const override;
  void Post(Task task) override;
  TimerId At(MonoTime due, Task task) override;
  void Cancel(TimerId timer) override;

 private:
  TimerId Queue(int64_t due_ms, Task task);
  void Forget(const VirtualTime::Place& place);

  VirtualTime* time_;
  VirtualMachine* machine_;
  uint64_t id_;
  TimerId next_timer_ = 1;
  std::map<TimerId, VirtualTime::Place> timers_;
};

}  // namespace reconcile
