#include <cstdlib>

#include "reconciler/declared.h"
#include "reconciler/eviction.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/turn.h"
#include "schema/pod_security.h"

// What a change makes due. The rule: whatever a controller reads when it visits an object, a change
// of that makes the object due. tests/property/reconciler/incremental_property_test.cc holds turns
// that look only at what is due against turns that look at everything.

namespace reconcile {
namespace {

constexpr Kind kWorkloadKinds[] = {Kind::kReplicationController, Kind::kReplicaSet,
                                   Kind::kDeployment};
constexpr Kind kKindsThatCreate[] = {Kind::kReplicationController, Kind::kReplicaSet,
                                     Kind::kDeployment, Kind::kService};

bool RestartsOnChange(const Object& object) {
  return object.kind == Kind::kDeployment && reconcile::RestartsOnChange(object.metadata);
}

bool SameToleration(const Object* before, const Object* after) {
  return before != nullptr && after != nullptr &&
         As<Cluster>(*before)->unreachable_toleration_ms ==
             As<Cluster>(*after)->unreachable_toleration_ms;
}

// Whether they keep the same pods out.
bool AllowTheSame(const Object& before, const Object& after) {
  return PodSecurityLevelOf(As<Namespace>(before)) == PodSecurityLevelOf(As<Namespace>(after));
}

bool IsOpen(const Object* space) { return space != nullptr && !space->metadata.deletion_timestamp; }

}  // namespace

bool Turn::IsOfUse(const Settled& settled) const {
  const bool clock_was_set =
      std::abs(ClocksApartMs(now_) - settled.clocks_apart_ms) > kClockSlackMs;
  return settled.state && !clock_was_set && now_.mono >= settled.full_at &&
         now_.mono - settled.full_at < kFullTurnEveryMs;
}

void Turn::MakeAllDue() {
  for (const Kind kind : kAllKinds) {
    if (kind == Kind::kEvent) continue;
    for (const auto& [key, object] : state_.Objects(kind)) {
      MakeDue(key);
      suspects_.insert(key);
    }
  }
}

std::vector<ObjectPtr> Turn::TakeSuspects(Kind kind) {
  std::vector<ObjectPtr> suspects;
  auto suspect = suspects_.lower_bound({kind, "", ""});
  while (suspect != suspects_.end() && suspect->kind == kind) {
    if (ObjectPtr object = state_.Find(*suspect)) suspects.push_back(std::move(object));
    suspect = suspects_.erase(suspect);
  }
  return suspects;
}

void Turn::NoteChange(const ObjectPtr& before, const ObjectPtr& after) {
  const Object& either = before == nullptr ? *after : *before;
  if (either.kind == Kind::kEvent) return;
  const ObjectKey key = either.key();
  MakeDue(key);
  suspects_.insert(key);
  if (before != nullptr) NoteOwners(*before);
  if (after != nullptr) NoteOwners(*after);
  if (after != nullptr && IsAdoptable(*after)) NoteAdoptable(*after);
  if (before == nullptr || after == nullptr || before->metadata.uid != after->metadata.uid) {
    if (before != nullptr) NoteUid(before->metadata.uid);
    if (after != nullptr) NoteUid(after->metadata.uid);
  }
  NoteForServices(before, after);
  if (either.kind == Kind::kNamespace) NoteNamespace(before.get(), after.get(), key.name);
  if (either.kind == Kind::kNode && (before == nullptr || after == nullptr)) {
    state_.pods_by_node().ForEach(key.name, [&](const ObjectKey& pod) {
      suspects_.insert(pod);
      const ObjectPtr object = state_.Find(pod);
      NoteOwners(*object);
      MakeDue({Kind::kNamespace, "", pod.namespace_name});
    });
  }
  NoteEvictions(before.get(), after.get());
  NoteForBudgets(either);
  if (either.kind == Kind::kConfigMap || either.kind == Kind::kSecret) NoteConfig(key);
  if (restarting_ && after != nullptr && RestartsOnChange(*after)) restarting_->insert(key);
  // What is in a namespace that is going is waited for.
  if (!key.namespace_name.empty()) {
    const ObjectKey space{Kind::kNamespace, "", key.namespace_name};
    const ObjectPtr found = state_.Find(space);
    if (found != nullptr && found->metadata.deletion_timestamp) due_.insert(space);
  }
}

// A Deployment also looks at its ReplicaSets' pods.
void Turn::NoteOwners(const Object& object) {
  for (const OwnerReference& owner : object.metadata.owner_references) {
    state_.by_uid().ForEach(owner.uid, [&](const ObjectKey& key) {
      MakeDue(key);
      if (!owner.controller || object.kind != Kind::kPod) return;
      const ObjectPtr controller = state_.Find(key);
      for (const OwnerReference& above : controller->metadata.owner_references) {
        state_.by_uid().ForEach(above.uid, [&](const ObjectKey& top) { MakeDue(top); });
      }
    });
  }
}

// The pods that a host has which pods must leave, and whether so many are silent that none of
// theirs may go.
void Turn::NoteEvictions(const Object* before, const Object* after) {
  const Object& either = before == nullptr ? *after : *before;
  if (either.kind == Kind::kPod) {
    for (const Object* pod : {before, after}) {
      const std::string name = pod == nullptr ? "" : As<Pod>(*pod)->spec.node_name;
      const auto node = name.empty() ? nullptr : state_.Find<Node>("", name);
      if (node != nullptr && EvictsPods(*node)) due_.insert(node->key());
    }
    return;
  }
  const Kind kind = either.kind;
  if (kind != Kind::kNode && kind != Kind::kCluster) return;
  const auto counts = [](const Object* object) {
    const Node* node = object == nullptr ? nullptr : As<Node>(*object);
    return std::pair(node != nullptr && IsSilent(*node), node != nullptr && !IsRevoked(*node));
  };
  const bool is_same =
      kind == Kind::kNode ? counts(before) == counts(after) : SameToleration(before, after);
  if (is_same) return;
  for (const auto& [key, node] : state_.Objects(Kind::kNode)) due_.insert(key);
}

// Of what budgets are reckoned: their pods, and how many there should be. Hosts that are drained
// wait for them, and for their own pods to go.
void Turn::NoteForBudgets(const Object& either) {
  const auto is_draining = [](const Object& object) {
    const Node* node = As<Node>(object);
    return node != nullptr && node->status.drain.has_value();
  };
  if (draining_ && is_draining(either)) draining_->insert(either.key());
  const bool counts = either.kind == Kind::kPod || either.kind == Kind::kPodDisruptionBudget ||
                      DeclaredReplicas(either).has_value();
  if (!counts) return;
  const std::string& space = either.metadata.namespace_name;
  const ObjectMap& budgets = state_.Objects(Kind::kPodDisruptionBudget);
  for (auto at = budgets.lower_bound({Kind::kPodDisruptionBudget, space, ""});
       at != budgets.end() && at->first.namespace_name == space; ++at) {
    due_.insert(at->first);
  }
  if (!draining_) {
    draining_.emplace();
    for (const auto& [key, node] : state_.Objects(Kind::kNode)) {
      if (is_draining(*node)) draining_->insert(key);
    }
  }
  due_.insert(draining_->begin(), draining_->end());
}

// Deployments whose template is another one with it.
void Turn::NoteConfig(const ObjectKey& key) {
  if (!restarting_) {
    restarting_.emplace();
    for (const auto& [found, object] : state_.Objects(Kind::kDeployment)) {
      if (RestartsOnChange(*object)) restarting_->insert(found);
    }
  }
  for (auto at = restarting_->lower_bound({Kind::kDeployment, key.namespace_name, ""});
       at != restarting_->end() && at->namespace_name == key.namespace_name; ++at) {
    MakeDue(*at);
  }
}

// What names an owner that comes or goes.
void Turn::NoteUid(const std::string& uid) {
  if (uid.empty()) return;
  state_.by_owner().ForEach(uid, [&](const ObjectKey& key) {
    suspects_.insert(key);
    MakeDue(key);
  });
}

void Turn::NoteNamespace(const Object* before, const Object* after, const std::string& name) {
  if (before != nullptr && after != nullptr &&
      reconcile::IsOpen(before) == reconcile::IsOpen(after) && AllowTheSame(*before, *after)) {
    return;
  }
  for (const Kind kind : kKindsThatCreate) {
    const ObjectMap& objects = state_.Objects(kind);
    for (auto it = objects.lower_bound({kind, name, ""});
         it != objects.end() && it->first.namespace_name == name; ++it) {
      MakeDue(it->first);
    }
  }
}

// Whoever selects it. Controllers without a match would do nothing: all of the kinds that adopt it
// are told, as such objects are few.
void Turn::NoteAdoptable(const Object& object) {
  const std::string& name = object.metadata.namespace_name;
  for (const Kind kind : kWorkloadKinds) {
    const bool adopts = (object.kind == Kind::kReplicaSet) == (kind == Kind::kDeployment);
    if (!adopts) continue;
    const ObjectMap& objects = state_.Objects(kind);
    for (auto it = objects.lower_bound({kind, name, ""});
         it != objects.end() && it->first.namespace_name == name; ++it) {
      MakeDue(it->first);
    }
  }
}

}  // namespace reconcile
