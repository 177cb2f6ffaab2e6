#include "source/remote_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/epoll_loop.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// The address alone, in network order; empty for other families.
std::string BytesOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4 = {};
    std::memcpy(&ipv4, address, sizeof(ipv4));
    return std::string(reinterpret_cast<const char*>(&ipv4.sin_addr), 4);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 ipv6 = {};
    std::memcpy(&ipv6, address, sizeof(ipv6));
    return std::string(reinterpret_cast<const char*>(&ipv6.sin6_addr), 16);
  }
  return "";
}

std::string TextOf(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::string bytes = BytesOf(address);
  inet_ntop(address->sa_family, bytes.data(), text.data(), text.size());
  return text.data();
}

// Waits for a connection to be made or refused; 0 or an errno.
int AwaitConnection(int fd, MonoTime deadline) {
  while (true) {
    const int64_t left_ms = deadline - ReadSystemClock().mono;
    if (left_ms <= 0) return ETIMEDOUT;
    pollfd poll_fd = {fd, POLLOUT, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return errno;
    if (ready <= 0) continue;
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
  }
}

}  // namespace

bool MayConnect(const sockaddr* address, bool loopback_allowed) {
  return !IsForbiddenAddress(BytesOf(address), loopback_allowed);
}

Result<std::vector<HostAddress>> ResolveHost(const RepositoryUrl& url) {
  addrinfo wanted = {};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int code = getaddrinfo(url.host.c_str(), std::to_string(url.port).c_str(), &wanted, &raw);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(raw, freeaddrinfo);
  if (code != 0) {
    return UnavailableError("its host " + Quoted(url.host) +
                            " has no address: " + gai_strerror(code));
  }
  std::vector<HostAddress> addresses;
  std::string refused;
  for (const addrinfo* at = raw; at != nullptr && addresses.size() < kMaxHostAddresses;
       at = at->ai_next) {
    if (at->ai_addrlen > sizeof(sockaddr_storage)) continue;
    if (!MayConnect(at->ai_addr, url.IsLoopback())) {
      refused = TextOf(at->ai_addr);
      continue;
    }
    HostAddress address;
    std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
    address.length = at->ai_addrlen;
    address.text = TextOf(at->ai_addr);
    addresses.push_back(address);
  }
  if (!addresses.empty()) return addresses;
  return InvalidError("its host " + Quoted(url.host) + " is at " + refused +
                      ", a loopback, link-local, metadata or reserved address that no repository "
                      "is fetched from (loopback only when the URL says localhost or 127.0.0.1)");
}

Result<UniqueFd> ConnectToHost(const std::vector<HostAddress>& addresses, int64_t connect_ms) {
  const MonoTime deadline = ReadSystemClock().mono + connect_ms;
  std::string failure = "it has no address";
  for (const HostAddress& address : addresses) {
    UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.ok()) return UnavailableError(std::string("cannot make a socket: ") + strerror(errno));
    int error = 0;
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.length) !=
        0) {
      error = errno == EINPROGRESS ? AwaitConnection(fd.get(), deadline) : errno;
    }
    if (error == 0) return fd;
    failure = address.text + ": " + strerror(error);
  }
  return UnavailableError("cannot connect to its host: " + failure);
}

}  // namespace reconcile
