#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reconcile {

// Packets of a UDP socket, received and sent many at a time. Thread-compatible.
class UdpBatch {
 public:
  static constexpr size_t kPackets = 64;
  static constexpr size_t kPacketBytes = 4096;  // no query is longer

  UdpBatch();
  // How many came: none when there are none. They are there until the next call.
  size_t Receive(int socket);
  // What was too long is an empty packet.
  std::string_view packet(size_t index) const;
  const sockaddr_in& peer(size_t index) const { return peers_[index]; }

  // To be sent with the next Send.
  void Put(const sockaddr_in& peer, std::string packet);
  // What the socket does not take is lost: clients ask again.
  void Send(int socket);

 private:
  struct Outgoing {
    sockaddr_in peer = {};
    std::string packet;
  };

  using Buffer = std::array<char, kPacketBytes>;
  std::unique_ptr<std::array<Buffer, kPackets>> buffers_;
  std::array<sockaddr_in, kPackets> peers_ = {};
  std::array<iovec, kPackets> parts_ = {};
  std::array<mmsghdr, kPackets> headers_ = {};
  std::vector<Outgoing> outgoing_;
};

}  // namespace reconcile
