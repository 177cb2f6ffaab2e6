#pragma once

#include <memory>

#include "base/event_loop.h"

namespace boost::asio {
class io_context;
}

namespace reconcile {

// An Asio context with its thread, as an EventLoop: where the link's sockets live.
class IoThread final : public EventLoop {
 public:
  IoThread();
  // Ends the thread. What waits in the context goes with it, unrun.
  ~IoThread() override;
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  Now now() const override;  // any thread
  void Post(Task task) override;
  TimerId At(MonoTime due, Task task) override;
  void Cancel(TimerId timer) override;

  void Start();
  // Nothing runs any more when this returns. Not from its own thread. Harmless when repeated.
  void Stop();
  boost::asio::io_context& context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
