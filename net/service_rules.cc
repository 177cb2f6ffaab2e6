#include "net/service_rules.h"

#include <algorithm>

#include "base/ids.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

constexpr char kTable[] = "ip reconcile_services";
constexpr uint32_t kMasqueradeMark = 0x4000;  // as kube-proxy's
constexpr uint32_t kMaxEndpointId = 0x3fff;   // below that mark
constexpr int kMaxSticky = 65'536;            // clients that are bound to an endpoint

std::string_view Word(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kUdp:
      return "udp";
    case Protocol::kSctp:
      return "sctp";
  }
  return "";
}
std::string HostKey(const ServiceAddress& at) {
  return std::string(Word(at.protocol)) + " . " + std::to_string(at.port);
}
std::string Key(const ServiceAddress& at) { return FormatIpv4(at.address) + " . " + HostKey(at); }
std::string EndpointText(const ServiceEndpoint& endpoint) {
  return FormatIpv4(endpoint.address) + " . " + std::to_string(endpoint.port);
}

// Small numbers by which a client's endpoint is remembered: functions of the endpoint, so that they
// do not change when others come and go, but where two would be the same.
std::vector<uint32_t> IdsOf(const ServiceTarget& target) {
  std::set<uint32_t> taken;
  std::vector<uint32_t> ids;
  for (const ServiceEndpoint& endpoint : target.endpoints) {
    uint32_t id = (endpoint.address * 2654435761U ^ endpoint.port * 40503U) % kMaxEndpointId + 1;
    while (!taken.insert(id).second) id = id % kMaxEndpointId + 1;
    ids.push_back(target.masquerades ? id | kMasqueradeMark : id);
  }
  return ids;
}

struct Chain {
  std::string name;
  std::vector<std::string> rules;
};

constexpr char kTo[] = "ip daddr . ip protocol . th dport";
constexpr char kClient[] = "ip saddr . ip daddr . ip protocol . th dport";

std::string Random(size_t count) { return " . numgen random mod " + std::to_string(count); }

Chain KeepChain(int32_t seconds) {
  return {"keep-" + std::to_string(seconds),
          {"update @affinity { " + std::string(kClient) + " timeout " + std::to_string(seconds) +
               "s : meta mark }",
           "dnat ip to " + std::string(kTo) + " . meta mark map @sticky"}};
}

// nft makes the first rule that it reads with a map match the protocol that the map's value was
// declared by (1.0.6), so each protocol has a map of its own.
std::string EndpointsMap(Protocol protocol) { return "endpoints_" + std::string(Word(protocol)); }

// The chain that chooses among a target's endpoints, by what targets have in common: as many as
// there are numbers of endpoints.
Chain ChoosingChainOf(Protocol protocol, const ServiceTarget& target) {
  const size_t count = target.endpoints.size();
  if (count == 0) return {target.drops ? "dropped" : "refused", {}};
  if (target.affinity_seconds > 0) {
    const std::string keep = KeepChain(target.affinity_seconds).name;
    return {"sticky-" + std::to_string(count) + "-" + std::to_string(target.affinity_seconds),
            {"meta mark set " + std::string(kClient) + " map @affinity",
             std::string(kTo) + " . meta mark vmap @alive",
             "delete @affinity { " + std::string(kClient) + " : meta mark }",
             "meta mark set " + std::string(kTo) + Random(count) + " map @ids", "goto " + keep}};
  }
  Chain chain = {std::string(Word(protocol)) + "-to-" + std::to_string(count), {}};
  if (target.masquerades) {
    chain.name += "-masquerade";
    chain.rules.push_back("meta mark set meta mark | " + std::to_string(kMasqueradeMark));
  }
  chain.rules.push_back("dnat ip to " + std::string(kTo) + Random(count) + " map @" +
                        EndpointsMap(protocol));
  return chain;
}

// Where some alone may connect, a chain asks for that first.
Chain ChainOf(Protocol protocol, const ServiceTarget& target) {
  const Chain choosing = ChoosingChainOf(protocol, target);
  if (target.sources.empty() || target.endpoints.empty()) return choosing;
  std::string blocks;
  for (const std::string& block : target.sources) blocks += (blocks.empty() ? "" : ", ") + block;
  return {"from-" + Sha256Hex(blocks).substr(0, 16) + "-" + choosing.name,
          {"ip saddr != { " + blocks + " } drop", "goto " + choosing.name}};
}

