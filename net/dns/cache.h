#pragma once

#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/time.h"
#include "net/dns/reply.h"

namespace reconcile {

struct DnsCacheLimits {
  uint32_t max_ttl_s = 30;  // kubeadm's `cache 30`
  size_t max_entries = 4096;
  size_t max_bytes = 4 << 20;  // of packets and their keys; others are put out of it
};

// Replies of upstreams, positive and negative, for as long as their TTLs allow (RFC 2308 for those
// that say that there is nothing), at most the limit. The one used longest ago goes first. PURE;
// thread-compatible.
class DnsCache {
 public:
  explicit DnsCache(const DnsCacheLimits& limits) : limits_(limits) {}

  struct Entry {
    std::shared_ptr<const DnsReply> reply;
    MonoTime stored;
    MonoTime ends;
  };
  // nullptr when it has none that is young enough. Valid until the next call.
  const Entry* Find(const std::string& key, MonoTime now);
  // Keeps nothing that must not be kept.
  void Put(const std::string& key, std::shared_ptr<const DnsReply> reply, MonoTime now);
  void Clear();
  size_t size() const { return entries_.size(); }
  size_t bytes() const { return bytes_; }
  uint32_t max_ttl_s() const { return limits_.max_ttl_s; }

 private:
  struct Kept {
    std::string key;
    Entry entry;
  };
  using Order = std::list<Kept>;  // used last: first

  static size_t BytesOf(const Kept& kept);
  void Drop(Order::iterator kept);

  DnsCacheLimits limits_;
  Order order_;
  std::unordered_map<std::string_view, Order::iterator> entries_;  // keys are those of order_
  size_t bytes_ = 0;
};

// How long a reply may be kept; 0: not at all.
uint32_t CacheTtlS(const DnsReply& reply);

}  // namespace reconcile
