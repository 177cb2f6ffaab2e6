#include "controller/plan_manifests.h"

#include <algorithm>

#include "controller/convergence.h"
#include "reconciler/references.h"
#include "reconciler/source_scope.h"

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

bool IsTemplateField(const FieldChange& field) { return field.path.starts_with("spec.template."); }

// A new template for pods that nothing will replace.
void WarnOfKeptPods(const ObjectChanges& changes, Problems* problems) {
  for (const ObjectChange& change : changes) {
    const Kind kind = change.key.kind;
    if (kind != Kind::kReplicationController && kind != Kind::kReplicaSet) continue;
    if (change.type != ChangeType::kChange || change.after == nullptr) continue;
    if (std::none_of(change.fields.begin(), change.fields.end(), IsTemplateField)) continue;
    problems->warnings.push_back(ProblemAt(
        *change.after, "pods that run keep the old template. " + std::string(kKeepsPodsAdvice)));
  }
}

}  // namespace

Controller::PlanAnswer PlanManifestsAgainst(const ClusterState& state, const std::string& source,
                                            const std::string& commit,
                                            const std::vector<ManifestFile>& files,
                                            const std::vector<std::string>& confirmations,
                                            const BreakerLimits& limits, Now now,
                                            const std::string& source_folder) {
  Controller::PlanAnswer answer;
  const SourceSpec spec = SourceOrNew(state, source)->spec;
  ParsedManifests parsed =
      ParseManifests(files, "default", {}, nullptr,
                     {.source_folder = source_folder, .ignore_groups = spec.ignore_groups});
  CheckNamespaces(spec.namespaces, parsed.objects, &parsed.problems);
  answer.problems = std::move(parsed.problems);
  const DesiredState desired =
      BuildDesired(source, commit, parsed.objects, state, &answer.problems);
  if (!answer.problems.errors.empty()) return answer;
  const ObjectChanges changes = Diff(desired, state);
  WarnOfKeptPods(changes, &answer.problems);
  answer.held = CheckBreaker(changes, state, *SourceOrNew(state, source), commit, confirmations,
                             limits, now.wall)
                    .held;
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
