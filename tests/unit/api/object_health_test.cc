#include "api/object_health.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "api/tree_view.h"
#include "reconciler/health.h"
#include "schema/core.h"
#include "schema/pod.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

Pod Running() {
  Pod pod;
  pod.metadata.name = "web";
  pod.spec.node_name = "host-1";
  pod.spec.containers.Edit().resize(1);
  pod.spec.containers.Edit()[0].name = "app";
  pod.status.phase = PodPhase::kRunning;
  pod.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  pod.status.container_statuses.resize(1);
  pod.status.container_statuses[0].name = "app";
  pod.status.container_statuses[0].ready = true;
  pod.status.container_statuses[0].state.running = ContainerStateRunning{};
  return pod;
}
Pod Waiting(const char* reason, const char* message) {
  Pod pod = Running();
  pod.status.conditions[0].status = ConditionStatus::kFalse;
  ContainerStatus& container = pod.status.container_statuses[0];
  container.ready = false;
  container.state = {};
  container.state.waiting = ContainerStateWaiting{reason, message};
  return pod;
}
Pod Unplaced() {
  Pod pod;
  pod.metadata.name = "web";
  pod.spec.containers.Edit().resize(1);
  return pod;
}
Node NodeThat(const Condition& condition) {
  Node node;
  node.metadata.name = "host-1";
  node.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  SetCondition(&node.status.conditions, condition, {});
  return node;
}
Source SourceThat(ConditionStatus ready, const char* reason, const char* message) {
  Source source;
  source.metadata.name = "main";
  source.status.conditions = {
      {.type = "Ready", .status = ready, .reason = reason, .message = message}};
  return source;
}
Deployment Rolled(int32_t available, int32_t updated, int32_t all) {
  Deployment deployment;
  deployment.metadata.name = "web";
  deployment.spec.replicas = 3;
  deployment.status.replicas = all;
  deployment.status.updated_replicas = updated;
  deployment.status.ready_replicas = available;
  deployment.status.available_replicas = available;
  return deployment;
}
template <typename T>
T With(T object, const std::function<void(T*)>& change) {
  change(&object);
  return object;
}
template <typename T>
T Going(T object) {
  object.metadata.deletion_timestamp = WallTime{1000};
  return object;
}

struct Row {
  ObjectPtr object;
  Health health;
  std::string word;
  std::string why;
};
template <typename T>
Row Expect(const T& object, Health health, const std::string& word, const std::string& why) {
  auto shared = std::make_shared<T>(object);
  if (InfoOf(T::kKind).namespaced) shared->metadata.namespace_name = "default";
  return {shared, health, word, why};
}

std::vector<Row> PodRows() {
  const Condition unplaced = {.type = "PodScheduled",
                              .status = ConditionStatus::kFalse,
                              .reason = "Unschedulable",
                              .message = "0/3 nodes are available"};
  const Condition lost = {.type = "Ready",
                          .status = ConditionStatus::kFalse,
                          .reason = std::string(kNodeStatusUnknown),
                          .message = "node host-1 is silent; last seen Running"};
  return {
      Expect(Running(), Health::kHealthy, "Running", ""),
      Expect(With<Pod>(Running(), [](Pod* pod) { pod->status.phase = PodPhase::kSucceeded; }),
             Health::kHealthy, "Succeeded", ""),
      Expect(Going(Running()), Health::kProgressing, "Terminating", "being stopped"),
      Expect(With<Pod>(Waiting("CrashLoopBackOff", "back-off 40s"),
                       [](Pod* pod) {
                         pod->status.container_statuses[0].last_state.terminated =
                             ContainerStateTerminated{.exit_code = 3, .reason = "Error"};
                       }),
             Health::kDegraded, "CrashLoopBackOff",
             "back-off 40s; container app ended before with exit code 3 (Error)"),
      Expect(Waiting("ImagePullBackOff", "manifest unknown"), Health::kDegraded, "ImagePullBackOff",
             "manifest unknown"),
      Expect(Waiting("ContainerCreating", ""), Health::kProgressing, "ContainerCreating", ""),
      Expect(Unplaced(), Health::kProgressing, "Pending", "waiting for a host"),
      Expect(With<Pod>(Unplaced(), [&](Pod* pod) { pod->status.conditions = {unplaced}; }),
             Health::kDegraded, "Pending", "0/3 nodes are available"),
      Expect(With<Pod>(Running(), [&](Pod* pod) { pod->status.conditions = {lost}; }),
             Health::kUnknown, "NodeLost", lost.message),
  };
}

