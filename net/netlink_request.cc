#include "net/netlink_request.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace reconcile {
namespace {

constexpr uint16_t kCreate = NLM_F_CREATE | NLM_F_EXCL;
constexpr uint16_t kReplace = NLM_F_CREATE | NLM_F_REPLACE;

struct Indexed {
  std::string operator()(const ReplaceAddress& change) const { return change.device; }
  std::string operator()(const AddAddress& change) const { return change.device; }
  std::string operator()(const DeleteAddress& change) const { return change.device; }
  std::string operator()(const ReplaceNeighbour& change) const { return change.device; }
  std::string operator()(const DeleteNeighbour& change) const { return change.device; }
  std::string operator()(const ReplaceForwarding& change) const { return change.device; }
  std::string operator()(const DeleteForwarding& change) const { return change.device; }
  std::string operator()(const SetRoute& change) const { return change.device; }
  std::string operator()(const DeleteRoute& change) const { return change.device; }
  template <typename ByName>
  std::string operator()(const ByName&) const {
    return "";
  }
};

}  // namespace

std::string IndexedDevice(const LinkChange& change) { return std::visit(Indexed(), change); }

// Writes the attributes of each sort of change.
struct NetlinkRequest::Writer {
  NetlinkRequest* out;
  uint32_t index;

