#include "source/fake_source.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

std::string ValueText(const std::string& value) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {key: '" + value + "'}\n";
}

// One source whose repository has a history, and controllers that come and go.
class OperationsTest : public testing::Test {
 protected:
  void Start() {
    ControllerOptions options;
    options.sources = {{"main", spec_}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    ASSERT_TRUE(controller_->Start().ok());
    Settle();
  }
  void Settle() { time_.RunFor(100); }
  // Longer than between two looks.
  void Wait() { time_.RunFor(70'000); }
  void Commit(const std::string& id, const std::string& text) {
    FetchedCommit commit;
    commit.id = id;
    commit.author = "Ada <ada@example.com>";
    commit.subject = "Subject of " + id;
    commit.files = {{"a.yaml", id + "a", std::make_shared<std::string>(text)}};
    source_.SetCommit("/repository", commit);
    Settle();
  }
  std::string InForce() {
    const auto found = controller_->State()->Find<ConfigMap>("default", "words");
    return found == nullptr ? "" : found->data.at("key");
  }
  SourceStatus StatusNow() { return controller_->State()->Find<Source>("", "main")->status; }
  bool HasNote(const std::string& part) {
    const std::vector<std::string> notes = controller_->Notes();
    return std::any_of(notes.begin(), notes.end(), [&](const std::string& note) {
      return note.find(part) != std::string::npos;
    });
  }
  std::string HistoryText() {
    std::string text;
    for (const SourceRevision& revision : StatusNow().history) {
      text += revision.commit + " " + revision.result +
              (revision.message.empty() ? "" : " (" + revision.message + ")") + "\n";
    }
    return text;
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  SourceSpec spec_{"/repository", "", ""};
  const Controller::Told ada_{"ada", "it crashes"};
  std::unique_ptr<Controller> controller_;
};

// A source whose commits wait for a person.
class ManualTest : public OperationsTest {
 protected:
  ManualTest() { spec_.apply = "manual"; }
};

TEST_F(ManualTest, AppliesNothingByItselfAndSaysWhatWaits) {
  Commit("c1c1", ValueText("one"));
  Start();
  Wait();
  EXPECT_EQ(InForce(), "");
  EXPECT_TRUE(HasNote("source main: commit c1c1 waits for `reconcile apply`"));
  EXPECT_EQ(controller_->Unconverged(), std::vector<std::string>());
  EXPECT_EQ(StatusNow().waiting->subject, "Subject of c1c1");
  EXPECT_EQ(HistoryText(), "c1c1 Waiting\n");
  EXPECT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "one");
  EXPECT_FALSE(StatusNow().waiting.has_value());
  EXPECT_FALSE(StatusNow().accepted.has_value());
  EXPECT_EQ(HistoryText(), "c1c1 Applied\n");
}

TEST_F(ManualTest, WhatIsInForceStaysAndIsRepairedWhileAnotherCommitWaits) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  Commit("c2c2", ValueText("two"));
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(StatusNow().seen_commit, "c2c2");
  EXPECT_EQ(StatusNow().applied_commit, "c1c1");
  const auto changed =
      std::make_shared<ConfigMap>(*controller_->State()->Find<ConfigMap>("default", "words"));
  changed->data = {{"key", "by hand"}};
  ASSERT_TRUE(store_.Commit({{{changed->key(), changed}}}, store_.Snapshot()->revision()).ok());
  Wait();
  EXPECT_EQ(InForce(), "one");
  // Also by a controller that was started since.
  Start();
  Wait();
  EXPECT_EQ(InForce(), "one");
  EXPECT_TRUE(HasNote("commit c2c2 waits"));
}

TEST_F(ManualTest, ASettledWorldWithAWaitingCommitWritesNothing) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  Commit("c2c2", ValueText("two"));
  Wait();
  const Revision revision = controller_->State()->revision();
  Wait();
  Wait();
  EXPECT_EQ(controller_->State()->revision(), revision);
}

TEST_F(ManualTest, ABrokenCommitIsCheckedAndCannotBeAccepted) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  Commit("c2c2", "kind: [\n");
  EXPECT_TRUE(HasNote("commit c2c2 cannot be applied: a.yaml:"));
  std::string commit;
  EXPECT_EQ(controller_->PlanNewest("main", &commit).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(HistoryText().substr(0, 11), "c2c2 Failed");
}

TEST_F(ManualTest, WhatWasAcceptedIsAppliedAfterARestartThoughANewerCommitCame) {
  Commit("c1c1", ValueText("one"));
  Start();
  // The controller goes between its word and its deed; meanwhile people push.
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  controller_.reset();
  Commit("c2c2", ValueText("two"));
  Start();
  Wait();
  EXPECT_EQ(InForce(), "one");
  EXPECT_FALSE(StatusNow().accepted.has_value());
  EXPECT_TRUE(HasNote("commit c2c2 waits"));
  // It is not repeated: what comes after it stays.
  ASSERT_TRUE(controller_->Accept("main", "c2c2", ada_).ok());
  Settle();
  Start();
  Wait();
  EXPECT_EQ(InForce(), "two");
}

// Its history was rewritten, say.
TEST_F(ManualTest, ACommitInForceThatIsGoneBlocksNoOther) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  source_.ForgetCommit("/repository", "c1c1");
  Commit("c2c2", ValueText("two"));
  Start();
  Wait();
  EXPECT_EQ(InForce(), "one");
  const Status may = controller_->MayAccept("main", "c2c2");
  ASSERT_TRUE(may.ok()) << may.message();
  ASSERT_TRUE(controller_->Accept("main", "c2c2", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "two");
  source_.FailFetches("/repository", UnavailableError("no answer"), 100);
  Wait();
  EXPECT_EQ(controller_->MayAccept("main", "c2c2").code(), StatusCode::kUnavailable)
      << "nobody knows which is the newest";
}

TEST_F(ManualTest, OnlyTheNewestCommitCanBeAccepted) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  const Status older = controller_->Accept("main", "c1c1", ada_);
  EXPECT_EQ(older.code(), StatusCode::kConflict);
  EXPECT_NE(older.message().find("the newest of source main is c2c2 now"), std::string::npos);
  ASSERT_TRUE(controller_->Accept("main", "c2c2", ada_).ok());
  Settle();
  EXPECT_EQ(controller_->Accept("main", "c2c2", ada_).message(),
            "commit c2c2 of source main is in force already");
  EXPECT_EQ(controller_->Accept("none", "c2c2", ada_).code(), StatusCode::kNotFound);
}

