#include "controller/source_status.h"

namespace reconcile {
namespace {

SourceStatus StatusWith(ConditionStatus ready, const std::string& reason,
                        const std::string& commit) {
  SourceStatus status;
  status.seen_commit = commit;
  SetReady(&status, ready, reason, "some words", WallTime{1});
  return status;
}

TEST(SourceStatus, MessagesAreCut) {
  SourceStatus status;
  SetReady(&status, ConditionStatus::kFalse, "InvalidCommit", std::string(9'000'000, 'x'),
           WallTime{1});
  EXPECT_LE(status.conditions[0].message.size(), kMaxConditionBytes + 3);
  std::vector<Problem> problems(25);
  for (Problem& problem : problems) problem.message = std::string(1'000'000, 'x');
  EXPECT_LT(Summary(problems).size(), 10'000U);
  EXPECT_TRUE(Summary(problems).ends_with("; and 15 more"));
}

TEST(SourceStatus, SaysOnceWhatBecameOfACommit) {
  const SourceStatus invalid = StatusWith(ConditionStatus::kFalse, "InvalidCommit", "c1");
  const auto news = ReasonFor("main", SourceStatus(), invalid);
  ASSERT_TRUE(news.has_value());
  EXPECT_EQ(news->reason, "InvalidCommit");
  EXPECT_EQ(news->type, EventType::kWarning);
  EXPECT_EQ(news->message, "some words");
  EXPECT_FALSE(ReasonFor("main", invalid, invalid).has_value());
  const SourceStatus next = StatusWith(ConditionStatus::kFalse, "InvalidCommit", "c2");
  EXPECT_TRUE(ReasonFor("main", invalid, next).has_value());
  SourceStatus applied = next;
  SetApplied({.id = "c2", .subject = "Heal it"}, &applied, WallTime{2});
  EXPECT_EQ(ReasonFor("main", next, applied)->message, "commit c2 is in force: Heal it");
  EXPECT_EQ(ReasonFor("main", next, applied)->type, EventType::kNormal);
}

TEST(SourceStatus, AnotherHeldPruneIsNews) {
  SourceStatus held = StatusWith(ConditionStatus::kFalse, "PruneHeld", "c1");
  held.held = HeldPrune{.plan_hash = "a"};
  SourceStatus other = held;
  EXPECT_FALSE(ReasonFor("main", held, other).has_value());
  other.held->plan_hash = "b";
  EXPECT_TRUE(ReasonFor("main", held, other).has_value());
}

TEST(SourceStatus, ShowsABoundedNumberOfWarnings) {
  const std::vector<Problem> warnings(25, Problem{"a.yaml", 3, 1, "odd"});
  const std::vector<std::string> lines = WarningLines("main", warnings);
  ASSERT_EQ(lines.size(), 21U);
  EXPECT_EQ(lines[0], "source main: a.yaml:3:1: odd");
  EXPECT_EQ(lines[20], "source main: 5 more warnings; `reconcile validate` shows all");
}

}  // namespace
}  // namespace reconcile
