#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

// A network namespace held open: it cannot be taken for another one when a process id or a name is
// used again. Thread-compatible.
class NetworkNamespace {
 public:
  // NotFound when nothing is there; Invalid when `path` is no network namespace.
  static Result<NetworkNamespace> Open(const std::string& path);
  static Result<NetworkNamespace> OfProcess(int64_t process_id);
  static Result<NetworkNamespace> OfThisThread();
  // Of the process that this one's parent is now. NotFound when that cannot be seen from here.
  static Result<NetworkNamespace> OfParentOf(int64_t process_id);

  // A path that other processes can open as long as this object lives.
  std::string Path() const;
  bool IsSameAs(const NetworkNamespace& other) const;
  // Writes a setting below /proc/sys/net as it is in this namespace ("ipv4/ip_forward"), unless it
  // has this value. NotFound when the kernel has no such setting.
  Status WriteSetting(const std::string& name, const std::string& value) const;
  // Moves the calling thread here for good: what it opens from now on is of this namespace.
  Status MoveThisThread() const;
  // A socket that stays in this namespace, by the arguments of socket(2).
  Result<UniqueFd> OpenSocket(int domain, int type, int protocol) const;

 private:
  explicit NetworkNamespace(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
};

}  // namespace reconcile
