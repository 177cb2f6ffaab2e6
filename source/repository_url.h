#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// Where a repository is, when it is not a folder of this machine. PURE.
struct RepositoryUrl {
  enum class Scheme { kHttps, kSsh };
  static constexpr size_t kMaxBytes = 2048;

  Scheme scheme = Scheme::kHttps;
  std::string user;  // of ssh; "git" when none is given
  std::string host;  // lower-case name, IPv4 or IPv6 address without brackets
  uint16_t port = 443;
  std::string path;  // as the server is asked for it: "/team/shop.git", or "team/shop.git" (scp)

  bool IsLoopback() const;          // "localhost", 127.0.0.0/8 or ::1, literally
  std::string HostAndPort() const;  // "host", "host:8443", "[::1]:2222": default ports left out
  std::string ToString() const;     // a URL
};

// Whether `repository` is meant as a URL and not as a path: it has "://" or looks like
// git@host:path.
bool IsRemoteRepository(std::string_view repository);

// https://host[:port]/path, ssh://[user@]host[:port]/path and user@host:path, nothing else.
// Invalid, saying why and what to write, for other transports (ext::, file://, git://, http://),
// credentials in the URL, control characters, names that a program could take for an option, and
// literal addresses that IsForbiddenAddress names (FAULTS 7).
Result<RepositoryUrl> ParseRepositoryUrl(std::string_view text);

// What a source's `repository` may not be, for a person; empty when it may: an absolute path, or
// what ParseRepositoryUrl takes.
std::string CheckRepository(std::string_view repository);

// Addresses that no repository is fetched from, whatever name leads to them: link-local and cloud
// metadata ones, "this network", multicast, broadcast and reserved ones; loopback ones unless
// `loopback_allowed`. IPv4 inside IPv6 counts as IPv4. `address` is 4 or 16 bytes in network order;
// any other length is forbidden.
bool IsForbiddenAddress(std::string_view address, bool loopback_allowed);

}  // namespace reconcile
