#include "net/dns/message.h"

#include <algorithm>

#include "net/dns/name.h"

namespace reconcile {
namespace {

constexpr uint8_t kPointer = 0xc0;
constexpr size_t kMaxPointerOffset = 0x3fff;
constexpr uint16_t kDnssecOk = 0x8000;  // of an OPT's TTL field, lower half

uint8_t OctetAt(std::string_view packet, size_t offset) {
  return static_cast<uint8_t>(packet[offset]);
}

void PutLong(uint32_t value, std::string* packet) {
  PutDnsWord(static_cast<uint16_t>(value >> 16), packet);
  PutDnsWord(static_cast<uint16_t>(value), packet);
}

// The question at the head of a query; its name is not compressed, as nothing is before it.
bool ReadQuestion(std::string_view packet, DnsQuery* query) {
  size_t at = kDnsHeaderBytes;
  while (at < packet.size() && packet[at] != '\0') {
    if (OctetAt(packet, at) > kMaxDnsLabelBytes) return false;
    at += 1U + OctetAt(packet, at);
    if (at - kDnsHeaderBytes >= kMaxDnsNameBytes) return false;
  }
  if (at + 5 > packet.size()) return false;
  query->question.name = packet.substr(kDnsHeaderBytes, at + 1 - kDnsHeaderBytes);
  MakeDnsLower(&query->question.name);
  query->question.type = DnsWordAt(packet, at + 1);
  query->question.dns_class = DnsWordAt(packet, at + 3);
  query->question_bytes = packet.substr(kDnsHeaderBytes, at + 5 - kDnsHeaderBytes);
  return true;
}

// The OPT among a query's additional records.
DnsCheck ReadExtras(std::string_view packet, int count, DnsQuery* query, DnsRcode* error) {
  *error = DnsRcode::kFormErr;
  if (count > kMaxQueryExtras) return DnsCheck::kAnswer;
  size_t at = kDnsHeaderBytes + query->question_bytes.size();
  for (int i = 0; i < count; ++i) {
    const std::optional<DnsRecordPlace> place = ReadDnsRecord(packet, at);
    if (!place) return DnsCheck::kAnswer;
    at = place->end;
    if (place->type != kDnsOpt) continue;
    if (query->has_edns || packet[place->begin] != '\0') return DnsCheck::kAnswer;
    query->has_edns = true;
    // RFC 6891 6.2.3: less than 512 means 512.
    query->udp_bytes = std::max(place->dns_class, static_cast<uint16_t>(kPlainDnsUdpBytes));
    query->dnssec_ok = (DnsWordAt(packet, place->ttl_at + 2) & kDnssecOk) != 0;
    if (OctetAt(packet, place->ttl_at + 1) > 0) {
      *error = DnsRcode::kBadVers;
      return DnsCheck::kAnswer;
    }
  }
  return DnsCheck::kGood;
}

}  // namespace

void PutDnsWord(uint16_t value, std::string* packet) {
  packet->push_back(static_cast<char>(value >> 8));
  packet->push_back(static_cast<char>(value & 255));
}

void SetDnsWord(uint16_t value, size_t offset, std::string* packet) {
  (*packet)[offset] = static_cast<char>(value >> 8);
  (*packet)[offset + 1] = static_cast<char>(value & 255);
}

std::optional<size_t> ReadDnsName(std::string_view packet, size_t offset, std::string* name) {
  std::optional<size_t> end;
  size_t limit = packet.size();  // what a pointer may lead to is below
  size_t name_bytes = 0;
  if (name != nullptr) name->clear();
  while (offset < packet.size()) {
    const uint8_t octet = OctetAt(packet, offset);
    if (octet >= kPointer) {
      if (offset + 2 > packet.size()) return std::nullopt;
      if (!end) end = offset + 2;
      const size_t target = DnsWordAt(packet, offset) & kMaxPointerOffset;
      limit = std::min(limit, offset);
      if (target >= limit || target < kDnsHeaderBytes) return std::nullopt;
      limit = target;
      offset = target;
      continue;
    }
    name_bytes += 1U + octet;
    if (octet > kMaxDnsLabelBytes || name_bytes > kMaxDnsNameBytes) return std::nullopt;
    if (offset + 1 + octet > packet.size()) return std::nullopt;
    if (name != nullptr) name->append(packet.substr(offset, 1U + octet));
    offset += 1U + octet;
    if (octet > 0) continue;
    if (name != nullptr) MakeDnsLower(name);
    return end ? end : offset;
  }
  return std::nullopt;
}

std::optional<DnsRecordPlace> ReadDnsRecord(std::string_view packet, size_t offset) {
  const std::optional<size_t> name_end = ReadDnsName(packet, offset, nullptr);
  if (!name_end || *name_end + 10 > packet.size()) return std::nullopt;
  DnsRecordPlace place;
  place.begin = offset;
  place.type = DnsWordAt(packet, *name_end);
  place.dns_class = DnsWordAt(packet, *name_end + 2);
  place.ttl_at = *name_end + 4;
  place.ttl_s = static_cast<uint32_t>(DnsWordAt(packet, place.ttl_at)) << 16 |
                DnsWordAt(packet, place.ttl_at + 2);
  if (place.ttl_s >> 31 != 0) place.ttl_s = 0;
  place.end = place.data_at() + DnsWordAt(packet, place.ttl_at + 4);
  if (place.end > packet.size()) return std::nullopt;
  return place;
}

void PutDnsOpt(DnsRcode rcode, bool dnssec_ok, std::string* packet) {
  packet->push_back('\0');
  PutDnsWord(kDnsOpt, packet);
  PutDnsWord(kDnsUdpBytes, packet);
  packet->push_back(static_cast<char>(static_cast<uint16_t>(rcode) >> 4));
  packet->push_back('\0');  // version
  PutDnsWord(dnssec_ok ? kDnssecOk : uint16_t{0}, packet);
  PutDnsWord(0, packet);
}

DnsCheck ReadDnsQuery(std::string_view packet, DnsQuery* query, DnsRcode* error) {
  if (packet.size() < kDnsHeaderBytes) return DnsCheck::kIgnore;
  *query = DnsQuery();
  query->id = DnsWordAt(packet, 0);
  query->flags = DnsWordAt(packet, 2);
  if ((query->flags & kDnsResponse) != 0) return DnsCheck::kIgnore;
  if ((query->flags & kDnsOpcodeMask) != 0) {
    *error = DnsRcode::kNotImp;
    return DnsCheck::kAnswer;
  }
  *error = DnsRcode::kFormErr;
  const bool one_question =
      DnsWordAt(packet, 4) == 1 && DnsWordAt(packet, 6) == 0 && DnsWordAt(packet, 8) == 0;
  if (!one_question || !ReadQuestion(packet, query)) return DnsCheck::kAnswer;
  const DnsCheck extras = ReadExtras(packet, DnsWordAt(packet, 10), query, error);
  if (extras != DnsCheck::kGood) return extras;
  const DnsQuestion& question = query->question;
  // Zone transfers and keys are not for clients, and no class but IN is served (RFC 6895 3).
  const bool meta = question.type >= kDnsTkey && question.type <= kDnsAxfr;
  if (meta || question.dns_class != kDnsIn) {
    *error = DnsRcode::kRefused;
    return DnsCheck::kAnswer;
  }
  *error = DnsRcode::kFormErr;
  return question.type == kDnsOpt ? DnsCheck::kAnswer : DnsCheck::kGood;
}

std::string Ipv4RecordData(uint32_t address) {
  std::string data;
  PutLong(address, &data);
  return data;
}

size_t UdpLimit(const DnsQuery& query) { return std::min(query.udp_bytes, kDnsUdpBytes); }

DnsWriter::DnsWriter(const DnsQuery& query, size_t limit)
    : query_(query), limit_(limit - (query.has_edns ? kDnsOptBytes : 0)) {
  packet_.reserve(kPlainDnsUdpBytes);
  packet_.assign(kDnsHeaderBytes, '\0');
  packet_.append(query.question_bytes);
  if (query.question_bytes.empty()) return;
  size_t offset = kDnsHeaderBytes;
  for (std::string_view name = query.question.name; name.size() > 1;) {
    Remember(name, offset);
    offset += 1 + FirstDnsLabel(name).size();
    name = WithoutFirstDnsLabel(name);
  }
}

void DnsWriter::Remember(std::string_view name, size_t offset) {
  if (remembered_ == kMaxRemembered || offset > kMaxPointerOffset) return;
  suffixes_[remembered_++] = {name, static_cast<uint16_t>(offset)};
}

void DnsWriter::PutName(std::string_view name) {
  const size_t remembered = remembered_;
  while (name.size() > 1) {
    for (size_t i = 0; i < remembered; ++i) {
      if (suffixes_[i].name != name) continue;
      PutDnsWord(static_cast<uint16_t>(kPointer << 8 | suffixes_[i].offset), &packet_);
      return;
    }
    Remember(name, packet_.size());
    packet_.append(name.substr(0, 1 + FirstDnsLabel(name).size()));
    name = WithoutFirstDnsLabel(name);
  }
  packet_.push_back('\0');
}

bool DnsWriter::Add(DnsSection section, const DnsRecord& record) {
  const size_t before = packet_.size();
  const size_t remembered_before = remembered_;
  PutName(record.name);
  PutDnsWord(record.type, &packet_);
  PutDnsWord(kDnsIn, &packet_);
  PutLong(record.ttl_s, &packet_);
  const size_t size_at = packet_.size();
  PutDnsWord(0, &packet_);
  // Not in other types: RFC 3597 4, and RFC 2782 for SRV.
  const bool compressed =
      record.type == kDnsCname || record.type == kDnsPtr || record.type == kDnsNs;
  if (compressed) {
    PutName(record.data);
  } else {
    packet_.append(record.data);
  }
  if (packet_.size() > limit_) {
    packet_.resize(before);
    remembered_ = remembered_before;
    return false;
  }
  SetDnsWord(static_cast<uint16_t>(packet_.size() - size_at - 2), size_at, &packet_);
  ++counts_[static_cast<size_t>(section)];
  return true;
}

std::string DnsWriter::Finish(uint16_t flags, DnsRcode rcode) {
  const uint16_t kept =
      query_.flags & (kDnsOpcodeMask | kDnsRecursionDesired | kDnsCheckingDisabled);
  flags = static_cast<uint16_t>(flags | kDnsResponse | kDnsRecursionAvailable | kept |
                                (static_cast<uint16_t>(rcode) & kDnsRcodeMask));
  SetDnsWord(query_.id, 0, &packet_);
  SetDnsWord(flags, 2, &packet_);
  SetDnsWord(query_.question_bytes.empty() ? 0 : 1, 4, &packet_);
  for (size_t i = 0; i < counts_.size(); ++i) SetDnsWord(counts_[i], 6 + 2 * i, &packet_);
  if (query_.has_edns) {
    SetDnsWord(static_cast<uint16_t>(counts_[2] + 1), 10, &packet_);
    PutDnsOpt(rcode, query_.dnssec_ok, &packet_);
  }
  return std::move(packet_);
}

std::string ErrorReply(const DnsQuery& query, DnsRcode rcode) {
  return DnsWriter(query, kPlainDnsUdpBytes).Finish(0, rcode);
}

}  // namespace reconcile
