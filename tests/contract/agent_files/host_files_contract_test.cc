// What every HostFiles does, run against the fake and against a disk.
#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "agent/disk_host_files.h"
#include "agent/fake_host_files.h"

namespace reconcile {
namespace {

using Names = std::vector<std::string>;

// A host's files, and another start of the agent that uses them.
class FilesWorld {
 public:
  virtual ~FilesWorld() = default;
  virtual HostFiles* files() = 0;
  virtual void RestartAgent() = 0;
};

class FakeFilesWorld final : public FilesWorld {
 public:
  HostFiles* files() override { return &files_; }
  void RestartAgent() override {}  // the files belong to the host

 private:
  FakeHostFiles files_;
};

class DiskFilesWorld final : public FilesWorld {
 public:
  DiskFilesWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "host-files-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    RestartAgent();
  }
  ~DiskFilesWorld() override { std::filesystem::remove_all(folder_); }
  HostFiles* files() override { return files_.get(); }
  void RestartAgent() override {
    files_ = MakeDiskHostFiles((folder_ / "agent").string(), (folder_ / "host.key").string());
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<HostFiles> files_;
};

struct WorldMaker {
  const char* name;
  std::unique_ptr<FilesWorld> (*make)();
};

class HostFilesContract : public testing::TestWithParam<WorldMaker> {
 protected:
  HostFiles& files() { return *world_->files(); }

  const std::unique_ptr<FilesWorld> world_ = GetParam().make();
};

TEST_P(HostFilesContract, ReadsWhatWasWritten) {
  std::string bytes = "nameserver 10.42.7.1\n";
  bytes += '\0';
  ASSERT_TRUE(files().Write("pods/uid-1/resolv.conf", bytes, 0644).ok());
  EXPECT_EQ(*files().Read("pods/uid-1/resolv.conf"), bytes);
  ASSERT_TRUE(files().Write("pods/uid-1/resolv.conf", "", 0644).ok());
  EXPECT_EQ(*files().Read("pods/uid-1/resolv.conf"), "");
}

TEST_P(HostFilesContract, SaysThatThereIsNoSuchFile) {
  EXPECT_EQ(files().Read("pods/uid-1/hosts").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files().ReadSealed("assignment").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(files().Write("pods/uid-1/hosts", "x", 0644).ok());
  EXPECT_EQ(files().Read("pods/uid-2/hosts").status().code(), StatusCode::kNotFound);
}

TEST_P(HostFilesContract, ReadsTheEndOfAFile) {
  ASSERT_TRUE(files().Write("pods/uid-1/ends/app/0", "0123456789", 0666).ok());
  EXPECT_EQ(*files().ReadEnd("pods/uid-1/ends/app/0", 3), "789");
  EXPECT_EQ(*files().ReadEnd("pods/uid-1/ends/app/0", 10), "0123456789");
  EXPECT_EQ(*files().ReadEnd("pods/uid-1/ends/app/0", 4096), "0123456789");
  ASSERT_TRUE(files().Write("pods/uid-1/ends/app/0", "", 0666).ok());
  EXPECT_EQ(*files().ReadEnd("pods/uid-1/ends/app/0", 4096), "");
  EXPECT_EQ(files().ReadEnd("pods/uid-1/ends/app", 3).status().code(), StatusCode::kConflict);
  EXPECT_EQ(files().ReadEnd("pods/uid-1/ends/app/1", 3).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(files().ReadEnd("pods/uid-2/ends/app/1", 3).status().code(), StatusCode::kNotFound);
}

TEST_P(HostFilesContract, GivesAbsolutePaths) {
  const std::string path = files().AbsolutePath("pods/uid-1/hosts");
  EXPECT_EQ(path.front(), '/');
  EXPECT_TRUE(path.ends_with("/pods/uid-1/hosts"));
}

TEST_P(HostFilesContract, ListsAFolder) {
  EXPECT_EQ(*files().List("pods"), Names());
  ASSERT_TRUE(files().Write("pods/b/hosts", "x", 0644).ok());
  ASSERT_TRUE(files().Write("pods/a/hosts", "x", 0644).ok());
  ASSERT_TRUE(files().Write("pods/a/hostname", "x", 0644).ok());
  ASSERT_TRUE(files().Write("podsy/c", "x", 0644).ok());
  EXPECT_EQ(*files().List("pods"), (Names{"a", "b"}));
  EXPECT_EQ(*files().List("pods/a"), (Names{"hostname", "hosts"}));
  EXPECT_EQ(*files().List("pods/none"), Names());
}

TEST_P(HostFilesContract, RemovesATreeAndNothingBesideIt) {
  ASSERT_TRUE(files().Write("pods/a/deep/down/file", "x", 0644).ok());
  ASSERT_TRUE(files().Write("pods/ab", "x", 0644).ok());
  ASSERT_TRUE(files().RemoveTree("pods/a").ok());
  EXPECT_EQ(*files().List("pods"), Names{"ab"});
  EXPECT_TRUE(files().RemoveTree("pods/a").ok());
  EXPECT_TRUE(files().RemoveTree("nothing/there").ok());
  EXPECT_TRUE(files().RemoveTree("pods/ab").ok());
  EXPECT_EQ(*files().List("pods"), Names());
}

TEST_P(HostFilesContract, KeepsSealedFilesAcrossStarts) {
  const std::string secret = "a canary secret";
  ASSERT_TRUE(files().WriteSealed("assignment", secret).ok());
  world_->RestartAgent();
  EXPECT_EQ(*files().ReadSealed("assignment"), secret);
  EXPECT_EQ(files().Read("assignment")->find("canary"), std::string::npos) << "in clear";
}

TEST_P(HostFilesContract, SealsTheEmptyTextAndLargeOnes) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{3} << 20}) {
    const std::string bytes(size, 'x');
    ASSERT_TRUE(files().WriteSealed("assignment", bytes).ok());
    EXPECT_EQ(*files().ReadSealed("assignment"), bytes);
  }
}

TEST_P(HostFilesContract, RefusesASealedFileThatWasAltered) {
  ASSERT_TRUE(files().WriteSealed("assignment", "some text").ok());
  const std::string sealed = *files().Read("assignment");
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 4);
    ASSERT_TRUE(files().Write("assignment", altered, 0600).ok());
    EXPECT_EQ(files().ReadSealed("assignment").status().code(), StatusCode::kInvalid) << i;
  }
  for (const size_t size : {size_t{0}, size_t{3}, sealed.size() - 1}) {
    ASSERT_TRUE(files().Write("assignment", sealed.substr(0, size), 0600).ok());
    EXPECT_EQ(files().ReadSealed("assignment").status().code(), StatusCode::kInvalid) << size;
  }
  ASSERT_TRUE(files().Write("assignment", sealed, 0600).ok());
  EXPECT_EQ(*files().ReadSealed("assignment"), "some text");
}

