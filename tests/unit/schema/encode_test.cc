#include <gtest/gtest.h>

#include "schema/core.h"
#include "schema/workload.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {
namespace {

using testing::ExpectGolden;
using testing::MustDecode;
using testing::MustDecodeAs;

std::string UserJson(const Object& object) {
  return WriteJson(EncodeObject(object, EncodeFor::kUser), 2) + '\n';
}

TEST(Encode, DeploymentLooksLikeKubernetes) {
  auto object = MustDecode(testing::DeploymentWith(
                               "args: [serve]\n"
                               "env:\n"
                               "- {name: MODE, value: fast}\n"
                               "- {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}\n"
                               "ports: [{containerPort: 80}]\n"
                               "resources: {limits: {cpu: 0.5, memory: 1024Mi}}\n"))
                    ->Clone();
  auto* deployment = static_cast<Deployment*>(object.get());
  deployment->metadata.namespace_name = "default";
  deployment->metadata.uid = "u-1";
  deployment->metadata.resource_version = 42;
  deployment->metadata.generation = 2;
  deployment->metadata.creation_timestamp = WallTime{1'700'000'000'000};
  deployment->status.replicas = 1;
  deployment->status.conditions = {{.type = "Available", .status = ConditionStatus::kTrue}};
  ExpectGolden("encode/deployment.json", UserJson(*deployment));
}

TEST(Encode, PodStatusLooksLikeKubernetes) {
  auto object = MustDecode(testing::PodWithSpec(""))->Clone();
  auto* pod = static_cast<Pod*>(object.get());
  pod->spec.node_name = "host-1";
  pod->status.phase = PodPhase::kRunning;
  ContainerStatus waiting{.name = "a", .restart_count = 3};
  waiting.state.waiting = ContainerStateWaiting{"CrashLoopBackOff", "back-off 40s"};
  waiting.last_state.terminated = ContainerStateTerminated{
      .exit_code = 0, .reason = "Completed", .finished_at = WallTime{1'700'000'000'123}};
  ContainerStatus running{.name = "b", .ready = true};
  running.state.running = ContainerStateRunning{WallTime{1'700'000'000'000}};
  ContainerStatus unknown{.name = "c"};
  unknown.state.waiting.emplace();
  pod->status.container_statuses = {waiting, running, unknown};
  ExpectGolden("encode/pod.json", UserJson(*pod));
}

TEST(Encode, NodeAndEventLookLikeKubernetes) {
  Node node;
  node.metadata.name = "host-1";
  node.spec.unschedulable = true;
  node.status.capacity = {{"cpu", Quantity::FromUnits(4)}};
  node.status.node_info.agent_version = "v0.1.0";
  node.status.addresses = {{"InternalIP", "10.0.0.1"}};
  Event event;
  event.metadata.name = "p.1";
  event.metadata.namespace_name = "default";
  event.involved_object = {"v1", "Pod", "default", "p", "u-1"};
  event.reason = "Scheduled";
  event.component = "scheduler";
  event.first_timestamp = WallTime{1'700'000'000'000};
  ExpectGolden("encode/node_and_event.json", UserJson(node) + UserJson(event));
}

TEST(Encode, NamespacePhaseStandsInStatus) {
  const Value value = EncodeObject(Namespace(), EncodeFor::kUser);
  ASSERT_NE(value.Find("status"), nullptr);
  EXPECT_EQ(value.Find("status")->GetString("phase"), "Active");
  EXPECT_EQ(EncodeObject(Namespace(), EncodeFor::kDiff).Find("status"), nullptr);
}

TEST(Encode, SecretDataIsBase64AndStringDataWins) {
  const auto secret = MustDecodeAs<Secret>(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
      "stringData: {user: admin}\n"
      "data: {user: cm9vdA==, raw: AP8=}\n");
  EXPECT_EQ(secret->data.at("user"), "admin");
  EXPECT_EQ(secret->data.at("raw"), std::string("\0\xff", 2));
  const Value value = EncodeObject(*secret, EncodeFor::kUser);
  EXPECT_EQ(WriteJson(*value.Find("data")), R"({"raw":"AP8=","user":"YWRtaW4="})");
  EXPECT_EQ(value.Find("stringData"), nullptr);
  EXPECT_EQ(value.GetString("type"), "Opaque");
}

TEST(Encode, IntOrStringKeepsItsType) {
  const auto deployment = MustDecodeAs<Deployment>(testing::DeploymentWithSpec(
      "strategy: {rollingUpdate: {maxSurge: 2, maxUnavailable: 10%}}\n"));
  const Value value = EncodeObject(*deployment, EncodeFor::kDiff);
  EXPECT_EQ(WriteJson(*value.Find("spec")->Find("strategy")->Find("rollingUpdate")),
            R"({"maxSurge":2,"maxUnavailable":"10%"})");
}

}  // namespace
}  // namespace reconcile