// Elements of one kind of map, by its name.
using Elements = std::map<std::string, std::vector<std::string>>;

struct Lines {
  Elements keys;      // what names an element
  Elements elements;  // and all of it, in the same order
  void Add(const std::string& map, const std::string& key, const std::string& value = "") {
    keys[map].push_back(key);
    elements[map].push_back(value.empty() ? key : key + " : " + value);
  }
};

// A port of the host's own is looked up without an address: one endpoint.
void AddHostPort(const ServiceAddress& at, const ServiceTarget& target, Lines* lines) {
  if (!target.endpoints.empty())
    lines->Add("host_ports", HostKey(at), EndpointText(target.endpoints.front()));
}

void AddTarget(const ServiceAddress& at, const ServiceTarget& target, Lines* lines) {
  if (at.address == 0) return AddHostPort(at, target, lines);
  const std::string key = Key(at);
  const std::string chain = ChainOf(at.protocol, target).name;
  if (target.endpoints.empty()) return lines->Add("unreachable", key, "goto " + chain);
  lines->Add("services", key, "goto " + chain);
  if (target.affinity_seconds == 0) {
    for (size_t i = 0; i < target.endpoints.size(); ++i) {
      lines->Add(EndpointsMap(at.protocol), key + " . " + std::to_string(i),
                 EndpointText(target.endpoints[i]));
    }
    return;
  }
  const std::string keep = KeepChain(target.affinity_seconds).name;
  const std::vector<uint32_t> ids = IdsOf(target);
  for (size_t i = 0; i < ids.size(); ++i) {
    const std::string id = std::to_string(ids[i]);
    lines->Add("ids", key + " . " + std::to_string(i), id);
    lines->Add("alive", key + " . " + id, "goto " + keep);
    lines->Add("sticky", key + " . " + id, EndpointText(target.endpoints[i]));
  }
}

void AddLocal(uint32_t address, Lines* lines) {
  const std::string text = FormatIpv4(address);
  lines->Add("hairpins", text + " . " + text);
}

// An element that is in both lists is left as it is.
void KeepWhatStays(Lines* gone, Lines* come) {
  for (auto& [map, elements] : gone->elements) {
    const auto found = come->elements.find(map);
    if (found == come->elements.end()) continue;
    std::set<std::string> stay(found->second.begin(), found->second.end());
    std::erase_if(stay, [&, known = std::set<std::string>(elements.begin(), elements.end())](
                            const std::string& element) { return !known.contains(element); });
    for (Lines* lines : {gone, come}) {
      std::vector<std::string>& all = lines->elements[map];
      std::vector<std::string>& keys = lines->keys[map];
      size_t kept = 0;
      for (size_t i = 0; i < all.size(); ++i) {
        if (stay.contains(all[i])) continue;
        if (kept != i) {
          all[kept] = std::move(all[i]);
          keys[kept] = std::move(keys[i]);
        }
        ++kept;
      }
      all.resize(kept);
      keys.resize(kept);
    }
  }
}

void Write(const std::string& verb, const Elements& elements, std::string* text) {
  constexpr size_t kPerLine = 1'000;  // nft reads a line as a whole
  for (const auto& [map, list] : elements) {
    for (size_t begin = 0; begin < list.size(); begin += kPerLine) {
      *text += verb + " element " + kTable + " " + map + " { ";
      for (size_t i = begin; i < std::min(list.size(), begin + kPerLine); ++i) {
        *text += (i == begin ? "" : ", ") + list[i];
      }
      *text += " }\n";
    }
  }
}

using Chains = std::map<std::string, std::vector<std::string>>;

void AddChains(Protocol protocol, const ServiceTarget& target, Chains* chains) {
  Chain chain = ChainOf(protocol, target);
  if (chain.rules.empty()) return;
  if (target.affinity_seconds > 0) {
    Chain keep = KeepChain(target.affinity_seconds);
    (*chains)[keep.name] = std::move(keep.rules);
  }
  (*chains)[chain.name] = std::move(chain.rules);
  Chain choosing = ChoosingChainOf(protocol, target);
  (*chains)[choosing.name] = std::move(choosing.rules);
}

