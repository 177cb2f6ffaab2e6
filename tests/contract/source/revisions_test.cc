#include <gtest/gtest.h>

#include <filesystem>

#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class Revisions : public ::testing::Test {
 protected:
  std::string Id(const std::string& revision) {
    const auto commit = git_.Fetch({repository_.path(), revision, ""});
    return commit.ok() ? commit->id : commit.status().ToString();
  }

  TemporaryFolder folder_;
  TestRepository repository_{folder_.path() + "/repository"};
  GitSourceUnderTest git_;
};

TEST_F(Revisions, HeadBranchTagAndIdNameTheirCommits) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"tag", "light"});
  repository_.Git({"tag", "-a", "heavy", "-m", "annotated"});
  repository_.Git({"tag", "-a", "nested", "-m", "a tag of a tag", "heavy"});
  repository_.Git({"branch", "old/branch"});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  repository_.Git({"update-ref", "refs/remotes/origin/main", first});
  EXPECT_EQ(Id(""), second);
  EXPECT_EQ(Id("HEAD"), second);
  EXPECT_EQ(Id("main"), second);
  EXPECT_EQ(Id("refs/heads/main"), second);
  EXPECT_EQ(Id("light"), first);
  EXPECT_EQ(Id("heavy"), first);
  EXPECT_EQ(Id("nested"), first);
  EXPECT_EQ(Id("refs/tags/heavy"), first);
  EXPECT_EQ(Id("old/branch"), first);
  EXPECT_EQ(Id("origin/main"), first);
  EXPECT_EQ(Id(first), first);
  EXPECT_EQ(Id(first.substr(0, 10)), first);
  std::string capitals = first;
  for (char& c : capitals) c = static_cast<char>(toupper(c));
  EXPECT_EQ(Id(capitals), first);
}

TEST_F(Revisions, WaysFromANameLeadToOtherCommits) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"tag", "-a", "v1", "-m", "one"});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  const std::string third = repository_.Commit({{"a.yaml", "3"}});
  EXPECT_EQ(Id("HEAD~1"), second);
  EXPECT_EQ(Id("HEAD^"), second);
  EXPECT_EQ(Id("main~2"), first);
  EXPECT_EQ(Id(third.substr(0, 12) + "^^"), first);
  EXPECT_EQ(Id("v1^{commit}"), first);
  EXPECT_EQ(Id("@~1"), second);
  EXPECT_NE(Id("HEAD~3").find("\"HEAD~3\""), std::string::npos) << Id("HEAD~3");
  // Neither a search of the history nor a file in a commit.
  EXPECT_NE(Id("HEAD^{/first}").find("no "), std::string::npos) << Id("HEAD^{/first}");
  EXPECT_NE(Id("HEAD~1:a.yaml").find("no "), std::string::npos) << Id("HEAD~1:a.yaml");
}

TEST_F(Revisions, PackedRefsAndPackedObjectsAreRead) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"tag", "-a", "v1", "-m", "one"});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  repository_.Git({"gc", "-q", "--aggressive", "--prune=now"});
  ASSERT_FALSE(std::filesystem::exists(repository_.path() + "/.git/refs/heads/main"));
  EXPECT_EQ(Id("main"), second);
  EXPECT_EQ(Id("v1"), first);
  EXPECT_EQ(Id(first.substr(0, 12)), first);
  const auto commit = git_.Fetch({repository_.path(), "v1", ""});
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(Describe(*commit), "a.yaml=1\n");
}

TEST_F(Revisions, ADetachedHeadIsItsCommit) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  repository_.Commit({{"a.yaml", "2"}});
  repository_.Git({"checkout", "-q", first});
  EXPECT_EQ(Id(""), first);
}

TEST_F(Revisions, ABareRepositoryIsRead) {
  const std::string id = repository_.Commit({{"a.yaml", "1"}});
  const std::string bare = folder_.path() + "/bare.git";
  RunTool({"git", "clone", "-q", "--bare", repository_.path(), bare});
  const auto commit = git_.Fetch({bare, "main", ""});
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  EXPECT_EQ(commit->id, id);
}

TEST_F(Revisions, ALinkedWorkTreeHasItsOwnHeadAndTheCommonRefs) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  const std::string linked = folder_.path() + "/linked";
  repository_.Git({"worktree", "add", "-q", "-b", "side", linked});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  const auto head = git_.Fetch({linked, "", ""});
  ASSERT_TRUE(head.ok()) << head.status().ToString();
  EXPECT_EQ(head->id, first);
  const auto main = git_.Fetch({linked, "main", ""});
  ASSERT_TRUE(main.ok());
  EXPECT_EQ(main->id, second);
}

TEST_F(Revisions, AShallowCloneIsComplete) {
  repository_.Commit({{"a.yaml", "1"}});
  const std::string id = repository_.Commit({{"a.yaml", "2"}});
  const std::string clone = folder_.path() + "/shallow";
  RunTool({"git", "clone", "-q", "--depth=1", "file://" + repository_.path(), clone});
  const auto commit = git_.Fetch({clone, "", ""});
  ASSERT_TRUE(commit.ok()) << commit.status().ToString();
  EXPECT_EQ(commit->id, id);
}

