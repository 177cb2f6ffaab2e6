#include "net/dns/cache.h"

#include <algorithm>
#include <limits>

namespace reconcile {
namespace {

// The list and the map besides the packet, about.
constexpr size_t kEntryBytes = 300;

}  // namespace

uint32_t CacheTtlS(const DnsReply& reply) {
  const auto rcode = static_cast<DnsRcode>(reply.rcode());
  const bool kept = rcode == DnsRcode::kNoError || rcode == DnsRcode::kNxDomain;
  if (!kept || reply.truncated()) return 0;
  uint32_t ttl_s = std::numeric_limits<uint32_t>::max();
  bool answers = false;
  bool has_end = false;  // how long a negative answer holds is in the SOA record
  for (const DnsRecordPlace& place : reply.records) {
    ttl_s = std::min(ttl_s, place.ttl_s);
    if (place.section == DnsSection::kAnswer) {
      answers |= place.type == reply.question.type || reply.question.type == kDnsAny;
    } else if (place.section == DnsSection::kAuthority && place.type == kDnsSoa) {
      if (place.end - place.data_at() < 4) return 0;
      has_end = true;
      const uint32_t minimum_s = static_cast<uint32_t>(DnsWordAt(reply.packet, place.end - 4))
                                     << 16 |
                                 DnsWordAt(reply.packet, place.end - 2);
      ttl_s = std::min(ttl_s, minimum_s);
    }
  }
  const bool positive = rcode == DnsRcode::kNoError && answers;
  return positive || has_end ? ttl_s : 0;
}

size_t DnsCache::BytesOf(const Kept& kept) {
  return kEntryBytes + kept.key.size() + kept.entry.reply->packet.size() +
         kept.entry.reply->records.size() * sizeof(DnsRecordPlace);
}

void DnsCache::Drop(Order::iterator kept) {
  bytes_ -= BytesOf(*kept);
  entries_.erase(kept->key);
  order_.erase(kept);
}

const DnsCache::Entry* DnsCache::Find(const std::string& key, MonoTime now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  if (found->second->entry.ends <= now) {
    Drop(found->second);
    return nullptr;
  }
  order_.splice(order_.begin(), order_, found->second);
  return &found->second->entry;
}

void DnsCache::Put(const std::string& key, std::shared_ptr<const DnsReply> reply, MonoTime now) {
  if (const auto found = entries_.find(key); found != entries_.end()) Drop(found->second);
  const uint32_t ttl_s = std::min(CacheTtlS(*reply), limits_.max_ttl_s);
  if (ttl_s == 0) return;
  order_.push_front({key, {std::move(reply), now, now + int64_t{ttl_s} * 1000}});
  entries_[order_.front().key] = order_.begin();
  bytes_ += BytesOf(order_.front());
  while (!order_.empty() && (bytes_ > limits_.max_bytes || order_.size() > limits_.max_entries)) {
    Drop(std::prev(order_.end()));
  }
}

void DnsCache::Clear() {
  entries_.clear();
  order_.clear();
  bytes_ = 0;
}

}  // namespace reconcile
