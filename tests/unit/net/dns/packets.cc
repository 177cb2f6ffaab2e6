#include "tests/unit/net/dns/packets.h"

#include <gtest/gtest.h>

#include "net/dns/name.h"

namespace reconcile {
namespace {

std::string TypeText(uint16_t type) {
  switch (type) {
    case kDnsA:
      return "A";
    case kDnsNs:
      return "NS";
    case kDnsCname:
      return "CNAME";
    case kDnsSoa:
      return "SOA";
    case kDnsPtr:
      return "PTR";
    case kDnsHinfo:
      return "HINFO";
    case kDnsTxt:
      return "TXT";
    case kDnsAaaa:
      return "AAAA";
    case kDnsSrv:
      return "SRV";
    default:
      return "TYPE" + std::to_string(type);
  }
}

std::string DataText(const DnsRecord& record) {
  if (record.type == kDnsA && record.data.size() == 4) {
    return FormatIpv4(static_cast<uint32_t>(DnsWordAt(record.data, 0)) << 16 |
                      DnsWordAt(record.data, 2));
  }
  if (record.type == kDnsSrv) {
    return std::to_string(DnsWordAt(record.data, 0)) + " " +
           std::to_string(DnsWordAt(record.data, 2)) + " " +
           std::to_string(DnsWordAt(record.data, 4)) + " " + FormatDnsName(record.data.substr(6));
  }
  if (record.type == kDnsTxt || record.type == kDnsHinfo) {
    return "\"" + std::string(FirstDnsLabel(record.data)) + "\"";
  }
  if (record.type == kDnsSoa) return std::to_string(DnsWordAt(record.data, record.data.size() - 2));
  return FormatDnsName(record.data);
}

const char* RcodeText(uint16_t rcode) {
  constexpr const char* kNames[] = {"NOERROR",  "FORMERR", "SERVFAIL",
                                    "NXDOMAIN", "NOTIMP",  "REFUSED"};
  return rcode < std::size(kNames) ? kNames[rcode] : "?";
}

std::shared_ptr<const DnsService> Shared(DnsService service) {
  return std::make_shared<const DnsService>(std::move(service));
}

}  // namespace

std::string WireName(const std::string& text) {
  const Result<std::string> name = ParseDnsName(text);
  EXPECT_TRUE(name.ok()) << text;
  return name.ok() ? *name : std::string(1, '\0');
}

uint32_t Address(const std::string& text) {
  const Result<uint32_t> address = ParseIpv4(text);
  EXPECT_TRUE(address.ok()) << text;
  return address.ok() ? *address : 0;
}

DnsQuestion Question(const std::string& name, uint16_t type) {
  return {WireName(name), type, kDnsIn};
}

std::string QueryPacket(const std::string& name, uint16_t type, const QueryOptions& options) {
  std::string packet;
  PutDnsWord(options.id, &packet);
  PutDnsWord(options.flags, &packet);
  for (const int count : {1, 0, 0, options.edns_bytes > 0 ? 1 : 0}) {
    PutDnsWord(static_cast<uint16_t>(count), &packet);
  }
  std::string wire = WireName(name);
  // Parsing made it lower case: the octets of the labels come from the text.
  for (size_t i = 0; i + 2 < wire.size() && i < name.size(); ++i) {
    if (name[i] != '.') wire[i + 1] = name[i];
  }
  packet += wire;
  PutDnsWord(type, &packet);
  PutDnsWord(options.dns_class, &packet);
  if (options.edns_bytes > 0) {
    packet.push_back('\0');
    PutDnsWord(kDnsOpt, &packet);
    PutDnsWord(static_cast<uint16_t>(options.edns_bytes), &packet);
    PutDnsWord(options.edns_version, &packet);
    PutDnsWord(options.dnssec_ok ? 0x8000 : 0, &packet);
    PutDnsWord(0, &packet);
  }
  return packet;
}

DnsQuery ReadQuery(const std::string& packet) {
  DnsQuery query;
  DnsRcode error = DnsRcode::kNoError;
  EXPECT_EQ(ReadDnsQuery(packet, &query, &error), DnsCheck::kGood);
  return query;
}

std::string FormatRecord(const DnsRecord& record) {
  return FormatDnsName(record.name) + " " + std::to_string(record.ttl_s) + " " +
         TypeText(record.type) + " " + DataText(record);
}

std::string FormatReply(const std::string& packet) {
  const std::optional<DnsReply> reply = ReadDnsReply(packet);
  if (!reply) return "no reply";
  std::string text = RcodeText(reply->rcode());
  if ((reply->flags & kDnsAuthoritative) != 0) text += " aa";
  if (reply->truncated()) text += " tc";
  if (reply->has_edns) text += " edns";
  for (const DnsRecordPlace& place : reply->records) {
    const std::optional<DnsRecord> record = TakeRecord(*reply, place);
    const char* marks[] = {" | ", " / ", " + "};
    text += marks[static_cast<size_t>(place.section)];
    text += record ? FormatRecord(*record) : "broken record";
  }
  return text;
}

std::string UpstreamReply(const std::string& query_packet, const ReplyOptions& options) {
  const DnsQuery query = ReadQuery(query_packet);
  DnsWriter writer(query, kMaxDnsMessageBytes);
  for (const DnsRecord& record : options.answers) {
    EXPECT_TRUE(writer.Add(DnsSection::kAnswer, record));
  }
  for (const DnsRecord& record : options.authority) {
    EXPECT_TRUE(writer.Add(DnsSection::kAuthority, record));
  }
  return writer.Finish(options.flags, options.rcode);
}

DnsRecord AddressRecord(const std::string& name, const std::string& address, uint32_t ttl_s) {
  return {WireName(name), kDnsA, ttl_s, Ipv4RecordData(Address(address))};
}

DnsRecord AliasRecord(const std::string& name, const std::string& target, uint32_t ttl_s) {
  return {WireName(name), kDnsCname, ttl_s, WireName(target)};
}

DnsRecord EndRecord(const std::string& zone, uint32_t ttl_s, uint32_t minimum_s) {
  std::string data = WireName("ns." + zone) + WireName("admin." + zone);
  for (const uint32_t value : {7U, 7200U, 1800U, 86400U, minimum_s}) data += Ipv4RecordData(value);
  return {WireName(zone), kDnsSoa, ttl_s, data};
}

std::shared_ptr<const DnsZone> SmallZone() {
  DnsZoneConfig config;
  config.dns_address = Address("10.96.0.10");
  config.reverse_ranges = {*Cidr::Parse("10.96.0.0/16"), *Cidr::Parse("10.42.0.0/16")};
  config.namespaces = {"empty"};
  const std::vector<DnsPort> ports = {{"http", "tcp", 80}, {"dns", "udp", 53}, {"", "tcp", 9}};
  const std::vector<DnsPort> database = {{"sql", "tcp", 5432}};
  DnsZone::Services services = {
      Shared({"default", "frontend", DnsServiceKind::kClusterIp, Address("10.96.0.7"), ports}),
      Shared({"default",
              "db",
              DnsServiceKind::kHeadless,
              0,
              {},
              "",
              {{Address("10.42.1.5"), "db-0", database}, {Address("10.42.2.6"), "", database}}}),
      Shared({"default", "nobody", DnsServiceKind::kHeadless}),
      Shared({"shop", "frontend", DnsServiceKind::kClusterIp, Address("10.96.0.8"), {}}),
      Shared({"shop", "pay", DnsServiceKind::kExternalName, 0, {}, "api.pay.example"}),
      Shared({"shop",
              "front",
              DnsServiceKind::kExternalName,
              0,
              {},
              "frontend.default.svc.cluster.local"}),
      Shared({"shop",
              "gone",
              DnsServiceKind::kExternalName,
              0,
              {},
              "absent.default.svc.cluster.local"}),
      Shared({"shop",
              "circle",
              DnsServiceKind::kExternalName,
              0,
              {},
              "circle.shop.svc.cluster.local"}),
  };
  return DnsZone::Make(config, services).value();
}

}  // namespace reconcile
