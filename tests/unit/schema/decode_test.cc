#include <gtest/gtest.h>

#include <filesystem>

#include "schema/core.h"
#include "schema/field_reporter.h"
#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::DeploymentWith;
using testing::ErrorsOf;
using testing::MustDecode;
using testing::MustDecodeAs;
using testing::PodWithSpec;

// Every file of tests/golden/schema/errors has what is said about it in a file beside it.
TEST(DecodeManifest, SaysWhatIsWrongAndWhere) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("tests/golden/schema/errors")) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  ASSERT_GE(names.size(), 6U);
  for (const std::string& name : names) {
    const std::string yaml = testing::ReadFile("tests/golden/schema/errors/" + name + ".yaml");
    testing::ExpectGolden("errors/" + name + ".txt", ErrorsOf(yaml) + testing::WarningsOf(yaml));
  }
}

TEST(DecodeManifest, NullMeansUnset) {
  const auto deployment = MustDecodeAs<Deployment>(
      DeploymentWith("args: null\nresources:\nimagePullPolicy: ~\nvolumeMounts: null\n"));
  EXPECT_EQ(deployment->spec.pod_template.spec.containers[0].image_pull_policy,
            PullPolicy::kIfNotPresent);
}

TEST(DecodeManifest, ANullInAMapIsTheEmptyString) {
  const auto pod = MustDecodeAs<Pod>(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: }}\n"
      "spec: {containers: [{name: c, image: i}]}\n");
  EXPECT_EQ(pod->metadata.labels.at("a"), "");
}

TEST(DecodeManifest, ServerSetFieldsAndStatusAreDropped) {
  const auto pod = MustDecodeAs<Pod>(
      "apiVersion: v1\nkind: Pod\n"
      "metadata: {name: p, uid: u, resourceVersion: '7', generation: 3, selfLink: /x,\n"
      "  creationTimestamp: null, deletionTimestamp: whenever, managedFields: [{a: b}]}\n"
      "spec: {containers: [{name: c, image: i}]}\n"
      "status: {phase: Nonsense, unheardOf: true}\n");
  EXPECT_EQ(pod->metadata.uid, "");
  EXPECT_EQ(pod->metadata.resource_version, 0);
  EXPECT_EQ(pod->status, PodStatus());
}

TEST(DecodeManifest, OriginIsTheFileAndLine) {
  const ObjectPtr object = MustDecode("# first\n---\n\n" + PodWithSpec(""));
  EXPECT_EQ(object->metadata.origin, (Origin{"", "m.yaml", 4}));
}

TEST(DecodeManifest, InternalFieldsAreNotReadFromManifests) {
  EXPECT_NE(ErrorsOf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, incarnation: 3}\n")
                .find("unknown field \"incarnation\""),
            std::string::npos);
}

TEST(DecodeManifest, UnsupportedFieldsThatAskForNothingAreAccepted) {
  MustDecode(DeploymentWith("securityContext: {}\nvolumeMounts: []\nstdin: false\n"));
  MustDecode(PodWithSpec("hostNetwork: false\naffinity: {}\nschedulerName: default-scheduler\n"));
}

TEST(DecodeManifest, UnsupportedFieldsThatAskForSomethingAreRefused) {
  EXPECT_EQ(ErrorsOf(PodWithSpec("ephemeralContainers: [{name: d}]\n")),
            "m.yaml:6:3: spec.ephemeralContainers: valid in Kubernetes, not yet supported here: "
            "they are added to running pods, through the API\n");
}

TEST(DecodeManifest, FieldsThatAreNotActedOnAreKeptWithAWarning) {
  EXPECT_EQ(ErrorsOf(PodWithSpec("hostUsers: false\n")), "");
  EXPECT_EQ(testing::WarningsOf(PodWithSpec("hostUsers: false\n")),
            "m.yaml:6:14: spec.hostUsers: accepted, not acted on: pods that have it are not "
            "started\n");
  EXPECT_EQ(testing::WarningsOf(PodWithSpec("dnsPolicy: ClusterFirst\nhostUsers: true\n")), "");
}

