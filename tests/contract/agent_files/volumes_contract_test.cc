// What every HostFiles makes of volumes, and what the disk's does to a real kernel. Needs root.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "agent/disk_host_files.h"
#include "agent/fake_host_files.h"

namespace reconcile {
namespace {

namespace fs = std::filesystem;

std::string TextOf(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<Status> SetUpNow(HostFiles* files, std::vector<VolumeOrder> orders) {
  std::vector<Status> made;
  files->SetUpVolumes(std::move(orders), [&](std::vector<Status> all) { made = std::move(all); });
  return made;
}
Status MakeNow(HostFiles* files, VolumeOrder order) {
  const std::vector<Status> made = SetUpNow(files, {std::move(order)});
  return made.size() == 1 ? made.front() : InternalError("no answer");
}
Status MountNow(HostFiles* files, PartOrder order) {
  Status mounted = InternalError("no answer");
  files->MountParts({std::move(order)}, [&](const Status& status) { mounted = status; });
  return mounted;
}
Status TakeAwayNow(HostFiles* files, const std::string& path) {
  Status gone = InternalError("no answer");
  files->TakeAway(path, [&](const Status& status) { gone = status; });
  return gone;
}
int64_t MeasureNow(const HostFiles& files, const std::string& path) {
  int64_t bytes = -1;
  files.MeasureFolders({path}, [&](const std::vector<int64_t>& all) { bytes = all.at(0); });
  return bytes;
}

constexpr char kConfig[] = "pods/uid-1/volumes/config";
constexpr char kScratch[] = "pods/uid-1/volumes/scratch";
constexpr char kPart[] = "pods/uid-1/parts/app/0";

VolumeOrder FilesOrder(std::map<std::string, VolumeFile> content) {
  return {"config", kConfig, FilesVolume{std::move(content), false, {}}};
}
VolumeOrder FolderOrder(FolderVolume folder = {}) { return {"scratch", kScratch, folder}; }
VolumeOrder HostOrder(const fs::path& path, const std::string& type) {
  return {"host", "", HostPathVolume{path.string(), type}};
}

// A host whose volumes can be looked at as a container does.
class VolumeWorld {
 public:
  virtual ~VolumeWorld() = default;
  virtual HostFiles* files() = 0;
  // "" when there is no such file.
  virtual std::string Read(const std::string& volume, const std::string& file) = 0;
  virtual void Write(const std::string& volume, const std::string& file) = 0;
};

class FakeVolumeWorld final : public VolumeWorld {
 public:
  HostFiles* files() override { return &files_; }
  std::string Read(const std::string& volume, const std::string& file) override {
    const Result<std::string> text = files_.Read(volume + "/" + file);
    return text.ok() ? *text : "";
  }
  void Write(const std::string& volume, const std::string& file) override {
    ASSERT_TRUE(files_.Write(volume + "/" + file, "x", 0644).ok());
    files_.SetFolderBytes(volume, 4096);
  }

 private:
  FakeHostFiles files_;
};

class DiskVolumeWorld final : public VolumeWorld {
 public:
  DiskVolumeWorld() {
    std::string pattern = (fs::temp_directory_path() / "volumes-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    files_ = MakeDiskHostFiles(On("").string(), (folder / "host.key").string());
  }
  ~DiskVolumeWorld() override {
    EXPECT_TRUE(TakeAwayNow(files_.get(), "pods").ok());
    fs::remove_all(folder);
  }
  HostFiles* files() override { return files_.get(); }
  std::string Read(const std::string& volume, const std::string& file) override {
    return TextOf(On(volume) / file);
  }
  void Write(const std::string& volume, const std::string& file) override {
    std::ofstream(On(volume) / file) << "x";
  }
  fs::path On(const std::string& path) const { return folder / "agent" / path; }

  fs::path folder;

 private:
  std::unique_ptr<HostFiles> files_;
};

struct VolumeWorldMaker {
  const char* name;
  std::unique_ptr<VolumeWorld> (*make)();
};
class VolumesContract : public testing::TestWithParam<VolumeWorldMaker> {
 protected:
  const std::unique_ptr<VolumeWorld> world_ = GetParam().make();
  HostFiles* const files_ = world_->files();
};

TEST_P(VolumesContract, HoldsTheFilesThatItIsToHave) {
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}, {"deep/b", {"2", 0600}}})).ok());
  EXPECT_EQ(world_->Read(kConfig, "a"), "1");
  EXPECT_EQ(world_->Read(kConfig, "deep/b"), "2");
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"3", 0644}}})).ok());
  EXPECT_EQ(world_->Read(kConfig, "a"), "3");
  EXPECT_EQ(world_->Read(kConfig, "deep/b"), "");
}

