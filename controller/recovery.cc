#include "controller/recovery.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/planted_bug.h"
#include "reconciler/controllers.h"
#include "reconciler/deployment.h"
#include "reconciler/pod_control.h"
#include "reconciler/reconciler.h"
#include "schema/pod.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr char kRecoveryComponent[] = "recovery";

std::shared_ptr<const Cluster> ClusterOf(const ClusterState& state) {
  auto cluster = state.Find<Cluster>("", "cluster");
  CHECK(cluster != nullptr);
  return cluster;
}

// Created before this lineage began: another lineage may know better what became of it.
bool IsOfEarlierLineage(const Pod& pod, const Cluster& cluster) {
  return pod.metadata.creation_timestamp.value_or(WallTime()).ms < cluster.lineage_began_ms;
}

// "web-6d5f7" of a pod with the hash label "6d5f7": a ReplicaSet that a Deployment made.
bool IsOfDeployment(const OwnerReference& owner, const Pod& pod) {
  const auto hash = pod.metadata.labels.find(kTemplateHashLabel);
  return owner.kind == ToString(Kind::kReplicaSet) && hash != pod.metadata.labels.end() &&
         !hash->second.empty() && owner.name.ends_with("-" + hash->second);
}

bool Selects(const Object& object, const StringMap& labels) {
  if (const auto* set = As<ReplicaSet>(object)) return Matches(set->spec.selector, labels);
  const auto* controller = As<ReplicationController>(object);
  return controller != nullptr && Matches(controller->spec.selector, labels);
}

constexpr Kind kRecoveredKinds[] = {Kind::kPod, Kind::kReplicaSet, Kind::kService};

// One taking of inventories.
class Taking {
 public:
  Taking(const std::vector<const Inventory*>& inventories, ClusterState* state, WriteSet* writes,
         Now now)
      : inventories_(inventories), state_(state), writes_(writes), now_(now) {
    for (const Inventory* inventory : inventories_) {
      for (const auto& pod : inventory->pods) running_.insert(pod->metadata.uid);
    }
  }

  Learned Take() {
    for (const Inventory* inventory : inventories_) {
      TakeNode(*inventory);
      DropGone(*inventory);
    }
    for (const Inventory* inventory : inventories_) TakePods(*inventory);
    for (const ObjectKey& key : taken_) FindOwner(*As<Pod>(state_->Find(key)));
    SizeSets();
    TakeServices();
    return std::move(learned_);
  }

 private:
  void Put(ObjectPtr object) { PutBoth(std::move(object), state_, writes_); }
  void TakeNode(const Inventory& inventory);
  void DropGone(const Inventory& inventory);
  void TakePods(const Inventory& inventory);
  bool TakePod(const Inventory& inventory, const Pod& running);
  void FindOwner(const Pod& pod);
  void RebuildSet(const OwnerReference& owner, const Pod& pod);
  void SetOwner(const Pod& pod, const std::string& uid);
  void SizeSets();
  void TakeServices();
  void TakeService(const Service& known);
  void EnsureNamespace(const std::string& name);

  const std::vector<const Inventory*>& inventories_;
  ClusterState* const state_;
  WriteSet* const writes_;
  const Now now_;
  std::set<std::string> running_;  // uids
  std::set<ObjectKey> taken_;      // pods whose owner is to be found
  std::set<std::string> touched_;  // uids of owners whose pods came or went
  Learned learned_;
};

void Taking::TakeNode(const Inventory& inventory) {
  const auto existing = state_->Find<Node>("", inventory.node);
  const auto cluster = ClusterOf(*state_);
  const auto node = existing ? std::make_shared<Node>(*existing) : std::make_shared<Node>();
  if (!existing) {
    node->metadata.name = inventory.node;
    node->metadata.creation_timestamp = now_.wall;
    node->metadata.uid = DeriveUid({"node", cluster->cluster_id, inventory.node});
  }
  if (!inventory.node_pod_cidr.empty()) node->spec.pod_cidr = inventory.node_pod_cidr;
  if (!existing || existing->spec != node->spec) Put(node);
}

