#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "schema/core.h"

namespace reconcile {

// Taints that every node has while it is in the state that they name; none is stored.
inline constexpr std::string_view kUnreachableTaint = "node.kubernetes.io/unreachable";
inline constexpr std::string_view kUnschedulableTaint = "node.kubernetes.io/unschedulable";
inline constexpr std::string_view kMemoryPressureTaint = "node.kubernetes.io/memory-pressure";
inline constexpr std::string_view kDiskPressureTaint = "node.kubernetes.io/disk-pressure";
inline constexpr std::string_view kPidPressureTaint = "node.kubernetes.io/pid-pressure";

// Those of its conditions of pressure, all NoSchedule (TaintNodesByCondition).
std::vector<Taint> PressureTaintsOf(const Node& node);

// One of spec.tolerations (SEMANTICS 19.9), read from PodSpec::others, where it was checked
// already.
struct Toleration {
  std::string key;  // "" with is_exists: all taints
  std::string value;
  TaintEffect effect = TaintEffect::kUnset;  // all of them
  bool is_exists = false;                    // whatever the value; otherwise it must be equal
  bool is_known = true;                      // false: its operator is not, and it tolerates nothing
  std::optional<int64_t> seconds;  // of NoExecute: for so long, 0 at least; none: for ever
};
std::vector<Toleration> TolerationsOf(const PodSpec& spec);
// What Kubernetes adds to those of every pod but BestEffort ones: they asked for memory, and are
// taken to cope where it is short.
Toleration MemoryPressureToleration();
// The tolerations as one text: equal for pods that say the same, "" for those that say nothing.
std::string TolerationsText(const PodSpec& spec);

bool Tolerates(const Toleration& toleration, const Taint& taint);
bool Tolerates(const std::vector<Toleration>& tolerations, const Taint& taint);

// How long pods stay where such a taint is: the shortest time of those that tolerate it.
struct Stay {
  bool is_tolerated = false;
  std::optional<int64_t> ms;  // none: for ever, when it is tolerated at all
};
Stay StayUnder(const std::vector<Toleration>& tolerations, const Taint& taint);

// "{dedicated: db}", as kube-scheduler writes a taint.
std::string ToString(const Taint& taint);

}  // namespace reconcile
