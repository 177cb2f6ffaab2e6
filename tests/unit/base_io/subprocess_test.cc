#include "base/subprocess.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/epoll_loop.h"
#include "base/unique_fd.h"

namespace reconcile {
namespace {

SubprocessOptions Shell(const std::string& script) {
  SubprocessOptions options;
  options.command = {"sh", "-c", script};
  return options;
}

size_t CountOpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir("/proc/self/fd"), closedir);
  size_t count = 0;
  while (readdir(folder.get()) != nullptr) ++count;
  return count;
}

bool HasChildren() { return waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

TEST(Subprocess, ReturnsBothStreamsAndTheExitCode) {
  const auto output = RunSubprocess(Shell("echo out; echo error >&2; exit 3"));
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, "out\n");
  EXPECT_EQ(output->error, "error\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(Subprocess, PassesArgumentsUnchanged) {
  SubprocessOptions options;
  options.command = {"/bin/echo", "a b", "$HOME", "", "*"};
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "a b $HOME  *\n");
}

TEST(Subprocess, GivesALargeStandardInputWhole) {
  SubprocessOptions options;
  options.command = {"cat"};
  options.standard_input.assign(900'000, 'x');
  options.standard_input += "end";
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, options.standard_input);
}

TEST(Subprocess, AChildThatIgnoresItsInputIsNoError) {
  SubprocessOptions options = Shell("exit 0");
  options.standard_input = std::string(900'000, 'x');
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->exit_code, 0);
}

TEST(Subprocess, AMissingProgramIsUnavailableAndLeavesNoZombie) {
  SubprocessOptions options;
  options.command = {"/nonexistent/program"};
  const auto missing = RunSubprocess(options);
  EXPECT_EQ(missing.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(missing.status().message().find("/nonexistent/program"), std::string::npos);
  EXPECT_NE(missing.status().message().find("No such file"), std::string::npos);
  options.command = {"no-such-program-anywhere"};
  EXPECT_EQ(RunSubprocess(options).status().code(), StatusCode::kUnavailable);
  options.command = {};
  EXPECT_EQ(RunSubprocess(options).status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(HasChildren());
}

TEST(Subprocess, KillsTheWholeGroupWhenTimeRunsOut) {
  // The pipe's write end is held by a grandchild alone: it reads as ended when that one is dead.
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd read_end(fds[0]);
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fds[1]);
  SubprocessOptions options = Shell("sleep 600 3>" + path + " & wait");
  options.timeout_ms = 200;
  const auto output = RunSubprocess(options);
  close(fds[1]);
  EXPECT_EQ(output.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(output.status().message().find("200 ms"), std::string::npos);
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 0);
  EXPECT_FALSE(HasChildren());
}

TEST(Subprocess, KillsTheChildWhenNobodyWaitsForItAnyMore) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd read_end(fds[0]);
  UniqueFd write_end(fds[1]);
  SubprocessOptions options = Shell("sleep 600");
  options.cancel_fd = read_end.get();
  write_end.Reset();  // its end makes the other one readable
  const auto output = RunSubprocess(options);
  EXPECT_EQ(output.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(output.status().message().find("nobody waits"), std::string::npos);
  EXPECT_FALSE(HasChildren());
}

TEST(Subprocess, KillsWhatTheCommandLeftBehind) {
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  const UniqueFd read_end(fds[0]);
  const std::string path = "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fds[1]);
  const auto output = RunSubprocess(Shell("sleep 600 3>" + path + " & exit 0"));
  close(fds[1]);
  ASSERT_TRUE(output.ok());
  char byte = 0;
  EXPECT_EQ(read(read_end.get(), &byte, 1), 0);
}

TEST(Subprocess, RefusesMoreOutputThanItsLimit) {
  SubprocessOptions options = Shell("yes");
  options.max_output_bytes = 10'000;
  const auto output = RunSubprocess(options);
  EXPECT_EQ(output.status().code(), StatusCode::kInvalid);
  EXPECT_NE(output.status().message().find("10000 bytes"), std::string::npos);
  EXPECT_FALSE(HasChildren());
}

TEST(Subprocess, OutputOfExactlyTheLimitIsFine) {
  SubprocessOptions options = Shell("printf 12345");
  options.max_output_bytes = 5;
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, "12345");
}

TEST(Subprocess, KeepsTheEndOfStandardError) {
  const auto output = RunSubprocess(
      Shell("head -c 200000 /dev/zero | tr '\\0' x >&2; echo the reason >&2; exit 1"));
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->error.size(), size_t{64} << 10);
  EXPECT_TRUE(output->error.ends_with("xthe reason\n"));
}

TEST(Subprocess, ASignalledChildReports128PlusTheSignal) {
  const auto output = RunSubprocess(Shell("kill -TERM $$"));
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->exit_code, 128 + SIGTERM);
}

TEST(Subprocess, TheChildInheritsNoDescriptors) {
  const UniqueFd inherited(open("/dev/null", O_RDONLY));  // without O_CLOEXEC, on purpose
  ASSERT_TRUE(inherited.ok());
  SubprocessOptions options;
  options.command = {"ls", "/proc/self/fd"};
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "0\n1\n2\n3\n");  // 3 is the listing's own
}

TEST(Subprocess, LeavesNoDescriptorOpen) {
  const size_t before = CountOpenDescriptors();
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(RunSubprocess(Shell("echo x; echo y >&2")).ok());
    SubprocessOptions missing;
    missing.command = {"/nonexistent"};
    EXPECT_FALSE(RunSubprocess(missing).ok());
  }
  EXPECT_EQ(CountOpenDescriptors(), before);
}

