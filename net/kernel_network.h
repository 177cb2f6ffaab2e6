#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/worker_pool.h"
#include "net/host_network.h"

namespace reconcile {

struct KernelNetworkOptions {
  // The host's network namespace ("/run/netns/h1"); empty is this process's own.
  std::string network_namespace_path;
  int64_t command_timeout_ms = 10'000;  // of each command: ip, bridge, nft, iptables, conntrack
  // Where the file is kept by which others learn the host's pod subnet (SubnetFile); empty:
  // nowhere.
  std::string subnet_file;
  // Makes the cluster's DNS answer for a state, once the rest of it is there; what is wrong with
  // it. On a thread of the executor. None: no DNS.
  std::function<std::vector<std::string>(const HostNetworkConfig&, const NetworkState&)>
      serve_names;
  // A Sync failed: what there is may follow no state. On a thread of the executor, never beside
  // serve_names.
  std::function<void()> on_behind;
  // How descriptors are watched on the loop, and let go; none: nobody tells when others change what
  // is ours.
  std::function<void(int fd, Task on_readable)> watch_fd;
  std::function<void(int fd)> unwatch_fd;
};

// HostNetwork of this machine: netlink, and ip, nft, nsenter and iptables (packages iproute2,
// nftables, util-linux, iptables), on `executor`, whose `done` comes back to `loop`. Needs root.
// Both must outlive it. When it is destroyed, calls under way still happen but no `done` is called.
// AttachPod before a Prepare that succeeded is a Conflict. RemoveAll leaves ip_forward as it is:
// others may count on it.
std::unique_ptr<HostNetwork> MakeKernelNetwork(EventLoop* loop, Executor* executor,
                                               KernelNetworkOptions options);

}  // namespace reconcile
