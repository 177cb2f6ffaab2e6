#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/network.h"
#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::MustDecodeAs;

TEST(Defaults, DeploymentIsFilledAsTheApiServerDoes) {
  const auto deployment = MustDecodeAs<Deployment>(testing::DeploymentWithSpec(""));
  const DeploymentSpec& spec = deployment->spec;
  EXPECT_EQ(spec.replicas, 1);
  EXPECT_EQ(spec.revision_history_limit, 10);
  EXPECT_EQ(spec.progress_deadline_seconds, 600);
  ASSERT_TRUE(spec.strategy.rolling_update);
  EXPECT_EQ(spec.strategy.rolling_update->max_surge, IntOrString::String("25%"));
  EXPECT_EQ(spec.pod_template.spec.restart_policy, RestartPolicy::kAlways);
  EXPECT_EQ(spec.pod_template.spec.termination_grace_period_seconds, 30);
  EXPECT_TRUE(deployment->metadata.labels.empty());
}

TEST(Defaults, RecreateGetsNoRollingUpdate) {
  const auto deployment =
      MustDecodeAs<Deployment>(testing::DeploymentWithSpec("strategy: {type: Recreate}\n"));
  EXPECT_FALSE(deployment->spec.strategy.rolling_update);
}

TEST(Defaults, HalfOfARollingUpdateIsCompleted) {
  const auto deployment = MustDecodeAs<Deployment>(
      testing::DeploymentWithSpec("strategy: {rollingUpdate: {maxSurge: 3}}\n"));
  EXPECT_EQ(deployment->spec.strategy.rolling_update->max_surge, IntOrString::Int(3));
  EXPECT_EQ(deployment->spec.strategy.rolling_update->max_unavailable, IntOrString::String("25%"));
}

TEST(Defaults, PullPolicyFollowsTheTag) {
  const std::pair<const char*, PullPolicy> cases[] = {
      {"nginx", PullPolicy::kAlways},
      {"nginx:latest", PullPolicy::kAlways},
      {"nginx:1.25", PullPolicy::kIfNotPresent},
      {"registry:5000/nginx", PullPolicy::kAlways},
      {"registry:5000/nginx:1", PullPolicy::kIfNotPresent},
      {"nginx@sha256:00", PullPolicy::kIfNotPresent},
      {"nginx:latest@sha256:00", PullPolicy::kAlways},
  };
  for (const auto& [image, policy] : cases) {
    Pod pod;
    pod.spec.containers.push_back({.name = "c", .image = image});
    ApplyDefaults(&pod);
    EXPECT_EQ(pod.spec.containers[0].image_pull_policy, policy) << image;
  }
  Pod pod;
  pod.spec.containers.push_back({.image = "nginx", .image_pull_policy = PullPolicy::kNever});
  ApplyDefaults(&pod);
  EXPECT_EQ(pod.spec.containers[0].image_pull_policy, PullPolicy::kNever);
}

TEST(Defaults, LimitsBecomeRequestsInPodsAndNotInTemplates) {
  const char* resources = "resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}\n";
  const auto deployment = MustDecodeAs<Deployment>(testing::DeploymentWith(resources));
  EXPECT_EQ(deployment->spec.pod_template.spec.containers[0].resources.requests.size(), 1U);
  Pod pod;
  pod.spec = deployment->spec.pod_template.spec;
  ApplyDefaults(&pod);
  const ResourceList& requests = pod.spec.containers[0].resources.requests;
  EXPECT_EQ(requests.at("cpu"), Quantity::FromMilli(500));
  EXPECT_EQ(requests.at("memory"), Quantity::FromUnits(1 << 30));
}

TEST(Defaults, ReplicationControllerTakesSelectorAndLabelsFromItsTemplate) {
  const auto controller = MustDecodeAs<ReplicationController>(
      "apiVersion: v1\nkind: ReplicationController\nmetadata: {name: my-node}\n"
      "spec:\n"
      "  template:\n"
      "    metadata: {labels: {app: node}}\n"
      "    spec: {containers: [{name: node, image: node}]}\n");
  EXPECT_EQ(controller->spec.selector, (StringMap{{"app", "node"}}));
  EXPECT_EQ(controller->metadata.labels, (StringMap{{"app", "node"}}));
}

TEST(Defaults, ServiceTargetPortIsThePort) {
  const auto service = MustDecodeAs<Service>(
      "apiVersion: v1\nkind: Service\nmetadata: {name: frontend}\n"
      "spec: {ports: [{port: 8888, name: a}, {port: 80, name: b, targetPort: http}]}\n");
  EXPECT_EQ(service->spec.ports[0].target_port, IntOrString::Int(8888));
  EXPECT_EQ(service->spec.ports[0].protocol, Protocol::kTcp);
  EXPECT_EQ(service->spec.ports[1].target_port, IntOrString::String("http"));
}

TEST(Defaults, NamespaceIsLabelledWithItsName) {
  const auto object =
      MustDecodeAs<Namespace>("apiVersion: v1\nkind: Namespace\nmetadata: {name: team-a}\n");
  EXPECT_EQ(object->metadata.labels.at("kubernetes.io/metadata.name"), "team-a");
}

TEST(Defaults, ASecondTimeChangesNothing) {
  auto object =
      testing::MustDecode(testing::DeploymentWith("ports: [{containerPort: 80}]\n"))->Clone();
  const auto before = object->Clone();
  ApplyDefaults(object.get());
  EXPECT_TRUE(EqualObjects(*before, *object));
}

}  // namespace
}  // namespace reconcile
