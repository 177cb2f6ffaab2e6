#include "reconciler/service_addresses.h"

#include <algorithm>

#include "base/ids.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// Source: KEP-3070: min(max(16, size / 16), 256); KEP-3668 with 32 and 128.
constexpr uint64_t kMinStatic = 16;
constexpr uint64_t kMaxStaticAddresses = 256;
constexpr uint64_t kMaxStaticPorts = 128;
constexpr uint64_t kNodePorts = kLastNodePort - kFirstNodePort + 1;
constexpr int kSmallestRangeBits = 28;

uint32_t ToNumber(const std::vector<unsigned char>& bytes) {
  uint32_t number = 0;
  for (const unsigned char byte : bytes) number = number << 8 | byte;
  return number;
}

// The first free one of `size` places from where `hash` points to, those from `first` on before
// those below it.
template <typename IsFree>
std::optional<uint64_t> Probe(uint64_t first, uint64_t size, uint64_t hash, IsFree is_free) {
  const auto probe = [&](uint64_t begin, uint64_t count) -> std::optional<uint64_t> {
    for (uint64_t i = 0; i < count; ++i) {
      const uint64_t place = begin + (hash + i) % count;
      if (is_free(place)) return place;
    }
    return std::nullopt;
  };
  const std::optional<uint64_t> above = probe(first, size - first);
  return above ? above : probe(0, first);
}

uint64_t HashOf(const Service& service, const std::string& what) {
  return Fnv1a64(service.metadata.namespace_name + "/" + service.metadata.name + "/" + what) >> 8;
}

std::string AllocateAddress(const ClusterState& state, Service* service) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  const std::string cidr = cluster == nullptr ? "" : cluster->service_cidr;
  const std::optional<ServiceRange> range = ServiceRange::Parse(cidr);
  if (!range) return "there is no range of service addresses: " + Quoted(cidr);
  const auto is_free = [&](uint64_t offset) {
    return !range->IsReserved(offset) && !state.services_by_claim().Has(range->At(offset));
  };
  const std::optional<uint64_t> offset =
      Probe(range->static_size(), range->size(), HashOf(*service, "address"), is_free);
  if (!offset) {
    return "all addresses of the service range " + cidr +
           " are in use; remove Services or make them headless (clusterIP: None)";
  }
  service->spec.cluster_ip = range->At(*offset);
  return "";
}

std::string WordOf(int32_t port, Protocol protocol) {
  return std::to_string(port) + "/" + std::string(ToString(protocol));
}

// A port of every node that no Service has for this protocol, this one neither. 0 when there is
// none.
int32_t FindNodePort(const ClusterState& state, const Service& service, Protocol protocol,
                     const std::string& what) {
  const std::vector<std::string> own = ClaimsOf(service.spec);
  const auto is_free = [&](uint64_t place) {
    const std::string word = WordOf(kFirstNodePort + static_cast<int32_t>(place), protocol);
    return !state.services_by_claim().Has(word) &&
           std::find(own.begin(), own.end(), word) == own.end();
  };
  const uint64_t first = std::min(std::max(kMinStatic, kNodePorts / 32), kMaxStaticPorts);
  const auto place = Probe(first, kNodePorts, HashOf(service, what), is_free);
  return place ? kFirstNodePort + static_cast<int32_t>(*place) : 0;
}

std::string AllocatePorts(const ClusterState& state, Service* service) {
  constexpr char kNone[] =
      "all node ports, 30000 to 32767, are in use; remove Services of type NodePort or "
      "LoadBalancer";
  ServiceSpec& spec = service->spec;
  if (NeedsNodePorts(spec)) {
    for (ServicePort& port : spec.ports) {
      if (port.node_port != 0) continue;
      const std::string what = WordOf(port.port, port.protocol);
      port.node_port = FindNodePort(state, *service, port.protocol, what);
      if (port.node_port == 0) return kNone;
    }
  }
  if (NeedsHealthPort(spec) && spec.health_check_node_port == 0) {
    spec.health_check_node_port = FindNodePort(state, *service, Protocol::kTcp, "health");
    if (spec.health_check_node_port == 0) return kNone;
  }
  return "";
}

// The port of `spec` that is the same as `port`: by number and protocol, else by name.
const ServicePort* FindSame(const ServiceSpec& spec, const ServicePort& port) {
  for (const ServicePort& other : spec.ports) {
    if (other.port == port.port && other.protocol == port.protocol) return &other;
  }
  for (const ServicePort& other : spec.ports) {
    if (!port.name.empty() && other.name == port.name && other.protocol == port.protocol) {
      return &other;
    }
  }
  return nullptr;
}

bool HasClaim(const Service& service, const std::string& claim) {
  const std::vector<std::string> claims = ClaimsOf(service.spec);
  return std::find(claims.begin(), claims.end(), claim) != claims.end();
}

// The Service, other than `key`, that has the claim in the model and is to keep it.
std::optional<ObjectKey> HolderOf(const std::string& claim, const ObjectKey& key,
                                  const DesiredState& desired, const ClusterState& state) {
  std::optional<ObjectKey> holder;
  state.services_by_claim().ForEach(claim, [&](const ObjectKey& other) {
    if (other == key || holder) return;
    const auto known = As<Service>(state.Find(other));
    const auto declared = desired.objects.find(other);
    if (declared != desired.objects.end()) {
      Service merged = *As<Service>(*declared->second);
      KeepAllocated(*known, &merged);
      if (HasClaim(merged, claim)) holder = other;
    } else if (known->metadata.origin.source != desired.source) {
      holder = other;
    }
  });
  return holder;
}

