#include "net/dns/name_server.h"

#include "net/dns/cluster_zone.h"
#include "net/dns/resolv_conf.h"
#include "net/overlay.h"

namespace reconcile {
namespace {

constexpr int64_t kListenWaitMs = 500;  // for a server that begins

}  // namespace

std::vector<std::string> NameServer::Serve(const HostNetworkConfig& config,
                                           const NetworkState& state) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> problems;
  if (config.service_cidr.empty()) return problems;
  const Result<std::string> address = DnsAddress(config.service_cidr);
  if (!address.ok()) return {"DNS: " + address.status().message()};
  if (server_ == nullptr || address_ != *address) {
    server_.reset();  // its address first
    DnsServerOptions options;
    options.address = *address;
    options.network_namespace_path = options_.network_namespace_path;
    server_ = std::make_unique<DnsServer>(options);
    address_ = *address;
    read_from_.clear();
    served_.reset();
  }
  Forward(*address, &problems);
  const bool is_same = served_ != nullptr && served_for_ == config &&
                       (served_ == state.cluster || HasSameNames(*served_, *state.cluster));
  if (is_same) served_ = state.cluster;
  if (!is_same) {
    Result<std::shared_ptr<const DnsZone>> zone =
        MakeClusterZone(config, *state.cluster, &services_);
    if (zone.ok()) {
      server_->SetZone(std::move(zone).value());
      served_ = state.cluster;
      served_for_ = config;
    } else {
      problems.push_back("DNS: " + zone.status().message());
    }
  }
  const std::string problem = server_->ProblemAfter(kListenWaitMs);
  if (!problem.empty()) problems.push_back("DNS: " + problem);
  return problems;
}

std::optional<DnsStatistics> NameServer::statistics() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (server_ == nullptr) return std::nullopt;
  return server_->statistics();
}

// The host's resolvers may have become others since.
void NameServer::Forward(const std::string& own_address, std::vector<std::string>* problems) {
  const std::string etc = options_.read_resolv_conf ? options_.read_resolv_conf() : "";
  const std::string systemd =
      options_.read_systemd_resolv_conf ? options_.read_systemd_resolv_conf() : "";
  const std::string from = etc + '\0' + systemd;
  if (from == read_from_) return;
  std::vector<DnsUpstream> upstreams = options_.upstreams;
  if (upstreams.empty()) upstreams = PickUpstreams(etc, systemd, own_address);
  std::vector<StubDomain> stub_domains = options_.stub_domains;
  // A server that asks itself never ends.
  const auto is_own = [&](const DnsUpstream& upstream) { return upstream.address == own_address; };
  size_t own = std::erase_if(upstreams, is_own);
  for (StubDomain& stub : stub_domains) own += std::erase_if(stub.upstreams, is_own);
  if (own > 0) {
    problems->push_back("DNS: it is not asked itself: take " + own_address +
                        " out of this host's settings dns.upstreamNameservers and dns.stubDomains");
  }
  Result<std::shared_ptr<const DnsForwarding>> forwarding =
      DnsForwarding::Make(std::move(upstreams), stub_domains);
  if (!forwarding.ok()) {
    problems->push_back("DNS: whom this host asks: " + forwarding.status().message());
    return;
  }
  server_->SetForwarding(std::move(forwarding).value());
  if (own == 0) read_from_ = from;
}

}  // namespace reconcile
