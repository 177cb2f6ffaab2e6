// Files of host keys, which a person may have got from anywhere.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "source/known_hosts.h"

namespace reconcile {
namespace {

void TryKnownHosts(std::string_view text) {
  const std::string type = "ssh-ed25519";
  const HostKey key{type, std::string("\0\0\0\x0b", 4) + type + "key"};
  const KnownHosts known = KnownHosts::Parse(text);
  for (const std::string_view host : {"a.example", "git.example.org", "192.0.2.1"}) {
    for (const uint16_t port : {uint16_t{22}, uint16_t{2222}}) {
      const HostTrust before = known.Check(host, port, key);
      known.HasAuthority(host, port);
      const bool has_keys = !known.KeyTypes(host, port).empty();
      CHECK(has_keys || before != HostTrust::kTrusted);
      if (text.size() > KnownHosts::kMaxTextBytes / 2 || before == HostTrust::kRevoked) continue;
      // An accepted key is trusted from then on, whatever else the file says.
      const std::string after = WithoutHost(text, host, port) + KnownHostsLine(host, port, key);
      const HostTrust trust = KnownHosts::Parse(after).Check(host, port, key);
      CHECK(trust == HostTrust::kTrusted || trust == HostTrust::kRevoked);
    }
  }
}

}  // namespace
}  // namespace reconcile

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  reconcile::TryKnownHosts({reinterpret_cast<const char*>(data), size});
  return 0;
}
