#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// Domain names in wire form (RFC 1035 3.1): a length octet before each label and a zero octet at
// the end, lower case. A length octet is below 'A', so that a whole name is made lower case octet
// by octet. PURE.
inline constexpr size_t kMaxDnsNameBytes = 255;
inline constexpr size_t kMaxDnsLabelBytes = 63;

// "frontend.default" or "frontend.default.": there are no escapes. Invalid when it is no name.
Result<std::string> ParseDnsName(std::string_view text);
// "frontend.default.", for people; what cannot be printed is a '?'.
std::string FormatDnsName(std::string_view name);
void MakeDnsLower(std::string* name);

// Of a valid name that is not the root: its first label, and the name without it.
std::string_view FirstDnsLabel(std::string_view name);
std::string_view WithoutFirstDnsLabel(std::string_view name);
// `name` is `zone` or below it.
bool IsInDnsZone(std::string_view name, std::string_view zone);

// "10-42-0-7" as an address; nullopt for anything else.
std::optional<uint32_t> ParseDashedIpv4(std::string_view label);
std::string FormatDashedIpv4(uint32_t address);
// The name of an address in in-addr.arpa, and the other way. A name above those of whole addresses
// ("96.10.in-addr.arpa") stands for a block of them.
std::string ReverseDnsName(uint32_t address);
struct ReverseBlock {
  uint32_t base = 0;  // host order
  int prefix = 0;     // 0, 8, 16, 24 or 32
};
std::optional<ReverseBlock> ParseReverseDnsName(std::string_view name);

}  // namespace reconcile
