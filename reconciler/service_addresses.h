#pragma once

#include <optional>
#include <string>

#include "reconciler/desired.h"
#include "schema/cluster_state.h"
#include "schema/network.h"

namespace reconcile {

// Addresses and ports of Services, out of the cluster's range and of 30000 to 32767. PURE. What a
// Service was given once it keeps for as long as its type needs it. Each is derived from the
// Service's namespace and name, with probing where it is taken: a model that was built anew gives
// mostly the same ones. The lower part of either range is given last, as in Kubernetes: there is
// room for what manifests choose themselves. Source: KEP-3070, KEP-3668.

// The addresses that Services may have.
class ServiceRange {
 public:
  // Nothing when `cidr` is no IPv4 block of /28 or larger.
  static std::optional<ServiceRange> Parse(std::string_view cidr);
  uint64_t size() const { return uint64_t{1} << (32 - prefix_bits_); }
  std::string At(uint64_t offset) const;
  // The offset of an address; nothing when it is not in the range.
  std::optional<uint64_t> OffsetOf(const std::string& address) const;
  // Of the DNS server: the tenth.
  std::string dns_address() const { return At(kDnsOffset); }
  // Never given: the first two, the DNS server's and the last.
  bool IsReserved(uint64_t offset) const {
    return offset < 2 || offset == kDnsOffset || offset + 1 >= size();
  }
  // So many offsets are given last.
  uint64_t static_size() const;

 private:
  static constexpr uint64_t kDnsOffset = 10;
  uint32_t base_ = 0;
  int prefix_bits_ = 32;
};

bool NeedsAddress(const ServiceSpec& spec);
bool NeedsNodePorts(const ServiceSpec& spec);
bool NeedsHealthPort(const ServiceSpec& spec);

// Gives `service` what it needs and lacks. Empty, or why something could not be given, for a
// person; the rest is given all the same.
std::string Allocate(const ClusterState& state, Service* service);

// What the Service in the model was given stays where `declared` neither says otherwise nor needs
// it no longer: it is put into `merged`, which is as declared, or taken out of `view`, which is as
// in the model.
void KeepAllocated(const Service& before, Service* merged);
void HideAllocated(const Service& declared, Service* view);

// PURE. Errors for declared addresses and ports that are out of range, reserved, or another
// Service's, which they name.
void CheckClaims(const DesiredState& desired, const ClusterState& state, Problems* problems);

}  // namespace reconcile