  void operator()(const AddPair& pair) const {
    out->Link(RTM_NEWLINK, kCreate, pair.device);
    out->Number(IFLA_MTU, static_cast<uint32_t>(pair.mtu));
    out->Mac(IFLA_ADDRESS, pair.mac);
    out->Byte(IFLA_LINKMODE, IF_LINK_MODE_DORMANT);
    out->Peer(pair);
  }
  void operator()(const AddBridge& bridge) const {
    out->Link(RTM_NEWLINK, kCreate, bridge.device);
    nlattr* const info = mnl_attr_nest_start(out->header_, IFLA_LINKINFO);
    out->Words(IFLA_INFO_KIND, "bridge");
    mnl_attr_nest_end(out->header_, info);
  }
  void operator()(const AddVxlan& vxlan) const {
    out->Link(RTM_NEWLINK, kCreate, vxlan.device);
    out->Number(IFLA_MTU, static_cast<uint32_t>(vxlan.mtu));
    out->Mac(IFLA_ADDRESS, vxlan.mac);
    nlattr* const info = mnl_attr_nest_start(out->header_, IFLA_LINKINFO);
    out->Words(IFLA_INFO_KIND, "vxlan");
    nlattr* const data = mnl_attr_nest_start(out->header_, IFLA_INFO_DATA);
    out->Number(IFLA_VXLAN_ID, static_cast<uint32_t>(vxlan.id));
    out->Ipv4(IFLA_VXLAN_LOCAL, vxlan.local);
    const uint16_t port = htons(static_cast<uint16_t>(vxlan.port));
    out->Put(IFLA_VXLAN_PORT, &port, sizeof(port));
    out->Byte(IFLA_VXLAN_LEARNING, 0);
    mnl_attr_nest_end(out->header_, data);
    mnl_attr_nest_end(out->header_, info);
  }
  void operator()(const DeleteLink& link) const { out->Link(RTM_DELLINK, 0, link.device); }
  void operator()(const SetUp& link) const { out->Link(RTM_NEWLINK, 0, link.device, IFF_UP); }
  void operator()(const WakeLink& link) const {
    out->Link(RTM_NEWLINK, 0, link.device);
    out->Byte(IFLA_LINKMODE, IF_LINK_MODE_DEFAULT);
    out->Byte(IFLA_OPERSTATE, IF_OPER_UP);
  }
  void operator()(const SetMtu& link) const {
    out->Link(RTM_NEWLINK, 0, link.device);
    out->Number(IFLA_MTU, static_cast<uint32_t>(link.mtu));
  }
  void operator()(const ReplaceAddress& wanted) const {
    out->Address(RTM_NEWADDR, kReplace, index, wanted.address, wanted.prefix);
  }
  void operator()(const AddAddress& wanted) const {
    out->Address(RTM_NEWADDR, kCreate, index, wanted.address, wanted.prefix);
  }
  void operator()(const DeleteAddress& unwanted) const {
    out->Address(RTM_DELADDR, 0, index, unwanted.address, unwanted.prefix);
  }
  void operator()(const ReplaceNeighbour& neighbour) const {
    out->Neighbour(RTM_NEWNEIGH, kReplace, index, AF_INET);
    out->Ipv4(NDA_DST, neighbour.address);
    out->Mac(NDA_LLADDR, neighbour.mac);
  }
  void operator()(const DeleteNeighbour& neighbour) const {
    out->Neighbour(RTM_DELNEIGH, 0, index, AF_INET);
    out->Ipv4(NDA_DST, neighbour.address);
  }
  void operator()(const ReplaceForwarding& entry) const {
    out->Neighbour(RTM_NEWNEIGH, kReplace, index, AF_BRIDGE);
    out->Ipv4(NDA_DST, entry.destination);
    out->Mac(NDA_LLADDR, entry.mac);
  }
  void operator()(const DeleteForwarding& entry) const {
    out->Neighbour(RTM_DELNEIGH, 0, index, AF_BRIDGE);
    out->Ipv4(NDA_DST, entry.destination);
    out->Mac(NDA_LLADDR, entry.mac);
  }
  void operator()(const SetRoute& route) const {
    out->Begin(RTM_NEWROUTE, route.replaces ? kReplace : kCreate);
    rtmsg body = RouteTo(route.destination, route.prefix);
    body.rtm_protocol =
        route.protocol == 0 ? uint8_t{RTPROT_BOOT} : static_cast<uint8_t>(route.protocol);
    const bool refuses = route.device.empty();
    if (refuses) body.rtm_type = RTN_UNREACHABLE;
    body.rtm_scope = route.via.empty() && !refuses ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    body.rtm_flags = route.is_onlink ? RTNH_F_ONLINK : 0;
    out->Body(body);
    if (!route.destination.empty()) out->Ipv4(RTA_DST, route.destination);
    if (!route.via.empty()) out->Ipv4(RTA_GATEWAY, route.via);
    if (!route.source.empty()) out->Ipv4(RTA_PREFSRC, route.source);
    if (!route.device.empty()) out->Number(RTA_OIF, index);
  }
  void operator()(const DeleteRoute& route) const {
    out->Begin(RTM_DELROUTE, 0);
    rtmsg body = RouteTo(route.destination, route.prefix);
    if (route.device.empty()) body.rtm_type = RTN_UNREACHABLE;
    body.rtm_scope = RT_SCOPE_NOWHERE;  // of any
    out->Body(body);
    if (!route.destination.empty()) out->Ipv4(RTA_DST, route.destination);
    if (!route.device.empty()) out->Number(RTA_OIF, index);
  }
  static rtmsg RouteTo(const std::string& destination, int prefix) {
    rtmsg body = {};
    body.rtm_family = AF_INET;
    body.rtm_dst_len = destination.empty() ? uint8_t{0} : static_cast<uint8_t>(prefix);
    body.rtm_table = RT_TABLE_MAIN;
    body.rtm_type = RTN_UNICAST;
    return body;
  }
};

NetlinkRequest::NetlinkRequest() : header_(mnl_nlmsg_put_header(bytes_.data())) {}

NetlinkRequest::NetlinkRequest(const LinkChange& change, uint32_t index) : NetlinkRequest() {
  std::visit(Writer{this, index}, change);
}

NetlinkRequest::NetlinkRequest(const LinkQuestion& question) : NetlinkRequest() {
  Link(RTM_GETLINK, 0, question.device);
}