TEST(Subprocess, ClearsTheEnvironmentWhenAsked) {
  ASSERT_EQ(setenv("SUBPROCESS_TEST_SECRET", "canary", 1), 0);
  SubprocessOptions options;
  options.command = {"env"};
  const auto inherited = RunSubprocess(options);
  ASSERT_TRUE(inherited.ok());
  EXPECT_NE(inherited->out.find("canary"), std::string::npos);
  options.clear_environment = true;
  const auto cleared = RunSubprocess(options);
  ASSERT_TRUE(cleared.ok());
  EXPECT_EQ(cleared->out.find("canary"), std::string::npos);
  EXPECT_EQ(cleared->out.rfind("PATH=", 0), 0U);
  EXPECT_NE(cleared->out.find("\nLANG=C\n"), std::string::npos);
}

TEST(Subprocess, TakesItsLimits) {
  SubprocessOptions options = Shell("ulimit -v; ulimit -t; ulimit -f; ulimit -c");
  options.memory_limit_bytes = 512 << 20;
  options.cpu_limit_seconds = 7;
  options.file_size_limit_bytes = 1 << 20;
  const auto output = RunSubprocess(options);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, "524288\n7\n2048\n0\n");
}

TEST(Subprocess, TakesUserAndGroupAndDropsOtherGroups) {
  SubprocessOptions options = Shell("id -u; id -g; id -G");
  options.user_id = 65534;
  options.group_id = 65534;
  const auto output = RunSubprocess(options);
  if (geteuid() != 0) {
    // Nobody but root can do this; then it is an error and never "run as the parent".
    EXPECT_EQ(output.status().code(), StatusCode::kUnavailable);
    return;
  }
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, "65534\n65534\n65534\n");
}

TEST(Subprocess, AnotherUserNeedNotReachTheProgram) {
  char folder[] = "/tmp/subprocess_test.XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);  // mode 0700
  const std::string program = std::string(folder) + "/id";
  ASSERT_TRUE(RunSubprocess(Shell("cp \"$(command -v id)\" " + program)).ok());
  SubprocessOptions options;
  options.command = {program, "-u"};
  if (geteuid() == 0) options.user_id = options.group_id = 65534;
  const auto output = RunSubprocess(options);
  EXPECT_TRUE(RunSubprocess(Shell("rm -r " + std::string(folder))).ok());
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, geteuid() == 0 ? "65534\n" : std::to_string(geteuid()) + "\n");
}

TEST(Subprocess, StartsWithDefaultSignals) {
  const auto previous = signal(SIGPIPE, SIG_IGN);
  const auto output = RunSubprocess(Shell("grep SigIgn /proc/self/status"));
  signal(SIGPIPE, previous);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(output->out, "SigIgn:\t0000000000000000\n");
}

TEST(Subprocess, ManyThreadsAtOnceDoNotMixOrHang) {
  std::vector<std::thread> threads;
  std::vector<std::string> results(8);
  for (size_t i = 0; i < results.size(); ++i) {
    threads.emplace_back([&results, i] {
      for (int round = 0; round < 5; ++round) {
        const auto output = RunSubprocess(Shell("echo " + std::to_string(i)));
        if (output.ok()) results[i] += output->out;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string line = std::to_string(i) + "\n";
    EXPECT_EQ(results[i], line + line + line + line + line);
  }
  EXPECT_FALSE(HasChildren());
}

}  // namespace
TEST(WaitingSubprocess, TakesItsInputWhenItComesAndAnswers) {
  const auto child = WaitingSubprocess::Start(Shell("cat; echo error >&2; exit 3"));
  ASSERT_TRUE(child.ok()) << child.status().ToString();
  EXPECT_TRUE((*child)->Waits());
  std::string input(900'000, 'x');
  input += "end";
  const auto output = (*child)->Finish(input, -1);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, input);
  EXPECT_EQ(output->error, "error\n");
  EXPECT_EQ(output->exit_code, 3);
}

TEST(WaitingSubprocess, ThatDoesNotReadItsInputHoldsNobodyUp) {
  const auto child = WaitingSubprocess::Start(Shell("echo done"));
  ASSERT_TRUE(child.ok()) << child.status().ToString();
  const auto output = (*child)->Finish(std::string(900'000, 'x'), -1);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, "done\n");
}

TEST(WaitingSubprocess, HasTheLimitsOfItsCall) {
  SubprocessOptions options = Shell("cat; sleep 600");
  options.timeout_ms = 50;
  const auto child = WaitingSubprocess::Start(options);
  ASSERT_TRUE(child.ok()) << child.status().ToString();
  EXPECT_EQ((*child)->Finish("", -1).status().code(), StatusCode::kUnavailable);
}

TEST(WaitingSubprocess, LeavesNothingWhenItIsNotNeeded) {
  const size_t before = CountOpenDescriptors();
  {
    const auto child = WaitingSubprocess::Start(Shell("cat"));
    ASSERT_TRUE(child.ok()) << child.status().ToString();
  }
  EXPECT_FALSE(HasChildren());
  EXPECT_EQ(CountOpenDescriptors(), before);
  SubprocessOptions missing;
  missing.command = {"/no/such/program"};
  EXPECT_EQ(WaitingSubprocess::Start(missing).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(CountOpenDescriptors(), before);
}

TEST(WaitingSubprocess, ThatEndedByItselfSaysSo) {
  const auto child = WaitingSubprocess::Start(Shell("echo x"));
  ASSERT_TRUE(child.ok()) << child.status().ToString();
  const MonoTime deadline = ReadSystemClock().mono + 30'000;
  while ((*child)->Waits() && ReadSystemClock().mono < deadline) sched_yield();
  EXPECT_FALSE((*child)->Waits());
}

}  // namespace reconcile
