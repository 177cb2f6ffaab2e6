#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "net/dns/forwarder.h"
#include "net/dns/zone.h"

namespace reconcile {

struct DnsServerOptions {
  std::string address;  // IPv4; the only one that is listened on, by UDP and TCP
  uint16_t port = 53;
  std::string network_namespace_path;  // "": that of whoever makes the server
  DnsForwarderLimits forwarder;
  DnsCacheLimits cache;
  size_t max_connections = 128;  // of TCP; the one idle longest goes for a new one
  int64_t idle_connection_ms = 10'000;
};

// Since the start.
struct DnsStatistics {
  uint64_t queries = 0;
  uint64_t tcp_queries = 0;
  uint64_t ignored = 0;                  // no queries at all
  std::array<uint64_t, 6> answers = {};  // by rcode, NOERROR to REFUSED
  uint64_t other_answers = 0;
  uint64_t cache_hits = 0;
  uint64_t forwarded = 0;
  uint64_t refused_forwards = 0;   // too much under way, or no upstream
  uint64_t upstream_failures = 0;  // attempts that brought no answer
};

// The DNS server of a host, on a thread of its own: answers from the zone, and asks upstreams for
// the rest. Until it has a zone it answers SERVFAIL. When it cannot listen it tries again, with
// growing pauses. Any thread may call; the destructor ends thread and sockets.
class DnsServer {
 public:
  explicit DnsServer(const DnsServerOptions& options);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // Holds for every query that comes after this call returned.
  void SetZone(std::shared_ptr<const DnsZone> zone);
  void SetForwarding(std::shared_ptr<const DnsForwarding> forwarding);

  // "" while it listens by UDP and TCP, else why not.
  std::string problem() const;
  // The same, once it listens, or after so long. Blocks.
  std::string ProblemAfter(int64_t patience_ms) const;
  DnsStatistics statistics() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