TEST_P(HostFilesContract, RefusesASealedFileInAnothersPlace) {
  ASSERT_TRUE(files().WriteSealed("one", "some text").ok());
  ASSERT_TRUE(files().Write("two", *files().Read("one"), 0600).ok());
  EXPECT_EQ(files().ReadSealed("two").status().code(), StatusCode::kInvalid);
}

TEST_P(HostFilesContract, RefusesPathsThatLeadOut) {
  const std::string nul("pods/a\0b", 8);
  for (const std::string& path :
       {std::string(), std::string("/etc/passwd"), std::string(".."), std::string("../x"),
        std::string("pods/../../x"), std::string("pods/./x"), std::string("pods//x"),
        std::string("pods/"), nul}) {
    EXPECT_EQ(files().Write(path, "x", 0644).code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().Read(path).status().code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().ReadEnd(path, 1).status().code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().RemoveTree(path).code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().List(path).status().code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().WriteSealed(path, "x").code(), StatusCode::kInvalid) << path;
    EXPECT_EQ(files().ReadSealed(path).status().code(), StatusCode::kInvalid) << path;
  }
}

TEST_P(HostFilesContract, RefusesWhatIsBeyondItsLimits) {
  const std::string longest(kMaxHostNameBytes, 'n');
  EXPECT_TRUE(files().Write(longest, "x", 0644).ok());
  EXPECT_EQ(files().Write(longest + "n", "x", 0644).code(), StatusCode::kInvalid);
  std::string deep = "0";
  for (size_t i = 1; i < kMaxHostPathDepth; ++i) deep += "/" + std::to_string(i);
  EXPECT_TRUE(files().Write(deep, "x", 0644).ok());
  EXPECT_EQ(files().Write("more/" + deep, "x", 0644).code(), StatusCode::kInvalid);
  const std::string large(kMaxHostFileBytes + 1, 'x');
  EXPECT_EQ(files().Write("large", large, 0644).code(), StatusCode::kInvalid);
}

