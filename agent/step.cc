#include "agent/step.h"

#include "agent/assigned_network.h"
#include "agent/end_messages.h"
#include "agent/pod_turn.h"
#include "base/planted_bug.h"

namespace reconcile {
namespace {

void PrepareHost(StepContext* context) {
  const Seen& seen = context->seen;
  if (seen.pause_image_id.empty()) {
    context->Add({"pause", "the sandbox's image is to be loaded", EnsurePause{}, "", "", ""});
  }
  const std::optional<HostNetworkConfig> wanted =
      NetworkConfigOf(context->assignment, context->host);
  if (wanted && seen.prepared != wanted) {
    context->Add(
        {"network", "the host's network is to be prepared", PrepareNetwork{*wanted}, "", "", ""});
  }
}

void FindUsedAddresses(StepContext* context, const std::map<std::string, PodContainers>& pods) {
  context->used_addresses = context->seen.attached_addresses;
  for (const auto& [uid, memory] : context->seen.pods) {
    context->used_addresses.insert(memory.address);
  }
  for (const auto& [uid, containers] : pods) {
    const auto memory = context->seen.pods.find(uid);
    // What is kept of it for its log has no address any more.
    if (memory != context->seen.pods.end() && memory->second.terminal) continue;
    for (const ContainerInfo* owner : containers.owners) {
      context->used_addresses.insert(LabelOf(*owner, kLabelAddress));
    }
  }
}

void StepPod(StepContext* context, const Pod& pod, const PodContainers& containers) {
  const std::string& uid = pod.metadata.uid;
  const auto remembered = context->seen.pods.find(uid);
  PodSeen memory = remembered == context->seen.pods.end() ? PodSeen() : remembered->second;
  PodTurn turn{*context, pod, containers, memory, {}, {}};
  PodReport report{pod.metadata.namespace_name, pod.metadata.name, uid, {}, false};
  Remember(&turn);
  if (!memory.terminal && !pod.metadata.deletion_timestamp) ReadEnds(&turn);
  if (pod.metadata.deletion_timestamp && !PlantedBug("ignore-deletion")) {
    StopPod(&turn, &report.gone);
  } else {
    StartPod(&turn);
  }
  StepProbes(&turn);
  CarryOutStops(context, turn.Named(), containers, turn.stops, &memory);
  report.status = BuildPodStatus(&turn);
  WatchStart(&turn, remembered == context->seen.pods.end(), report.status);
  context->result.pods.push_back(std::move(report));
  if (!context->result.pods.back().gone) context->result.pod_memory[uid] = std::move(memory);
}

}  // namespace

StepResult Step(const Assignment& assignment, const Seen& seen,
                const std::set<std::string>& may_remove, const HostFacts& host, Now now) {
  StepContext context(assignment, seen, host, now);
  if (!seen.engine_up) {
    context.result.pod_memory = seen.pods;
    return std::move(context.result);
  }
  PrepareHost(&context);
  const std::map<std::string, PodContainers> pods = GroupByPod(seen);
  FindUsedAddresses(&context, pods);
  const PodContainers none;
  for (const auto& pod : assignment.pods) {
    const auto found = pods.find(pod->metadata.uid);
    StepPod(&context, *pod, found == pods.end() ? none : found->second);
  }
  Sweep(&context, pods, may_remove);
  return std::move(context.result);
}

}  // namespace reconcile
