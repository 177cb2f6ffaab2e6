#include "net/dns/reply.h"

#include <algorithm>

#include "net/dns/name.h"

namespace reconcile {
namespace {

constexpr uint16_t kAuthenticData = 0x0020;

// Where the data of a type has names, which may be compressed: all types of RFC 1035 and some that
// are older than RFC 3597.
struct NamesInData {
  size_t before = 0;  // octets before the names
  int count = 0;
  size_t behind = 0;     // octets behind them, exactly, when there are names
  bool unknown = false;  // such types nobody uses any more
};
NamesInData NamesOf(uint16_t type) {
  switch (type) {
    case kDnsNs:
    case kDnsCname:
    case kDnsPtr:
    case 39:  // DNAME
      return {0, 1};
    case 15:  // MX
    case 18:  // AFSDB
    case 21:  // RT
    case 36:  // KX
      return {2, 1};
    case kDnsSrv:
      return {6, 1};
    case kDnsSoa:
      return {0, 2, 20};
    case 3:
    case 4:
    case 7:
    case 8:
    case 9:
    case 14:
    case 17:
    case 24:
    case 26:
    case 30:
    case 35:
      return {.unknown = true};
    default:
      return {};
  }
}

// Reads as many records as the header counts; false when one is broken.
bool ReadRecords(size_t at, DnsReply* reply) {
  for (size_t section = 0; section < 3; ++section) {
    const int count = DnsWordAt(reply->packet, 6 + 2 * section);
    for (int i = 0; i < count; ++i) {
      std::optional<DnsRecordPlace> place = ReadDnsRecord(reply->packet, at);
      // Whoever cuts a packet may leave its counts as they were.
      if (!place) return reply->truncated();
      at = place->end;
      if (place->type == kDnsOpt) {
        // RFC 6891 6.1.1: anywhere among the additional records, as a rule the last; what is after
        // it may be left out as all of that section may.
        reply->has_edns = true;
        reply->packet.resize(place->begin);
        return section == 2;
      }
      place->section = static_cast<DnsSection>(section);
      reply->records.push_back(*place);
    }
  }
  reply->packet.resize(at);
  return true;
}

}  // namespace

std::optional<DnsReply> ReadDnsReply(std::string packet) {
  if (packet.size() < kDnsHeaderBytes || packet.size() > kMaxDnsMessageBytes) return std::nullopt;
  DnsReply reply;
  reply.id = DnsWordAt(packet, 0);
  reply.flags = DnsWordAt(packet, 2);
  const bool is_reply = (reply.flags & (kDnsResponse | kDnsOpcodeMask)) == kDnsResponse;
  if (!is_reply || DnsWordAt(packet, 4) != 1) return std::nullopt;
  const std::optional<size_t> end = ReadDnsName(packet, kDnsHeaderBytes, &reply.question.name);
  if (!end || *end + 4 > packet.size()) return std::nullopt;
  // Replies repeat the question as it was asked: without compression.
  if (*end != kDnsHeaderBytes + reply.question.name.size()) return std::nullopt;
  reply.question.type = DnsWordAt(packet, *end);
  reply.question.dns_class = DnsWordAt(packet, *end + 2);
  reply.packet = std::move(packet);
  if (!ReadRecords(*end + 4, &reply)) return std::nullopt;
  return reply;
}

std::optional<DnsRecord> TakeRecord(const DnsReply& reply, const DnsRecordPlace& place) {
  DnsRecord record;
  record.type = place.type;
  record.ttl_s = place.ttl_s;
  const std::string_view packet = reply.packet;
  if (place.dns_class != kDnsIn || !ReadDnsName(packet, place.begin, &record.name)) {
    return std::nullopt;
  }
  const NamesInData names = NamesOf(place.type);
  if (names.unknown || place.data_at() + names.before > place.end) return std::nullopt;
  size_t at = place.data_at() + names.before;
  record.data = packet.substr(place.data_at(), names.before);
  for (int i = 0; i < names.count; ++i) {
    std::string name;
    const std::optional<size_t> end = ReadDnsName(packet, at, &name);
    if (!end || *end > place.end) return std::nullopt;
    record.data += name;
    at = *end;
  }
  if (names.count > 0 && place.end - at != names.behind) return std::nullopt;
  record.data += packet.substr(at, place.end - at);
  return record;
}

std::string UpstreamQuestion::Key() const {
  std::string key = question.name;
  PutDnsWord(question.type, &key);
  PutDnsWord(question.dns_class, &key);
  key.push_back(static_cast<char>((recursion_desired ? 1 : 0) | (checking_disabled ? 2 : 0) |
                                  (dnssec_ok ? 4 : 0)));
  return key;
}

std::string WriteUpstreamQuery(const UpstreamQuestion& question, uint16_t id, bool with_edns) {
  std::string packet;
  PutDnsWord(id, &packet);
  PutDnsWord(static_cast<uint16_t>((question.recursion_desired ? kDnsRecursionDesired : 0) |
                                   (question.checking_disabled ? kDnsCheckingDisabled : 0)),
             &packet);
  PutDnsWord(1, &packet);
  PutDnsWord(0, &packet);
  PutDnsWord(0, &packet);
  PutDnsWord(with_edns ? 1 : 0, &packet);
  packet.append(question.question.name);
  PutDnsWord(question.question.type, &packet);
  PutDnsWord(question.question.dns_class, &packet);
  if (with_edns) PutDnsOpt(DnsRcode::kNoError, question.dnssec_ok, &packet);
  return packet;
}

std::string RenderReply(const DnsReply& reply, const DnsQuery& query, uint32_t age_s,
                        uint32_t max_ttl_s, size_t limit) {
  if (query.has_edns) limit -= kDnsOptBytes;
  size_t end = kDnsHeaderBytes + query.question_bytes.size();
  std::array<uint16_t, 3> counts = {};
  bool cut = reply.truncated();
  for (const DnsRecordPlace& place : reply.records) {
    if (place.end > limit) {
      // Additional records are only helpful.
      if (place.section != DnsSection::kAdditional) cut = true;
      break;
    }
    end = place.end;
    ++counts[static_cast<size_t>(place.section)];
  }
  std::string packet = reply.packet.substr(0, end);
  packet.replace(kDnsHeaderBytes, query.question_bytes.size(), query.question_bytes);
  for (const DnsRecordPlace& place : reply.records) {
    if (place.end > end) break;
    const uint32_t ttl_s = std::min(place.ttl_s, max_ttl_s);
    const uint32_t left_s = ttl_s > age_s ? ttl_s - age_s : 0;
    SetDnsWord(static_cast<uint16_t>(left_s >> 16), place.ttl_at, &packet);
    SetDnsWord(static_cast<uint16_t>(left_s), place.ttl_at + 2, &packet);
  }
  // Not AA: it is not the zone's own server that answers.
  const uint16_t kept = reply.flags & (kAuthenticData | kDnsRcodeMask);
  const uint16_t asked = query.flags & (kDnsRecursionDesired | kDnsCheckingDisabled);
  SetDnsWord(query.id, 0, &packet);
  SetDnsWord(static_cast<uint16_t>(kept | asked | kDnsResponse | kDnsRecursionAvailable |
                                   (cut ? kDnsTruncated : 0)),
             2, &packet);
  for (size_t i = 0; i < counts.size(); ++i) SetDnsWord(counts[i], 6 + 2 * i, &packet);
  if (query.has_edns) {
    SetDnsWord(static_cast<uint16_t>(counts[2] + 1), 10, &packet);
    PutDnsOpt(DnsRcode::kNoError, query.dnssec_ok, &packet);
  }
  return packet;
}

}  // namespace reconcile
