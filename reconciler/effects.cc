#include "reconciler/effects.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "reconciler/declared.h"
#include "reconciler/deployment.h"
#include "reconciler/owners.h"
#include "reconciler/reference_table.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/rollback_on_deadline.h"
#include "schema/all_kinds.h"
#include "schema/field_table.h"

namespace reconcile {
namespace {

// The first row of a kind whose prefix a field's path has says what changing it does.
struct EffectRow {
  Kind kind;
  std::string_view prefix;
  Effect effect;
  std::string_view why;
};
constexpr EffectRow kEffectRows[] = {
    {Kind::kDeployment, "spec.template", Effect::kRollOut, ""},
    {Kind::kDeployment, "spec.replicas", Effect::kScale, ""},
    {Kind::kDeployment, "spec", Effect::kInPlace, ""},
    {Kind::kReplicaSet, "spec.template", Effect::kNextStart, "pods that run keep the old template"},
    {Kind::kReplicaSet, "spec.replicas", Effect::kScale, ""},
    {Kind::kReplicaSet, "spec", Effect::kInPlace, ""},
    {Kind::kReplicationController, "spec.template", Effect::kNextStart,
     "pods that run keep the old template"},
    {Kind::kReplicationController, "spec.replicas", Effect::kScale, ""},
    {Kind::kReplicationController, "spec.selector", Effect::kScale,
     "pods that no longer match are let go, others take their place"},
    {Kind::kReplicationController, "spec", Effect::kInPlace, ""},
    {Kind::kPod, "metadata", Effect::kInPlace, ""},
    {Kind::kNode, "spec.unschedulable", Effect::kNextStart, "pods that are there stay"},
    {Kind::kNode, "spec.taints", Effect::kNextStart,
     "pods that are there stay, but for those that do not tolerate a NoExecute taint"},
    // Its first one, whatever stands in it.
    {Kind::kNode, "spec", Effect::kNextStart,
     "pods that are there stay, but for those that do not tolerate a NoExecute taint"},
    {Kind::kNode, "metadata.labels", Effect::kNextStart, "pods that are there stay"},
};

FieldEffect EffectByTable(Kind kind, const FieldChange& field) {
  if (NeedsRecreation(kind, {field})) return {Effect::kRecreate, "a pod's spec cannot change"};
  for (const EffectRow& row : kEffectRows) {
    if (row.kind == kind && field.path.starts_with(row.prefix)) {
      return {row.effect, std::string(row.why)};
    }
  }
  return {};
}

std::string HowItRolls(const Deployment& deployment) {
  if (deployment.spec.strategy.type == DeploymentStrategyType::kRecreate) {
    return "strategy Recreate: all pods go before new ones come";
  }
  const Fenceposts posts = FencepostsOf(deployment);
  const int32_t replicas = deployment.spec.replicas;
  return "at most " + std::to_string(replicas + posts.surge) + " pods, at least " +
         std::to_string(std::max(0, replicas - posts.unavailable)) + " of them available";
}

// Whether all pods of the Deployment with this uid are of its template.
bool IsRolledOut(const std::shared_ptr<const Deployment>& deployment, const std::string& uid,
                 const ClusterState& state) {
  const auto pod_template = TemplateOf(deployment, state);
  bool has_own = false;
  bool has_other = false;
  state.by_owner().ForEach(uid, [&](const ObjectKey& key) {
    const auto set = As<ReplicaSet>(state.Find(key));
    if (set == nullptr || set->spec.replicas == 0) return;
    (SameTemplate(*pod_template, *set) ? has_own : has_other) = true;
  });
  return has_own && !has_other;
}

FieldEffect EffectOnDeployment(const ObjectChange& change, const FieldChange& field,
                               const ClusterState& before) {
  const auto held = As<Deployment>(change.after);
  const Deployment& deployment = *held;
  const FieldEffect usual = EffectByTable(change.key.kind, field);
  const bool asks_otherwise =
      RestartsOnChange(change.before->metadata) != RestartsOnChange(deployment.metadata) &&
      field.path.starts_with("metadata.annotations") &&
      field.path.find(kRestartOnChange) != std::string::npos && !ConfigUsesOf(deployment).empty();
  const bool leaves_rollback = !WhyRolledBack(*As<Deployment>(*change.before)).empty() &&
                               !RollsBackOnDeadline(deployment.metadata) &&
                               field.path.find(kRollbackOnDeadline) != std::string::npos;
  if (usual.effect == Effect::kRollOut || asks_otherwise || leaves_rollback) {
    if (deployment.spec.paused)
      return {Effect::kNone, "paused: nothing rolls out until it resumes"};
    return {Effect::kRollOut, HowItRolls(deployment)};
  }
  const bool resumes = field.path == "spec.paused" && !deployment.spec.paused;
  if (resumes && !IsRolledOut(held, change.before->metadata.uid, before)) {
    return {Effect::kRollOut, "what changed while it was paused; " + HowItRolls(deployment)};
  }
  return usual;
}

// What the objects of a namespace that nobody controls use, by what is used.
class Users {
 public:
  Users(const ClusterState& state, const std::string& namespace_name) {
    for (const Kind kind : KindsOfPods()) {
      const ObjectMap& objects = state.Objects(kind);
      for (auto at = objects.lower_bound({kind, namespace_name, ""});
           at != objects.end() && at->first.namespace_name == namespace_name; ++at) {
        if (ControllerOf(at->second->metadata) != nullptr) continue;
        const auto* deployment = As<Deployment>(*at->second);
        const bool restarts = deployment != nullptr && !deployment->spec.paused &&
                              RestartsOnChange(deployment->metadata);
        for (const ConfigUse& use : ConfigUsesOf(*at->second)) {
          by_used_[use.key].push_back({at->first, use.part, use.mounted, restarts});
        }
      }
    }
  }

