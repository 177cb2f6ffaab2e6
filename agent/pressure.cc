#include "agent/pressure.h"

#include <algorithm>

#include "schema/core.h"
#include "schema/quantity.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr int32_t kWhole = 100;  // per cent

struct Observation {
  int64_t available = 0;
  int64_t capacity = 0;
};

Observation Observe(Signal signal, const HostSample& sample) {
  switch (signal) {
    case Signal::kMemoryAvailable:
      return {sample.use.memory_available_bytes, sample.use.memory_bytes};
    case Signal::kNodefsAvailable:
      return {sample.state.available_bytes, sample.state.capacity_bytes};
    case Signal::kNodefsInodesFree:
      return {sample.state.inodes_free, sample.state.inodes};
    case Signal::kImagefsAvailable:
      return {sample.images.available_bytes, sample.images.capacity_bytes};
    case Signal::kImagefsInodesFree:
      return {sample.images.inodes_free, sample.images.inodes};
    case Signal::kPidAvailable:
      return {std::max<int64_t>(sample.use.max_processes - sample.use.processes, 0),
              sample.use.max_processes};
  }
  return {};
}

bool IsOfBytes(Signal signal) {
  return signal == Signal::kMemoryAvailable || signal == Signal::kNodefsAvailable ||
         signal == Signal::kImagefsAvailable;
}

std::string TextOf(const Shortage& shortage) {
  return std::string(ToString(shortage.signal)) + " was " +
         AmountText(shortage.signal, shortage.available) + ", less than " +
         AmountText(shortage.signal, shortage.threshold) + ", when it began";
}

struct Words {
  std::string_view on_reason;
  std::string_view off_reason;
  std::string_view on_message;
  std::string_view off_message;
  std::string_view on_event;
  std::string_view off_event;
};

// As the kubelet has them, whose reasons begin with its own name.
const Words& WordsOf(Pressure pressure) {
  static constexpr Words kMemory = {
      "AgentHasInsufficientMemory",  "AgentHasSufficientMemory",
      "the host is short of memory", "the host has sufficient memory available",
      "NodeHasInsufficientMemory",   "NodeHasSufficientMemory"};
  static constexpr Words kDisk = {"AgentHasDiskPressure",      "AgentHasNoDiskPressure",
                                  "the host is short of disk", "the host has no disk pressure",
                                  "NodeHasDiskPressure",       "NodeHasNoDiskPressure"};
  static constexpr Words kPids = {
      "AgentHasInsufficientPID",          "AgentHasSufficientPID",
      "the host is short of process ids", "the host has sufficient process ids available",
      "NodeHasInsufficientPID",           "NodeHasSufficientPID"};
  switch (pressure) {
    case Pressure::kMemory:
      return kMemory;
    case Pressure::kDisk:
      return kDisk;
    case Pressure::kPids:
      return kPids;
  }
  return kMemory;
}

}  // namespace

std::string_view ToString(Signal signal) {
  switch (signal) {
    case Signal::kMemoryAvailable:
      return "memory.available";
    case Signal::kNodefsAvailable:
      return "nodefs.available";
    case Signal::kNodefsInodesFree:
      return "nodefs.inodesFree";
    case Signal::kImagefsAvailable:
      return "imagefs.available";
    case Signal::kImagefsInodesFree:
      return "imagefs.inodesFree";
    case Signal::kPidAvailable:
      return "pid.available";
  }
  return "";
}

std::optional<Signal> SignalNamed(std::string_view name) {
  for (const Signal signal : kAllSignals) {
    if (name == ToString(signal)) return signal;
  }
  return std::nullopt;
}

int64_t Threshold::Of(int64_t capacity) const {
  if (percent <= 0 || percent >= kWhole) return amount;
  // Of what is so large that it would overflow, a hundredth part is exact enough.
  return capacity > INT64_MAX / kWhole ? capacity / kWhole * percent : capacity * percent / kWhole;
}

Result<Threshold> ParseThreshold(const std::string& text) {
  Threshold threshold;
  if (text.ends_with('%')) {
    const Result<Quantity> number = Quantity::Parse(text.substr(0, text.size() - 1));
    const int64_t percent = number.ok() ? number->Units() : -1;
    if (percent < 0 || percent > kWhole || number->Milli() != percent * 1000) {
      return InvalidError("must be a whole percentage from 0% to 100%, is '" + text + "'");
    }
    threshold.percent = percent == kWhole ? 0 : static_cast<int32_t>(percent);
    return threshold;
  }
  const Result<Quantity> amount = Quantity::Parse(text);
  if (!amount.ok() || amount->IsNegative()) {
    return InvalidError("must be an amount, as 100Mi, or a percentage, as 10%, is '" + text + "'");
  }
  threshold.amount = amount->Units();
  return threshold;
}

std::vector<Shortage> ShortagesOf(const PressureLimits& limits, const HostSample& sample) {
  std::vector<Shortage> shortages;
  for (const Signal signal : kAllSignals) {
    const Observation observed = Observe(signal, sample);
    const int64_t threshold = limits.thresholds[static_cast<size_t>(signal)].Of(observed.capacity);
    if (observed.capacity <= 0 || observed.available >= threshold) continue;
    shortages.push_back({signal, observed.available, threshold});
  }
  return shortages;
}

std::string AmountText(Signal signal, int64_t amount) {
  if (!IsOfBytes(signal)) return std::to_string(amount);
  if (amount >= kMebibyte) amount -= amount % kMebibyte;
  return Quantity::FromUnits(amount, Quantity::Family::kBinary).ToString();
}

std::string_view ToString(Pressure pressure) {
  switch (pressure) {
    case Pressure::kMemory:
      return kMemoryPressure;
    case Pressure::kDisk:
      return kDiskPressure;
    case Pressure::kPids:
      return kPidPressure;
  }
  return "";
}

Pressure PressureOf(Signal signal) {
  if (signal == Signal::kMemoryAvailable) return Pressure::kMemory;
  return signal == Signal::kPidAvailable ? Pressure::kPids : Pressure::kDisk;
}

Pressures NextPressures(const PressureLimits& limits, const Pressures& before,
                        const std::vector<Shortage>& shortages, MonoTime now) {
  Pressures next = before;
  for (const Pressure pressure : kAllPressures) {
    PressureState& state = next[static_cast<size_t>(pressure)];
    const auto found = std::find_if(shortages.begin(), shortages.end(), [&](const Shortage& each) {
      return PressureOf(each.signal) == pressure;
    });
    if (found != shortages.end()) {
      if (!state.is_on) state.message = TextOf(*found);
      state.is_on = true;
      state.short_at = now;
    } else if (state.is_on && now - state.short_at >= limits.transition_ms) {
      state = {};
    }
  }
  return next;
}

Condition ConditionOf(Pressure pressure, const PressureState& state) {
  const Words& words = WordsOf(pressure);
  Condition condition{.type = std::string(ToString(pressure))};
  condition.status = state.is_on ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  condition.reason = state.is_on ? words.on_reason : words.off_reason;
  condition.message = state.is_on ? words.on_message : words.off_message;
  if (state.is_on) condition.message += ": " + state.message;
  return condition;
}

std::string_view EventReasonOf(Pressure pressure, bool is_on) {
  const Words& words = WordsOf(pressure);
  return is_on ? words.on_event : words.off_event;
}

}  // namespace reconcile
