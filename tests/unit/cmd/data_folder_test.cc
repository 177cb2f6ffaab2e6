#include "cmd/data_folder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

class DataFolder : public testing::Test {
 protected:
  static mode_t ModeOf(const std::string& path) {
    struct stat found = {};
    CHECK(stat(path.c_str(), &found) == 0);
    return found.st_mode & 07777;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/a/data";
};

TEST_F(DataFolder, IsMadeForItsOwnerAlone) {
  ASSERT_TRUE(PrepareDataFolder(path_ + "/").ok());
  EXPECT_EQ(ModeOf(path_), 0700U);
  EXPECT_TRUE(PrepareDataFolder(path_).ok()) << "a second start";
}

TEST_F(DataFolder, AFolderThatOthersMayEnterIsRefusedAndKeepsItsMode) {
  ASSERT_TRUE(PrepareDataFolder(path_).ok());
  for (const mode_t mode : {01777U, 0755U, 0750U, 0701U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    const Status status = PrepareDataFolder(path_);
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find("chmod 700"), std::string::npos) << status.message();
    EXPECT_EQ(ModeOf(path_), mode);
  }
}

TEST_F(DataFolder, AnotherUsersFolderIsRefused) {
  ASSERT_EQ(geteuid(), 0U) << "giving a folder away takes root, as all of scripts/test does";
  ASSERT_TRUE(PrepareDataFolder(path_).ok());
  ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0);
  EXPECT_NE(PrepareDataFolder(path_).message().find("another user"), std::string::npos);
}

TEST_F(DataFolder, AFileInItsPlaceIsRefused) {
  EXPECT_EQ(PrepareDataFolder("/proc/self/status").code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
