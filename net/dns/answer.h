#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "net/dns/reply.h"
#include "net/dns/zone.h"

namespace reconcile {

// How a query is answered from the zone, and with what upstreams say. PURE.

// ExternalName services may lead to each other: as many are followed for one answer.
inline constexpr size_t kMaxAliases = 8;
inline constexpr size_t kMaxChasedRecords = 64;

struct ZoneStep {
  bool done = false;
  std::string packet;                  // when done
  DnsQuestion upstream;                // else: what upstreams are to be asked
  std::vector<DnsRecord> alias_chain;  // CNAMEs that lead there; empty: it is the query's own
};
// `limit` is of the reply's octets. Addresses and targets come in random order (SEMANTICS 15.9).
ZoneStep AnswerFromZone(const DnsZone& zone, const DnsQuery& query, size_t limit, Random* random);

// The reply to a query whose aliases led to what an upstream answered.
std::string AnswerWithChain(const DnsQuery& query, const std::vector<DnsRecord>& alias_chain,
                            const DnsReply& reply, uint32_t age_s, uint32_t max_ttl_s,
                            size_t limit);

}  // namespace reconcile
