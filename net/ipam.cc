#include "net/ipam.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace reconcile {
namespace {

// Takes the number at the start of `text` away; -1 when there is none, when it is above `max`, or
// when it is written with a leading zero (which some read as octal).
int TakeNumber(std::string_view* text, int max) {
  int number = -1;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  const auto length = static_cast<size_t>(end - text->data());
  if (error != std::errc() || number < 0 || number > max) return -1;
  if (length > 1 && text->front() == '0') return -1;
  text->remove_prefix(length);
  return number;
}

Status NotAnAddress(std::string_view text) {
  return InvalidError("\"" + std::string(text) + "\" is not an IPv4 address like 10.42.0.7");
}

uint32_t MaskOf(int prefix) { return prefix == 0 ? 0 : ~uint32_t{0} << (32 - prefix); }

}  // namespace

Result<uint32_t> ParseIpv4(std::string_view text) {
  std::string_view rest = text;
  uint32_t address = 0;
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (rest.empty() || rest.front() != '.') return NotAnAddress(text);
      rest.remove_prefix(1);
    }
    const int number = TakeNumber(&rest, 255);
    if (number < 0) return NotAnAddress(text);
    address = address << 8 | static_cast<uint32_t>(number);
  }
  if (!rest.empty()) return NotAnAddress(text);
  return address;
}

std::string FormatIpv4(uint32_t address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    if (!text.empty()) text += '.';
    text += std::to_string(address >> shift & 255);
  }
  return text;
}

Result<Cidr> Cidr::Parse(std::string_view text) {
  const size_t slash = text.find('/');
  const Status failure =
      InvalidError("\"" + std::string(text) + "\" is not an IPv4 block like 10.42.0.0/16");
  if (slash == std::string_view::npos) return failure;
  const Result<uint32_t> address = ParseIpv4(text.substr(0, slash));
  std::string_view rest = text.substr(slash + 1);
  const int prefix = TakeNumber(&rest, 32);
  if (!address.ok() || prefix < 0 || !rest.empty()) return failure;
  return Cidr{.base = *address & MaskOf(prefix), .prefix = prefix};
}

std::string Cidr::ToString() const { return FormatIpv4(base) + "/" + std::to_string(prefix); }

bool Cidr::Contains(uint32_t address) const { return (address & MaskOf(prefix)) == base; }

Result<std::string> AllocateAddress(const Cidr& subnet, const std::set<std::string>& used,
                                    const std::string& last_given) {
  if (subnet.prefix > 29) {
    return InvalidError("pod subnet " + subnet.ToString() +
                        " is too small: at most a /29 (5 pods) can be used");
  }
  const auto first = uint64_t{subnet.base} + 2;                 // after the network and the host
  const auto last = uint64_t{subnet.base} + subnet.size() - 2;  // before the broadcast address
  uint64_t start = first;
  const Result<uint32_t> before = ParseIpv4(last_given);
  if (before.ok() && *before >= first && *before < last) start = uint64_t{*before} + 1;
  for (uint64_t i = 0; i <= last - first; ++i) {
    const uint64_t candidate = first + (start - first + i) % (last - first + 1);
    std::string address = FormatIpv4(static_cast<uint32_t>(candidate));
    if (!used.contains(address)) return address;
  }
  return UnavailableError("all " + std::to_string(last - first + 1) + " addresses of pod subnet " +
                          subnet.ToString() + " are in use");
}

Result<std::string> AllocateNodeCidr(const Cidr& cluster, int node_prefix,
                                     const std::set<std::string>& used) {
  if (node_prefix < cluster.prefix || node_prefix > 29) {
    return InvalidError("pod subnets of /" + std::to_string(node_prefix) +
                        " cannot be cut from the cluster's " + cluster.ToString());
  }
  std::vector<Cidr> taken;
  for (const std::string& text : used) {
    const Result<Cidr> block = Cidr::Parse(text);
    if (block.ok()) taken.push_back(*block);
  }
  const uint64_t count = uint64_t{1} << (node_prefix - cluster.prefix);
  const uint64_t step = uint64_t{1} << (32 - node_prefix);
  for (uint64_t i = 0; i < count; ++i) {
    const Cidr block = {.base = static_cast<uint32_t>(cluster.base + i * step),
                        .prefix = node_prefix};
    // Two blocks overlap exactly when one holds the other's first address; nodes that registered
    // under another prefix length keep theirs.
    const auto overlaps = [&](const Cidr& other) {
      return other.Contains(block.base) || block.Contains(other.base);
    };
    if (std::none_of(taken.begin(), taken.end(), overlaps)) return block.ToString();
  }
  return UnavailableError("all " + std::to_string(count) + " pod subnets of /" +
                          std::to_string(node_prefix) + " of the cluster's " + cluster.ToString() +
                          " are in use");
}

}  // namespace reconcile
