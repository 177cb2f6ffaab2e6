#include "cmd/joined.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "cmd/host_lock.h"
#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

TEST(Joined, RemembersTheControllerAndTheNode) {
  const TemporaryFolder folder;
  const std::string path = folder.path();
  ASSERT_TRUE(WriteJoined(path, {"control:7443", "host-1"}).ok());
  ASSERT_TRUE(WriteJoined(path, {"other:7443", "host-1"}).ok());
  const Result<Joined> joined = ReadJoined(path);
  ASSERT_TRUE(joined.ok()) << joined.status().ToString();
  EXPECT_EQ(joined->controller, "other:7443");
  EXPECT_EQ(joined->node, "host-1");
  struct stat found = {};
  ASSERT_EQ(::stat((path + "/joined.json").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600U);
}

TEST(Joined, TellsAHostThatNeverJoinedFromADamagedFile) {
  const TemporaryFolder folder;
  const std::string path = folder.path();
  EXPECT_EQ(ReadJoined(path).status().code(), StatusCode::kNotFound);
  for (const char* text :
       {"", "[]", "{\"controller\": \"a\"}", "{\"controller\": 1, \"node\": 2}"}) {
    std::ofstream(path + "/joined.json") << text;
    EXPECT_EQ(ReadJoined(path).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(HostLock, KeepsASecondAgentAwayAndNamesTheFirst) {
  const TemporaryFolder folder;
  const std::string path = folder.path();
  Result<std::unique_ptr<HostLock>> first = HostLock::Take(path);
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  const Status second = HostLock::Take(path).status();
  EXPECT_EQ(second.code(), StatusCode::kConflict);
  EXPECT_NE(second.message().find("process " + std::to_string(::getpid())), std::string::npos)
      << second.message();
  first.value().reset();
  EXPECT_TRUE(HostLock::Take(path).ok());
}

}  // namespace
}  // namespace reconcile
