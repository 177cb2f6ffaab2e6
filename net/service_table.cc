#include "net/service_table.h"

#include <algorithm>
#include <compare>
#include <set>
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

ServiceKey KeyOf(const Service& service) {
  return {service.metadata.namespace_name, service.metadata.name};
}
// Without a name when it is of none.
ServiceKey KeyOf(const EndpointSlice& slice) {
  const auto name = slice.metadata.labels.find(kServiceNameLabel);
  return {slice.metadata.namespace_name,
          name == slice.metadata.labels.end() ? std::string_view() : name->second};
}

// Every object of one list that is not in the other, by two looks at each where they are sorted.
template <typename Object, typename Visit>
void ForEachOther(const std::vector<std::shared_ptr<const Object>>& left,
                  const std::vector<std::shared_ptr<const Object>>& right, Visit visit) {
  auto a = left.begin();
  auto b = right.begin();
  const auto name_of = [](const Object& object) {
    return ServiceKey(object.metadata.namespace_name, object.metadata.name);
  };
  while (a != left.end() && b != right.end()) {
    if (*a == *b) {
      ++a;
      ++b;
      continue;
    }
    const auto order = name_of(**a) <=> name_of(**b);
    if (order <= 0) visit(**a++);
    if (order >= 0) visit(**b++);
  }
  for (; a != left.end(); ++a) visit(**a);
  for (; b != right.end(); ++b) visit(**b);
}

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
  Maker(const NetworkState& state, ServiceTables* tables)
      : config_(tables->config_), state_(state), zone_(tables->zone_), tables_(tables) {}

  // From all objects; what comes of those that are the same as before is remembered.
  void MakeAll() {
    ServiceTable& table = tables_->table_;
    table = ServiceTable();
    table.service_cidr = config_.service_cidr;
    table.pod_cidr = config_.cluster_pod_cidr;
    const Result<std::string> host = HostAddress(config_);
    if (host.ok()) table.host_in_pods = *host;
    tables_->local_counts_.clear();
    tables_->has_rivals_ = false;
    const std::vector<KeyedSlice> slices = SortedSlices([](const ServiceKey&) { return true; });
    Parts before = std::move(tables_->parts_);
    tables_->parts_.clear();
    for (const auto& service : state_.cluster->services) {
      const auto known = before.find(KeyOf(*service));
      const Slices own = SlicesOf(KeyOf(*service), slices);
      const bool is_same = known != before.end() && IsOf(known->second, service, own);
      if (!Take(is_same ? std::move(known->second) : MakePart(service, own))) {
        tables_->has_rivals_ = true;
      }
    }
  }

  // From the objects that are others than in `before`, which the tables are of. False, with tables
  // that are of nothing, when there are too many of them, or two Services claim one place: of these
  // the first in the list has it.
  bool Follow(const ClusterNetwork& before) {
    constexpr size_t kMostFollowed = 500;
    std::set<ServiceKey> keys;
    ForEachOther(before.services, state_.cluster->services,
                 [&](const Service& service) { keys.insert(KeyOf(service)); });
    ForEachOther(before.endpoint_slices, state_.cluster->endpoint_slices,
                 [&](const EndpointSlice& slice) { keys.insert(KeyOf(slice)); });
    if (keys.empty()) return true;
    if (keys.size() > kMostFollowed) return false;
    const auto is_wanted = [&](const ServiceKey& key) { return keys.contains(key); };
    const std::vector<KeyedSlice> slices = SortedSlices(is_wanted);
    for (const ServiceKey& key : keys) Remove(key);
    for (const auto& service : state_.cluster->services) {
      const ServiceKey key = KeyOf(*service);
      if (is_wanted(key) && !Take(MakePart(service, SlicesOf(key, slices)))) return false;
    }
    return true;
  }

  void AddHostPorts(ServiceTable* table) const {
    for (const HostPort& port : state_.host_ports) {
      const Result<uint32_t> pod = ParseIpv4(port.pod_address);
      const Result<uint32_t> host =
          port.host_address.empty() ? Result<uint32_t>(0U) : ParseIpv4(port.host_address);
      if (!pod.ok() || !host.ok()) continue;
      table->local_endpoints.insert(*pod);
      ServiceTarget target;
      target.endpoints = {{*pod, static_cast<uint16_t>(port.pod_port)}};
      table->targets.try_emplace({*host, port.protocol, static_cast<uint16_t>(port.port)}, target);
    }
  }

 private:
  template <typename Wanted>
  std::vector<KeyedSlice> SortedSlices(Wanted wanted) const {
    std::vector<KeyedSlice> slices;
    for (const auto& slice : state_.cluster->endpoint_slices) {
      const ServiceKey key = KeyOf(*slice);
      if (key.second.empty() || slice->address_type != AddressType::kIpv4) continue;
      if (wanted(key)) slices.push_back({key, &slice});
    }
    std::stable_sort(slices.begin(), slices.end(), kByKey);
    return slices;
  }

  static Slices SlicesOf(const ServiceKey& key, const std::vector<KeyedSlice>& slices) {
    const auto [begin, end] =
        std::equal_range(slices.begin(), slices.end(), KeyedSlice(key, nullptr), kByKey);
    return {begin, end};
  }

  static bool IsOf(const Part& part, const std::shared_ptr<const Service>& service, Slices slices) {
    return part.service == service &&
           std::equal(part.slices.begin(), part.slices.end(), slices.begin(), slices.end(),
                      [](const auto& kept, const KeyedSlice& now) { return kept == *now.second; });
  }

  Part MakePart(const std::shared_ptr<const Service>& service, Slices slices) {
    part_ = Part();
    part_.service = service;
    for (const auto& [key, slice] : slices) part_.slices.push_back(*slice);
    AddService(*service, slices);
    return std::move(part_);
  }

  // False when another Service has one of its places.
  bool Take(Part part) {
    bool is_alone = true;
    for (auto own = part.targets.begin(); own != part.targets.end(); ++own) {
      if (tables_->table_.targets.try_emplace(own->first, own->second).second) continue;
      is_alone &= std::any_of(part.targets.begin(), own,
                              [&](const auto& earlier) { return earlier.first == own->first; });
    }
    for (const uint32_t address : part.local_endpoints) {
      if (++tables_->local_counts_[address] == 1) tables_->table_.local_endpoints.insert(address);
    }
    const Key key = KeyOf(*part.service);
    return tables_->parts_.try_emplace(key, std::move(part)).second && is_alone;
  }

  void Remove(const ServiceKey& key) {
    const auto part = tables_->parts_.find(key);
    if (part == tables_->parts_.end()) return;
    for (const auto& [at, target] : part->second.targets) tables_->table_.targets.erase(at);
    for (const uint32_t address : part->second.local_endpoints) {
      const auto count = tables_->local_counts_.find(address);
      if (--count->second > 0) continue;
      tables_->local_counts_.erase(count);
      tables_->table_.local_endpoints.erase(address);
    }
    tables_->parts_.erase(part);
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

  const HostNetworkConfig& config_;
  const NetworkState& state_;
  const std::string& zone_;  // of this host; empty: not known
  ServiceTables* const tables_;
  Part part_;  // of the Service that is being looked at
};

ServiceTable ServiceTables::Next(const HostNetworkConfig& config, const NetworkState& state) {
  std::string zone = ZoneOf(state);
  const bool is_same_host = config == config_ && state.node == node_ && zone == zone_;
  if (!is_same_host) parts_.clear();
  config_ = config;
  node_ = state.node;
  zone_ = std::move(zone);
  Maker maker(state, this);
  const bool follows =
      is_same_host && cluster_ != nullptr && !has_rivals_ && maker.Follow(*cluster_);
  if (!follows) maker.MakeAll();
  cluster_ = state.cluster;
  ServiceTable table = table_;
  maker.AddHostPorts(&table);
  return table;
}

ServiceTable MakeServiceTable(const HostNetworkConfig& config, const NetworkState& state) {
  return ServiceTables().Next(config, state);
}

}  // namespace reconcile
