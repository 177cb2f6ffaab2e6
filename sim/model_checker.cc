#include "sim/model_checker.h"

#include <algorithm>
#include <utility>

#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

// Learned from a host after a database was lost, and nobody's yet.
bool IsRecovered(const Pod& pod) {
  return pod.metadata.annotations.contains("reconcile.dev/recovered") ||
         pod.metadata.origin.file == "(recovered)";
}

// What the model has of an application, in the people's words.
struct Modelled {
  std::string kind;
  std::string name;
  int replicas = 1;
  std::optional<SimTemplate> pod_template;
};

std::vector<Modelled> ApplicationsIn(const ClusterState& state) {
  std::vector<Modelled> found;
  state.ForEach<Deployment>([&](const auto& object) {
    found.push_back({"Deployment", object->metadata.name, object->spec.replicas,
                     ReadTemplate(object->spec.pod_template.spec)});
  });
  state.ForEach<ReplicationController>([&](const auto& object) {
    found.push_back({"ReplicationController", object->metadata.name, object->spec.replicas,
                     ReadTemplate(object->spec.pod_template.spec)});
  });
  state.ForEach<Pod>([&](const auto& pod) {
    // One that is being stopped makes room for its successor; one that was learned from a host
    // finds its owner or goes.
    if (ControllerOf(pod->metadata) != nullptr || pod->metadata.deletion_timestamp) return;
    if (IsRecovered(*pod)) return;
    found.push_back({"Pod", pod->metadata.name, 1, ReadTemplate(pod->spec)});
  });
  return found;
}

bool IsRecovering(const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  return cluster != nullptr && cluster->recovering;
}

bool IsStopping(const ClusterState& state, const std::string& pod_name) {
  const auto pod = state.Find<Pod>("default", pod_name);
  return pod != nullptr && pod->metadata.deletion_timestamp;
}

bool IsSilentIn(const ClusterState& state, const std::string& node_name) {
  const auto node = state.Find<Node>("", node_name);
  const Condition* ready =
      node == nullptr ? nullptr : FindCondition(node->status.conditions, "Ready");
  return ready != nullptr && ready->reason == kNodeStatusUnknown;
}

// A host that is silent loses what others make again, though never in the commit that calls it so,
// never while most hosts are silent, and never before it says that it stopped them.
bool IsEvicted(const Pod& pod, const ClusterState& before, const ClusterState& after) {
  const auto now = As<Pod>(after.Find(pod.key()));
  const std::string& node = pod.spec.node_name;
  const bool waits_for_host = now != nullptr && now->metadata.uid == pod.metadata.uid;
  if (!waits_for_host || ControllerOf(pod.metadata) == nullptr) return false;
  if (!IsSilentIn(before, node) || !IsSilentIn(after, node)) return false;
  int heard = 0;
  int silent = 0;
  after.ForEach<Node>([&](const std::shared_ptr<const Node>& each) {
    if (IsRevoked(*each)) return;
    ++(IsSilentIn(after, each->metadata.name) ? silent : heard);
  });
  return silent <= heard;
}

// A host that a person has drained loses its pods from the next commit on, those that nothing makes
// again when they said so, and never before it says that it stopped them.
bool IsDrained(const Pod& pod, const ClusterState& before, const ClusterState& after) {
  const auto now = As<Pod>(after.Find(pod.key()));
  if (now == nullptr || now->metadata.uid != pod.metadata.uid) return false;
  const auto node = before.Find<Node>("", pod.spec.node_name);
  if (node == nullptr || !node->status.drain || !node->status.cordon) return false;
  // One that a workload has adopted in this commit is made again too.
  return node->status.drain->force || ControllerOf(now->metadata) != nullptr;
}

// Whether the newest commit could be read and taken.
bool SourceIsReady(const ClusterState& state) {
  const auto source = state.Find<Source>("", "main");
  const Condition* ready = FindCondition(source->status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kTrue;
}

}  // namespace

