#pragma once

#include <string>
#include <vector>

#include "net/dns/reply.h"
#include "net/dns/zone.h"

namespace reconcile {

// Names in text, as tests write them; the test fails when it is none.
std::string WireName(const std::string& text);
uint32_t Address(const std::string& text);
DnsQuestion Question(const std::string& name, uint16_t type = kDnsA);

struct QueryOptions {
  uint16_t id = 0x1234;
  uint16_t flags = kDnsRecursionDesired;
  uint16_t dns_class = kDnsIn;
  int edns_bytes = 0;  // 0: no OPT record
  uint8_t edns_version = 0;
  bool dnssec_ok = false;
};
// The packet of a query; the name keeps its case.
std::string QueryPacket(const std::string& name, uint16_t type, const QueryOptions& options = {});
// As the server reads it.
DnsQuery ReadQuery(const std::string& packet);

// A packet as text: "NOERROR aa tc | question | answers | authority | additional", a record as
// "frontend.default. 30 A 10.96.0.7".
std::string FormatReply(const std::string& packet);
std::string FormatRecord(const DnsRecord& record);

// An upstream's reply to this query. `records` of the sections, in order.
struct ReplyOptions {
  uint16_t flags = 0;
  DnsRcode rcode = DnsRcode::kNoError;
  std::vector<DnsRecord> answers;
  std::vector<DnsRecord> authority;
};
std::string UpstreamReply(const std::string& query_packet, const ReplyOptions& options = {});
DnsRecord AddressRecord(const std::string& name, const std::string& address, uint32_t ttl_s = 300);
DnsRecord AliasRecord(const std::string& name, const std::string& target, uint32_t ttl_s = 300);
DnsRecord EndRecord(const std::string& zone, uint32_t ttl_s, uint32_t minimum_s);  // SOA

// A zone of a few services of each kind: see packets.cc.
std::shared_ptr<const DnsZone> SmallZone();

}  // namespace reconcile
