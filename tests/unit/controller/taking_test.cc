// What a host tells that it runs is taken into a model that does not know of it.
#include <gtest/gtest.h>

#include "controller/recovery.h"
#include "reconciler/deployment.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

class TakingTest : public testing::Test {
 protected:
  TakingTest() {
    auto cluster = std::make_shared<Cluster>();
    cluster->metadata.name = "cluster";
    cluster->cluster_id = "cluster-1";
    cluster->lineage_began_ms = 5'000;
    state_.Put(cluster);
  }
  static std::shared_ptr<Pod> PodOn(const std::string& node, const std::string& name,
                                    const std::string& uid, int64_t created_ms) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "shop";
    pod->metadata.name = name;
    pod->metadata.uid = uid;
    pod->metadata.creation_timestamp = WallTime{created_ms};
    pod->spec.node_name = node;
    return pod;
  }
  Learned Take(const Inventory& inventory) {
    writes_.clear();
    return TakeInventories({&inventory}, &state_, &writes_, {{1}, {6'000}});
  }
  static Inventory InventoryOf(std::vector<std::shared_ptr<const Pod>> pods) {
    return {.node = "host-1", .fence = Fence(), .node_pod_cidr = "10.42.1.0/24", .pods = pods};
  }

  ClusterState state_;
  WriteSet writes_;
};

TEST_F(TakingTest, APodOfThisLineageThatTheHostDoesNotHaveYetStays) {
  state_.Put(PodOn("host-1", "old", "uid-old", 4'999));
  state_.Put(PodOn("host-1", "new", "uid-new", 5'000));
  state_.Put(PodOn("host-2", "other", "uid-other", 1));
  Take(InventoryOf({}));
  EXPECT_EQ(state_.Find<Pod>("shop", "old"), nullptr);
  EXPECT_NE(state_.Find<Pod>("shop", "new"), nullptr);
  EXPECT_NE(state_.Find<Pod>("shop", "other"), nullptr);
}

TEST_F(TakingTest, ANameThatWasGivenAnewIsSurplusOnAHostThatReturns) {
  state_.Put(PodOn("host-2", "single", "uid-new", 5'500));
  const Learned learned = Take(InventoryOf({PodOn("host-1", "single", "uid-old", 100)}));
  EXPECT_EQ(state_.Find<Pod>("shop", "single")->metadata.uid, "uid-new");
  EXPECT_EQ(learned.surplus_uids.at("host-1"), std::set<std::string>{"uid-old"});
}

TEST_F(TakingTest, AnOwnerThatWasMadeAnewTakesThePodsOfTheOneBefore) {
  auto controller = std::make_shared<ReplicationController>();
  controller->metadata.namespace_name = "shop";
  controller->metadata.name = "web";
  controller->metadata.uid = "rc-new";
  controller->spec.selector = {{"app", "web"}};
  state_.Put(controller);
  auto pod = PodOn("host-1", "web-1", "uid-1", 100);
  pod->metadata.labels = {{"app", "web"}};
  pod->metadata.owner_references = {{.api_version = "v1",
                                     .kind = "ReplicationController",
                                     .name = "web",
                                     .uid = "rc-old",
                                     .controller = true,
                                     .block_owner_deletion = true}};
  auto other = std::make_shared<Pod>(*pod);
  other->metadata.name = "web-2";
  other->metadata.uid = "uid-2";
  other->metadata.labels = {{"app", "else"}};
  Take(InventoryOf({pod, other}));
  EXPECT_EQ(ControllerOf(state_.Find<Pod>("shop", "web-1")->metadata)->uid, "rc-new");
  const auto released = state_.Find<Pod>("shop", "web-2");
  EXPECT_EQ(ControllerOf(released->metadata), nullptr);
  EXPECT_TRUE(released->metadata.annotations.contains(kRecoveredAnnotation));
}

TEST_F(TakingTest, APodThatIsGoingStaysSo) {
  auto known = PodOn("host-1", "web", "uid-1", 100);
  known->metadata.deletion_timestamp = WallTime{5'900};
  state_.Put(known);
  auto running = PodOn("host-1", "web", "uid-1", 100);
  running->metadata.resource_version = 99;
  Take(InventoryOf({running}));
  EXPECT_TRUE(state_.Find<Pod>("shop", "web")->metadata.deletion_timestamp.has_value());
}

TEST_F(TakingTest, OrphansGoToTheSourceOfTheirNamespace) {
  auto map = std::make_shared<ConfigMap>();
  map->metadata.namespace_name = "shop";
  map->metadata.name = "settings";
  map->metadata.origin.source = "second";
  state_.Put(map);
  auto orphan = PodOn("host-1", "web", "uid-1", 100);
  orphan->metadata.annotations[kRecoveredAnnotation] = "true";
  state_.Put(orphan);
  EXPECT_TRUE(GiveRecovered({}, &state_, &writes_).empty());
  EXPECT_EQ(GiveRecovered({"main", "second"}, &state_, &writes_), std::set<std::string>{"second"});
  EXPECT_EQ(state_.Find<Pod>("shop", "web")->metadata.origin.source, "second");
  EXPECT_TRUE(GiveRecovered({"main", "second"}, &state_, &writes_).empty());
}

}  // namespace
}  // namespace reconcile