// What was on the node when the model was saved, and is not there now, was removed meanwhile.
void Taking::DropGone(const Inventory& inventory) {
  const auto cluster = ClusterOf(*state_);
  std::vector<std::shared_ptr<const Pod>> gone;
  state_->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->spec.node_name == inventory.node && IsOfEarlierLineage(*pod, *cluster) &&
        !running_.contains(pod->metadata.uid)) {
      gone.push_back(pod);
    }
  });
  for (const auto& pod : gone) {
    if (const OwnerReference* owner = ControllerOf(pod->metadata)) touched_.insert(owner->uid);
    DeleteBoth(pod->key(), state_, writes_);
    learned_.reasons.push_back({.key = pod->key(),
                                .reason = "Removed",
                                .message = "Node " + inventory.node +
                                           " does not have it any more: it was removed after the "
                                           "controller's database was saved",
                                .component = kRecoveryComponent});
  }
}

void Taking::TakePods(const Inventory& inventory) {
  size_t unknown = 0;
  for (const auto& pod : inventory.pods) {
    const auto known = state_->Find<Pod>(pod->metadata.namespace_name, pod->metadata.name);
    const bool is_new = known == nullptr || known->metadata.uid != pod->metadata.uid;
    if (TakePod(inventory, *pod) && is_new) ++unknown;
  }
  if (unknown == 0) return;
  learned_.reasons.push_back({.key = {Kind::kNode, "", inventory.node},
                              .reason = "Recovered",
                              .message = std::to_string(unknown) +
                                         " pods that it runs were not in the controller's database "
                                         "and are now",
                              .component = kRecoveryComponent});
}

// False when the model has another pod of that name, which stays.
bool Taking::TakePod(const Inventory& inventory, const Pod& running) {
  const auto cluster = ClusterOf(*state_);
  const auto known = As<Pod>(state_->Find(running.key()));
  const bool same = known != nullptr && known->metadata.uid == running.metadata.uid;
  if (same && !known->spec.node_name.empty() && known->spec.node_name != inventory.node) {
    learned_.reasons.push_back({.key = {Kind::kNode, "", inventory.node},
                                .type = EventType::kWarning,
                                .reason = "ForeignPod",
                                .message = "It says that it runs pod " + ToString(running.key()) +
                                           ", which is node " + known->spec.node_name +
                                           "'s; it is not believed",
                                .component = kRecoveryComponent});
    return false;
  }
  if (known != nullptr && !same) {
    const bool known_lives =
        running_.contains(known->metadata.uid) || !IsOfEarlierLineage(*known, *cluster);
    if (known_lives) {
      learned_.surplus_uids[inventory.node].insert(running.metadata.uid);
      return false;
    }
  }
  const auto taken = std::make_shared<Pod>(running);
  taken->spec.node_name = inventory.node;
  if (taken->status == PodStatus()) taken->status.phase = PodPhase::kPending;
  if (same) {
    if (known->metadata.resource_version >= running.metadata.resource_version) {
      const auto going = taken->metadata.deletion_timestamp;
      taken->metadata = known->metadata;
      if (going) taken->metadata.deletion_timestamp = going;
    } else if (known->metadata.deletion_timestamp) {
      taken->metadata.deletion_timestamp = known->metadata.deletion_timestamp;
    }
    if (running.status == PodStatus()) taken->status = known->status;
  }
  taken_.insert(taken->key());
  EnsureNamespace(taken->metadata.namespace_name);
  if (const OwnerReference* owner = ControllerOf(taken->metadata)) touched_.insert(owner->uid);
  if (same && known->metadata == taken->metadata && known->spec == taken->spec &&
      known->status == taken->status) {
    return true;
  }
  Put(taken);
  return true;
}

// Without its namespace nothing could be declared there; Git's own takes its place.
void Taking::EnsureNamespace(const std::string& name) {
  if (IsBuiltInNamespace(name) || state_->Find<Namespace>("", name) != nullptr) return;
  const auto space = std::make_shared<Namespace>();
  space->metadata.name = name;
  space->metadata.generation = 1;
  space->metadata.creation_timestamp = now_.wall;
  space->metadata.uid = DeriveUid({ClusterOf(*state_)->cluster_id, "Namespace", name, "recovered"});
  Put(space);
}

