#include "reconciler/pod_control.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr int kNameSuffixLength = 5;

void Adopt(Turn* turn, const Object& owner, const Pod& pod, const std::string& component) {
  const auto adopted = Mutable(pod);
  adopted->metadata.owner_references.push_back(ControllerReference(owner));
  turn->Put(adopted);
  SayAdopted(turn, owner, pod, component);
}

void Release(Turn* turn, const Object& owner, const Pod& pod, const std::string& component) {
  const auto released = Mutable(pod);
  std::erase_if(released->metadata.owner_references, [&](const OwnerReference& reference) {
    return reference.uid == owner.metadata.uid;
  });
  turn->Put(released);
  SayReleased(turn, owner, pod, component);
}

}  // namespace

bool IsHosted(const Pod& pod, const ClusterState& state) {
  return !pod.spec.node_name.empty() && state.Find<Node>("", pod.spec.node_name) != nullptr;
}

std::shared_ptr<Pod> Going(const Pod& pod, int64_t grace_seconds, WallTime now) {
  // Within its bounds: a row that an older release stored may hold any number.
  const int64_t seconds = std::clamp<int64_t>(grace_seconds, 0, kMaxGracePeriodSeconds);
  auto going = Mutable(pod);
  going->metadata.deletion_grace_period_seconds = seconds;
  going->metadata.deletion_timestamp = WallTime{now.ms + seconds * 1000};
  return going;
}

void RemovePod(Turn* turn, const Pod& pod) {
  if (!IsHosted(pod, turn->state())) {
    turn->Delete(pod.key());
    return;
  }
  if (pod.metadata.deletion_timestamp) return;
  turn->Put(Going(pod, pod.spec.termination_grace_period_seconds, turn->now().wall));
}

OwnerReference ControllerReference(const Object& owner) {
  return {.api_version = std::string(InfoOf(owner.kind).api_version),
          .kind = std::string(ToString(owner.kind)),
          .name = owner.metadata.name,
          .uid = owner.metadata.uid,
          .controller = true,
          .block_owner_deletion = true};
}

void PreparePod(Pod* pod, WallTime now) {
  pod->metadata.creation_timestamp = now;
  pod->spec.declared_node_name = std::exchange(pod->spec.node_name, "");
  pod->status = PodStatus();
  pod->status.phase = PodPhase::kPending;
  pod->status.qos_class = QosClassOf(pod->spec);
}

PodPtr CreatePod(Turn* turn, const Object& owner, const PodTemplateSpec& pod_template,
                 int64_t* incarnation) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = owner.metadata.namespace_name;
  pod->metadata.generate_name = owner.metadata.name + "-";
  pod->metadata.labels = pod_template.metadata.labels;
  pod->metadata.annotations = pod_template.metadata.annotations;
  pod->metadata.owner_references = {ControllerReference(owner)};
  pod->spec = pod_template.spec;
  do {
    ++*incarnation;
    pod->metadata.uid = DeriveUid({owner.metadata.uid, "Pod", std::to_string(*incarnation)});
    pod->metadata.name = GenerateName(pod->metadata.generate_name,
                                      SafeSuffix(Fnv1a64(pod->metadata.uid), kNameSuffixLength));
  } while (turn->state().Find(pod->key()) != nullptr);
  PreparePod(pod.get(), turn->PodStamp());
  turn->Put(pod);
  return pod;
}

void SayAdopted(Turn* turn, const Object& owner, const Object& object,
                const std::string& component) {
  turn->Record({.key = object.key(),
                .reason = "Adopted",
                .message = "It has no controller and its labels are what " +
                           std::string(ToString(owner.kind)) + " " + owner.metadata.name +
                           " selects",
                .component = component});
}

void SayReleased(Turn* turn, const Object& owner, const Object& object,
                 const std::string& component) {
  turn->Record({.key = object.key(),
                .reason = "Released",
                .message = "Its labels are no longer what " + std::string(ToString(owner.kind)) +
                           " " + owner.metadata.name + " selects; it goes on without a controller",
                .component = component});
}

std::vector<PodPtr> ClaimPods(Turn* turn, const Object& owner,
                              const std::function<bool(const StringMap&)>& matches,
                              const std::string& component) {
  std::vector<PodPtr> claimed;
  for (const PodPtr& pod : turn->OwnedBy<Pod>(owner.metadata.uid)) {
    if (matches(pod->metadata.labels) || pod->metadata.deletion_timestamp) {
      claimed.push_back(pod);
    } else {
      Release(turn, owner, *pod, component);
    }
  }
  for (const PodPtr& pod : turn->Adoptable<Pod>(owner.metadata.namespace_name)) {
    if (!IsActive(*pod) || !matches(pod->metadata.labels)) continue;
    Adopt(turn, owner, *pod, component);
    claimed.push_back(As<Pod>(turn->state().Find(pod->key())));
  }
  return claimed;
}

bool IsAvailable(const Pod& pod, int32_t min_ready_seconds, WallTime now, int64_t* remaining_ms) {
  *remaining_ms = 0;
  if (!IsReady(pod)) return false;
  if (min_ready_seconds == 0) return true;
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  const int64_t needed_ms = int64_t{min_ready_seconds} * 1000;
  const int64_t since_ms = now.ms - ready->last_transition_time.value_or(now).ms;
  // A stamp from the future (a clock set back) waits no longer than the whole period.
  *remaining_ms = std::clamp<int64_t>(needed_ms - since_ms, 0, needed_ms);
  return *remaining_ms == 0;
}

}  // namespace reconcile
