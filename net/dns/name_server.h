#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/cluster_network.h"
#include "net/dns/from_objects.h"
#include "net/dns/server.h"

namespace reconcile {

struct NameServerOptions {
  std::string network_namespace_path;  // as KernelNetworkOptions has it
  // Texts of the host's /etc/resolv.conf and of systemd-resolved's own; "" when there is none.
  std::function<std::string()> read_resolv_conf;
  std::function<std::string()> read_systemd_resolv_conf;
  std::vector<DnsUpstream> upstreams;  // instead of those that these name, unless there are none
  std::vector<StubDomain> stub_domains;
};

// The cluster's DNS on this host: a server on its address, which knows what Services are called,
// and asks those whom the host asks for everything else. Any thread; one at a time is let in.
class NameServer {
 public:
  explicit NameServer(NameServerOptions options) : options_(std::move(options)) {}

  // From now on it answers for this state; what is wrong with it, a sentence each.
  std::vector<std::string> Serve(const HostNetworkConfig& config, const NetworkState& state);
  // Of the server that answers now; none before the first Serve.
  std::optional<DnsStatistics> statistics() const;

 private:
  void Forward(const std::string& own_address, std::vector<std::string>* problems);

  const NameServerOptions options_;
  mutable std::mutex mutex_;  // of what follows
  std::string address_;
  std::string read_from_;  // texts that the upstreams are from
  std::shared_ptr<const ClusterNetwork> served_;
  HostNetworkConfig served_for_;
  DnsServices services_;  // of the zone
  std::unique_ptr<DnsServer> server_;
};

}  // namespace reconcile
