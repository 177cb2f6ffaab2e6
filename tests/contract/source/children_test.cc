#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/epoll_loop.h"
#include "source/git_child.h"
#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class Children : public ::testing::Test {
 protected:
  // A child that tells its process id at once in a file of that name, and in its answer.
  SubprocessOptions Call(const std::string& name) const {
    SubprocessOptions call;
    call.command = {"sh", "-c", "echo $$ >" + Path(name) + "; cat; echo \" by $$\""};
    return call;
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  // Who waits by that name now; "" when nobody has come by the deadline.
  std::string Waiting(const std::string& name) const {
    const MonoTime deadline = ReadSystemClock().mono + 30'000;
    std::string id;
    while (ReadSystemClock().mono < deadline) {
      if (std::ifstream(Path(name)) >> id) return id;
      sched_yield();
    }
    return "";
  }

  std::string Run(SubprocessOptions call, const std::string& input) {
    call.standard_input = input;
    const auto output = children_.Run(call);
    return output.ok() ? output->out : output.status().ToString();
  }

  TemporaryFolder folder_;
  GitChildren children_;
};

TEST_F(Children, TheChildThatWaitsTakesTheNextOrderAndNoOther) {
  Run(Call("a"), "first");
  std::filesystem::remove(Path("a"));
  children_.Refill();
  const std::string waiting = Waiting("a");
  ASSERT_NE(waiting, "");
  std::filesystem::remove(Path("a"));
  EXPECT_EQ(Run(Call("a"), "second"), "second by " + waiting + "\n");
  EXPECT_FALSE(std::filesystem::exists(Path("a")));
  // It ended with its order: the next one is another's.
  EXPECT_NE(Run(Call("a"), "third"), "third by " + waiting + "\n");
  EXPECT_NE(Waiting("a"), waiting);
}

TEST_F(Children, AnotherIdentityOrLimitIsAnotherChild) {
  Run(Call("a"), "");
  std::filesystem::remove(Path("a"));
  children_.Refill();
  const std::string waiting = Waiting("a");
  ASSERT_NE(waiting, "");
  const auto change = [&](auto set) {
    SubprocessOptions call = Call("a");
    set(&call);
    return Run(call, "x");
  };
  const std::string by_it = "x by " + waiting + "\n";
  EXPECT_NE(change([](auto* call) { call->user_id = call->group_id = 65534; }), by_it);
  EXPECT_NE(change([](auto* call) { call->memory_limit_bytes = 1 << 30; }), by_it);
  EXPECT_NE(change([](auto* call) { call->clear_environment = true; }), by_it);
  EXPECT_EQ(Run(Call("a"), "x"), by_it);
}

TEST_F(Children, OneThatWasKilledIsReplaced) {
  Run(Call("a"), "");
  std::filesystem::remove(Path("a"));
  children_.Refill();
  const std::string waiting = Waiting("a");
  ASSERT_NE(waiting, "");
  ASSERT_EQ(kill(std::stoi(waiting), SIGKILL), 0);
  // Its files are closed before it is a zombie, not yet when its memory is gone.
  const auto has_ended = [&] {
    std::ifstream file("/proc/" + waiting + "/stat");
    std::string line;
    std::getline(file, line);
    const size_t name_end = line.rfind(") ");
    return name_end == std::string::npos || line[name_end + 2] == 'Z';
  };
  const MonoTime deadline = ReadSystemClock().mono + 30'000;
  while (!has_ended() && ReadSystemClock().mono < deadline) sched_yield();
  const std::string answer = Run(Call("a"), "x");
  EXPECT_EQ(answer.substr(0, 5), "x by ");
  EXPECT_NE(answer, "x by " + waiting + "\n");
}

TEST_F(Children, OnlyAFewWait) {
  for (size_t i = 0; i <= GitChildren::kMaxWaiting; ++i) {
    const std::string name = "child" + std::to_string(i);
    Run(Call(name), "");
    std::filesystem::remove(Path(name));
  }
  children_.Refill();
  for (size_t i = 1; i <= GitChildren::kMaxWaiting; ++i) {
    EXPECT_NE(Waiting("child" + std::to_string(i)), "");
  }
  EXPECT_FALSE(std::filesystem::exists(Path("child0")));  // the one used longest ago
}

// A reader that waited checks and reads as one that did not.
TEST_F(Children, AReaderThatWaitedSeesTheRepositoryAsItIsNow) {
  const TestRepository repository(Path("repository"));
  repository.Commit({{"a.yaml", "a: 1"}});
  const GitPlace place = {repository.path(), "", 0, 0};
  const auto read = [&] {
    children_.Refill();
    return RunGitRead(GIT_READ_HELPER, {repository.path(), "", ""}, place, {}, {}, -1, &children_);
  };
  EXPECT_TRUE(read().ok());
  const std::string id = repository.Commit({{"a.yaml", "a: 2"}});
  const auto second = read();
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  EXPECT_EQ(second->id, id);
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(lchown(repository.path().c_str(), kNobody, kNobody), 0);
  const Status status = read().status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("changed its owner"), std::string::npos) << status.message();
}

}  // namespace
}  // namespace reconcile
