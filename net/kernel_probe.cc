#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "base/epoll_loop.h"
#include "net/ipam.h"
#include "net/kernel_host.h"

namespace reconcile {
namespace {

constexpr int64_t kWaitMs = 1'000;

uint16_t Checksum(const icmphdr& header) {
  std::array<uint16_t, sizeof(icmphdr) / 2> words;
  std::memcpy(words.data(), &header, sizeof(header));
  uint32_t sum = 0;
  for (const uint16_t word : words) sum += word;
  sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<uint16_t>(~(sum + (sum >> 16)));
}

sockaddr_in Address(uint32_t address) {
  sockaddr_in to = {};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(address);
  return to;
}

// The first address of the pods' subnet is their host's.
void SendEcho(int fd, uint32_t address, uint16_t id) {
  icmphdr header = {};
  header.type = ICMP_ECHO;
  header.un.echo.id = htons(id);
  header.checksum = Checksum(header);
  const sockaddr_in to = Address(address);
  // One that cannot be sent is one that is not answered.
  (void)::sendto(fd, &header, sizeof(header), 0, reinterpret_cast<const sockaddr*>(&to),
                 sizeof(to));
}

// Takes the reply's sender away from those that are waited for.
void TakeReply(int fd, uint16_t id, std::map<uint32_t, std::string>* waiting) {
  std::array<char, 256> packet;
  sockaddr_in from = {};
  socklen_t size = sizeof(from);
  const ssize_t got = ::recvfrom(fd, packet.data(), packet.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&from), &size);
  if (got < static_cast<ssize_t>(sizeof(iphdr))) return;
  iphdr ip = {};
  std::memcpy(&ip, packet.data(), sizeof(ip));
  const size_t offset = ip.ihl * 4U;
  icmphdr header = {};
  if (static_cast<size_t>(got) < offset + sizeof(header)) return;
  std::memcpy(&header, packet.data() + offset, sizeof(header));
  if (header.type == ICMP_ECHOREPLY && ntohs(header.un.echo.id) == id) {
    waiting->erase(ntohl(from.sin_addr.s_addr));
  }
}

}  // namespace

Result<std::vector<std::string>> KernelHost::Probe(const std::vector<NetworkPeer>& peers) const {
  const Result<UniqueFd> fd = host_.OpenSocket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (!fd.ok()) return fd.status();
  const auto id = static_cast<uint16_t>(fd->get() ^ ::getpid());
  std::map<uint32_t, std::string> waiting;
  std::vector<std::string> silent;
  for (const NetworkPeer& peer : peers) {
    const Result<Cidr> pods = Cidr::Parse(peer.pod_cidr);
    if (!pods.ok()) {
      silent.push_back(peer.name);
      continue;
    }
    waiting[pods->base + 1] = peer.name;
    SendEcho(fd->get(), pods->base + 1, id);
  }
  const MonoTime deadline = ReadSystemClock().mono + kWaitMs;
  while (!waiting.empty()) {
    const int64_t left_ms = deadline - ReadSystemClock().mono;
    pollfd readable = {fd->get(), POLLIN, 0};
    if (left_ms <= 0 || ::poll(&readable, 1, static_cast<int>(left_ms)) == 0) break;
    TakeReply(fd->get(), id, &waiting);
  }
  for (const auto& [address, name] : waiting) silent.push_back(name);
  std::sort(silent.begin(), silent.end());
  return silent;
}

}  // namespace reconcile
