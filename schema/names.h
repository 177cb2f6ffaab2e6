#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// Kubernetes' rules for names (apimachinery util/validation). Each returns what is wrong with
// `text`, for a person, or an empty string.
std::string CheckDnsLabel(std::string_view text);  // RFC 1123 label: pods' containers, namespaces
std::string CheckServiceName(std::string_view text);    // RFC 1035 label
std::string CheckDnsSubdomain(std::string_view text);   // RFC 1123 subdomain: most objects
std::string CheckPathSegment(std::string_view text);    // roles and their bindings
std::string CheckQualifiedName(std::string_view text);  // keys of labels and annotations
std::string CheckLabelValue(std::string_view text);
std::string CheckPortName(std::string_view text);  // RFC 6335
// "example.com/controller": a domain, and a path in it.
std::string CheckDomainPath(std::string_view text);
std::string CheckConfigKey(std::string_view text);  // keys of ConfigMaps and Secrets
std::string CheckEnvName(std::string_view text);
std::string CheckHttpHeaderName(std::string_view text);
std::string CheckSysctlName(std::string_view text);
// A DNS subdomain of two labels or more, with or without a "." at the end.
std::string CheckFullDomain(std::string_view text);

// Whether `text` is an IPv4 or IPv6 address. Leading zeros are taken, "010.0.0.1": the API server
// takes them in all fields that it had before 1.36. Source: IsValidIPForLegacyField.
bool IsIpAddress(const std::string& text);
// What to say of an address with leading zeros; empty for others.
std::string AdviseOnAddress(const std::string& text);

// Its 4 or 16 bytes; an IPv4 address that is written as an IPv6 one ("::ffff:10.0.0.1") is IPv4.
std::optional<std::vector<unsigned char>> ReadIpAddress(const std::string& text);
// An address that other hosts can be reached at: not unspecified, loopback nor link-local. Source:
// ValidateEndpointIP.
std::string CheckReachableAddress(const std::string& text);

// "10.0.0.0/8", "fd00::/8".
struct IpBlock {
  std::vector<unsigned char> address;  // 4 or 16 bytes, bits beyond the prefix cleared
  int prefix_bits = 0;
};
std::optional<IpBlock> ReadIpBlock(std::string_view text);
// Whether `inner` is a part of `outer`, and less than all of it.
bool IsPartOf(const IpBlock& inner, const IpBlock& outer);

}  // namespace reconcile
