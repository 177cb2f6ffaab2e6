#include "cmd/disk_manifests.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> FilesBelow(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  return files;
}

std::string Contents(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class DiskManifestsTest : public ::testing::Test {
 protected:
  std::string Folder() const { return temporary_.path() + "/cache/reconcile"; }
  void KeepOne(const std::string& key, const std::string& packed, const std::string& place = "p",
               const std::string& build = "b1") {
    DiskManifests kept(Folder(), place, build);
    kept.Keep(key, packed);
    kept.Save();
  }
  std::string FindOne(const std::string& key, const std::string& place = "p",
                      const std::string& build = "b1") {
    DiskManifests kept(Folder(), place, build);
    return std::string(kept.Find(key));
  }
  // The only file that is kept.
  fs::path File() const {
    const auto files = FilesBelow(Folder());
    EXPECT_EQ(files.size(), 1U);
    return files.at(0);
  }

  TemporaryFolder temporary_;
};

TEST_F(DiskManifestsTest, WhatIsKeptIsFoundInTheNextRun) {
  KeepOne("key", "packed");
  EXPECT_EQ(FindOne("key"), "packed");
  EXPECT_EQ(FindOne("other"), "");
  EXPECT_EQ(FindOne("key", "another place"), "");
}

TEST_F(DiskManifestsTest, AnotherBuildReadsNothingOfIt) {
  KeepOne("key", "packed");
  EXPECT_EQ(FindOne("key", "p", "b2"), "");
  EXPECT_EQ(FindOne("key", "p", ""), "");
  KeepOne("new", "2", "p", "b2");
  EXPECT_EQ(FindOne("new", "p", "b2"), "2");
}

TEST_F(DiskManifestsTest, NobodyElseMayReadIt) {
  const mode_t before = umask(0);
  KeepOne("key", "packed");
  umask(before);
  struct stat found = {};
  ASSERT_EQ(stat(File().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777U, 0600U);
  for (const fs::path& folder : {File().parent_path(), File().parent_path().parent_path()}) {
    ASSERT_EQ(stat(folder.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0700U) << folder;
  }
}

TEST_F(DiskManifestsTest, AFolderThatOthersCanWriteToIsNotUsed) {
  KeepOne("key", "packed");
  ASSERT_EQ(chmod((Folder() + "/manifests").c_str(), 0777), 0);
  EXPECT_EQ(FindOne("key"), "");
}

TEST_F(DiskManifestsTest, ALinkInPlaceOfTheFolderOrFileIsNotFollowed) {
  KeepOne("key", "packed");
  const fs::path file = File();
  fs::rename(file, temporary_.path() + "/elsewhere");
  fs::create_symlink(temporary_.path() + "/elsewhere", file);
  EXPECT_EQ(FindOne("key"), "");
  fs::remove(file);
  fs::rename(Folder() + "/manifests", temporary_.path() + "/folder");
  fs::create_directory_symlink(temporary_.path() + "/folder", Folder() + "/manifests");
  KeepOne("key", "packed");
  EXPECT_TRUE(fs::is_empty(temporary_.path() + "/folder"));
}

TEST_F(DiskManifestsTest, AnyChangedOrMissingByteLosesAnEntryAndNothingElse) {
  {
    DiskManifests kept(Folder(), "p", "b1");
    kept.Keep("one", "first");
    kept.Keep("two", "second");
    kept.Save();
  }
  const fs::path file = File();
  const std::string good = Contents(file);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    std::ofstream(file, std::ios::binary) << changed;
    const std::string one = FindOne("one");
    const std::string two = FindOne("two");
    EXPECT_TRUE(one.empty() || one == "first") << at;
    EXPECT_TRUE(two.empty() || two == "second") << at;
    EXPECT_TRUE(one.empty() || two.empty()) << at;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    std::ofstream(file, std::ios::binary) << good.substr(0, size);
    EXPECT_EQ(FindOne("two"), "") << size;
  }
  // And it is put right again.
  KeepOne("two", "second");
  EXPECT_EQ(FindOne("two"), "second");
}

TEST_F(DiskManifestsTest, WhatIsNotUsedAnyMoreGoesAndWhatIsUsedStays) {
  const std::string large(100'000, 'x');
  KeepOne("used", "u");
  for (int i = 0; i < 20; ++i) {
    DiskManifests kept(Folder(), "p", "b1");
    EXPECT_EQ(kept.Find("used"), "u");
    kept.Keep("now" + std::to_string(i), large);
    kept.Save();
  }
  EXPECT_EQ(FindOne("used"), "u");
  EXPECT_EQ(FindOne("now19"), large);
  EXPECT_EQ(FindOne("now1"), "");
  EXPECT_LT(fs::file_size(File()), 3 * large.size());
}

TEST_F(DiskManifestsTest, PlacesBeyondTheLimitGo) {
  for (size_t i = 0; i < DiskManifests::kMaxPlaces + 5; ++i) {
    KeepOne("key", "packed", "place " + std::to_string(i));
  }
  EXPECT_EQ(FilesBelow(Folder()).size(), DiskManifests::kMaxPlaces);
}

TEST_F(DiskManifestsTest, NothingIsWrittenWhenThereIsNothingNewOrNowhereToWrite) {
  KeepOne("key", "packed");
  const auto written = fs::last_write_time(File());
  const auto inode = [&] {
    struct stat found = {};
    EXPECT_EQ(stat(File().c_str(), &found), 0);
    return found.st_ino;
  };
  const auto before = inode();
  {
    DiskManifests kept(Folder(), "p", "b1");
    EXPECT_EQ(kept.Find("key"), "packed");
    kept.Save();
  }
  EXPECT_EQ(inode(), before);
  EXPECT_EQ(fs::last_write_time(File()), written);
  DiskManifests nowhere("", "p", "b1");
  nowhere.Keep("key", "packed");
  nowhere.Save();
  DiskManifests below_a_file(File().string(), "p", "b1");
  below_a_file.Keep("key", "packed");
  below_a_file.Save();
  EXPECT_EQ(below_a_file.Find("key"), "");
}

TEST(CacheFolder, FollowsTheXdgBaseDirectorySpecification) {
  EXPECT_EQ(CacheFolder("/c", "/h"), "/c/reconcile");
  EXPECT_EQ(CacheFolder(nullptr, "/h"), "/h/.cache/reconcile");
  EXPECT_EQ(CacheFolder("", "/h"), "/h/.cache/reconcile");
  EXPECT_EQ(CacheFolder("relative", "/h"), "/h/.cache/reconcile");
  EXPECT_EQ(CacheFolder(nullptr, nullptr), "");
}

}  // namespace
}  // namespace reconcile
