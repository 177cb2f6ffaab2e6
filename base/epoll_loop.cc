#include "base/epoll_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

// epoll data of the loop's own descriptors; watches count from kFirstWatch.
constexpr uint64_t kWake = 0;
constexpr uint64_t kTimer = 1;
constexpr uint64_t kFirstWatch = 2;
constexpr size_t kEventsPerWait = 64;

int64_t ReadClockMs(clockid_t clock) {
  timespec time = {};
  CHECK(clock_gettime(clock, &time) == 0);
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

void AddToEpoll(int epoll_fd, int fd, uint64_t data) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = data;
  CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
}

void DrainCounter(int fd) {
  uint64_t count = 0;
  // Nothing to read is fine: the descriptors are non-blocking and the wake-up is what counts.
  [[maybe_unused]] const ssize_t size = read(fd, &count, sizeof(count));
}

struct Watch {
  uint64_t id = 0;
  std::shared_ptr<Task> on_readable;
};

}  // namespace

struct EpollLoop::State {
  UniqueFd epoll{epoll_create1(EPOLL_CLOEXEC)};
  UniqueFd wake{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  UniqueFd timer{timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)};

  std::mutex mutex;
  std::deque<Task> posted;        // guarded by mutex
  std::atomic<size_t> taken = 0;  // of these by the pass that runs now
  std::atomic<bool> stopping = false;

  // The rest belongs to the loop's thread.
  std::map<std::pair<int64_t, TimerId>, Task> timers;  // by due time, then by age
  std::unordered_map<TimerId, int64_t> due_ms;         // of each timer that waits
  TimerId next_timer = 1;
  int64_t armed_ms = -1;  // what the timerfd waits for; -1 is nothing
  std::unordered_map<int, Watch> watches;
  std::unordered_map<uint64_t, int> watched_fds;  // watch id -> fd
  uint64_t next_watch = kFirstWatch;

  void Wake() {
    const uint64_t one = 1;
    // A full counter wakes as well.
    [[maybe_unused]] const ssize_t size = write(wake.get(), &one, sizeof(one));
  }

  void RunPosted();
  void RunDueTimers();
  void ArmTimer();
  void WaitAndDispatch();
};

void EpollLoop::State::RunPosted() {
  std::deque<Task> batch;
  {
    const std::lock_guard lock(mutex);
    batch.swap(posted);
  }
  while (!batch.empty() && !stopping) {
    Task task = std::move(batch.front());
    batch.pop_front();
    taken = batch.size();
    task();
  }
  if (batch.empty()) return;
  const std::lock_guard lock(mutex);
  posted.insert(posted.begin(), std::make_move_iterator(batch.begin()),
                std::make_move_iterator(batch.end()));
}

void EpollLoop::State::RunDueTimers() {
  // What is due now, once: timers that these tasks set wait for the next pass, so that none starves
  // the descriptors or another timer.
  const std::pair end(ReadClockMs(CLOCK_BOOTTIME) + 1, TimerId{0});
  std::vector<std::pair<int64_t, TimerId>> due;
  for (auto it = timers.begin(); it != timers.end() && it->first < end; ++it) {
    due.push_back(it->first);
  }
  for (const auto& key : due) {
    if (stopping) return;
    const auto found = timers.find(key);
    if (found == timers.end()) continue;  // cancelled by one before it
    const Task task = std::move(found->second);
    timers.erase(found);
    due_ms.erase(key.second);
    task();
  }
}

void EpollLoop::State::ArmTimer() {
  const int64_t wanted_ms = timers.empty() ? -1 : std::max<int64_t>(timers.begin()->first.first, 1);
  if (wanted_ms == armed_ms) return;
  itimerspec spec = {};
  if (wanted_ms > 0) {
    spec.it_value.tv_sec = wanted_ms / 1000;
    spec.it_value.tv_nsec = wanted_ms % 1000 * 1'000'000;
  }
  CHECK(timerfd_settime(timer.get(), TFD_TIMER_ABSTIME, &spec, nullptr) == 0);
  armed_ms = wanted_ms;
}

