#include "reconciler/restart_on_change.h"

#include <gtest/gtest.h>

#include "reconciler/advice.h"
#include "reconciler/effects.h"
#include "reconciler/health.h"
#include "reconciler/preview.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::shared_ptr<Deployment> ReaderOf(const std::string& config, Kind kind, bool restarts = true) {
  auto deployment = MakeDeployment("web", 2);
  EnvFromSource& from =
      deployment->spec.pod_template.spec.containers.Edit()[0].env_from.emplace_back();
  (kind == Kind::kSecret ? from.secret_ref : from.config_map_ref) = EnvFromRef{.name = config};
  if (restarts) deployment->metadata.annotations[std::string(kRestartOnChange)] = "true";
  return deployment;
}

std::shared_ptr<Secret> MakeSecretWith(const std::string& value) {
  auto secret = std::make_shared<Secret>();
  secret->metadata.name = "keys";
  secret->metadata.namespace_name = "default";
  secret->type = "Opaque";
  secret->data["password"] = value;
  return secret;
}

class RestartOnChangeTest : public testing::Test {
 protected:
  RestartOnChangeTest() { world_.AddNode("host-1"); }

  std::set<std::string> PodNames() const {
    std::set<std::string> names;
    for (const auto& pod : world_.ActivePods()) names.insert(pod->metadata.name);
    return names;
  }
  std::string ConfigOf() const {
    const auto& annotations = world_.ActivePods().front()->metadata.annotations;
    const auto found = annotations.find(std::string(kConfigAnnotation));
    return found == annotations.end() ? "" : found->second;
  }
  int PodsIn(const Preview& preview, PodFate fate) const {
    return static_cast<int>(std::count_if(preview.pods.begin(), preview.pods.end(),
                                          [&](const PodPreview& pod) { return pod.fate == fate; }));
  }

  World world_;
};

TEST_F(RestartOnChangeTest, OtherDataOfAConfigMapReplacesThePodsAndThePlanSaysSo) {
  const auto web = ReaderOf("words", Kind::kConfigMap);
  world_.Declare({web, MakeConfigMap("words", "1")});
  const std::set<std::string> before = PodNames();
  ASSERT_EQ(before.size(), 2U);
  const ObjectChanges changes = world_.ChangesFor({web, MakeConfigMap("words", "2")});
  const Preview preview = PreviewChanges(world_.state, changes, world_.now);
  EXPECT_EQ(PodsIn(preview, PodFate::kCreate), 2);
  EXPECT_EQ(PodsIn(preview, PodFate::kRemove), 2);
  for (size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].key.kind != Kind::kConfigMap) continue;
    EXPECT_EQ(preview.effects[i].strongest, Effect::kRollOut);
    ASSERT_EQ(preview.effects[i].users.size(), 1U);
    EXPECT_TRUE(preview.effects[i].users[0].restarts);
  }
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate != PodFate::kRemove) continue;
    EXPECT_EQ(pod.explanation, "replaced: a ConfigMap or Secret that it uses changed");
  }
  world_.Declare({web, MakeConfigMap("words", "2")});
  std::set<std::string> predicted;
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate == PodFate::kCreate) predicted.insert(pod.key.name);
  }
  EXPECT_EQ(PodNames(), predicted);
}

TEST_F(RestartOnChangeTest, WhoDoesNotAskKeepsItsPods) {
  const auto web = ReaderOf("words", Kind::kConfigMap, false);
  world_.Declare({web, MakeConfigMap("words", "1")});
  const std::set<std::string> before = PodNames();
  EXPECT_EQ(ConfigOf(), "");
  world_.Declare({web, MakeConfigMap("words", "2")});
  EXPECT_EQ(PodNames(), before);
}

TEST_F(RestartOnChangeTest, LabelsOfAConfigMapAndOtherConfigMapsReplaceNothing) {
  const auto web = ReaderOf("words", Kind::kConfigMap);
  world_.Declare({web, MakeConfigMap("words"), MakeConfigMap("other", "1")});
  const std::set<std::string> before = PodNames();
  const auto labelled = MakeConfigMap("words");
  labelled->metadata.labels["a"] = "b";
  world_.Declare({web, labelled, MakeConfigMap("other", "2")});
  EXPECT_EQ(PodNames(), before);
}

// What can be tried out with the values that people choose is nowhere.
TEST_F(RestartOnChangeTest, OfASecretThereIsNoDigest) {
  const auto web = ReaderOf("keys", Kind::kSecret);
  world_.Declare({web, MakeSecretWith("hunter2")});
  const std::set<std::string> before = PodNames();
  const std::string first = ConfigOf();
  EXPECT_FALSE(first.empty());
  world_.Declare({web, MakeSecretWith("hunter3")});
  EXPECT_NE(PodNames(), before);
  EXPECT_NE(ConfigOf(), first);
  world_.Declare({web, MakeSecretWith("hunter2")});
  EXPECT_NE(ConfigOf(), first) << "the same content says nothing";
}

TEST_F(RestartOnChangeTest, AskingForItReplacesThePodsOnce) {
  const auto before = ReaderOf("words", Kind::kConfigMap, false);
  world_.Declare({before, MakeConfigMap("words")});
  const auto after = ReaderOf("words", Kind::kConfigMap);
  const ObjectChanges changes = world_.ChangesFor({after, MakeConfigMap("words")});
  const Preview preview = PreviewChanges(world_.state, changes, world_.now);
  EXPECT_EQ(PodsIn(preview, PodFate::kRemove), 2);
  Effect strongest = Effect::kNone;
  for (const ChangeEffect& effect : preview.effects)
    strongest = std::max(strongest, effect.strongest);
  EXPECT_EQ(strongest, Effect::kRollOut);
}

TEST_F(RestartOnChangeTest, ItIsNotHealthyBeforeItsPodsHaveTheContentOfNow) {
  const auto web = ReaderOf("words", Kind::kConfigMap);
  world_.Declare({web, MakeConfigMap("words", "1")});
  const ObjectPtr held = world_.state.Find({Kind::kDeployment, "default", "web"});
  EXPECT_EQ(WhyUnhealthy(*held, world_.state), "");
  ClusterState changed = world_.state;
  const auto words = MakeConfigMap("words", "2");
  words->metadata.namespace_name = "default";
  changed.Put(words);
  EXPECT_EQ(WhyUnhealthy(*held, changed),
            "rolling out: a ConfigMap or Secret that it uses changed");
}

TEST_F(RestartOnChangeTest, IsWarnedOfWhereItDoesNothing) {
  const auto advice = [&](const ObjectPtr& object) {
    Problems problems;
    AdviseOn(world_.ChangesFor({object}), &problems);
    std::string text;
    for (const Problem& warning : problems.warnings) text += warning.message + "\n";
    return text;
  };
  const auto controller = MakeController("web", 1);
  controller->metadata.annotations[std::string(kRestartOnChange)] = "true";
  EXPECT_NE(advice(controller).find("does nothing: Deployments alone"), std::string::npos);
  const auto web = ReaderOf("words", Kind::kConfigMap);
  EXPECT_EQ(advice(web).find("restart-on-change"), std::string::npos);
  web->metadata.annotations[std::string(kRestartOnChange)] = "yes";
  EXPECT_NE(advice(web).find("counts as \"false\""), std::string::npos);
}

}  // namespace
}  // namespace reconcile
