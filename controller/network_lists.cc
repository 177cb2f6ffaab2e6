#include "controller/network_lists.h"

#include <algorithm>

#include "link/list_delta.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

constexpr std::string_view kInternalIp = "InternalIP";

// Each of these: what hosts need of the object, null when it is nothing.

std::shared_ptr<const Node> Stripped(const Node& node) {
  const auto& addresses = node.status.addresses;
  const bool has_address =
      std::any_of(addresses.begin(), addresses.end(),
                  [](const NodeAddress& address) { return address.type == kInternalIp; });
  if (node.spec.pod_cidr.empty() || !has_address) return nullptr;
  auto stripped = std::make_shared<Node>();
  stripped->metadata.name = node.metadata.name;
  const auto zone = node.metadata.labels.find(kZoneLabel);
  if (zone != node.metadata.labels.end()) stripped->metadata.labels.insert(*zone);
  stripped->spec.pod_cidr = node.spec.pod_cidr;
  stripped->status.addresses = addresses;
  if (const Condition* ready = FindCondition(node.status.conditions, "Ready")) {
    stripped->status.conditions = {{.type = "Ready", .status = ready->status}};
  }
  return stripped;
}

std::shared_ptr<const Service> Stripped(const Service& service) {
  auto stripped = std::make_shared<Service>();
  stripped->metadata.namespace_name = service.metadata.namespace_name;
  stripped->metadata.name = service.metadata.name;
  stripped->spec = service.spec;
  stripped->status.load_balancer_ingress = service.status.load_balancer_ingress;
  return stripped;
}

std::shared_ptr<const EndpointSlice> Stripped(const EndpointSlice& slice) {
  auto stripped = std::make_shared<EndpointSlice>();
  stripped->metadata.namespace_name = slice.metadata.namespace_name;
  stripped->metadata.name = slice.metadata.name;
  const auto label = slice.metadata.labels.find(kServiceNameLabel);
  if (label == slice.metadata.labels.end()) return nullptr;  // of no Service
  stripped->metadata.labels.insert(*label);
  stripped->address_type = slice.address_type;
  stripped->endpoints = slice.endpoints;
  stripped->ports = slice.ports;
  return stripped;
}

std::shared_ptr<const Namespace> Stripped(const Namespace& space) {
  auto stripped = std::make_shared<Namespace>();
  stripped->metadata.name = space.metadata.name;
  return stripped;
}

bool Same(const Namespace&, const Namespace&) { return true; }
bool Same(const Node& a, const Node& b) {
  return a.metadata.labels == b.metadata.labels && a.spec == b.spec && a.status == b.status;
}
bool Same(const Service& a, const Service& b) { return a.spec == b.spec && a.status == b.status; }
bool Same(const EndpointSlice& a, const EndpointSlice& b) {
  return a.metadata.labels == b.metadata.labels && a.address_type == b.address_type &&
         a.endpoints == b.endpoints && a.ports == b.ports;
}

template <typename T>
SharedList<T> ListOf(const ClusterState& state) {
  typename SharedList<T>::Items items;
  items.reserve(state.Objects(T::kKind).size());
  state.ForEach<T>([&](const std::shared_ptr<const T>& object) {
    if (auto stripped = Stripped(*object)) items.push_back(std::move(stripped));
  });
  return SharedList<T>(std::move(items));
}

struct KeyOf {
  template <typename T>
  ItemKey operator()(const std::shared_ptr<const T>& object) const {
    return {object->metadata.namespace_name, object->metadata.name, ""};
  }
};

template <typename T>
SharedList<T> ListAfter(const SharedList<T>& list, const ClusterState& before,
                        const ClusterState& after) {
  typename SharedList<T>::Step step;
  ClusterState::ForEachDifference(
      before, after, T::kKind, [&](const ObjectPtr& old_object, const ObjectPtr& new_object) {
        const auto was = old_object == nullptr ? nullptr : Stripped(*As<T>(old_object));
        auto is = new_object == nullptr ? nullptr : Stripped(*As<T>(new_object));
        if (is == nullptr && was != nullptr) step.removed.push_back(ToString(KeyOf()(was)));
        if (is != nullptr && (was == nullptr || !Same(*was, *is))) {
          step.changed.push_back(std::move(is));
        }
      });
  if (step.changed.empty() && step.removed.empty()) return list;
  auto items =
      ApplyListDelta(list.items(), ListDelta<std::shared_ptr<const T>>{step.changed, step.removed},
                     KeyOf(), "network");
  CHECK(items.ok());
  return SharedList<T>(list, std::move(step), std::move(items).value());
}

template <typename T>
bool SameList(const SharedList<T>& a, const SharedList<T>& b) {
  return a.IsOneWith(b) ||
         std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
           return x == y || (x->key() == y->key() && Same(*x, *y));
         });
}

}  // namespace

NetworkLists NetworkOf(const ClusterState& state) {
  return {ListOf<Node>(state), ListOf<Service>(state), ListOf<EndpointSlice>(state),
          ListOf<Namespace>(state)};
}

NetworkLists NetworkAfter(const NetworkLists& network, const ClusterState& before,
                          const ClusterState& after) {
  return {ListAfter(network.nodes, before, after), ListAfter(network.services, before, after),
          ListAfter(network.endpoint_slices, before, after),
          ListAfter(network.namespaces, before, after)};
}

void SetNetwork(const NetworkLists& network, const Cluster& cluster, Assignment* assignment) {
  assignment->service_cidr = cluster.service_cidr;
  assignment->cluster_domain = cluster.cluster_domain;
  assignment->network_backend = cluster.network_backend;
  assignment->nodes = network.nodes;
  assignment->services = network.services;
  assignment->endpoint_slices = network.endpoint_slices;
  assignment->namespaces = network.namespaces;
}

bool SameNetwork(const Assignment& a, const Assignment& b) {
  return a.service_cidr == b.service_cidr && a.cluster_domain == b.cluster_domain &&
         a.network_backend == b.network_backend && SameList(a.nodes, b.nodes) &&
         SameList(a.services, b.services) && SameList(a.endpoint_slices, b.endpoint_slices) &&
         SameList(a.namespaces, b.namespaces);
}

}  // namespace reconcile