std::string WhyNotInRange(const std::string& address, const std::optional<ServiceRange>& range,
                          const std::string& cidr) {
  if (!range) return "";
  const std::optional<uint64_t> offset = range->OffsetOf(address);
  if (!offset) return "is not in the cluster's service range " + cidr;
  if (address == range->dns_address()) return "is the cluster's DNS server's";
  return range->IsReserved(*offset) ? "is reserved in the service range " + cidr : "";
}

}  // namespace

std::optional<ServiceRange> ServiceRange::Parse(std::string_view cidr) {
  const std::optional<IpBlock> block = ReadIpBlock(cidr);
  if (!block || block->address.size() != 4) return std::nullopt;
  if (block->prefix_bits > kSmallestRangeBits || block->prefix_bits < 1) return std::nullopt;
  ServiceRange range;
  range.base_ = ToNumber(block->address);
  range.prefix_bits_ = block->prefix_bits;
  return range;
}

std::string ServiceRange::At(uint64_t offset) const {
  const uint32_t address = base_ + static_cast<uint32_t>(offset);
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string(address >> shift & 255) + (shift > 0 ? "." : "");
  }
  return text;
}

std::optional<uint64_t> ServiceRange::OffsetOf(const std::string& address) const {
  const std::optional<std::vector<unsigned char>> bytes = ReadIpAddress(address);
  if (!bytes || bytes->size() != 4) return std::nullopt;
  const uint32_t number = ToNumber(*bytes);
  if (number < base_ || number - base_ >= size()) return std::nullopt;
  return number - base_;
}

uint64_t ServiceRange::static_size() const {
  return std::min({std::max(kMinStatic, size() / 16), kMaxStaticAddresses, size() / 2});
}

bool NeedsAddress(const ServiceSpec& spec) {
  return spec.type != ServiceType::kExternalName && spec.cluster_ip != kHeadless;
}

bool NeedsNodePorts(const ServiceSpec& spec) {
  if (spec.type == ServiceType::kNodePort) return true;
  return spec.type == ServiceType::kLoadBalancer &&
         spec.allocate_load_balancer_node_ports.value_or(true);
}

bool NeedsHealthPort(const ServiceSpec& spec) {
  return spec.type == ServiceType::kLoadBalancer &&
         spec.external_traffic_policy == TrafficPolicy::kLocal;
}

std::string Allocate(const ClusterState& state, Service* service) {
  std::string why;
  if (NeedsAddress(service->spec) && service->spec.cluster_ip.empty()) {
    why = AllocateAddress(state, service);
  }
  const std::string why_ports = AllocatePorts(state, service);
  if (!why.empty() && !why_ports.empty()) why += "; ";
  return why + why_ports;
}

void KeepAllocated(const Service& before, Service* merged) {
  ServiceSpec& spec = merged->spec;
  if (NeedsAddress(spec) && spec.cluster_ip.empty() && before.spec.cluster_ip != kHeadless) {
    spec.cluster_ip = before.spec.cluster_ip;
  }
  if (NeedsNodePorts(spec)) {
    for (ServicePort& port : spec.ports) {
      const ServicePort* same = port.node_port == 0 ? FindSame(before.spec, port) : nullptr;
      if (same == nullptr) continue;
      // Not one that another port of it says.
      const std::string word = WordOf(same->node_port, port.protocol);
      if (same->node_port != 0 && !HasClaim(*merged, word)) port.node_port = same->node_port;
    }
  }
  if (NeedsHealthPort(spec) && spec.health_check_node_port == 0) {
    spec.health_check_node_port = before.spec.health_check_node_port;
  }
}

void HideAllocated(const Service& declared, Service* view) {
  ServiceSpec& spec = view->spec;
  if (NeedsAddress(declared.spec) && declared.spec.cluster_ip.empty() &&
      spec.cluster_ip != kHeadless) {
    spec.cluster_ip.clear();
  }
  if (NeedsNodePorts(declared.spec)) {
    for (ServicePort& port : spec.ports) {
      const ServicePort* same = FindSame(declared.spec, port);
      if (same != nullptr && same->node_port == 0) port.node_port = 0;
    }
  }
  if (NeedsHealthPort(declared.spec) && declared.spec.health_check_node_port == 0) {
    spec.health_check_node_port = 0;
  }
}

void CheckClaims(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  const auto cluster = state.Find<Cluster>("", "cluster");
  const std::string cidr = cluster == nullptr ? "" : cluster->service_cidr;
  const std::optional<ServiceRange> range = ServiceRange::Parse(cidr);
  std::map<std::string, ObjectKey> declared;
  const auto report = [&](const Service& service, const std::string& claim,
                          const std::string& why) {
    const bool is_port = claim.find('/') != std::string::npos;
    problems->errors.push_back(
        ProblemAt(service, (is_port ? "node port " : "spec.clusterIP ") + claim + " " + why));
  };
  for (auto it = desired.objects.lower_bound({Kind::kService, "", ""});
       it != desired.objects.end() && it->first.kind == Kind::kService; ++it) {
    const Service& service = *As<Service>(*it->second);
    for (const std::string& claim : ClaimsOf(service.spec)) {
      if (claim == service.spec.cluster_ip) {
        const std::string why = WhyNotInRange(claim, range, cidr);
        if (!why.empty()) report(service, claim, why);
      }
      const auto [first, is_first] = declared.emplace(claim, it->first);
      if (!is_first) {
        report(service, claim, "is declared by " + ToString(first->second) + " too");
      } else if (const auto holder = HolderOf(claim, it->first, desired, state)) {
        report(service, claim, "is that of " + ToString(*holder) + " already; choose another one");
      }
    }
  }
}

}  // namespace reconcile
