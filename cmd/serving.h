#pragma once

#include <signal.h>

#include <string_view>
#include <thread>

#include "base/epoll_loop.h"

namespace reconcile {

// SIGINT and SIGTERM, blocked in every thread that is made after it, so that the main thread can
// wait for them. SIGPIPE is ignored.
class EndSignals {
 public:
  EndSignals();
  int Wait();  // for one of them; its number. Gives back free memory meanwhile.

 private:
  sigset_t signals_;
};
// Ends this process as a person's signal would. Any thread.
void EndThisProcess();

// A loop on a thread of its own.
class LoopThread {
 public:
  explicit LoopThread(EpollLoop* loop) : loop_(loop) {}
  ~LoopThread() {
    End([] {});
  }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  void Begin();
  // Runs `last` on the loop's own thread and waits for the thread's end: what belongs to a loop
  // ends there. When the loop does not run, runs it here.
  void End(const Task& last);

 private:
  EpollLoop* const loop_;
  std::thread thread_;
};

// Tells a service manager, when one asks for it (sd_notify(3)): "READY=1", "STOPPING=1".
void NotifyServiceManager(std::string_view state);

}  // namespace reconcile
