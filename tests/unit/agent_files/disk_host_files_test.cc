// What only a disk can show.
#include "agent/disk_host_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace reconcile {
namespace {

namespace fs = std::filesystem;

class DiskHostFiles : public testing::Test {
 protected:
  DiskHostFiles() {
    std::string pattern = (fs::temp_directory_path() / "host-files-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    outside_ = folder_ / "outside";
    fs::create_directory(outside_);
    std::ofstream(outside_ / "passwd") << "not ours";
    files_ = Make();
  }
  ~DiskHostFiles() override { fs::remove_all(folder_); }

  std::unique_ptr<HostFiles> Make() const {
    return MakeDiskHostFiles((folder_ / "agent").string(), (folder_ / "host.key").string());
  }
  int ModeOf(const fs::path& path) const {
    struct stat info = {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
    return static_cast<int>(info.st_mode & 07777);
  }
  fs::path On(const std::string& path) const { return folder_ / "agent" / path; }

  fs::path folder_;
  fs::path outside_;
  std::unique_ptr<HostFiles> files_;
};

TEST_F(DiskHostFiles, GivesFilesTheirModeAndFoldersNobodyElse) {
  const mode_t umask_before = ::umask(077);
  EXPECT_TRUE(files_->Write("pods/a/hosts", "x", 0644).ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(On("pods/a/hosts")), 0644);
  EXPECT_EQ(ModeOf(On("pods/a")), 0700);
  EXPECT_EQ(ModeOf(On("pods")), 0700);
  EXPECT_EQ(ModeOf(On("")), 0700);
}

// A container may write to the file, and one with rights over the host put anything in its place.
TEST_F(DiskHostFiles, ReadsTheEndOfNothingButAFile) {
  const std::string path = "pods/a/ends/app/0";
  ASSERT_TRUE(files_->Write(path, "", 0666).ok());
  EXPECT_EQ(ModeOf(On(path)), 0666) << "whoever the program is";
  fs::resize_file(On(path), uintmax_t{1} << 40);  // a terabyte of nothing
  std::ofstream(On(path), std::ios::app) << "the end";
  EXPECT_EQ(*files_->ReadEnd(path, 7), "the end");
  EXPECT_EQ(files_->ReadEnd(path, 4096)->size(), 4096U);
  const auto becomes = [&](const std::function<void()>& make) {
    fs::remove_all(On(path));
    make();
    return files_->ReadEnd(path, 4096).status().code();
  };
  EXPECT_EQ(becomes([&] { fs::create_symlink(outside_ / "passwd", On(path)); }),
            StatusCode::kConflict);
  EXPECT_EQ(becomes([&] { ASSERT_EQ(::mkfifo(On(path).c_str(), 0666), 0); }),
            StatusCode::kConflict);
  EXPECT_EQ(becomes([&] { fs::create_directory(On(path)); }), StatusCode::kConflict);
  EXPECT_EQ(becomes([] {}), StatusCode::kNotFound);
  fs::remove_all(On("pods/a/ends/app"));
  fs::create_symlink(outside_, On("pods/a/ends/app"));
  EXPECT_EQ(files_->ReadEnd("pods/a/ends/app/passwd", 4096).status().code(), StatusCode::kConflict);
}

TEST_F(DiskHostFiles, OpensNoDeviceInAFilesPlace) {
  const std::string path = "pods/a/ends/app/0";
  ASSERT_TRUE(files_->Write(path, "", 0666).ok());
  fs::remove(On(path));
  // Opened, this one (there is no such driver) would answer with another error.
  ASSERT_EQ(::mknod(On(path).c_str(), S_IFCHR | 0666, makedev(4000, 1)), 0) << "needs root";
  EXPECT_EQ(files_->ReadEnd(path, 4096).status().code(), StatusCode::kConflict);
}

// Does at once what it is given, and counts it.
class CountingExecutor final : public Executor {
 public:
  bool Run(Task work, Task done) override {
    work();
    done();
    ++count;
    return true;
  }
  int count = 0;
};

TEST_F(DiskHostFiles, MeasuresWhereNoPodsStartWaitsForIt) {
  CountingExecutor workers;
  CountingExecutor measurers;
  const auto files = MakeDiskHostFiles((folder_ / "agent").string(),
                                       (folder_ / "host.key").string(), {&workers, "", &measurers});
  int answers = 0;
  files->MeasureFolders({"pods/a/volumes/v"}, [&](const auto&) { ++answers; });
  EXPECT_EQ(measurers.count, 1);
  EXPECT_EQ(workers.count, 0);
  files->SetUpVolumes({{"v", "pods/a/volumes/v", FolderVolume{}}}, [&](const auto&) { ++answers; });
  files->TakeAway("pods/a", [&](const Status&) { ++answers; });
  EXPECT_EQ(measurers.count, 1);
  EXPECT_EQ(workers.count, 2);
  EXPECT_EQ(answers, 3);
}

TEST_F(DiskHostFiles, LooksAtTheDiskWhileVolumesAreWorkedOn) {
  CountingExecutor workers;
  CountingExecutor measurers;
  CountingExecutor lookers;
  const auto files =
      MakeDiskHostFiles((folder_ / "agent").string(), (folder_ / "host.key").string(),
                        {&workers, "", &measurers, &lookers});
  ASSERT_TRUE(files->Write("start", "", 0600).ok());
  int64_t capacity = 0;
  files->MeasureSpace({""}, [&](const auto& spaces) { capacity = spaces.at(0).capacity_bytes; });
  EXPECT_EQ(lookers.count, 1);
  EXPECT_EQ(workers.count + measurers.count, 0);
  EXPECT_GT(capacity, 0);
}

TEST_F(DiskHostFiles, KeepsTheKeyAndSealedFilesToItself) {
  ASSERT_TRUE(files_->WriteSealed("assignment", "x").ok());
  EXPECT_EQ(ModeOf(folder_ / "host.key"), 0600);
  EXPECT_EQ(ModeOf(On("assignment")), 0600);
  EXPECT_EQ(fs::file_size(folder_ / "host.key"), 32U);
}

TEST_F(DiskHostFiles, ReplacesAFileInsteadOfWritingIntoIt) {
  ASSERT_TRUE(files_->Write("hosts", "before", 0644).ok());
  std::ifstream reader(On("hosts"));
  ASSERT_TRUE(files_->Write("hosts", "after", 0644).ok());
  std::string text;
  reader >> text;
  EXPECT_EQ(text, "before") << "an open reader saw a file change";
  EXPECT_EQ(*files_->Read("hosts"), "after");
}

TEST_F(DiskHostFiles, NeverFollowsALinkToAFolder) {
  ASSERT_TRUE(files_->Write("pods/a/hosts", "x", 0644).ok());
  fs::create_directory_symlink(outside_, On("pods/link"));
  EXPECT_EQ(files_->Write("pods/link/passwd", "ours", 0644).code(), StatusCode::kConflict);
  EXPECT_EQ(files_->Read("pods/link/passwd").status().code(), StatusCode::kConflict);
  EXPECT_EQ(files_->List("pods/link").status().code(), StatusCode::kConflict);
  EXPECT_EQ(files_->RemoveTree("pods/link/passwd").code(), StatusCode::kConflict);
  std::ifstream reader(outside_ / "passwd");
  std::string text;
  std::getline(reader, text);
  EXPECT_EQ(text, "not ours");
}

TEST_F(DiskHostFiles, NeverFollowsALinkToAFile) {
  ASSERT_TRUE(files_->Write("hosts", "x", 0644).ok());
  fs::create_symlink(outside_ / "passwd", On("link"));
  EXPECT_EQ(files_->Read("link").status().code(), StatusCode::kConflict);
  ASSERT_TRUE(files_->Write("link", "ours", 0644).ok());
  EXPECT_FALSE(fs::is_symlink(On("link"))) << "the link itself is what is replaced";
  EXPECT_EQ(fs::file_size(outside_ / "passwd"), 8U);
}

TEST_F(DiskHostFiles, RemovesALinkNotWhatItPointsTo) {
  ASSERT_TRUE(files_->Write("pods/a/hosts", "x", 0644).ok());
  fs::create_directory_symlink(outside_, On("pods/a/link"));
  ASSERT_TRUE(files_->RemoveTree("pods").ok());
  EXPECT_FALSE(fs::exists(On("pods")));
  EXPECT_TRUE(fs::exists(outside_ / "passwd"));
}

TEST_F(DiskHostFiles, NeverWaitsForANamedPipe) {
  ASSERT_TRUE(files_->Write("hosts", "x", 0644).ok());
  ASSERT_EQ(::mkfifo(On("pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_->Read("pipe").status().code(), StatusCode::kConflict);
  EXPECT_TRUE(files_->RemoveTree("pipe").ok());
}

TEST_F(DiskHostFiles, PassesOverWhatAnInterruptedWriteLeft) {
  ASSERT_TRUE(files_->Write("pods/hosts", "before", 0644).ok());
  std::ofstream(On("pods/.hosts.tmp")) << "half";
  EXPECT_EQ(*files_->List("pods"), std::vector<std::string>{"hosts"});
  ASSERT_TRUE(files_->Write("pods/hosts", "after", 0644).ok());
  EXPECT_EQ(*files_->Read("pods/hosts"), "after");
  EXPECT_FALSE(fs::exists(On("pods/.hosts.tmp")));
  std::ofstream(On("pods/.other.tmp")) << "half";
  ASSERT_TRUE(files_->RemoveTree("pods").ok());
  EXPECT_FALSE(fs::exists(On("pods")));
}

TEST_F(DiskHostFiles, RefusesToReadBeyondItsLimit) {
  ASSERT_TRUE(files_->Write("large", "x", 0644).ok());
  fs::resize_file(On("large"), kMaxHostFileBytes + 1);
  EXPECT_EQ(files_->Read("large").status().code(), StatusCode::kInvalid);
}

TEST_F(DiskHostFiles, SealsTheSameTextDifferentlyEachTime) {
  ASSERT_TRUE(files_->WriteSealed("assignment", "the same").ok());
  const std::string first = *files_->Read("assignment");
  ASSERT_TRUE(files_->WriteSealed("assignment", "the same").ok());
  EXPECT_NE(*files_->Read("assignment"), first);
}

TEST_F(DiskHostFiles, OpensNothingWithAnotherHostsKey) {
  ASSERT_TRUE(files_->WriteSealed("assignment", "text").ok());
  fs::remove(folder_ / "host.key");
  EXPECT_EQ(Make()->ReadSealed("assignment").status().code(), StatusCode::kInvalid);
  ASSERT_TRUE(Make()->WriteSealed("other", "text").ok());  // makes another key
  EXPECT_EQ(Make()->ReadSealed("assignment").status().code(), StatusCode::kInvalid);
}

TEST_F(DiskHostFiles, RefusesAKeyThatOthersCanRead) {
  ASSERT_TRUE(files_->WriteSealed("assignment", "text").ok());
  fs::permissions(folder_ / "host.key", fs::perms::group_read, fs::perm_options::add);
  const Status status = Make()->WriteSealed("assignment", "text");
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("chmod 600"), std::string::npos) << status.message();
}

TEST_F(DiskHostFiles, RefusesAKeyOfAnotherLength) {
  std::ofstream(folder_ / "host.key") << "short";
  fs::permissions(folder_ / "host.key", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(files_->WriteSealed("assignment", "text").code(), StatusCode::kInvalid);
  std::ofstream(folder_ / "host.key") << std::string(33, 'k');
  EXPECT_EQ(Make()->WriteSealed("assignment", "text").code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
