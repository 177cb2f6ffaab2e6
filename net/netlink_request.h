#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"
#include "net/link_changes.h"

struct nlmsghdr;

namespace reconcile {

// The device by whose number a change is asked for; empty where its name does.
std::string IndexedDevice(const LinkChange& change);

// What number a device has.
struct LinkQuestion {
  std::string device;
};

// Whether nftables has a table of this name in the family inet.
struct TableQuestion {
  std::string name;
};

// One message of rtnetlink(7), or a question to nftables, as it is sent.
class NetlinkRequest {
 public:
  // `index`: the number of IndexedDevice.
  NetlinkRequest(const LinkChange& change, uint32_t index);
  explicit NetlinkRequest(const LinkQuestion& question);
  explicit NetlinkRequest(const TableQuestion& question);
  NetlinkRequest(const NetlinkRequest&) = delete;
  NetlinkRequest& operator=(const NetlinkRequest&) = delete;

  nlmsghdr* header() const { return header_; }
  // Invalid when something of the change is no address or name; Unavailable when the namespace of a
  // pair's other end cannot be opened.
  const Status& status() const { return status_; }

 private:
  struct Writer;
  static constexpr size_t kMaxBytes = 1024;  // no change has more than a dozen short attributes

  NetlinkRequest();
  void Begin(uint16_t type, uint16_t flags);
  template <typename T>
  void Body(const T& body);
  void Number(uint16_t type, uint32_t value) { Put(type, &value, sizeof(value)); }
  void Byte(uint16_t type, uint8_t value) { Put(type, &value, sizeof(value)); }
  void Words(uint16_t type, const std::string& text) { Put(type, text.c_str(), text.size() + 1); }
  void Ipv4(uint16_t type, const std::string& text);
  void Mac(uint16_t type, const std::string& text);
  void Link(uint16_t type, uint16_t flags, const std::string& device, unsigned up = 0);
  void Address(uint16_t type, uint16_t flags, uint32_t index, const std::string& address,
               int prefix);
  void Neighbour(uint16_t type, uint16_t flags, uint32_t index, uint8_t family);
  void Peer(const AddPair& pair);
  void Put(uint16_t type, const void* bytes, size_t size);
  void Refuse(Status status);

  alignas(4) std::array<char, kMaxBytes> bytes_ = {};
  nlmsghdr* header_ = nullptr;
  UniqueFd peer_namespace_;  // named by its number in the message
  Status status_;
};

}  // namespace reconcile
