#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/dns/message.h"

namespace reconcile {

// What is asked of upstreams, and their replies. PURE.

// A reply of an upstream: the packet as received, up to its OPT (which the header counts still),
// and where its records are.
struct DnsReply {
  std::string packet;
  uint16_t id = 0;
  uint16_t flags = 0;
  DnsQuestion question;
  std::vector<DnsRecordPlace> records;  // without the OPT
  bool has_edns = false;
  uint16_t rcode() const { return flags & kDnsRcodeMask; }
  bool truncated() const { return (flags & kDnsTruncated) != 0; }
};
// nullopt when it is no whole, well-formed reply to one question. A truncated one may end anywhere
// behind its question.
std::optional<DnsReply> ReadDnsReply(std::string packet);
// A record by itself; nullopt when it is broken or of a type whose data cannot be taken along.
std::optional<DnsRecord> TakeRecord(const DnsReply& reply, const DnsRecordPlace& place);

// What is asked of an upstream.
struct UpstreamQuestion {
  DnsQuestion question;
  bool recursion_desired = true;
  bool checking_disabled = false;
  bool dnssec_ok = false;
  // All of it, for maps.
  std::string Key() const;
};
std::string WriteUpstreamQuery(const UpstreamQuestion& question, uint16_t id, bool with_edns);
// An upstream's reply as the reply to this query, with at most `limit` octets: id, question and OPT
// are the query's, `age_s` is taken off the TTLs, which are at most `max_ttl_s`.
std::string RenderReply(const DnsReply& reply, const DnsQuery& query, uint32_t age_s,
                        uint32_t max_ttl_s, size_t limit);

}  // namespace reconcile
