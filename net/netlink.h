#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/link_changes.h"
#include "net/network_namespace.h"

struct mnl_socket;

namespace reconcile {

class NetlinkRequest;

// Changes one namespace by rtnetlink(7): what `ip -batch` does, without starting a process for it,
// which takes many times as long as the changes. Blocks. Thread-compatible; stays in its namespace
// whichever thread uses it.
class Netlink {
 public:
  // Unavailable when the namespace cannot be entered.
  static Result<Netlink> Open(const NetworkNamespace& space, int64_t timeout_ms);

  // Whether nftables has a table `inet NAME` there: the kernel is asked for that one. nft reads
  // every element of every table before it lists their names: 0.2 s with 10,000 Services.
  static Result<bool> HasInetTable(const NetworkNamespace& space, const std::string& name,
                                   int64_t timeout_ms);

  // One after the other, to the first that fails: Conflict when something is there already,
  // NotFound when a device or an entry is not, Unavailable with the kernel's words otherwise.
  Status Apply(const std::vector<LinkChange>& changes);

 private:
  struct Closer {
    void operator()(mnl_socket* socket) const;
  };

  explicit Netlink(mnl_socket* socket) : socket_(socket) {}
  static Result<Netlink> OpenOf(int protocol, const NetworkNamespace& space, int64_t timeout_ms);
  Status Apply(const LinkChange& change);
  Status Send(const NetlinkRequest& request, std::string* answer);
  Result<uint32_t> IndexOf(const std::string& device);

  std::unique_ptr<mnl_socket, Closer> socket_;
  uint32_t sequence_ = 0;
};

}  // namespace reconcile
