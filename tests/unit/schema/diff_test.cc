#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::DeploymentWith;
using testing::MustDecode;

std::string Diff(const Object& before, const Object& after) {
  std::string text;
  for (const FieldChange& change : DiffObjects(before, after)) {
    text += change.path + ": " + change.before + " -> " + change.after + '\n';
  }
  return text;
}

std::string Diff(const std::string& before, const std::string& after) {
  return Diff(*MustDecode(before), *MustDecode(after));
}

TEST(Diff, NamesFieldsOfNamedContainers) {
  EXPECT_EQ(Diff(DeploymentWith("args: [a]\n"), DeploymentWith("args: [a, b]\nworkingDir: /x\n")),
            "spec.template.spec.containers[web].args: [\"a\"] -> [\"a\",\"b\"]\n"
            "spec.template.spec.containers[web].workingDir:  -> \"/x\"\n");
}

TEST(Diff, EqualValuesWrittenDifferentlyAreNoChange) {
  EXPECT_EQ(Diff(DeploymentWith("resources: {limits: {cpu: 100m, memory: 1Gi}}\n"),
                 DeploymentWith("resources: {limits: {memory: 1024Mi, cpu: 0.1}}\n"
                                "imagePullPolicy: IfNotPresent\nenv: []\n")),
            "");
}

TEST(Diff, QuantitiesAreShownCanonically) {
  EXPECT_EQ(Diff(DeploymentWith("resources: {limits: {cpu: 0.1}}\n"),
                 DeploymentWith("resources: {limits: {cpu: 1500m, memory: 2048Mi}}\n")),
            "spec.template.spec.containers[web].resources.limits[cpu]: \"100m\" -> \"1500m\"\n"
            "spec.template.spec.containers[web].resources.limits[memory]:  -> \"2Gi\"\n");
}

TEST(Diff, NamedElementsAreMatchedByName) {
  EXPECT_EQ(Diff(DeploymentWith("env: [{name: A, value: '1'}, {name: B, value: '2'}]\n"),
                 DeploymentWith("env: [{name: B, value: '3'}, {name: C, value: '4'}]\n")),
            "spec.template.spec.containers[web].env[A]: {\"name\":\"A\",\"value\":\"1\"} -> \n"
            "spec.template.spec.containers[web].env[B].value: \"2\" -> \"3\"\n"
            "spec.template.spec.containers[web].env[C]:  -> {\"name\":\"C\",\"value\":\"4\"}\n");
}

TEST(Diff, AChangedOrderIsAChange) {
  EXPECT_EQ(Diff(DeploymentWith("env: [{name: A}, {name: B}]\n"),
                 DeploymentWith("env: [{name: B}, {name: A}]\n")),
            "spec.template.spec.containers[web].env.(order): [\"A\",\"B\"] -> [\"B\",\"A\"]\n");
}

TEST(Diff, ElementsWithoutUniqueNamesAreMatchedByPlace) {
  EXPECT_EQ(Diff(DeploymentWith("env: [{name: A, value: '1'}, {name: A, value: '2'}]\n"),
                 DeploymentWith("env: [{name: A, value: '1'}, {name: A, value: '3'}]\n")),
            "spec.template.spec.containers[web].env[1].value: \"2\" -> \"3\"\n");
  EXPECT_EQ(
      Diff(DeploymentWith("ports: [{containerPort: 53}]\n"),
           DeploymentWith("ports: [{containerPort: 53}, {containerPort: 53, protocol: UDP}]\n")),
      "spec.template.spec.containers[web].ports[1]:  -> "
      "{\"containerPort\":53,\"protocol\":\"UDP\"}\n");
}

TEST(Diff, FollowsTheOrderOfTheTable) {
  const std::string before = testing::DeploymentWithSpec("paused: true\nreplicas: 1\n");
  const std::string after = testing::DeploymentWithSpec("paused: false\nreplicas: 2\n");
  EXPECT_EQ(Diff(before, after), "spec.replicas: 1 -> 2\nspec.paused: true -> \n");
}

TEST(Diff, StatusAndServerSetFieldsAreNotDeclared) {
  const ObjectPtr before = MustDecode(testing::PodWithSpec(""));
  const auto after = before->Clone();
  auto* pod = static_cast<Pod*>(after.get());
  pod->status.phase = PodPhase::kRunning;
  pod->metadata.uid = "u";
  pod->metadata.owner_references = {{"v1", "Node", "n", "1", true, true}};
  pod->spec.declared_node_name = "host-1";
  EXPECT_EQ(Diff(*before, *pod), "");
}

std::string SecretWith(const std::string& fields) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n" + fields;
}