NetlinkRequest::NetlinkRequest(const TableQuestion& question) : NetlinkRequest() {
  Begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE, 0);
  nfgenmsg body = {};
  body.nfgen_family = NFPROTO_INET;
  body.version = NFNETLINK_V0;
  Body(body);
  Words(NFTA_TABLE_NAME, question.name);
}

void NetlinkRequest::Begin(uint16_t type, uint16_t flags) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
}

template <typename T>
void NetlinkRequest::Body(const T& body) {
  std::memcpy(mnl_nlmsg_put_extra_header(header_, sizeof(T)), &body, sizeof(T));
}

void NetlinkRequest::Link(uint16_t type, uint16_t flags, const std::string& device, unsigned up) {
  if (device.empty() || device.size() >= IFNAMSIZ) Refuse(InvalidError("no device's name"));
  Begin(type, flags);
  ifinfomsg body = {};
  body.ifi_flags = up;
  body.ifi_change = up;
  Body(body);
  Words(IFLA_IFNAME, device);
}

void NetlinkRequest::Address(uint16_t type, uint16_t flags, uint32_t index,
                             const std::string& address, int prefix) {
  Begin(type, flags);
  ifaddrmsg body = {};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = static_cast<uint8_t>(prefix);
  body.ifa_scope = RT_SCOPE_UNIVERSE;
  body.ifa_index = index;
  Body(body);
  Ipv4(IFA_LOCAL, address);
  Ipv4(IFA_ADDRESS, address);
}

void NetlinkRequest::Neighbour(uint16_t type, uint16_t flags, uint32_t index, uint8_t family) {
  Begin(type, flags);
  ndmsg body = {};
  body.ndm_family = family;
  body.ndm_ifindex = static_cast<int>(index);
  body.ndm_state = NUD_PERMANENT;
  body.ndm_flags = family == AF_BRIDGE ? uint8_t{NTF_SELF} : uint8_t{0};
  Body(body);
}

void NetlinkRequest::Peer(const AddPair& pair) {
  peer_namespace_.Reset(::open(pair.host_namespace.c_str(), O_RDONLY | O_CLOEXEC));
  if (!peer_namespace_.ok())
    Refuse(ErrnoError("open the host's network namespace", pair.host_namespace));
  nlattr* const info = mnl_attr_nest_start(header_, IFLA_LINKINFO);
  Words(IFLA_INFO_KIND, "veth");
  nlattr* const data = mnl_attr_nest_start(header_, IFLA_INFO_DATA);
  nlattr* const peer = mnl_attr_nest_start(header_, VETH_INFO_PEER);
  Body(ifinfomsg{});
  Words(IFLA_IFNAME, pair.peer);
  Number(IFLA_MTU, static_cast<uint32_t>(pair.mtu));
  Mac(IFLA_ADDRESS, pair.peer_mac);
  Number(IFLA_NET_NS_FD, static_cast<uint32_t>(peer_namespace_.get()));
  mnl_attr_nest_end(header_, peer);
  mnl_attr_nest_end(header_, data);
  mnl_attr_nest_end(header_, info);
}

void NetlinkRequest::Ipv4(uint16_t type, const std::string& text) {
  in_addr address = {};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    return Refuse(InvalidError("\"" + text + "\" is no IPv4 address"));
  }
  Put(type, &address, sizeof(address));
}

void NetlinkRequest::Mac(uint16_t type, const std::string& text) {
  std::array<uint8_t, 6> mac = {};
  const int read = std::sscanf(text.c_str(), "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0],
                               &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]);
  if (read != 6) return Refuse(InvalidError("\"" + text + "\" is no hardware address"));
  Put(type, mac.data(), mac.size());
}

void NetlinkRequest::Put(uint16_t type, const void* bytes, size_t size) {
  if (!mnl_attr_put_check(header_, bytes_.size(), type, size, bytes)) {
    Refuse(InvalidError("a request that is too long"));
  }
}

void NetlinkRequest::Refuse(Status status) {
  if (status_.ok()) status_ = std::move(status);
}

}  // namespace reconcile
