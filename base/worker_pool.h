#pragma once

#include <memory>

#include "base/event_loop.h"

namespace reconcile {

// A few threads for calls that block. The seam for it is Executor, so that the simulator runs work
// inline.
class Executor {
 public:
  virtual ~Executor() = default;
  // Runs `work` elsewhere, then posts `done` to the caller's loop. Any thread. The queue is
  // bounded: false when it is full (the caller retries later).
  [[nodiscard]] virtual bool Run(Task work, Task done) = 0;
};

// `threads` threads, at most `max_queued` waiting tasks; `done` is posted to `loop`, which must
// outlive the pool. The destructor waits for running work and drops what is queued.
class WorkerPool final : public Executor {
 public:
  WorkerPool(EventLoop* loop, int threads, size_t max_queued);
  ~WorkerPool() override;
  [[nodiscard]] bool Run(Task work, Task done) override;
  size_t waiting() const;  // jobs that no thread has taken yet. Any thread.

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
