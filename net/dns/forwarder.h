#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "net/dns/cache.h"

namespace reconcile {

struct DnsUpstream {
  std::string address;  // IPv4 or IPv6
  uint16_t port = 53;
  friend bool operator==(const DnsUpstream&, const DnsUpstream&) = default;
};
// Invalid when the address is none.
Status CheckDnsUpstream(const DnsUpstream& upstream);
struct StubDomain {
  std::string domain;
  std::vector<DnsUpstream> upstreams;
  friend bool operator==(const StubDomain&, const StubDomain&) = default;
};

// Whom to ask for what is not the cluster's: immutable, any thread.
class DnsForwarding {
 public:
  // Invalid when a domain is no name or an address is none.
  static Result<std::shared_ptr<const DnsForwarding>> Make(
      std::vector<DnsUpstream> upstreams, const std::vector<StubDomain>& stub_domains);
  // Of the longest stub domain that `name` (wire form) is in, else those of all other names.
  const std::vector<DnsUpstream>& UpstreamsFor(std::string_view name) const;
  friend bool operator==(const DnsForwarding&, const DnsForwarding&) = default;

 private:
  DnsForwarding() = default;
  std::vector<DnsUpstream> upstreams_;
  std::vector<std::pair<std::string, std::vector<DnsUpstream>>> stub_domains_;  // longest first
};

struct DnsForwarderLimits {
  size_t max_flights = 512;    // questions that are asked of upstreams at one time
  size_t max_waiting = 4'096;  // clients that wait for them
  // The first two attempts; the last has what is left. Stub resolvers give up after 5 s.
  int64_t attempt_ms = 1'000;
  int64_t total_ms = 4'500;
  // An upstream that did not answer is asked after the others for so long.
  int64_t distrust_ms = 5'000;
};
inline constexpr size_t kMinDnsAttempts = 3;
inline constexpr size_t kMaxDnsAttempts = 6;

// One packet for one upstream, from a socket of its own with a random port, connected: so nothing
// that comes from elsewhere is its reply.
struct UpstreamCall {
  uint64_t id = 0;
  DnsUpstream upstream;
  bool tcp = false;
  std::string packet;
};

// Asks upstreams: retries, fails over, goes to TCP when a reply was truncated, and asks a question
// that several clients have only once. PURE: what it wants done is taken from it after each call,
// what happened is told to it. Thread-compatible.
class DnsForwarder {
 public:
  // `random` makes the ids that forgers must guess; it must outlive this.
  DnsForwarder(const DnsForwarderLimits& limits, const DnsCacheLimits& cache, Random* random)
      : limits_(limits), cache_(cache), random_(random) {}

  // When they are others than before, what was said is forgotten. Questions under way go on.
  void SetForwarding(std::shared_ptr<const DnsForwarding> forwarding);

  struct Kept {
    std::shared_ptr<const DnsReply> reply;
    uint32_t age_s = 0;
  };
  std::optional<Kept> FromCache(const UpstreamQuestion& question, MonoTime now);
  // `ticket` will be among those of one Finished. False when too much is under way or nobody can be
  // asked.
  [[nodiscard]] bool Ask(const UpstreamQuestion& question, uint64_t ticket, MonoTime now);

  void OnPacket(uint64_t call, std::string packet, MonoTime now);
  void OnFailure(uint64_t call, MonoTime now);  // refused, closed
  void OnTime(MonoTime now);
  // When OnTime wants to be called next; nullopt: not at all.
  std::optional<MonoTime> NextDue() const;

  struct Finished {
    std::vector<uint64_t> tickets;
    std::shared_ptr<const DnsReply> reply;  // nullptr: no upstream answered
  };
  struct Actions {
    std::vector<uint64_t> end;  // calls whose sockets are to be closed; first
    std::vector<UpstreamCall> begin;
    std::vector<Finished> finished;
  };
  Actions TakeActions() { return std::exchange(actions_, {}); }

  uint32_t max_ttl_s() const { return cache_.max_ttl_s(); }
  size_t flights() const { return flights_.size(); }
  size_t waiting() const { return waiting_; }
  uint64_t failures() const { return failures_; }  // of attempts

 private:
  struct Flight {
    UpstreamQuestion question;
    std::string key;
    std::vector<DnsUpstream> upstreams;  // in the order of asking
    size_t attempts = 0;
    uint64_t call = 0;
    uint16_t packet_id = 0;
    bool edns = true;
    bool tcp = false;
    MonoTime attempt_ends;
    MonoTime ends;
    std::vector<uint64_t> tickets;
    std::shared_ptr<const DnsReply> last_resort;  // a failure that an upstream told, a part
    const DnsUpstream& asked() const { return upstreams[(attempts - 1) % upstreams.size()]; }
    size_t max_attempts() const;
  };
  using Flights = std::unordered_map<uint64_t, Flight>;  // by call

  std::vector<DnsUpstream> InOrderOfTrust(const std::vector<DnsUpstream>& upstreams, MonoTime now);
  void StartAttempt(Flight flight, MonoTime now);
  void StartCall(Flight flight, MonoTime ends);
  Flight EndCall(Flights::iterator flight);
  void Retry(Flight flight, MonoTime now);
  void Finish(Flight flight, std::shared_ptr<const DnsReply> reply);
  void OnReply(Flights::iterator found, DnsReply reply, MonoTime now);
  void Distrust(const DnsUpstream& upstream, MonoTime now);

  DnsForwarderLimits limits_;
  DnsCache cache_;
  Random* random_;
  std::shared_ptr<const DnsForwarding> forwarding_;
  Flights flights_;
  std::unordered_map<std::string, uint64_t> calls_;  // of flights, by their questions' keys
  std::set<std::pair<MonoTime, uint64_t>> due_;      // ends of attempts
  std::map<std::pair<std::string, uint16_t>, MonoTime> distrusted_;  // until when
  uint64_t next_call_ = 1;
  size_t waiting_ = 0;
  uint64_t failures_ = 0;
  Actions actions_;
};

}  // namespace reconcile
