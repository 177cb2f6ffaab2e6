// Pods whose manifests name their node.
#include "reconciler/scheduler/declared_node.h"

#include <gtest/gtest.h>

#include "reconciler/declared.h"
#include "schema/codec.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

class DeclaredNode : public testing::Test {
 protected:
  DeclaredNode() {
    world_.AddNode("host-1");
    world_.AddNode("host-2");
  }

  static std::shared_ptr<Pod> PodOn(const std::string& node, const std::string& name = "job") {
    auto pod = MakePod(name);
    pod->spec.node_name = node;
    return pod;
  }
  static std::shared_ptr<Deployment> DeploymentOn(const std::string& node, int32_t replicas) {
    auto deployment = MakeDeployment("web", replicas);
    deployment->spec.pod_template.spec.node_name = node;
    return deployment;
  }
  std::shared_ptr<const Pod> Job() const { return world_.state.Find<Pod>("default", "job"); }
  std::string WhyPending(const std::string& name = "job") const {
    const auto pod = world_.state.Find<Pod>("default", name);
    EXPECT_EQ(pod->spec.node_name, "");
    const Condition* scheduled = FindCondition(pod->status.conditions, "PodScheduled");
    return scheduled == nullptr ? "" : scheduled->message;
  }

  World world_;
};

TEST_F(DeclaredNode, IsWherePodsGoWhoeverElseIsThere) {
  world_.Declare({DeploymentOn("host-2", 3), PodOn("host-2")});
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"host-2", 4}}));
}

TEST_F(DeclaredNode, NeitherCordonNorNoScheduleKeepsThemAway) {
  world_.Edit<Node>("", "host-2", [](Node* node) {
    node->spec.unschedulable = true;
    node->spec.taints = {{.key = "db", .effect = TaintEffect::kNoSchedule}};
  });
  world_.Declare({PodOn("host-2")});
  EXPECT_EQ(Job()->spec.node_name, "host-2");
}

TEST_F(DeclaredNode, OneThatIsNotThereIsWaitedFor) {
  world_.Declare({PodOn("host-9")});
  EXPECT_EQ(WhyPending(),
            "spec.nodeName says host-9, and there is no such node: it waits until a host of that "
            "name has joined");
  EXPECT_EQ(Job()->status.phase, PodPhase::kPending);
  world_.AddNode("host-9");
  world_.Settle();
  EXPECT_EQ(Job()->spec.node_name, "host-9");
}

TEST_F(DeclaredNode, AdmitsWhatTheKubeletWould) {
  auto large = PodOn("host-2", "large");
  Request(&large->spec, "5", "1Gi");
  auto picky = PodOn("host-2", "picky");
  picky->spec.node_selector = {{"disk", "ssd"}};
  auto first = PodOn("host-2", "first");
  first->spec.containers.Edit()[0].ports = {{.container_port = 80, .host_port = 8080}};
  auto second = PodOn("host-2", "second");
  second->spec.containers.Edit()[0].ports = first->spec.containers.Edit()[0].ports;
  world_.Declare({large, picky, first});
  world_.Declare({large, picky, first, second});
  EXPECT_EQ(WhyPending("large"),
            "spec.nodeName says host-2, which does not admit it: needs 5 cpu, 4 free");
  EXPECT_EQ(WhyPending("picky"),
            "spec.nodeName says host-2, which does not admit it: label disk=ssd not matched");
  EXPECT_EQ(WhyPending("second"),
            "spec.nodeName says host-2, which does not admit it: port 8080/TCP of the host taken");
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"", 3}, {"host-2", 1}}));
}

TEST_F(DeclaredNode, NoExecuteKeepsAwayWhatDoesNotTolerateIt) {
  world_.Edit<Node>("", "host-2", [](Node* node) {
    node->spec.taints = {{.key = "broken", .effect = TaintEffect::kNoExecute}};
  });
  world_.Declare({PodOn("host-2")});
  EXPECT_EQ(WhyPending(),
            "spec.nodeName says host-2, which does not admit it: it has the untolerated taint "
            "{broken: }");
}

TEST_F(DeclaredNode, WaitsForASilentHostAndForADrain) {
  world_.SetSilent("host-2", true);
  world_.Declare({PodOn("host-2")});
  EXPECT_EQ(WhyPending(), "spec.nodeName says host-2, which does not admit it: not ready");
  world_.SetSilent("host-2", false);
  world_.Edit<Node>("", "host-2", [](Node* node) {
    node->status.drain = NodeDrain{};
    node->status.drain->until = WallTime{INT64_MAX};
  });
  std::vector<Binding> bindings = Place({Job()}, world_.state);
  EXPECT_EQ(bindings.at(0).refusal,
            "spec.nodeName says host-2, which does not admit it: it is being drained");
}

TEST_F(DeclaredNode, CountsForThePodsAfterIt) {
  auto first = PodOn("host-2", "first");
  auto second = PodOn("host-2", "second");
  auto third = MakePod("third");
  for (const auto& pod : {first, second, third}) Request(&pod->spec, "3", "1Gi");
  world_.Declare({first, second, third});
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"", 1}, {"host-1", 1}, {"host-2", 1}}));
}

TEST_F(DeclaredNode, AnotherOneIsAnotherPodAndTheSameOneIsNoChange) {
  world_.Declare({PodOn("host-2")});
  const std::string uid = Job()->metadata.uid;
  EXPECT_EQ(world_.ChangesFor({PodOn("host-2")}).at(0).type, ChangeType::kUnchanged);
  const ObjectChanges changes = world_.ChangesFor({PodOn("host-1")});
  ASSERT_EQ(changes.at(0).fields.size(), 1U);
  EXPECT_EQ(changes[0].fields[0].path, "spec.nodeName");
  world_.Declare({PodOn("host-1")});
  EXPECT_EQ(Job()->spec.node_name, "host-1");
  EXPECT_NE(Job()->metadata.uid, uid);
}

TEST_F(DeclaredNode, ChangedLabelsLeaveThePodWhereItIs) {
  world_.Declare({PodOn("host-2")});
  const std::string uid = Job()->metadata.uid;
  auto labelled = PodOn("host-2");
  labelled->metadata.labels["tier"] = "db";
  world_.Declare({labelled});
  EXPECT_EQ(Job()->metadata.uid, uid);
  EXPECT_EQ(Job()->spec.node_name, "host-2");
  EXPECT_EQ(Job()->spec.declared_node_name, "host-2");
  EXPECT_EQ(world_.ChangesFor({labelled}).at(0).type, ChangeType::kUnchanged);
}

TEST_F(DeclaredNode, OfADeploymentsTemplateIsRolledOut) {
  world_.Declare({DeploymentOn("host-2", 2)});
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"host-2", 2}}));
  world_.Declare({DeploymentOn("host-1", 2)});
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"host-1", 2}}));
  world_.Declare({DeploymentOn("", 2)});
  EXPECT_EQ(world_.Spread(), (std::map<std::string, int>{{"host-1", 1}, {"host-2", 1}}));
}

TEST_F(DeclaredNode, IsKeptInTheStoreAndShownToNobody) {
  world_.Declare({PodOn("host-2")});
  EXPECT_EQ(EncodeObject(*Job(), EncodeFor::kStore).Find("spec")->GetString("declaredNodeName"),
            "host-2");
  const Value shown = EncodeObject(*Job(), EncodeFor::kUser);
  EXPECT_EQ(shown.Find("spec")->Find("declaredNodeName"), nullptr);
  EXPECT_EQ(shown.Find("spec")->GetString("nodeName"), "host-2");
}

}  // namespace
}  // namespace reconcile
