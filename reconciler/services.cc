#include <algorithm>
#include <set>

#include "base/ids.h"
#include "reconciler/controllers.h"
#include "reconciler/endpoints.h"
#include "reconciler/pod_control.h"
#include "reconciler/service_addresses.h"
#include "reconciler/turn.h"

// What is behind Services, and where they are reached.

namespace reconcile {
namespace {

constexpr char kServiceComponent[] = "service-controller";
constexpr char kInternalIp[] = "InternalIP";
constexpr int kNameSuffixLength = 5;

// A load balancer is every host that is well.
std::vector<LoadBalancerIngress> IngressOf(const Service& service, const ClusterState& state) {
  std::vector<LoadBalancerIngress> ingress;
  const bool is_ours = service.spec.type == ServiceType::kLoadBalancer &&
                       service.spec.others.Find("loadBalancerClass") == nullptr;
  if (!is_ours) return ingress;
  state.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    if (!IsReady(*node)) return;
    for (const NodeAddress& address : node->status.addresses) {
      if (address.type == kInternalIp) ingress.push_back({address.address});
    }
  });
  return ingress;
}

void NoteAllocation(Turn* turn, const std::string& why, Service* service) {
  std::vector<Condition>& conditions = service->status.conditions;
  if (why.empty()) {
    std::erase_if(conditions, [](const Condition& one) { return one.type == kAllocated; });
    return;
  }
  const Condition* before = FindCondition(conditions, kAllocated);
  if (before != nullptr && before->message == why) return;
  SetCondition(&conditions,
               {.type = std::string(kAllocated),
                .status = ConditionStatus::kFalse,
                .reason = "RangeExhausted",
                .message = why},
               turn->now().wall);
  turn->Record({.key = service->key(),
                .type = EventType::kWarning,
                .reason = "AllocationFailed",
                .message = why,
                .component = kServiceComponent});
}

void SyncAddresses(Turn* turn, const Service& service) {
  Service updated = service;
  NoteAllocation(turn, Allocate(turn->state(), &updated), &updated);
  updated.status.load_balancer_ingress = IngressOf(updated, turn->state());
  if (updated.spec == service.spec && updated.status == service.status) return;
  turn->Put(std::make_shared<Service>(std::move(updated)));
}

StringMap LabelsFor(const Service& service) {
  StringMap labels = {{kServiceNameLabel, service.metadata.name},
                      {kManagedByLabel, kEndpointsManager}};
  if (IsHeadless(service)) labels.emplace(kHeadlessLabel, "");
  return labels;
}

// Of the Service's slices, those that are made here.
std::vector<SlicePtr> SlicesOf(const Turn& turn, const Service& service) {
  std::vector<SlicePtr> slices = turn.OwnedBy<EndpointSlice>(service.metadata.uid);
  std::erase_if(slices, [](const SlicePtr& slice) {
    const auto label = slice->metadata.labels.find(kManagedByLabel);
    return label == slice->metadata.labels.end() || label->second != kEndpointsManager;
  });
  return slices;
}

void NameSlice(const Turn& turn, const Service& service, EndpointSlice* slice) {
  slice->metadata.namespace_name = service.metadata.namespace_name;
  slice->metadata.generate_name = service.metadata.name + "-";
  slice->metadata.owner_references = {ControllerReference(service)};
  slice->metadata.generation = 1;
  for (int n = 0; slice->metadata.name.empty() || turn.state().Find(slice->key()) != nullptr; ++n) {
    slice->metadata.uid = DeriveUid({service.metadata.uid, "EndpointSlice", std::to_string(n)});
    slice->metadata.name = GenerateName(
        slice->metadata.generate_name, SafeSuffix(Fnv1a64(slice->metadata.uid), kNameSuffixLength));
  }
  slice->metadata.creation_timestamp = turn.now().wall;
}

void SyncSlices(Turn* turn, const Service& service) {
  const std::vector<SlicePtr> before = SlicesOf(*turn, service);
  const std::vector<SlicePtr> after = FillSlices(GroupsOf(service, turn->state()), before);
  std::set<std::string> kept;
  for (const SlicePtr& slice : after) kept.insert(slice->metadata.name);
  for (const SlicePtr& slice : before) {
    if (!kept.contains(slice->metadata.name)) turn->Delete(slice->key());
  }
  const StringMap labels = LabelsFor(service);
  for (const SlicePtr& slice : after) {
    const bool is_new = slice->metadata.name.empty();
    const bool is_same = std::find(before.begin(), before.end(), slice) != before.end();
    if (is_same && slice->metadata.labels == labels) continue;
    if (is_new && !turn->IsOpen(service.metadata.namespace_name)) continue;
    const auto written = Mutable(*slice);
    written->metadata.labels = labels;
    if (is_new) NameSlice(*turn, service, written.get());
    turn->Put(written);
  }
}

}  // namespace

void SyncServices(Turn* turn) {
  turn->VisitDue<Service>([&](const std::shared_ptr<const Service>& service) {
    SyncAddresses(turn, *service);
    SyncSlices(turn, *service);
  });
}

}  // namespace reconcile