// Whether some target of the table has the chains that this one needs.
bool HasChains(const ServiceTable& table, Protocol protocol, const ServiceTarget& wanted) {
  return std::any_of(table.targets.begin(), table.targets.end(), [&](const auto& entry) {
    const auto& [at, target] = entry;
    return at.address != 0 && at.protocol == protocol &&
           target.endpoints.size() == wanted.endpoints.size() && target.drops == wanted.drops &&
           target.masquerades == wanted.masquerades &&
           target.affinity_seconds == wanted.affinity_seconds && target.sources == wanted.sources;
  });
}

Chains ChainsOf(const ServiceTable& table) {
  Chains chains;
  for (const auto& [at, target] : table.targets) {
    if (at.address != 0) AddChains(at.protocol, target, &chains);
  }
  return chains;
}

void Write(const Chains& chains, std::string* text) {
  for (const auto& [name, rules] : chains) {
    *text += "add chain " + std::string(kTable) + " " + name + "\nflush chain " + kTable + " " +
             name + "\n";
  }
  for (const auto& [name, rules] : chains) {
    for (const std::string& rule : rules) {
      *text += "add rule " + std::string(kTable) + " " + name + " " + rule + "\n";
    }
  }
}

const std::map<std::string, std::string>& MapTypes() {
  static const std::string key = "ipv4_addr . inet_proto . inet_service";
  // Of a map read back from the kernel, nft 1.0.6 takes no `th dport` for the value.
  static const std::string indexed = "typeof " + std::string(kTo) + Random(2) + " : ";
  static const std::map<std::string, std::string> types = {
      {"map services", "type " + key + " : verdict"},
      {"map unreachable", "type " + key + " : verdict"},
      {"map " + EndpointsMap(Protocol::kTcp), indexed + "ip daddr . tcp dport"},
      {"map " + EndpointsMap(Protocol::kUdp), indexed + "ip daddr . udp dport"},
      {"map " + EndpointsMap(Protocol::kSctp), indexed + "ip daddr . sctp dport"},
      {"map ids", indexed + "meta mark"},
      {"map alive", "type " + key + " . mark : verdict"},
      {"map sticky", "type " + key + " . mark : ipv4_addr . inet_service"},
      {"map host_ports", "type inet_proto . inet_service : ipv4_addr . inet_service"},
      {"set hairpins", "type ipv4_addr . ipv4_addr"}};
  return types;
}

// Chains that packets enter by, and where.
const std::map<std::string, std::string>& Hooks() {
  static const std::map<std::string, std::string> hooks = {
      {"prerouting-check", "filter hook prerouting priority -110"},  // before addresses are changed
      {"output-check", "filter hook output priority -110"},
      {"prerouting-balance", "nat hook prerouting priority dstnat"},
      {"output-balance", "nat hook output priority -100"},
      {"forward-stray", "filter hook forward priority filter"},
      {"output-stray", "filter hook output priority filter"},
      {"leave", "nat hook postrouting priority srcnat"}};
  return hooks;
}

Chains BaseChains(const ServiceTable& table) {
  const std::string mark = std::to_string(kMasqueradeMark);
  const std::vector<std::string> check = {"ct state new " + std::string(kTo) +
                                          " vmap @unreachable"};
  const std::vector<std::string> balance = {
      std::string(kTo) + " vmap @services",
      "fib daddr type local ip daddr != 127.0.0.0/8 dnat ip to ip protocol . th dport map "
      "@host_ports"};
  std::vector<std::string> stray;
  // Pods see the host by its address among theirs, to which they answer the way that they came.
  const std::string to_pods =
      " ip daddr " + table.pod_cidr + " snat ip to " + table.host_in_pods + " fully-random";
  const std::string is_marked = "meta mark & " + mark + " == " + mark;
  std::vector<std::string> leave = {"ct status & dnat == 0 return",
                                    "ip saddr . ip daddr @hairpins" + to_pods, is_marked + to_pods,
                                    is_marked + " masquerade fully-random"};
  if (!table.service_cidr.empty()) {
    // Nothing is behind another port of a service address.
    stray.push_back("ip daddr " + table.service_cidr + " fib daddr type != local goto refused");
    const std::string from_elsewhere =
        "ct original ip daddr " + table.service_cidr + " ip saddr != " + table.pod_cidr;
    leave.push_back(from_elsewhere + to_pods);
    leave.push_back(from_elsewhere + " masquerade fully-random");
  }
  return {{"prerouting-check", check},
          {"output-check", check},
          {"prerouting-balance", balance},
          {"output-balance", balance},
          {"forward-stray", stray},
          {"output-stray", stray},
          {"leave", leave},
          {"dropped", {"drop"}},
          {"refused",
           {"meta l4proto tcp reject with tcp reset", "reject with icmp type port-unreachable"}}};
}

