#include "schema/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "schema/text.h"

namespace reconcile {

namespace {

constexpr size_t kMaxLabelBytes = 63;
constexpr size_t kMaxSubdomainBytes = 253;
constexpr size_t kMaxPortNameBytes = 15;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }
bool IsLetterOrDigit(char c) { return IsLowerOrDigit(c) || (c >= 'A' && c <= 'Z'); }

// One or more of `inner`, beginning and ending with `outer`.
template <typename Outer, typename Inner>
bool HasShape(std::string_view text, Outer outer, Inner inner) {
  return !text.empty() && outer(text.front()) && outer(text.back()) &&
         std::all_of(text.begin(), text.end(), inner);
}

bool IsDnsLabelShape(std::string_view text) {
  return HasShape(text, IsLowerOrDigit, [](char c) { return IsLowerOrDigit(c) || c == '-'; });
}

bool IsSubdomainShape(std::string_view text) {
  while (true) {
    const size_t dot = text.find('.');
    if (!IsDnsLabelShape(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsNameShape(std::string_view text) {
  return text.size() <= kMaxLabelBytes && HasShape(text, IsLetterOrDigit, [](char c) {
           return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
         });
}

std::string Wrong(std::string_view text, std::string_view rule) {
  return Quoted(text) + " " + std::string(rule);
}

// "010.000.1.2" as 10.0.1.2: the API server takes such addresses, and inet_pton does not.
std::string WithoutLeadingZeros(std::string_view address) {
  if (address.find(':') != std::string_view::npos) return std::string(address);
  std::string text;
  for (size_t i = 0; i < address.size(); ++i) {
    const bool is_first = text.empty() || text.back() == '.';
    const bool has_more = i + 1 < address.size() && IsDigit(address[i + 1]);
    if (address[i] != '0' || !is_first || !has_more) text += address[i];
  }
  return text;
}

void ClearBitsFrom(int first, std::vector<unsigned char>* address) {
  for (size_t i = 0; i < address->size(); ++i) {
    const int kept = std::clamp(first - static_cast<int>(i) * 8, 0, 8);
    (*address)[i] = static_cast<unsigned char>((*address)[i] & (0xFF00 >> kept));
  }
}

}  // namespace

std::string CheckDnsLabel(std::string_view text) {
  if (text.size() <= kMaxLabelBytes && IsDnsLabelShape(text)) return "";
  return Wrong(
      text,
      "is not a DNS label: lower-case letters, digits and \"-\", a letter or digit at both "
      "ends, at most 63 characters");
}

std::string CheckServiceName(std::string_view text) {
  if (CheckDnsLabel(text).empty() && IsLower(text.front())) return "";
  return Wrong(
      text,
      "is not a Service name: lower-case letters, digits and \"-\", a letter at the start, "
      "a letter or digit at the end, at most 63 characters");
}

std::string CheckDnsSubdomain(std::string_view text) {
  if (text.size() <= kMaxSubdomainBytes && IsSubdomainShape(text)) return "";
  return Wrong(text,
               "is not a DNS subdomain: lower-case letters, digits, \"-\" and \".\", a letter or "
               "digit at both ends of each part, at most 253 characters");
}

std::string CheckQualifiedName(std::string_view text) {
  const size_t slash = text.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  const std::string_view prefix = has_prefix ? text.substr(0, slash) : "";
  const std::string_view name = has_prefix ? text.substr(slash + 1) : text;
  if (IsNameShape(name) && (!has_prefix || CheckDnsSubdomain(prefix).empty())) return "";
  return Wrong(text,
               "is not a key: letters, digits, \"-\", \"_\" and \".\", a letter or digit at both "
               "ends, at most 63 characters; before it, if wanted, a DNS subdomain and \"/\"");
}

std::string CheckLabelValue(std::string_view text) {
  if (text.empty() || IsNameShape(text)) return "";
  return Wrong(
      text,
      "is not a label value: empty, or letters, digits, \"-\", \"_\" and \".\", a letter or "
      "digit at both ends, at most 63 characters");
}

std::string CheckPortName(std::string_view text) {
  if (text.size() <= kMaxPortNameBytes && IsDnsLabelShape(text) &&
      text.find("--") == std::string_view::npos && std::any_of(text.begin(), text.end(), IsLower)) {
    return "";
  }
  return Wrong(
      text,
      "is not a port name: at most 15 lower-case letters, digits and single \"-\", at least "
      "one letter, a letter or digit at both ends");
}

std::string CheckConfigKey(std::string_view text) {
  const bool has_shape = std::all_of(text.begin(), text.end(), [](char c) {
    return IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
  });
  if (has_shape && !text.empty() && text.size() <= kMaxSubdomainBytes && text != "." &&
      text.substr(0, 2) != "..") {
    return "";
  }
  return Wrong(text,
               "is not a key: letters, digits, \"-\", \"_\" and \".\", not \".\" nor starting with "
               "\"..\", at most 253 characters");
}

std::string CheckEnvName(std::string_view text) {
  const bool is_printable = std::all_of(text.begin(), text.end(),
                                        [](char c) { return c >= ' ' && c <= '~' && c != '='; });
  if (is_printable && !text.empty()) return "";
  return Wrong(text, "is not a variable name: printable ASCII characters other than \"=\"");
}

std::string CheckHttpHeaderName(std::string_view text) {
  const bool has_shape =
      std::all_of(text.begin(), text.end(), [](char c) { return IsLetterOrDigit(c) || c == '-'; });
  if (has_shape && !text.empty()) return "";
  return Wrong(text, "is not the name of an HTTP header: letters, digits and \"-\"");
}

std::string CheckSysctlName(std::string_view text) {
  bool is_name = text.size() <= kMaxSubdomainBytes;
  for (std::string_view rest = text; is_name;) {
    const size_t end = rest.find_first_of("./");
    is_name = HasShape(rest.substr(0, end), IsLowerOrDigit,
                       [](char c) { return IsLowerOrDigit(c) || c == '-' || c == '_'; });
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (is_name) return "";
  return Wrong(
      text,
      "is not the name of a kernel setting: parts of lower-case letters, digits, \"-\" and "
      "\"_\" with \".\" between them, like net.core.somaxconn");
}

std::string CheckFullDomain(std::string_view text) {
  std::string_view domain = text;
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.find('.') != std::string_view::npos && CheckDnsSubdomain(domain).empty()) return "";
  return Wrong(text, "is not a full domain name like \"db.example.com\"");
}

std::string CheckPathSegment(std::string_view text) {
  const bool is_whole = text != "." && text != ".." && text.find_first_of("/%") == text.npos;
  return is_whole ? "" : Wrong(text, R"(must not be "." or "..", nor have "/" or "%" in it)");
}

std::string CheckDomainPath(std::string_view text) {
  constexpr std::string_view kOthers = "/-._~%!$&'()*+,;=:";
  const size_t slash = text.find('/');
  const bool has_both = slash != std::string_view::npos && slash + 1 < text.size();
  const std::string_view path = has_both ? text.substr(slash + 1) : "";
  const bool is_path = std::all_of(path.begin(), path.end(), [&](char c) {
    return IsLetterOrDigit(c) || kOthers.find(c) != std::string_view::npos;
  });
  if (has_both && is_path && CheckDnsSubdomain(text.substr(0, slash)).empty()) return "";
  return Wrong(text, "is not a domain, \"/\" and a path, like \"example.com/controller\"");
}

bool IsIpAddress(const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, WithoutLeadingZeros(text).c_str(), address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address) == 1;
}

std::string AdviseOnAddress(const std::string& text) {
  const std::string plain = WithoutLeadingZeros(text);
  if (plain == text || !IsIpAddress(text)) return "";
  return Quoted(text) +
         " has leading zeros, with which other programs read another address: write " +
         Quoted(plain);
}

std::optional<std::vector<unsigned char>> ReadIpAddress(const std::string& text) {
  std::vector<unsigned char> bytes(sizeof(in_addr));
  if (inet_pton(AF_INET, WithoutLeadingZeros(text).c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(sizeof(in6_addr));
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
  static constexpr unsigned char kMapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (!std::equal(std::begin(kMapped), std::end(kMapped), bytes.begin())) return bytes;
  return std::vector<unsigned char>(bytes.begin() + std::size(kMapped), bytes.end());
}

std::string CheckReachableAddress(const std::string& text) {
  struct Special {
    std::string_view block;
    std::string_view rule;
  };
  static constexpr Special kSpecial[] = {
      {"0.0.0.0/32", "means any address"},          {"::/128", "means any address"},
      {"127.0.0.0/8", "is a host's own address"},   {"::1/128", "is a host's own address"},
      {"169.254.0.0/16", "reaches one link alone"}, {"fe80::/10", "reaches one link alone"},
      {"224.0.0.0/24", "reaches one link alone"}};
  const std::optional<std::vector<unsigned char>> address = ReadIpAddress(text);
  if (!address) return Wrong(text, "is no IP address");
  const std::string_view advice = ": give one that other hosts reach";
  for (const Special& special : kSpecial) {
    const IpBlock block = *ReadIpBlock(special.block);
    std::vector<unsigned char> prefix = *address;
    ClearBitsFrom(block.prefix_bits, &prefix);
    if (prefix == block.address) return Wrong(text, std::string(special.rule).append(advice));
  }
  // ff02::, ff12:: and so on: multicast of the link, whatever its flags.
  const bool is_ipv6 = address->size() == sizeof(in6_addr);
  if (is_ipv6 && (*address)[0] == 0xFF && ((*address)[1] & 0x0FU) == 2) {
    return Wrong(text, std::string("reaches one link alone").append(advice));
  }
  return "";
}

std::optional<IpBlock> ReadIpBlock(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string address = WithoutLeadingZeros(text.substr(0, slash));
  const std::string_view bits = text.substr(slash + 1);
  IpBlock block;
  const auto read = std::from_chars(bits.data(), bits.data() + bits.size(), block.prefix_bits);
  if (read.ec != std::errc() || read.ptr != bits.data() + bits.size()) return std::nullopt;
  const bool is_ipv6 = address.find(':') != std::string::npos;
  block.address.resize(is_ipv6 ? sizeof(in6_addr) : sizeof(in_addr));
  if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, address.c_str(), block.address.data()) != 1) {
    return std::nullopt;
  }
  if (block.prefix_bits < 0 || block.prefix_bits > static_cast<int>(block.address.size()) * 8) {
    return std::nullopt;
  }
  ClearBitsFrom(block.prefix_bits, &block.address);
  return block;
}

bool IsPartOf(const IpBlock& inner, const IpBlock& outer) {
  std::vector<unsigned char> prefix = inner.address;
  ClearBitsFrom(outer.prefix_bits, &prefix);
  return inner.prefix_bits > outer.prefix_bits && prefix == outer.address;
}

}  // namespace reconcile