TEST_F(Revisions, AForcePushedBranchIsWhatItNamesNow) {
  const std::string first = repository_.Commit({{"a.yaml", "1"}});
  repository_.Commit({{"a.yaml", "2"}});
  repository_.Git({"reset", "-q", "--hard", first});
  const std::string other = repository_.Commit({{"a.yaml", "3"}});
  EXPECT_EQ(Id("main"), other);
}

TEST_F(Revisions, ANameOfABranchAndATagOfDifferentCommitsIsRefused) {
  repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"tag", "twice"});
  const std::string second = repository_.Commit({{"a.yaml", "2"}});
  repository_.Git({"branch", "twice"});
  const auto commit = git_.Fetch({repository_.path(), "twice", ""});
  EXPECT_EQ(commit.status().code(), StatusCode::kInvalid);
  EXPECT_NE(commit.status().message().find("write refs/heads/twice or refs/tags/twice"),
            std::string::npos)
      << commit.status().message();
  EXPECT_EQ(Id("refs/heads/twice"), second);
}

TEST_F(Revisions, AnUnknownNameNamesTheNearestOne) {
  repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"branch", "production"});
  const Status status = git_.Fetch({repository_.path(), "prodution", ""}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find(repository_.path()), std::string::npos);
  EXPECT_NE(status.message().find("no branch, tag or commit \"prodution\""), std::string::npos);
  EXPECT_NE(status.message().find("did you mean \"production\"?"), std::string::npos);
  const Status other = git_.Fetch({repository_.path(), "0123456789", ""}).status();
  EXPECT_NE(other.message().find("there are \"main\", \"production\""), std::string::npos)
      << other.message();
}

TEST_F(Revisions, SearchesFilesAndOptionsAreNoRevisions) {
  repository_.Commit({{"a.yaml", "1"}});
  repository_.Commit({{"a.yaml", "2"}});
  for (const char* revision :
       {":/a", "HEAD^{/a}", "HEAD~1:a.yaml", "HEAD~9", "^main", "~1", "-u", "--upload-pack=x", "..",
        "refs/heads/../../HEAD", "main:a.yaml", "*", "a b"}) {
    EXPECT_EQ(git_.Fetch({repository_.path(), revision, ""}).status().code(), StatusCode::kInvalid)
        << revision;
  }
}

TEST_F(Revisions, AnAmbiguousIdIsRefused) {
  repository_.Commit({{"a.yaml", "1"}});
  // Enough objects that two begin alike in four digits, whatever their ids are: more than there
  // are such beginnings would be certain, two thousand with fixed contents do as well.
  std::string input;
  for (int i = 0; i < 2000; ++i) {
    input +=
        "blob\ndata " + std::to_string(std::to_string(i).size()) + "\n" + std::to_string(i) + "\n";
  }
  repository_.Git({"fast-import", "--quiet"}, input);
  const std::string ids =
      repository_.Git({"cat-file", "--batch-check=%(objectname)", "--batch-all-objects"});
  std::string ambiguous;
  for (size_t at = 0; at + 41 < ids.size() && ambiguous.empty(); at += 41) {
    if (ids.substr(at, 4) == ids.substr(at + 41, 4)) ambiguous = ids.substr(at, 4);
  }
  ASSERT_FALSE(ambiguous.empty());
  const Status status = git_.Fetch({repository_.path(), ambiguous, ""}).status();
  EXPECT_NE(status.message().find("is ambiguous"), std::string::npos) << status.ToString();
}

TEST_F(Revisions, ATagOfATreeIsRefused) {
  repository_.Commit({{"a.yaml", "1"}});
  repository_.Git({"tag", "-a", "-m", "of a tree", "tree", "HEAD^{tree}"});
  const Status status = git_.Fetch({repository_.path(), "tree", ""}).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("names a tree, not a commit"), std::string::npos);
}

TEST_F(Revisions, ARepositoryWithoutCommitsSaysSo) {
  const Status head = git_.Fetch({repository_.path(), "", ""}).status();
  EXPECT_EQ(head.code(), StatusCode::kInvalid);
  EXPECT_NE(head.message().find("no commits yet on HEAD (\"refs/heads/main\" does not exist)"),
            std::string::npos)
      << head.message();
  const Status branch = git_.Fetch({repository_.path(), "main", ""}).status();
  EXPECT_NE(branch.message().find("no branches or tags yet"), std::string::npos);
}

TEST_F(Revisions, WhatIsNoRepositoryIsRefused) {
  WriteFile(folder_.path() + "/plain/a.yaml", "1");
  const Status plain = git_.Fetch({folder_.path() + "/plain", "", ""}).status();
  EXPECT_EQ(plain.code(), StatusCode::kInvalid);
  EXPECT_NE(plain.message().find("is not a Git repository"), std::string::npos);
  const Status missing = git_.Fetch({folder_.path() + "/missing", "", ""}).status();
  EXPECT_EQ(missing.code(), StatusCode::kInvalid);
  EXPECT_NE(missing.message().find("No such file"), std::string::npos);
  const Status file = git_.Fetch({folder_.path() + "/plain/a.yaml", "", ""}).status();
  EXPECT_NE(file.message().find("is not a folder"), std::string::npos);
  const std::string nul("a\0b", 3);
  EXPECT_EQ(git_.Fetch({folder_.path(), nul, ""}).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
