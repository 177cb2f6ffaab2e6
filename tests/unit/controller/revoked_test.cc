#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

using Words = std::vector<std::string>;

class RevokedTest : public ControllerTest {
 protected:
  RevokedTest() { Rebuild(); }

  // A controller as after a start of its process, on the same store.
  void Rebuild() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    options.revoked_nodes = [this] { return std::make_shared<const RevokedNodes>(revoked_); };
    controller_.reset();
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  }
  void StartWith(int replicas, const std::vector<std::string>& nodes) {
    source_.SetFiles("c0", {});
    Start();
    for (const std::string& node : nodes) Join(node);
    source_.SetFiles("c1", {{"web.yaml", ControllerOf(replicas)}});
    ASSERT_TRUE(controller_->Sync("").ok());
    Settle();
    for (const std::string& node : nodes) Obey(node);
  }
  void Join(const std::string& node) {
    link_.handler.on_connected(node);
    Say(ReportOf(node, ++sequence_));
  }
  void Leave(const std::string& node) {
    link_.handler.on_disconnected(node);
    Settle();
  }
  void Obey(const std::string& node) { Say(WhatRuns(node)); }
  void Revoke(const std::string& node) {
    revoked_[node] = WallTime{1'000'000'000'000};
    controller_->NoteRevocations();
    Settle();
  }
  size_t PodsOn(const std::string& node) {
    size_t count = 0;
    controller_->State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      count += pod->spec.node_name == node ? 1 : 0;
    });
    return count;
  }
  std::shared_ptr<const Node> NodeOf(const std::string& name) {
    return controller_->State()->Find<Node>("", name);
  }
  Words RevokedBefore() {
    return controller_->State()->Find<Cluster>("", "cluster")->revoked_nodes;
  }
  void LetInAgain(bool removed);

  RevokedNodes revoked_;
};

TEST_F(RevokedTest, ItsPodsAreMadeAnewOnOtherHostsAndAllConverges) {
  StartWith(4, {"host-1", "host-2"});
  ASSERT_EQ(PodsOn("host-2"), 2U);
  Leave("host-2");
  time_.RunFor(20'000);
  Obey("host-1");
  EXPECT_EQ(controller_->Unconverged().size(), 4U);  // the node, the controller and two pods
  Revoke("host-2");
  EXPECT_EQ(PodsOn("host-2"), 0U);
  EXPECT_EQ(PodsOn("host-1"), 4U);
  Obey("host-1");
  EXPECT_EQ(controller_->Unconverged(), Words());
  ASSERT_EQ(controller_->Notes().size(), 1U);
  EXPECT_EQ(controller_->Notes()[0].find("node host-2: revoked at 2001-09-09T01:46:40Z"), 0U);
  const Words events = EventsOf(Kind::kNode, "host-2");
  EXPECT_EQ(std::count(events.begin(), events.end(), "Warning NodeRevoked"), 1);
  const Revision settled = controller_->State()->revision();
  time_.RunFor(5'000);
  EXPECT_EQ(controller_->State()->revision(), settled) << "nothing more is written";
}

TEST_F(RevokedTest, WhatItStillSaysCountsNoMoreAndItIsToldNothing) {
  StartWith(4, {"host-1", "host-2"});
  const Report last = WhatRuns("host-2");
  const size_t told = link_.sent["host-2"].size();
  Revoke("host-2");
  Say(last);
  EXPECT_TRUE(IsRevoked(*NodeOf("host-2")));
  EXPECT_EQ(PodsOn("host-2"), 0U);
  EXPECT_EQ(link_.sent["host-2"].size(), told);
}

TEST_F(RevokedTest, ARevocationFromBeforeTheStartIsTaken) {
  StartWith(4, {"host-1", "host-2"});
  revoked_["host-2"] = WallTime{1'000'000'000'000};
  Rebuild();
  Start();
  EXPECT_TRUE(IsRevoked(*NodeOf("host-2")));
  EXPECT_EQ(PodsOn("host-2"), 0U);
}

TEST_F(RevokedTest, OnlyARevokedNodeIsRemovedAndItsSubnetIsFreeOnlyThen) {
  StartWith(2, {"host-1", "host-2"});
  const std::string cidr = NodeOf("host-2")->spec.pod_cidr;
  const Status early = controller_->RemoveNode("host-2");
  EXPECT_EQ(early.code(), StatusCode::kConflict);
  EXPECT_NE(early.message().find("reconcile node revoke host-2"), std::string::npos);
  EXPECT_EQ(controller_->RemoveNode("host-9").code(), StatusCode::kNotFound);
  Revoke("host-2");
  Leave("host-2");
  Join("host-3");
  EXPECT_NE(NodeOf("host-3")->spec.pod_cidr, cidr);
  ASSERT_TRUE(controller_->RemoveNode("host-2").ok());
  time_.RunFor(60'000);
  EXPECT_EQ(NodeOf("host-2"), nullptr);
  Join("host-4");
  EXPECT_EQ(NodeOf("host-4")->spec.pod_cidr, cidr);
}

TEST_F(RevokedTest, ANodeThatGitDeclaresIsNotRemoved) {
  source_.SetFiles("c1",
                   {{"web.yaml", ControllerOf(1)},
                    {"host-2.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: host-2}\n"}});
  Start();
  Join("host-2");
  Revoke("host-2");
  const Status refused = controller_->RemoveNode("host-2");
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_NE(refused.message().find("host-2.yaml:1"), std::string::npos) << refused.message();
}

// It kept its assignment and containers; a controller that began since remembers no tombstones.
void RevokedTest::LetInAgain(bool removed) {
  StartWith(6, {"host-1", "host-2"});
  const Report old = WhatRuns("host-2");
  ASSERT_EQ(old.pods.size(), 3U);
  Revoke("host-2");
  Leave("host-2");
  if (removed) {
    ASSERT_TRUE(controller_->RemoveNode("host-2").ok());
  }
  revoked_.clear();
  Rebuild();
  Start();
  Report again = old;
  again.agent_start = "start-2";
  link_.handler.on_connected("host-2");
  Say(again);
  EXPECT_TRUE(IsReady(*NodeOf("host-2")));
  const Assignment told = link_.sent["host-2"].back();
  EXPECT_TRUE(told.pods.empty());
  for (const PodReport& pod : old.pods) {
    EXPECT_EQ(std::count(told.tombstones.begin(), told.tombstones.end(), pod.uid), 1);
  }
  EXPECT_EQ(RevokedBefore(), Words{"host-2"});
  Report swept = WhatRuns("host-2");
  swept.agent_start = "start-2";
  Say(swept);
  EXPECT_EQ(RevokedBefore(), Words());
}

TEST_F(RevokedTest, AHostThatIsLetInAgainIsToldThatItsOldPodsMayGo) { LetInAgain(false); }

TEST_F(RevokedTest, SoIsOneWhoseNodeWasRemoved) { LetInAgain(true); }

}  // namespace
}  // namespace reconcile