TEST_F(ManualTest, TheBreakerHoldsWhatWasAcceptedUntilItIsConfirmed) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  Commit("c2c2", "");
  ASSERT_TRUE(controller_->Accept("main", "c2c2", ada_).ok());
  Wait();
  EXPECT_EQ(InForce(), "one");
  ASSERT_TRUE(StatusNow().held.has_value());
  // A newer commit changes nothing of that, and does not let the history grow.
  Commit("c3c3", ValueText("three"));
  Wait();
  const size_t entries = StatusNow().history.size();
  Wait();
  EXPECT_EQ(StatusNow().history.size(), entries);
  ASSERT_TRUE(controller_->Confirm(StatusNow().held->plan_hash).ok());
  Wait();
  EXPECT_EQ(InForce(), "");
  EXPECT_EQ(StatusNow().applied_commit, "c2c2");
}

TEST_F(ManualTest, ASourceReadOtherwiseWaitsAnew) {
  Commit("c1c1", ValueText("one"));
  spec_.apply.clear();
  Start();
  EXPECT_EQ(InForce(), "one");
  spec_.apply = "manual";
  Start();
  Wait();
  EXPECT_FALSE(StatusNow().waiting.has_value()) << "what is in force was applied as it is read";
  spec_.ignore_groups = {"example.com"};
  Start();
  Wait();
  EXPECT_TRUE(HasNote("commit c1c1 waits for `reconcile apply`"));
  EXPECT_EQ(InForce(), "one");
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Settle();
  EXPECT_FALSE(StatusNow().waiting.has_value());
  EXPECT_FALSE(StatusNow().read_otherwise);
}

TEST_F(OperationsTest, ASourceThatAppliesByItselfTakesNoPlan) {
  Commit("c1c1", ValueText("one"));
  Start();
  EXPECT_EQ(controller_->Accept("main", "c1c1", ada_).code(), StatusCode::kInvalid);
}

