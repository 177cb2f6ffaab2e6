#include "net/network_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace reconcile {
namespace {

constexpr unsigned long kGetNamespaceType = 0xb703;  // NS_GET_NSTYPE of linux/nsfs.h

Status SystemError(const std::string& what) {
  const std::string message = what + ": " + strerror(errno);
  if (errno == ENOENT || errno == ESRCH) return NotFoundError(message);
  return UnavailableError(message);
}

// Moves this thread into a namespace for as long as the object lives: /proc/sys/net shows the
// settings of the namespace of whoever opens it.
class ThreadMove {
 public:
  explicit ThreadMove(int fd) : home_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
    moved_ = home_.ok() && ::setns(fd, CLONE_NEWNET) == 0;
  }
  ThreadMove(const ThreadMove&) = delete;
  ThreadMove& operator=(const ThreadMove&) = delete;
  // A thread that cannot come home would go on to change the wrong namespace.
  ~ThreadMove() { CHECK(!moved_ || ::setns(home_.get(), CLONE_NEWNET) == 0); }
  bool moved() const { return moved_; }

 private:
  UniqueFd home_;
  bool moved_ = false;
};

}  // namespace

Result<NetworkNamespace> NetworkNamespace::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.ok()) return SystemError("network namespace " + path);
  if (::ioctl(fd.get(), kGetNamespaceType) != CLONE_NEWNET) {
    return InvalidError(path + " is no network namespace");
  }
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("network namespace " + path);
  NetworkNamespace space(std::move(fd));
  space.device_ = info.st_dev;
  space.inode_ = info.st_ino;
  return space;
}

Result<NetworkNamespace> NetworkNamespace::OfProcess(int64_t process_id) {
  return Open("/proc/" + std::to_string(process_id) + "/ns/net");
}

Result<NetworkNamespace> NetworkNamespace::OfThisThread() {
  return Open("/proc/thread-self/ns/net");
}

Result<NetworkNamespace> NetworkNamespace::OfParentOf(int64_t process_id) {
  const std::string path = "/proc/" + std::to_string(process_id) + "/stat";
  const UniqueFd stat(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  char text[512] = {};
  if (!stat.ok() || ::read(stat.get(), text, sizeof(text) - 1) <= 0) return SystemError(path);
  // proc(5): "id (name) state parent ...", and a name may hold anything, parentheses too.
  const char* after_name = std::strrchr(text, ')');
  long long parent = 0;
  if (after_name == nullptr || std::sscanf(after_name, ") %*c %lld", &parent) != 1) {
    return InternalError(path + " does not say who the parent is");
  }
  if (parent <= 0) return NotFoundError(path + ": its parent is outside of what is seen here");
  return OfProcess(parent);
}

std::string NetworkNamespace::Path() const {
  return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(fd_.get());
}

bool NetworkNamespace::IsSameAs(const NetworkNamespace& other) const {
  return device_ == other.device_ && inode_ == other.inode_;
}

Status NetworkNamespace::MoveThisThread() const {
  if (::setns(fd_.get(), CLONE_NEWNET) != 0) return SystemError("enter the network namespace");
  return OkStatus();
}

Result<UniqueFd> NetworkNamespace::OpenSocket(int domain, int type, int protocol) const {
  const ThreadMove move(fd_.get());
  if (!move.moved()) return SystemError("enter the network namespace for a socket");
  UniqueFd socket(::socket(domain, type, protocol));
  if (!socket.ok()) return SystemError("open a socket in the network namespace");
  return socket;
}

Status NetworkNamespace::WriteSetting(const std::string& name, const std::string& value) const {
  const std::string path = "/proc/sys/net/" + name;
  const ThreadMove move(fd_.get());
  if (!move.moved()) return SystemError("enter the network namespace to set " + name);
  // Reading first: in some containers /proc/sys is read-only, and its settings may be right.
  const UniqueFd reader(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!reader.ok()) return SystemError("setting " + path);
  char now[64] = {};
  const ssize_t size = ::read(reader.get(), now, sizeof(now));
  if (size > 0 && std::string(now, static_cast<size_t>(size)) == value + "\n") return OkStatus();
  const UniqueFd writer(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!writer.ok() || ::write(writer.get(), value.data(), value.size()) < 0) {
    return SystemError("set " + path + " to " + value);
  }
  return OkStatus();
}

}  // namespace reconcile
