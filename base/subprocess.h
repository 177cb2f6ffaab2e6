#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace reconcile {

// Limits and identity of a child process. Zero means "as the parent".
struct SubprocessOptions {
  std::vector<std::string> command;  // command[0] is an absolute path or looked up in PATH
  std::string standard_input;
  int64_t timeout_ms = 30'000;        // then SIGKILL to the child's process group
  size_t max_output_bytes = 1 << 20;  // of standard output; more is an error
  // Set both or none; supplementary groups are dropped and no privileges can be gained. The program
  // itself need only be reachable for the parent.
  uint32_t user_id = 0;
  uint32_t group_id = 0;
  int64_t memory_limit_bytes = 0;     // RLIMIT_AS
  int64_t cpu_limit_seconds = 0;      // RLIMIT_CPU
  int64_t file_size_limit_bytes = 0;  // RLIMIT_FSIZE
  bool clear_environment = false;     // only PATH and LANG=C remain
  // When it becomes readable (an eventfd, say) the child is killed: Unavailable. -1: none.
  int cancel_fd = -1;
};

struct SubprocessOutput {
  int exit_code = 0;  // 128 + signal when killed
  std::string out;
  std::string error;  // standard error, the last 64 KiB
};

// Runs a command to its end. Blocks: call it from a worker thread. Unavailable when it cannot be
// started or runs out of time; Invalid when it writes too much; a non-zero exit code is not an
// error here.
//
// The child leads a process group of its own, inherits no descriptor but its standard three and
// dies with the calling thread. When the command ends, however it ends, what is left of its group
// is killed.
Result<SubprocessOutput> RunSubprocess(const SubprocessOptions& options);

// A command that was started ahead of its standard input, which it reads to the end before it does
// anything: what loading a program costs is paid before somebody waits. Destroying it kills it.
class WaitingSubprocess {
 public:
  // As RunSubprocess starts it: the same limits, the same ends, bound to the calling thread's life.
  static Result<std::unique_ptr<WaitingSubprocess>> Start(const SubprocessOptions& options);
  ~WaitingSubprocess();
  WaitingSubprocess(const WaitingSubprocess&) = delete;
  WaitingSubprocess& operator=(const WaitingSubprocess&) = delete;

  bool Waits() const;  // false: it has ended by itself
  // Hands its input over and runs it to the end, as RunSubprocess does; its time counts from here.
  // Once.
  Result<SubprocessOutput> Finish(const std::string& standard_input, int cancel_fd);

 private:
  struct State;
  explicit WaitingSubprocess(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace reconcile