TEST_P(VolumesContract, KeepsWhatUsersPutIntoAFolder) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  EXPECT_EQ(MeasureNow(*files_, kScratch), 0);
  world_->Write(kScratch, "mine");
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  EXPECT_EQ(world_->Read(kScratch, "mine"), "x");
  EXPECT_GT(MeasureNow(*files_, kScratch), 0);
}

TEST_P(VolumesContract, AnswersForEachVolume) {
  const std::vector<Status> made = SetUpNow(
      files_,
      {FolderOrder(), HostOrder("/nowhere/at-all", "Directory"), FilesOrder({{"a", {"1", 0644}}})});
  ASSERT_EQ(made.size(), 3U);
  EXPECT_TRUE(made[0].ok());
  EXPECT_TRUE(made[1].message().starts_with("hostPath type check failed: /nowhere/at-all is not a"))
      << made[1].message();
  EXPECT_TRUE(made[2].ok());
}

TEST_P(VolumesContract, TakesAllOfAPodAway) {
  ASSERT_TRUE(files_->Write("pods/uid-1/hosts", "x", 0644).ok());
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}})).ok());
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  world_->Write(kScratch, "mine");
  ASSERT_TRUE(
      MountNow(files_, {"scratch", files_->AbsolutePath(kScratch), "mine", false, kPart}).ok());
  ASSERT_TRUE(TakeAwayNow(files_, "pods/uid-1").ok());
  EXPECT_EQ(*files_->List("pods"), std::vector<std::string>());
  EXPECT_TRUE(TakeAwayNow(files_, "pods/uid-1").ok());
}

TEST_P(VolumesContract, TakesNothingAwayThatIsElsewhere) {
  EXPECT_EQ(TakeAwayNow(files_, "../pods").code(), StatusCode::kInvalid);
  EXPECT_EQ(TakeAwayNow(files_, "/tmp").code(), StatusCode::kInvalid);
}

template <typename World>
std::unique_ptr<VolumeWorld> MakeVolumes() {
  return std::make_unique<World>();
}
INSTANTIATE_TEST_SUITE_P(Worlds, VolumesContract,
                         testing::Values(VolumeWorldMaker{"Fake", MakeVolumes<FakeVolumeWorld>},
                                         VolumeWorldMaker{"Disk", MakeVolumes<DiskVolumeWorld>}),
                         [](const auto& maker) { return std::string(maker.param.name); });

// ---- the disk alone ----

class DiskVolumes : public testing::Test {
 protected:
  struct stat StatOf(const fs::path& path) const {
    struct stat info = {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info;
  }
  int ModeOf(const fs::path& path) const { return static_cast<int>(StatOf(path).st_mode & 07777); }
  bool IsMemory(const fs::path& path) const {
    struct statfs system = {};
    EXPECT_EQ(::statfs(path.c_str(), &system), 0) << path;
    return system.f_type == 0x01021994;  // TMPFS_MAGIC
  }

