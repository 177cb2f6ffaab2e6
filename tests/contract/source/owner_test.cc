// As whom a repository is read, and what the reader can see.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "base/subprocess.h"
#include "source/confinement.h"
#include "source/git_child.h"
#include "source/git_records.h"
#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

constexpr uid_t kNobody = 65534;

class Owner : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "changing owners takes root";
    repository_.Commit({{"a.yaml", "1"}});
  }
  static void GiveToNobody(const std::string& path) {
    RunTool({"chown", "-R", "-h", "nobody:nogroup", path});
  }
  Result<FetchedCommit> Fetch(const std::string& path) { return git_.Fetch({path, "", ""}); }

  TemporaryFolder folder_;
  TestRepository repository_{folder_.path() + "/repository"};
  GitSourceUnderTest git_;
};

TEST_F(Owner, ARepositoryOfAnotherUserIsReadAsThatUser) {
  GiveToNobody(repository_.path());
  std::filesystem::permissions(repository_.path(), std::filesystem::perms(0700));
  const auto own = Fetch(repository_.path());
  ASSERT_TRUE(own.ok()) << own.status().ToString();
  EXPECT_EQ(Describe(*own), "a.yaml=1\n");
  // What that user cannot read is not read on their behalf.
  const std::string blob = repository_.ObjectPath(repository_.Git({"rev-parse", "HEAD:a.yaml"}));
  ASSERT_EQ(chown(blob.c_str(), 0, 0), 0);
  ASSERT_EQ(chmod(blob.c_str(), 0400), 0);
  GitSourceUnderTest forgetful;
  EXPECT_EQ(forgetful.Fetch({repository_.path(), "", ""}).status().code(), StatusCode::kInvalid);
}

TEST_F(Owner, ARepositoryOfRootWithFilesOfOthersIsRead) {
  const std::string blob = repository_.ObjectPath(repository_.Git({"rev-parse", "HEAD:a.yaml"}));
  ASSERT_EQ(chown(blob.c_str(), kNobody, kNobody), 0);
  ASSERT_EQ(chmod(blob.c_str(), 0400), 0);
  EXPECT_TRUE(Fetch(repository_.path()).ok());
}

TEST_F(Owner, ObjectsThatLieElsewhereThroughALinkAreNotRead) {
  const std::string objects = repository_.path() + "/.git/objects";
  std::filesystem::rename(objects, folder_.path() + "/objects");
  std::filesystem::create_directory_symlink(folder_.path() + "/objects", objects);
  const auto commit = Fetch(repository_.path());
  EXPECT_EQ(commit.status().code(), StatusCode::kInvalid) << commit.status().ToString();
}

TEST_F(Owner, AlternatesAreRefusedAndNamed) {
  const std::string clone = folder_.path() + "/clone";
  RunTool({"git", "clone", "-q", "--shared", repository_.path(), clone});
  const Status status = Fetch(clone).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find(repository_.path()), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("git repack -a -d"), std::string::npos);
  // And the cure works.
  RunTool({"git", "-C", clone, "repack", "-q", "-a", "-d"});
  std::filesystem::remove(clone + "/.git/objects/info/alternates");
  EXPECT_TRUE(Fetch(clone).ok());
}

TEST_F(Owner, APointerOfAnotherUserIsNotFollowed) {
  // Somebody with rights in root's folder points it at root's private repository.
  const std::string trap = folder_.path() + "/trap";
  WriteFile(trap + "/.git", "gitdir: " + repository_.path() + "/.git\n");
  EXPECT_TRUE(Fetch(trap).ok());  // root's own pointer is fine
  ASSERT_EQ(chown((trap + "/.git").c_str(), kNobody, kNobody), 0);
  const Status file = Fetch(trap).status();
  EXPECT_NE(file.message().find("belongs to another user"), std::string::npos) << file.ToString();
  std::filesystem::remove(trap + "/.git");
  std::filesystem::create_directory_symlink(repository_.path() + "/.git", trap + "/.git");
  EXPECT_TRUE(Fetch(trap).ok());
  ASSERT_EQ(lchown((trap + "/.git").c_str(), kNobody, kNobody), 0);
  EXPECT_NE(Fetch(trap).status().message().find("belongs to another user"), std::string::npos);
}

