#include "agent/pod_turn.h"

#include <algorithm>

namespace reconcile {

std::string PodKeyPrefix(const std::string& pod_uid) { return "pod/" + pod_uid + "/"; }
std::string StopKey(const std::string& container_id) { return "stop/" + container_id; }
std::string HookKey(const std::string& container_id, HookKind kind) {
  return "hook/" + container_id + "/" + std::string(HookField(kind));
}
std::string RemoveKey(const std::string& container_id) { return "remove/" + container_id; }

StepContext::StepContext(const Assignment& assignment_in, const Seen& seen_in,
                         const HostFacts& host_in, Now now_in)
    : assignment(assignment_in), seen(seen_in), host(host_in), now(now_in) {
  result.last_address = seen.last_address;
}

void StepContext::Add(Operation operation) {
  if (IsBusy(operation.key)) return;
  const auto failure = seen.failed.find(operation.key);
  if (failure != seen.failed.end() && now.mono < failure->second.retry_at) {
    return WakeAt(failure->second.retry_at);
  }
  // Two pods may ask for one thing, an image for instance.
  const bool asked = std::any_of(result.operations.begin(), result.operations.end(),
                                 [&](const Operation& o) { return o.key == operation.key; });
  if (!asked) result.operations.push_back(std::move(operation));
}

void StepContext::WakeAt(MonoTime time) {
  if (!result.wake_at || time < *result.wake_at) result.wake_at = time;
}

void StepContext::ProbesAt(MonoTime time) {
  if (!result.probes_at || time < *result.probes_at) result.probes_at = time;
}

bool StepContext::IsPodBusy(const std::string& pod_uid) const {
  const std::string prefix = PodKeyPrefix(pod_uid);
  const auto next = seen.busy.lower_bound(prefix);
  return next != seen.busy.end() && next->starts_with(prefix);
}

std::string StepContext::FailureOf(const std::string& key) const {
  const auto failure = seen.failed.find(key);
  return failure == seen.failed.end() ? "" : failure->second.message;
}

const std::vector<const ContainerInfo*>& PodTurn::Of(const std::string& container) const {
  static const std::vector<const ContainerInfo*> kNone;
  const auto found = containers.by_name.find(container);
  return found == containers.by_name.end() ? kNone : found->second;
}

Operation PodTurn::Named() const {
  Operation named;
  named.namespace_name = pod.metadata.namespace_name;
  named.pod_name = pod.metadata.name;
  named.pod_uid = uid();
  return named;
}

void PodTurn::Announce(const std::string& occurrence, EventType type, const std::string& reason,
                       const std::string& message, ContainerMemory* of) {
  if (of->announced == occurrence) return;
  of->announced = occurrence;
  context.result.events.push_back(
      {uid(), pod.metadata.namespace_name, pod.metadata.name, type, reason, message});
}

}  // namespace reconcile
