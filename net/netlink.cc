#include "net/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/unique_fd.h"
#include "net/netlink_request.h"

namespace reconcile {
namespace {

constexpr size_t kMaxAnswerBytes = 32 << 10;

Status FromErrno(int error, const std::string& detail) {
  const std::string message = strerror(error) + (detail.empty() ? "" : " (" + detail + ")");
  if (error == EEXIST) return ConflictError(message);
  if (error == ENODEV || error == ENXIO || error == ENOENT) return NotFoundError(message);
  return UnavailableError(message);
}

int KeepAttribute(const nlattr* attribute, void* data) {
  if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
      mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) == 0) {
    *static_cast<std::string*>(data) = mnl_attr_get_str(attribute);
  }
  return MNL_CB_OK;
}

// What an error message says, OK for an acknowledgement.
Status StatusOf(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) {
    return UnavailableError("a short netlink answer");
  }
  const auto* error = static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message));
  if (error->error == 0) return OkStatus();
  std::string detail;
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) != 0) {
    // The request follows, in full unless it was capped to its header.
    size_t offset = sizeof(nlmsgerr);
    if ((message->nlmsg_flags & NLM_F_CAPPED) == 0)
      offset += mnl_nlmsg_get_payload_len(&error->msg);
    mnl_attr_parse(message, static_cast<unsigned>(offset), KeepAttribute, &detail);
  }
  return FromErrno(-error->error, detail);
}

}  // namespace

void Netlink::Closer::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<Netlink> Netlink::Open(const NetworkNamespace& space, int64_t timeout_ms) {
  return OpenOf(NETLINK_ROUTE, space, timeout_ms);
}

Result<bool> Netlink::HasInetTable(const NetworkNamespace& space, const std::string& name,
                                   int64_t timeout_ms) {
  Result<Netlink> netlink = OpenOf(NETLINK_NETFILTER, space, timeout_ms);
  if (!netlink.ok()) return netlink.status();
  const NetlinkRequest request(TableQuestion{name});
  std::string answer;
  const Status status = netlink->Send(request, &answer);
  if (status.code() == StatusCode::kNotFound) return false;
  if (!status.ok()) return status.WithContext("look for the nftables table inet " + name);
  return true;
}

Result<Netlink> Netlink::OpenOf(int protocol, const NetworkNamespace& space, int64_t timeout_ms) {
  Result<UniqueFd> fd = space.OpenSocket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
  if (!fd.ok()) return UnavailableError(fd.status().message());  // NotFound is a device
  const timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
  ::setsockopt(fd->get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
  mnl_socket* const socket = mnl_socket_fdopen(fd->get());
  if (socket == nullptr)
    return UnavailableError(std::string("a netlink socket: ") + strerror(errno));
  fd->Release();
  Netlink netlink(socket);
  int on = 1;
  // An older kernel explains less.
  mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on));
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) != 0) {
    return UnavailableError(std::string("bind a netlink socket: ") + strerror(errno));
  }
  // To the kernel: a pod's program that may send to this socket is not heard.
  const sockaddr_nl kernel = {.nl_family = AF_NETLINK, .nl_pad = 0, .nl_pid = 0, .nl_groups = 0};
  const int fd_of_socket = mnl_socket_get_fd(socket);
  if (::connect(fd_of_socket, reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)) != 0) {
    return UnavailableError(std::string("connect a netlink socket: ") + strerror(errno));
  }
  return netlink;
}

Status Netlink::Apply(const std::vector<LinkChange>& changes) {
  for (const LinkChange& change : changes) {
    RETURN_IF_ERROR(Apply(change).WithContext(ToText(change)));
  }
  return OkStatus();
}

Status Netlink::Apply(const LinkChange& change) {
  uint32_t index = 0;
  if (const std::string device = IndexedDevice(change); !device.empty()) {
    const Result<uint32_t> found = IndexOf(device);
    if (!found.ok()) return found.status();
    index = *found;
  }
  const NetlinkRequest request(change, index);
  return Send(request, nullptr);
}

// `answer` nullptr: an acknowledgement is all that comes.
Status Netlink::Send(const NetlinkRequest& request, std::string* answer) {
  RETURN_IF_ERROR(request.status());
  nlmsghdr* const header = request.header();
  header->nlmsg_seq = ++sequence_;
  if (answer == nullptr) header->nlmsg_flags |= NLM_F_ACK;
  if (mnl_socket_sendto(socket_.get(), header, header->nlmsg_len) < 0) {
    return UnavailableError(std::string("send to the kernel: ") + strerror(errno));
  }
  alignas(nlmsghdr) std::array<char, kMaxAnswerBytes> buffer;
  while (true) {
    const ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return UnavailableError(std::string("hear from the kernel: ") + strerror(errno));
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence_) continue;  // of a request that was given up
      if (message->nlmsg_type == NLMSG_ERROR) return StatusOf(message);
      if (answer == nullptr) continue;
      answer->assign(static_cast<const char*>(mnl_nlmsg_get_payload(message)),
                     mnl_nlmsg_get_payload_len(message));
      return OkStatus();
    }
  }
}

Result<uint32_t> Netlink::IndexOf(const std::string& device) {
  const NetlinkRequest request(LinkQuestion{device});
  std::string answer;
  RETURN_IF_ERROR(Send(request, &answer));
  ifinfomsg link = {};
  if (answer.size() < sizeof(link)) return UnavailableError("a short netlink answer");
  std::memcpy(&link, answer.data(), sizeof(link));
  return static_cast<uint32_t>(link.ifi_index);
}

}  // namespace reconcile
