#include "net/dns/zone.h"

#include <algorithm>
#include <array>

#include "net/dns/name.h"

namespace reconcile {
namespace {

constexpr std::string_view kSpecVersion = "1.1.0";
constexpr uint32_t kSrvShares = 100;  // weights of one port's targets, together

bool IsLabel(std::string_view text) { return !text.empty() && text.size() <= kMaxDnsLabelBytes; }

void AppendLowerLabel(std::string_view label, std::string* name) {
  name->push_back(static_cast<char>(label.size()));
  const size_t begin = name->size();
  name->append(label);
  std::transform(name->begin() + static_cast<std::ptrdiff_t>(begin), name->end(),
                 name->begin() + static_cast<std::ptrdiff_t>(begin),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

void PutRecord(const DnsQuestion& question, uint16_t type, std::string data, ZoneAnswer* answer) {
  answer->records.push_back({question.name, type, kServiceTtlS, std::move(data)});
}

// The answer for a name that exists and has these records of one type.
void SetOutcome(ZoneAnswer* answer) {
  answer->outcome = answer->records.empty() ? ZoneOutcome::kNoData : ZoneOutcome::kRecords;
}

void AnswerAddress(const DnsQuestion& question, uint32_t address, ZoneAnswer* answer) {
  if (question.type == kDnsA) PutRecord(question, kDnsA, Ipv4RecordData(address), answer);
  SetOutcome(answer);
}

std::string EndpointHost(const DnsEndpoint& endpoint) {
  return endpoint.hostname.empty() ? FormatDashedIpv4(endpoint.address) : endpoint.hostname;
}

// "_http" for port "http": whether a label asks for it. Labels are lower case.
bool AsksFor(std::string_view label, std::string_view name) {
  return !name.empty() && label.size() == name.size() + 1 && label[0] == '_' &&
         label.substr(1) == name;
}

std::string SrvData(size_t targets, uint16_t port, const std::string& target) {
  const size_t weight = std::max<size_t>(1, kSrvShares / std::max<size_t>(1, targets));
  std::string data;
  PutDnsWord(0, &data);
  PutDnsWord(static_cast<uint16_t>(weight), &data);
  PutDnsWord(port, &data);
  return data + target;
}

}  // namespace

// The labels of a name below the cluster's domain, from the right.
struct DnsZone::Labels {
  static constexpr size_t kMax = 6;  // _http._tcp.service.namespace.svc is one less
  std::array<std::string_view, kMax> from_right;
  size_t count = 0;  // also of those beyond kMax

  Labels(std::string_view name, size_t domain_bytes) {
    std::array<std::string_view, kMaxDnsNameBytes / 2 + 1> from_left;
    for (; name.size() > domain_bytes; name = WithoutFirstDnsLabel(name)) {
      from_left[count++] = FirstDnsLabel(name);
    }
    for (size_t i = 0; i < count && i < kMax; ++i) from_right[i] = from_left[count - 1 - i];
  }
  std::string_view namespace_name() const { return from_right[1]; }
  std::string_view first_below_service() const { return from_right[3]; }
  std::string_view second_below_service() const { return from_right[4]; }
  // "service.namespace" in wire form: one after the other in the name that they are slices of.
  std::string_view ServiceKey() const {
    return {from_right[2].data() - 1, from_right[2].size() + from_right[1].size() + 2};
  }
};

Result<std::shared_ptr<const DnsZone>> DnsZone::Make(const DnsZoneConfig& config,
                                                     const Services& services) {
  const Result<std::string> domain = ParseDnsName(config.cluster_domain);
  if (!domain.ok()) return domain.status().WithContext("the cluster's domain");
  if (domain->size() <= 1) return InvalidError("the cluster's domain must not be the root");
  std::shared_ptr<DnsZone> zone(new DnsZone);
  zone->domain_ = *domain;
  zone->dns_address_ = config.dns_address;
  zone->reverse_ranges_ = config.reverse_ranges;
  for (const std::string& name : config.namespaces) {
    std::string label = name;
    MakeDnsLower(&label);
    zone->namespaces_.insert(std::move(label));
  }
  zone->services_.reserve(services.size());
  zone->named_.reserve(services.size());
  for (const std::shared_ptr<const DnsService>& service : services) zone->AddService(service);
  std::stable_sort(zone->named_.begin(), zone->named_.end(),
                   [](const Named& a, const Named& b) { return a.address < b.address; });
  return std::shared_ptr<const DnsZone>(std::move(zone));
}

void DnsZone::AddService(const std::shared_ptr<const DnsService>& service) {
  if (!IsLabel(service->name) || !IsLabel(service->namespace_name)) return;
  std::string key;
  AppendLowerLabel(service->name, &key);
  const size_t name_bytes = key.size();
  AppendLowerLabel(service->namespace_name, &key);
  const std::string_view namespace_label = std::string_view(key).substr(name_bytes + 1);
  if (!namespaces_.contains(namespace_label)) namespaces_.emplace(namespace_label);
  if (!services_.emplace(std::move(key), service).second) return;
  switch (service->kind) {
    case DnsServiceKind::kClusterIp:
      named_.push_back({service->address, service.get(), nullptr});
      return;
    case DnsServiceKind::kHeadless:
      for (const DnsEndpoint& endpoint : service->endpoints) {
        named_.push_back({endpoint.address, service.get(), &endpoint});
      }
      return;
    case DnsServiceKind::kExternalName:
      return;
  }
}

std::string DnsZone::ServiceName(const DnsService& service) const {
  std::string name;
  AppendLowerLabel(service.name, &name);
  AppendLowerLabel(service.namespace_name, &name);
  AppendLowerLabel("svc", &name);
  return name + domain_;
}

std::string DnsZone::EndpointName(const DnsService& service, const DnsEndpoint& endpoint) const {
  std::string name;
  AppendLowerLabel(EndpointHost(endpoint), &name);
  return name + ServiceName(service);
}

ZoneAnswer DnsZone::Find(const DnsQuestion& question) const {
  ZoneAnswer answer;
  if (IsInDnsZone(question.name, domain_)) {
    FindInDomain(question, &answer);
  } else if (const auto block = ParseReverseDnsName(question.name)) {
    FindReverse(question, *block, &answer);
  }
  return answer;
}

// The apex and the names of the domain itself, or what is below svc and pod.
void DnsZone::FindInDomain(const DnsQuestion& question, ZoneAnswer* answer) const {
  const Labels labels(question.name, domain_.size());
  answer->outcome = ZoneOutcome::kNoName;
  if (labels.count == 0) return FindApex(question, answer);
  const std::string_view last = labels.from_right[0];
  if (last == "svc") return FindService(question, labels, answer);
  if (last == "pod") return FindPod(question, labels, answer);
  if (last == "dns" && labels.count == 1) answer->outcome = ZoneOutcome::kNoData;
  if (last == "dns" && labels.count == 2 && labels.from_right[1] == "ns") {
    return AnswerAddress(question, dns_address_, answer);
  }
  if (last == "dns-version" && labels.count == 1) {
    std::string text(1, static_cast<char>(kSpecVersion.size()));
    text += kSpecVersion;
    if (question.type == kDnsTxt) PutRecord(question, kDnsTxt, std::move(text), answer);
    SetOutcome(answer);
  }
}

void DnsZone::FindApex(const DnsQuestion& question, ZoneAnswer* answer) const {
  if (question.type == kDnsSoa) answer->records.push_back(SoaFor(question.name));
  if (question.type == kDnsNs) {
    const std::string server = std::string("\2ns\3dns") + domain_;
    PutRecord(question, kDnsNs, server, answer);
    answer->additional.push_back({server, kDnsA, kServiceTtlS, Ipv4RecordData(dns_address_)});
  }
  SetOutcome(answer);
}

void DnsZone::FindService(const DnsQuestion& question, const Labels& labels,
                          ZoneAnswer* answer) const {
  if (labels.count <= 2) {
    if (labels.count == 1 || namespaces_.contains(labels.namespace_name())) SetOutcome(answer);
    return;
  }
  const auto found = services_.find(labels.ServiceKey());
  if (found == services_.end() || labels.count > 5) return;
  const DnsService& service = *found->second;
  switch (service.kind) {
    case DnsServiceKind::kClusterIp:
      return FindClusterIp(service, question, labels, answer);
    case DnsServiceKind::kHeadless:
      return FindHeadless(service, question, labels, answer);
    case DnsServiceKind::kExternalName: {
      Result<std::string> target = ParseDnsName(service.external_name);
      if (labels.count > 3) return;
      if (!target.ok()) return SetOutcome(answer);
      PutRecord(question, kDnsCname, std::move(target.value()), answer);
      answer->outcome = question.type == kDnsCname ? ZoneOutcome::kRecords : ZoneOutcome::kAlias;
      return;
    }
  }
}

void DnsZone::FindClusterIp(const DnsService& service, const DnsQuestion& question,
                            const Labels& labels, ZoneAnswer* answer) const {
  if (labels.count == 3) return AnswerAddress(question, service.address, answer);
  bool exists = false;
  for (const DnsPort& port : service.ports) {
    if (port.name.empty() || !AsksFor(labels.first_below_service(), port.protocol)) continue;
    if (labels.count == 4) {
      exists = true;
    } else if (AsksFor(labels.second_below_service(), port.name)) {
      exists = true;
      if (question.type != kDnsSrv) continue;
      const std::string target = ServiceName(service);
      PutRecord(question, kDnsSrv, SrvData(1, port.port, target), answer);
      answer->additional.push_back({target, kDnsA, kServiceTtlS, Ipv4RecordData(service.address)});
    }
  }
  if (exists) SetOutcome(answer);
}

void DnsZone::FindHeadless(const DnsService& service, const DnsQuestion& question,
                           const Labels& labels, ZoneAnswer* answer) const {
  // SEMANTICS 15.3: as if it were not there.
  if (service.endpoints.empty()) return;
  if (labels.count == 5) return FindEndpointPorts(service, question, labels, answer);
  bool exists = labels.count == 3;
  for (const DnsEndpoint& endpoint : service.endpoints) {
    if (labels.count == 4) {
      std::string host = EndpointHost(endpoint);
      MakeDnsLower(&host);
      if (host != labels.first_below_service()) {
        for (const DnsPort& port : endpoint.ports) {
          exists |= !port.name.empty() && AsksFor(labels.first_below_service(), port.protocol);
        }
        continue;
      }
      exists = true;
    }
    if (question.type == kDnsA) {
      PutRecord(question, kDnsA, Ipv4RecordData(endpoint.address), answer);
    }
  }
  if (exists) SetOutcome(answer);
}

void DnsZone::FindEndpointPorts(const DnsService& service, const DnsQuestion& question,
                                const Labels& labels, ZoneAnswer* answer) const {
  struct Target {
    const DnsEndpoint* endpoint;
    uint16_t port;
  };
  std::vector<Target> targets;
  for (const DnsEndpoint& endpoint : service.endpoints) {
    for (const DnsPort& port : endpoint.ports) {
      if (AsksFor(labels.first_below_service(), port.protocol) &&
          AsksFor(labels.second_below_service(), port.name)) {
        targets.push_back({&endpoint, port.port});
      }
    }
  }
  if (targets.empty()) return;
  for (const Target& target : targets) {
    if (question.type != kDnsSrv) break;
    const std::string name = EndpointName(service, *target.endpoint);
    PutRecord(question, kDnsSrv, SrvData(targets.size(), target.port, name), answer);
    answer->additional.push_back(
        {name, kDnsA, kServiceTtlS, Ipv4RecordData(target.endpoint->address)});
  }
  SetOutcome(answer);
}

// Mode insecure: any address in any namespace (SEMANTICS 15.6). So every name of a namespace
// exists.
void DnsZone::FindPod(const DnsQuestion& question, const Labels& labels, ZoneAnswer* answer) const {
  if (labels.count <= 2) return SetOutcome(answer);
  const std::optional<uint32_t> address = ParseDashedIpv4(labels.from_right[2]);
  if (labels.count == 3 && address) AnswerAddress(question, *address, answer);
}

void DnsZone::FindReverse(const DnsQuestion& question, const ReverseBlock& block,
                          ZoneAnswer* answer) const {
  // What is above a range, or beside it, others may have names for.
  const bool ours =
      std::any_of(reverse_ranges_.begin(), reverse_ranges_.end(), [&](const Cidr& range) {
        return range.prefix <= block.prefix && range.Contains(block.base);
      });
  if (block.prefix < 32) {
    if (ours) answer->outcome = ZoneOutcome::kNoData;
    return;
  }
  auto found = std::lower_bound(
      named_.begin(), named_.end(), block.base,
      [](const Named& named, uint32_t address) { return named.address < address; });
  const bool exists = found != named_.end() && found->address == block.base;
  if (!exists) {
    if (ours) answer->outcome = ZoneOutcome::kNoName;
    return;
  }
  for (; found != named_.end() && found->address == block.base; ++found) {
    if (question.type != kDnsPtr) break;
    PutRecord(question, kDnsPtr,
              found->endpoint == nullptr ? ServiceName(*found->service)
                                         : EndpointName(*found->service, *found->endpoint),
              answer);
  }
  SetOutcome(answer);
}

DnsRecord DnsZone::SoaFor(std::string_view name) const {
  std::string_view owner = domain_;
  if (!IsInDnsZone(name, domain_)) {
    owner = name;
    std::optional<ReverseBlock> block = ParseReverseDnsName(owner);
    const auto range =
        std::find_if(reverse_ranges_.begin(), reverse_ranges_.end(), [&](const Cidr& candidate) {
          return block && block->prefix >= candidate.prefix && candidate.Contains(block->base);
        });
    // Reverse zones begin at whole octets: a range of /12 has several.
    for (; range != reverse_ranges_.end() && block->prefix - 8 >= range->prefix;
         block->prefix -= 8) {
      owner = WithoutFirstDnsLabel(owner);
    }
  }
  std::string data = std::string("\2ns\3dns") + domain_ + std::string("\12hostmaster") + domain_;
  // Serial, refresh, retry, expire and minimum: nobody transfers the zone, and the minimum is how
  // long a negative answer may be kept (RFC 2308).
  for (const uint32_t value : {1U, 7200U, 1800U, 86400U, kServiceTtlS}) {
    data += Ipv4RecordData(value);
  }
  return {std::string(owner), kDnsSoa, kServiceTtlS, std::move(data)};
}

}  // namespace reconcile
