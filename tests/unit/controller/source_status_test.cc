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

std::vector<std::string> Results(const SourceStatus& status) {
  std::vector<std::string> results;
  for (const SourceRevision& revision : status.history) {
    results.push_back(revision.commit + " " + revision.result);
  }
  return results;
}

TEST(History, KeepsWhatBecameOfEachCommitNewestFirst) {
  SourceStatus status;
  const FetchedCommit first{.id = "c1", .author = "Ada", .subject = "Begin", .committed_at = {500}};
  SetApplied(first, &status, WallTime{1'000});
  RememberRevision(first, WallTime{1'000}, &status);
  SetReady(&status, ConditionStatus::kFalse, "InvalidCommit", "commit c2: a.yaml:1:1: odd",
           WallTime{2'000});
  RememberRevision({.id = "c2"}, WallTime{2'000}, &status);
  status.held = HeldPrune{.commit = "c3", .reason = "would remove 9 of 10 objects"};
  SetReady(&status, ConditionStatus::kFalse, "PruneHeld", status.held->reason, WallTime{3'000});
  RememberRevision({.id = "c3"}, WallTime{3'000}, &status);
  EXPECT_EQ(Results(status), (std::vector<std::string>{"c3 Held", "c2 Failed", "c1 Applied"}));
  EXPECT_EQ(status.history[0].message, "would remove 9 of 10 objects");
  EXPECT_EQ(status.history[1].message, "a.yaml:1:1: odd");
  EXPECT_EQ(status.history[1].committed_at, std::nullopt);
  EXPECT_EQ(status.history[2].at, WallTime{1'000});
  EXPECT_EQ(status.history[2].committed_at, WallTime{500});
  // A confirmed one is applied: the same entry says so.
  SetApplied({.id = "c3"}, &status, WallTime{9'000});
  RememberRevision({.id = "c3"}, WallTime{9'000}, &status);
  EXPECT_EQ(Results(status)[0], "c3 Applied");
  EXPECT_EQ(status.history[0].at, WallTime{9'000});
  EXPECT_EQ(status.history.size(), 3U);
}

TEST(History, WithoutNewsStaysAsItIs) {
  SourceStatus status;
  SetApplied({.id = "c1"}, &status, WallTime{1'000});
  RememberRevision({.id = "c1"}, WallTime{1'000}, &status);
  const SourceStatus before = status;
  RememberRevision({.id = "c1"}, WallTime{5'000}, &status);
  EXPECT_EQ(status, before);
  // What is wrong is not said of a commit: the repository does not answer.
  SetReady(&status, ConditionStatus::kFalse, "FetchFailed", "no answer", WallTime{6'000});
  RememberRevision({.id = "c1"}, WallTime{6'000}, &status);
  EXPECT_EQ(status.history, before.history);
}

TEST(History, ACommitTakenBackAddsNothingTwice) {
  SourceStatus status;
  SetApplied({.id = "c1"}, &status, WallTime{1'000});
  RememberRevision({.id = "c1"}, WallTime{1'000}, &status);
  SetReady(&status, ConditionStatus::kFalse, "InvalidCommit", "commit c2: odd", WallTime{2'000});
  RememberRevision({.id = "c2"}, WallTime{2'000}, &status);
  SetApplied({.id = "c1"}, &status, WallTime{3'000});
  RememberRevision({.id = "c1"}, WallTime{3'000}, &status);
  EXPECT_EQ(Results(status), (std::vector<std::string>{"c2 Failed", "c1 Applied"}));
}

TEST(History, ACommitThatIsNotInForceHasOneRowWhateverIsSaidOfIt) {
  SourceStatus status;
  SetApplied({.id = "c1"}, &status, WallTime{1'000});
  RememberRevision({.id = "c1"}, WallTime{1'000}, &status);
  int64_t at = 2'000;
  for (const char* commit : {"c2", "c3", "c2", "c3", "c2"}) {
    status.waiting = SourceWaiting{.commit = commit};
    RememberWaiting(WallTime{at += 1'000}, &status);
    RememberRevision({.id = "c1"}, WallTime{at}, &status);
  }
  EXPECT_EQ(Results(status), (std::vector<std::string>{"c2 Waiting", "c3 Waiting", "c1 Applied"}));
  status.waiting.reset();
  status.held = HeldPrune{.commit = "c3", .reason = "would remove 9 of 10 objects"};
  SetReady(&status, ConditionStatus::kFalse, "PruneHeld", status.held->reason, WallTime{9'000});
  RememberRevision({.id = "c3"}, WallTime{9'000}, &status);
  EXPECT_EQ(Results(status), (std::vector<std::string>{"c3 Held", "c2 Waiting", "c1 Applied"}));
  SetApplied({.id = "c3"}, &status, WallTime{10'000});
  RememberRevision({.id = "c3"}, WallTime{10'000}, &status);
  EXPECT_EQ(Results(status), (std::vector<std::string>{"c3 Applied", "c2 Waiting", "c1 Applied"}));
}

TEST(History, WhatWasInForceIsNotPushedOutByWhatWasNot) {
  SourceStatus status;
  SetApplied({.id = "good"}, &status, WallTime{1'000});
  RememberRevision({.id = "good"}, WallTime{1'000}, &status);
  for (size_t i = 0; i < kMaxHistory + 5; ++i) {
    const std::string commit = "c" + std::to_string(i);
    SetReady(&status, ConditionStatus::kFalse, "InvalidCommit", "commit " + commit + ": odd",
             WallTime{2'000});
    RememberRevision({.id = commit}, WallTime{2'000}, &status);
  }
  ASSERT_EQ(status.history.size(), kMaxNotApplied + 1);
  EXPECT_EQ(status.history.front().commit, "c24");
  EXPECT_EQ(status.history.back().commit, "good");
}

TEST(History, IsBounded) {
  SourceStatus status;
  for (size_t i = 0; i < kMaxHistory + 5; ++i) {
    const FetchedCommit commit{.id = "c" + std::to_string(i),
                               .author = std::string(10'000, 'a'),
                               .subject = std::string(10'000, 's')};
    SetApplied(commit, &status, WallTime{static_cast<int64_t>(i)});
    RememberRevision(commit, WallTime{static_cast<int64_t>(i)}, &status);
  }
  ASSERT_EQ(status.history.size(), kMaxHistory);
  EXPECT_EQ(status.history[0].commit, "c24");
  EXPECT_LT(status.history[0].subject.size(), 300U);
  EXPECT_LT(status.history[0].author.size(), 300U);
}

}  // namespace
}  // namespace reconcile
