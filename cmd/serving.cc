#include "cmd/serving.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "base/code_pages.h"
#include "base/heap.h"
#include "base/unique_fd.h"

namespace reconcile {

EndSignals::EndSignals() {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

int EndSignals::Wait() {
  constexpr timespec kGiveBackEvery = {.tv_sec = 30, .tv_nsec = 0};
  bool started = false;
  while (true) {
    const int number = ::sigtimedwait(&signals_, nullptr, &kGiveBackEvery);
    if (number > 0) return number;
    if (errno != EAGAIN) continue;
    GiveBackHeap();
    if (!started) UnmapStartCode();
    started = true;
  }
}

void EndThisProcess() { ::kill(::getpid(), SIGTERM); }

void LoopThread::Begin() {
  thread_ = std::thread([loop = loop_] { loop->Run(); });
}

void LoopThread::End(const Task& last) {
  if (!thread_.joinable()) {
    last();
    return;
  }
  loop_->Post([this, &last] {
    last();
    loop_->Stop();
  });
  thread_.join();
}

void NotifyServiceManager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  const std::string_view name = path == nullptr ? "" : path;
  if (name.empty() || name.size() >= sizeof(address.sun_path)) return;
  address.sun_family = AF_UNIX;
  std::copy(name.begin(), name.end(), address.sun_path);
  if (name.front() == '@') address.sun_path[0] = '\0';  // an abstract socket
  const UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.ok()) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  // Nobody waits for the answer: a manager that has gone needs no word.
  (void)::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&address), size);
}

}  // namespace reconcile
