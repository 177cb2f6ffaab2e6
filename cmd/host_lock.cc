#include "cmd/host_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>

namespace reconcile {
namespace {

constexpr mode_t kLockFileMode = 0600;

// The process id that the file holds, or "".
std::string PidIn(int fd) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  const std::string content(text.data(), size > 0 ? static_cast<size_t>(size) : 0);
  return content.substr(0, content.find_first_not_of("0123456789"));
}

}  // namespace

Result<std::unique_ptr<HostLock>> HostLock::Take(const std::string& data_folder) {
  const std::string path = data_folder + "/agent.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kLockFileMode));
  if (!fd.ok()) return ErrnoError("open the lock", path);
  bool taken = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  for (int64_t waited_ms = 0; !taken && waited_ms < kLockPatienceMs; waited_ms += kLockPollMs) {
    std::this_thread::sleep_for(std::chrono::milliseconds(kLockPollMs));
    taken = ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
  }
  if (!taken) {
    if (errno != EWOULDBLOCK) return ErrnoError("take the lock", path);
    const std::string pid = PidIn(fd.get());
    return ConflictError("an agent runs from " + data_folder +
                         (pid.empty() ? "" : " already: process " + pid) +
                         "; one at a time, stop that one first");
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return ErrnoError("write the lock", path);
  }
  return std::unique_ptr<HostLock>(new HostLock(std::move(fd)));
}

}  // namespace reconcile