std::vector<Row> SetRows() {
  const auto held = [](Deployment* deployment) {
    deployment->status.conditions = {{.type = "Progressing",
                                      .status = ConditionStatus::kFalse,
                                      .reason = "ProgressDeadlineExceeded",
                                      .message = "it took too long"}};
  };
  const auto changed = [](Deployment* deployment) { deployment->metadata.generation = 2; };
  const auto one_of_two = [](auto* set) {
    set->metadata.name = "web";
    set->spec.replicas = 2;
    set->status.replicas = 2;
    set->status.ready_replicas = 1;
  };
  const auto more = [&](ReplicaSet* set) {
    one_of_two(set);
    set->status.ready_replicas = 3;
    set->status.replicas = 3;
  };
  return {
      Expect(Rolled(3, 3, 3), Health::kHealthy, "3 of 3 ready", ""),
      Expect(Rolled(1, 3, 3), Health::kProgressing, "1 of 3 ready", ""),
      Expect(Rolled(3, 1, 4), Health::kProgressing, "3 of 3 ready, 1 of 3 updated",
             "rolling out: 1 of 3 pods are of the new template, 4 run"),
      Expect(Rolled(3, 3, 4), Health::kProgressing, "3 of 3 ready",
             "rolling out: 3 of 3 pods are of the new template, 4 run"),
      Expect(With<Deployment>(Rolled(3, 1, 4), [](Deployment* one) { one->spec.paused = true; }),
             Health::kHealthy, "3 of 3 ready, 1 of 3 updated", ""),
      Expect(With<Deployment>(Rolled(3, 3, 3), changed), Health::kProgressing, "3 of 3 ready",
             "not looked at yet"),
      Expect(With<Deployment>(Rolled(1, 1, 4), held), Health::kDegraded,
             "1 of 3 ready, 1 of 3 updated", "it took too long"),
      Expect(Going(Rolled(3, 3, 3)), Health::kProgressing, "3 of 3 ready", "being deleted"),
      Expect(With<ReplicaSet>({}, one_of_two), Health::kProgressing, "1 of 2 ready", ""),
      Expect(With<ReplicaSet>({}, more), Health::kProgressing, "3 of 2 ready", ""),
      Expect(With<ReplicationController>({}, one_of_two), Health::kProgressing, "1 of 2 ready", ""),
      Expect(With<StatefulSet>({}, [](StatefulSet* set) { set->metadata.name = "db"; }),
             Health::kHealthy, "0 of 1 ready, 0 of 1 updated",
             "not acted on: no pods are made for it yet"),
  };
}

std::vector<Row> OtherRows() {
  const auto name = [](auto* object) { object->metadata.name = "x"; };
  const auto cordon = [](Node* node) {
    node->status.cordon.emplace();
    node->status.cordon->by = "ada";
  };
  const Condition ready = {.type = "Ready", .status = ConditionStatus::kTrue};
  return {
      Expect(NodeThat(ready), Health::kHealthy, "Ready", ""),
      Expect(With<Node>(NodeThat(ready), cordon), Health::kHealthy, "Ready,SchedulingDisabled",
             "cordoned by ada"),
      Expect(NodeThat({.type = std::string(kDiskPressure),
                       .status = ConditionStatus::kTrue,
                       .message = "the disk is full"}),
             Health::kDegraded, "Ready,DiskPressure", "the disk is full"),
      Expect(NodeThat({.type = "Ready",
                       .status = ConditionStatus::kUnknown,
                       .reason = std::string(kNodeStatusUnknown),
                       .message = "nothing heard"}),
             Health::kUnknown, "NotReady", "not ready: nothing heard"),
      Expect(NodeThat({.type = "Ready", .status = ConditionStatus::kFalse, .message = "no engine"}),
             Health::kDegraded, "NotReady", "not ready: no engine"),
      Expect(SourceThat(ConditionStatus::kTrue, "Applied", ""), Health::kHealthy, "Applied", ""),
      Expect(SourceThat(ConditionStatus::kFalse, "Invalid", "a.yaml:1:1: no"), Health::kDegraded,
             "Invalid", "a.yaml:1:1: no"),
      Expect(With<Source>({}, name), Health::kUnknown, "not read yet", ""),
      Expect(With<ConfigMap>({}, name), Health::kHealthy, "", ""),
      Expect(Going(With<Namespace>({}, name)), Health::kProgressing, "", "being deleted"),
  };
}

// The page, `tree`, and what waits for an object say the same of it.
TEST(ObjectHealthTest, IsOneJudgementWhereverItIsAsked) {
  std::vector<Row> rows = PodRows();
  for (const auto& more : {SetRows(), OtherRows()}) {
    rows.insert(rows.end(), more.begin(), more.end());
  }
  for (const Row& row : rows) {
    const Object& object = *row.object;
    ClusterState state;
    state.Put(row.object);
    SCOPED_TRACE(ToString(object.key()) + ", " + row.word + ": " + row.why);
    const ObjectHealth page = HealthOf(object, state);
    EXPECT_EQ(page.health, row.health) << ToString(page.health);
    EXPECT_EQ(page.word, row.word);
    EXPECT_EQ(page.why, row.why);
    const bool is_healthy = row.health == Health::kHealthy;
    const auto tree = EncodeTrees(state, {std::string(InfoOf(object.kind).singular),
                                          object.metadata.name, object.metadata.namespace_name});
    ASSERT_TRUE(tree.ok()) << tree.status().ToString();
    const std::string told = tree->GetList("items")[0].GetString("why");
    EXPECT_EQ(told.empty(), is_healthy) << told;
    const std::string waits = WhyUnfinished(object, state);
    EXPECT_EQ(waits.empty(), is_healthy || object.kind == Kind::kNode) << waits;
  }
}

TEST(ObjectHealthTest, OfAPodThatWasNotReadyWhenItsHostFellSilent) {
  ClusterState state;
  Pod pod = Waiting("CrashLoopBackOff", "back-off 40s");
  state.Put(std::make_shared<Node>(NodeThat({.type = "Ready",
                                             .status = ConditionStatus::kUnknown,
                                             .reason = std::string(kNodeStatusUnknown)})));
  const ObjectHealth health = HealthOf(pod, state);
  EXPECT_EQ(health.health, Health::kUnknown);
  EXPECT_EQ(health.why, "node host-1 is silent; last seen Running");
}

}  // namespace
}  // namespace reconcile
