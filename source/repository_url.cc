#include "source/repository_url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr uint16_t kHttpsPort = 443;
constexpr uint16_t kSshPort = 22;
constexpr size_t kMaxHostBytes = 253;
constexpr size_t kMaxUserBytes = 64;
constexpr std::string_view kHint =
    "; write https://host/path, ssh://git@host/path, git@host:path or an absolute path";

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

// The bytes of a literal address; empty when it is none.
std::string AddressBytes(const std::string& host) {
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, host.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1) return std::string(bytes.data(), 16);
  return "";
}

uint8_t ByteAt(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

bool IsLoopbackAddress(std::string_view bytes) {
  if (bytes.size() == 4) return bytes[0] == 127;
  return bytes.size() == 16 && bytes.substr(0, 15) == std::string(15, '\0') && bytes[15] == 1;
}

bool IsForbiddenIpv4(std::string_view bytes, bool loopback_allowed) {
  const uint8_t first = ByteAt(bytes, 0);
  if (first == 127) return !loopback_allowed;
  if (first == 0 || first >= 224) return true;
  if (first == 169 && ByteAt(bytes, 1) == 254) return true;
  // The metadata services of Alibaba Cloud and of Azure.
  return bytes == std::string_view("\x64\x64\x64\xc8", 4) ||
         bytes == std::string_view("\xa8\x3f\x81\x10", 4);
}

// The IPv4 address inside a mapped (::ffff:0:0/96), compatible (::/96) or translated (64:ff9b::/96)
// one; empty when there is none.
std::string_view EmbeddedIpv4(std::string_view bytes) {
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  constexpr std::string_view kCompatible("\0\0\0\0\0\0\0\0\0\0\0\0", 12);
  constexpr std::string_view kTranslated("\0\x64\xff\x9b\0\0\0\0\0\0\0\0", 12);
  const std::string_view prefix = bytes.substr(0, 12);
  if (prefix == kMapped || prefix == kCompatible || prefix == kTranslated) return bytes.substr(12);
  return {};
}

// A host name, or an address literal that may be fetched from.
Status CheckHost(const std::string& host, bool bracketed) {
  const std::string address = AddressBytes(host);
  if (!address.empty()) {
    if (bracketed != (address.size() == 16))
      return InvalidError("an IPv6 address needs [brackets]");
    if (!IsForbiddenAddress(address, true)) return OkStatus();
    return InvalidError(host +
                        " is a link-local, metadata, multicast or reserved address; no "
                        "repository is fetched from there");
  }
  const bool letters = std::all_of(host.begin(), host.end(), [](char c) {
    return IsLetterOrDigit(c) || c == '-' || c == '.' || c == '_';
  });
  // A name that ends in a number is an address in one of its obsolete spellings.
  const std::string last = host.substr(host.rfind('.') + 1);
  const bool numeric = last.starts_with("0x") ||
                       (!last.empty() && last.find_first_not_of("0123456789") == std::string::npos);
  if (bracketed || host.empty() || host.size() > kMaxHostBytes || !letters || numeric ||
      !IsLetterOrDigit(host[0])) {
    return InvalidError(Quoted(host) + " is no host name or address");
  }
  return OkStatus();
}

// "user@host:port" without the user; the host goes into `url`.
Status TakeHostAndPort(std::string_view text, RepositoryUrl* url) {
  const bool bracketed = text.starts_with('[');
  size_t host_end = std::min(text.find(':'), text.size());
  if (bracketed) {
    const size_t closing = text.find(']');
    if (closing == std::string_view::npos) return InvalidError("a ] is missing");
    url->host = text.substr(1, closing - 1);
    host_end = closing + 1;
  } else {
    url->host = text.substr(0, host_end);
  }
  std::transform(url->host.begin(), url->host.end(), url->host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view rest = text.substr(host_end);
  if (!rest.empty()) {
    const std::string_view digits = rest.substr(1);
    const char* const end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, url->port);
    if (rest[0] != ':' || parsed.ec != std::errc() || parsed.ptr != end || url->port == 0) {
      return InvalidError(Quoted(digits) + " is no port");
    }
  }
  return CheckHost(url->host, bracketed);
}

Status CheckUser(const std::string& user) {
  const bool fits = !user.empty() && user.size() <= kMaxUserBytes && user[0] != '-' &&
                    std::all_of(user.begin(), user.end(), [](char c) {
                      return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.' || c == '+';
                    });
  return fits ? OkStatus() : InvalidError(Quoted(user) + " is no user name");
}

// A program on the other side gets the path: it must not look like an option, and the shell there
// gets it quoted.
Status CheckPath(std::string_view path) {
  const size_t name = path.find_first_not_of('/');
  if (name == std::string_view::npos) return InvalidError("it names no repository on its host");
  if (path[0] == '-' || path[name] == '-') {
    return InvalidError("its path begins with '-', which a program could take for an option");
  }
  const std::string whole = "/" + std::string(path) + "/";
  if (whole.find("/../") != std::string::npos) {
    return InvalidError("its path climbs out with '..'");
  }
  return OkStatus();
}

Status ParseHttps(std::string_view rest, RepositoryUrl* url) {
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  url->path = rest.substr(slash);
  if (authority.find('@') != std::string_view::npos) {
    return InvalidError(
        "it has a user or a password in it, which would be stored and shown: put "
        "them into files and name these under `credentials`");
  }
  if (url->path.find_first_of("?#") != std::string::npos) {
    return InvalidError("it has a query or a fragment");
  }
  RETURN_IF_ERROR(TakeHostAndPort(authority, url));
  return CheckPath(url->path);
}

Status ParseSsh(std::string_view rest, RepositoryUrl* url) {
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view authority = rest.substr(0, slash);
  url->path = rest.substr(slash);
  const size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    url->user = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    if (url->user.find(':') != std::string::npos) {
      return InvalidError("it has a password in it; ssh wants a key: `credentials.sshKeyFile`");
    }
  }
  RETURN_IF_ERROR(CheckUser(url->user));
  RETURN_IF_ERROR(TakeHostAndPort(authority, url));
  // "/~user/x" is "~user/x" there.
  if (url->path.starts_with("/~")) url->path.erase(0, 1);
  return CheckPath(url->path);
}