  DiskVolumeWorld world_;
  HostFiles* const files_ = world_.files();
  const fs::path config_ = world_.On(kConfig);
  const fs::path scratch_ = world_.On(kScratch);
  const fs::path part_ = world_.On(kPart);
};

TEST_F(DiskVolumes, GivesFilesTheirModesWhateverTheUmask) {
  const mode_t umask_before = ::umask(077);
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0640}}, {"deep/b", {"2", 0444}}})).ok());
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  ::umask(umask_before);
  EXPECT_EQ(ModeOf(config_ / "a"), 0640);
  EXPECT_EQ(ModeOf(config_ / "deep/b"), 0444);
  EXPECT_EQ(ModeOf(config_ / "deep"), 0755);
  EXPECT_EQ(ModeOf(config_), 0755);
  EXPECT_EQ(ModeOf(scratch_), 0777);
}

TEST_F(DiskVolumes, WritesNothingWhenAllIsThere) {
  const auto order = FilesOrder({{"a", {"1", 0644}}});
  ASSERT_TRUE(MakeNow(files_, order).ok());
  const fs::path version = fs::read_symlink(config_ / "..data");
  ASSERT_TRUE(MakeNow(files_, order).ok());
  EXPECT_EQ(fs::read_symlink(config_ / "..data"), version);
  EXPECT_EQ(fs::read_symlink(config_ / "a"), "..data/a");
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"2", 0644}}})).ok());
  EXPECT_NE(fs::read_symlink(config_ / "..data"), version);
  EXPECT_FALSE(fs::exists(config_ / version)) << "an old version is kept";
}

// A reader that opens the folder of a version sees all of it or nothing.
TEST_F(DiskVolumes, ChangesAllFilesAtOnce) {
  const auto content = [](const std::string& text) {
    return FilesOrder({{"a", {text, 0644}}, {"b", {text, 0644}}, {"c/d", {text, 0644}}});
  };
  ASSERT_TRUE(MakeNow(files_, content("0")).ok());
  std::atomic<bool> stop = false;
  std::atomic<int> torn = 0;
  std::atomic<int> looks = 0;
  std::thread reader([&] {
    while (!stop) {
      const int folder = ::open((config_ / "..data").c_str(), O_RDONLY | O_DIRECTORY);
      const auto read = [&](const char* name) {
        char text[16] = {};
        const int fd = ::openat(folder, name, O_RDONLY);
        const ssize_t size = fd < 0 ? -1 : ::read(fd, text, sizeof(text) - 1);
        if (fd >= 0) ::close(fd);
        return size < 0 ? std::string("gone") : std::string(text);
      };
      const std::string a = read("a");
      const std::string b = read("b");
      const std::string d = read("c/d");
      if (folder >= 0) ::close(folder);
      // A version that is replaced goes away, but never becomes another.
      if ((a != "gone" && b != "gone" && a != b) || (d != "gone" && a != "gone" && a != d)) {
        ++torn;
      }
      ++looks;
    }
  });
  for (int i = 1; i <= 300 || looks < 100; ++i) {
    ASSERT_TRUE(MakeNow(files_, content(std::to_string(i))).ok());
  }
  stop = true;
  reader.join();
  EXPECT_EQ(torn, 0);
}

TEST_F(DiskVolumes, RepairsWhatAnInterruptedChangeLeft) {
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}})).ok());
  fs::create_directory(config_ / "..2026_01_01_00_00_00.1");
  std::ofstream(config_ / "..2026_01_01_00_00_00.1/a") << "half";
  fs::create_symlink("..2026_01_01_00_00_00.1", config_ / "..data_tmp");
  fs::remove(config_ / "a");
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}})).ok());
  EXPECT_EQ(TextOf(config_ / "a"), "1");
  EXPECT_FALSE(fs::exists(config_ / "..2026_01_01_00_00_00.1"));
  EXPECT_FALSE(fs::is_symlink(config_ / "..data_tmp"));
}

TEST_F(DiskVolumes, AChangeThatFailsLeavesNothingBehind) {
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}})).ok());
  const std::string too_long(300, 'z');  // for any disk
  const auto changed = FilesOrder({{"a", {"2", 0644}}, {too_long, {"2", 0644}}});
  for (int tries = 0; tries < 3; ++tries) EXPECT_FALSE(MakeNow(files_, changed).ok());
  EXPECT_EQ(TextOf(config_ / "a"), "1");
  const auto names = fs::directory_iterator(config_);
  EXPECT_EQ(std::distance(begin(names), end(names)), 3) << "a, ..data and its version";
}