TEST(DecodeManifest, SecretValuesAreNotInMessages) {
  const std::string errors = ErrorsOf(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
      "data: {a: canary-not-base64, b: 12345678}\n"
      "stringData: {c: 87654321, d: [canary], e: yes}\n");
  EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 5) << errors;
  for (const char* secret : {"canary", "12345678", "87654321", "yes"}) {
    EXPECT_EQ(errors.find(secret), std::string::npos) << errors;
  }
}

TEST(DecodeManifest, ErrorsOfAnObjectAreLimitedAndTheRestIsCounted) {
  std::string fields;
  for (size_t i = 0; i < kMaxProblemsPerObject + 5; ++i) {
    fields += "unheardOf" + std::to_string(i) + ": 1\n";
  }
  Problems problems;
  EXPECT_EQ(testing::Decode(DeploymentWith(fields), &problems), nullptr);
  ASSERT_EQ(problems.errors.size(), kMaxProblemsPerObject + 1);
  EXPECT_EQ(problems.errors.back().message, "5 more errors in this object are not shown");
  EXPECT_EQ(problems.errors.back().rule, Rule::kLimit);
}

TEST(DecodeManifest, AMisplacedFieldIsToldWhereItBelongs) {
  const auto unknown = [](const std::string& yaml) {
    std::string found;
    const std::string all = testing::PlainErrorsOf(yaml);
    for (size_t at = 0; at < all.size(); at = all.find('\n', at) + 1) {
      const std::string line = all.substr(at, all.find('\n', at) - at);
      if (line.find("unknown field") != std::string::npos) found += line + "\n";
    }
    return found;
  };
  const auto in_template = [&](const std::string& fields) {
    return unknown(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: "
        "{matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec: "
        "{containers: [{name: c, image: i:1}], " +
        fields + "}\n");
  };
  const std::string pod_spec = "spec.template.spec: unknown field ";
  EXPECT_EQ(in_template("replicas: 3"), pod_spec + "\"replicas\"; it belongs in spec\n");
  EXPECT_EQ(in_template("image: b"),
            pod_spec + "\"image\"; it belongs in spec.template.spec.containers[]\n");
  EXPECT_EQ(in_template("labels: {a: b}"),
            pod_spec + "\"labels\"; it belongs in spec.template.metadata\n");
  EXPECT_EQ(in_template("apiVersion: v1"),
            pod_spec +
                "\"apiVersion\"; it belongs to the object itself, beside apiVersion and "
                "kind\n");
  EXPECT_EQ(unknown(testing::DeploymentWithSpec("containers: [{name: c, image: i:1}]\n")),
            "spec: unknown field \"containers\"; it belongs in spec.template.spec\n");
  EXPECT_EQ(unknown(testing::DeploymentWithSpec("labels: {a: b}\n")),
            "spec: unknown field \"labels\"; it belongs in metadata\n");
  EXPECT_EQ(unknown(DeploymentWith("nodeSelector: {a: b}\n")),
            "spec.template.spec.containers[web]: unknown field \"nodeSelector\"; it belongs in "
            "spec.template.spec\n");
  EXPECT_EQ(unknown("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, data: {b: c}}\n"),
            "metadata: unknown field \"data\"; it belongs to the object itself, beside apiVersion "
            "and kind\n");
  EXPECT_EQ(unknown(testing::DeploymentWithSpec("replica: 3\n")),
            "spec: unknown field \"replica\"; did you mean \"replicas\"?\n");
}

TEST(DecodeManifest, JsonIsReadLikeYaml) {
  const Value value = ParseJson(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"c"},"data":{"n":1}})")
                          .value();
  Problems problems;
  EXPECT_EQ(DecodeManifest(value, "c.json", &problems), nullptr);
  ASSERT_EQ(problems.errors.size(), 1U);
  EXPECT_EQ(problems.errors[0].ToString(),
            "c.json:2:43: data[n]: must be a string, not the number 1; quote it: \"1\"");
}

TEST(Problem, IsWrittenWithAsMuchPositionAsThereIs) {
  EXPECT_EQ((Problem{"a.yaml", 3, 7, "wrong"}.ToString()), "a.yaml:3:7: wrong");
  EXPECT_EQ((Problem{"a.yaml", 0, 0, "wrong"}.ToString()), "a.yaml: wrong");
  EXPECT_EQ((Problem{"", 0, 0, "wrong"}.ToString()), "wrong");
}

}  // namespace
}  // namespace reconcile
