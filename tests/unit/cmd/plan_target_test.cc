#include "cmd/plan_target.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cmd/repository_place.h"
#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

class PlanTargetTest : public testing::Test {
 protected:
  std::string MakeWorkTree(const std::string& name) {
    MakeBare(name + "/.git");
    return folder_.path() + "/" + name;
  }
  std::string MakeBare(const std::string& name) {
    std::filesystem::create_directories(folder_.path() + "/" + name + "/objects");
    std::filesystem::create_directories(folder_.path() + "/" + name + "/refs");
    std::ofstream(folder_.path() + "/" + name + "/HEAD") << "ref: refs/heads/main\n";
    return folder_.path() + "/" + name;
  }
  std::string MakeFolder(const std::string& path) {
    std::filesystem::create_directories(path);
    return path;
  }
  // "source path revision folder", or the error.
  static std::string Choose(const PlanRequest& request, const std::vector<SourceConfig>& sources) {
    const auto target = ChoosePlanTarget(request, sources);
    if (!target.ok()) return target.status().ToString();
    return target->source + " " + target->path + " [" + target->revision + "] [" + target->folder +
           "]";
  }

  TemporaryFolder folder_;
  const std::string a_ = MakeWorkTree("a");
  const std::string b_ = MakeWorkTree("b");
  const std::vector<SourceConfig> two_ = {{"a", {a_, "prod", "deploy"}}, {"b", {b_, "", ""}}};
};

TEST_F(PlanTargetTest, TheOnlySourceFillsInWhatIsNotSaid) {
  const std::vector<SourceConfig> one = {{"a", {a_, "prod", "deploy"}}};
  EXPECT_EQ(Choose({}, one), "a " + a_ + " [] [deploy]");
  EXPECT_EQ(Choose({.revision = "x"}, one), "a " + a_ + " [x] [deploy]");
  EXPECT_EQ(Choose({.folder = "other"}, one), "a " + a_ + " [] [other]");
}

TEST_F(PlanTargetTest, OfSeveralSourcesTheOneWhoseRepositoryHoldsThePathIsTaken) {
  MakeFolder(b_ + "/shop");
  EXPECT_EQ(Choose({.path = b_}, two_), "b " + b_ + " [] []");
  EXPECT_EQ(Choose({.path = b_ + "/shop"}, two_), "b " + b_ + "/shop [] []");
  EXPECT_EQ(Choose({.path = a_}, two_), "a " + a_ + " [] [deploy]");
}

TEST_F(PlanTargetTest, WhatDoesNotTellTheSourceIsRefusedWithAList) {
  const std::string list = "a (" + a_ + ", path deploy), b (" + b_ + ")";
  EXPECT_TRUE(Choose({}, two_).ends_with("or its repository: " + list)) << Choose({}, two_);
  const std::string elsewhere = Choose({.path = MakeWorkTree("c")}, two_);
  EXPECT_TRUE(elsewhere.ends_with("is in no source's repository: name one with --source: " + list))
      << elsewhere;
  EXPECT_EQ(Choose({.path = folder_.path() + "/c", .source = "b"}, two_),
            "b " + folder_.path() + "/c [] []");
  EXPECT_TRUE(
      Choose({.source = "c"}, two_).ends_with(": no source is named \"c\"; there are " + list));
}

TEST_F(PlanTargetTest, SourcesOfOneRepositoryAreToldApartByTheirFolders) {
  MakeFolder(a_ + "/shop/web");
  const std::vector<SourceConfig> sources = {
      {"shop", {a_, "", "/shop"}}, {"mail", {a_, "", "mail"}}, {"b", {b_, "", ""}}};
  EXPECT_EQ(Choose({.path = a_ + "/shop"}, sources), "shop " + a_ + "/shop [] []");
  EXPECT_EQ(Choose({.path = a_ + "/shop/web"}, sources), "shop " + a_ + "/shop/web [] []");
  EXPECT_EQ(Choose({.path = a_, .folder = "mail"}, sources), "mail " + a_ + " [] [mail]");
  EXPECT_NE(Choose({.path = a_}, sources).find("does not tell which source"), std::string::npos);
}

TEST_F(PlanTargetTest, ABareRepositoryIsReadAtTheSourcesRevisionAndFolder) {
  const std::string bare = MakeBare("bare.git");
  const std::vector<SourceConfig> one = {{"main", {bare, "prod", "deploy"}}};
  EXPECT_EQ(Choose({}, one), "main " + bare + " [prod] [deploy]");
  EXPECT_EQ(Choose({.path = bare, .revision = "x"}, one), "main " + bare + " [x] [deploy]");
}

TEST_F(PlanTargetTest, ASourcesFolderWithASlashBeforeItIsInsideTheRepository) {
  MakeFolder(a_ + "/deploy");
  EXPECT_EQ(Choose({}, {{"a", {a_, "", "/deploy"}}}), "a " + a_ + " [] [deploy]");
}