void EpollLoop::State::WaitAndDispatch() {
  std::array<epoll_event, kEventsPerWait> events;
  const int count = epoll_wait(epoll.get(), events.data(), kEventsPerWait, -1);
  CHECK(count >= 0 || errno == EINTR);
  for (int i = 0; i < count && !stopping; ++i) {
    const uint64_t id = events[static_cast<size_t>(i)].data.u64;
    if (id == kWake) {
      DrainCounter(wake.get());
    } else if (id == kTimer) {
      DrainCounter(timer.get());
      armed_ms = -1;
    } else if (const auto found = watched_fds.find(id); found != watched_fds.end()) {
      // A copy: the task may unwatch its own descriptor.
      const std::shared_ptr<Task> task = watches.at(found->second).on_readable;
      (*task)();
    }
  }
}

EpollLoop::EpollLoop() : state_(std::make_unique<State>()) {
  CHECK(state_->epoll.ok() && state_->wake.ok() && state_->timer.ok());
  AddToEpoll(state_->epoll.get(), state_->wake.get(), kWake);
  AddToEpoll(state_->epoll.get(), state_->timer.get(), kTimer);
}

EpollLoop::~EpollLoop() = default;

Now EpollLoop::now() const { return ReadSystemClock(); }

void EpollLoop::Post(Task task) {
  bool is_first = false;  // whoever posted what waits already has woken the loop
  {
    const std::lock_guard lock(state_->mutex);
    is_first = state_->posted.empty();
    state_->posted.push_back(std::move(task));
  }
  if (is_first) state_->Wake();
}

TimerId EpollLoop::At(MonoTime due, Task task) {
  const TimerId id = state_->next_timer++;
  state_->timers.emplace(std::pair(due.ms, id), std::move(task));
  state_->due_ms.emplace(id, due.ms);
  return id;
}

void EpollLoop::Cancel(TimerId timer) {
  const auto found = state_->due_ms.find(timer);
  if (found == state_->due_ms.end()) return;
  state_->timers.erase({found->second, timer});
  state_->due_ms.erase(found);
}

void EpollLoop::WatchFd(int fd, Task on_readable) {
  UnwatchFd(fd);
  const uint64_t id = state_->next_watch++;
  state_->watches[fd] = {id, std::make_shared<Task>(std::move(on_readable))};
  state_->watched_fds[id] = fd;
  AddToEpoll(state_->epoll.get(), fd, id);
}

void EpollLoop::UnwatchFd(int fd) {
  const auto found = state_->watches.find(fd);
  if (found == state_->watches.end()) return;
  // It fails when the descriptor is closed already; then the kernel has forgotten it itself.
  epoll_ctl(state_->epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
  state_->watched_fds.erase(found->second.id);
  state_->watches.erase(found);
}

void EpollLoop::SetInterest(int fd, bool readable, bool writable) {
  const auto found = state_->watches.find(fd);
  CHECK(found != state_->watches.end());
  epoll_event event = {};
  if (readable) event.events |= EPOLLIN;
  if (writable) event.events |= EPOLLOUT;
  event.data.u64 = found->second.id;
  CHECK(epoll_ctl(state_->epoll.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EpollLoop::Run() {
  while (!state_->stopping) {
    state_->RunPosted();
    state_->RunDueTimers();
    if (state_->stopping) break;
    state_->ArmTimer();
    state_->WaitAndDispatch();
  }
  state_->stopping = false;
}

void EpollLoop::Stop() {
  state_->stopping = true;
  state_->Wake();
}

size_t EpollLoop::waiting() const {
  const std::lock_guard lock(state_->mutex);
  return state_->posted.size() + state_->taken;
}

Now ReadSystemClock() { return {{ReadClockMs(CLOCK_BOOTTIME)}, {ReadClockMs(CLOCK_REALTIME)}}; }

}  // namespace reconcile
