// A controller whose database was lost or replaced by an older copy, and the agents that went on.
#include "controller/recovery.h"

#include "reconciler/deployment.h"
#include "tests/unit/controller/recovery_fixture.h"

namespace reconcile {
namespace {

std::string DeploymentOf(int replicas, const std::string& image = "app:1") {
  return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: " +
         std::to_string(replicas) +
         "\n  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: "
         "web}}\n    spec:\n      containers:\n      - {name: main, image: '" +
         image + "'}\n";
}

TEST_F(RecoveryTest, SignsItsLineage) {
  StartOn(&store_);
  const auto cluster = ClusterNow();
  EXPECT_EQ(cluster->cluster_id, "cluster-1");
  EXPECT_EQ(cluster->lineage_began_ms, loop_.now().wall.ms - 10);
  EXPECT_EQ(cluster->lineage_proof,
            "signed:" + LineageText({"cluster-1", cluster->lineage, cluster->lineage_began_ms}));
  const std::string lineage = cluster->lineage;
  StartOn(&store_);
  EXPECT_EQ(ClusterNow()->lineage, lineage) << "the same database";
}

// Agents that follow a lineage of the hour to come would take a wiped controller's for an earlier
// one.
TEST_F(RecoveryTest, BeginsALineageLaterThanAllThatTheCaSignedWhateverTheClockSays) {
  options_.lineage_after_ms = loop_.now().wall.ms + 3'600'000;
  StartOn(&store_);
  EXPECT_EQ(ClusterNow()->lineage_began_ms, options_.lineage_after_ms + 1);
}

TEST_F(RecoveryTest, RefusesADatabaseOfAnotherCluster) {
  StartOn(&store_);
  options_.cluster_id = "cluster-2";
  Controller other(options_, &loop_, &random_, &store_, &source_, &link_);
  const Status status = other.Start();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("cluster-1"), std::string::npos) << status.message();
}

TEST_F(RecoveryTest, AWipedDatabaseIsLearnedFromTheAgentsWithoutStoppingAPod) {
  RunCluster({{"web.yaml", DeploymentOf(3)}, {"rc.yaml", ControllerOf(2)}});
  const std::set<std::string> before = AllUids();
  ASSERT_EQ(before.size(), 5U);
  const std::string cidr = agents_.Applied("host-1").node_pod_cidr;
  time_.RunFor(60'000);
  StartOn(&wiped_);
  ConnectAll();
  EXPECT_EQ(link_.inventory_asked.size(), 2U);
  EXPECT_TRUE(link_.sent["host-1"].empty()) << "nothing goes out before it is known what runs";
  EXPECT_TRUE(controller_->State()->Objects(Kind::kPod).empty());
  EXPECT_NE(Work().find("waits for node host-1, host-2"), std::string::npos) << Work();
  agents_.Answer("host-1");
  Settle();
  EXPECT_TRUE(link_.sent["host-1"].empty());
  agents_.Answer("host-2");
  Settle();
  ASSERT_FALSE(link_.sent["host-1"].empty());
  EXPECT_EQ(link_.sent["host-1"].back().node_pod_cidr, cidr);
  ObeyAll();
  EXPECT_EQ(AllUids(), before);
  EXPECT_EQ(ClusterNow()->cluster_id, "cluster-1");
  EXPECT_FALSE(ClusterNow()->recovering);
  EXPECT_TRUE(controller_->Settled()) << Work();
  const auto web = controller_->State()->Find<Deployment>("default", "web");
  EXPECT_EQ(web->status.ready_replicas, 3);
  EXPECT_EQ(web->status.updated_replicas, 3);
  EXPECT_EQ(controller_->State()->Objects(Kind::kReplicaSet).size(), 1U) << "no rollout began";
  // Then a commit applies.
  source_.SetFiles("c2", {{"web.yaml", DeploymentOf(4)}, {"rc.yaml", ControllerOf(2)}});
  Settle();
  ObeyAll();
  const std::set<std::string> after = AllUids();
  EXPECT_EQ(after.size(), 6U);
  EXPECT_TRUE(std::includes(after.begin(), after.end(), before.begin(), before.end()));
}

TEST_F(RecoveryTest, ServicesKeepTheAddressesThatHostsHaveForThem) {
  const std::string service =
      "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: "
      "[{port: 80}]}\n";
  RunCluster({{"web.yaml", DeploymentOf(1)}, {"service.yaml", service}});
  Assignment applied = agents_.Applied("host-1");
  ASSERT_EQ(applied.services.size(), 1U);
  auto moved = std::make_shared<Service>(*applied.services[0]);
  moved->spec.cluster_ip = "10.96.200.200";  // as one that was probed for is
  auto undeclared = std::make_shared<Service>(*moved);
  undeclared->metadata.name = "zombie";
  undeclared->spec.cluster_ip = "10.96.200.201";
  applied.services = {moved, undeclared};
  agents_.Apply(applied);
  StartOn(&wiped_);
  ConnectAll();
  agents_.Answer("host-1");
  agents_.Answer("host-2");
  Settle();
  ObeyAll();
  const auto recovered = controller_->State()->Find<Service>("default", "web");
  EXPECT_EQ(recovered->spec.cluster_ip, "10.96.200.200");
  EXPECT_EQ(recovered->metadata.origin.source, "main");
  EXPECT_EQ(controller_->State()->Find<Service>("default", "zombie"), nullptr);
}

TEST_F(RecoveryTest, ARestoredOlderDatabaseKeepsWhatWasMadeSinceAndForgetsWhatWent) {
  RunCluster({{"web.yaml", DeploymentOf(3, "app:1")}});
  MemoryStore backup;
  CopyTo(&backup, [](ObjectPtr object) { return object; });
  const std::set<std::string> old_pods = AllUids();
  time_.RunFor(60'000);
  ConnectAll();
  source_.SetFiles("c2", {{"web.yaml", DeploymentOf(4, "app:2")}});
  Settle();
  for (int i = 0; i < 10; ++i) ObeyAll();
  const std::set<std::string> before = AllUids();
  ASSERT_EQ(before.size(), 4U);
  for (const std::string& uid : old_pods) ASSERT_FALSE(before.contains(uid));
  time_.RunFor(60'000);
  StartOn(&backup);
  ConnectAll();
  AnswerAll();
  ObeyAll();
  EXPECT_EQ(AllUids(), before);
  for (int i = 0; i < 5; ++i) ObeyAll();
  EXPECT_EQ(AllUids(), before) << "nothing of the old template begins";
  EXPECT_EQ(controller_->State()->Objects(Kind::kPod).size(), 4U);
  EXPECT_GT(ClusterNow()->lineage_began_ms, 0);
}

TEST_F(RecoveryTest, APodThatWasNotPlacedWhenTheCopyWasMadeIsNeverInTwoPlaces) {
  const std::string bare =
      "apiVersion: v1\nkind: Pod\nmetadata:\n  name: bare\nspec:\n  containers:\n"
      "  - {name: main, image: 'app:1'}\n";
  RunCluster({{"web.yaml", DeploymentOf(4)}, {"bare.yaml", bare}});
  MemoryStore backup;
  CopyTo(&backup, [](const ObjectPtr& object) -> ObjectPtr {
    if (As<Pod>(object) == nullptr) return object;
    const auto pod = std::make_shared<Pod>(*As<Pod>(object));
    pod->spec.node_name.clear();
    pod->status = PodStatus();
    return pod;
  });
  time_.RunFor(60'000);
  StartOn(&backup);
  agents_.Connect("host-1");
  Settle();
  agents_.Answer("host-1");
  for (int i = 0; i < 13; ++i) {
    time_.RunFor(10'000);
    agents_.Obey("host-1");
  }
  Settle();
  EXPECT_EQ(agents_.Uids("host-1").size(), 5U) << "all that is declared: " << Work();
  std::set<std::string> twice = agents_.Uids("host-1");
  const std::set<std::string> on_second = agents_.Uids("host-2");
  ASSERT_FALSE(on_second.empty());
  std::erase_if(twice, [&](const std::string& uid) { return !on_second.contains(uid); });
  EXPECT_EQ(twice, std::set<std::string>());
}

TEST_F(RecoveryTest, WaitsForGitBeforeItChangesAnything) {
  RunCluster({{"web.yaml", DeploymentOf(3)}});
  const std::set<std::string> before = AllUids();
  time_.RunFor(60'000);
  const auto answer = source_.answer;
  source_.answer = UnavailableError("no route to the repository");
  StartOn(&wiped_);
  ConnectAll();
  AnswerAll();
  EXPECT_EQ(controller_->State()->Objects(Kind::kPod).size(), 3U) << "known";
  EXPECT_TRUE(link_.sent["host-1"].empty()) << "and left alone";
  EXPECT_NE(Work().find("no route to the repository"), std::string::npos) << Work();
  EXPECT_TRUE(ClusterNow()->recovering);
  StartOn(&wiped_);  // in the middle of it
  ConnectAll();
  AnswerAll();
  EXPECT_TRUE(link_.sent["host-1"].empty());
  source_.answer = answer;
  source_.hint();
  Settle();
  ObeyAll();
  EXPECT_EQ(AllUids(), before);
  EXPECT_FALSE(ClusterNow()->recovering);
}

TEST_F(RecoveryTest, ASuspendedSourceHoldsItUpWhereTheModelDoesNotHaveWhatItDeclared) {
  RunCluster({{"web.yaml", DeploymentOf(3)}});
  options_.sources[0].spec.suspend = true;
  StartOn(&wiped_);
  ConnectAll();
  AnswerAll();
  EXPECT_TRUE(ClusterNow()->recovering);
  EXPECT_NE(Work().find("suspended, so that nobody knows"), std::string::npos) << Work();
}

TEST_F(RecoveryTest, GoesOnWithoutAHostThatDoesNotAnswerAndLearnsOfItLater) {
  RunCluster({{"web.yaml", DeploymentOf(4)}});
  const std::set<std::string> on_second = agents_.Uids("host-2");
  ASSERT_FALSE(on_second.empty());
  const std::string second_cidr = agents_.Applied("host-2").node_pod_cidr;
  time_.RunFor(60'000);
  StartOn(&wiped_);
  agents_.Connect("host-1");
  Settle();
  agents_.Answer("host-1");
  Settle();
  EXPECT_TRUE(link_.sent["host-1"].empty());
  for (int i = 0; i < 13; ++i) {
    time_.RunFor(10'000);
    agents_.Report("host-1");
  }
  Settle();
  EXPECT_FALSE(link_.sent["host-1"].empty()) << Work();
  EXPECT_EQ(ClusterNow()->missing_nodes, std::vector<std::string>{"host-2"});
  // A host that is quite new gets no subnet that may be the missing one's.
  agents_.Connect("host-3");
  Settle();
  const auto third = controller_->State()->Find<Node>("", "host-3");
  EXPECT_TRUE(third == nullptr || third->spec.pod_cidr.empty());
  agents_.Connect("host-2");
  Settle();
  agents_.Answer("host-2");
  Settle();
  EXPECT_EQ(controller_->State()->Find<Node>("", "host-2")->spec.pod_cidr, second_cidr);
  EXPECT_TRUE(ClusterNow()->missing_nodes.empty());
  agents_.Report("host-3");
  Settle();
  const std::string new_cidr = controller_->State()->Find<Node>("", "host-3")->spec.pod_cidr;
  EXPECT_FALSE(new_cidr.empty());
  EXPECT_NE(new_cidr, second_cidr);
}

TEST_F(RecoveryTest, WhatNobodyDeclaresGoesOnlyByTheOrdinaryWay) {
  RunCluster({{"web.yaml", DeploymentOf(6)}, {"rc.yaml", ControllerOf(1)}});
  const std::set<std::string> before = AllUids();
  time_.RunFor(60'000);
  source_.SetFiles("c2", {{"rc.yaml", ControllerOf(1)}});
  StartOn(&wiped_);
  ConnectAll();
  AnswerAll();
  ObeyAll();
  ObeyAll();
  EXPECT_EQ(AllUids(), before) << "most of what runs: the breaker holds it";
  const auto source = controller_->State()->Find<Source>("", "main");
  ASSERT_TRUE(source->status.held.has_value());
  EXPECT_NE(source->status.held->reason.find("running pods"), std::string::npos)
      << source->status.held->reason;
  ASSERT_TRUE(controller_->Confirm(source->status.held->plan_hash).ok());
  Settle();
  ObeyAll();
  EXPECT_EQ(AllUids().size(), 1U);
}

TEST_F(RecoveryTest, AnAgentOfALaterLineageIsLeftAlone) {
  RunCluster({{"web.yaml", DeploymentOf(2)}});
  time_.RunFor(60'000);
  StartOn(&wiped_);
  ConnectAll();
  AnswerAll();
  ObeyAll();
  // The old controller, on the old database, is still about.
  time_.RunFor(1'000);
  StartOn(&store_);
  ConnectAll();
  EXPECT_TRUE(link_.sent["host-1"].empty());
  EXPECT_TRUE(link_.inventory_asked.empty());
  const auto node = controller_->State()->Find<Node>("", "host-1");
  const Condition* accepted = FindCondition(node->status.conditions, "AssignmentAccepted");
  ASSERT_NE(accepted, nullptr);
  EXPECT_EQ(accepted->status, ConditionStatus::kFalse);
  EXPECT_EQ(accepted->reason, "Superseded");
  EXPECT_NE(accepted->message.find("superseded"), std::string::npos) << accepted->message;
}

// A host known beforehand makes it begin as one that lost its database does.
TEST_F(RecoveryTest, ANewClusterKeepsTheOrderOfWaves) {
  const auto in_wave = [](const std::string& name, const std::string& wave) {
    return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name +
           ", annotations: {argocd.argoproj.io/sync-wave: '" + wave +
           "'}}\nspec:\n  selector: {matchLabels: {app: " + name +
           "}}\n  template:\n    metadata: {labels: {app: " + name +
           "}}\n    spec: {containers: [{name: main, image: 'app:1'}]}\n";
  };
  source_.SetFiles("c1", {{"db.yaml", in_wave("db", "1")}, {"web.yaml", in_wave("web", "2")}});
  StartOn(&store_);
  ConnectAll();
  EXPECT_NE(controller_->State()->Find<Deployment>("default", "db"), nullptr);
  EXPECT_EQ(controller_->State()->Find<Deployment>("default", "web"), nullptr);
  ObeyAll();
  EXPECT_NE(controller_->State()->Find<Deployment>("default", "web"), nullptr);
}

TEST_F(RecoveryTest, ANewClusterWaitsForNothingThatRuns) {
  source_.answer = UnavailableError("not yet");
  StartOn(&store_);
  ConnectAll();
  EXPECT_FALSE(ClusterNow()->recovering);
  EXPECT_FALSE(link_.sent["host-1"].empty());
}

}  // namespace
}  // namespace reconcile
