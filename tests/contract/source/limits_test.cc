// Every limit of a reading, reached.
#include <gtest/gtest.h>

#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class Limits : public ::testing::Test {
 protected:
  Status Fetch(const GitLimits& limits) {
    GitSourceUnderTest git(limits);
    return git.Fetch({repository_.path(), "", ""}).status();
  }
  void ExpectLimit(const GitLimits& limits, const std::string& name) {
    const Status status = Fetch(limits);
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.ToString();
    EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
  }

  TemporaryFolder folder_;
  TestRepository repository_{folder_.path() + "/repository"};
};

TEST_F(Limits, ABlobOfTheLimitIsReadAndALargerOneIsNot) {
  repository_.Commit({{"dir/big.yaml", std::string(1000, 'x')}});
  GitLimits limits;
  limits.max_blob_bytes = 1000;
  EXPECT_TRUE(Fetch(limits).ok());
  limits.max_blob_bytes = 999;
  ExpectLimit(limits, "max_blob_bytes = 999");
  ExpectLimit(limits, "\"dir/big.yaml\" (1000 bytes)");
}

TEST_F(Limits, AHugeBlobIsRefusedByItsSizeAlone) {
  repository_.Commit({{"huge.yaml", std::string(100 << 20, 'x')}});
  GitLimits limits;
  limits.memory_bytes = 90 << 20;  // less than reading it would take
  ExpectLimit(limits, "max_blob_bytes");
}

TEST_F(Limits, TheNumberOfManifestsIsLimited) {
  repository_.Commit({{"a.yaml", "1"}, {"b.yaml", "2"}, {"c.txt", "3"}});
  GitLimits limits;
  limits.max_files = 2;
  EXPECT_TRUE(Fetch(limits).ok());
  limits.max_files = 1;
  ExpectLimit(limits, "max_files = 1");
}

TEST_F(Limits, TheSizeOfAllManifestsIsLimitedAlsoWhenTheyAreTheSameBlob) {
  repository_.Commit({{"a.yaml", std::string(100, 'x')}, {"b.yaml", std::string(100, 'x')}});
  GitLimits limits;
  limits.max_total_bytes = 200;
  EXPECT_TRUE(Fetch(limits).ok());
  limits.max_total_bytes = 199;
  ExpectLimit(limits, "max_total_bytes = 199");
}

TEST_F(Limits, TheSizeOfAllManifestsIsLimitedAlsoWhenTheyAreRemembered) {
  repository_.Commit({{"a.yaml", std::string(100, 'x')}});
  GitLimits limits;
  limits.max_total_bytes = 199;
  GitSourceUnderTest git(limits);
  EXPECT_TRUE(git.Fetch({repository_.path(), "", ""}).ok());
  repository_.Commit({{"b.yaml", std::string(100, 'x')}});
  const Status status = git.Fetch({repository_.path(), "", ""}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("max_total_bytes = 199"), std::string::npos) << status.message();
}

TEST_F(Limits, TheDepthOfFoldersIsLimited) {
  repository_.Commit({{"1/2/3/a.yaml", "1"}});
  GitLimits limits;
  limits.max_tree_depth = 3;
  EXPECT_TRUE(Fetch(limits).ok());
  limits.max_tree_depth = 2;
  ExpectLimit(limits, "max_tree_depth = 2");
}

TEST_F(Limits, TheNumberOfFilesLookedAtIsLimited) {
  repository_.Commit({{"a.txt", "1"}, {"b.txt", "2"}, {"dir/c.yaml", "3"}});
  GitLimits limits;
  limits.max_tree_entries = 4;
  EXPECT_TRUE(Fetch(limits).ok());
  limits.max_tree_entries = 3;
  ExpectLimit(limits, "max_tree_entries = 3");
}