std::string WorkloadOf(const Pod& pod, const ClusterState& state) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  if (owner == nullptr) return "Pod " + pod.metadata.name;
  if (owner->kind != "ReplicaSet") return owner->kind + " " + owner->name;
  const auto set = state.Find<ReplicaSet>(pod.metadata.namespace_name, owner->name);
  const OwnerReference* top = set == nullptr ? nullptr : ControllerOf(set->metadata);
  return top == nullptr ? "ReplicaSet " + owner->name : top->kind + " " + top->name;
}

void ModelChecker::OnState(const ClusterState* before, const ClusterState& after) {
  const auto source = after.Find<Source>("", "main");
  if (source == nullptr) return;
  const std::string& seen = source->status.seen_commit;
  if (!seen.empty() && workload_->Find(seen) == nullptr) refused_.insert(seen);
  const std::string& applied = source->status.applied_commit;
  if (applied.empty()) return;
  const Declaration* declaration = workload_->Find(applied);
  if (declaration == nullptr) {
    violations_.Add("the model follows commit " + applied + ", which is broken");
    return;
  }
  followed_.insert(applied);
  if (declaration->number < number_) {
    violations_.Add("the model went back from commit " + std::to_string(number_) + " to " +
                    std::to_string(declaration->number));
  }
  number_ = declaration->number;
  CheckObjects(*declaration, after);
  if (before != nullptr) CheckPods(*declaration, *before, after);
}

void ModelChecker::CheckObjects(const Declaration& declaration, const ClusterState& state) {
  const std::string where = "revision " + std::to_string(state.revision()) + ", commit " +
                            std::to_string(declaration.number) + ": ";
  std::set<std::string> missing;
  for (const auto& [name, application] : declaration.applications) missing.insert(name);
  const bool recovering = IsRecovering(state);
  for (const Modelled& modelled : ApplicationsIn(state)) {
    // What was declared after the copy was made is here already, learned from its host.
    if (recovering && modelled.kind == "Pod") {
      missing.erase(modelled.name);
      continue;
    }
    const std::string what = where + modelled.kind + " " + modelled.name;
    const auto found = declaration.applications.find(modelled.name);
    if (found == declaration.applications.end() || found->second.kind != modelled.kind) {
      violations_.Add(what + " is in the model and not declared");
      continue;
    }
    missing.erase(modelled.name);
    const Application& application = found->second;
    if (modelled.replicas != application.replicas ||
        modelled.pod_template != application.pod_template) {
      violations_.Add(what + " is not as declared");
    }
  }
  for (const std::string& name : missing) {
    // A bare Pod is replaced in two turns, and the second one needs a commit that can be taken.
    const bool waits = declaration.applications.at(name).kind == "Pod" &&
                       (IsStopping(state, name) || !SourceIsReady(state) || recovering);
    if (!waits) violations_.Add(where + name + " is declared and not in the model");
  }
  const auto config = state.Find<ConfigMap>("default", "config");
  const std::string wanted = std::to_string(declaration.config_generation);
  if (config == nullptr || config->data != StringMap{{"generation", wanted}}) {
    violations_.Add(where + "the ConfigMap is not as declared");
  }
}

std::string ModelChecker::WorkloadIn(const Pod& pod, const ClusterState& state) const {
  const auto known = missed_.find(pod.metadata.uid);
  return known == missed_.end() ? WorkloadOf(pod, state) : known->second.workload;
}

bool ModelChecker::MayGo(const Pod& pod, const std::string& workload,
                         const Declaration& declaration) const {
  const std::string name = workload.substr(workload.find(' ') + 1);
  const auto found = declaration.applications.find(name);
  if (found == declaration.applications.end()) return true;
  const Application& application = found->second;
  if (application.kind + " " + name != workload) return true;
  const bool keeps_template = application.kind == "ReplicationController";
  if (!keeps_template && ReadTemplate(pod.spec) != application.pod_template) return true;
  return application.changed_at > CreatedUnder(pod.metadata.uid);
}

