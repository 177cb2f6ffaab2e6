#include "net/dns/udp_batch.h"

#include <algorithm>
#include <cerrno>

namespace reconcile {

UdpBatch::UdpBatch() : buffers_(std::make_unique_for_overwrite<std::array<Buffer, kPackets>>()) {
  outgoing_.reserve(kPackets);
}

size_t UdpBatch::Receive(int socket) {
  for (size_t i = 0; i < kPackets; ++i) {
    parts_[i] = {(*buffers_)[i].data(), kPacketBytes};
    headers_[i].msg_hdr = {&peers_[i], sizeof(sockaddr_in), &parts_[i], 1, nullptr, 0, 0};
  }
  const int count = ::recvmmsg(socket, headers_.data(), kPackets, 0, nullptr);
  // Errors are those of earlier replies (ECONNREFUSED); the next look has what came.
  return static_cast<size_t>(std::max(count, 0));
}

std::string_view UdpBatch::packet(size_t index) const {
  if ((headers_[index].msg_hdr.msg_flags & MSG_TRUNC) != 0) return {};
  return {(*buffers_)[index].data(), headers_[index].msg_len};
}

void UdpBatch::Put(const sockaddr_in& peer, std::string packet) {
  outgoing_.push_back({peer, std::move(packet)});
}

void UdpBatch::Send(int socket) {
  std::array<iovec, kPackets> parts = {};
  std::array<mmsghdr, kPackets> headers = {};
  for (size_t begin = 0; begin < outgoing_.size();) {
    const size_t count = std::min(kPackets, outgoing_.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      Outgoing& out = outgoing_[begin + i];
      parts[i] = {out.packet.data(), out.packet.size()};
      headers[i].msg_hdr = {&out.peer, sizeof(out.peer), &parts[i], 1, nullptr, 0, 0};
    }
    const int sent = ::sendmmsg(socket, headers.data(), static_cast<unsigned>(count), 0);
    if (sent < 0 && errno == EAGAIN) break;
    // An error is the first packet's: those behind it are tried.
    begin += sent > 0 ? static_cast<size_t>(sent) : 1;
  }
  outgoing_.clear();
}

}  // namespace reconcile
