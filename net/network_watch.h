#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/status.h"
#include "base/unique_fd.h"
#include "net/host_network.h"
#include "net/ipam.h"
#include "net/network_namespace.h"

namespace reconcile {

// Hears from the kernel what is changed of one namespace's devices, routes and rules (rtnetlink(7),
// nftables), and tells which of it took something of ours away. The thread that calls Read.
class NetworkWatch {
 public:
  // Unavailable when the kernel lets nobody listen.
  static Result<std::unique_ptr<NetworkWatch>> Open(const NetworkNamespace& space);

  int route_fd() const { return route_.get(); }  // readable when there is news
  int rules_fd() const { return rules_.get(); }
  // Takes what has come: what of ours went. The host's own addresses having changed, or news having
  // been lost, is of the host. `ours`: the blocks that our routes and addresses are in.
  std::optional<Disturbance> ReadRoutes(const std::vector<Cidr>& ours);
  // Likewise of rules: what others changed.
  struct RulesNews {
    bool ours = false;           // our tables
    bool firewall = false;       // iptables' filter table or firewalld's, where rules of ours are
    bool is_incomplete = false;  // news was lost: all may have been changed, by us or by others
  };
  RulesNews ReadRules();
  // Before each transaction of our own: one change of our tables is expected. Any thread.
  void ExpectChange() { ++expected_; }
  // It was refused: nobody is told of it.
  void ExpectNoChange() { --expected_; }

 private:
  NetworkWatch(UniqueFd route, UniqueFd rules)
      : route_(std::move(route)), rules_(std::move(rules)) {}

  UniqueFd route_;
  UniqueFd rules_;
  std::atomic<uint64_t> expected_ = 0;
  uint64_t changes_ = 0;     // transactions that changed our tables
  bool is_in_ours_ = false;  // the transaction that is being told changed them
};

}  // namespace reconcile
