#include <cstdio>
#include <fstream>
#include <iterator>

#include "net/kernel_host.h"

namespace reconcile {
namespace {

template <typename T>
Status Take(const Result<std::string>& printed, Result<T> (*parse)(std::string_view), T* seen) {
  if (!printed.ok()) return printed.status();
  Result<T> parsed = parse(*printed);
  if (!parsed.ok()) return parsed.status();
  *seen = std::move(parsed).value();
  return OkStatus();
}

}  // namespace

Result<OverlaySeen> KernelHost::LookAtOverlay() const {
  const std::string device(kOverlayDevice);
  OverlaySeen seen;
  RETURN_IF_ERROR(
      Take(OnHost({"ip", "-json", "-details", "link", "show"}), ParseLinks, &seen.links));
  RETURN_IF_ERROR(Take(OnHost({"ip", "-json", "-4", "route", "show"}), ParseRoutes, &seen.routes));
  RETURN_IF_ERROR(
      Take(OnHost({"ip", "-json", "-4", "address", "show"}), ParseAddresses, &seen.addresses));
  if (FindLink(seen.links, kOverlayDevice) == nullptr) return seen;
  RETURN_IF_ERROR(Take(OnHost({"ip", "-json", "-4", "neighbour", "show", "dev", device}),
                       ParseNeighbours, &seen.neighbours));
  RETURN_IF_ERROR(Take(OnHost({"bridge", "-json", "fdb", "show", "dev", device}), ParseForwarding,
                       &seen.entries));
  return seen;
}

Result<OverlayChanges> KernelHost::SyncOverlay(const HostNetworkConfig& config,
                                               const std::string& node,
                                               const std::vector<NetworkPeer>& peers) const {
  const Result<OverlaySeen> seen = LookAtOverlay();
  if (!seen.ok()) return seen.status();
  Result<OverlayChanges> changes = CompileOverlay(config, node, peers, *seen);
  if (!changes.ok()) return changes.status();
  // What somebody deletes meanwhile is seen by the next look.
  const Status applied = AsUnavailable(ApplyOnHost(changes->changes));
  if (!applied.ok()) return applied;
  RETURN_IF_ERROR(ShieldOverlay());
  return changes;
}

// Its packets are forwarded, whatever the host does by default, and it has no IPv6.
Status KernelHost::ShieldOverlay() const {
  const std::string device(kOverlayDevice);
  const Status forwards = host_.WriteSetting("ipv4/conf/" + device + "/forwarding", "1");
  if (forwards.code() == StatusCode::kNotFound) return OkStatus();  // there is no such device
  RETURN_IF_ERROR(forwards);
  RETURN_IF_ERROR(host_.WriteSetting("ipv4/conf/" + device + "/rp_filter", "1"));
  const Status ipv6 = host_.WriteSetting("ipv6/conf/" + device + "/disable_ipv6", "1");
  return ipv6.code() == StatusCode::kNotFound ? OkStatus() : ipv6;
}

Status KernelHost::RemoveOverlay() const {
  OverlaySeen seen;
  RETURN_IF_ERROR(
      Take(OnHost({"ip", "-json", "-details", "link", "show"}), ParseLinks, &seen.links));
  RETURN_IF_ERROR(Take(OnHost({"ip", "-json", "-4", "route", "show"}), ParseRoutes, &seen.routes));
  for (const LinkChange& change : CompileRemoveOverlay(seen.links, seen.routes)) {
    const Status status = ApplyOnHost({change});
    if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  }
  return OkStatus();
}

// Replaced as a whole: others read it at any time.
Status KernelHost::WriteSubnetFile(const HostNetworkConfig& config) const {
  const std::string& path = options_.subnet_file;
  if (path.empty()) return OkStatus();
  const std::string text = SubnetFile(config);
  std::ifstream there(path, std::ios::binary);
  if (std::string(std::istreambuf_iterator<char>(there), {}) == text) return OkStatus();
  const std::string beside = path + ".new";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file.fail()) return ErrnoError("write", beside);
  if (::rename(beside.c_str(), path.c_str()) != 0) return ErrnoError("replace", path);
  return OkStatus();
}

Status KernelHost::LoadRules(const std::string& rules) const {
  if (rules.empty()) return OkStatus();
  if (watch_ != nullptr) watch_->ExpectChange();
  const Status loaded = OnHost({"nft", "-f", "-"}, rules).status();
  if (!loaded.ok() && watch_ != nullptr) watch_->ExpectNoChange();
  return loaded;
}

Status KernelHost::FlushFlows(const std::vector<StaleFlow>& flows) const {
  constexpr size_t kMaxFlushed = 1'000;  // of one change; a process each
  for (size_t i = 0; i < flows.size() && i < kMaxFlushed; ++i) {
    const StaleFlow& flow = flows[i];
    std::vector<std::string> command = {"conntrack",       "--delete",
                                        "--proto",         "udp",
                                        "--orig-port-dst", std::to_string(flow.address.port),
                                        "--reply-src",     FormatIpv4(flow.endpoint)};
    if (flow.address.address != 0) {
      command.insert(command.end(), {"--orig-dst", FormatIpv4(flow.address.address)});
    }
    RETURN_IF_ERROR(
        Run(host_space(), std::move(command), "", {0, 1}).status());  // 1: there was none
  }
  return OkStatus();
}

}  // namespace reconcile