TEST_F(DiskVolumes, KeepsSecretsInMemoryAlone) {
  VolumeOrder order = FilesOrder({{"token", {"canary", 0600}}});
  std::get<FilesVolume>(order.what).in_memory = true;
  ASSERT_TRUE(MakeNow(files_, order).ok());
  EXPECT_TRUE(IsMemory(config_));
  EXPECT_EQ(TextOf(config_ / "token"), "canary");
  ASSERT_TRUE(MakeNow(files_, order).ok());
  ASSERT_EQ(::umount2(config_.c_str(), 0), 0) << "it is mounted once";
  EXPECT_TRUE(fs::is_empty(config_)) << "something reached the disk below";
}

TEST_F(DiskVolumes, LimitsATmpfs) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder({true, 1 << 20, {}})).ok());
  EXPECT_EQ(ModeOf(scratch_), 0777);
  std::ofstream(scratch_ / "small") << std::string(500'000, 'x') << std::flush;
  std::ofstream large(scratch_ / "large");
  large << std::string(2 << 20, 'x') << std::flush;
  EXPECT_FALSE(large.good()) << "beyond its limit";
  ASSERT_TRUE(MakeNow(files_, FolderOrder({true, 1 << 20, {}})).ok());
  EXPECT_EQ(fs::file_size(scratch_ / "small"), 500'000U) << "mounted over what was there";
}

TEST_F(DiskVolumes, GivesItsFilesToTheGroup) {
  VolumeOrder order = FilesOrder({{"deep/a", {"1", 0400}}});
  std::get<FilesVolume>(order.what).group = 4242;
  ASSERT_TRUE(MakeNow(files_, order).ok());
  EXPECT_EQ(StatOf(config_ / "deep/a").st_gid, 4242U);
  EXPECT_EQ(ModeOf(config_ / "deep/a"), 0440);
  EXPECT_EQ(StatOf(config_).st_gid, 4242U);
  EXPECT_EQ(ModeOf(config_ / "deep"), 02755);
  ASSERT_TRUE(MakeNow(files_, FolderOrder({false, 0, 4242})).ok());
  EXPECT_EQ(StatOf(scratch_).st_gid, 4242U);
  EXPECT_EQ(ModeOf(scratch_), 02777);
  std::ofstream(scratch_ / "made") << "x";
  EXPECT_EQ(StatOf(scratch_ / "made").st_gid, 4242U);
}

TEST_F(DiskVolumes, LeavesTheRightsThatUsersGaveAFolder) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  ASSERT_EQ(::chmod(scratch_.c_str(), 0700), 0);
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  EXPECT_EQ(ModeOf(scratch_), 0700);
}

TEST_F(DiskVolumes, ChecksWhatAHostPathIs) {
  const fs::path host = world_.folder / "host";
  fs::create_directories(host / "folder");
  std::ofstream(host / "file") << "x";
  ASSERT_EQ(::mknod((host / "block").c_str(), S_IFBLK | 0600, makedev(7, 0)), 0);
  ASSERT_EQ(::mknod((host / "socket").c_str(), S_IFSOCK | 0600, 0), 0);
  const std::map<std::string, std::string> fits = {
      {"folder", "Directory"}, {"file", "File"}, {"block", "BlockDevice"}, {"socket", "Socket"}};
  for (const auto& [name, right] : fits) {
    for (const std::string type : {"Directory", "File", "BlockDevice", "Socket", "CharDevice"}) {
      EXPECT_EQ(MakeNow(files_, HostOrder(host / name, type)).ok(), type == right)
          << name << " as " << type;
    }
    EXPECT_TRUE(MakeNow(files_, HostOrder(host / name, "")).ok());
  }
  EXPECT_TRUE(MakeNow(files_, HostOrder("/dev/null", "CharDevice")).ok());
  EXPECT_EQ(MakeNow(files_, HostOrder(host / "file", "DirectoryOrCreate")).message(),
            "hostPath type check failed: " + (host / "file").string() + " is not a directory");
  EXPECT_TRUE(MakeNow(files_, HostOrder(host / "new/folder", "DirectoryOrCreate")).ok());
  EXPECT_EQ(ModeOf(host / "new/folder"), 0755);
  EXPECT_TRUE(MakeNow(files_, HostOrder(host / "new/file", "FileOrCreate")).ok());
  EXPECT_EQ(ModeOf(host / "new/file"), 0644);
  EXPECT_FALSE(MakeNow(files_, HostOrder(host / "absent/file", "FileOrCreate")).ok());
  EXPECT_TRUE(MakeNow(files_, HostOrder(host / "plain", "")).ok());
  EXPECT_TRUE(fs::is_directory(host / "plain"));
}

