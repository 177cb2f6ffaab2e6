#include "net/dns/name.h"

#include <algorithm>

#include "net/ipam.h"

namespace reconcile {
namespace {

constexpr std::string_view kReverseZone("\7in-addr\4arpa\0", 14);

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void AppendLabel(std::string_view label, std::string* name) {
  name->push_back(static_cast<char>(label.size()));
  name->append(label);
}

// 0 to 255 without leading zeros; -1 for anything else.
int ParseOctet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return -1;
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= 255 ? value : -1;
}

}  // namespace

void MakeDnsLower(std::string* name) {
  std::transform(name->begin(), name->end(), name->begin(), Lower);
}

Result<std::string> ParseDnsName(std::string_view text) {
  const std::string quoted = "\"" + std::string(text.substr(0, 300)) + "\"";
  if (text.empty()) return InvalidError("an empty domain name");
  if (text == ".") return std::string(1, '\0');
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string name;
  while (true) {
    const size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > kMaxDnsLabelBytes) {
      return InvalidError("domain name " + quoted + ": labels have 1 to 63 characters");
    }
    AppendLabel(label, &name);
    if (name.size() + 1 > kMaxDnsNameBytes) {
      return InvalidError("domain name " + quoted + " is longer than 253 characters");
    }
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  name.push_back('\0');
  MakeDnsLower(&name);
  return name;
}

std::string FormatDnsName(std::string_view name) {
  std::string text;
  while (!name.empty() && name[0] != '\0') {
    for (const char c : FirstDnsLabel(name)) text += c > ' ' && c < '\x7f' ? c : '?';
    text += '.';
    name = WithoutFirstDnsLabel(name);
  }
  return text.empty() ? "." : text;
}

std::string_view FirstDnsLabel(std::string_view name) {
  return name.substr(1, static_cast<unsigned char>(name[0]));
}

std::string_view WithoutFirstDnsLabel(std::string_view name) {
  return name.substr(1 + static_cast<size_t>(static_cast<unsigned char>(name[0])));
}

bool IsInDnsZone(std::string_view name, std::string_view zone) {
  while (name.size() > zone.size()) name = WithoutFirstDnsLabel(name);
  return name == zone;
}

std::optional<uint32_t> ParseDashedIpv4(std::string_view label) {
  uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    const size_t dash = label.find('-');
    if ((dash == std::string_view::npos) != (i == 3)) return std::nullopt;
    const int octet = ParseOctet(label.substr(0, dash));
    if (octet < 0) return std::nullopt;
    address = address << 8 | static_cast<uint32_t>(octet);
    if (i < 3) label.remove_prefix(dash + 1);
  }
  return address;
}

std::string FormatDashedIpv4(uint32_t address) {
  std::string text = FormatIpv4(address);
  std::replace(text.begin(), text.end(), '.', '-');
  return text;
}

std::string ReverseDnsName(uint32_t address) {
  std::string name;
  for (int shift = 0; shift < 32; shift += 8) {
    AppendLabel(std::to_string(address >> shift & 255), &name);
  }
  return name.append(kReverseZone);
}

std::optional<ReverseBlock> ParseReverseDnsName(std::string_view name) {
  if (!IsInDnsZone(name, kReverseZone)) return std::nullopt;
  ReverseBlock block;
  uint32_t shift = 0;
  while (name.size() > kReverseZone.size()) {
    const int octet = ParseOctet(FirstDnsLabel(name));
    if (octet < 0 || block.prefix == 32) return std::nullopt;
    // The first label is the last octet of the address, or of the block.
    block.base |= static_cast<uint32_t>(octet) << shift;
    shift += 8;
    block.prefix += 8;
    name = WithoutFirstDnsLabel(name);
  }
  if (block.prefix > 0) block.base <<= 32 - block.prefix;
  return block;
}

}  // namespace reconcile
