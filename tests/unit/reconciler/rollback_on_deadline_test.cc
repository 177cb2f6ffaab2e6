#include "reconciler/rollback_on_deadline.h"

#include <gtest/gtest.h>

#include "reconciler/advice.h"
#include "reconciler/effects.h"
#include "reconciler/health.h"
#include "reconciler/preview.h"
#include "schema/codec.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

class RollbackTest : public testing::Test {
 protected:
  RollbackTest() {
    world_.AddNode("host-1");
    world_.AddNode("host-2");
  }

  static std::shared_ptr<Deployment> Web(const std::string& image, int32_t replicas = 4) {
    auto deployment = MakeDeployment("web", replicas, image);
    deployment->metadata.annotations[std::string(kRollbackOnDeadline)] = "true";
    deployment->spec.progress_deadline_seconds = 60;
    return deployment;
  }
  // Hosts on which pods of the image "broken" never become ready, and time that passes.
  void Live(const std::shared_ptr<Deployment>& declared, int64_t ms) {
    const MonoTime end = world_.now.mono + ms;
    while (world_.now.mono < end) {
      world_.Take(world_.ChangesFor({declared}));
      for (const auto& pod : world_.Pods()) {
        if (pod->metadata.deletion_timestamp) {
          world_.state.Delete(pod->key());
        } else if (!broken_.contains(pod->spec.containers[0].image) && !IsReady(*pod)) {
          world_.SetReady(*pod, true);
        }
      }
      world_.Advance(5'000);
    }
  }
  // img:1 runs, then a commit that never comes to run, then the deadline.
  void FailToRollOut() {
    Live(Web("img:1"), 30'000);
    Live(Web("broken"), 200'000);
  }
  std::shared_ptr<const Deployment> Now() const {
    return world_.state.Find<Deployment>("default", "web");
  }
  std::map<std::string, int> Images() const {
    std::map<std::string, int> images;
    for (const auto& pod : world_.ActivePods()) ++images[pod->spec.containers[0].image];
    return images;
  }
  std::string ReasonOf(std::string_view type) const {
    const Condition* found = FindCondition(Now()->status.conditions, type);
    return found == nullptr ? "" : found->reason;
  }
  int64_t Rollbacks() const {
    const auto texts = world_.EventTexts();
    return std::count_if(texts.begin(), texts.end(), [](const std::string& text) {
      return text.find("DeploymentRollback") != std::string::npos;
    });
  }
  bool HasNothingToDo(const std::shared_ptr<Deployment>& declared) {
    return world_.Take(world_.ChangesFor({declared})).transaction.empty();
  }

  World world_;
  std::set<std::string> broken_ = {"broken"};
};

using Counts = std::map<std::string, int>;

TEST_F(RollbackTest, GoesBackToThePreviousTemplateAndIsHeldThere) {
  FailToRollOut();
  EXPECT_EQ(Images(), (Counts{{"img:1", 4}}));
  EXPECT_EQ(Now()->spec.pod_template.spec.containers[0].image, "broken") << "as Git has it";
  EXPECT_EQ(Now()->metadata.annotations.at(kRevisionAnnotation), "3");
  EXPECT_EQ(ReasonOf(kRolledBack), "ProgressDeadlineExceeded");
  EXPECT_EQ(ReasonOf("Progressing"), "NewReplicaSetAvailable");
  EXPECT_EQ(Rollbacks(), 1);
  const std::string told = WhyUnhealthy(*Now(), world_.state);
  EXPECT_EQ(told.find("rolled back: replica set web-"), 0U) << told;
  EXPECT_NE(told.find(" made no progress for 60 s"), std::string::npos) << told;
  EXPECT_TRUE(HasNothingToDo(Web("broken")));
  EXPECT_TRUE(HasNothingToDo(Web("broken")));
}

TEST_F(RollbackTest, HappensToNobodyWhoDoesNotAsk) {
  auto web = Web("broken");
  web->metadata.annotations.clear();
  Live(Web("img:1"), 30'000);
  Live(web, 200'000);
  EXPECT_EQ(ReasonOf("Progressing"), "ProgressDeadlineExceeded");
  EXPECT_EQ(ReasonOf(kRolledBack), "");
  EXPECT_GT(Images()["broken"], 0);
}

TEST_F(RollbackTest, AFirstTemplateHasNoneToGoBackTo) {
  Live(Web("broken"), 200'000);
  EXPECT_EQ(ReasonOf("Progressing"), "ProgressDeadlineExceeded");
  EXPECT_EQ(Rollbacks(), 0);
}

TEST_F(RollbackTest, ANewerTemplateEndsTheHold) {
  FailToRollOut();
  Live(Web("img:2"), 60'000);
  EXPECT_EQ(Images(), (Counts{{"img:2", 4}}));
  EXPECT_EQ(ReasonOf(kRolledBack), "");
  EXPECT_FALSE(Now()->metadata.annotations.contains(kRolledBackFrom));
  EXPECT_EQ(WhyUnhealthy(*Now(), world_.state), "");
  Live(Web("broken"), 200'000);
  EXPECT_EQ(Images(), (Counts{{"img:2", 4}})) << "it was tried again, and left again";
  EXPECT_EQ(Rollbacks(), 2);
}

TEST_F(RollbackTest, ARevertOfTheCommitEndsTheHoldAndReplacesNothing) {
  FailToRollOut();
  std::set<std::string> before;
  for (const auto& pod : world_.ActivePods()) before.insert(pod->metadata.name);
  Live(Web("img:1"), 30'000);
  for (const auto& pod : world_.ActivePods()) EXPECT_TRUE(before.contains(pod->metadata.name));
  EXPECT_EQ(ReasonOf(kRolledBack), "");
}

TEST_F(RollbackTest, ACommitThatScalesAloneIsFollowedAndStaysHeld) {
  FailToRollOut();
  Live(Web("broken", 6), 60'000);
  EXPECT_EQ(Images(), (Counts{{"img:1", 6}}));
  EXPECT_EQ(ReasonOf(kRolledBack), "ProgressDeadlineExceeded");
}

TEST_F(RollbackTest, TakingTheAnnotationAwayTriesTheTemplateAgain) {
  FailToRollOut();
  auto web = Web("broken");
  web->metadata.annotations.clear();
  const Preview preview = PreviewChanges(world_.state, world_.ChangesFor({web}), world_.now);
  Effect strongest = Effect::kNone;
  for (const ChangeEffect& effect : preview.effects) {
    strongest = std::max(strongest, effect.strongest);
  }
  EXPECT_EQ(strongest, Effect::kRollOut) << "and the plan says so";
  Live(web, 20'000);
  EXPECT_EQ(ReasonOf(kRolledBack), "");
  EXPECT_GT(Images()["broken"], 0);
}

TEST_F(RollbackTest, IsNotRepeatedWhenThePreviousTemplateDoesNotRunEither) {
  Live(Web("img:1"), 30'000);
  broken_.insert("img:1");
  for (const auto& pod : world_.Pods()) world_.SetReady(*pod, false);
  Live(Web("broken"), 400'000);
  EXPECT_EQ(Rollbacks(), 1);
  EXPECT_EQ(ReasonOf("Progressing"), "ProgressDeadlineExceeded");
  EXPECT_EQ(ReasonOf(kRolledBack), "ProgressDeadlineExceeded");
  EXPECT_TRUE(HasNothingToDo(Web("broken")));
  const auto images = Images();
  Live(Web("img:1"), 20'000);
  EXPECT_EQ(Rollbacks(), 1) << "a revert has a deadline of its own";
  EXPECT_EQ(ReasonOf(kRolledBack), "");
  EXPECT_EQ(Images(), images);
}

TEST_F(RollbackTest, ARevertThatAsksForRollbackIsNotLeftForWhatItReverts) {
  const auto without = [](const std::string& image) {
    auto deployment = Web(image, 1);
    deployment->metadata.annotations.erase(std::string(kRollbackOnDeadline));
    deployment->spec.strategy.type = DeploymentStrategyType::kRecreate;
    return deployment;
  };
  Live(without("img:1"), 30'000);
  Live(without("broken"), 200'000);
  ASSERT_EQ(ReasonOf("Progressing"), "ProgressDeadlineExceeded");
  auto revert = Web("img:1", 1);
  revert->spec.strategy.type = DeploymentStrategyType::kRecreate;
  Live(revert, 50'000);
  EXPECT_EQ(Rollbacks(), 0);
  EXPECT_EQ(Images(), (std::map<std::string, int>{{"img:1", 1}}));
}

TEST_F(RollbackTest, AControllerThatStartsAnewGoesOnHolding) {
  FailToRollOut();
  ClusterState loaded;
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : world_.state.Objects(kind)) {
      loaded.Put(*DecodeStored(EncodeObjectJson(*object, EncodeFor::kStore)));
    }
  }
  world_.state = loaded;
  EXPECT_TRUE(HasNothingToDo(Web("broken")));
  EXPECT_EQ(Images(), (Counts{{"img:1", 4}}));
}

TEST_F(RollbackTest, TheSetThatWasLeftIsKeptWithoutAnyHistory) {
  auto before = Web("img:1");
  before->spec.revision_history_limit = 0;
  auto after = Web("broken");
  after->spec.revision_history_limit = 0;
  Live(before, 30'000);
  Live(after, 400'000);
  EXPECT_EQ(Images(), (Counts{{"img:1", 4}}));
  EXPECT_EQ(Rollbacks(), 1);
}

TEST_F(RollbackTest, ATemplateThatServesIsPreferredToANewerOneThatDoesNot) {
  broken_.insert("broken:2");
  Live(Web("img:1"), 30'000);
  Live(Web("broken:2"), 30'000);
  Live(Web("broken"), 200'000);
  EXPECT_EQ(Images(), (Counts{{"img:1", 4}}));
}

TEST_F(RollbackTest, RecreateGoesBackToo) {
  auto before = Web("img:1");
  before->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
  auto after = Web("broken");
  after->spec.strategy = before->spec.strategy;
  Live(before, 30'000);
  Live(after, 200'000);
  EXPECT_EQ(Images(), (Counts{{"img:1", 4}}));
  EXPECT_EQ(Rollbacks(), 1);
}

TEST_F(RollbackTest, APlanWarnsOfWhatItLeavesHeld) {
  FailToRollOut();
  Problems problems;
  const auto warn = [&](const std::shared_ptr<Deployment>& web) {
    problems = {};
    const DesiredState desired = BuildDesired("main", "c1", {web}, world_.state, &problems);
    problems = {};
    WarnOfRolledBack(desired, world_.state, &problems);
    return problems.warnings.size();
  };
  EXPECT_EQ(warn(Web("broken", 5)), 1U);
  EXPECT_NE(problems.warnings[0].ToString().find("rolled back"), std::string::npos);
  EXPECT_EQ(warn(Web("img:2")), 0U);
}

TEST_F(RollbackTest, AValueThatMeansNothingIsWarnedOf) {
  auto web = Web("img:1");
  web->metadata.annotations[std::string(kRollbackOnDeadline)] = "yes";
  Problems problems;
  AdviseOn(world_.ChangesFor({web}), &problems);
  std::string text;
  for (const Problem& warning : problems.warnings) text += warning.ToString();
  EXPECT_NE(text.find("rollback-on-deadline\" is \"yes\""), std::string::npos) << text;
}

}  // namespace
}  // namespace reconcile