PartOrder Part(const fs::path& base, const std::string& sub_path, bool may_make = true) {
  return {"scratch", base.string(), sub_path, may_make, kPart};
}

TEST_F(DiskVolumes, MountsAPartThatIsThereOrIsMade) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder({false, 0, 4242})).ok());
  ASSERT_TRUE(MountNow(files_, Part(scratch_, "made/deep")).ok());
  EXPECT_EQ(ModeOf(scratch_ / "made/deep"), 02777);
  std::ofstream(scratch_ / "made/deep/file") << "x";
  EXPECT_EQ(TextOf(part_ / "file"), "x");
  ASSERT_TRUE(MountNow(files_, Part(scratch_, "made/deep/file")).ok());
  EXPECT_EQ(TextOf(part_), "x") << "a file in the place of the folder";
  EXPECT_EQ(MountNow(files_, Part(scratch_, "absent", false)).code(), StatusCode::kNotFound);
}

TEST_F(DiskVolumes, FollowsLinksInsideAVolumeAndNoneOut) {
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"1", 0644}}})).ok());
  ASSERT_TRUE(MountNow(files_, Part(config_, "a", false)).ok());
  EXPECT_EQ(TextOf(part_), "1");
  ASSERT_TRUE(MakeNow(files_, FilesOrder({{"a", {"2", 0644}}})).ok());
  EXPECT_EQ(TextOf(part_), "1") << "parts are not updated";
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  fs::create_symlink("/etc", scratch_ / "absolute");
  fs::create_symlink("../../../../..", scratch_ / "up");
  fs::create_symlink("/proc/self/root", scratch_ / "magic");
  for (const std::string out : {"absolute", "absolute/passwd", "up", "up/etc", "magic", "..",
                                "a/../..", "absolute/new", "up/new", "/etc"}) {
    EXPECT_EQ(MountNow(files_, Part(scratch_, out)).code(), StatusCode::kInvalid) << out;
  }
  EXPECT_FALSE(fs::exists("/etc/new"));
}

// FAULTS 38: CVE-2017-1002101, CVE-2021-25741.
TEST_F(DiskVolumes, Line38_NeverMountsWhatALinkThatIsSwappedInPointsTo) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  const fs::path outside = world_.folder / "outside";
  fs::create_directories(outside / "inner");
  std::ofstream(outside / "inner/canary") << "not yours";
  fs::create_directories(scratch_ / "real/inner");
  fs::create_symlink(outside, scratch_ / "link");
  std::atomic<bool> stop = false;
  std::atomic<int64_t> swaps = 0;
  std::thread attacker([&] {
    while (!stop) {  // the folder and the link change places
      ::renameat2(AT_FDCWD, (scratch_ / "real").c_str(), AT_FDCWD, (scratch_ / "link").c_str(),
                  RENAME_EXCHANGE);
      ++swaps;
    }
  });
  int inside = 0;
  int refused = 0;
  for (int i = 0; i < 5'000 || ((inside == 0 || refused == 0) && i < 100'000); ++i) {
    // Also where a folder has to be made.
    const bool makes = i % 2 == 1;
    const Status status = MountNow(
        files_, Part(scratch_, makes ? "real/inner/new-" + std::to_string(i) : "real/inner"));
    if (status.ok()) {
      ++inside;
      ASSERT_FALSE(fs::exists(part_ / "canary")) << "it escaped after " << i << " mounts";
    } else {
      ++refused;
    }
  }
  stop = true;
  attacker.join();
  EXPECT_GT(inside, 0) << swaps << " swaps";
  EXPECT_GT(refused, 0) << swaps << " swaps: the attack never met a mount";
  for (const auto& entry : fs::directory_iterator(outside / "inner")) {
    EXPECT_EQ(entry.path().filename(), "canary") << "made outside";
  }
}

