#include "runtime/container_process.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

constexpr size_t kContainerIdLength = 64;
constexpr int kMaxControlGroupLines = 64;

bool IsInControlGroupOf(int64_t process_id, const std::string& container_id) {
  std::ifstream file("/proc/" + std::to_string(process_id) + "/cgroup");
  std::string line;
  for (int i = 0; i < kMaxControlGroupLines && std::getline(file, line); ++i) {
    if (line.find(container_id) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

Status KillInContainer(int64_t process_id, const std::string& container_id) {
  const std::string what =
      "process " + std::to_string(process_id) + " of container " + container_id.substr(0, 12);
  if (process_id <= 1 || container_id.size() != kContainerIdLength) {
    return InvalidError(what + " is not one to be killed");
  }
  // Held first and looked at then: what is killed is what was looked at.
  const UniqueFd process(
      static_cast<int>(::syscall(SYS_pidfd_open, static_cast<pid_t>(process_id), 0)));
  if (!process.ok() && errno == ESRCH) return OkStatus();
  if (!process.ok()) return UnavailableError(what + ": pidfd_open: " + std::strerror(errno));
  if (!IsInControlGroupOf(process_id, container_id)) {
    return NotFoundError(what + " is not in its control group as seen from here");
  }
  if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0) return OkStatus();
  if (errno == ESRCH) return OkStatus();
  return UnavailableError(what + ": kill: " + std::strerror(errno));
}

}  // namespace reconcile
