#include "api/tree_view.h"

#include "schema/core.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

template <typename T>
std::shared_ptr<T> MakeObject(const std::string& name, const std::string& source) {
  auto object = std::make_shared<T>();
  object->metadata.name = name;
  object->metadata.uid = "u-" + name;
  if (InfoOf(T::kKind).namespaced) object->metadata.namespace_name = "shop";
  object->metadata.origin.source = source;
  return object;
}

void Own(const Object& owner, Object* owned) {
  owned->metadata.owner_references = {
      {"v1", std::string(InfoOf(owner.kind).name), owner.metadata.name, owner.metadata.uid, true}};
}

class TreeViewTest : public testing::Test {
 protected:
  TreeViewTest() {
    auto source = MakeObject<Source>("main", "");
    source->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    const auto deployment = MakeObject<Deployment>("web", "main");
    auto set = MakeObject<ReplicaSet>("web-1", "");
    set->spec.replicas = 1;
    auto past = MakeObject<ReplicaSet>("web-0", "");
    past->spec.replicas = 0;
    auto pod = MakeObject<Pod>("web-1-a", "");
    pod->spec.node_name = "host-1";
    Own(*deployment, set.get());
    Own(*deployment, past.get());
    Own(*set, pod.get());
    auto event = MakeObject<Event>("web.1", "main");
    for (const ObjectPtr& object : std::initializer_list<ObjectPtr>{
             source, deployment, set, past, pod, event, MakeObject<ConfigMap>("words", "main"),
             MakeObject<ConfigMap>("others", "other")}) {
      state_.Put(object);
    }
  }

  // "Source/main[Deployment/web[...]]", "!" before what is not healthy.
  static std::string Shape(const Value& item) {
    std::string text = (item.GetString("why").empty() ? "" : "!") + item.GetString("kind") + "/" +
                       item.GetString("name");
    std::string children;
    for (const Value& child : item.GetList("children")) {
      children += (children.empty() ? "" : " ") + Shape(child);
    }
    return children.empty() ? text : text + "[" + children + "]";
  }
  std::string Shown(const TreeQuery& query) const {
    const Result<Value> trees = EncodeTrees(state_, query);
    if (!trees.ok()) return trees.status().message();
    std::string text;
    for (const Value& item : trees->GetList("items")) text += Shape(item) + "\n";
    return text;
  }

  ClusterState state_;
};

TEST_F(TreeViewTest, ShowsWhatSourcesDeclareAndWhatThatOwns) {
  EXPECT_EQ(Shown({}),
            "Source/main[!Deployment/web[!ReplicaSet/web-1[!Pod/web-1-a]] ConfigMap/words]\n");
  EXPECT_EQ(Shown({.namespace_name = "other"}), "Source/main\n");
}

TEST_F(TreeViewTest, SaysOfWhichObjectsNothingFollows) {
  state_.Put(MakeObject<StatefulSet>("db", "main"));
  const Result<Value> trees = EncodeTrees(state_, {"sts", "db", "shop"});
  ASSERT_TRUE(trees.ok());
  EXPECT_EQ(trees->GetList("items")[0].GetString("notActedOn"), "no pods are made for it yet");
  const Result<Value> deployment = EncodeTrees(state_, {"deployment", "web", "shop"});
  EXPECT_EQ(deployment->GetList("items")[0].Find("notActedOn"), nullptr);
}

TEST_F(TreeViewTest, ShowsOneObject) {
  EXPECT_EQ(Shown({"rs", "web-1", "shop"}), "!ReplicaSet/web-1[!Pod/web-1-a]\n");
  EXPECT_EQ(Shown({"source", "main", "shop"}),
            "Source/main[!Deployment/web[!ReplicaSet/web-1[!Pod/web-1-a]] ConfigMap/words]\n");
  EXPECT_EQ(Shown({"rs", "none", "shop"}), "replicasets \"none\" not found");
  EXPECT_EQ(Shown({"gadget", "none", ""}), "\"gadget\" is no kind known here");
}

TEST_F(TreeViewTest, SaysWhyASourceIsNotInForce) {
  auto source = MakeObject<Source>("main", "");
  source->status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kFalse, .message = "web.yaml:3:1: no"}};
  state_.Put(source);
  const Result<Value> trees = EncodeTrees(state_, {});
  EXPECT_EQ(trees->GetList("items")[0].GetString("why"), "web.yaml:3:1: no");
}

}  // namespace
}  // namespace reconcile
