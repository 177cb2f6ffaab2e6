// What kustomizations name beside and beyond the folder of their source, from a commit and from a
// working tree: the same.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/contract/source/harness.h"

namespace reconcile {
namespace {

class ReachedFiles : public ::testing::Test {
 protected:
  // As both read it; links are told from files.
  std::string Read(const std::string& folder) {
    const auto commit = git_.Fetch({path_, "", folder});
    const auto tree = ReadWorkingTree(path_ + "/" + folder);
    EXPECT_TRUE(commit.ok()) << commit.status().ToString();
    EXPECT_TRUE(tree.ok()) << tree.status().ToString();
    if (!commit.ok() || !tree.ok()) return "";
    EXPECT_EQ(Shown(*commit), Shown(*tree));
    EXPECT_EQ(DescribeWarnings(*commit), DescribeWarnings(*tree));
    warnings_ = DescribeWarnings(*commit);
    for (size_t i = 0; i < tree->files.size() && i < commit->files.size(); ++i) {
      EXPECT_EQ(tree->files[i].blob_id, commit->files[i].blob_id);
    }
    return Shown(*commit);
  }
  static std::string Shown(const FetchedCommit& commit) {
    std::string text;
    for (const ManifestFile& file : commit.files) {
      text += file.path + (file.symbolic_link ? "->" : "=") + *file.bytes + "\n";
    }
    return text;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_.path() + "/repository";
  TestRepository repository_{path_};
  GitSourceUnderTest git_;
  std::string warnings_;
};

TEST_F(ReachedFiles, AnOverlayBringsItsBase) {
  repository_.Commit({{"base/kustomization.yaml", "resources: [web.yaml, ../shared/x.yaml]"},
                      {"base/web.yaml", "w"},
                      {"base/unused.yaml", "no"},
                      {"shared/x.yaml", "x"},
                      {"overlays/dev/kustomization.yaml", "no"},
                      {"overlays/prod/kustomization.yaml", "resources: [../../base]"},
                      {"overlays/prod/patch.yaml", "p"}});
  const std::string base =
      "../../base/kustomization.yaml=resources: [web.yaml, ../shared/x.yaml]\n";
  const std::string rest =
      "kustomization.yaml=resources: [../../base]\n"
      "patch.yaml=p\n";
  EXPECT_EQ(Read("overlays/prod"), base + "../../base/web.yaml=w\n../../shared/x.yaml=x\n" + rest);
  // Again, with blobs that are known and one that is not.
  repository_.Commit({{"base/web.yaml", "other"}});
  EXPECT_EQ(Read("overlays/prod"),
            base + "../../base/web.yaml=other\n../../shared/x.yaml=x\n" + rest);
}

TEST_F(ReachedFiles, AWayAroundTheSourcesFolderLeadsToTheSameFiles) {
  const std::string named = "resources: [../../../deploy/base, ../../../deploy/k.conf]";
  repository_.Commit({{"deploy/base/kustomization.yaml", "resources: [../../shared.yaml]"},
                      {"deploy/k.conf", "k"},
                      {"deploy/overlays/prod/kustomization.yaml", named},
                      {"shared.yaml", "s"}});
  EXPECT_EQ(Read("deploy"),
            "../shared.yaml=s\nbase/kustomization.yaml=resources: [../../shared.yaml]\nk.conf=k\n"
            "overlays/prod/kustomization.yaml=" +
                named + "\n");
  EXPECT_EQ(Read("deploy/overlays"),
            "../../shared.yaml=s\n../base/kustomization.yaml=resources: [../../shared.yaml]\n"
            "../k.conf=k\nprod/kustomization.yaml=" +
                named + "\n");
}

TEST_F(ReachedFiles, FilesOfAnyNameAreReadWhenTheyAreNamed) {
  const std::string named =
      "configMapGenerator: [{files: [app.properties, .env, .hidden/k=v, deep/x.conf]}]";
  repository_.Commit({{"k/Kustomization", named},
                      {"k/app.properties", "p"},
                      {"k/.env", "e"},
                      {"k/deep/x.conf", "c"},
                      {"k/other.conf", "no"},
                      {"k/.hidden.yaml", "no"}});
  EXPECT_EQ(Read("k"), ".env=e\nKustomization=" + named + "\napp.properties=p\ndeep/x.conf=c\n");
  EXPECT_EQ(Read(""),
            "k/.env=e\nk/Kustomization=" + named + "\nk/app.properties=p\nk/deep/x.conf=c\n");
}

TEST_F(ReachedFiles, LinksInsideTheRepositoryAreHandedOnWithWhatTheyLeadTo) {
  repository_.Commit({{"base/kustomization.yaml", "resources: [w.yaml]"},
                      {"base/w.yaml", "w"},
                      {"prod/kustomization.yaml", "resources: [base, link.yaml]"},
                      {"files/one.yaml", "1"}});
  std::filesystem::create_directory_symlink("../base", path_ + "/prod/base");
  std::filesystem::create_symlink("../files/one.yaml", path_ + "/prod/link.yaml");
  std::filesystem::create_symlink("../files/one.yaml", path_ + "/prod/unused.yaml");
  repository_.Commit({});
  EXPECT_EQ(Read("prod"),
            "../base/kustomization.yaml=resources: [w.yaml]\n../base/w.yaml=w\n"
            "../files/one.yaml=1\nbase->../base\nkustomization.yaml=resources: [base, "
            "link.yaml]\nlink.yaml->../files/one.yaml\n");
  EXPECT_EQ(warnings_, "unused.yaml: symbolic link, not followed\n");
}

TEST_F(ReachedFiles, OutsideARepositoryNothingAboveTheFolderIsRead) {
  const std::string plain = folder_.path() + "/plain";
  WriteFile(plain + "/base/kustomization.yaml", "resources: [w.yaml]");
  WriteFile(plain + "/prod/kustomization.yaml", "resources: [../base]");
  const auto overlay = ReadWorkingTree(plain + "/prod");
  ASSERT_TRUE(overlay.ok()) << overlay.status().ToString();
  EXPECT_EQ(Shown(*overlay), "kustomization.yaml=resources: [../base]\n");
  EXPECT_EQ(DescribeWarnings(*overlay),
            "..: outside a Git repository nothing above the folder is read; validate from the "
            "folder that holds both\n");
  const auto both = ReadWorkingTree(plain);
  ASSERT_TRUE(both.ok()) << both.status().ToString();
  EXPECT_EQ(DescribeWarnings(*both), "");
}

TEST_F(ReachedFiles, NothingOutsideTheRepositoryIsRead) {
  WriteFile(folder_.path() + "/outside/canary.yaml", "canary");
  WriteFile(folder_.path() + "/outside/kustomization.yaml", "canary");
  const std::string named =
      "resources: [../../outside, ../../outside/canary.yaml, up, up/canary.yaml, absolute, "
      "../.git/config, /etc/hostname, sub/canary.yaml]";
  repository_.Commit({{"prod/kustomization.yaml", named}});
  std::filesystem::create_directory_symlink("../../outside", path_ + "/prod/up");
  std::filesystem::create_directory_symlink(folder_.path() + "/outside", path_ + "/prod/absolute");
  repository_.Commit({});
  EXPECT_EQ(Read("prod"), "absolute->" + folder_.path() + "/outside\nkustomization.yaml=" + named +
                              "\nup->../../outside\n");
  EXPECT_EQ(warnings_, "");
  // A repository in it is another one.
  const TestRepository module(path_ + "/prod/sub");
  module.Commit({{"canary.yaml", "canary"}});
  const auto tree = ReadWorkingTree(path_ + "/prod");
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Shown(*tree).find("canary.yaml=canary"), std::string::npos) << Shown(*tree);
}

TEST_F(ReachedFiles, AKustomizationThatIsALinkIsHandedOnAsOne) {
  repository_.Commit({{"other/k.yaml", "namePrefix: a-"}, {"prod/a.yaml", "a"}});
  std::filesystem::create_symlink("../other/k.yaml", path_ + "/prod/kustomization.yaml");
  repository_.Commit({});
  EXPECT_EQ(Read("prod"), "a.yaml=a\nkustomization.yaml->../other/k.yaml\n");
}

TEST_F(ReachedFiles, WhatGitIgnoresIsNotReadFromTheWorkingTree) {
  repository_.Commit({{".gitignore", "*.env\n"},
                      {"base/kustomization.yaml", "secretGenerator: [{envs: [secret.env]}]"},
                      {"prod/kustomization.yaml", "resources: [../base]"}});
  WriteFile(path_ + "/base/secret.env", "canary");
  EXPECT_EQ(Read("prod"),
            "../base/kustomization.yaml=secretGenerator: [{envs: [secret.env]}]\n"
            "kustomization.yaml=resources: [../base]\n");
}

TEST_F(ReachedFiles, OutsideOfAnyRepositoryTheFolderIsTheBoundary) {
  const std::string plain = folder_.path() + "/plain";
  WriteFile(plain + "/base/kustomization.yaml", "canary");
  WriteFile(plain + "/prod/kustomization.yaml", "resources: [../base, own]");
  WriteFile(plain + "/prod/own/kustomization.yaml", "resources: [x]");
  WriteFile(plain + "/prod/own/x", "x");
  const auto tree = ReadWorkingTree(plain + "/prod");
  ASSERT_TRUE(tree.ok()) << tree.status().ToString();
  EXPECT_EQ(Shown(*tree),
            "kustomization.yaml=resources: [../base, own]\nown/kustomization.yaml=resources: "
            "[x]\nown/x=x\n");
}

TEST_F(ReachedFiles, TheyCountForTheLimits) {
  repository_.Commit({{"base/kustomization.yaml", "resources: [w.yaml]"},
                      {"base/w.yaml", std::string(100, 'w')},
                      {"prod/kustomization.yaml", "resources: [../base]"}});
  const auto expect = [&](size_t GitLimits::*limit, size_t fits, const std::string& name) {
    GitLimits limits;
    limits.*limit = fits;
    EXPECT_TRUE(ReadWorkingTree(path_ + "/prod", limits).ok()) << name;
    EXPECT_TRUE(GitSourceUnderTest(limits).Fetch({path_, "", "prod"}).ok()) << name;
    limits.*limit = fits - 1;
    for (const Status& status : {ReadWorkingTree(path_ + "/prod", limits).status(),
                                 GitSourceUnderTest(limits).Fetch({path_, "", "prod"}).status()}) {
      EXPECT_EQ(status.code(), StatusCode::kInvalid) << status.ToString();
      EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
    }
  };
  expect(&GitLimits::max_files, 3, "max_files");
  expect(&GitLimits::max_blob_bytes, 100, "max_blob_bytes");
  expect(&GitLimits::max_total_bytes, 139, "max_total_bytes");
}

}  // namespace
}  // namespace reconcile
