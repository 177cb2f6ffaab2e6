#include "net/dns/upstream_sockets.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace reconcile {
namespace {

// Of one reply by UDP: more than we say that we take, for those that do not listen.
constexpr size_t kUdpReplyBytes = 4096;
// Packets with a wrong id or question that are read at once.
constexpr int kMaxPacketsPerTurn = 16;

struct SocketAddress {
  sockaddr_storage storage = {};
  socklen_t size = 0;
};

SocketAddress AddressOf(const DnsUpstream& upstream) {
  SocketAddress address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, upstream.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(upstream.port);
    address.size = sizeof(*v4);
  } else if (inet_pton(AF_INET6, upstream.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(upstream.port);
    address.size = sizeof(*v6);
  }
  return address;
}

}  // namespace

UpstreamSockets::~UpstreamSockets() {
  for (const auto& [call, socket] : sockets_) loop_->UnwatchFd(socket.fd.get());
}

void UpstreamSockets::Begin(const UpstreamCall& call) {
  const SocketAddress address = AddressOf(call.upstream);
  const int type = call.tcp ? SOCK_STREAM : SOCK_DGRAM;
  Socket socket;
  socket.tcp = call.tcp;
  // The kernel chooses a random port for a socket that is connected without having one.
  socket.fd.Reset(::socket(address.storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  bool begun = socket.fd.ok() &&
               (::connect(socket.fd.get(), reinterpret_cast<const sockaddr*>(&address.storage),
                          address.size) == 0 ||
                (call.tcp && errno == EINPROGRESS));
  if (call.tcp) {
    PutDnsWord(static_cast<uint16_t>(call.packet.size()), &socket.out);
    socket.out += call.packet;
  } else if (begun) {
    begun = ::send(socket.fd.get(), call.packet.data(), call.packet.size(), MSG_NOSIGNAL) >= 0;
  }
  const uint64_t id = call.id;
  if (!begun) {
    loop_->Post([this, id] { events_.on_failure(id); });
    return;
  }
  const int fd = socket.fd.get();
  sockets_.emplace(id, std::move(socket));
  loop_->WatchFd(fd, [this, id] { OnReady(id); });
  if (call.tcp) loop_->SetInterest(fd, true, true);
}

void UpstreamSockets::End(uint64_t call) {
  const auto found = sockets_.find(call);
  if (found == sockets_.end()) return;
  loop_->UnwatchFd(found->second.fd.get());
  sockets_.erase(found);
}

void UpstreamSockets::OnReady(uint64_t call) {
  const auto found = sockets_.find(call);
  if (found == sockets_.end()) return;
  if (found->second.tcp) return OnTcp(call, &found->second);
  OnUdp(call, found->second);
}

void UpstreamSockets::OnUdp(uint64_t call, const Socket& socket) {
  const int fd = socket.fd.get();
  std::array<char, kUdpReplyBytes> buffer;
  for (int i = 0; i < kMaxPacketsPerTurn; ++i) {
    const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (size < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return events_.on_failure(call);
    }
    events_.on_packet(call, std::string(buffer.data(), static_cast<size_t>(size)));
    if (!sockets_.contains(call)) return;
  }
}

void UpstreamSockets::OnTcp(uint64_t call, Socket* socket) {
  const int fd = socket->fd.get();
  if (!socket->out.empty()) {
    const ssize_t sent = ::send(fd, socket->out.data(), socket->out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return events_.on_failure(call);
    if (sent > 0) socket->out.erase(0, static_cast<size_t>(sent));
    if (!socket->out.empty()) return;
    loop_->SetInterest(fd, true, false);
  }
  std::array<char, 16 * 1024> buffer;
  const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return events_.on_failure(call);
  socket->in.append(buffer.data(), static_cast<size_t>(size));
  if (socket->in.size() < 2) return;
  // Its length is in two octets: there is no need for another limit.
  const size_t wanted = DnsWordAt(socket->in, 0) + size_t{2};
  if (socket->in.size() >= wanted) events_.on_packet(call, socket->in.substr(2, wanted - 2));
}

}  // namespace reconcile
