#include "api/object_health.h"

#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/pod.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

Pod Running() {
  Pod pod;
  pod.metadata.name = "web";
  pod.spec.containers.resize(1);
  pod.spec.containers[0].name = "app";
  pod.status.phase = PodPhase::kRunning;
  pod.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  pod.status.container_statuses.resize(1);
  pod.status.container_statuses[0].name = "app";
  pod.status.container_statuses[0].ready = true;
  pod.status.container_statuses[0].state.running = ContainerStateRunning{};
  return pod;
}

TEST(ObjectHealthTest, OfPods) {
  Pod pod = Running();
  EXPECT_EQ(HealthOf(pod).health, Health::kHealthy);
  EXPECT_EQ(HealthOf(pod).word, "Running");

  ContainerStatus& container = pod.status.container_statuses[0];
  pod.status.conditions[0].status = ConditionStatus::kFalse;
  container.ready = false;
  container.state = {};
  container.state.waiting = ContainerStateWaiting{"CrashLoopBackOff", "back-off 40s"};
  container.last_state.terminated = ContainerStateTerminated{.exit_code = 3, .reason = "Error"};
  const ObjectHealth crash = HealthOf(pod);
  EXPECT_EQ(crash.health, Health::kDegraded);
  EXPECT_EQ(crash.word, "CrashLoopBackOff");
  EXPECT_EQ(crash.why, "app ended with exit code 3");

  container.last_state = {};
  container.state.waiting = ContainerStateWaiting{"ImagePullBackOff", "manifest unknown"};
  EXPECT_EQ(HealthOf(pod).why, "app: manifest unknown");

  pod.status.conditions[0].reason = std::string(kNodeStatusUnknown);
  EXPECT_EQ(HealthOf(pod).health, Health::kUnknown);
}

TEST(ObjectHealthTest, APodThatFitsNowhereIsInTrouble) {
  Pod pod;
  pod.spec.containers.resize(1);
  pod.status.conditions = {{.type = "PodScheduled",
                            .status = ConditionStatus::kFalse,
                            .reason = "Unschedulable",
                            .message = "0/3 nodes are available"}};
  const ObjectHealth health = HealthOf(pod);
  EXPECT_EQ(health.health, Health::kDegraded);
  EXPECT_EQ(health.why, "0/3 nodes are available");
}

TEST(ObjectHealthTest, OfDeployments) {
  Deployment deployment;
  deployment.spec.replicas = 3;
  deployment.status.updated_replicas = 3;
  deployment.status.available_replicas = 3;
  EXPECT_EQ(HealthOf(deployment).health, Health::kHealthy);
  EXPECT_EQ(HealthOf(deployment).word, "3 of 3 ready");
  deployment.status.updated_replicas = 1;
  EXPECT_EQ(HealthOf(deployment).health, Health::kProgressing);
  EXPECT_EQ(HealthOf(deployment).word, "3 of 3 ready, 1 of 3 updated");
  deployment.status.conditions = {{.type = "Progressing",
                                   .status = ConditionStatus::kFalse,
                                   .reason = "ProgressDeadlineExceeded",
                                   .message = "it took too long"}};
  EXPECT_EQ(HealthOf(deployment).health, Health::kDegraded);
  EXPECT_EQ(HealthOf(deployment).why, "it took too long");
}

TEST(ObjectHealthTest, OfNodes) {
  Node node;
  node.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  EXPECT_EQ(HealthOf(node).health, Health::kHealthy);
  node.status.conditions.push_back({.type = std::string(kDiskPressure),
                                    .status = ConditionStatus::kTrue,
                                    .message = "the disk is full"});
  EXPECT_EQ(HealthOf(node).health, Health::kDegraded);
  EXPECT_EQ(HealthOf(node).why, "the disk is full");
  node.status.conditions = {{.type = "Ready", .status = ConditionStatus::kUnknown}};
  EXPECT_EQ(HealthOf(node).health, Health::kUnknown);
}

}  // namespace
}  // namespace reconcile
