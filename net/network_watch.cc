#include "net/network_watch.h"

#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "net/compile.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

constexpr size_t kMaxNewsBytes = 64 << 10;
// What is told and not read yet. Of rules it is every element of a transaction: of 10,000 Services
// some 10 MB, and what is lost makes all of it be loaded again.
constexpr int kMaxRouteNewsBytes = 1 << 20;
constexpr int kMaxRulesNewsBytes = 64 << 20;

Result<UniqueFd> Listen(const NetworkNamespace& space, int protocol, uint32_t groups,
                        int max_bytes) {
  Result<UniqueFd> fd =
      space.OpenSocket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  if (!fd.ok()) return fd.status();
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVBUFFORCE, &max_bytes, sizeof(max_bytes));
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = groups;
  if (::bind(fd->get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return UnavailableError(std::string("listen to the kernel's news of the network: ") +
                            strerror(errno));
  }
  return fd;
}

constexpr uint32_t Group(int number) { return 1U << (number - 1); }

// Calls `visit` with each message that has come; false when some were lost.
template <typename Visit>
bool ForEachMessage(int fd, Visit visit) {
  alignas(nlmsghdr) std::array<char, kMaxNewsBytes> buffer;
  bool complete = true;
  while (true) {
    sockaddr_nl sender = {};
    socklen_t sender_size = sizeof(sender);
    const ssize_t size = ::recvfrom(fd, buffer.data(), buffer.size(), 0,
                                    reinterpret_cast<sockaddr*>(&sender), &sender_size);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      complete = false;
      continue;
    }
    if (size <= 0) return complete;
    if (sender.nl_pid != 0) continue;  // not the kernel
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) visit(message);
  }
}

struct Wanted {
  int type = 0;
  const nlattr* found = nullptr;
};
int KeepFirst(const nlattr* attribute, void* data) {
  auto* wanted = static_cast<Wanted*>(data);
  if (mnl_attr_get_type(attribute) == wanted->type) wanted->found = attribute;
  return MNL_CB_OK;
}
template <typename Body>
const nlattr* Find(const nlmsghdr* message, int type) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(Body)) return nullptr;
  Wanted wanted = {type, nullptr};
  mnl_attr_parse(message, sizeof(Body), KeepFirst, &wanted);
  return wanted.found;
}

template <typename Body>
std::string_view TextOf(const nlmsghdr* message, int type) {
  const nlattr* found = Find<Body>(message, type);
  if (found == nullptr || mnl_attr_validate(found, MNL_TYPE_NUL_STRING) < 0) return "";
  return mnl_attr_get_str(found);
}

template <typename Body>
bool HasAddressIn(const std::vector<Cidr>& blocks, const nlmsghdr* message, int type) {
  const nlattr* found = Find<Body>(message, type);
  if (found == nullptr || mnl_attr_validate(found, MNL_TYPE_U32) < 0) return false;
  const uint32_t address = ntohl(mnl_attr_get_u32(found));
  for (const Cidr& block : blocks) {
    if (block.Contains(address)) return true;
  }
  return false;
}

// Gateways of other hosts' subnets are their first addresses; pods have others.
bool IsOverlayNeighbour(const nlmsghdr* message, const std::vector<Cidr>& ours) {
  const nlattr* found = Find<ndmsg>(message, NDA_DST);
  if (found == nullptr || mnl_attr_validate(found, MNL_TYPE_U32) < 0) return false;
  return HasAddressIn<ndmsg>(ours, message, NDA_DST) && (ntohl(mnl_attr_get_u32(found)) & 7) == 0;
}
std::optional<Disturbance> HostsIf(bool went) {
  return went ? std::optional(Disturbance::kHost) : std::nullopt;
}

// A pod's address is routed alone; what is routed to hosts and Services is a block.
std::optional<Disturbance> LostRoute(const nlmsghdr* message, const std::vector<Cidr>& ours) {
  if (!HasAddressIn<rtmsg>(ours, message, RTA_DST)) return std::nullopt;
  const auto* body = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  return body->rtm_dst_len == 32 ? Disturbance::kPods : Disturbance::kHost;
}