TEST_F(DiskVolumes, TakesAwayNothingBeyondAMount) {
  const fs::path host = world_.folder / "host";
  fs::create_directories(host / "kept");
  std::ofstream(host / "kept/file") << "x";
  ASSERT_TRUE(MakeNow(files_, FolderOrder({true, 1 << 20, {}})).ok());
  ASSERT_TRUE(MountNow(files_, {"host", host.string(), "kept", false, kPart}).ok());
  EXPECT_FALSE(files_->RemoveTree("pods/uid-1").ok()) << "over what is mounted";
  EXPECT_EQ(TextOf(host / "kept/file"), "x");
  ASSERT_TRUE(TakeAwayNow(files_, "pods/uid-1").ok());
  EXPECT_EQ(TextOf(host / "kept/file"), "x");
  EXPECT_FALSE(fs::exists(world_.On("pods/uid-1")));
}

// What is mounted inside a part is the host's: it is not unmounted there.
TEST_F(DiskVolumes, UnmountsNothingOfTheHosts) {
  const fs::path host = world_.folder / "host";
  fs::create_directories(host / "kept/inner");
  ASSERT_EQ(::mount("none", (host / "kept/inner").c_str(), "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(::mount("none", (host / "kept/inner").c_str(), nullptr, MS_SHARED, nullptr), 0);
  std::ofstream(host / "kept/inner/file") << "x";
  EXPECT_TRUE(MountNow(files_, {"host", host.string(), "kept", false, kPart}).ok());
  EXPECT_EQ(TextOf(part_ / "inner/file"), "x");
  EXPECT_TRUE(TakeAwayNow(files_, "pods/uid-1").ok());
  EXPECT_EQ(TextOf(host / "kept/inner/file"), "x");
  EXPECT_EQ(::umount2((host / "kept/inner").c_str(), MNT_DETACH), 0);
}

TEST_F(DiskVolumes, TakesAwayATreeOfAnyDepth) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  int folder = ::open(scratch_.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_EQ(::mkdirat(folder, "d", 0755), 0);
    const int next = ::openat(folder, "d", O_RDONLY | O_DIRECTORY);
    ::close(folder);
    folder = next;
  }
  ::close(folder);
  EXPECT_TRUE(TakeAwayNow(files_, "pods/uid-1").ok());
  EXPECT_FALSE(fs::exists(world_.On("pods/uid-1")));
}

TEST_F(DiskVolumes, MeasuresEachFileOnceAndNoMount) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  fs::create_directory(scratch_ / "deep");
  std::ofstream(scratch_ / "deep/large") << std::string(1 << 20, 'x');
  fs::create_hard_link(scratch_ / "deep/large", scratch_ / "same");
  fs::create_symlink("/usr", scratch_ / "link");
  const int64_t bytes = MeasureNow(*files_, kScratch);
  EXPECT_GE(bytes, 1 << 20);
  EXPECT_LT(bytes, 2 << 20);
}

TEST_F(DiskVolumes, WhatLiesTooDeepToBeMeasuredIsBeyondAnyLimit) {
  ASSERT_TRUE(MakeNow(files_, FolderOrder()).ok());
  fs::path deep = scratch_;
  for (int i = 0; i < 210; ++i) deep /= "d";
  fs::create_directories(deep);
  std::ofstream(deep / "hidden") << std::string(1 << 20, 'x');
  EXPECT_GT(MeasureNow(*files_, kScratch), int64_t{1} << 60);
}

}  // namespace
}  // namespace reconcile
