// Hints at changes of a repository, by the kernel.
#include <gtest/gtest.h>

#include <filesystem>

#include "source/git_watch.h"
#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class Watching : public ::testing::Test {
 protected:
  void Watch(const std::string& path) {
    watch_ = std::make_unique<GitWatch>(&git_.loop(), path, [this] { ++hints_; });
    Settle();
  }
  // Waits for what earlier actions still cause, then forgets it.
  void Settle() {
    int before = -1;
    while (before != hints_) {
      before = hints_;
      bool passed = false;
      git_.loop().After(3 * GitWatch::kQuietMs, [&] { passed = true; });
      ASSERT_TRUE(git_.RunUntil([&] { return passed; }));
    }
    hints_ = 0;
  }
  void ExpectHint(const char* at) {
    EXPECT_TRUE(git_.RunUntil([&] { return hints_ > 0; })) << at;
    Settle();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/repository";
  GitSourceUnderTest git_;
  int hints_ = 0;
  std::unique_ptr<GitWatch> watch_;
};

TEST_F(Watching, EveryWayToMoveARefGivesAHint) {
  const TestRepository repository(path_);
  const std::string first = repository.Commit({{"a.yaml", "1"}});
  Watch(path_);
  repository.Commit({{"a.yaml", "2"}});
  ExpectHint("commit");
  repository.Git({"branch", "deep/er/branch"});
  ExpectHint("a branch in new folders");
  repository.Git({"update-ref", "refs/heads/deep/er/branch", first});
  ExpectHint("a move of that branch");
  repository.Git({"tag", "-a", "v1", "-m", "one"});
  ExpectHint("tag");
  repository.Git({"checkout", "-q", "deep/er/branch"});
  ExpectHint("HEAD switched");
  repository.Git({"reset", "-q", "--hard", "main"});
  ExpectHint("reset");
  repository.Git({"pack-refs", "--all", "--prune"});
  ExpectHint("packed");
  repository.Git({"branch", "-D", "main"});
  ExpectHint("a packed branch deleted");
  repository.Git({"gc", "-q"});
  repository.Commit({{"a.yaml", "3"}});
  ExpectHint("commit after gc");
}

TEST_F(Watching, ALinkedWorkTreeIsWatchedAtBothPlaces) {
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}});
  const std::string linked = folder_.path() + "/linked";
  repository.Git({"worktree", "add", "-q", "-b", "side", linked});
  Watch(linked);
  repository.Commit({{"a.yaml", "2"}});
  ExpectHint("a common ref");
  RunTool({"git", "-C", linked, "checkout", "-q", "--detach"});
  ExpectHint("its own HEAD");
}

TEST_F(Watching, ABareRepositoryIsWatched) {
  const TestRepository bare(path_, {"--bare"});
  const TestRepository work(folder_.path() + "/work");
  work.Commit({{"a.yaml", "1"}});
  Watch(path_);
  work.Git({"push", "-q", path_, "main"});
  ExpectHint("push");
}

TEST_F(Watching, ARepositoryThatDoesNotExistYetGivesAHintWhenItDoes) {
  const std::string path = folder_.path() + "/not/yet/there";
  Watch(path);
  const TestRepository repository(path);
  ExpectHint("init");
  repository.Commit({{"a.yaml", "1"}});
  ExpectHint("first commit");
}

TEST_F(Watching, ARepositoryThatIsDeletedAndMadeAgainIsFollowed) {
  TestRepository(path_).Commit({{"a.yaml", "1"}});
  Watch(path_);
  std::filesystem::remove_all(path_);
  ExpectHint("deleted");
  const TestRepository again(path_);
  ExpectHint("init");
  again.Commit({{"a.yaml", "2"}});
  ExpectHint("commit");
  std::filesystem::rename(path_, folder_.path() + "/away");
  ExpectHint("moved away");
  std::filesystem::rename(folder_.path() + "/away", path_);
  ExpectHint("moved back");
  again.Commit({{"a.yaml", "3"}});
  ExpectHint("commit after the moves");
}

TEST_F(Watching, ABurstIsFewHints) {
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}});
  Watch(path_);
  std::string updates;
  for (int i = 0; i < 300; ++i) updates += "create refs/heads/b" + std::to_string(i) + " HEAD\n";
  repository.Git({"update-ref", "--stdin"}, updates);  // all before the loop looks again
  ASSERT_TRUE(git_.RunUntil([&] { return hints_ > 0; }));
  bool passed = false;
  git_.loop().After(5 * GitWatch::kQuietMs, [&] { passed = true; });
  ASSERT_TRUE(git_.RunUntil([&] { return passed; }));
  EXPECT_LE(hints_, 2);
}

TEST_F(Watching, FilesOfTheWorkTreeAndLocksGiveNone) {
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}});
  Watch(path_);
  WriteFile(path_ + "/b.yaml", "2");
  repository.Git({"add", "-A"});
  WriteFile(path_ + "/.git/refs/heads/main.lock", "");
  std::filesystem::remove(path_ + "/.git/refs/heads/main.lock");
  // Something that does give one comes after them: the inotify queue keeps the order.
  bool passed = false;
  git_.loop().After(3 * GitWatch::kQuietMs, [&] { passed = true; });
  ASSERT_TRUE(git_.RunUntil([&] { return passed; }));
  EXPECT_EQ(hints_, 0);
  repository.Commit({});
  ExpectHint("commit");
}

TEST_F(Watching, MoreFoldersOfRefsThanItsLimitDoNotStopIt) {
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}});
  for (size_t i = 0; i < GitWatch::kMaxWatchedFolders; ++i) {
    std::filesystem::create_directories(path_ + "/.git/refs/pull/" + std::to_string(i));
  }
  Watch(path_);
  repository.Git({"checkout", "-q", "-b", "side"});
  ExpectHint("HEAD switched");
}

}  // namespace
}  // namespace reconcile
