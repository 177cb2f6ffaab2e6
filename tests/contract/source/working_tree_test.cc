// Previews of what lies on disk.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class WorkingTree : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/tree";
};

TEST_F(WorkingTree, APlainFolderIsRead) {
  WriteFile(path_ + "/b.yaml", "b");
  WriteFile(path_ + "/a/c.json", "{}");
  WriteFile(path_ + "/a.yml", "a");
  WriteFile(path_ + "/README.md", "no");
  WriteFile(path_ + "/.hidden/x.yaml", "no");
  const auto tree = ReadWorkingTree(path_);
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(tree->id, "worktree");
  EXPECT_EQ(Describe(*tree), "a.yml=a\na/c.json={}\nb.yaml=b\n");
}

TEST_F(WorkingTree, ReadsWhatIsChangedAndUntrackedButNotIgnored) {
  const TestRepository repository(path_);
  repository.Commit({{"kept.yaml", "old"},
                     {"gone.yaml", "x"},
                     {".gitignore", "*.local.yaml\n/build/\ntracked/\n"}});
  repository.Git({"add", "-f", "--intent-to-add", "kept.yaml"});
  WriteFile(path_ + "/tracked/by-force.yaml", "t");
  repository.Git({"add", "-f", "tracked/by-force.yaml"});
  WriteFile(path_ + "/tracked/not.yaml", "no");
  WriteFile(path_ + "/kept.yaml", "new");
  WriteFile(path_ + "/added.yaml", "u");
  WriteFile(path_ + "/deep/x.local.yaml", "no");
  WriteFile(path_ + "/build/y.yaml", "no");
  WriteFile(path_ + "/deep/build/z.yaml", "yes");
  std::filesystem::remove(path_ + "/gone.yaml");
  const auto tree = ReadWorkingTree(path_);
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Describe(*tree),
            "added.yaml=u\ndeep/build/z.yaml=yes\nkept.yaml=new\ntracked/by-force.yaml=t\n");
}

TEST_F(WorkingTree, AFolderInsideAWorkTreeKeepsTheRulesAbove) {
  const TestRepository repository(path_);
  repository.Commit({{".gitignore", "/apps/skip.yaml\n"}, {"apps/a.yaml", "a"}});
  WriteFile(path_ + "/apps/skip.yaml", "no");
  const auto tree = ReadWorkingTree(path_ + "/apps");
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Describe(*tree), "a.yaml=a\n");
}

TEST_F(WorkingTree, IdsAndFilesAreThoseOfTheCommit) {
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}, {"b/c.yaml", "2"}});
  const auto tree = ReadWorkingTree(path_);
  GitSourceUnderTest git;
  const auto commit = git.Fetch({path_, "", ""});
  ASSERT_TRUE(tree.ok() && commit.ok());
  ASSERT_EQ(tree->files.size(), commit->files.size());
  for (size_t i = 0; i < tree->files.size(); ++i) {
    EXPECT_EQ(tree->files[i].path, commit->files[i].path);
    EXPECT_EQ(tree->files[i].blob_id, commit->files[i].blob_id);
  }
}

TEST_F(WorkingTree, LinksSubmodulesAndSpecialFilesAreNamedAndNotFollowed) {
  WriteFile(folder_.path() + "/outside/secret.yaml", "canary");
  const TestRepository repository(path_);
  repository.Commit({{"a.yaml", "1"}, {".gitmodules", ""}});
  const TestRepository module(path_ + "/module");
  module.Commit({{"m.yaml", "no"}});
  std::filesystem::create_symlink("../outside/secret.yaml", path_ + "/link.yaml");
  std::filesystem::create_directory_symlink("../outside", path_ + "/folder");
  ASSERT_EQ(mkfifo((path_ + "/pipe.yaml").c_str(), 0600), 0);
  const auto tree = ReadWorkingTree(path_);
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Describe(*tree), "a.yaml=1\n");
  EXPECT_EQ(DescribeWarnings(*tree),
            ".gitmodules: submodules are not followed\n"
            "folder: symbolic link, not followed\n"
            "link.yaml: symbolic link, not followed\n"
            "module: submodule, not followed\n"
            "pipe.yaml: not a regular file, not read\n");
}

TEST_F(WorkingTree, LimitsAreThoseOfACommit) {
  WriteFile(path_ + "/1/2/a.yaml", "12345");
  WriteFile(path_ + "/1/2/b.yaml", "12345");
  const auto refusal = [&](const GitLimits& limits) {
    const Status status = ReadWorkingTree(path_, limits).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.ToString();
    return status.message();
  };
  const auto expect = [&](size_t GitLimits::*limit, size_t fits, const std::string& name) {
    GitLimits limits;
    limits.*limit = fits;
    EXPECT_TRUE(ReadWorkingTree(path_, limits).ok()) << name;
    limits.*limit = fits - 1;
    EXPECT_NE(refusal(limits).find(name), std::string::npos);
  };
  expect(&GitLimits::max_files, 2, "max_files");
  expect(&GitLimits::max_blob_bytes, 5, "max_blob_bytes");
  expect(&GitLimits::max_total_bytes, 10, "max_total_bytes");
  expect(&GitLimits::max_tree_depth, 2, "max_tree_depth");
  expect(&GitLimits::max_tree_entries, 4, "max_tree_entries");
}

TEST_F(WorkingTree, WhatIsNoFolderIsRefused) {
  WriteFile(path_ + "/a.yaml", "1");
  EXPECT_EQ(ReadWorkingTree(path_ + "/a.yaml").status().code(), StatusCode::kInvalid);
  const Status missing = ReadWorkingTree(path_ + "/missing").status();
  EXPECT_EQ(missing.code(), StatusCode::kInvalid);
  EXPECT_NE(missing.message().find("/missing"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