TEST(Diff, SecretValuesAreMaskedButToldApart) {
  const ObjectPtr before =
      MustDecode(SecretWith("stringData: {same: x, changed: canary1, gone: canary2}\n"));
  const ObjectPtr after =
      MustDecode(SecretWith("stringData: {same: x, changed: canary3, new: canary4}\n"));
  EXPECT_EQ(Diff(*before, *after),
            "data[changed]: *** (before) -> *** (after)\n"
            "data[gone]: *** (before) -> \n"
            "data[new]:  -> *** (after)\n");
  for (const FieldChange& change : DiffObjects(*before, *after)) EXPECT_TRUE(change.secret);
}

TEST(Diff, TheFirstAndTheLastSecretValueAreMaskedToo) {
  const ObjectPtr empty = MustDecode(SecretWith(""));
  const ObjectPtr full = MustDecode(SecretWith("stringData: {a: canary}\n"));
  EXPECT_EQ(Diff(*empty, *full), "data[a]:  -> *** (after)\n");
  EXPECT_EQ(Diff(*full, *empty), "data[a]: *** (before) -> \n");
}

TEST(Diff, KubectlsCopyOfASecretIsMasked) {
  const std::string copy =
      "metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: "
      "canary}}\n";
  const std::string text = Diff(SecretWith(""), "apiVersion: v1\nkind: Secret\n" + copy);
  EXPECT_EQ(text.find("canary"), std::string::npos) << text;
}

std::string UpdateErrors(const std::string& before, const std::string& after) {
  Problems problems;
  ValidateUpdate(*MustDecode(before), *MustDecode(after), &problems);
  std::string text;
  for (const Problem& problem : problems.errors) text += problem.ToString() + '\n';
  return text;
}

constexpr const char* kHowTo =
    "; delete the object in one commit and declare it anew in the next, or give it another name\n";

TEST(Update, SelectorsMustNotChange) {
  std::string before = testing::DeploymentWithSpec("");
  std::string after = before;
  for (size_t at = after.find("app: web"); at != std::string::npos; at = after.find("app: web")) {
    after.replace(at, 8, "app: api");
  }
  EXPECT_EQ(UpdateErrors(before, after),
            "m.yaml:1:1: Deployment web: spec.selector.matchLabels[app]: must not change (from "
            "\"web\" to \"api\")" +
                std::string(kHowTo));
}

TEST(Update, ReplicasImagesAndLabelsMayChange) {
  EXPECT_EQ(UpdateErrors(testing::DeploymentWithSpec("replicas: 1\n"),
                         testing::DeploymentWithSpec("replicas: 2\n")),
            "");
}

TEST(Update, OfAPodOnlyImagesMayChange) {
  std::string changed = testing::PodWithSpec("");
  changed.replace(changed.find("1.25"), 4, "1.26");
  EXPECT_EQ(UpdateErrors(testing::PodWithSpec(""), changed), "");
  EXPECT_EQ(
      UpdateErrors(testing::PodWithSpec(""), testing::PodWithSpec("restartPolicy: Never\n")),
      "m.yaml:1:1: Pod p: spec.restartPolicy: must not change (from \"Always\" to \"Never\")" +
          std::string(kHowTo));
}

TEST(Update, AnAddressOnceGivenStays) {
  const auto service = [](const std::string& ip) {
    return "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {clusterIP: '" + ip +
           "', ports: [{port: 80}]}\n";
  };
  EXPECT_EQ(UpdateErrors(service(""), service("10.0.0.1")), "");
  EXPECT_NE(UpdateErrors(service("10.0.0.1"), service("10.0.0.2")), "");
}

TEST(Update, ImmutableDataMustNotChangeNorBecomeMutable) {
  const auto config_map = [](const std::string& fields) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n" + fields;
  };
  const std::string frozen = config_map("immutable: true\ndata: {a: '1'}\n");
  EXPECT_NE(UpdateErrors(frozen, config_map("immutable: true\ndata: {a: '2'}\n")), "");
  EXPECT_NE(UpdateErrors(frozen, config_map("data: {a: '1'}\n")), "");
  EXPECT_EQ(UpdateErrors(config_map("data: {a: '1'}\n"), frozen), "");
}

TEST(Update, LongValuesAreCut) {
  const auto config_map = [](char filling) {
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\nimmutable: true\ndata: {a: " +
           std::string(500'000, filling) + "}\n";
  };
  EXPECT_LT(UpdateErrors(config_map('x'), config_map('y')).size(), 1'000U);
}

TEST(Update, TheTypeOfASecretStaysAndValuesAreNotInMessages) {
  EXPECT_NE(UpdateErrors(SecretWith("type: a\n"), SecretWith("type: b\n")), "");
  const std::string errors =
      UpdateErrors(SecretWith("immutable: true\nstringData: {a: canary1}\n"),
                   SecretWith("immutable: true\nstringData: {a: canary2}\n"));
  EXPECT_NE(errors.find("data[a]: must not change"), std::string::npos) << errors;
  EXPECT_EQ(errors.find("canary"), std::string::npos) << errors;
}

}  // namespace
}  // namespace reconcile
