#include "net/service_table.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <utility>

#include "net/compile.h"
#include "net/ipam.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// One endpoint of one port, as slices say it.
struct Candidate {
  ServiceEndpoint at;
  std::string_view node;  // empty: not known
  std::string_view zone;  // the same
  bool is_local = false;
  bool is_ready = false;
  bool serves_while_going = false;  // taken only where none is ready
};
using Candidates = std::vector<Candidate>;
// With the namespace and name of the Service that each belongs to, ordered by these.
using ServiceKey = std::pair<std::string_view, std::string_view>;
using KeyedSlice = std::pair<ServiceKey, const std::shared_ptr<const EndpointSlice>*>;
using Slices = std::span<const KeyedSlice>;
constexpr auto kByKey = [](const KeyedSlice& a, const KeyedSlice& b) { return a.first < b.first; };

// How far from a host the endpoints are that it takes.
enum class Reach { kNode, kZone, kCluster };

std::string ZoneOf(const NetworkState& state) {
  for (const NetworkPeer& peer : state.cluster->peers) {
    if (peer.name == state.node) return peer.zone;
  }
  return "";
}

}  // namespace

class ServiceTables::Maker {
 public:
  Maker(const HostNetworkConfig& config, const NetworkState& state, const std::string& zone)
      : config_(config), state_(state), zone_(zone) {}

  ServiceTable Make(std::unordered_map<const Service*, Part>* parts) {
    table_.service_cidr = config_.service_cidr;
    table_.pod_cidr = config_.cluster_pod_cidr;
    const Result<std::string> host = HostAddress(config_);
    if (host.ok()) table_.host_in_pods = *host;
    const std::vector<KeyedSlice> slices = SortedSlices();
    std::unordered_map<const Service*, Part> before = std::move(*parts);
    parts->clear();
    parts->reserve(state_.cluster->services.size());
    for (const auto& service : state_.cluster->services) {
      const KeyedSlice key = {{service->metadata.namespace_name, service->metadata.name}, nullptr};
      const auto [begin, end] = std::equal_range(slices.begin(), slices.end(), key, kByKey);
      const auto known = before.find(service.get());
      const bool is_same = known != before.end() && IsOf(known->second, Slices(begin, end));
      const auto place =
          parts->emplace(service.get(), is_same ? std::move(known->second)
                                                : MakePart(service, Slices(begin, end)));
      Take(place.first->second);
    }
    AddHostPorts();
    return std::move(table_);
  }

 private:
  std::vector<KeyedSlice> SortedSlices() const {
    std::vector<KeyedSlice> slices;
    slices.reserve(state_.cluster->endpoint_slices.size());
    for (const auto& slice : state_.cluster->endpoint_slices) {
      const auto name = slice->metadata.labels.find(kServiceNameLabel);
      if (name == slice->metadata.labels.end() || slice->address_type != AddressType::kIpv4)
        continue;
      slices.push_back({{slice->metadata.namespace_name, name->second}, &slice});
    }
    std::stable_sort(slices.begin(), slices.end(), kByKey);
    return slices;
  }

  static bool IsOf(const Part& part, Slices slices) {
    return std::equal(part.slices.begin(), part.slices.end(), slices.begin(), slices.end(),
                      [](const auto& kept, const KeyedSlice& now) { return kept == *now.second; });
  }

  Part MakePart(const std::shared_ptr<const Service>& service, Slices slices) {
    part_ = Part();
    part_.service = service;
    for (const auto& [key, slice] : slices) part_.slices.push_back(*slice);
    AddService(*service, slices);
    return std::move(part_);
  }

  // Of two that claim one place, the first by namespace and name has it.
  void Take(const Part& part) {
    for (const auto& [at, target] : part.targets) table_.targets.try_emplace(at, target);
    table_.local_endpoints.insert(part.local_endpoints.begin(), part.local_endpoints.end());
  }

