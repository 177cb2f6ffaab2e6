#pragma once

#include <set>
#include <string>

#include "base/status.h"

namespace reconcile {

// IPv4 blocks. PURE.
struct Cidr {
  uint32_t base = 0;  // host order, masked
  int prefix = 0;
  static Result<Cidr> Parse(std::string_view text);
  std::string ToString() const;
  bool Contains(uint32_t address) const;
  uint64_t size() const { return uint64_t{1} << (32 - prefix); }
};
Result<uint32_t> ParseIpv4(std::string_view text);
std::string FormatIpv4(uint32_t address);

// The lowest free address of a pod subnet after `last_given` (wrapping), so that an address rests
// before it is given again; network, first (the host's) and broadcast address are never given.
// Unavailable when all are in use.
Result<std::string> AllocateAddress(const Cidr& subnet, const std::set<std::string>& used,
                                    const std::string& last_given);
// The first /24 (node_prefix) of `cluster` that is not in `used`.
Result<std::string> AllocateNodeCidr(const Cidr& cluster, int node_prefix,
                                     const std::set<std::string>& used);

}  // namespace reconcile
