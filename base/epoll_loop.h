#pragma once

#include <memory>
#include <thread>

#include "base/event_loop.h"

namespace reconcile {

// EventLoop on epoll, an eventfd and a timerfd on CLOCK_BOOTTIME. Run() is called by the one thread
// that becomes the loop's; Stop() may come from any thread or from a task. Tasks still queued at
// the end are dropped.
class EpollLoop final : public EventLoop {
 public:
  EpollLoop();
  ~EpollLoop() override;
  EpollLoop(const EpollLoop&) = delete;
  EpollLoop& operator=(const EpollLoop&) = delete;

  Now now() const override;
  void Post(Task task) override;
  TimerId At(MonoTime due, Task task) override;
  void Cancel(TimerId timer) override;

  // Calls `on_readable` whenever `fd` can be read, until UnwatchFd. The caller keeps owning `fd`.
  // Loop thread only.
  void WatchFd(int fd, Task on_readable);
  void UnwatchFd(int fd);
  // What the watch of `fd` waits for from now on; it begins with reading. With neither it is called
  // for errors and hang-ups alone. Loop thread only.
  void SetInterest(int fd, bool readable, bool writable);

  void Run();
  void Stop();
  // Tasks that wait for their turn. Any thread.
  size_t waiting() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The system's clocks, for code that runs outside any loop (command line, tests).
Now ReadSystemClock();

}  // namespace reconcile
