#include "agent/pod_drain.h"

#include <algorithm>

#include "agent/containers.h"

namespace reconcile {
namespace {

bool IsEndpoint(const Assignment& assignment, const std::string& address) {
  if (address.empty()) return false;
  for (const auto& slice : assignment.endpoint_slices) {
    for (const Endpoint& endpoint : slice->endpoints) {
      const std::vector<std::string>& all = endpoint.addresses;
      if (std::find(all.begin(), all.end(), address) != all.end()) return true;
    }
  }
  return false;
}

bool Runs(const PodContainers& containers) {
  for (const auto& [name, list] : containers.by_name) {
    for (const ContainerInfo* container : list) {
      if (IsLive(*container)) return true;
    }
  }
  return false;
}

}  // namespace

bool WaitsForDrain(PodTurn* turn, MonoTime deadline) {
  PodSeen& memory = turn->memory;
  StepContext& context = turn->context;
  const MonoTime now = context.now.mono;
  if (context.assignment.is_drained) memory.drain_until = now;  // whatever is said of others later
  if (!Runs(turn->containers)) return false;
  if (!memory.drain_until) {
    const int64_t grace_ms = std::max<int64_t>(deadline - now, 0);
    const bool waits = IsEndpoint(context.assignment, memory.address);
    memory.drain_until = now + (waits ? std::min(kMaxDrainMs, grace_ms / 2) : 0);
  }
  if (now >= *memory.drain_until) return false;
  context.WakeAt(*memory.drain_until);
  return true;
}

}  // namespace reconcile