TEST_F(OperationsTest, PlansTheNewestCommitAsItWouldApplyIt) {
  Commit("c1c1", ValueText("one"));
  Start();
  std::string commit;
  const auto plan = controller_->PlanNewest("", &commit);
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(commit, "c1c1");
  ASSERT_EQ(plan->preview.changes.size(), 1U);
  EXPECT_EQ(plan->preview.changes[0].type, ChangeType::kUnchanged);
}

using SuspendTest = OperationsTest;

TEST_F(SuspendTest, NothingChangesUntilResumedAlsoByTheNextController) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Suspend("main", ada_).ok());
  Commit("c2c2", ValueText("two"));
  Wait();
  EXPECT_EQ(InForce(), "one");
  EXPECT_TRUE(HasNote("source main: suspended by `reconcile suspend` (ada: it crashes)"));
  EXPECT_EQ(controller_->Suspend("main", ada_).code(), StatusCode::kConflict);
  EXPECT_EQ(controller_->Sync("main").code(), StatusCode::kInvalid);
  EXPECT_EQ(controller_->RollBack("main", "", ada_).status().code(), StatusCode::kConflict);
  Start();
  Wait();
  EXPECT_EQ(InForce(), "one");
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "two");
  EXPECT_EQ(controller_->Resume("main", ada_).code(), StatusCode::kInvalid);
}

TEST_F(SuspendTest, AResumedSourceIsWatchedAndPolledAsBefore) {
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Suspend("main", ada_).ok());
  Wait();
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  Settle();
  Commit("c2c2", ValueText("two"));
  EXPECT_EQ(InForce(), "two");
  source_.LoseHints(true);
  Commit("c3c3", ValueText("three"));
  Wait();
  EXPECT_EQ(InForce(), "three");
}

TEST_F(SuspendTest, ALookThatWasUnderWayIsNotWaitedFor) {
  Commit("c1c1", ValueText("one"));
  Start();
  source_.SetFetchDelay(50);
  ASSERT_TRUE(controller_->Sync("main").ok());
  ASSERT_TRUE(controller_->Sync("main").ok());
  ASSERT_TRUE(controller_->Suspend("main", ada_).ok());
  Wait();
  EXPECT_EQ(controller_->UnderWay(), std::vector<std::string>());
}

// What was read before, and not applied, may have been taken back since.
TEST_F(SuspendTest, AResumedSourceAppliesWhatIsThereNow) {
  Commit("c1c1", ValueText("one"));
  Start();
  store_.set_unavailable(true);
  Commit("c2c2", ValueText("two"));
  store_.set_unavailable(false);
  ASSERT_TRUE(controller_->Suspend("main", ada_).ok());
  Wait();
  EXPECT_EQ(InForce(), "one");
  source_.SetFetchDelay(50);
  Commit("c3c3", ValueText("three"));
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  time_.RunFor(20);
  EXPECT_EQ(InForce(), "one") << "the fetch is still under way";
  Settle();
  EXPECT_EQ(InForce(), "three");
}

TEST_F(SuspendTest, TheConfigurationsSuspensionIsResumedThere) {
  Commit("c1c1", ValueText("one"));
  spec_.suspend = true;
  Start();
  EXPECT_TRUE(HasNote("suspended by its configuration"));
  const Status resumed = controller_->Resume("main", ada_);
  EXPECT_EQ(resumed.code(), StatusCode::kInvalid);
  EXPECT_NE(resumed.message().find("take `suspend` out of it"), std::string::npos);
  EXPECT_EQ(controller_->Resume("none", ada_).code(), StatusCode::kNotFound);
}

using RollBackTest = OperationsTest;

TEST_F(RollBackTest, GoesToTheCommitBeforeAndEndsWithTheNextOne) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  const Result<SourcePin> pin = controller_->RollBack("main", "", ada_);
  ASSERT_TRUE(pin.ok()) << pin.status().ToString();
  EXPECT_EQ(pin->commit, "c1c1");
  EXPECT_EQ(pin->from, "c2c2");
  Settle();
  EXPECT_EQ(InForce(), "one");
  EXPECT_TRUE(HasNote("rolled back by `reconcile rollback` (ada: it crashes) to commit c1c1"));
  EXPECT_EQ(HistoryText(),
            "c1c1 Applied (rolled back from c2c2, by ada: it crashes)\nc2c2 Applied\nc1c1 "
            "Applied\n");
  // It stays so: over time, and for the next controller.
  Wait();
  Start();
  Wait();
  EXPECT_EQ(InForce(), "one");
  Commit("c3c3", ValueText("three"));
  EXPECT_EQ(InForce(), "three");
  EXPECT_FALSE(StatusNow().pin.has_value());
  EXPECT_FALSE(HasNote("rolled back"));
}

