#include "net/await_program.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace reconcile {
namespace {

constexpr int64_t kLimitMs = 20'000;

// A process that runs a shell's text.
class Shell {
 public:
  explicit Shell(const char* text) : pid_(fork()) {
    if (pid_ != 0) return;
    execl("/bin/sh", "sh", "-c", text, nullptr);
    _exit(127);
  }
  ~Shell() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  int64_t pid() const { return pid_; }

 private:
  const pid_t pid_;
};

// Also of the child before it has become the shell.
std::string ShellProgram() { return std::filesystem::canonical("/bin/sh").string(); }

TEST(AwaitProgram, IsDoneWhenTheProcessIsAnotherProgram) {
  const Shell shell("exec sleep 1000");
  const Status status = AwaitProgram(shell.pid(), "/no/such/program", kLimitMs);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST(AwaitProgram, WaitsForWhatABeginningProgramBecomes) {
  const Shell shell("sleep 0.3; exec sleep 1000");
  while (std::filesystem::read_symlink("/proc/" + std::to_string(shell.pid()) + "/exe") !=
         ShellProgram()) {
  }
  const Status status = AwaitProgram(shell.pid(), ShellProgram(), kLimitMs);
  EXPECT_TRUE(status.ok()) << status.ToString();
  EXPECT_NE(std::filesystem::read_symlink("/proc/" + std::to_string(shell.pid()) + "/exe"),
            ShellProgram());
}

TEST(AwaitProgram, TellsOfOneThatCouldNotBeExecuted) {
  const Shell shell("sleep 0.3; exec /no/such/program 2>/dev/null");
  while (std::filesystem::read_symlink("/proc/" + std::to_string(shell.pid()) + "/exe") !=
         ShellProgram()) {
  }
  EXPECT_EQ(AwaitProgram(shell.pid(), ShellProgram(), kLimitMs).code(), StatusCode::kNotFound);
}

TEST(AwaitProgram, GivesUpOnOneThatGoesOnWaiting) {
  const Shell shell("while :; do read -r line < /proc/self/stat; done");
  while (std::filesystem::read_symlink("/proc/" + std::to_string(shell.pid()) + "/exe") !=
         ShellProgram()) {
  }
  EXPECT_TRUE(AwaitProgram(shell.pid(), ShellProgram(), 50).ok());
}

}  // namespace
}  // namespace reconcile
