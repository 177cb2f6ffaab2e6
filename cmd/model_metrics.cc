#include "cmd/model_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "cmd/metric_list.h"
#include "reconciler/source_operations.h"
#include "schema/core.h"
#include "schema/sets.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

using namespace controller_metric;

double Number(bool value) { return value ? 1 : 0; }

const Condition* Unscheduled(const Pod& pod) {
  if (!pod.spec.node_name.empty() || !IsActive(pod)) return nullptr;
  const Condition* scheduled = FindCondition(pod.status.conditions, "PodScheduled");
  return scheduled != nullptr && scheduled->status == ConditionStatus::kFalse ? scheduled : nullptr;
}

void ReadSource(const Source& source, MetricReadings* readings) {
  const std::string& name = source.metadata.name;
  const SourceStatus& status = source.status;
  const Condition* ready = FindCondition(status.conditions, "Ready");
  readings->Add(kSourceReady, {name},
                Number(ready != nullptr && ready->status == ConditionStatus::kTrue));
  readings->Add(kSourceHeld, {name}, Number(status.held && !status.held->confirmed));
  readings->Add(kSourceSuspended, {name}, Number(IsSuspended(source)));
  if (!status.applied_commit.empty()) {
    readings->Add(kSourceInfo, {name, status.applied_commit}, 1);
  }
  if (status.applied_at) {
    readings->Add(kSourceApplied, {name}, static_cast<double>(status.applied_at->ms) / 1000);
  }
}

void ReadNode(const Node& node, MetricReadings* readings) {
  if (IsRevoked(node)) return;
  const std::string& name = node.metadata.name;
  for (const Condition& condition : node.status.conditions) {
    double value = -1;
    if (condition.status == ConditionStatus::kTrue) value = 1;
    if (condition.status == ConditionStatus::kFalse) value = 0;
    readings->Add(kNodeCondition, {name, condition.type}, value);
  }
  readings->Add(kNodeUnschedulable, {name}, Number(IsUnschedulable(node)));
}

void ReadPods(const ClusterState& state, MetricReadings* readings) {
  std::map<std::pair<std::string, PodPhase>, double> phases;
  std::map<std::string, double> ready;
  double unschedulable = 0;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    phases[{pod->metadata.namespace_name, pod->status.phase}] += 1;
    ready[pod->metadata.namespace_name] += Number(IsReady(*pod));
    unschedulable += Number(Unscheduled(*pod) != nullptr);
  });
  for (const auto& [key, count] : phases) {
    readings->Add(kPods, {key.first, std::string(ToString(key.second))}, count);
  }
  for (const auto& [name, count] : ready) readings->Add(kPodsReady, {name}, count);
  readings->Add(kPodsUnschedulable, {}, unschedulable);
}

template <typename T, typename Missing>
void ReadWorkloads(const ClusterState& state, Missing missing, MetricReadings* readings) {
  state.ForEach<T>([&](const std::shared_ptr<const T>& object) {
    const int32_t count = missing(*object);
    if (count <= 0) return;
    readings->Add(
        kMissingReplicas,
        {std::string(ToString(T::kKind)), object->metadata.namespace_name, object->metadata.name},
        count);
  });
}

int64_t RestartsOf(const Pod& pod) {
  int64_t count = 0;
  for (const auto* list : {&pod.status.init_container_statuses, &pod.status.container_statuses}) {
    for (const ContainerStatus& status : *list) count += status.restart_count;
  }
  return count;
}

void CountPod(const Pod* before, const Pod& after, Metrics* metrics) {
  const bool is_same = before != nullptr && before->metadata.uid == after.metadata.uid;
  const int64_t restarts = RestartsOf(after) - (is_same ? RestartsOf(*before) : 0);
  if (restarts > 0) {
    metrics->Count(kContainerRestarts, {after.metadata.namespace_name},
                   static_cast<double>(restarts));
  }
  const Condition* unscheduled = Unscheduled(after);
  const Condition* earlier = is_same ? Unscheduled(*before) : nullptr;
  if (unscheduled == nullptr) return;
  if (earlier == nullptr || earlier->message != unscheduled->message) {
    metrics->Count(kPlacementFailures);
  }
}

void CountEvent(const Event* before, const Event& after, Metrics* metrics) {
  const int32_t count = after.count - (before == nullptr ? 0 : before->count);
  if (count <= 0) return;
  metrics->Count(kEvents, {std::string(ToString(after.type)), after.reason}, count);
}

}  // namespace

void ReadModelMetrics(const ClusterState& state, MetricReadings* readings) {
  readings->Add(kRevision, {}, static_cast<double>(state.revision()));
  for (const Kind kind : kAllKinds) {
    const size_t count = state.Objects(kind).size();
    if (count > 0) {
      readings->Add(kObjects, {std::string(ToString(kind))}, static_cast<double>(count));
    }
  }
  state.ForEach<Source>(
      [&](const std::shared_ptr<const Source>& source) { ReadSource(*source, readings); });
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) { ReadNode(*node, readings); });
  ReadPods(state, readings);
  ReadWorkloads<Deployment>(
      state,
      [](const Deployment& deployment) {
        return deployment.spec.replicas - deployment.status.ready_replicas;
      },
      readings);
  ReadWorkloads<StatefulSet>(
      state, [](const StatefulSet& set) { return set.spec.replicas - set.status.ready_replicas; },
      readings);
  ReadWorkloads<DaemonSet>(
      state,
      [](const DaemonSet& set) {
        return set.status.desired_number_scheduled - set.status.number_ready;
      },
      readings);
}

void CountChanges(const std::vector<Change>& changes, Metrics* metrics) {
  for (const Change& change : changes) {
    if (change.after == nullptr) continue;
    if (change.key.kind == Kind::kPod) {
      CountPod(As<Pod>(change.before).get(), *As<Pod>(change.after), metrics);
    } else if (change.key.kind == Kind::kEvent) {
      CountEvent(As<Event>(change.before).get(), *As<Event>(change.after), metrics);
    }
  }
}

}  // namespace reconcile