TEST_F(RollBackTest, ADriftIsRepairedToThePinnedCommit) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  ASSERT_TRUE(controller_->RollBack("main", "", ada_).ok());
  Settle();
  const auto changed =
      std::make_shared<ConfigMap>(*controller_->State()->Find<ConfigMap>("default", "words"));
  changed->data = {{"key", "by hand"}};
  ASSERT_TRUE(store_.Commit({{{changed->key(), changed}}}, store_.Snapshot()->revision()).ok());
  Wait();
  EXPECT_EQ(InForce(), "one");
}

TEST_F(RollBackTest, GoesToANamedCommitOfTheHistoryAlone) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", "kind: [\n");
  Commit("c3c3", ValueText("three"));
  Commit("c4c4", ValueText("four"));
  EXPECT_EQ(controller_->RollBack("main", "c2", ada_).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(controller_->RollBack("main", "c4", ada_).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(controller_->RollBack("main", "c", ada_).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(controller_->RollBack("main", "99", ada_).status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(controller_->RollBack("main", "c1", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(controller_->RollBack("main", "c1", ada_).status().code(), StatusCode::kInvalid);
}

TEST_F(RollBackTest, ASecondOneGoesFurtherBack) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  Commit("c3c3", ValueText("three"));
  ASSERT_EQ(controller_->RollBack("main", "", ada_)->commit, "c2c2");
  Settle();
  ASSERT_EQ(controller_->RollBack("main", "", ada_)->commit, "c1c1");
  Settle();
  EXPECT_EQ(InForce(), "one");
  EXPECT_EQ(controller_->RollBack("main", "", ada_).status().code(), StatusCode::kNotFound);
}

TEST_F(RollBackTest, ResumeEndsIt) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  ASSERT_TRUE(controller_->RollBack("main", "", ada_).ok());
  Settle();
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "two");
}

// One word ends one thing.
TEST_F(RollBackTest, ResumeOfASuspendedOneEndsTheSuspensionFirst) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  ASSERT_TRUE(controller_->RollBack("main", "", ada_).ok());
  Settle();
  ASSERT_TRUE(controller_->Suspend("main", ada_).ok());
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "one");
  ASSERT_TRUE(StatusNow().pin.has_value());
  EXPECT_FALSE(StatusNow().suspended.has_value());
  ASSERT_TRUE(controller_->Resume("main", ada_).ok());
  Settle();
  EXPECT_EQ(InForce(), "two");
}

TEST_F(RollBackTest, ACommitThatIsGoneLeavesWhatIsInForce) {
  Commit("c1c1", ValueText("one"));
  Start();
  Commit("c2c2", ValueText("two"));
  source_.FailFetches("/repository", OkStatus(), 0);
  ASSERT_TRUE(controller_->RollBack("main", "", ada_).ok());
  source_.FailFetches("/repository", InvalidError("no revision \"c1c1\""), 3);
  Settle();
  EXPECT_EQ(InForce(), "two");
  ASSERT_FALSE(controller_->Unconverged().empty());
  Wait();
  EXPECT_EQ(InForce(), "one") << "it came back";
}

TEST_F(RollBackTest, OfASourceWithWaitingCommitsLeavesThemWaiting) {
  spec_.apply = "manual";
  Commit("c1c1", ValueText("one"));
  Start();
  ASSERT_TRUE(controller_->Accept("main", "c1c1", ada_).ok());
  Commit("c2c2", ValueText("two"));
  ASSERT_TRUE(controller_->Accept("main", "c2c2", ada_).ok());
  Settle();
  ASSERT_EQ(controller_->RollBack("main", "", ada_)->commit, "c1c1");
  Settle();
  EXPECT_EQ(InForce(), "one");
  Commit("c3c3", ValueText("three"));
  EXPECT_EQ(InForce(), "one") << "the pin is over, and the commit waits";
  EXPECT_FALSE(StatusNow().pin.has_value());
  EXPECT_TRUE(HasNote("commit c3c3 waits"));
}

}  // namespace
}  // namespace reconcile
