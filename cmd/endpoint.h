#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace reconcile {

inline constexpr uint16_t kDefaultLinkPort = 7443;
inline constexpr const char* kDefaultApiListen = "127.0.0.1:6443";

// Where something listens or is dialed.
struct SocketAddress {
  std::string host;  // a DNS name, an IPv4 address, or an IPv6 address without brackets
  uint16_t port = kDefaultLinkPort;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// "HOST", "HOST:PORT" or "[IPV6]:PORT". Invalid, with what is wrong, for anything else.
Result<SocketAddress> ParseEndpoint(const std::string& text);
// With its port, an IPv6 address in brackets.
std::string ToString(const SocketAddress& endpoint);

// What is wrong with it, for a person; empty when nothing is. To listen on: an address. To dial:
// not "any address", which leads nowhere.
std::string CheckListenEndpoint(const std::string& text);
std::string CheckDialEndpoint(const std::string& text);
// For the API: "off", or an address with its port.
std::string CheckApiListen(const std::string& text);

}  // namespace reconcile
