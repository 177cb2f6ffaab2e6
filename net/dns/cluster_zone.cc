#include "net/dns/cluster_zone.h"

#include <unordered_set>

#include "net/overlay.h"

namespace reconcile {
namespace {

using Slices = std::vector<std::shared_ptr<const EndpointSlice>>;

// A slice of a Service without an address, or of none that is known.
bool IsNamed(const EndpointSlice& slice, const ClusterNetwork& network) {
  const auto label = slice.metadata.labels.find(kServiceNameLabel);
  if (label == slice.metadata.labels.end()) return false;
  for (const auto& service : network.services) {
    const bool is_its = service->metadata.name == label->second &&
                        service->metadata.namespace_name == slice.metadata.namespace_name;
    if (is_its) return IsHeadless(*service);
  }
  return false;
}

// Whether `left` has a slice with names that `right` does not have as the same object.
bool HasOthers(const Slices& left, const Slices& right, const ClusterNetwork& network) {
  constexpr int kMostLookedUp = 100;  // beyond that, making the zone is cheaper
  std::unordered_set<const EndpointSlice*> known;
  known.reserve(right.size());
  for (const auto& slice : right) known.insert(slice.get());
  int looked_up = 0;
  for (const auto& slice : left) {
    if (known.contains(slice.get())) continue;
    if (++looked_up > kMostLookedUp || IsNamed(*slice, network)) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network,
                                                       DnsServices* services) {
  const Result<std::string> own = DnsAddress(config.service_cidr);
  if (!own.ok()) return own.status();
  DnsZoneConfig zone;
  zone.cluster_domain = network.cluster_domain;
  zone.dns_address = *ParseIpv4(*own);
  for (const std::string& range : {config.cluster_pod_cidr, config.service_cidr}) {
    const Result<Cidr> block = Cidr::Parse(range);
    if (!block.ok()) return block.status();
    zone.reverse_ranges.push_back(*block);
  }
  for (const auto& space : network.namespaces) zone.namespaces.push_back(space->metadata.name);
  DnsServices none;
  if (services == nullptr) services = &none;
  return DnsZone::Make(zone, services->Next(network.services, network.endpoint_slices));
}

bool HasSameNames(const ClusterNetwork& before, const ClusterNetwork& after) {
  return before.cluster_domain == after.cluster_domain && before.services == after.services &&
         before.namespaces == after.namespaces &&
         !HasOthers(before.endpoint_slices, after.endpoint_slices, after) &&
         !HasOthers(after.endpoint_slices, before.endpoint_slices, after);
}

}  // namespace reconcile
