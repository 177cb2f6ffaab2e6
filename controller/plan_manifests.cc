#include "controller/plan_manifests.h"

namespace reconcile {
namespace {

// The Source object that CheckBreaker reads, or one that has never applied anything.
std::shared_ptr<const Source> SourceOrNew(const ClusterState& state, const std::string& name) {
  std::shared_ptr<const Source> source = state.Find<Source>("", name);
  if (source != nullptr) return source;
  auto fresh = std::make_shared<Source>();
  fresh->metadata.name = name;
  return fresh;
}

}  // namespace

Controller::PlanAnswer PlanManifestsAgainst(const ClusterState& state, const std::string& source,
                                            const std::string& commit,
                                            const std::vector<ManifestFile>& files,
                                            const BreakerLimits& limits, Now now) {
  Controller::PlanAnswer answer;
  ParsedManifests parsed = ParseManifests(files);
  answer.problems = std::move(parsed.problems);
  const DesiredState desired =
      BuildDesired(source, commit, parsed.objects, state, &answer.problems);
  if (!answer.problems.errors.empty()) return answer;
  const ObjectChanges changes = Diff(desired, state);
  answer.held =
      CheckBreaker(changes, state, *SourceOrNew(state, source), commit, {}, limits, now.wall);
  answer.preview = PreviewChanges(state, changes, now);
  return answer;
}

ClusterState EmptyCluster(int count, Quantity cpu, Quantity memory, Now now) {
  ClusterState state;
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "offline";
  state.Put(cluster);
  for (int i = 1; i <= count; ++i) {
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-" + std::to_string(i);
    node->metadata.labels["kubernetes.io/hostname"] = node->metadata.name;
    node->metadata.uid = "offline-" + node->metadata.name;
    node->status.capacity = {{"cpu", cpu}, {"memory", memory}, {"pods", Quantity::FromUnits(110)}};
    node->status.allocatable = node->status.capacity;
    SetCondition(&node->status.conditions,
                 {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "Offline"},
                 now.wall);
    state.Put(node);
  }
  return state;
}

}  // namespace reconcile
