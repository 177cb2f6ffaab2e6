#include <algorithm>
#include <utility>

#include "base/planted_bug.h"
#include "reconciler/controllers.h"
#include "reconciler/pod_control.h"

namespace reconcile {
namespace {

constexpr char kGarbageComponent[] = "garbage-collector";

void SayGone(Turn* turn, const Object& object, const std::string& what) {
  if (object.kind == Kind::kEndpointSlice) return;  // nobody asks why
  turn->Record({.key = object.key(),
                .reason = "Removed",
                .message = what + " is gone",
                .component = kGarbageComponent});
}

void Collect(Turn* turn, const Object& object) {
  if (PlantedBug("keep-orphans")) return;
  const auto& references = object.metadata.owner_references;
  const auto dangles = [&](const OwnerReference& reference) {
    return !turn->Exists(reference.uid);
  };
  if (std::none_of(references.begin(), references.end(), dangles)) return;
  const Pod* pod = As<Pod>(object);
  if (std::all_of(references.begin(), references.end(), dangles)) {
    if (pod != nullptr && pod->metadata.deletion_timestamp) return;
    SayGone(turn, object, "Its owner " + references[0].kind + " " + references[0].name);
    if (pod != nullptr) {
      RemovePod(turn, *pod);
    } else {
      turn->Delete(object.key());
    }
    return;
  }
  const std::shared_ptr<Object> kept = object.Clone();
  std::erase_if(kept->metadata.owner_references, dangles);
  turn->Put(kept);
  turn->Record({.key = object.key(),
                .reason = "OwnerGone",
                .message = "An owner of several is gone; the others keep it",
                .component = kGarbageComponent});
}

bool HasLostItsNode(const Turn& turn, const Pod& pod) {
  return !pod.spec.node_name.empty() && turn.state().Find<Node>("", pod.spec.node_name) == nullptr;
}

// Pods that ended are kept for their status and logs, but not without end (SEMANTICS 8.11). What a
// manifest declares stays: it would be made anew.
void CollectEnded(Turn* turn) {
  std::vector<PodPtr> ended;
  turn->state().ForEach<Pod>([&](const PodPtr& pod) {
    const bool declared = !pod->metadata.origin.source.empty();
    if (IsTerminal(*pod) && !pod->metadata.deletion_timestamp && !declared) ended.push_back(pod);
  });
  if (ended.size() <= kMaxEndedPods) return;
  std::sort(ended.begin(), ended.end(), [](const PodPtr& a, const PodPtr& b) {
    return std::pair(a->metadata.creation_timestamp, a->metadata.uid) <
           std::pair(b->metadata.creation_timestamp, b->metadata.uid);
  });
  ended.resize(ended.size() - kMaxEndedPods);
  for (const PodPtr& pod : ended) {
    turn->Record({.key = pod->key(),
                  .reason = "Removed",
                  .message = "It has ended, and " + std::to_string(kMaxEndedPods) +
                             " that ended later are kept",
                  .component = kGarbageComponent});
    RemovePod(turn, *pod);
  }
}

}  // namespace

void CollectGarbage(Turn* turn) {
  if (turn->is_full()) CollectEnded(turn);
  for (const Kind kind : kAllKinds) {
    for (const ObjectPtr& object : turn->TakeSuspects(kind)) {
      const Pod* pod = As<Pod>(*object);
      if (pod != nullptr && HasLostItsNode(*turn, *pod)) {
        SayGone(turn, *object, "Its node " + pod->spec.node_name);
        turn->Delete(object->key());
      } else {
        Collect(turn, *object);
      }
    }
  }
}

}  // namespace reconcile
