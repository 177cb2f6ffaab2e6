#include <algorithm>

#include "base/ids.h"
#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr char kNameLabel[] = "kubernetes.io/metadata.name";

void EnsureBuiltIn(Turn* turn) {
  for (const std::string_view name : kBuiltInNamespaces) {
    if (turn->state().Find<Namespace>("", std::string(name)) != nullptr) continue;
    auto created = std::make_shared<Namespace>();
    created->metadata.name = name;
    created->metadata.creation_timestamp = turn->now().wall;
    created->metadata.generation = 1;
    created->metadata.labels[kNameLabel] = name;
    created->metadata.uid = DeriveUid({turn->ClusterId(), "Namespace", name, "built-in"});
    turn->Put(created);
  }
}

void SayGoing(Turn* turn, const Pod& pod) {
  turn->Record({.key = pod.key(),
                .reason = "Removed",
                .message = "Its namespace is being deleted",
                .component = "namespace-controller"});
}

// Removes what is in the namespace: pods first, which take until their hosts say so. True when
// nothing is left but Events.
bool Empty(Turn* turn, const std::string& name) {
  bool empty = true;
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).namespaced || kind == Kind::kEvent) continue;
    std::vector<ObjectPtr> content;
    const ObjectMap& objects = turn->state().Objects(kind);
    for (auto it = objects.lower_bound({kind, name, ""});
         it != objects.end() && it->first.namespace_name == name; ++it) {
      content.push_back(it->second);
    }
    for (const ObjectPtr& object : content) {
      if (const Pod* pod = As<Pod>(*object)) {
        if (!pod->metadata.deletion_timestamp) SayGoing(turn, *pod);
        RemovePod(turn, *pod);
        empty = empty && turn->state().Find(object->key()) == nullptr;
      } else {
        turn->Delete(object->key());
      }
    }
  }
  return empty;
}

void DeleteEvents(Turn* turn, const std::string& name) {
  std::vector<ObjectKey> keys;
  const ObjectMap& events = turn->state().Objects(Kind::kEvent);
  for (auto it = events.lower_bound({Kind::kEvent, name, ""});
       it != events.end() && it->first.namespace_name == name; ++it) {
    keys.push_back(it->first);
  }
  for (const ObjectKey& key : keys) turn->Delete(key);
}

}  // namespace

bool IsBuiltInNamespace(std::string_view name) {
  return std::find(std::begin(kBuiltInNamespaces), std::end(kBuiltInNamespaces), name) !=
         std::end(kBuiltInNamespaces);
}

void SyncNamespaces(Turn* turn) {
  EnsureBuiltIn(turn);
  turn->VisitDue<Namespace>([&](const std::shared_ptr<const Namespace>& held) {
    const Namespace& space = *held;
    const std::string& name = space.metadata.name;
    const bool going = space.metadata.deletion_timestamp.has_value();
    if (going && Empty(turn, name)) {
      DeleteEvents(turn, name);
      turn->Delete(space.key());
      return;
    }
    const std::string phase = going ? "Terminating" : "Active";
    const auto label = space.metadata.labels.find(kNameLabel);
    const bool labelled = label != space.metadata.labels.end() && label->second == name;
    if (labelled && space.phase == phase) return;
    const auto updated = Mutable(space);
    updated->phase = phase;
    updated->metadata.labels[kNameLabel] = name;
    turn->Put(updated);
  });
}

}  // namespace reconcile