TEST_F(PlanTargetTest, ASourcesFolderThatIsGoneIsNotTheRoot) {
  EXPECT_EQ(Choose({.path = a_}, {{"a", {a_, "", "gone"}}}), "a " + a_ + " [] [gone]");
}

TEST_F(PlanTargetTest, OutsideOfGitTheFolderIsUsedWhereItIs) {
  const std::string copy = MakeFolder(folder_.path() + "/copy");
  const std::vector<SourceConfig> one = {{"a", {a_, "", "deploy"}}};
  EXPECT_EQ(Choose({.path = copy}, one), "a " + copy + " [] []");
  MakeFolder(copy + "/deploy");
  EXPECT_EQ(Choose({.path = copy}, one), "a " + copy + " [] [deploy]");
}

TEST_F(PlanTargetTest, ALinkedWorkTreeIsOfTheSameRepository) {
  const std::string linked = MakeFolder(folder_.path() + "/linked");
  const std::string own = MakeFolder(a_ + "/.git/worktrees/linked");
  std::ofstream(own + "/HEAD") << "ref: refs/heads/other\n";
  std::ofstream(own + "/commondir") << "../..\n";
  std::ofstream(linked + "/.git") << "gitdir: " << own << "\n";
  EXPECT_EQ(Choose({.path = linked}, two_), "a " + linked + " [] [deploy]");
}

TEST_F(PlanTargetTest, APathThatIsNotThereHasAPlaceToo) {
  const RepositoryPlace place = FindRepositoryPlace(a_ + "/no/such/");
  EXPECT_EQ(place.root, a_);
  EXPECT_EQ(place.inside, "no/such");
}

TEST_F(PlanTargetTest, ARepositoryToFollowHasToBeThere) {
  EXPECT_TRUE(CheckRepositoryIsThere(a_).ok());
  EXPECT_TRUE(CheckRepositoryIsThere(MakeBare("bare.git")).ok());
  EXPECT_TRUE(CheckRepositoryIsThere("https://host.example/no/such").ok());
  const Status missing = CheckRepositoryIsThere(a_ + "/no/such");
  EXPECT_EQ(missing.code(), StatusCode::kInvalid);
  EXPECT_NE(missing.message().find("or make this one: `git init " + a_ + "/no/such`"),
            std::string::npos)
      << missing.message();
  // Nobody is led to make a repository inside another one.
  const Status folder = CheckRepositoryIsThere(MakeFolder(a_ + "/shop"));
  EXPECT_EQ(folder.code(), StatusCode::kInvalid);
  EXPECT_EQ(folder.message().find("git init"), std::string::npos) << folder.message();
}

TEST_F(PlanTargetTest, SaysWhatIsPlanned) {
  EXPECT_EQ(PlannedText({"main", a_, "", ""}, "", ""), "Plan of the work tree of " + a_);
  EXPECT_EQ(PlannedText({"main", a_ + "/shop", "", "web"}, "", ""),
            "Plan of the work tree of " + a_ + ", folder shop/web");
  EXPECT_EQ(PlannedText({"main", a_, "prod", "/shop"}, "0123456789abcdef", ""),
            "Plan of commit 0123456789ab of " + a_ + ", folder shop");
  EXPECT_EQ(PlannedText({"main", a_, "x..y", ""}, "0123456789abcdef", "fedcba9876543210"),
            "Plan of commit 0123456789ab of " + a_ + ", where fedcba987654 was before");
  EXPECT_EQ(PlannedText({"main", "https://host.example/a\x1b", "", ""}, "0123456789ab", ""),
            "Plan of commit 0123456789ab of https://host.example/a\\x1b");
  const std::string plain = MakeFolder(folder_.path() + "/plain");
  EXPECT_EQ(PlannedText({"main", plain, "", ""}, "", ""), "Plan of the files in " + plain);
}

TEST_F(PlanTargetTest, APlanOfAnotherRepositoryThanWhereOneIsIsNoticed) {
  const PlanTarget target{"main", a_, "", ""};
  EXPECT_TRUE(IsPlanOfElsewhere({}, target, b_));
  EXPECT_FALSE(IsPlanOfElsewhere({}, target, MakeFolder(a_ + "/shop")));
  EXPECT_FALSE(IsPlanOfElsewhere({}, target, MakeFolder(folder_.path() + "/plain")));
  EXPECT_FALSE(IsPlanOfElsewhere({.path = a_}, target, b_)) << "it was asked for";
  EXPECT_FALSE(IsPlanOfElsewhere({}, {"main", "https://host.example/a", "", ""}, b_))
      << "b may be a clone of it";
}

}  // namespace
}  // namespace reconcile
