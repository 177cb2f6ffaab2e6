#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/compile.h"
#include "net/host_network.h"
#include "net/kernel_network.h"
#include "net/network_namespace.h"
#include "net/network_watch.h"
#include "net/overlay.h"
#include "net/service_rules.h"

namespace reconcile {

// What a change failed of is nothing that a caller could look at again: it is tried again.
inline Status AsUnavailable(const Status& status) {
  const bool of_kernel =
      status.code() == StatusCode::kConflict || status.code() == StatusCode::kNotFound;
  return of_kernel ? UnavailableError(status.message()) : status;
}

// The blocking side of the adapter: each call changes what it has to, by netlink and by commands.
// Immutable after Open, so calls may run in several threads; the kernel orders what they change.
class KernelHost {
 public:
  static Result<KernelHost> Open(const KernelNetworkOptions& options);

  // nullptr when nobody listens.
  const std::shared_ptr<NetworkWatch>& watch() const { return watch_; }

  Status Prepare(const HostNetworkConfig& config) const;
  Status Attach(const PodAttachment& attachment, const HostNetworkConfig& config) const;
  Status Detach(const std::string& pod_uid) const;
  Result<std::vector<std::string>> List() const;
  // Devices, routes and entries towards other hosts: what was changed, and could not be done.
  Result<OverlayChanges> SyncOverlay(const HostNetworkConfig& config, const std::string& node,
                                     const std::vector<NetworkPeer>& peers) const;
  // Names of those that answer no echo request (RFC 792) within a second.
  Result<std::vector<std::string>> Probe(const std::vector<NetworkPeer>& peers) const;
  // A TCP socket that does not block, of a process's network namespace; of the host's for 0.
  Result<UniqueFd> OpenTcpSocket(int64_t process_id) const;
  // One transaction of nft.
  Status LoadRules(const std::string& rules) const;
  // Connection tracking forgets these; others stay.
  Status FlushFlows(const std::vector<StaleFlow>& flows) const;
  // Where firewalld runs: asks it to let the cluster's network pass, which it does until its next
  // reload or restart. Some 0.3 s for each thing that it is asked.
  Status OpenFirewalld(const HostNetworkConfig& config) const;
  Status RemoveAll() const;

 private:
  KernelHost(KernelNetworkOptions options, NetworkNamespace host)
      : options_(std::move(options)), host_(std::move(host)) {}

  // Absolute path of a system program; empty when it is not installed.
  static std::string FindProgram(std::string_view name);
  // What a command printed. Unavailable, with its words, when it could not be run or failed.
  // `space` nullptr: this process's own. `codes`: exit codes that are no failure.
  Result<std::string> Run(const NetworkNamespace* space, std::vector<std::string> command,
                          std::string input = "", const std::vector<int>& codes = {0}) const;
  Result<std::string> OnHost(std::vector<std::string> command, std::string input = "") const;
  Status ApplyOnHost(const std::vector<LinkChange>& changes) const;
  bool IsHosts(const NetworkNamespace& space, int64_t process_id) const;
  // NotFound when the process has ended, or lives in the host's namespace.
  Result<NetworkNamespace> OpenSandbox(int64_t process_id) const;
  Status SettleSandbox(const NetworkNamespace& sandbox,
                       const std::vector<std::string>& own_settings) const;
  Status Connect(const PodAttachment& attachment, const NetworkNamespace& sandbox,
                 const AttachChanges& changes) const;
  Result<AttachChanges> CompileRepairOf(const PodAttachment& attachment,
                                        const HostNetworkConfig& config,
                                        const NetworkNamespace& sandbox) const;
  Status ShieldDevice(const std::string& device) const;
  Status CheckRanges(const HostNetworkConfig& config) const;
  Status PrepareBridge(const HostNetworkConfig& config) const;
  Result<OverlaySeen> LookAtOverlay() const;
  Status ShieldOverlay() const;
  Status RemoveOverlay() const;
  Status WriteSubnetFile(const HostNetworkConfig& config) const;
  Status PrepareFirewall(const HostNetworkConfig& config) const;
  Result<bool> HasFirewalld() const;
  Status RemoveFirewall() const;
  const NetworkNamespace* host_space() const;

  KernelNetworkOptions options_;
  NetworkNamespace host_;
  std::shared_ptr<NetworkWatch> watch_;
};

}  // namespace reconcile
