#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "net/dns/message.h"
#include "net/ipam.h"

namespace reconcile {

// What the cluster's DNS answers itself (SEMANTICS 15, DNS specification 1.1.0 of Kubernetes).
// PURE.

inline constexpr uint32_t kServiceTtlS = 30;  // kubeadm's Corefile

struct DnsPort {
  std::string name;      // only named ports have SRV records
  std::string protocol;  // "tcp", "udp", "sctp"
  uint16_t port = 0;
  friend bool operator==(const DnsPort&, const DnsPort&) = default;
};

struct DnsEndpoint {
  uint32_t address = 0;        // host order
  std::string hostname;        // "": the address with dashes is its name
  std::vector<DnsPort> ports;  // of the endpoint: what SRV records of headless services say
  friend bool operator==(const DnsEndpoint&, const DnsEndpoint&) = default;
};

enum class DnsServiceKind { kClusterIp, kHeadless, kExternalName };

struct DnsService {
  std::string namespace_name;
  std::string name;
  DnsServiceKind kind = DnsServiceKind::kClusterIp;
  uint32_t address = 0;                // kClusterIp
  std::vector<DnsPort> ports;          // kClusterIp
  std::string external_name;           // kExternalName
  std::vector<DnsEndpoint> endpoints;  // kHeadless: those that are ready, or published unready
  friend bool operator==(const DnsService&, const DnsService&) = default;
};

struct DnsZoneConfig {
  std::string cluster_domain = "cluster.local";
  uint32_t dns_address = 0;             // of ns.dns.<domain>
  std::vector<Cidr> reverse_ranges;     // pods' and services': names for addresses in them end here
  std::vector<std::string> namespaces;  // those without services; others are known by these
};

enum class ZoneOutcome {
  kOutside,  // none of our names: upstreams may know it
  kNoName,   // NXDOMAIN
  kNoData,   // the name exists, with other types or as the parent of names
  kRecords,
  kAlias,  // the only record is a CNAME, whose target is to be looked up next
};
struct ZoneAnswer {
  ZoneOutcome outcome = ZoneOutcome::kOutside;
  std::vector<DnsRecord> records;
  std::vector<DnsRecord> additional;  // addresses of the targets of SRV records
};

// The names of one moment, immutable: any thread may ask. It is made anew for each change: that
// takes the time of putting services into tables (bench/dns states it), as no record is made before
// it is asked for, and services that did not change are shared.
class DnsZone {
 public:
  using Services = std::vector<std::shared_ptr<const DnsService>>;
  // Invalid when the cluster's domain is no name. Services whose names are none cannot be asked
  // for, and are left out.
  static Result<std::shared_ptr<const DnsZone>> Make(const DnsZoneConfig& config,
                                                     const Services& services);

  // Records in the order of endpoints.
  ZoneAnswer Find(const DnsQuestion& question) const;
  // The SOA record that comes with every negative answer of the zone that `name` is in.
  DnsRecord SoaFor(std::string_view name) const;
  size_t service_count() const { return services_.size(); }

 private:
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // What an address is called: the service itself, or its endpoint.
  struct Named {
    uint32_t address = 0;
    const DnsService* service = nullptr;
    const DnsEndpoint* endpoint = nullptr;
  };
  struct Labels;

  DnsZone() = default;
  void AddService(const std::shared_ptr<const DnsService>& service);
  void FindInDomain(const DnsQuestion& question, ZoneAnswer* answer) const;
  void FindApex(const DnsQuestion& question, ZoneAnswer* answer) const;
  void FindService(const DnsQuestion& question, const Labels& labels, ZoneAnswer* answer) const;
  void FindClusterIp(const DnsService& service, const DnsQuestion& question, const Labels& labels,
                     ZoneAnswer* answer) const;
  void FindHeadless(const DnsService& service, const DnsQuestion& question, const Labels& labels,
                    ZoneAnswer* answer) const;
  void FindEndpointPorts(const DnsService& service, const DnsQuestion& question,
                         const Labels& labels, ZoneAnswer* answer) const;
  void FindPod(const DnsQuestion& question, const Labels& labels, ZoneAnswer* answer) const;
  void FindReverse(const DnsQuestion& question, const struct ReverseBlock& block,
                   ZoneAnswer* answer) const;
  std::string ServiceName(const DnsService& service) const;
  std::string EndpointName(const DnsService& service, const DnsEndpoint& endpoint) const;

  std::string domain_;  // wire form, as all names here
  uint32_t dns_address_ = 0;
  std::vector<Cidr> reverse_ranges_;
  // By the wire form of "service.namespace" without the end: a slice of what is asked for.
  std::unordered_map<std::string, std::shared_ptr<const DnsService>, TextHash, std::equal_to<>>
      services_;
  std::unordered_set<std::string, TextHash, std::equal_to<>> namespaces_;  // labels, lower case
  std::vector<Named> named_;                                               // ordered by address
};

}  // namespace reconcile
