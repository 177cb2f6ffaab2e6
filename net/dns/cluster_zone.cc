#include "net/dns/cluster_zone.h"

#include "net/dns/from_objects.h"
#include "net/overlay.h"

namespace reconcile {

Result<std::shared_ptr<const DnsZone>> MakeClusterZone(const HostNetworkConfig& config,
                                                       const ClusterNetwork& network) {
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
  return DnsZone::Make(zone, DnsServicesOf(network.services, network.endpoint_slices));
}

}  // namespace reconcile
