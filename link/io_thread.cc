#include "link/io_thread.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>

#include "base/epoll_loop.h"

namespace reconcile {

namespace asio = boost::asio;

struct IoThread::State {
  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::map<TimerId, asio::steady_timer> timers;  // its own thread's
  TimerId next_timer = 1;
  std::thread thread;
};

IoThread::IoThread() : state_(std::make_unique<State>()) {}
IoThread::~IoThread() { Stop(); }

Now IoThread::now() const { return ReadSystemClock(); }

void IoThread::Post(Task task) { asio::post(state_->context, std::move(task)); }

TimerId IoThread::At(MonoTime due, Task task) {
  const TimerId id = state_->next_timer++;
  const int64_t wait_ms = std::max<int64_t>(due - now().mono, 0);
  asio::steady_timer& timer =
      state_->timers
          .try_emplace(id, state_->context,
                       asio::steady_timer::duration(std::chrono::milliseconds(wait_ms)))
          .first->second;
  timer.async_wait([this, id, task = std::move(task)](const boost::system::error_code& error) {
    // Cancelled ones are out of the map: a task that was due already does not run either.
    if (error || state_->timers.erase(id) == 0) return;
    task();
  });
  return id;
}

void IoThread::Cancel(TimerId timer) { state_->timers.erase(timer); }

void IoThread::Start() {
  state_->thread = std::thread([this] { state_->context.run(); });
}

void IoThread::Stop() {
  state_->context.stop();
  if (state_->thread.joinable()) state_->thread.join();
}

asio::io_context& IoThread::context() { return state_->context; }

}  // namespace reconcile