  void AddService(const Service& service, Slices slices) {
    const ServiceSpec& spec = service.spec;
    if (spec.type == ServiceType::kExternalName || IsHeadless(service)) return;
    const bool is_local_inside = spec.internal_traffic_policy == TrafficPolicy::kLocal;
    const bool is_local_outside = spec.external_traffic_policy == TrafficPolicy::kLocal;
    for (const ServicePort& port : spec.ports) {
      const Candidates candidates = CandidatesOf(service, port, slices);
      ServiceTarget inside = TargetOf(spec, candidates, is_local_inside);
      Put(spec.cluster_ip, port, port.port, inside);
      ServiceTarget outside = TargetOf(spec, candidates, is_local_outside);
      outside.masquerades = !is_local_outside;
      if (port.node_port != 0) Put(config_.host_address, port, port.node_port, outside);
      for (const std::string& address : spec.external_ips) Put(address, port, port.port, outside);
      outside.sources = SourcesOf(spec);
      for (const auto& ingress : service.status.load_balancer_ingress) {
        Put(ingress.ip, port, port.port, outside);
      }
    }
  }

  // IPv4 blocks of loadBalancerSourceRanges. When none of them is, none of its clients may connect.
  static std::vector<std::string> SourcesOf(const ServiceSpec& spec) {
    std::vector<std::string> sources;
    for (const std::string& range : spec.load_balancer_source_ranges) {
      const Result<Cidr> block = Cidr::Parse(Trimmed(range, " \t\r\n\v\f"));
      if (block.ok() && block->prefix == 0) return {};
      if (block.ok()) sources.push_back(block->ToString());
    }
    if (sources.empty() && !spec.load_balancer_source_ranges.empty()) sources = {"0.0.0.0/32"};
    std::sort(sources.begin(), sources.end());
    sources.erase(std::unique(sources.begin(), sources.end()), sources.end());
    return sources;
  }

