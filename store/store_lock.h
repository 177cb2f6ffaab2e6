#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace reconcile {

// Keeps a second controller away from a database (FAULTS 29): an exclusive flock on "<path>.lock",
// which holds the owner's process id for people to read. The kernel lets go of it when the process
// ends, however it ends; the file stays.
class StoreLock {
 public:
  // Conflict, naming the holder, when another opener (in this process or another) holds it.
  static Result<std::unique_ptr<StoreLock>> Take(const std::string& database_path);
  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  explicit StoreLock(int fd) : fd_(fd) {}
  int fd_;
};

// Makes `database_path` as an empty file of mode 0600 when it is not there, durably: SQLite would
// make it readable by others and does not sync the folder.
Status EnsurePrivateFile(const std::string& database_path);

}  // namespace reconcile
