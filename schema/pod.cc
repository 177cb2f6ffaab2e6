#include "schema/pod.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/value.h"
#include "schema/sidecar.h"

namespace reconcile {

std::string_view ToString(PullPolicy policy) {
  switch (policy) {
    case PullPolicy::kUnset:
      return "";
    case PullPolicy::kAlways:
      return "Always";
    case PullPolicy::kIfNotPresent:
      return "IfNotPresent";
    case PullPolicy::kNever:
      return "Never";
  }
  CHECK(false);
}

std::string_view ToString(RestartPolicy policy) {
  switch (policy) {
    case RestartPolicy::kAlways:
      return "Always";
    case RestartPolicy::kOnFailure:
      return "OnFailure";
    case RestartPolicy::kNever:
      return "Never";
  }
  CHECK(false);
}

std::string_view ToString(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "TCP";
    case Protocol::kUdp:
      return "UDP";
    case Protocol::kSctp:
      return "SCTP";
  }
  CHECK(false);
}

std::string_view ToString(DnsPolicy policy) {
  switch (policy) {
    case DnsPolicy::kClusterFirst:
      return "ClusterFirst";
    case DnsPolicy::kClusterFirstWithHostNet:
      return "ClusterFirstWithHostNet";
    case DnsPolicy::kDefault:
      return "Default";
    case DnsPolicy::kNone:
      return "None";
  }
  CHECK(false);
}

std::string_view ToString(PodPhase phase) {
  switch (phase) {
    case PodPhase::kPending:
      return "Pending";
    case PodPhase::kRunning:
      return "Running";
    case PodPhase::kSucceeded:
      return "Succeeded";
    case PodPhase::kFailed:
      return "Failed";
    case PodPhase::kUnknown:
      return "Unknown";
  }
  CHECK(false);
}

std::string_view ToString(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue:
      return "True";
    case ConditionStatus::kFalse:
      return "False";
    case ConditionStatus::kUnknown:
      return "Unknown";
  }
  CHECK(false);
}

const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

bool SetCondition(std::vector<Condition>* conditions, Condition condition, WallTime now) {
  auto found = std::find_if(conditions->begin(), conditions->end(), [&](const Condition& existing) {
    return existing.type == condition.type;
  });
  if (found == conditions->end()) {
    condition.last_transition_time = now;
    conditions->push_back(std::move(condition));
    return true;
  }
  condition.last_transition_time =
      found->status == condition.status ? found->last_transition_time : now;
  if (!condition.last_update_time) condition.last_update_time = found->last_update_time;
  if (*found == condition) return false;
  *found = std::move(condition);
  return true;
}

bool IsTerminal(const Pod& pod) {
  return pod.status.phase == PodPhase::kSucceeded || pod.status.phase == PodPhase::kFailed;
}

bool IsActive(const Pod& pod) { return !IsTerminal(pod) && !pod.metadata.deletion_timestamp; }

bool IsReady(const Pod& pod) {
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kTrue;
}

namespace {

ResourceList EffectiveRequests(const ResourceRequirements& resources) {
  ResourceList requests = resources.requests;
  requests.insert(resources.limits.begin(), resources.limits.end());
  return requests;
}

Quantity SaturatedSum(const Quantity& a, const Quantity& b) {
  int64_t sum = 0;
  if (__builtin_add_overflow(a.Milli(), b.Milli(), &sum)) {
    sum =
        a.IsNegative() ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
  }
  return Quantity::FromMilli(sum);
}

bool IsDiskSpace(std::string_view resource) {
  return resource == "ephemeral-storage" || resource == "storage";
}

void AddRequests(const Container& container, ResourceList* total) {
  for (const auto& [resource, quantity] : EffectiveRequests(container.resources)) {
    if (IsDiskSpace(resource)) continue;  // not counted on nodes
    auto [entry, inserted] = total->emplace(resource, quantity);
    if (!inserted) entry->second = SaturatedSum(entry->second, quantity);
  }
}

void RaiseTo(const ResourceList& other, ResourceList* list) {
  for (const auto& [resource, quantity] : other) {
    auto [entry, inserted] = list->emplace(resource, quantity);
    if (!inserted && entry->second < quantity) entry->second = quantity;
  }
}

constexpr std::string_view kQosResources[] = {"cpu", "memory"};

const Quantity* FindNonZero(const ResourceList& list, std::string_view resource) {
  auto found = list.find(std::string(resource));
  return found == list.end() || found->second.IsZero() ? nullptr : &found->second;
}

}  // namespace

bool IsSidecar(const Container& init_container) {
  const Value* policy = init_container.others.Find("restartPolicy");
  return policy != nullptr && policy->IsString() && policy->AsString() == "Always";
}

std::vector<const Container*> AllContainersOf(const PodSpec& spec) {
  std::vector<const Container*> all;
  all.reserve(spec.init_containers.size() + spec.containers.size());
  for (const auto* containers : {&spec.init_containers, &spec.containers}) {
    for (const Container& container : *containers) all.push_back(&container);
  }
  return all;
}

std::vector<const Container*> LastingContainersOf(const PodSpec& spec) {
  std::vector<const Container*> lasting;
  for (const Container& init : spec.init_containers) {
    if (IsSidecar(init)) lasting.push_back(&init);
  }
  for (const Container& container : spec.containers) lasting.push_back(&container);
  return lasting;
}

ResourceList RequestsOf(const PodSpec& spec) {
  ResourceList total;       // of all that run at once: sidecars, then containers too
  ResourceList while_init;  // the most while an init container runs
  for (const Container& init : spec.init_containers) {
    if (IsSidecar(init)) {
      AddRequests(init, &total);
      continue;
    }
    ResourceList beside = total;
    AddRequests(init, &beside);
    RaiseTo(beside, &while_init);
  }
  for (const Container& container : spec.containers) AddRequests(container, &total);
  RaiseTo(while_init, &total);
  return total;
}

std::string QosClassOf(const PodSpec& spec) {
  bool any = false;
  bool guaranteed = !spec.containers.empty();
  const auto reckon = [&](const Container& container) {
    const ResourceList requests = EffectiveRequests(container.resources);
    for (std::string_view resource : kQosResources) {
      const Quantity* request = FindNonZero(requests, resource);
      const Quantity* limit = FindNonZero(container.resources.limits, resource);
      any = any || request != nullptr || limit != nullptr;
      guaranteed = guaranteed && request != nullptr && limit != nullptr && *request == *limit;
    }
  };
  for (const auto* containers : {&spec.init_containers, &spec.containers}) {
    std::for_each(containers->begin(), containers->end(), reckon);
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}

}  // namespace reconcile
