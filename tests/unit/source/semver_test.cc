#include "source/semver.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

bool Matches(const std::string& range, const std::string& version) {
  const auto parsed = VersionRange::Parse(range);
  EXPECT_TRUE(parsed.ok()) << range << ": " << parsed.status().ToString();
  const auto found = ParseVersion(version);
  EXPECT_TRUE(found.has_value()) << version;
  return parsed.ok() && found && parsed->Contains(*found);
}

TEST(SemanticVersions, FollowThePrecedenceOfTheSpecification) {
  const std::vector<std::string> ascending = {
      "0.9.9",         "1.0.0-0",    "1.0.0-9",    "1.0.0-10",    "1.0.0-alpha",
      "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-rc.1", "1.0.0-rc.11", "v1.0.0",
      "1.0.1",         "1.2.0",      "1.10.0",     "2.0.0"};
  for (size_t i = 1; i < ascending.size(); ++i) {
    const auto lower = ParseVersion(ascending[i - 1]);
    const auto higher = ParseVersion(ascending[i]);
    ASSERT_TRUE(lower && higher) << ascending[i];
    EXPECT_LT(CompareVersions(*lower, *higher), 0) << ascending[i - 1] << " " << ascending[i];
    EXPECT_GT(CompareVersions(*higher, *lower), 0);
  }
  EXPECT_EQ(CompareVersions(*ParseVersion("1.0.0+a"), *ParseVersion("1.0.0+b")), 0);
}

TEST(SemanticVersions, WhatIsNoneIsPassedOver) {
  for (const char* text :
       {"", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-a..b", "1.2.3-01", "1.2.3+", "x1.2.3",
        "1.2.c", "1.2.99999999999999999999", "release-1.2.3", "v", "1.2.3 "}) {
    EXPECT_FALSE(ParseVersion(text)) << text;
  }
}

TEST(VersionRanges, MeanWhatNpmAndMastermindsMean) {
  const auto expect = [](const std::string& range, const std::vector<std::string>& in,
                         const std::vector<std::string>& out) {
    for (const std::string& version : in) EXPECT_TRUE(Matches(range, version)) << range << version;
    for (const std::string& version : out) {
      EXPECT_FALSE(Matches(range, version)) << range << " " << version;
    }
  };
  expect(">=1.2 <2", {"1.2.0", "1.99.3"}, {"1.1.9", "2.0.0", "1.5.0-rc.1"});
  expect(">= 1.2, < 2", {"1.2.0"}, {"2.0.0"});
  expect("1.x", {"1.0.0", "1.9.9"}, {"0.9.0", "2.0.0"});
  expect("1.2.*", {"1.2.7"}, {"1.3.0"});
  expect("1.2", {"1.2.7"}, {"1.3.0", "1.1.0"});
  expect("*", {"0.0.1", "9.0.0"}, {"1.0.0-rc.1"});
  expect("^1.4", {"1.4.0", "1.9.0"}, {"1.3.9", "2.0.0"});
  expect("^0.2.3", {"0.2.3", "0.2.9"}, {"0.3.0", "0.2.2"});
  expect("^0.0.3", {"0.0.3"}, {"0.0.4"});
  expect("~1.2.3", {"1.2.3", "1.2.9"}, {"1.3.0", "1.2.2"});
  expect("~1", {"1.0.0", "1.9.0"}, {"2.0.0"});
  expect("=1.0.0", {"1.0.0", "1.0.0+build"}, {"1.0.1"});
  expect(">1.2", {"1.3.0"}, {"1.2.9"});
  expect("<=1.2", {"1.2.9"}, {"1.3.0"});
  expect("<1.2 || >=3", {"1.1.0", "3.1.0"}, {"2.0.0", "1.2.0"});
}

TEST(VersionRanges, TakePreReleasesOnlyWhenTheyNameOne) {
  EXPECT_FALSE(Matches(">=1.0.0", "1.1.0-rc.1"));
  EXPECT_TRUE(Matches(">=1.0.0-0", "1.1.0-rc.1"));
  EXPECT_TRUE(Matches("^1.4.0-rc.1", "1.4.0-rc.2"));
  EXPECT_FALSE(Matches("^1.4.0-rc.1", "1.4.0-beta"));
  EXPECT_FALSE(Matches(">=1.0.0-0 <2", "2.0.0-rc.1"));
  EXPECT_FALSE(Matches("^1.0.0-0", "2.0.0-alpha"));
}

TEST(VersionRanges, SayWhichPartIsWrong) {
  for (const char* text : {"", " ", ">=", ">=1 || ", "latest", "=>1", "1.2.3.4", "1.x.3", "^^1"}) {
    EXPECT_FALSE(VersionRange::Parse(text).ok()) << text;
  }
  EXPECT_NE(VersionRange::Parse(">=1 <two").status().message().find("\"<two\""), std::string::npos);
}

TEST(VersionRanges, TheirLimitsAreNamed) {
  const std::string long_text = ">=" + std::string(VersionRange::kMaxTextBytes, '1');
  EXPECT_NE(VersionRange::Parse(long_text).status().message().find("kMaxTextBytes"),
            std::string::npos);
  std::string many;
  for (size_t i = 0; i <= VersionRange::kMaxComparators; ++i) many += ">1.0.0 ";
  EXPECT_NE(VersionRange::Parse(many).status().message().find("kMaxComparators"),
            std::string::npos);
}

TEST(HighestTag, IsTheHighestVersionAndNotTheLastName) {
  const auto range = VersionRange::Parse(">=1");
  const std::vector<std::string> tags = {"v1.9.0", "v1.10.0", "v1.2.0", "v2.0.0-rc.1", "nightly"};
  EXPECT_EQ(HighestTag(tags, *range), "v1.10.0");
  EXPECT_EQ(HighestTag({"nightly"}, *range), std::nullopt);
  EXPECT_EQ(HighestTag({"v1.0.0", "1.0.0", "1.0.0+b"}, *range), "v1.0.0");
  EXPECT_EQ(HighestTag({"1.0.0+b", "1.0.0", "v1.0.0"}, *range), "v1.0.0");
}

}  // namespace
}  // namespace reconcile
