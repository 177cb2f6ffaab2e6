#include <gtest/gtest.h>

#include "schema/field_table.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

TEST(Explain, TellsTypeDocDefaultSupportAndChildren) {
  for (const char* path : {"deployment", "pod.spec", "rc.spec.selector", "svc.spec.ports",
                           "deploy.spec.template.spec.containers.imagePullPolicy",
                           "pod.spec.containers.volumeMounts", "node.status", "secret"}) {
    const Result<std::string> text = Explain(path);
    ASSERT_TRUE(text.ok()) << text.status().ToString();
    testing::ExpectGolden("explain/" + std::string(path) + ".txt", *text);
  }
}

TEST(Explain, TakesAPathAsMessagesWriteIt) {
  const auto text = Explain("pod.spec.containers[web].env[0].name");
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, *Explain("pod.spec.containers.env.name"));
}

TEST(Explain, TakesAKindInFullAndFieldsInAnyCase) {
  const std::string containers = *Explain("deployment.spec.template.spec.containers");
  for (const char* path :
       {"deploy.spec.template.spec.containers", "deployments.apps.spec.template.spec.containers",
        "deployments.v1.apps.spec.template.spec.containers",
        "Deployment.Spec.TEMPLATE.spec.Containers"}) {
    const Result<std::string> text = Explain(path);
    ASSERT_TRUE(text.ok()) << path << text.status().ToString();
    EXPECT_EQ(*text, containers) << path;
  }
  EXPECT_EQ(*Explain("networkpolicies.networking.k8s.io"), *Explain("netpol"));
  EXPECT_FALSE(Explain("deployments.batch").ok());
}

TEST(Explain, SaysOfPartsThatTheWholeIsNotActedOn) {
  const std::string probe = *Explain("pod.spec.volumes.persistentVolumeClaim.claimName");
  EXPECT_NE(
      probe.find("\n    Not acted on, as all of persistentVolumeClaim: claims are not bound yet"),
      std::string::npos)
      << probe;
  EXPECT_EQ(Explain("pod.spec.containers.image")->find("Not acted on"), std::string::npos);
}

TEST(Explain, OnlyAnObjectItselfNeedsAnApiVersionAndKind) {
  const std::string required = "apiVersion  <string>  required\n";
  EXPECT_NE(Explain("statefulset")->find(required), std::string::npos);
  EXPECT_EQ(Explain("statefulset.spec.volumeClaimTemplates")->find(required), std::string::npos)
      << *Explain("statefulset.spec.volumeClaimTemplates");
}

TEST(Explain, UnknownWordsNameTheNearest) {
  const auto message = [](const char* path) {
    const Result<std::string> text = Explain(path);
    EXPECT_FALSE(text.ok()) << path;
    EXPECT_EQ(text.status().code(), StatusCode::kNotFound);
    return text.status().message();
  };
  EXPECT_EQ(message("bogus"), "no kind \"bogus\"; `reconcile explain` lists them");
  EXPECT_EQ(message("pod.spec.bogus"),
            "no field of Pod.spec \"bogus\"; `reconcile explain Pod.spec` lists them");
  EXPECT_EQ(message("deploymnt"), "no kind \"deploymnt\"; the nearest is \"deployment\"");
  EXPECT_EQ(message("pod.spec.container"),
            "no field of Pod.spec \"container\"; the nearest is \"containers\"");
  EXPECT_EQ(message("pod.spec.restartPolicy.x"), "Pod.spec.restartPolicy has no fields");
  EXPECT_EQ(message("pod.metadata.incarnation").substr(0, 38),
            "no field of Pod.metadata \"incarnation\"");
  EXPECT_FALSE(Explain("").ok());
}

// What a manifest may hold, a person can look up.
void ExpectDocumented(const StructTable& table, const std::string& path) {
  for (const FieldInfo& field : table.fields()) {
    if (!field.IsKept() || !field.IsDeclarable()) continue;
    const std::string field_path = path + '.' + std::string(field.name);
    EXPECT_FALSE(field.doc.empty()) << field_path;
    if (field.type->table() != nullptr) ExpectDocumented(*field.type->table(), field_path);
  }
}

TEST(Explain, EveryDeclarableFieldIsDocumented) {
  for (Kind kind : kAllKinds) {
    if (InfoOf(kind).declarable) {
      ExpectDocumented(TableOf(kind), std::string(InfoOf(kind).singular));
    }
  }
}

TEST(DescribeManifests, ListsEveryDeclarableKindAndField) {
  const std::string text = DescribeManifests();
  for (Kind kind : kAllKinds) {
    const KindInfo& info = InfoOf(kind);
    const bool listed = text.find("#### " + std::string(info.name) + "\n") != std::string::npos;
    EXPECT_EQ(listed, info.declarable) << info.name;
  }
  testing::ExpectGolden("manifests.md", text);
}

}  // namespace
}  // namespace reconcile