TEST_F(Owner, APipeInPlaceOfAPointerBlocksNobody) {
  const std::string trap = folder_.path() + "/trap";
  std::filesystem::create_directory(trap);
  ASSERT_EQ(mkfifo((trap + "/.git").c_str(), 0600), 0);
  EXPECT_EQ(Fetch(trap).status().code(), StatusCode::kInvalid);
}

TEST_F(Owner, ConfigurationThatIncludesAFileOutsideIsRefusedByThatFilesName) {
  WriteFile(folder_.path() + "/outside.config", "[user]\nname = x\n");
  repository_.Git({"config", "include.path", folder_.path() + "/outside.config"});
  const Status status = Fetch(repository_.path()).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("outside.config"), std::string::npos) << status.message();
}

// The path may be exchanged between the parent's look at its owner and the child's.
TEST_F(Owner, ARepositoryThatIsAnotherUsersByNowIsNotRead) {
  const auto read_as_of = [&](uid_t owner) {
    SubprocessOptions call;
    call.command = {GIT_READ_HELPER, "git-read"};
    call.standard_input = EncodeReadOrder(
        {"--repository=" + repository_.path(), "--owner=" + std::to_string(owner)}, {});
    const auto output = RunSubprocess(call);
    CHECK(output.ok() && output->exit_code == 0);
    return DecodeGitRecords(output->out, GitLimits(), {});
  };
  EXPECT_TRUE(read_as_of(0).ok()) << read_as_of(0).status().ToString();
  const Status status = read_as_of(kNobody).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("changed its owner"), std::string::npos) << status.message();
}

// What a confined process can still do, tried in a child.
class Confined : public ::testing::Test {
 protected:
  // Runs `action` confined to `folder`; its answer.
  bool Try(const std::string& folder, const std::function<bool()>& action) {
    const pid_t pid = fork();
    if (pid == 0) {
      const auto confined = ConfineToReading({folder});
      if (!confined.ok() || *confined != Confinement::kComplete) _exit(2);
      _exit(action() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_NE(WEXITSTATUS(status), 2) << "no Landlock in this kernel";
    return WEXITSTATUS(status) == 0;
  }
  static bool CanOpen(const std::string& path, int flags) {
    const int fd = open(path.c_str(), flags | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    return fd >= 0;
  }

  TemporaryFolder folder_;
};

TEST_F(Confined, ReadsItsFolderAndNothingElse) {
  WriteFile(folder_.path() + "/in/file", "x");
  WriteFile(folder_.path() + "/out/file", "x");
  std::filesystem::create_symlink("../out/file", folder_.path() + "/in/link");
  const std::string in = folder_.path() + "/in";
  EXPECT_TRUE(Try(in, [&] { return CanOpen(in + "/file", O_RDONLY); }));
  EXPECT_FALSE(Try(in, [&] { return CanOpen(folder_.path() + "/out/file", O_RDONLY); }));
  EXPECT_FALSE(Try(in, [&] { return CanOpen(in + "/link", O_RDONLY); }));
  EXPECT_FALSE(Try(in, [&] { return CanOpen("/etc/passwd", O_RDONLY); }));
}

TEST_F(Confined, WritesAndExecutesNothing) {
  WriteFile(folder_.path() + "/file", "x");
  const std::string& in = folder_.path();
  EXPECT_FALSE(Try(in, [&] { return CanOpen(in + "/file", O_WRONLY); }));
  EXPECT_FALSE(Try(in, [&] { return CanOpen(in + "/new", O_WRONLY | O_CREAT); }));
  EXPECT_FALSE(Try(in, [&] { return unlink((in + "/file").c_str()) == 0; }));
  EXPECT_FALSE(Try(in, [&] {
    SubprocessOptions options;
    options.command = {"/bin/true"};
    return RunSubprocess(options).ok();
  }));
}

TEST_F(Confined, HoldsNoPowersOfRoot) {
  WriteFile(folder_.path() + "/file", "x");
  EXPECT_FALSE(Try(folder_.path(), [] { return setuid(kNobody) == 0; }));
  EXPECT_FALSE(Try(folder_.path(), [&] {
    return chown((folder_.path() + "/file").c_str(), kNobody, kNobody) == 0;
  }));
}

}  // namespace
}  // namespace reconcile
