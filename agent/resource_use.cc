#include "agent/resource_use.h"

#include <algorithm>
#include <map>

namespace reconcile {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kMicrosPerMs = 1'000;

// What one counter grew by, a second. Counters begin anew when what they are of is made anew.
int64_t PerSecond(int64_t before, int64_t after, int64_t window_us) {
  if (after <= before) return 0;
  __extension__ using Wide = __int128;
  return static_cast<int64_t>(static_cast<Wide>(after - before) * kMicrosPerSecond / window_us);
}

ResourceUse UseOf(int64_t before_us, int64_t after_us, int64_t memory_bytes, int64_t window_us) {
  const int64_t cpu = PerSecond(before_us, after_us, window_us);
  return {(cpu + kCpuStepMicros / 2) / kCpuStepMicros * kCpuStepMicros, memory_bytes};
}

NetworkUse UseOf(const NetworkBytes& before, const NetworkBytes& after, int64_t window_us) {
  return {PerSecond(before.received, after.received, window_us),
          PerSecond(before.sent, after.sent, window_us)};
}

}  // namespace

UsageReport UsageBetween(const UseCounters& before, const UseCounters& after,
                         const std::vector<ContainerOwner>& owners) {
  const int64_t window_us = std::max<int64_t>(after.at_us - before.at_us, 1);
  UsageReport usage;
  usage.window_ms = window_us / kMicrosPerMs;
  usage.host = UseOf(before.cpu_us, after.cpu_us, after.memory_bytes, window_us);
  usage.network = UseOf(before.network, after.network, window_us);
  std::map<std::string, PodUsage> pods;
  for (const ContainerOwner& owner : owners) {
    const auto was = before.containers.find(owner.id);
    const auto is = after.containers.find(owner.id);
    if (was == before.containers.end() || is == after.containers.end()) continue;
    PodUsage& pod = pods[owner.pod_uid];
    if (was->second.network && is->second.network) {
      pod.network = UseOf(*was->second.network, *is->second.network, window_us);
    }
    if (owner.is_sandbox) continue;
    pod.containers.push_back({owner.name, UseOf(was->second.cpu_us, is->second.cpu_us,
                                                is->second.memory_bytes, window_us)});
  }
  for (auto& [uid, pod] : pods) {
    if (pod.containers.empty()) continue;
    pod.uid = uid;
    std::sort(pod.containers.begin(), pod.containers.end(),
              [](const ContainerUsage& a, const ContainerUsage& b) { return a.name < b.name; });
    usage.pods.push_back(std::move(pod));
  }
  return usage;
}

}  // namespace reconcile
