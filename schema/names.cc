#include "schema/names.h"

#include <arpa/inet.h>

#include <algorithm>

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

std::string CheckPathSegment(std::string_view text) {
  const bool is_whole = text != "." && text != ".." && text.find_first_of("/%") == text.npos;
  return is_whole ? "" : Wrong(text, R"(must not be "." or "..", nor have "/" or "%" in it)");
}

bool IsIpAddress(const std::string& text) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address) == 1;
}

}  // namespace reconcile