  Candidates CandidatesOf(const Service& service, const ServicePort& port, Slices slices) {
    std::map<ServiceEndpoint, Candidate> found;
    for (const auto& [key, shared] : slices) {
      const EndpointSlice& slice = **shared;
      const EndpointPort* at = FindPort(slice, port);
      if (at == nullptr || at->port <= 0 || at->port > 65'535) continue;
      for (const Endpoint& endpoint : slice.endpoints) {
        const Result<uint32_t> address = endpoint.addresses.empty()
                                             ? Result<uint32_t>(InvalidError("none"))
                                             : ParseIpv4(endpoint.addresses.front());
        if (!address.ok()) continue;
        const EndpointConditions& conditions = endpoint.conditions;
        const bool is_going = IsTerminating(conditions);
        const bool is_ready =
            service.spec.publish_not_ready_addresses || (IsReady(conditions) && !is_going);
        Candidate candidate = {{*address, static_cast<uint16_t>(at->port)},
                               endpoint.node_name,
                               endpoint.zone,
                               endpoint.node_name == state_.node,
                               is_ready,
                               is_going && IsServing(conditions)};
        if (!is_ready && !candidate.serves_while_going) continue;
        if (candidate.is_local) part_.local_endpoints.push_back(*address);
        Candidate& known = found.try_emplace(candidate.at, candidate).first->second;
        known.is_ready |= candidate.is_ready;
      }
    }
    Candidates candidates;
    for (const auto& [at, candidate] : found) candidates.push_back(candidate);
    return candidates;
  }

  static const EndpointPort* FindPort(const EndpointSlice& slice, const ServicePort& port) {
    for (const EndpointPort& each : slice.ports) {
      if (each.name == port.name && each.protocol == port.protocol) return &each;
    }
    return nullptr;
  }

  // What the Service's trafficDistribution prefers, where one that is ready is that near and it is
  // known of each of them where it is; PreferSameNode goes on to the zone. Source: kube-proxy's
  // topologyModeFromHints with the hints of KEP-3015, which say where an endpoint is.
  Reach ReachOf(const ServiceSpec& spec, const Candidates& candidates) const {
    const Value* preferred = spec.others.Find("trafficDistribution");
    if (preferred == nullptr) return Reach::kCluster;
    bool all_have_node = preferred->AsString() == "PreferSameNode";
    bool all_have_zone = !zone_.empty();
    bool is_on_node = false;
    bool is_in_zone = false;
    for (const Candidate& candidate : candidates) {
      if (!candidate.is_ready) continue;
      all_have_node = all_have_node && !candidate.node.empty();
      all_have_zone = all_have_zone && !candidate.zone.empty();
      is_on_node = is_on_node || candidate.is_local;
      is_in_zone = is_in_zone || candidate.zone == zone_;
    }
    if (all_have_node && is_on_node) return Reach::kNode;
    return all_have_zone && is_in_zone ? Reach::kZone : Reach::kCluster;
  }

  bool IsWithin(Reach reach, const Candidate& candidate) const {
    switch (reach) {
      case Reach::kNode:
        return candidate.is_local;
      case Reach::kZone:
        return candidate.zone == zone_;
      case Reach::kCluster:
        return true;
    }
    return true;
  }

  ServiceTarget TargetOf(const ServiceSpec& spec, const Candidates& candidates,
                         bool is_local) const {
    ServiceTarget target;
    const Reach reach = is_local ? Reach::kNode : ReachOf(spec, candidates);
    const auto take = [&](bool ready) {
      for (const Candidate& candidate : candidates) {
        const bool wanted = ready ? candidate.is_ready : candidate.serves_while_going;
        if (wanted && IsWithin(reach, candidate)) target.endpoints.push_back(candidate.at);
      }
    };
    take(true);
    if (target.endpoints.empty()) take(false);
    // Others have some: their hosts are to be asked (SEMANTICS 13.6).
    target.drops = is_local && target.endpoints.empty() && !candidates.empty();
    if (spec.session_affinity == SessionAffinity::kClientIp && !target.endpoints.empty()) {
      target.affinity_seconds =
          spec.session_affinity_timeout_seconds.value_or(kDefaultAffinitySeconds);
    }
    return target;
  }

  void Put(const std::string& address, const ServicePort& port, int32_t number,
           const ServiceTarget& target) {
    const Result<uint32_t> at = ParseIpv4(address);
    if (!at.ok() || *at == 0 || number <= 0 || number > 65'535) return;
    part_.targets.push_back({{*at, port.protocol, static_cast<uint16_t>(number)}, target});
  }

  void AddHostPorts() {
    for (const HostPort& port : state_.host_ports) {
      const Result<uint32_t> pod = ParseIpv4(port.pod_address);
      const Result<uint32_t> host =
          port.host_address.empty() ? Result<uint32_t>(0U) : ParseIpv4(port.host_address);
      if (!pod.ok() || !host.ok()) continue;
      table_.local_endpoints.insert(*pod);
      ServiceTarget target;
      target.endpoints = {{*pod, static_cast<uint16_t>(port.pod_port)}};
      table_.targets.try_emplace({*host, port.protocol, static_cast<uint16_t>(port.port)}, target);
    }
  }

  const HostNetworkConfig& config_;
  const NetworkState& state_;
  const std::string& zone_;  // of this host; empty: not known
  ServiceTable table_;
  Part part_;  // of the Service that is being looked at
};

ServiceTable ServiceTables::Next(const HostNetworkConfig& config, const NetworkState& state) {
  std::string zone = ZoneOf(state);
  if (config != config_ || state.node != node_ || zone != zone_) parts_.clear();
  config_ = config;
  node_ = state.node;
  zone_ = std::move(zone);
  return Maker(config, state, zone_).Make(&parts_);
}

ServiceTable MakeServiceTable(const HostNetworkConfig& config, const NetworkState& state) {
  return ServiceTables().Next(config, state);
}

}  // namespace reconcile
