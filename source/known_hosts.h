#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// The key that an ssh server showed.
struct HostKey {
  std::string type;  // "ssh-ed25519"
  std::string blob;  // raw, as on the wire

  // "SHA256:..." as OpenSSH prints it.
  std::string Fingerprint() const;
  std::string Base64() const;
};

// Whether `text` can be a key's fingerprint.
bool IsFingerprint(std::string_view text);

enum class HostTrust {
  kTrusted,
  kUnknown,  // no key of this host is there
  kChanged,  // the host has keys there, and this is none of them
  kRevoked,  // @revoked names this key
};

// OpenSSH's file of host keys (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): plain and hashed names,
// patterns with * ? and !, [host]:port, @revoked. Lines with @cert-authority are passed over: host
// certificates are not taken. PURE.
class KnownHosts {
 public:
  static constexpr size_t kMaxTextBytes = 4 << 20;
  static constexpr size_t kMaxLineBytes = 16 << 10;
  static constexpr size_t kMaxEntries = 50'000;

  // Lines that are none are passed over and counted; what is beyond the limits too.
  static KnownHosts Parse(std::string_view text);

  HostTrust Check(std::string_view host, uint16_t port, const HostKey& key) const;
  // Of a host's keys, each once: what to ask the server for.
  std::vector<std::string> KeyTypes(std::string_view host, uint16_t port) const;
  // Whether a certificate authority is named for the host: why it is unknown all the same.
  bool HasAuthority(std::string_view host, uint16_t port) const;
  size_t passed_over() const { return passed_over_; }

 private:
  enum class Marker { kNone, kRevoked, kAuthority };
  struct Entry {
    Marker marker = Marker::kNone;
    std::vector<std::string> patterns;  // lower-case; or
    std::string salt, hash;             // of a hashed name
    HostKey key;
  };
  static bool ParseLine(std::string_view line, Entry* entry);
  static bool Matches(const Entry& entry, std::string_view name);

  std::vector<Entry> entries_;
  size_t passed_over_ = 0;
};

// A line for such a file, with its end.
std::string KnownHostsLine(std::string_view host, uint16_t port, const HostKey& key);
// `text` without the plain lines of this host and port, for another key to take their place.
// Markers and hashed names stay.
std::string WithoutHost(std::string_view text, std::string_view host, uint16_t port);

}  // namespace reconcile
