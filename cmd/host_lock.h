#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace reconcile {

inline constexpr int64_t kLockPatienceMs = 3'000;
inline constexpr int64_t kLockPollMs = 50;

// Keeps a second agent away from a data folder: an exclusive flock on DATA/agent.lock, which holds
// the owner's process id for people. The kernel lets go of it when the process ends.
class HostLock {
 public:
  // Conflict, naming the holder, when another process (or this one, twice) holds it for longer than
  // a process that was killed takes to end. Blocks for at most kLockPatienceMs.
  static Result<std::unique_ptr<HostLock>> Take(const std::string& data_folder);

 private:
  explicit HostLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace reconcile