bool ModelChecker::IsExcused(const Pod& pod, const std::string& workload,
                             const Declaration& declaration, const ClusterState& before,
                             const ClusterState& after) const {
  if (losses_ == 0) return false;
  if (went_.contains(pod.metadata.uid) || !runs_(pod.metadata.uid)) return true;
  if (pod.spec.node_name.empty()) return true;  // where it runs is not known
  const auto declared = declaration.applications.find(workload.substr(workload.find(' ') + 1));
  if (declared == declaration.applications.end()) return true;
  // Those that a host's inventory brought in the same commit count too: they run, or the model that
  // was lost had them and they are being started again there.
  std::set<std::string> there;
  before.ForEach<Pod>([&](const std::shared_ptr<const Pod>& other) {
    if (other->metadata.deletion_timestamp) return;
    // Adopted in this very commit, it counts with those that it joins.
    const auto later = As<Pod>(after.Find(other->key()));
    const bool joins = later != nullptr && WorkloadIn(*later, after) == workload;
    if (joins || WorkloadIn(*other, before) == workload) there.insert(other->metadata.uid);
  });
  after.ForEach<Pod>([&](const std::shared_ptr<const Pod>& other) {
    const std::string& uid = other->metadata.uid;
    if (before.Find(other->key()) != nullptr || (!runs_(uid) && !missed_.contains(uid))) return;
    if (WorkloadIn(*other, after) == workload) there.insert(other->metadata.uid);
  });
  return std::cmp_greater(there.size(), declared->second.replicas);
}

void ModelChecker::OnLoss(const ClusterState& lost) {
  ++losses_;
  number_ = 0;
  lost.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const std::string& uid = pod->metadata.uid;
    if (!pod->metadata.deletion_timestamp) missed_[uid] = {pod, WorkloadOf(*pod, lost)};
  });
}

bool ModelChecker::IsMissed(const std::string& uid) const {
  const auto found = missed_.find(uid);
  if (found == missed_.end() || went_.contains(uid)) return false;
  return !MayGo(*found->second.pod, found->second.workload, workload_->declared());
}

void ModelChecker::CheckPods(const Declaration& declaration, const ClusterState& before,
                             const ClusterState& after) {
  before.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->metadata.deletion_timestamp) return;
    const auto now = As<Pod>(after.Find(pod->key()));
    const bool stays = now != nullptr && now->metadata.uid == pod->metadata.uid &&
                       !now->metadata.deletion_timestamp;
    if (stays) return;
    OnRemoved(*pod, WorkloadIn(*pod, before), declaration, before, after);
  });
  after.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    created_under_.emplace(pod->metadata.uid, declaration.number);
    // Learned from its host and removed in one commit.
    if (!pod->metadata.deletion_timestamp || before.Find(pod->key()) != nullptr) return;
    OnRemoved(*pod, WorkloadIn(*pod, after), declaration, before, after);
  });
}

void ModelChecker::OnRemoved(const Pod& pod, const std::string& workload,
                             const Declaration& declaration, const ClusterState& before,
                             const ClusterState& after) {
  const bool may_go = MayGo(pod, workload, declaration) || IsEvicted(pod, before, after) ||
                      IsDrained(pod, before, after) || is_driven_out_(pod, after) ||
                      IsExcused(pod, workload, declaration, before, after);
  went_.insert(pod.metadata.uid);
  if (may_go) return;
  violations_.Add("revision " + std::to_string(after.revision()) + ": pod " + pod.metadata.name +
                  " was removed, but commit " + std::to_string(declaration.number) +
                  " wants it as it was");
}

int64_t ModelChecker::CreatedUnder(const std::string& pod_uid) const {
  const auto found = created_under_.find(pod_uid);
  return found == created_under_.end() ? 0 : found->second;
}

}  // namespace reconcile
