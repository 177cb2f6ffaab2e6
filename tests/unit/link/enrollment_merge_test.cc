#include "link/enrollment_merge.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr WallTime kMergeTime{1'800'000'000'000};
constexpr int64_t kMergeSecond = 1'800'000'000;
WallTime AfterMerge(int64_t ms) { return {kMergeTime.ms + ms}; }

EnrollmentState MergeState() {
  EnrollmentState state;
  state.cluster_id = "c1";
  state.authorities = {{1, std::string(64, 'a'), kMergeTime, AfterMerge(1'000'000)}};
  return state;
}

void AddMergeNode(const std::string& name, int64_t generation, EnrollmentState* state) {
  NodeRecord node;
  node.generation = node.min_generation = generation;
  node.expires = AfterMerge(500'000);
  state->nodes[name] = node;
}

std::string SerialOf(int64_t generation) {
  SeededRandom random(3);
  return MakeSerial(generation, &random);
}

TokenRecord& AddMergeToken(const std::string& id, EnrollmentState* state) {
  TokenRecord& token = state->tokens[id];
  token.id = id;
  token.max_uses = 3;
  token.expires = AfterMerge(500'000);
  return token;
}

TEST(EnrollmentMerge, ARevocationOfEitherListHolds) {
  for (const bool revoked_here : {true, false}) {
    EnrollmentState here = MergeState();
    AddMergeNode("a", kMergeSecond, &here);
    EnrollmentState saved = here;
    // The other one gave it a newer certificate, and did not hear of the revocation.
    NodeRecord& renewed = (revoked_here ? saved : here).nodes["a"];
    renewed.generation = kMergeSecond + 500;
    RevokeNodeIn("a", 0, AfterMerge(1000), revoked_here ? &here : &saved);
    const Result<EnrollmentState> merged = MergeEnrollment(here, saved);
    ASSERT_TRUE(merged.ok()) << merged.status().ToString();
    EXPECT_NE(merged->nodes.at("a").revoked.ms, 0);
    EXPECT_FALSE(CheckSerialIn(*merged, "a", SerialOf(kMergeSecond)).ok());
    EXPECT_FALSE(CheckSerialIn(*merged, "a", SerialOf(kMergeSecond + 500)).ok());
  }
}

TEST(EnrollmentMerge, AHostThatJoinedAnewAfterItsRevocationStaysIn) {
  EnrollmentState saved = MergeState();
  AddMergeNode("a", kMergeSecond, &saved);
  RevokeNodeIn("a", 0, AfterMerge(1000), &saved);
  EnrollmentState here = saved;
  const int64_t joined = here.nodes["a"].min_generation;  // within the same second
  AddMergeNode("a", joined, &here);
  for (const auto& merged : {MergeEnrollment(here, saved), MergeEnrollment(saved, here)}) {
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(merged->nodes.at("a").revoked.ms, 0);
    EXPECT_TRUE(CheckSerialIn(*merged, "a", SerialOf(joined)).ok());
    EXPECT_FALSE(CheckSerialIn(*merged, "a", SerialOf(kMergeSecond)).ok());
  }
}

TEST(EnrollmentMerge, TakesNodesThatOnlyOneKnows) {
  EnrollmentState here = MergeState();
  EnrollmentState saved = MergeState();
  AddMergeNode("here", kMergeSecond, &here);
  AddMergeNode("saved", kMergeSecond, &saved);
  AddMergeNode("gone", kMergeSecond, &saved);
  RevokeNodeIn("gone", 0, kMergeTime, &saved);
  const Result<EnrollmentState> merged = MergeEnrollment(here, saved);
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->nodes.size(), 3U);
  EXPECT_FALSE(CheckSerialIn(*merged, "gone", SerialOf(kMergeSecond)).ok());
}

TEST(EnrollmentMerge, ASpentOrRevokedTokenStaysSo) {
  EnrollmentState here = MergeState();
  AddMergeToken("spent-here", &here).uses = 3;
  AddMergeToken("spent-saved", &here).uses = 1;
  AddMergeToken("revoked-here", &here).revoked = AfterMerge(10);
  AddMergeToken("revoked-saved", &here);
  EnrollmentState saved = MergeState();
  AddMergeToken("spent-here", &saved).uses = 1;
  AddMergeToken("spent-saved", &saved).uses = 3;
  AddMergeToken("revoked-here", &saved);
  AddMergeToken("revoked-saved", &saved).revoked = AfterMerge(10);
  AddMergeToken("forgotten", &saved);
  const Result<EnrollmentState> merged = MergeEnrollment(here, saved);
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->tokens.at("spent-here").uses, 3);
  EXPECT_EQ(merged->tokens.at("spent-saved").uses, 3);
  EXPECT_EQ(merged->tokens.at("revoked-here").revoked, AfterMerge(10));
  EXPECT_EQ(merged->tokens.at("revoked-saved").revoked, AfterMerge(10));
  EXPECT_FALSE(merged->tokens.contains("forgotten")) << "it may have been revoked since";
}

TEST(EnrollmentMerge, TheNewestLineageAndSetOfCAsHold) {
  EnrollmentState older = MergeState();
  older.newest_lineage_ms = 7;
  EnrollmentState newer = MergeState();
  newer.authorities = {{2, std::string(64, 'b'), kMergeTime, AfterMerge(1'000'000)}};
  newer.trust_generation = kMergeSecond;
  newer.newest_lineage_ms = 5;
  for (const auto& merged : {MergeEnrollment(older, newer), MergeEnrollment(newer, older)}) {
    ASSERT_TRUE(merged.ok());
    EXPECT_EQ(merged->newest_lineage_ms, 7);
    EXPECT_EQ(merged->trust_generation, kMergeSecond);
    EXPECT_EQ(merged->active().number, 2);
  }
}

TEST(EnrollmentMerge, RefusesAnotherClusterAndACaThatWasMadeAnew) {
  EnrollmentState other = MergeState();
  other.cluster_id = "c2";
  EXPECT_EQ(MergeEnrollment(MergeState(), other).status().code(), StatusCode::kConflict);
  EnrollmentState anew = MergeState();
  anew.authorities[0].fingerprint = std::string(64, 'b');
  const Status status = MergeEnrollment(anew, MergeState()).status();
  EXPECT_EQ(status.code(), StatusCode::kConflict);
  EXPECT_NE(status.message().find("made anew"), std::string::npos) << status.message();
}

TEST(EnrollmentMerge, ForgetsNoRevocationForWantOfRoom) {
  EnrollmentState here = MergeState();
  for (size_t i = 0; i < kMaxNodeRecords; ++i)
    AddMergeNode("n" + std::to_string(i), kMergeSecond, &here);
  EnrollmentState saved = MergeState();
  AddMergeNode("one-more", kMergeSecond, &saved);
  EXPECT_EQ(MergeEnrollment(here, saved).status().code(), StatusCode::kConflict);
}

}  // namespace
}  // namespace reconcile
