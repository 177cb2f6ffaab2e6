#include "base/worker_pool.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace reconcile {
namespace {

struct Job {
  Task work;
  Task done;
};

}  // namespace

struct WorkerPool::State {
  EventLoop* loop = nullptr;
  size_t max_queued = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Job> queue;  // these two are guarded by mutex
  bool stopping = false;

  std::vector<std::thread> threads;

  void RunJobs();
};

void WorkerPool::State::RunJobs() {
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [&] { return stopping || !queue.empty(); });
    if (stopping) return;
    Job job = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    job.work();
    job.work = nullptr;  // what it holds goes before `done` can look for it
    loop->Post(std::move(job.done));
    lock.lock();
  }
}

WorkerPool::WorkerPool(EventLoop* loop, int threads, size_t max_queued)
    : state_(std::make_unique<State>()) {
  CHECK(loop != nullptr && threads > 0);
  state_->loop = loop;
  state_->max_queued = max_queued;
  for (int i = 0; i < threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->RunJobs(); });
  }
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

bool WorkerPool::Run(Task work, Task done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= state_->max_queued) return false;
    state_->queue.push_back({std::move(work), std::move(done)});
  }
  state_->changed.notify_one();
  return true;
}

size_t WorkerPool::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}

}  // namespace reconcile
