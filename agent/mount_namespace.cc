#include "agent/mount_namespace.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

Status Failure(const std::string& what) {
  return UnavailableError("find the engine's mounts: " + what + ": " + std::strerror(errno));
}

// 0: a process that this one cannot see.
Result<pid_t> ListenerOf(const std::string& path) {
  struct sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return InvalidError(path + ": the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size());
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return Failure("socket");
  if (::connect(fd.get(), reinterpret_cast<const struct sockaddr*>(&address), sizeof(address)) !=
      0) {
    return Failure("connect to " + path);
  }
  struct ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return Failure(path);
  return peer.pid;
}

}  // namespace

Status EnterMountNamespaceBehind(const std::string& path) {
  const Result<pid_t> listener = ListenerOf(path);
  if (!listener.ok()) return listener.status();
  if (*listener == 0) return OkStatus();
  const std::string name = "/proc/" + std::to_string(*listener) + "/ns/mnt";
  const UniqueFd theirs(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!theirs.ok()) return Failure("open " + name);
  struct stat wanted = {};
  struct stat here = {};
  if (::fstat(theirs.get(), &wanted) != 0) return Failure("look at " + name);
  if (::stat("/proc/thread-self/ns/mnt", &here) == 0 && here.st_ino == wanted.st_ino) {
    return OkStatus();
  }
  // A thread that shares its root and working folder with others may not go elsewhere.
  if (::unshare(CLONE_FS) != 0) return Failure("leave the process's root");
  if (::setns(theirs.get(), CLONE_NEWNS) != 0) return Failure("enter " + name);
  return OkStatus();
}

}  // namespace reconcile
