// What `ip -json` and `bridge -json` print, and what is compiled from it. Two texts, apart by a
// zero byte: any of them may be what another command prints.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/compile.h"
#include "net/overlay.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t zero = text.find('\0');
  const std::string_view one = text.substr(0, zero);
  const std::string_view two = zero == std::string_view::npos ? "" : text.substr(zero + 1);
  const HostNetworkConfig config = {"10.42.0.0/16", "10.42.1.0/24", 1450,
                                    "10.96.0.0/16", "10.9.0.1",     NetworkBackend::kVxlan};
  const std::vector<NetworkPeer> peers = {{"h1", "10.9.0.1", "10.42.1.0/24"},
                                          {"h2", "10.9.0.2", "10.42.2.0/24"}};
  OverlaySeen seen;
  if (const auto links = ParseLinks(one); links.ok()) seen.links = *links;
  if (const auto routes = ParseRoutes(two); routes.ok()) seen.routes = *routes;
  if (const auto addresses = ParseAddresses(one); addresses.ok()) seen.addresses = *addresses;
  if (const auto known = ParseNeighbours(two); known.ok()) seen.neighbours = *known;
  if (const auto entries = ParseForwarding(one); entries.ok()) seen.entries = *entries;
  (void)RangeClash(config, seen.routes);
  (void)AttachedAddresses(seen.routes);
  (void)CompileHostBridge(config, seen.links, seen.addresses);
  (void)CompileRemoveOverlay(seen.links, seen.routes);
  for (const NetworkBackend backend : {NetworkBackend::kVxlan, NetworkBackend::kHostGw}) {
    HostNetworkConfig host = config;
    host.backend = backend;
    const auto compiled = CompileOverlay(host, "h1", peers, seen);
    // Whatever was there, the text of each change is one line.
    if (!compiled.ok()) continue;
    for (const LinkChange& change : compiled->changes) CHECK(!ToText(change).empty());
  }
  return 0;
}