TEST_P(HostFilesContract, TellsFilesFromFolders) {
  ASSERT_TRUE(files().Write("pods/a/file", "x", 0644).ok());
  EXPECT_EQ(files().Write("pods/a", "x", 0644).code(), StatusCode::kConflict);
  EXPECT_EQ(files().Write("pods/a/file/deeper", "x", 0644).code(), StatusCode::kConflict);
  EXPECT_EQ(files().Read("pods/a").status().code(), StatusCode::kConflict);
  EXPECT_EQ(files().List("pods/a/file").status().code(), StatusCode::kConflict);
  EXPECT_EQ(*files().Read("pods/a/file"), "x");
}

template <typename World>
std::unique_ptr<FilesWorld> Make() {
  return std::make_unique<World>();
}

TEST_P(HostFilesContract, SaysWhetherAProgramCanRun) {
  ASSERT_TRUE(files().Write("start", "program", 0755).ok());
  EXPECT_EQ(files().CheckExecutable("start"), OkStatus());
  EXPECT_FALSE(files().CheckExecutable("absent").ok());
  EXPECT_FALSE(files().CheckExecutable("../start").ok());
}

TEST_P(HostFilesContract, MeasuresNothingOfWhatIsNotThere) {
  std::vector<FileSystemSpace> spaces;
  files().MeasureSpace({"/no/such/folder"}, [&](const auto& all) { spaces = all; });
  EXPECT_EQ(spaces, std::vector<FileSystemSpace>{FileSystemSpace()});
}

// In a mount namespace of its own. Needs root.
TEST(DiskHostFilesOnSmallDisk, MeasuresItsFileSystemAndOthers) {
  std::string pattern = (std::filesystem::temp_directory_path() / "small-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("none", folder.c_str(), "tmpfs", 0, "size=8m,nr_inodes=100") == 0;
    const auto files = MakeDiskHostFiles(folder + "/agent", folder + "/host.key");
    if (!mounted || !files->Write("a", std::string(2 << 20, 'x'), 0644).ok()) ::_exit(2);
    std::vector<FileSystemSpace> spaces;
    files->MeasureSpace({"", folder, "/proc"}, [&](const auto& all) { spaces = all; });
    const FileSystemSpace& own = spaces.at(0);
    const bool is_right = own.capacity_bytes == 8 << 20 && own.available_bytes == 6 << 20 &&
                          own.inodes == 100 && own.inodes_free < 100 && own == spaces.at(1) &&
                          own.id != spaces.at(2).id;
    ::_exit(is_right ? 0 : 1);
  }
  int ended = -1;
  EXPECT_EQ(::waitpid(child, &ended, 0), child);
  EXPECT_EQ(ended, 0) << "256: wrongly measured, 512: no such mount (needs root)";
  std::filesystem::remove_all(folder);
}

// In a mount namespace of its own. Needs root.
TEST(DiskHostFilesOnNoexec, SaysThatNoProgramRunsThere) {
  std::string pattern = (std::filesystem::temp_directory_path() / "noexec-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool mounted = ::unshare(CLONE_NEWNS) == 0 &&
                         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                         ::mount("none", folder.c_str(), "tmpfs", MS_NOEXEC, nullptr) == 0;
    const auto files = MakeDiskHostFiles(folder + "/agent", folder + "/host.key");
    if (!mounted || !files->Write("start", "program", 0755).ok()) ::_exit(2);
    const Status status = files->CheckExecutable("start");
    const bool said = status.message().find("noexec") != std::string::npos;
    ::_exit(status.code() == StatusCode::kInvalid && said ? 0 : 1);
  }
  int ended = -1;
  EXPECT_EQ(::waitpid(child, &ended, 0), child);
  EXPECT_EQ(ended, 0) << "1: not noticed, 2: no such mount (needs root)";
  std::filesystem::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Worlds, HostFilesContract,
                         testing::Values(WorldMaker{"Fake", Make<FakeFilesWorld>},
                                         WorldMaker{"Disk", Make<DiskFilesWorld>}),
                         [](const auto& maker) { return std::string(maker.param.name); });

}  // namespace
}  // namespace reconcile
