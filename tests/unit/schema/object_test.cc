#include "schema/object.h"

#include <gtest/gtest.h>

#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {
namespace {

TEST(Kinds, EachIsFoundByItsApiVersionAndName) {
  for (Kind kind : kAllKinds) {
    EXPECT_EQ(InfoOf(kind).kind, kind);
    EXPECT_EQ(FindKind(InfoOf(kind).api_version, InfoOf(kind).name), kind);
  }
  EXPECT_EQ(FindKind("v1", "Deployment"), std::nullopt);
  EXPECT_EQ(FindKind("apps/v1", "deployment"), std::nullopt);
}

TEST(Kinds, AreFoundByAnyWordAPersonTypes) {
  for (const char* word : {"po", "pod", "pods", "Pod", "PODS"}) {
    EXPECT_EQ(FindKindByWord(word), Kind::kPod) << word;
  }
  EXPECT_EQ(FindKindByWord("deploy"), Kind::kDeployment);
  EXPECT_EQ(FindKindByWord("rc"), Kind::kReplicationController);
  EXPECT_EQ(FindKindByWord("secrets"), Kind::kSecret);
  EXPECT_EQ(FindKindByWord(""), std::nullopt);  // Secret has no short name
  EXPECT_EQ(FindKindByWord("podd"), std::nullopt);
}

TEST(ObjectKey, IsWrittenWithItsNamespace) {
  EXPECT_EQ(ToString(ObjectKey{Kind::kDeployment, "default", "web"}), "Deployment default/web");
  EXPECT_EQ(ToString(ObjectKey{Kind::kNode, "", "host-1"}), "Node host-1");
}

TEST(ObjectMeta, ControllerIsTheOwnerThatManages) {
  ObjectMeta metadata;
  EXPECT_EQ(ControllerOf(metadata), nullptr);
  metadata.owner_references = {{"v1", "Node", "n", "1", false, false},
                               {"apps/v1", "ReplicaSet", "rs", "2", true, true}};
  ASSERT_NE(ControllerOf(metadata), nullptr);
  EXPECT_EQ(ControllerOf(metadata)->uid, "2");
}

ObjectPtr MakeConfigMap(const std::string& name, const std::string& text = "") {
  auto object = std::make_shared<ConfigMap>();
  object->metadata.namespace_name = "default";
  object->metadata.name = name;
  object->data["text"] = text;
  return object;
}

TEST(ClusterState, ChangingACopyLeavesTheOriginalAlone) {
  ClusterState original;
  original.Put(MakeConfigMap("a", "old"));
  ClusterState copy = original;
  copy.Put(MakeConfigMap("a", "new"));
  copy.Put(MakeConfigMap("b"));
  EXPECT_EQ(original.size(), 1U);
  EXPECT_EQ(original.Find<ConfigMap>("default", "a")->data.at("text"), "old");
  EXPECT_EQ(copy.Find<ConfigMap>("default", "a")->data.at("text"), "new");
  copy.Delete({Kind::kConfigMap, "default", "a"});
  EXPECT_NE(original.Find<ConfigMap>("default", "a"), nullptr);
  EXPECT_EQ(copy.Find<ConfigMap>("default", "a"), nullptr);
}

TEST(ClusterState, ChangingTheOriginalLeavesACopyAlone) {
  ClusterState original;
  original.Put(MakeConfigMap("a"));
  const ClusterState copy = original;
  original.Delete({Kind::kConfigMap, "default", "a"});
  EXPECT_EQ(original.size(), 0U);
  EXPECT_EQ(copy.size(), 1U);
}

TEST(ClusterState, VisitsObjectsOfOneKindInOrder) {
  ClusterState state;
  for (const char* name : {"c", "a", "b"}) state.Put(MakeConfigMap(name));
  std::string names;
  state.ForEach<ConfigMap>(
      [&](const std::shared_ptr<const ConfigMap>& object) { names += object->metadata.name; });
  EXPECT_EQ(names, "abc");
  state.ForEach<Secret>([](const std::shared_ptr<const Secret>&) { FAIL(); });
}

}  // namespace
}  // namespace reconcile