  // Of one key of a ConfigMap or Secret; `part` empty: those that restart whatever changes in it.
  void Collect(const ObjectKey& used, std::string_view part,
               std::map<ObjectKey, ConfigUser>* users) const {
    const auto found = by_used_.find(used);
    if (found == by_used_.end()) return;
    for (const One& one : found->second) {
      const bool takes_it = !part.empty() && (one.part.empty() || one.part == part);
      if (!takes_it && !one.restarts) continue;
      ConfigUser& user = (*users)[one.workload];
      user.workload = one.workload;
      user.restarts = user.restarts || one.restarts;
      (one.mounted ? user.mounted : user.as_variables) = true;
    }
  }

 private:
  struct One {
    ObjectKey workload;
    std::string part;
    bool mounted;
    bool restarts;
  };
  std::map<ObjectKey, std::vector<One>> by_used_;
};

bool IsConfig(Kind kind) { return kind == Kind::kConfigMap || kind == Kind::kSecret; }

FieldEffect EffectOnUsers(const std::map<ObjectKey, ConfigUser>& users) {
  FieldEffect effect;
  for (const auto& [workload, user] : users) {
    effect.effect = std::max(effect.effect, user.mounted ? Effect::kInPlace : Effect::kNone);
    effect.effect = std::max(effect.effect, user.as_variables ? Effect::kNextStart : Effect::kNone);
    effect.effect = std::max(effect.effect, user.restarts ? Effect::kRollOut : Effect::kNone);
  }
  if (users.empty()) effect.why = "nobody uses it";
  return effect;
}

// Users are found when something that may have some changes, namespace by namespace.
class Judge {
 public:
  Judge(const ClusterState& before, const ClusterState& after) : before_(before), after_(after) {}

  ChangeEffect Of(const ObjectChange& change) {
    ChangeEffect effect;
    if (change.type != ChangeType::kChange) return effect;
    std::map<ObjectKey, ConfigUser> users;
    for (const FieldChange& field : change.fields) {
      effect.fields.push_back(OfField(change, field, &users));
      effect.strongest = std::max(effect.strongest, effect.fields.back().effect);
    }
    for (auto& [key, user] : users) effect.users.push_back(std::move(user));
    return effect;
  }

 private:
  FieldEffect OfField(const ObjectChange& change, const FieldChange& field,
                      std::map<ObjectKey, ConfigUser>* users) {
    const Kind kind = change.key.kind;
    if (kind == Kind::kDeployment) return EffectOnDeployment(change, field, before_);
    const bool is_content = IsConfig(kind) && !field.path.starts_with("metadata");
    if (!is_content) return EffectByTable(kind, field);
    // Of a Secret it is not told what changes in it.
    if (field.map_key.empty() && kind == Kind::kConfigMap) return {};
    const auto known =
        known_users_.try_emplace(change.key.namespace_name, after_, change.key.namespace_name);
    std::map<ObjectKey, ConfigUser> of_field;
    known.first->second.Collect(change.key, field.map_key, &of_field);
    const FieldEffect effect = EffectOnUsers(of_field);
    if (field.map_key.empty() && of_field.empty()) return {};
    for (const auto& [key, user] : of_field) {
      ConfigUser& all = (*users)[key];
      all = {key, all.as_variables || user.as_variables, all.mounted || user.mounted,
             all.restarts || user.restarts};
    }
    return effect;
  }

  const ClusterState& before_;
  const ClusterState& after_;
  std::map<std::string, Users> known_users_;  // by namespace
};

}  // namespace

std::string_view ToString(Effect effect) {
  switch (effect) {
    case Effect::kNone:
      return "none";
    case Effect::kInPlace:
      return "in place";
    case Effect::kNextStart:
      return "next start";
    case Effect::kScale:
      return "scale";
    case Effect::kRollOut:
      return "rollout";
    case Effect::kRecreate:
      return "recreate";
  }
  return "";
}

std::vector<ChangeEffect> EffectsOf(const ObjectChanges& changes, const ClusterState& before,
                                    const ClusterState& after) {
  Judge judge(before, after);
  std::vector<ChangeEffect> effects;
  effects.reserve(changes.size());
  for (const ObjectChange& change : changes) effects.push_back(judge.Of(change));
  return effects;
}

}  // namespace reconcile
