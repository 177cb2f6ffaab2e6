#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/compile.h"
#include "net/host_network.h"
#include "net/kernel_network.h"
#include "net/network_namespace.h"

namespace reconcile {

// The blocking side of the adapter: each call changes what it has to, by netlink and by commands.
// Immutable after Open, so calls may run in several threads; the kernel orders what they change.
class KernelHost {
 public:
  static Result<KernelHost> Open(const KernelNetworkOptions& options);

  Status Prepare(const HostNetworkConfig& config) const;
  Status Attach(const PodAttachment& attachment, const HostNetworkConfig& config) const;
  Status Detach(const std::string& pod_uid) const;
  Result<std::vector<std::string>> List() const;
  Status RemoveAll() const;

 private:
  KernelHost(KernelNetworkOptions options, NetworkNamespace host)
      : options_(std::move(options)), host_(std::move(host)) {}

  // What a command printed. Unavailable, with its words, when it could not be run or failed.
  // `space` nullptr: this process's own.
  Result<std::string> Run(const NetworkNamespace* space, std::vector<std::string> command,
                          std::string input = "") const;
  Result<std::string> OnHost(std::vector<std::string> command, std::string input = "") const;
  Status ApplyOnHost(const std::vector<LinkChange>& changes) const;
  bool IsHosts(const NetworkNamespace& space, int64_t process_id) const;
  // NotFound when the process has ended, or lives in the host's namespace.
  Result<NetworkNamespace> OpenSandbox(int64_t process_id) const;
  Status SettleSandbox(const NetworkNamespace& sandbox) const;
  Status Connect(const PodAttachment& attachment, const NetworkNamespace& sandbox,
                 const AttachChanges& changes) const;
  Result<AttachChanges> CompileRepairOf(const PodAttachment& attachment,
                                        const HostNetworkConfig& config,
                                        const NetworkNamespace& sandbox) const;
  Status ShieldDevice(const std::string& device) const;
  Status PrepareBridge(const HostNetworkConfig& config) const;
  Status PrepareFirewall(const HostNetworkConfig& config) const;
  const NetworkNamespace* host_space() const;

  KernelNetworkOptions options_;
  NetworkNamespace host_;
};

}  // namespace reconcile