// user@host:path
Status ParseScpLike(std::string_view text, RepositoryUrl* url) {
  const size_t at = text.find('@');
  const size_t host = at + 1;
  const size_t colon =
      text.substr(host).starts_with('[') ? text.find("]:", host) + 1 : text.find(':', host);
  url->user = text.substr(0, at);
  url->path = text.substr(colon + 1);
  RETURN_IF_ERROR(CheckUser(url->user));
  RETURN_IF_ERROR(TakeHostAndPort(text.substr(host, colon - host), url));
  return CheckPath(url->path);
}

bool IsScpLike(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || text.substr(0, at).find_first_of("/:") != text.npos) {
    return false;
  }
  const size_t colon = text.substr(at).starts_with("@[") ? text.find("]:", at) : text.find(':', at);
  const size_t slash = text.find('/', at);
  return colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash);
}

Status ParseUrl(std::string_view text, RepositoryUrl* url) {
  constexpr std::string_view kHttps = "https://";
  constexpr std::string_view kSsh = "ssh://";
  if (text.starts_with(kHttps)) return ParseHttps(text.substr(kHttps.size()), url);
  url->scheme = RepositoryUrl::Scheme::kSsh;
  url->port = kSshPort;
  url->user = "git";
  if (text.starts_with(kSsh)) return ParseSsh(text.substr(kSsh.size()), url);
  const size_t scheme_end = text.find("://");
  if (text.starts_with("http://")) {
    return InvalidError("http:// would send manifests and credentials in clear" +
                        std::string(kHint));
  }
  if (scheme_end != std::string_view::npos || text.find("::") < text.find('@')) {
    const size_t end = std::min(scheme_end, text.find("::"));
    return InvalidError("the transport " + Quoted(text.substr(0, end)) + " is not used" +
                        std::string(kHint));
  }
  if (!IsScpLike(text)) return InvalidError("it is no URL" + std::string(kHint));
  return ParseScpLike(text, url);
}

}  // namespace

bool RepositoryUrl::IsLoopback() const {
  return host == "localhost" || IsLoopbackAddress(AddressBytes(host));
}

std::string RepositoryUrl::HostAndPort() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  const uint16_t usual = scheme == Scheme::kHttps ? kHttpsPort : kSshPort;
  return port == usual ? name : name + ":" + std::to_string(port);
}

std::string RepositoryUrl::ToString() const {
  if (scheme == Scheme::kHttps) return "https://" + HostAndPort() + path;
  return "ssh://" + user + "@" + HostAndPort() + (path.starts_with('/') ? "" : "/") + path;
}

bool IsRemoteRepository(std::string_view repository) {
  if (repository.starts_with('/') || repository.starts_with('.')) return false;
  return repository.find("://") != std::string_view::npos || IsScpLike(repository) ||
         repository.find("::") != std::string_view::npos;
}

Result<RepositoryUrl> ParseRepositoryUrl(std::string_view text) {
  if (text.size() > RepositoryUrl::kMaxBytes) {
    return InvalidError("the repository's URL is longer than kMaxBytes = " +
                        std::to_string(RepositoryUrl::kMaxBytes));
  }
  RepositoryUrl url;
  Status status = OkStatus();
  if (text.starts_with('-')) {
    status = InvalidError("it begins with '-'");
  } else if (!IsVisibleAscii(text)) {
    status = InvalidError("it has spaces, control characters or bytes beyond ASCII in it");
  } else {
    status = ParseUrl(text, &url);
  }
  if (status.ok()) return url;
  // A password in it is not repeated: messages are stored and shown.
  const size_t at = text.find('@');
  const size_t slashes = text.find("://");
  const bool hide = at != std::string_view::npos && slashes != std::string_view::npos;
  const std::string shown =
      hide ? std::string(text.substr(0, slashes + 3)) + "..." + std::string(text.substr(at))
           : std::string(text);
  return status.WithContext("repository " + Quoted(shown));
}

std::string CheckRepository(std::string_view repository) {
  if (IsRemoteRepository(repository)) {
    return ParseRepositoryUrl(repository).status().message();
  }
  if (repository.starts_with('/')) return "";
  return "must be an absolute path or a URL, is " + Quoted(repository) + std::string(kHint);
}

bool IsForbiddenAddress(std::string_view address, bool loopback_allowed) {
  if (address.size() == 4) return IsForbiddenIpv4(address, loopback_allowed);
  if (address.size() != 16) return true;
  if (IsLoopbackAddress(address)) return !loopback_allowed;
  const std::string_view embedded = EmbeddedIpv4(address);
  if (!embedded.empty()) return IsForbiddenIpv4(embedded, loopback_allowed);
  const uint8_t first = ByteAt(address, 0);
  if (first == 0xff || (first == 0xfe && (ByteAt(address, 1) & 0xc0) == 0x80)) return true;
  // fd00:ec2::254 and fd20:ce::254, the metadata services of Amazon and of Google.
  return address == std::string_view("\xfd\0\x0e\xc2\0\0\0\0\0\0\0\0\0\0\x02\x54", 16) ||
         address == std::string_view("\xfd\x20\0\xce\0\0\0\0\0\0\0\0\0\0\x02\x54", 16);
}

}  // namespace reconcile
