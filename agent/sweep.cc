#include "agent/pod_turn.h"

namespace reconcile {
namespace {

constexpr int64_t kDefaultGraceSeconds = 30;

const ContainerInfo* AnyOf(const PodContainers& containers) {
  if (!containers.sandboxes.empty()) return containers.sandboxes.front();
  return containers.by_name.empty() ? nullptr : containers.by_name.begin()->second.front();
}

// Nothing but labels tells about a pod that is not assigned.
Operation NameByLabels(const std::string& uid, const ContainerInfo* container) {
  Operation named;
  named.pod_uid = uid;
  if (container == nullptr) return named;
  named.namespace_name = LabelOf(*container, kLabelNamespace);
  named.pod_name = LabelOf(*container, kLabelPod);
  return named;
}

void SweepPod(StepContext* context, const std::string& uid, const PodContainers& containers,
              bool may_remove) {
  const auto remembered = context->seen.pods.find(uid);
  PodSeen memory = remembered == context->seen.pods.end() ? PodSeen() : remembered->second;
  const bool gave_it_back = memory.terminal && containers.sandboxes.empty();
  if (memory.address.empty() && !containers.owners.empty() && !gave_it_back) {
    memory.address = LabelOf(*containers.owners.front(), kLabelAddress);
  }
  const ContainerInfo* any = AnyOf(containers);
  const Operation named = NameByLabels(uid, any);
  std::vector<StopDecision> stops;
  bool gone = false;
  if (may_remove || containers.empty()) {
    const int64_t grace_seconds =
        any == nullptr ? 0 : NumberLabelOf(*any, kLabelGrace, kDefaultGraceSeconds);
    gone = TearDown(context, named, containers, grace_seconds, &memory, &stops);
  }
  CarryOutStops(context, named, containers, stops, &memory);
  if (!gone) context->result.pod_memory[uid] = memory;
}

}  // namespace

void Sweep(StepContext* context, const std::map<std::string, PodContainers>& pods,
           const std::set<std::string>& may_remove) {
  std::set<std::string> assigned;
  for (const auto& pod : context->assignment.pods) assigned.insert(pod->metadata.uid);
  std::set<std::string> here = context->seen.pod_folders;
  for (const auto& [uid, containers] : pods) here.insert(uid);
  for (const auto& [uid, memory] : context->seen.pods) here.insert(uid);
  const PodContainers none;
  for (const std::string& uid : here) {
    if (assigned.contains(uid)) continue;
    const auto found = pods.find(uid);
    SweepPod(context, uid, found == pods.end() ? none : found->second, may_remove.contains(uid));
  }
}

}  // namespace reconcile
