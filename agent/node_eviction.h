#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/pressure.h"
#include "schema/pod.h"

namespace reconcile {

// Whose pod goes when a host is short of something. All PURE. Source: the kubelet's eviction
// manager and its order. Unlike there, a pod that could not be measured, and one whose end gives
// nothing back, stay: ending them helps nobody.

// Pods of this priority and above are never evicted (scheduling.SystemCriticalPriority).
inline constexpr int64_t kCriticalPriority = 2'000'000'000;
// Less disk than this is not worth a pod: every container writes a little.
inline constexpr int64_t kLeastDiskBytes = 1 << 20;

// What a pod has of what is short: bytes of memory or disk, or processes.
struct PodUse {
  std::shared_ptr<const Pod> pod;
  std::map<std::string, int64_t> containers;  // by name: each that runs
  int64_t volumes = 0;                        // its emptyDirs on disk
  int64_t Total() const;
};

// spec.priority, or that of the system's own classes; 0 without. Other classes are the
// controller's to resolve.
int64_t PriorityOf(const PodSpec& spec);

// Who goes first: those that have more than they requested, then the lower priority, then who has
// most beyond the request. For processes the priority alone, then who has most. Inodes go by bytes.
std::vector<const PodUse*> RankForEviction(Signal signal, const std::vector<PodUse>& uses);

struct Victim {
  std::shared_ptr<const Pod> pod;
  std::string message;  // the kubelet's
};
// The first by rank that may go; none when there is no such pod.
std::optional<Victim> ChooseVictim(const Shortage& shortage, const std::vector<PodUse>& uses);

// What is short, as messages and requests name it: "memory", "ephemeral-storage", "inodes", "pids".
std::string_view ResourceOf(Signal signal);

}  // namespace reconcile