TEST_F(Limits, ATreeBombIsRefused) {
  // Ten levels of ten folders that are all the same: 10^10 files in twelve objects.
  std::string object = repository_.WriteBlob("kind: Bomb\n");
  std::string mode = "100644 blob ";
  std::string suffix = ".yaml";
  for (int level = 0; level < 10; ++level) {
    std::string entries;
    for (int i = 0; i < 10; ++i)
      entries += mode + object + "\tf" + std::to_string(i) + suffix + "\n";
    object = repository_.Git({"mktree"}, entries);
    mode = "040000 tree ";
    suffix.clear();
  }
  repository_.Git(
      {"update-ref", "refs/heads/main", repository_.Git({"commit-tree", object, "-m", "bomb"})});
  ExpectLimit({}, "max_files");
}

TEST_F(Limits, AHugeCommitMessageIsRefused) {
  repository_.Commit({{"a.yaml", "1"}}, std::string(2 << 20, 'm'));
  ExpectLimit({}, "kMaxCommitBytes");
}

TEST_F(Limits, MemoryIsLimited) {
  repository_.Commit({{"big.yaml", std::string(100 << 20, 'x')}});
  GitLimits limits;
  limits.max_blob_bytes = 200 << 20;
  limits.max_total_bytes = 50 << 20;
  limits.memory_bytes = 100 << 20;
  const Status status = Fetch(limits);
  // Under a sanitizer address space is not limited; the total size then is.
  EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.ToString();
  EXPECT_TRUE(status.message().find("memory_bytes") != std::string::npos ||
              status.message().find("max_total_bytes") != std::string::npos)
      << status.message();
}

TEST_F(Limits, AReaderThatTakesTooLongIsKilledAndTheRepositoryUnavailable) {
  repository_.Commit({{"a.yaml", "1"}});
  GitLimits limits;
  limits.timeout_ms = 0;
  const Status status = Fetch(limits);
  EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
  EXPECT_NE(status.message().find(repository_.path()), std::string::npos);
}

TEST_F(Limits, WarningsAreCountedBeyondTheirLimit) {
  const std::string blob = repository_.WriteBlob("target");
  std::string entries;
  for (int i = 0; i < 1005; ++i)
    entries += "120000 blob " + blob + "\tl" + std::to_string(i) + "\n";
  repository_.CommitTree(entries, "main");
  GitSourceUnderTest git;
  const auto commit = git.Fetch({repository_.path(), "", ""});
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  ASSERT_EQ(commit->warnings.size(), 1001U);
  EXPECT_EQ(commit->warnings.back().message, "5 more warnings like these");
}

TEST_F(Limits, ManyFilesAreReadAndAOneLineChangeSharesTheRest) {
  Files files;
  for (int i = 0; i < 2000; ++i) {
    files["d" + std::to_string(i % 20) + "/f" + std::to_string(i) + ".yaml"] =
        "n: " + std::to_string(i);
  }
  repository_.Commit(files);
  GitSourceUnderTest git;
  const auto first = git.Fetch({repository_.path(), "", ""});
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(first->files.size(), 2000U);
  repository_.Commit({{"d0/f0.yaml", "n: changed"}});
  const auto second = git.Fetch({repository_.path(), "", ""});
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  ASSERT_EQ(second->files.size(), 2000U);
  size_t shared = 0;
  for (size_t i = 0; i < second->files.size(); ++i) {
    shared += first->files[i].bytes == second->files[i].bytes ? 1U : 0U;
  }
  EXPECT_EQ(shared, 1999U);
}

TEST_F(Limits, AFullQueueOfWorkersIsUnavailable) {
  class FullExecutor final : public Executor {
   public:
    bool Run(Task, Task) override { return false; }
  };
  EpollLoop loop;
  FullExecutor full;
  const auto source = MakeGitSource(&loop, &full, GIT_READ_HELPER);
  Status status;
  source->Fetch({repository_.path(), "", ""}, [&](Result<FetchedCommit> commit) {
    status = commit.status();
    loop.Stop();
  });
  EXPECT_TRUE(status.ok()) << "the answer came inside the call";
  loop.Run();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace reconcile
