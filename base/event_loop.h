#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace reconcile {

using Task = std::function<void()>;
using TimerId = uint64_t;  // never 0, never used again

// Clock, timers and the one thread on which a controller or an agent lives: the seam to time.
// Production: EpollLoop (base/epoll_loop.h). Simulator: a virtual clock.
//
// Tasks run one at a time on the loop's thread, posted tasks in the order of their posting, timers
// in the order of their due time. A task must not block.
class EventLoop {
 public:
  virtual ~EventLoop() = default;

  virtual Now now() const = 0;
  // Runs `task` soon, never inside this call. The only method that may be called from any thread.
  virtual void Post(Task task) = 0;
  // Runs `task` once at or after `due`. Loop thread only.
  virtual TimerId At(MonoTime due, Task task) = 0;
  // After this the timer does not run. No effect for one that has run. Loop thread only.
  virtual void Cancel(TimerId timer) = 0;

  TimerId After(int64_t delay_ms, Task task) { return At(now().mono + delay_ms, std::move(task)); }
};

}  // namespace reconcile
