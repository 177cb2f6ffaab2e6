#include "agent/node_eviction.h"

#include <algorithm>
#include <tuple>

#include "base/value.h"
#include "schema/quantity.h"

namespace reconcile {
namespace {

// Before: goes earlier.
struct Rank {
  bool stays_below = false;  // its requests
  int64_t priority = 0;
  int64_t less = 0;  // the more it has beyond its requests, the less this is
  std::string uid;   // so that the order is one
  friend auto operator<=>(const Rank&, const Rank&) = default;
};

int64_t UnitsIn(const ResourceList& list, std::string_view resource) {
  const auto found = list.find(std::string(resource));
  return found == list.end() ? 0 : found->second.Units();
}

// Of process ids and inodes nobody requests any. RequestsOf counts no disk.
int64_t RequestedOf(Signal signal, const PodSpec& spec) {
  const std::string_view resource = ResourceOf(signal);
  if (signal == Signal::kMemoryAvailable) return UnitsIn(RequestsOf(spec), resource);
  int64_t sum = 0;
  for (const Container& container : spec.containers) {
    const ResourceRequirements& asked = container.resources;
    const bool has_request = asked.requests.contains(std::string(resource));
    const int64_t amount = UnitsIn(has_request ? asked.requests : asked.limits, resource);
    if (__builtin_add_overflow(sum, amount, &sum)) return INT64_MAX;
  }
  return sum;
}

Rank RankOf(Signal signal, const PodUse& use) {
  const int64_t requested = RequestedOf(signal, use.pod->spec);
  const int64_t total = use.Total();
  const bool counts_excess = signal != Signal::kPidAvailable;
  return {counts_excess && total <= requested, PriorityOf(use.pod->spec), requested - total,
          use.pod->metadata.uid};
}

bool MayGo(Signal signal, const PodUse& use) {
  if (PriorityOf(use.pod->spec) >= kCriticalPriority) return false;
  const bool is_disk = PressureOf(signal) == Pressure::kDisk;
  return use.Total() >= (is_disk ? kLeastDiskBytes : 1);
}

std::string MessageOf(const Shortage& shortage, const PodUse& use) {
  const std::string resource(ResourceOf(shortage.signal));
  // Of inodes it is bytes that were measured.
  const Signal amounts = resource == "inodes" ? Signal::kNodefsAvailable : shortage.signal;
  std::string message = "The node was low on resource: " + resource +
                        ". Threshold quantity: " + AmountText(shortage.signal, shortage.threshold) +
                        ", available: " + AmountText(shortage.signal, shortage.available) + ". ";
  for (const Container& container : use.pod->spec.containers) {
    const auto used = use.containers.find(container.name);
    const auto& requests = container.resources.requests;
    const auto request = requests.find(resource);
    const int64_t requested = UnitsIn(requests, resource);
    if (used == use.containers.end() || used->second <= requested) continue;
    message += "Container " + container.name + " was using " + AmountText(amounts, used->second) +
               ", request is " + (request == requests.end() ? "0" : request->second.ToString()) +
               ", has larger consumption of " +
               (resource == "inodes" ? "ephemeral-storage" : resource) + ". ";
  }
  return message;
}

}  // namespace

int64_t PodUse::Total() const {
  int64_t total = volumes;
  for (const auto& [name, amount] : containers) {
    if (__builtin_add_overflow(total, amount, &total)) return INT64_MAX;
  }
  return total;
}

int64_t PriorityOf(const PodSpec& spec) {
  const Value* number = spec.others.Find("priority");
  if (number != nullptr && number->IsInt()) return number->AsInt();
  const Value* name = spec.others.Find("priorityClassName");
  if (name == nullptr || !name->IsString()) return 0;
  const bool is_critical =
      name->AsString() == "system-cluster-critical" || name->AsString() == "system-node-critical";
  return is_critical ? kCriticalPriority : 0;
}

std::vector<const PodUse*> RankForEviction(Signal signal, const std::vector<PodUse>& uses) {
  std::vector<std::pair<Rank, const PodUse*>> ranked;
  for (const PodUse& use : uses) ranked.emplace_back(RankOf(signal, use), &use);
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<const PodUse*> order;
  for (const auto& [rank, use] : ranked) order.push_back(use);
  return order;
}

std::optional<Victim> ChooseVictim(const Shortage& shortage, const std::vector<PodUse>& uses) {
  for (const PodUse* use : RankForEviction(shortage.signal, uses)) {
    if (MayGo(shortage.signal, *use)) return Victim{use->pod, MessageOf(shortage, *use)};
  }
  return std::nullopt;
}

std::string_view ResourceOf(Signal signal) {
  switch (signal) {
    case Signal::kMemoryAvailable:
      return "memory";
    case Signal::kNodefsAvailable:
    case Signal::kImagefsAvailable:
      return "ephemeral-storage";
    case Signal::kNodefsInodesFree:
    case Signal::kImagefsInodesFree:
      return "inodes";
    case Signal::kPidAvailable:
      return "pids";
  }
  return "";
}

}  // namespace reconcile
