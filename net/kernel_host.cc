#include "net/kernel_host.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/subprocess.h"
#include "net/netlink.h"

namespace reconcile {
namespace {

constexpr size_t kMaxOutputBytes = 16 << 20;  // a firewall of tens of thousands of rules

// Where Debian and Ubuntu keep system programs; a service's PATH may lack the sbin folders.
constexpr std::array<std::string_view, 4> kProgramFolders = {"/usr/sbin/", "/sbin/", "/usr/bin/",
                                                             "/bin/"};

std::string Trim(std::string_view text) {
  const size_t end = text.find_last_not_of(" \n\t");
  return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

}  // namespace

std::string KernelHost::FindProgram(std::string_view name) {
  for (const std::string_view folder : kProgramFolders) {
    std::string path = std::string(folder) + std::string(name);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return "";
}

Result<KernelHost> KernelHost::Open(const KernelNetworkOptions& options) {
  const std::string& path = options.network_namespace_path;
  Result<NetworkNamespace> host =
      path.empty() ? NetworkNamespace::OfThisThread() : NetworkNamespace::Open(path);
  if (!host.ok()) return host.status();
  KernelHost opened(options, std::move(host).value());
  if (options.watch_fd) {
    Result<std::unique_ptr<NetworkWatch>> watch = NetworkWatch::Open(opened.host_);
    if (!watch.ok()) return watch.status();
    opened.watch_ = std::move(watch).value();
  }
  return opened;
}

const NetworkNamespace* KernelHost::host_space() const {
  return options_.network_namespace_path.empty() ? nullptr : &host_;
}

Result<std::string> KernelHost::Run(const NetworkNamespace* space, std::vector<std::string> command,
                                    std::string input, const std::vector<int>& codes) const {
  const std::string name = command.front();
  command.front() = FindProgram(name);
  if (command.front().empty()) return UnavailableError(name + " is not installed");
  if (space != nullptr) {
    const std::string nsenter = FindProgram("nsenter");
    if (nsenter.empty()) return UnavailableError("nsenter is not installed");
    command.insert(command.begin(), {nsenter, "--net=" + space->Path(), "--"});
  }
  SubprocessOptions options;
  options.command = std::move(command);
  options.standard_input = std::move(input);
  options.timeout_ms = options_.command_timeout_ms;
  options.max_output_bytes = kMaxOutputBytes;
  options.clear_environment = true;
  Result<SubprocessOutput> output = RunSubprocess(options);
  if (!output.ok()) return output.status().WithContext(name);
  if (std::find(codes.begin(), codes.end(), output->exit_code) == codes.end()) {
    return UnavailableError(name + " failed with exit code " + std::to_string(output->exit_code) +
                            ": " + Trim(output->error));
  }
  return std::move(output->out);
}

Result<std::string> KernelHost::OnHost(std::vector<std::string> command, std::string input) const {
  return Run(host_space(), std::move(command), std::move(input));
}

Status KernelHost::ApplyOnHost(const std::vector<LinkChange>& changes) const {
  if (changes.empty()) return OkStatus();
  Result<Netlink> host = Netlink::Open(host_, options_.command_timeout_ms);
  return host.ok() ? host->Apply(changes) : host.status();
}

Status KernelHost::Prepare(const HostNetworkConfig& config) const {
  RETURN_IF_ERROR(HostAddress(config).status());
  RETURN_IF_ERROR(CheckRanges(config));
  RETURN_IF_ERROR(host_.WriteSetting("ipv4/ip_forward", "1"));
  RETURN_IF_ERROR(PrepareBridge(config));
  RETURN_IF_ERROR(LoadRules(CompileHostRules(config)));
  RETURN_IF_ERROR(WriteSubnetFile(config));
  return PrepareFirewall(config);
}

Status KernelHost::CheckRanges(const HostNetworkConfig& config) const {
  const Result<std::string> printed = OnHost({"ip", "-json", "-4", "route", "show"});
  if (!printed.ok()) return printed.status();
  const Result<std::vector<RouteSeen>> routes = ParseRoutes(*printed);
  if (!routes.ok()) return routes.status();
  const std::string clash = RangeClash(config, *routes);
  return clash.empty() ? OkStatus() : UnavailableError(clash);  // somebody may take it away
}

Status KernelHost::PrepareBridge(const HostNetworkConfig& config) const {
  const Result<std::string> links = OnHost({"ip", "-json", "-details", "link", "show"});
  if (!links.ok()) return links.status();
  const Result<std::string> addresses = OnHost({"ip", "-json", "-4", "address", "show"});
  if (!addresses.ok()) return addresses.status();
  const Result<std::vector<LinkSeen>> links_seen = ParseLinks(*links);
  if (!links_seen.ok()) return links_seen.status();
  const Result<std::vector<AddressSeen>> addresses_seen = ParseAddresses(*addresses);
  if (!addresses_seen.ok()) return addresses_seen.status();
  const Result<std::vector<LinkChange>> changes =
      CompileHostBridge(config, *links_seen, *addresses_seen);
  if (!changes.ok()) return changes.status();
  return AsUnavailable(ApplyOnHost(*changes));
}

bool KernelHost::IsHosts(const NetworkNamespace& space, int64_t process_id) const {
  if (space.IsSameAs(host_)) return true;
  const Result<NetworkNamespace> own = NetworkNamespace::OfThisThread();
  // Its parent is the engine's, whose namespace need not be the agent's.
  const Result<NetworkNamespace> parents = NetworkNamespace::OfParentOf(process_id);
  const bool hidden = parents.status().code() == StatusCode::kNotFound;
  return !own.ok() || space.IsSameAs(*own) || (parents.ok() ? space.IsSameAs(*parents) : !hidden);
}

Result<NetworkNamespace> KernelHost::OpenSandbox(int64_t process_id) const {
  const std::string process = "process " + std::to_string(process_id);
  Result<NetworkNamespace> sandbox = NetworkNamespace::OfProcess(process_id);
  if (!sandbox.ok()) {
    return NotFoundError("its " + process +
                         " has ended: there is no network namespace to attach (" +
                         sandbox.status().message() + ")");
  }
  if (!IsHosts(*sandbox, process_id)) return sandbox;
  // It has ended, and its process id was given to a process of the host itself.
  return NotFoundError(process + ", by its id the pod's, lives in the host's network " +
                       "namespace: nothing is attached to it");
}

Result<UniqueFd> KernelHost::OpenTcpSocket(int64_t process_id) const {
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  if (process_id == 0) return host_.OpenSocket(AF_INET, kType, 0);
  const Result<NetworkNamespace> sandbox = OpenSandbox(process_id);
  RETURN_IF_ERROR(sandbox.status());
  return sandbox->OpenSocket(AF_INET, kType, 0);
}

Status KernelHost::Attach(const PodAttachment& attachment, const HostNetworkConfig& config) const {
  const std::string pod = "pod " + attachment.pod_uid;
  const Result<AttachChanges> changes = CompileAttach(attachment, config, host_.Path());
  if (!changes.ok()) return changes.status();
  const Result<NetworkNamespace> sandbox = OpenSandbox(attachment.process_id);
  if (!sandbox.ok()) return sandbox.status().WithContext(pod);
  RETURN_IF_ERROR(
      SettleSandbox(*sandbox, attachment.own_settings).WithContext(pod + ", in its sandbox"));
  Status status = Connect(attachment, *sandbox, *changes);
  if (status.code() == StatusCode::kConflict) {  // something is there
    const Result<AttachChanges> repair = CompileRepairOf(attachment, config, *sandbox);
    if (!repair.ok()) return repair.status().WithContext(pod);
    status = Connect(attachment, *sandbox, *repair);
  }
  return AsUnavailable(status).WithContext(pod);
}

// Packets pass once the host's end is up; the pod's programs know of it by the last change.
Status KernelHost::Connect(const PodAttachment& attachment, const NetworkNamespace& sandbox,
                           const AttachChanges& changes) const {
  Result<Netlink> host = Netlink::Open(host_, options_.command_timeout_ms);
  if (!host.ok()) return host.status();
  Result<Netlink> inside = Netlink::Open(sandbox, options_.command_timeout_ms);
  if (!inside.ok()) return inside.status().WithContext("in its sandbox");
  RETURN_IF_ERROR(host->Apply(changes.remove));
  RETURN_IF_ERROR(inside->Apply(changes.sandbox).WithContext("in its sandbox"));
  RETURN_IF_ERROR(ShieldDevice(HostDeviceName(attachment.pod_uid)));
  RETURN_IF_ERROR(host->Apply(changes.host));
  return inside->Apply(changes.wake).WithContext("in its sandbox");
}

// What Docker's network code sets in a namespace that it makes, so that pods are the same in one
// that it has no part in: anybody may listen on low ports and ping, and there is no IPv6. What a
// pod asks for itself stays.
Status KernelHost::SettleSandbox(const NetworkNamespace& sandbox,
                                 const std::vector<std::string>& own_settings) const {
  constexpr std::array<std::pair<const char*, const char*>, 3> kSettings = {{
      {"ipv4/ip_unprivileged_port_start", "0"},
      {"ipv4/ping_group_range", "0\t2147483647"},
      {"ipv6/conf/all/disable_ipv6", "1"},
  }};
  // The last one has the kernel spin until nobody changes devices anywhere; a change waits asleep,
  // and right after it the way is mostly free. Where many pods come and go it was a quarter of the
  // agent's time.
  Result<Netlink> inside = Netlink::Open(sandbox, options_.command_timeout_ms);
  if (!inside.ok()) return inside.status();
  RETURN_IF_ERROR(inside->Apply(std::vector<LinkChange>{SetUp{"lo"}}));
  for (const auto& [name, value] : kSettings) {
    std::string with_dots = std::string("net/") + name;
    std::replace(with_dots.begin(), with_dots.end(), '/', '.');
    if (std::count(own_settings.begin(), own_settings.end(), with_dots) > 0) continue;
    const Status status = sandbox.WriteSetting(name, value);
    const bool unknown = status.code() == StatusCode::kNotFound;  // to this kernel
    if (!status.ok() && !unknown) return status;
  }
  return OkStatus();
}

Result<AttachChanges> KernelHost::CompileRepairOf(const PodAttachment& attachment,
                                                  const HostNetworkConfig& config,
                                                  const NetworkNamespace& sandbox) const {
  const std::vector<std::string> show_links = {"ip", "-json", "-details", "link", "show"};
  const Result<std::string> host_links = OnHost(show_links);
  if (!host_links.ok()) return host_links.status();
  const Result<std::string> sandbox_links = Run(&sandbox, show_links);
  if (!sandbox_links.ok()) return sandbox_links.status();
  const Result<std::string> routes =
      OnHost({"ip", "-json", "-4", "route", "show", attachment.address + "/32"});
  if (!routes.ok()) return routes.status();
  const Result<std::vector<LinkSeen>> host_seen = ParseLinks(*host_links);
  if (!host_seen.ok()) return host_seen.status();
  const Result<std::vector<LinkSeen>> sandbox_seen = ParseLinks(*sandbox_links);
  if (!sandbox_seen.ok()) return sandbox_seen.status();
  const Result<std::vector<RouteSeen>> routes_seen = ParseRoutes(*routes);
  if (!routes_seen.ok()) return routes_seen.status();
  return CompileRepair(attachment, config, host_.Path(), {*host_seen, *sandbox_seen, *routes_seen});
}

// A pod may send only from its own address (strict reverse path), is forwarded, and cannot make the
// host take IPv6 routers' advertisements from it (CVE-2020-13597).
Status KernelHost::ShieldDevice(const std::string& device) const {
  RETURN_IF_ERROR(host_.WriteSetting("ipv4/conf/" + device + "/forwarding", "1"));
  RETURN_IF_ERROR(host_.WriteSetting("ipv4/conf/" + device + "/rp_filter", "1"));
  const Status ipv6 = host_.WriteSetting("ipv6/conf/" + device + "/disable_ipv6", "1");
  return ipv6.code() == StatusCode::kNotFound ? OkStatus() : ipv6;  // a kernel without IPv6
}

Status KernelHost::Detach(const std::string& pod_uid) const {
  // The other end, and the route, go with it; it went itself when the sandbox ended.
  const Status status = ApplyOnHost({DeleteLink{HostDeviceName(pod_uid)}});
  return status.code() == StatusCode::kNotFound ? OkStatus() : status.WithContext("pod " + pod_uid);
}

Result<std::vector<std::string>> KernelHost::List() const {
  const Result<std::string> printed = OnHost({"ip", "-json", "-4", "route", "show"});
  if (!printed.ok()) return printed.status();
  const Result<std::vector<RouteSeen>> routes = ParseRoutes(*printed);
  if (!routes.ok()) return routes.status();
  return AttachedAddresses(*routes);
}

Status KernelHost::RemoveAll() const {
  const Result<std::string> printed = OnHost({"ip", "-json", "-details", "link", "show"});
  if (!printed.ok()) return printed.status();
  const Result<std::vector<LinkSeen>> links = ParseLinks(*printed);
  if (!links.ok()) return links.status();
  for (const LinkSeen& link : *links) {
    // One by one: a device that went by itself meanwhile must not keep the others.
    const Status status = ApplyOnHost(CompileRemoveDevices({link}));
    if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  }
  RETURN_IF_ERROR(RemoveOverlay());
  RETURN_IF_ERROR(LoadRules(CompileRemoveRules()));
  RETURN_IF_ERROR(LoadRules(CompileRemoveOverlayRules()));
  RETURN_IF_ERROR(LoadRules(CompileRemoveServiceRules()));
  return RemoveFirewall();
}

}  // namespace reconcile
