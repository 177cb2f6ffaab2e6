#include "cmd/endpoint.h"

#include <arpa/inet.h>

#include <charconv>

#include "schema/names.h"

namespace reconcile {
namespace {

bool IsIpv4(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

Status CheckHost(const std::string& host, const std::string& text) {
  const bool looks_numeric = host.find_first_not_of("0123456789.") == std::string::npos;
  if (looks_numeric && !IsIpv4(host)) {
    return InvalidError("'" + text + "' has no IPv4 address or name before its port");
  }
  const std::string wrong = looks_numeric ? "" : CheckDnsSubdomain(host);
  return wrong.empty() ? OkStatus() : InvalidError("the host in '" + text + "': " + wrong);
}

Result<uint16_t> ParsePort(const std::string& digits, const std::string& text) {
  unsigned port = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, port);
  if (read.ec == std::errc() && read.ptr == end && port >= 1 && port <= 65535) {
    return static_cast<uint16_t>(port);
  }
  return InvalidError("the port in '" + text + "' must be a number from 1 to 65535");
}

}  // namespace

Result<SocketAddress> ParseEndpoint(const std::string& text) {
  SocketAddress endpoint;
  std::string port;
  const size_t colon = text.rfind(':');
  if (text.starts_with("[")) {
    const size_t end = text.find(']');
    endpoint.host = text.substr(1, end == std::string::npos ? end : end - 1);
    if (end == std::string::npos || !IsIpv6(endpoint.host)) {
      return InvalidError("'" + text + "' has no IPv6 address in its brackets");
    }
    if (end + 1 == text.size()) return endpoint;
    if (text[end + 1] != ':') {
      return InvalidError("'" + text + "' must go on with a colon and a port after its bracket");
    }
    port = text.substr(end + 2);
  } else {
    if (IsIpv6(text)) return InvalidError("write the IPv6 address in brackets: [" + text + "]");
    endpoint.host = text.substr(0, colon);
    RETURN_IF_ERROR(CheckHost(endpoint.host, text));
    if (colon == std::string::npos) return endpoint;
    port = text.substr(colon + 1);
  }
  const Result<uint16_t> number = ParsePort(port, text);
  if (!number.ok()) return number.status();
  endpoint.port = *number;
  return endpoint;
}

std::string ToString(const SocketAddress& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
         std::to_string(endpoint.port);
}

std::string CheckListenEndpoint(const std::string& text) {
  const Result<SocketAddress> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return endpoint.status().message();
  if (IsIpv4(endpoint->host) || IsIpv6(endpoint->host)) return "";
  return "'" + endpoint->host + "' is a name: give an address of this host, or 0.0.0.0 for all";
}

std::string CheckApiListen(const std::string& text) {
  if (text == "off") return "";
  const std::string wrong = CheckListenEndpoint(text);
  if (!wrong.empty()) return wrong;
  const size_t colon = text.rfind(':');
  const bool has_port = colon != std::string::npos && (text[0] != '[' || text[colon - 1] == ']');
  return has_port ? "" : "give its port too, as in " + std::string(kDefaultApiListen);
}

std::string CheckDialEndpoint(const std::string& text) {
  const Result<SocketAddress> endpoint = ParseEndpoint(text);
  if (!endpoint.ok()) return endpoint.status().message();
  if (endpoint->host != "0.0.0.0" && endpoint->host != "::") return "";
  return endpoint->host + " is no address that a host can dial";
}

}  // namespace reconcile
