#pragma once

#include <string>
#include <string_view>

namespace reconcile {

// Kubernetes' rules for names (apimachinery util/validation). Each returns what is wrong with
// `text`, for a person, or an empty string.
std::string CheckDnsLabel(std::string_view text);  // RFC 1123 label: pods' containers, namespaces
std::string CheckServiceName(std::string_view text);    // RFC 1035 label
std::string CheckDnsSubdomain(std::string_view text);   // RFC 1123 subdomain: most objects
std::string CheckPathSegment(std::string_view text);    // roles and their bindings
std::string CheckQualifiedName(std::string_view text);  // keys of labels and annotations
std::string CheckLabelValue(std::string_view text);
std::string CheckPortName(std::string_view text);   // RFC 6335
std::string CheckConfigKey(std::string_view text);  // keys of ConfigMaps and Secrets
std::string CheckEnvName(std::string_view text);

// Whether `text` is an IPv4 or IPv6 address.
bool IsIpAddress(const std::string& text);

}  // namespace reconcile
