#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "source/repository_url.h"

namespace reconcile {

// An address of a repository's host that may be connected to.
struct HostAddress {
  sockaddr_storage storage = {};
  socklen_t length = 0;
  std::string text;  // "192.0.2.7", "2001:db8::1"
};

// Whether connecting there is allowed: IsForbiddenAddress on a socket's address. Families other
// than IPv4 and IPv6 are not.
bool MayConnect(const sockaddr* address, bool loopback_allowed);

// What the URL's host is now, at most kMaxHostAddresses addresses in the resolver's order; those
// that may not be connected to are left out. Unavailable when the name has no address; Invalid when
// all it has are forbidden ones (FAULTS 7). Blocks; reads the machine's resolver configuration.
inline constexpr size_t kMaxHostAddresses = 16;
Result<std::vector<HostAddress>> ResolveHost(const RepositoryUrl& url);

// A connected non-blocking socket to the first address that answers. Unavailable when none does
// within `connect_ms`. Blocks.
Result<UniqueFd> ConnectToHost(const std::vector<HostAddress>& addresses, int64_t connect_ms);

}  // namespace reconcile
