// What two lineages of one cluster do side by side: the one that a host followed last, and the one
// that began from a copy of what the other had saved.
#include "controller/recovery.h"
#include "tests/unit/controller/recovery_fixture.h"

namespace reconcile {
namespace {

TEST_F(RecoveryTest, NamesAndUidsAreNeverUsedAgain) {
  RunCluster({{"rc.yaml", ControllerOf(2)}});
  const std::set<std::string> ever = AllUids();
  time_.RunFor(60'000);
  StartOn(&wiped_);
  ConnectAll();
  AnswerAll();
  ObeyAll();
  source_.SetFiles("c2", {{"rc.yaml", ControllerOf(4)}});
  Settle();
  ObeyAll();
  EXPECT_EQ(AllUids().size(), 4U);
  const auto cluster = ClusterNow();
  EXPECT_GE(cluster->metadata.incarnation, FirstIncarnation(*cluster));
  for (const std::string& uid : ever) EXPECT_TRUE(AllUids().contains(uid));
}

// The other lineage's clock ran ahead of all that the copy tells, and what it counted since the
// copy was made is in nobody's hands.
TEST_F(RecoveryTest, NoUidIsUsedAgainWhereTheClockWentBack) {
  options_.lineage_after_ms = loop_.now().wall.ms + 3'600'000;
  const std::string settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
  RunCluster({{"settings.yaml", settings}});
  MemoryStore backup;
  CopyTo(&backup, [](ObjectPtr object) { return object; });
  source_.SetFiles("c2", {{"settings.yaml", settings}, {"rc.yaml", ControllerOf(2)}});
  time_.RunFor(60'000);
  ObeyAll();
  const std::set<std::string> ever = AllUids();
  ASSERT_EQ(ever.size(), 2U);
  StartOn(&backup);
  for (int i = 0; i < 13; ++i) time_.RunFor(10'000);  // neither host answers
  std::set<std::string> again;
  controller_->State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (ever.contains(pod->metadata.uid)) again.insert(pod->metadata.uid);
  });
  EXPECT_EQ(controller_->State()->Objects(Kind::kPod).size(), 2U);
  EXPECT_EQ(again, std::set<std::string>());
}

// What the other controller had sent can reach a host after that host told what it runs.
TEST_F(RecoveryTest, AHostThatFollowedTheOtherLineageFurtherIsAskedAgain) {
  RunCluster({{"rc.yaml", ControllerOf(2)}});
  MemoryStore backup;
  CopyTo(&backup, [](ObjectPtr object) { return object; });
  Assignment late = agents_.Applied("host-1");
  ++late.fence.revision;
  const auto pod = std::make_shared<Pod>(*late.pods.front());
  pod->metadata.name = "late";
  pod->metadata.uid = "late-uid";
  late.pods.insert(late.pods.begin(), pod);
  time_.RunFor(60'000);
  StartOn(&backup);
  ConnectAll();
  AnswerAll();
  ASSERT_FALSE(ClusterNow()->recovering);
  link_.inventory_asked.clear();
  ArriveLate(late);
  EXPECT_EQ(link_.inventory_asked, std::vector<std::string>{"host-1"});
  agents_.Answer("host-1");
  Settle();
  const Assignment& next = link_.sent["host-1"].back();
  std::set<std::string> named(next.tombstones.begin(), next.tombstones.end());
  for (const auto& kept : next.pods) named.insert(kept->metadata.uid);
  EXPECT_TRUE(named.contains("late-uid"));
  link_.inventory_asked.clear();
  time_.RunFor(10'000);
  agents_.Report("host-1");
  Settle();
  EXPECT_EQ(link_.inventory_asked, std::vector<std::string>()) << "it told that already";
}

TEST_F(RecoveryTest, AHostThatSaysSoForEverIsNotBelievedForEver) {
  MemoryStore backup;
  Assignment other = RestoreACopy(&backup);
  for (int i = 0; i < 50; ++i) {
    ++other.fence.revision;
    ArriveLate(other);
    agents_.Answer("host-1");
    Settle();
  }
  link_.inventory_asked.clear();
  ++other.fence.revision;
  ArriveLate(other);
  EXPECT_EQ(link_.inventory_asked, std::vector<std::string>());
}

TEST_F(RecoveryTest, AHostThatFollowsThisOneIsNotAskedAgain) {
  MemoryStore backup;
  Assignment other = RestoreACopy(&backup);
  ObeyAll();
  link_.inventory_asked.clear();
  other.fence.revision += 100;
  ArriveLate(other);
  EXPECT_EQ(link_.inventory_asked, std::vector<std::string>());
}

// A lineage that the release before this one began counts from when it began.
TEST_F(RecoveryTest, AHostIsAskedAlsoWhereAnEarlierReleaseBeganTheLineage) {
  RunCluster({{"rc.yaml", ControllerOf(2)}});
  MemoryStore backup;
  CopyTo(&backup, [](ObjectPtr object) { return object; });
  time_.RunFor(60'000);
  StartOn(&backup);
  const auto cluster = std::make_shared<Cluster>(*ClusterNow());
  cluster->metadata.incarnation = cluster->lineage_began_ms + 5;
  ASSERT_TRUE(backup.Commit({{{cluster->key(), cluster}}}, backup.Snapshot()->revision()).ok());
  StartOn(&backup);
  ConnectAll();
  EXPECT_EQ(link_.inventory_asked, (std::vector<std::string>{"host-1", "host-2"}));
}

}  // namespace
}  // namespace reconcile
