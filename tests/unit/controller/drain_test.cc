#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

class DrainTest : public ControllerTest {
 protected:
  // Two hosts run a pod each, and then one pod is to go.
  void StopOne() {
    const std::string service =
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, "
        "ports: [{port: 80}]}\n";
    source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}, {"service.yaml", service}});
    Start();
    for (const char* node : {"host-1", "host-2"}) {
      link_.handler.on_connected(node);
      Say(ReportOf(node, ++sequence_));
    }
    for (const char* node : {"host-1", "host-2"}) Follow(node);
    for (const char* node : {"host-1", "host-2"}) Follow(node);
    source_.SetFiles("c2", {{"web.yaml", ControllerOf(1)}, {"service.yaml", service}});
    Settle();
    for (const char* node : {"host-1", "host-2"}) {
      for (const auto& pod : Sent(node).pods) {
        if (pod->metadata.deletion_timestamp) stopping_ = node;
      }
    }
    other_ = stopping_ == "host-1" ? "host-2" : "host-1";
  }
  const Assignment& Sent(const std::string& node) { return link_.sent[node].back(); }
  // The host's rules and DNS are as it was told last.
  void Follow(const std::string& node) {
    Report report = WhatRuns(node);
    for (PodReport& pod : report.pods) {
      pod.gone = false;
      pod.status.pod_ip = node == "host-1" ? "10.42.0.2" : "10.42.1.2";
    }
    report.network.revision = Sent(node).fence.revision;
    Say(report);
  }

  std::string stopping_;
  std::string other_;
};

TEST_F(DrainTest, AHostLearnsWhenNobodySendsItsPodConnectionsAnyMore) {
  StopOne();
  ASSERT_FALSE(stopping_.empty());
  EXPECT_FALSE(Sent(stopping_).is_drained);
  Follow(stopping_);
  EXPECT_FALSE(Sent(stopping_).is_drained) << "the other host has not followed";
  Follow(other_);
  EXPECT_TRUE(Sent(stopping_).is_drained);
  EXPECT_FALSE(Sent(other_).is_drained) << "nothing stops there";
}

TEST_F(DrainTest, AHostThatIsNotHeardIsNotWaitedFor) {
  StopOne();
  Follow(stopping_);
  ASSERT_FALSE(Sent(stopping_).is_drained);
  link_.handler.on_disconnected(other_);
  Settle();
  EXPECT_TRUE(Sent(stopping_).is_drained);
}

TEST_F(DrainTest, WhatIsNobodysEndpointIsDrainedAtOnce) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
  Start();
  link_.handler.on_connected("host-1");
  Say(ReportOf("host-1", ++sequence_));
  Follow("host-1");
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(1)}});
  Settle();
  const auto& pods = Sent("host-1").pods;
  ASSERT_TRUE(std::any_of(pods.begin(), pods.end(),
                          [](const auto& pod) { return pod->metadata.deletion_timestamp; }));
  EXPECT_TRUE(Sent("host-1").is_drained);
}

TEST_F(DrainTest, NetworksTellWhatHostsFollow) {
  StopOne();
  Follow(stopping_);
  for (const auto& host : controller_->Networks()) {
    EXPECT_TRUE(host.connected);
    EXPECT_EQ(host.wanted_revision, Sent(host.node).fence.revision);
    EXPECT_EQ(host.network.revision >= host.wanted_revision, host.node == stopping_) << host.node;
  }
}

}  // namespace
}  // namespace reconcile