void Declare(std::string* text) {
  const std::string name(kTable);
  *text += "add table " + name + "\n";
  for (const auto& [map, type] : MapTypes()) {
    *text += "add " + map.substr(0, 4) + name + " " + map.substr(4) + " { " + type + "; }\n";
  }
  *text += "add map " + name +
           " affinity { type ipv4_addr . ipv4_addr . inet_proto . inet_service : mark; flags "
           "dynamic, timeout; size " +
           std::to_string(kMaxSticky) + "; }\n";
  for (const auto& [chain, hook] : Hooks()) {
    *text += "add chain " + name + " " + chain + " { type " + hook + "; policy accept; }\n";
  }
  for (const auto& [map, type] : MapTypes()) {
    *text += "flush " + map.substr(0, 4) + name + " " + map.substr(4) + "\n";
  }
}

// What is in `left` and not in `right`, or with another value there.
template <typename Visit>
void ForEachOther(const ServiceTable& left, const ServiceTable& right, Visit visit) {
  auto other = right.targets.begin();
  for (const auto& [at, target] : left.targets) {
    while (other != right.targets.end() && other->first < at) ++other;
    const bool same = other != right.targets.end() && other->first == at && other->second == target;
    if (!same) visit(at, target);
  }
}

Lines LinesOfOthers(const ServiceTable& left, const ServiceTable& right) {
  Lines lines;
  ForEachOther(left, right, [&](const ServiceAddress& at, const ServiceTarget& target) {
    AddTarget(at, target, &lines);
  });
  for (const uint32_t address : left.local_endpoints) {
    if (!right.local_endpoints.contains(address)) AddLocal(address, &lines);
  }
  return lines;
}

}  // namespace

std::string CompileServiceRules(const ServiceTable& table) {
  std::string text;
  Declare(&text);
  Chains chains = ChainsOf(table);
  chains.merge(BaseChains(table));
  Write(chains, &text);
  Lines lines;
  for (const auto& [at, target] : table.targets) AddTarget(at, target, &lines);
  for (const uint32_t address : table.local_endpoints) AddLocal(address, &lines);
  Write("add", lines.elements, &text);
  return text;
}

std::string CompileServiceChange(const ServiceTable& before, const ServiceTable& after) {
  if (before.service_cidr != after.service_cidr || before.pod_cidr != after.pod_cidr ||
      before.host_in_pods != after.host_in_pods) {
    return CompileServiceRules(after);
  }
  std::string text;
  // Chains that are there stay: for a rule that looks into a map the kernel walks through all of
  // it.
  Chains chains;
  ForEachOther(after, before, [&](const ServiceAddress& at, const ServiceTarget& target) {
    if (at.address != 0 && !HasChains(before, at.protocol, target)) {
      AddChains(at.protocol, target, &chains);
    }
  });
  Write(chains, &text);
  Lines gone = LinesOfOthers(before, after);
  Lines come = LinesOfOthers(after, before);
  KeepWhatStays(&gone, &come);
  Write("delete", gone.keys, &text);
  Write("add", come.elements, &text);
  return text;
}

std::string CompileRemoveServiceRules() {
  return "add table " + std::string(kTable) + "\ndelete table " + std::string(kTable) + "\n";
}

std::vector<StaleFlow> StaleFlows(const ServiceTable& before, const ServiceTable& after) {
  std::vector<StaleFlow> flows;
  ForEachOther(before, after, [&](const ServiceAddress& at, const ServiceTarget& target) {
    if (at.protocol != Protocol::kUdp) return;
    const auto now = after.targets.find(at);
    for (const ServiceEndpoint& endpoint : target.endpoints) {
      const bool stays =
          now != after.targets.end() &&
          std::binary_search(now->second.endpoints.begin(), now->second.endpoints.end(), endpoint);
      if (!stays) flows.push_back({at, endpoint.address});
    }
  });
  return flows;
}

}  // namespace reconcile