void Taking::SetOwner(const Pod& pod, const std::string& uid) {
  const auto updated = std::make_shared<Pod>(pod);
  std::vector<OwnerReference>& owners = updated->metadata.owner_references;
  if (uid.empty()) {
    owners.clear();
    updated->metadata.annotations[kRecoveredAnnotation] = "true";
  } else {
    std::erase_if(owners, [](const OwnerReference& owner) { return !owner.controller; });
    owners.front().uid = uid;
    touched_.insert(uid);
  }
  Put(updated);
}

// An owner that is not there would take its pods along.
void Taking::FindOwner(const Pod& pod) {
  const OwnerReference* owner = ControllerOf(pod.metadata);
  if (owner == nullptr || PlantedBug("leave-recovered-orphans")) return;
  const auto kind = FindKind(owner->api_version, owner->kind);
  const ObjectPtr named =
      kind ? state_->Find({*kind, pod.metadata.namespace_name, owner->name}) : nullptr;
  if (named != nullptr && named->metadata.uid == owner->uid) return;
  if (named == nullptr && IsOfDeployment(*owner, pod)) return RebuildSet(*owner, pod);
  const bool successor = named != nullptr && Selects(*named, pod.metadata.labels);
  SetOwner(pod, successor ? named->metadata.uid : "");
}

// As its Deployment made it, but for what only the Deployment knows: it adopts the set by its
// labels and finds its template to be its own.
void Taking::RebuildSet(const OwnerReference& owner, const Pod& pod) {
  auto set = std::make_shared<ReplicaSet>();
  set->metadata.namespace_name = pod.metadata.namespace_name;
  set->metadata.name = owner.name;
  set->metadata.uid = owner.uid;
  set->metadata.generation = 1;
  set->metadata.creation_timestamp = pod.metadata.creation_timestamp;
  set->metadata.labels = pod.metadata.labels;
  set->metadata.annotations[kRecoveredAnnotation] = "true";
  set->metadata.incarnation = FirstIncarnation(*ClusterOf(*state_));
  set->spec.pod_template.metadata.labels = pod.metadata.labels;
  set->spec.pod_template.metadata.annotations = pod.metadata.annotations;
  set->spec.pod_template.metadata.annotations.erase(kRecoveredAnnotation);
  set->spec.pod_template.spec = pod.spec;
  PodSpec& spec = set->spec.pod_template.spec;
  spec.node_name = std::exchange(spec.declared_node_name, "");
  set->spec.selector.match_labels = pod.metadata.labels;
  touched_.insert(owner.uid);
  Put(set);
}

// A Deployment's set has the size that it really has: the Deployment then scales it as Git says.
// As declared, a set that lost its pods since would begin pods of an old template.
void Taking::SizeSets() {
  std::map<std::string, int32_t> sizes;
  std::map<std::string, std::optional<WallTime>> oldest;
  state_->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const OwnerReference* owner = ControllerOf(pod->metadata);
    if (owner == nullptr || !touched_.contains(owner->uid)) return;
    if (IsActive(*pod)) ++sizes[owner->uid];
    std::optional<WallTime>& stamp = oldest[owner->uid];
    if (!stamp || pod->metadata.creation_timestamp < *stamp)
      stamp = pod->metadata.creation_timestamp;
  });
  std::vector<std::shared_ptr<ReplicaSet>> resized;
  state_->ForEach<ReplicaSet>([&](const std::shared_ptr<const ReplicaSet>& set) {
    if (!touched_.contains(set->metadata.uid)) return;
    const OwnerReference* owner = ControllerOf(set->metadata);
    const bool rebuilt = set->metadata.annotations.contains(kRecoveredAnnotation);
    const bool of_deployment = owner != nullptr && owner->kind == ToString(Kind::kDeployment);
    if (!rebuilt && !of_deployment) return;
    const auto updated = std::make_shared<ReplicaSet>(*set);
    updated->spec.replicas = sizes[set->metadata.uid];
    if (rebuilt && owner == nullptr) {
      const auto stamp = oldest[set->metadata.uid];
      if (stamp && stamp < updated->metadata.creation_timestamp) {
        updated->metadata.creation_timestamp = stamp;
      }
    }
    if (updated->spec != set->spec) ++updated->metadata.generation;
    if (updated->spec != set->spec || updated->metadata != set->metadata)
      resized.push_back(updated);
  });
  for (const auto& set : resized) Put(set);
}

