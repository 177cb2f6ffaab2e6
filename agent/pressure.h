#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host_sample.h"
#include "base/time.h"
#include "schema/pod.h"

namespace reconcile {

// When a host is short of something. All PURE. Source: the kubelet's node-pressure eviction
// (kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction); its hard thresholds.

// What is watched, in the kubelet's words and in the order in which it relieves.
enum class Signal {
  kMemoryAvailable,
  kNodefsAvailable,   // the agent's data folder
  kNodefsInodesFree,  // likewise
  kImagefsAvailable,  // the engine's root
  kImagefsInodesFree,
  kPidAvailable,
};
inline constexpr std::array kAllSignals = {Signal::kMemoryAvailable,   Signal::kNodefsAvailable,
                                           Signal::kNodefsInodesFree,  Signal::kImagefsAvailable,
                                           Signal::kImagefsInodesFree, Signal::kPidAvailable};
std::string_view ToString(Signal signal);  // "memory.available"
std::optional<Signal> SignalNamed(std::string_view name);

// Less than this is too little: an amount, or a share of the capacity. Without either nothing is.
struct Threshold {
  int64_t amount = 0;  // bytes, inodes, processes
  int32_t percent = 0;
  int64_t Of(int64_t capacity) const;
  friend bool operator==(const Threshold&, const Threshold&) = default;
};
// "100Mi", "10%"; "0%" and "100%" turn it off, as with the kubelet. Invalid for anything else.
Result<Threshold> ParseThreshold(const std::string& text);

// Settings of an agent. The kubelet's defaults; it has none for pid.available.
struct PressureLimits {
  // By Signal.
  std::array<Threshold, kAllSignals.size()> thresholds = {
      Threshold{.amount = 100 << 20}, Threshold{.percent = 10}, Threshold{.percent = 5},
      Threshold{.percent = 15},       Threshold{.percent = 5},  Threshold{.percent = 5}};
  // A condition stays for so long after the last shortage, so that it does not come and go
  // (--eviction-pressure-transition-period).
  int64_t transition_ms = 5 * 60'000;
  friend bool operator==(const PressureLimits&, const PressureLimits&) = default;
};

// A threshold that is crossed.
struct Shortage {
  Signal signal = Signal::kMemoryAvailable;
  int64_t available = 0;
  int64_t threshold = 0;
  friend bool operator==(const Shortage&, const Shortage&) = default;
};
// In the order of kAllSignals. What is not known is not short.
std::vector<Shortage> ShortagesOf(const PressureLimits& limits, const HostSample& sample);
// "92Mi", "4k"; rounded down to whole mebibytes where there are some.
std::string AmountText(Signal signal, int64_t amount);

// ---- Conditions of the node ----
enum class Pressure { kMemory, kDisk, kPids };
inline constexpr std::array kAllPressures = {Pressure::kMemory, Pressure::kDisk, Pressure::kPids};
std::string_view ToString(Pressure pressure);  // the condition's type
Pressure PressureOf(Signal signal);

struct PressureState {
  bool is_on = false;
  MonoTime short_at;    // when it was last short of it
  std::string message;  // of the first shortage; it stays, so that a condition is written once
  friend bool operator==(const PressureState&, const PressureState&) = default;
};
using Pressures = std::array<PressureState, kAllPressures.size()>;  // by Pressure

// What follows of `before` and of what the host is short of now.
Pressures NextPressures(const PressureLimits& limits, const Pressures& before,
                        const std::vector<Shortage>& shortages, MonoTime now);
Condition ConditionOf(Pressure pressure, const PressureState& state);
// The word of the node's event when the condition becomes what it is: "NodeHasDiskPressure".
std::string_view EventReasonOf(Pressure pressure, bool is_on);

}  // namespace reconcile
