#include "reconciler/network_preview.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/check.h"
#include "reconciler/declared.h"
#include "schema/network.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

constexpr std::array kItems = {NetworkItem::kName, NetworkItem::kAddress, NetworkItem::kNodePort,
                               NetworkItem::kHostPort};
// The text of each item.
using Items = std::array<std::string, kItems.size()>;

void Add(const std::string& word, std::string* text) {
  if (word.empty()) return;
  *text += (text->empty() ? "" : ", ") + word;
}

std::string WordOf(int32_t port, Protocol protocol) {
  return std::to_string(port) + "/" + std::string(ToString(protocol));
}

Items ItemsOf(const Service& service, const std::string& domain) {
  const ServiceSpec& spec = service.spec;
  Items items;
  const auto at = [&](NetworkItem item) { return &items[static_cast<size_t>(item)]; };
  Add(service.metadata.name + "." + service.metadata.namespace_name + ".svc." + domain,
      at(NetworkItem::kName));
  if (spec.type == ServiceType::kExternalName) {
    *at(NetworkItem::kName) += " (for " + spec.external_name + ")";
  } else if (IsHeadless(service)) {
    *at(NetworkItem::kName) += " (its pods)";
  } else {
    Add(spec.cluster_ip, at(NetworkItem::kAddress));
  }
  for (const std::string& address : spec.external_ips) Add(address, at(NetworkItem::kAddress));
  for (const LoadBalancerIngress& ingress : service.status.load_balancer_ingress) {
    Add(ingress.ip, at(NetworkItem::kAddress));
  }
  for (const ServicePort& port : spec.ports) {
    if (port.node_port == 0) continue;
    Add(WordOf(port.node_port, port.protocol) + " for " + std::to_string(port.port),
        at(NetworkItem::kNodePort));
  }
  if (spec.health_check_node_port != 0) {
    Add(WordOf(spec.health_check_node_port, Protocol::kTcp) + " for health",
        at(NetworkItem::kNodePort));
  }
  return items;
}

Items HostPortsOf(const PodSpec& spec) {
  Items items;
  for (const Container* container : LastingContainersOf(spec)) {
    for (const ContainerPort& port : container->ports) {
      const int32_t number = spec.host_network ? port.container_port : port.host_port;
      if (number == 0) continue;
      Add((port.host_ip.empty() ? "" : port.host_ip + ":") + WordOf(number, port.protocol),
          &items[static_cast<size_t>(NetworkItem::kHostPort)]);
    }
  }
  return items;
}

Items ItemsOf(const ObjectPtr& object, const std::string& domain) {
  if (object == nullptr || object->metadata.deletion_timestamp) return {};
  if (const auto* service = As<Service>(*object)) return ItemsOf(*service, domain);
  const PodSpec* spec = PodSpecOf(*object);
  // What others made has their ports.
  const bool is_own = spec != nullptr && ControllerOf(object->metadata) == nullptr;
  return is_own ? HostPortsOf(*spec) : Items();
}

std::string DomainOf(const ClusterState& state) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  return cluster == nullptr ? Cluster().cluster_domain : cluster->cluster_domain;
}

}  // namespace

std::string_view ToString(NetworkItem item) {
  switch (item) {
    case NetworkItem::kName:
      return "name";
    case NetworkItem::kAddress:
      return "address";
    case NetworkItem::kNodePort:
      return "node port";
    case NetworkItem::kHostPort:
      return "host port";
  }
  CHECK(false);
}

std::vector<NetworkChange> NetworkChangesOf(const ClusterState& before, const ClusterState& after) {
  std::vector<NetworkChange> changes;
  std::set<Kind> kinds(KindsOfPods().begin(), KindsOfPods().end());
  kinds.insert(Kind::kService);
  for (const Kind kind : kinds) {
    ClusterState::ForEachDifference(
        before, after, kind, [&](const ObjectPtr& old_object, const ObjectPtr& new_object) {
          const Items was = ItemsOf(old_object, DomainOf(before));
          const Items is = ItemsOf(new_object, DomainOf(after));
          for (const NetworkItem item : kItems) {
            const size_t at = static_cast<size_t>(item);
            if (was[at] == is[at]) continue;
            const ObjectKey key = (old_object == nullptr ? new_object : old_object)->key();
            changes.push_back({key, item, was[at], is[at]});
          }
        });
  }
  return changes;
}

}  // namespace reconcile