// Services have the addresses that hosts have for them. The host that heard of them last is asked
// first.
void Taking::TakeServices() {
  std::vector<const Inventory*> newest_first = inventories_;
  std::stable_sort(newest_first.begin(), newest_first.end(),
                   [](const Inventory* a, const Inventory* b) {
                     const Fence none;
                     const Fence& x = a->fence ? *a->fence : none;
                     const Fence& y = b->fence ? *b->fence : none;
                     return std::pair(x.epoch, x.revision) > std::pair(y.epoch, y.revision);
                   });
  for (const Inventory* inventory : newest_first) {
    for (const auto& service : inventory->services) TakeService(*service);
  }
}

// What the model knows of a Service stays; what it cannot have, as another has it, is left out.
void Taking::TakeService(const Service& known) {
  if (state_->Find(known.key()) != nullptr) return;
  const std::vector<std::string> claims = ClaimsOf(known.spec);
  if (std::any_of(claims.begin(), claims.end(), [&](const std::string& claim) {
        return state_->services_by_claim().Has(claim);
      })) {
    return;
  }
  const auto service = std::make_shared<Service>(known);
  service->metadata.uid =
      DeriveUid({ClusterOf(*state_)->cluster_id, "Service", known.metadata.namespace_name,
                 known.metadata.name, ClusterOf(*state_)->lineage});
  service->metadata.generation = 1;
  service->metadata.creation_timestamp = now_.wall;
  service->metadata.annotations[kRecoveredAnnotation] = "true";
  EnsureNamespace(known.metadata.namespace_name);
  Put(service);
}

// The source that declares most in a namespace; of equals, and where none does, the first.
std::string HeirOf(const std::string& namespace_name, const std::set<std::string>& sources,
                   const ClusterState& state) {
  std::map<std::string, int> declared;
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).namespaced || !InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : state.Objects(kind)) {
      const std::string& source = object->metadata.origin.source;
      if (key.namespace_name == namespace_name && sources.contains(source)) ++declared[source];
    }
  }
  std::string heir = *sources.begin();
  for (const auto& [source, count] : declared) {
    if (count > declared[heir]) heir = source;
  }
  return heir;
}

}  // namespace

int64_t FirstIncarnation(const Cluster& cluster) {
  constexpr int kBits = 49;
  return (int64_t{1} << kBits) + static_cast<int64_t>(Fnv1a64(cluster.lineage) >> (64 - kBits));
}

Learned TakeInventories(const std::vector<const Inventory*>& inventories, ClusterState* state,
                        WriteSet* writes, Now now) {
  return Taking(inventories, state, writes, now).Take();
}

bool HasRecovered(const ClusterState& state) {
  for (const Kind kind : kRecoveredKinds) {
    for (const auto& [key, object] : state.Objects(kind)) {
      if (object->metadata.annotations.contains(kRecoveredAnnotation)) return true;
    }
  }
  return false;
}

std::set<std::string> GiveRecovered(const std::set<std::string>& sources, ClusterState* state,
                                    WriteSet* writes) {
  std::set<std::string> heirs;
  if (sources.empty()) return heirs;
  std::vector<ObjectPtr> recovered;
  for (const Kind kind : kRecoveredKinds) {
    for (const auto& [key, object] : state->Objects(kind)) {
      if (object->metadata.annotations.contains(kRecoveredAnnotation)) recovered.push_back(object);
    }
  }
  for (const ObjectPtr& object : recovered) {
    const std::shared_ptr<Object> settled = object->Clone();
    settled->metadata.annotations.erase(kRecoveredAnnotation);
    const bool nobodys = ControllerOf(settled->metadata) == nullptr &&
                         settled->metadata.origin.source.empty() &&
                         !settled->metadata.deletion_timestamp;
    if (nobodys) {
      const std::string heir = HeirOf(object->metadata.namespace_name, sources, *state);
      settled->metadata.origin = {.source = heir, .file = "(recovered)", .line = 0};
      heirs.insert(heir);
    }
    PutBoth(settled, state, writes);
  }
  return heirs;
}

}  // namespace reconcile
