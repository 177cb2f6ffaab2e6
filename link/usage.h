#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/value.h"

namespace reconcile {

// What containers, and a host, use: how it travels in a report. In memory alone, on both sides.

// Less is not told: what idles then uses nothing, and does not travel.
inline constexpr int64_t kCpuStepMicros = 100;  // a tenth of a thousandth of a core

struct ResourceUse {
  // Millionths of a core, over the time between two looks; in whole kCpuStepMicros.
  int64_t cpu_micros = 0;
  // The working set, as the kubelet has it: without file pages that were not used lately.
  int64_t memory_bytes = 0;
  friend bool operator==(const ResourceUse&, const ResourceUse&) = default;
};

// Bytes a second, over the time between two looks.
struct NetworkUse {
  int64_t received = 0;
  int64_t sent = 0;
  friend bool operator==(const NetworkUse&, const NetworkUse&) = default;
};

struct ContainerUsage {
  std::string name;
  ResourceUse use;
  friend bool operator==(const ContainerUsage&, const ContainerUsage&) = default;
};

struct PodUsage {
  std::string uid;
  std::optional<NetworkUse> network;       // none: it has the host's, or none was seen
  std::vector<ContainerUsage> containers;  // those that run, by name
  friend bool operator==(const PodUsage&, const PodUsage&) = default;
};

// One look at a host, compared with the one before it.
struct UsageReport {
  int64_t number = 0;  // grows within one start of the agent
  int64_t window_ms = 0;
  ResourceUse host;  // everything on it, whosever it is
  NetworkUse network;
  std::vector<PodUsage> pods;  // sorted by uid
  friend bool operator==(const UsageReport&, const UsageReport&) = default;
};
using UsagePtr = std::shared_ptr<const UsageReport>;

Value EncodeUsage(const UsageReport& usage);
Result<UsageReport> DecodeUsage(const Value& value, const std::string& path);

// PURE: what makes one look the next one.
struct UsageDelta {
  UsageReport changed;               // its pods are those that are new, or use other than before
  std::vector<std::string> removed;  // keys of pods, as link/list_delta.h writes them
};
// None when only the whole `next` can say it: pods that are not sorted.
std::optional<UsageDelta> MakeUsageDelta(const UsageReport& base, const UsageReport& next);
// Invalid when the delta is not one of `base`.
Result<UsageReport> ApplyUsageDelta(const UsageReport& base, const UsageDelta& delta);

}  // namespace reconcile
