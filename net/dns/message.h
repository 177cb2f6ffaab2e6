#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// DNS messages (RFC 1035, EDNS0 of RFC 6891): strictly bounded reading, and writing with name
// compression. The only code that looks at packets' octets; fuzzed (tests/fuzz/fuzz_dns.cc). PURE.

// Types and classes are open sets; these are the ones that mean something here.
inline constexpr uint16_t kDnsA = 1;
inline constexpr uint16_t kDnsNs = 2;
inline constexpr uint16_t kDnsCname = 5;
inline constexpr uint16_t kDnsSoa = 6;
inline constexpr uint16_t kDnsPtr = 12;
inline constexpr uint16_t kDnsHinfo = 13;
inline constexpr uint16_t kDnsTxt = 16;
inline constexpr uint16_t kDnsAaaa = 28;
inline constexpr uint16_t kDnsSrv = 33;
inline constexpr uint16_t kDnsOpt = 41;
inline constexpr uint16_t kDnsTkey = 249;  // with TSIG, IXFR and AXFR: up to 252
inline constexpr uint16_t kDnsAxfr = 252;
inline constexpr uint16_t kDnsAny = 255;
inline constexpr uint16_t kDnsIn = 1;

enum class DnsRcode : uint16_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16,  // RFC 6891 6.1.3; its upper part is in the OPT record
};

// Bits of the header's second word.
inline constexpr uint16_t kDnsResponse = 0x8000;
inline constexpr uint16_t kDnsOpcodeMask = 0x7800;
inline constexpr uint16_t kDnsAuthoritative = 0x0400;
inline constexpr uint16_t kDnsTruncated = 0x0200;
inline constexpr uint16_t kDnsRecursionDesired = 0x0100;
inline constexpr uint16_t kDnsRecursionAvailable = 0x0080;
inline constexpr uint16_t kDnsCheckingDisabled = 0x0010;
inline constexpr uint16_t kDnsRcodeMask = 0x000f;

inline constexpr size_t kDnsHeaderBytes = 12;
inline constexpr size_t kDnsOptBytes = 11;        // of an OPT record without options
inline constexpr size_t kPlainDnsUdpBytes = 512;  // without EDNS0
// What we say that we take, and the most that we send, by UDP: no fragments on any usual link.
inline constexpr uint16_t kDnsUdpBytes = 1232;
inline constexpr size_t kMaxDnsMessageBytes = 65535;
// A question needs at most an OPT beside it; a TSIG or SIG(0) is looked over.
inline constexpr int kMaxQueryExtras = 4;

struct DnsQuestion {
  std::string name;  // wire form, lower case
  uint16_t type = 0;
  uint16_t dns_class = 0;
  friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

// What a client asks.
struct DnsQuery {
  uint16_t id = 0;
  uint16_t flags = 0;
  DnsQuestion question;
  std::string question_bytes;  // as it was sent, with its own case: replies repeat it
  bool has_edns = false;
  uint16_t udp_bytes = kPlainDnsUdpBytes;  // what the client takes by UDP
  bool dnssec_ok = false;
};

enum class DnsCheck {
  kGood,
  kIgnore,  // no query at all: an answer to it could begin an exchange without end
  kAnswer,  // to be answered with the error that is given
};
// Reads a query. `query` is filled as far as it was understood (at least id and flags, unless
// kIgnore); `error` is set for kAnswer.
DnsCheck ReadDnsQuery(std::string_view packet, DnsQuery* query, DnsRcode* error);

// A record by itself; `data` is without compression.
struct DnsRecord {
  std::string name;  // wire form
  uint16_t type = 0;
  uint32_t ttl_s = 0;
  std::string data;
  friend bool operator==(const DnsRecord&, const DnsRecord&) = default;
};
std::string Ipv4RecordData(uint32_t address);

enum class DnsSection : uint8_t { kAnswer = 0, kAuthority = 1, kAdditional = 2 };

// Writes one reply of at most `limit` octets: question, records, and an OPT when the query had one.
// Names of records must outlive the writer.
class DnsWriter {
 public:
  DnsWriter(const DnsQuery& query, size_t limit);

  // False, and nothing is written, when it does not fit. Sections in their order.
  bool Add(DnsSection section, const DnsRecord& record);
  // The finished packet. `flags` are added to those that every reply has.
  std::string Finish(uint16_t flags, DnsRcode rcode);

 private:
  void PutName(std::string_view name);
  void Remember(std::string_view name, size_t offset);

  static constexpr size_t kMaxRemembered = 32;
  struct Suffix {
    std::string_view name;
    uint16_t offset = 0;
  };

  const DnsQuery& query_;
  size_t limit_;  // without the OPT
  std::string packet_;
  std::array<uint16_t, 3> counts_ = {};
  std::array<Suffix, kMaxRemembered> suffixes_;
  size_t remembered_ = 0;
};

// A reply that has an error and nothing else.
std::string ErrorReply(const DnsQuery& query, DnsRcode rcode);
// How many octets a reply by UDP may have.
size_t UdpLimit(const DnsQuery& query);

// Reading, for whoever has a packet: big-endian numbers; the caller knows that they are there.
inline uint16_t DnsWordAt(std::string_view packet, size_t offset) {
  return static_cast<uint16_t>(static_cast<unsigned char>(packet[offset]) << 8 |
                               static_cast<unsigned char>(packet[offset + 1]));
}
void PutDnsWord(uint16_t value, std::string* packet);
void SetDnsWord(uint16_t value, size_t offset, std::string* packet);
// Where the name at `offset` ends in the packet, and what it is when `name` is asked for (its
// compression resolved, lower case). nullopt when it is broken. Pointers lead backward only, so
// that reading ends.
std::optional<size_t> ReadDnsName(std::string_view packet, size_t offset, std::string* name);
// The fixed parts of a record after its name; nullopt when it is not whole.
struct DnsRecordPlace {
  DnsSection section = DnsSection::kAnswer;
  size_t begin = 0;  // of its name
  size_t ttl_at = 0;
  size_t end = 0;
  uint16_t type = 0;
  uint16_t dns_class = 0;
  uint32_t ttl_s = 0;  // 0 when the highest bit is set (RFC 2181 8)
  size_t data_at() const { return ttl_at + 6; }
};
std::optional<DnsRecordPlace> ReadDnsRecord(std::string_view packet, size_t offset);
// An OPT record of ours.
void PutDnsOpt(DnsRcode rcode, bool dnssec_ok, std::string* packet);

}  // namespace reconcile
