#include <gtest/gtest.h>

#include "reconciler/desired_memory.h"
#include "tests/unit/reconciler/reference_warnings.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::string OfWave(const std::string& document, int wave) {
  std::string text = document;
  const size_t at = text.find("metadata: {");
  EXPECT_NE(at, std::string::npos) << text;
  return text.insert(
      at + 11, "annotations: {argocd.argoproj.io/sync-wave: '" + std::to_string(wave) + "'}, ");
}

std::string PodThatReads(const std::string& from) {
  return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, "
         "image: "
         "i:1, " +
         from + "}]}\n";
}
constexpr const char* kSettings =
    "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: v}\n";

TEST(References, WhatComesInAHigherWaveThanThePodsThatWaitForItNeverComes) {
  const std::string all = PodThatReads("envFrom: [{configMapRef: {name: settings}}]");
  EXPECT_EQ(
      ReferenceWarnings(OfWave(all, 1) + OfWave(kSettings, 3)),
      "Pod default/p: is of wave 1 and uses ConfigMap default/settings, which comes in wave 3: "
      "its containers wait for that, and wave 3 waits for them, for ever. Give ConfigMap "
      "default/settings wave 1 or a lower one\n");
  const std::string one =
      PodThatReads("env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]");
  EXPECT_NE(ReferenceWarnings(one + OfWave(kSettings, 1))
                .find("is of wave 0 and uses key 'a' of ConfigMap default/settings"),
            std::string::npos);
  EXPECT_EQ(ReferenceWarnings(OfWave(all, 1) + OfWave(kSettings, 1)), "");
  EXPECT_EQ(ReferenceWarnings(OfWave(all, 1) + OfWave(kSettings, -1)), "");
  const std::string optional =
      PodThatReads("envFrom: [{configMapRef: {name: settings, optional: true}}]");
  EXPECT_EQ(ReferenceWarnings(optional + OfWave(kSettings, 1)), "");
}

TEST(References, WhatIsMissingHoldsUpHigherWaves) {
  const std::string pod = PodThatReads("envFrom: [{configMapRef: {name: settings}}]");
  const std::string other = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
  const std::string waits = ": its containers wait until it is";
  EXPECT_NE(ReferenceWarnings(pod + OfWave(other, 1))
                .find(waits + ", and what is in higher waves waits for them\n"),
            std::string::npos);
  EXPECT_NE(ReferenceWarnings(OfWave(pod, 1) + other).find(waits + "\n"), std::string::npos);
  const std::string none =
      "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 0, "
      "selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: "
      "[{name: c, image: i:1, envFrom: [{configMapRef: {name: settings}}]}]}}}\n";
  EXPECT_NE(ReferenceWarnings(none + OfWave(other, 1)).find(waits + "\n"), std::string::npos)
      << "it is healthy without pods";
  EXPECT_EQ(ReferenceWarnings(none + OfWave(kSettings, 1)), "");
}

TEST(References, WhatIsThereAlreadyIsNoneTooLate) {
  const std::string pod =
      PodThatReads("env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}]");
  const std::vector<ObjectPtr> objects = ParseDocuments(pod + OfWave(kSettings, 1));
  ClusterState state;
  const auto settings = MakeConfigMap("settings");
  settings->metadata.origin.source = "main";
  settings->data = {{"a", "older"}};
  state.Put(settings);
  Problems problems;
  BuildDesired("main", "c0ffee", objects, state, &problems);
  EXPECT_TRUE(problems.warnings.empty()) << problems.warnings.front().ToString();
  const auto without = std::make_shared<ConfigMap>(*settings);
  without->data = {{"b", "older"}};
  state.Put(without);
  BuildDesired("main", "c0ffee", objects, state, &problems);
  EXPECT_EQ(problems.warnings.size(), 1U) << "its key comes too late";
}

TEST(References, AHigherWaveIsToldAlsoByWhoRemembersTheLastCommit) {
  const std::string pod = PodThatReads("envFrom: [{configMapRef: {name: settings}}]");
  DesiredMemory memory;
  Problems problems;
  std::vector<ObjectPtr> objects = ParseDocuments(pod + kSettings);
  memory.Build("main", "c1", objects, ClusterState(), &problems);
  EXPECT_TRUE(problems.warnings.empty());
  objects[1] = ParseDocuments(OfWave(kSettings, 1)).front();
  memory.Build("main", "c2", objects, ClusterState(), &problems);
  EXPECT_EQ(problems.warnings.size(), 1U);
}

}  // namespace
}  // namespace reconcile
