#include "controller/usage_history.h"

#include <algorithm>
#include <set>

#include "controller/assignments.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr int64_t kKibibyteBytes = 1024;
constexpr int64_t kNetworkUnitBytes = 16;

uint32_t Fit(int64_t number) {
  return static_cast<uint32_t>(std::clamp<int64_t>(number, 0, UINT32_MAX));
}

uint32_t Mean(uint32_t mean, uint32_t next, int64_t count) {
  return Fit(mean + (int64_t{next} - mean) / count);
}

// The pod's own, all containers together.
UsagePoint PointOf(const PodUsage& pod) {
  UsagePoint point;
  for (const ContainerUsage& container : pod.containers) {
    point.use.cpu_micros += container.use.cpu_micros;
    point.use.memory_bytes += container.use.memory_bytes;
  }
  if (pod.network) point.network = *pod.network;
  return point;
}

}  // namespace

UsageSeries::Packed UsageSeries::Pack(const UsagePoint& point) {
  return {Fit(point.use.cpu_micros), Fit(point.use.memory_bytes / kKibibyteBytes),
          Fit(point.network.received / kNetworkUnitBytes),
          Fit(point.network.sent / kNetworkUnitBytes)};
}

UsagePoint UsageSeries::Unpack(const Packed& packed) {
  return {{packed.cpu_micros, packed.memory_kib * kKibibyteBytes},
          {packed.received * kNetworkUnitBytes, packed.sent * kNetworkUnitBytes}};
}

void UsageSeries::AddMean(const Packed& point, uint16_t* told, Packed* mean) {
  if (*told == UINT16_MAX) return;
  const int64_t count = ++*told;
  mean->cpu_micros = Mean(mean->cpu_micros, point.cpu_micros, count);
  mean->memory_kib = Mean(mean->memory_kib, point.memory_kib, count);
  mean->received = Mean(mean->received, point.received, count);
  mean->sent = Mean(mean->sent, point.sent, count);
}

template <size_t kSteps>
void UsageSeries::AddTo(Ring<kSteps>* ring, int64_t step, const Packed& point) {
  constexpr auto kCount = static_cast<int64_t>(kSteps);
  // Steps that nothing was told of are empty.
  for (int64_t each = std::max(ring->newest + 1, step - kCount + 1); each <= step; ++each) {
    ring->told[static_cast<size_t>(each % kCount)] = 0;
    ring->steps[static_cast<size_t>(each % kCount)] = {};
  }
  ring->newest = std::max(ring->newest, step);
  const auto place = static_cast<size_t>(ring->newest % kCount);
  AddMean(point, &ring->told[place], &ring->steps[place]);
}

void UsageSeries::Add(MonoTime now, const UsagePoint& point) {
  const Packed packed = Pack(point);
  AddTo(&fine_, now.ms / kFineStepMs, packed);
  AddTo(&coarse_, now.ms / kCoarseStepMs, packed);
}

template <size_t kSteps>
UsageTrack UsageSeries::TrackOf(const Ring<kSteps>& ring, int64_t step_ms, MonoTime now) {
  constexpr auto kCount = static_cast<int64_t>(kSteps);
  const int64_t last = now.ms / step_ms;
  UsageTrack track{.step_ms = step_ms, .began = {(last - kCount + 1) * step_ms}, .points = {}};
  for (int64_t step = last - kCount + 1; step <= last; ++step) {
    const bool is_kept = step >= 0 && step <= ring.newest && step > ring.newest - kCount;
    const auto place = is_kept ? static_cast<size_t>(step % kCount) : 0;
    const bool is_told = is_kept && ring.told[place] > 0;
    track.points.push_back(is_told ? std::optional(Unpack(ring.steps[place])) : std::nullopt);
  }
  return track;
}

template UsageTrack UsageSeries::TrackOf(const Ring<kFineSteps>&, int64_t, MonoTime);
template UsageTrack UsageSeries::TrackOf(const Ring<kCoarseSteps>&, int64_t, MonoTime);

void UsageHistory::Take(const Report& report, const ClusterState& state, MonoTime now) {
  if (report.usage == nullptr || state.Find<Node>("", report.node) == nullptr) return;
  Host& host = hosts_[report.node];
  const bool is_known = host.newest != nullptr && host.agent_start == report.agent_start &&
                        host.newest->number == report.usage->number;
  if (is_known) return;
  std::set<std::string_view> here;
  const auto pods = PodsOn(report.node, state);
  for (const auto& pod : pods) here.insert(pod->metadata.uid);
  host.agent_start = report.agent_start;
  host.at = now;
  host.newest = report.usage;
  host.series.Add(now, {report.usage->host, report.usage->network});
  for (const PodUsage& pod : report.usage->pods) {
    if (here.contains(pod.uid)) host.pods[pod.uid].Add(now, PointOf(pod));
  }
  std::erase_if(host.pods, [&](const auto& entry) { return !here.contains(entry.first); });
  std::erase_if(hosts_,
                [&](const auto& entry) { return state.Find<Node>("", entry.first) == nullptr; });
}

UsageHistory::HostUsage UsageHistory::OfHost(const std::string& node, MonoTime now) const {
  const auto found = hosts_.find(node);
  if (found == hosts_.end()) return {};
  const Host& host = found->second;
  return {host.at, now - host.at <= kFreshMs ? host.newest : nullptr, &host.series};
}

UsageHistory::PodUsageNow UsageHistory::OfPod(const std::string& node, const std::string& uid,
                                              MonoTime now) const {
  const auto found = hosts_.find(node);
  if (found == hosts_.end()) return {};
  const Host& host = found->second;
  const auto series = host.pods.find(uid);
  if (series == host.pods.end()) return {};
  PodUsageNow pod{.at = host.at, .window_ms = host.newest->window_ms, .series = &series->second};
  if (now - host.at > kFreshMs) return pod;
  const std::vector<PodUsage>& all = host.newest->pods;
  const auto newest =
      std::find_if(all.begin(), all.end(), [&](const PodUsage& each) { return each.uid == uid; });
  if (newest != all.end()) pod.newest = &*newest;
  return pod;
}

}  // namespace reconcile