std::optional<Disturbance> LossOf(const nlmsghdr* message, const std::vector<Cidr>& ours) {
  switch (message->nlmsg_type) {
    case RTM_DELLINK: {
      const std::string_view name = TextOf<ifinfomsg>(message, IFLA_IFNAME);
      if (IsHostDeviceName(name)) return Disturbance::kPods;
      return HostsIf(name == kOverlayDevice || name == kHostBridge);
    }
    case RTM_NEWLINK: {
      const std::string_view name = TextOf<ifinfomsg>(message, IFLA_IFNAME);
      if (name != kOverlayDevice && name != kHostBridge) return std::nullopt;
      const auto* body = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
      return HostsIf((body->ifi_flags & IFF_UP) == 0);
    }
    case RTM_DELROUTE:
      return LostRoute(message, ours);
    case RTM_NEWADDR:
      // The host has another address of its own, maybe.
      return HostsIf(!HasAddressIn<ifaddrmsg>(ours, message, IFA_LOCAL));
    case RTM_DELADDR:
      return Disturbance::kHost;  // ours, or the host's
    case RTM_DELNEIGH: {
      if (mnl_nlmsg_get_payload_len(message) < sizeof(ndmsg)) return std::nullopt;
      const auto* body = static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
      // Entries of a forwarding database name a host, not an address of ours.
      const bool is_entry = body->ndm_family == AF_BRIDGE && (body->ndm_flags & NTF_SELF) != 0;
      if (is_entry) return Disturbance::kHost;
      // A pod's neighbour entry goes with its device.
      return HostsIf(IsOverlayNeighbour(message, ours));
    }
    default:
      return std::nullopt;
  }
}

bool IsOfIpv4(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return false;
  const auto* body = static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  return body->nfgen_family == AF_INET;
}

}  // namespace

Result<std::unique_ptr<NetworkWatch>> NetworkWatch::Open(const NetworkNamespace& space) {
  Result<UniqueFd> route = Listen(space, NETLINK_ROUTE,
                                  Group(RTNLGRP_LINK) | Group(RTNLGRP_NEIGH) |
                                      Group(RTNLGRP_IPV4_IFADDR) | Group(RTNLGRP_IPV4_ROUTE),
                                  kMaxRouteNewsBytes);
  if (!route.ok()) return route.status();
  Result<UniqueFd> rules =
      Listen(space, NETLINK_NETFILTER, Group(NFNLGRP_NFTABLES), kMaxRulesNewsBytes);
  if (!rules.ok()) return rules.status();
  return std::unique_ptr<NetworkWatch>(
      new NetworkWatch(std::move(route).value(), std::move(rules).value()));
}

std::optional<Disturbance> NetworkWatch::ReadRoutes(const std::vector<Cidr>& ours) {
  std::optional<Disturbance> most;
  const bool complete = ForEachMessage(route_.get(), [&](const nlmsghdr* message) {
    const std::optional<Disturbance> loss = LossOf(message, ours);
    if (loss && most != Disturbance::kHost) most = loss;
  });
  return complete ? most : Disturbance::kHost;
}

NetworkWatch::RulesNews NetworkWatch::ReadRules() {
  RulesNews news;
  const bool complete = ForEachMessage(rules_.get(), [&](const nlmsghdr* message) {
    if (NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES) return;
    if (NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN) {  // a transaction's end
      if (is_in_ours_ && ++changes_ > expected_) {
        news.ours = true;
        changes_ = expected_;
      }
      is_in_ours_ = false;
      return;
    }
    // The table's name is the first attribute of them all.
    const std::string_view table = TextOf<nfgenmsg>(message, NFTA_TABLE_NAME);
    if (table.starts_with("reconcile")) is_in_ours_ = true;
    news.firewall |= table == "firewalld" || (table == "filter" && IsOfIpv4(message));
  });
  if (complete) return news;
  // Ends of transactions may be among what was lost: counting begins anew.
  changes_ = expected_;
  is_in_ours_ = false;
  return {true, true, true};
}

}  // namespace reconcile
