#include <set>

#include "schema/names.h"
#include "schema/text.h"
#include "schema/validate.h"

// What is checked of the addresses behind Services. Source: Kubernetes
// pkg/apis/discovery/validation and pkg/apis/core/validation.

namespace reconcile {

namespace {

constexpr size_t kMaxSliceAddresses = 100;
constexpr size_t kMaxSliceEndpoints = 1000;

// Names of a slice's ports differ; those of Endpoints need not, but several want one each.
// Source: ValidateEndpointSliceCreate, validateEndpointPort.
enum class PortNames { kDiffer, kAreThere };

void ValidateEndpointPorts(const std::vector<EndpointPort>& ports, const FieldPath& holder,
                           PortNames rule, FieldReporter* reporter) {
  const FieldPath path(holder, "ports");
  std::set<std::string_view> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const EndpointPort& port = ports[i];
    const FieldPath port_path = FieldPath::Item(path, i);
    if (port.port != 0) RequirePort(port.port, FieldPath(port_path, "port"), reporter);
    const FieldPath name_path(port_path, "name");
    if (!port.name.empty()) ReportIf(CheckDnsLabel(port.name), name_path, reporter);
    if (rule == PortNames::kAreThere && ports.size() > 1 && port.name.empty()) {
      reporter->Error(name_path, "required, as there are several ports");
    }
    if (rule == PortNames::kDiffer && !names.insert(port.name).second) {
      reporter->Error(name_path, "there is a port " + Quoted(port.name) + " already");
    }
  }
}

// Source: validateEndpoints.
void ValidateSliceAddress(const std::string& address, AddressType type, const FieldPath& path,
                          FieldReporter* reporter) {
  if (type == AddressType::kFqdn) return ReportIf(CheckFullDomain(address), path, reporter);
  const std::optional<std::vector<unsigned char>> bytes = ReadIpAddress(address);
  const size_t size = type == AddressType::kIpv4 ? 4 : 16;
  if (bytes && bytes->size() != size) {
    return reporter->Error(path, Quoted(address) + " is no address of the slice's addressType, " +
                                     Quoted(ToString(type)));
  }
  RequireReachableAddress(address, path, reporter);
}

void ValidateSubsetAddresses(const std::vector<EndpointAddress>& addresses, const FieldPath& path,
                             FieldReporter* reporter) {
  for (size_t i = 0; i < addresses.size(); ++i) {
    if (addresses[i].ip.empty()) continue;  // missing, which reading reports
    const FieldPath item = FieldPath::Item(path, i);
    RequireReachableAddress(addresses[i].ip, FieldPath(item, "ip"), reporter);
  }
}

}  // namespace

void Validate(const Endpoints& endpoints, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "subsets");
  for (size_t i = 0; i < endpoints.subsets.size(); ++i) {
    const EndpointSubset& subset = endpoints.subsets[i];
    const FieldPath item = FieldPath::Item(path, i);
    ValidateSubsetAddresses(subset.addresses, FieldPath(item, "addresses"), reporter);
    ValidateSubsetAddresses(subset.not_ready_addresses, FieldPath(item, "notReadyAddresses"),
                            reporter);
    if (subset.addresses.empty() && subset.not_ready_addresses.empty()) {
      reporter->Error(item, "needs addresses or notReadyAddresses");
    }
    ValidateEndpointPorts(subset.ports, item, PortNames::kAreThere, reporter);
  }
}

void Validate(const EndpointSlice& slice, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "endpoints");
  for (size_t i = 0; i < slice.endpoints.size(); ++i) {
    const std::vector<std::string>& addresses = slice.endpoints[i].addresses;
    const FieldPath endpoint_path = FieldPath::Item(path, i);
    const FieldPath addresses_path(endpoint_path, "addresses");
    for (size_t j = 0; j < addresses.size(); ++j) {
      ValidateSliceAddress(addresses[j], slice.address_type, FieldPath::Item(addresses_path, j),
                           reporter);
    }
    if (addresses.size() > kMaxSliceAddresses) {
      reporter->Error(addresses_path, "has more than 100 addresses");
    }
  }
  if (slice.endpoints.size() > kMaxSliceEndpoints) {
    reporter->Error(path, "has more than 1000 endpoints");
  }
  ValidateEndpointPorts(slice.ports, root, PortNames::kDiffer, reporter);
}

}  // namespace reconcile
