#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

// A folder held open, and what is in it, reached name by name and never through a symbolic link:
// whoever can write into a part of the tree cannot lead us out of it (FAULTS 38).
// Thread-compatible.
class DiskFolder {
 public:
  // Makes the folder (0700) and those above it.
  static Result<DiskFolder> OpenRoot(const std::string& path);

  // A folder in this one. NotFound when absent, Conflict when it is a link or no folder.
  Result<DiskFolder> Open(const std::string& name) const;
  Result<DiskFolder> OpenOrMake(const std::string& name) const;  // 0700

  Result<std::string> ReadFile(const std::string& name, size_t max_bytes) const;
  // The last `max_bytes` of a file. What is no file is not even opened: to open a device may do
  // something.
  Result<std::string> ReadEnd(const std::string& name, size_t max_bytes) const;
  // Written beside and renamed over; `durable`: synced before and after.
  Status ReplaceFile(const std::string& name, const std::string& bytes, int mode,
                     bool durable) const;
  // Sorted, without what an interrupted ReplaceFile left.
  Result<std::vector<std::string>> List() const;
  // OK when absent. A link is removed, not what it points to; Unavailable when something is mounted
  // in it, which is left as it is. However deep it is.
  Status RemoveTree(const std::string& name) const;
  Status Sync() const;
  int fd() const { return fd_.get(); }

 private:
  DiskFolder(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status Failure(const std::string& what, const std::string& name) const;

  UniqueFd fd_;
  std::string path_;  // for messages
};

// Of a folder that is held open: the names in it, sorted, and the removal of a tree as above.
Result<std::vector<std::string>> NamesIn(int folder);
Status RemoveTreeIn(int folder, const std::string& name);

}  // namespace reconcile
