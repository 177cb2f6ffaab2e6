#include "sim/model_checker.h"

#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

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
    // One that is being stopped makes room for its successor.
    if (ControllerOf(pod->metadata) != nullptr || pod->metadata.deletion_timestamp) return;
    found.push_back({"Pod", pod->metadata.name, 1, ReadTemplate(pod->spec)});
  });
  return found;
}

bool IsStopping(const ClusterState& state, const std::string& pod_name) {
  const auto pod = state.Find<Pod>("default", pod_name);
  return pod != nullptr && pod->metadata.deletion_timestamp;
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
  for (const Modelled& modelled : ApplicationsIn(state)) {
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
                       (IsStopping(state, name) || !SourceIsReady(state));
    if (!waits) violations_.Add(where + name + " is declared and not in the model");
  }
  const auto config = state.Find<ConfigMap>("default", "config");
  const std::string wanted = std::to_string(declaration.config_generation);
  if (config == nullptr || config->data != StringMap{{"generation", wanted}}) {
    violations_.Add(where + "the ConfigMap is not as declared");
  }
}

bool ModelChecker::MayGo(const Pod& pod, const Declaration& declaration,
                         const ClusterState& before) const {
  const std::string workload = WorkloadOf(pod, before);
  const std::string name = workload.substr(workload.find(' ') + 1);
  const auto found = declaration.applications.find(name);
  if (found == declaration.applications.end()) return true;
  const Application& application = found->second;
  if (application.kind + " " + name != workload) return true;
  const bool keeps_template = application.kind == "ReplicationController";
  if (!keeps_template && ReadTemplate(pod.spec) != application.pod_template) return true;
  return application.changed_at > CreatedUnder(pod.metadata.uid);
}

void ModelChecker::CheckPods(const Declaration& declaration, const ClusterState& before,
                             const ClusterState& after) {
  before.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->metadata.deletion_timestamp) return;
    const auto now = As<Pod>(after.Find(pod->key()));
    const bool stays = now != nullptr && now->metadata.uid == pod->metadata.uid &&
                       !now->metadata.deletion_timestamp;
    if (stays || MayGo(*pod, declaration, before)) return;
    violations_.Add("revision " + std::to_string(after.revision()) + ": pod " + pod->metadata.name +
                    " was removed, but commit " + std::to_string(declaration.number) +
                    " wants it as it was");
  });
  after.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    created_under_.emplace(pod->metadata.uid, declaration.number);
  });
}

int64_t ModelChecker::CreatedUnder(const std::string& pod_uid) const {
  const auto found = created_under_.find(pod_uid);
  return found == created_under_.end() ? 0 : found->second;
}

}  // namespace reconcile
