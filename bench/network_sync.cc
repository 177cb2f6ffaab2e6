// A host's network brought to what the agent is told, as the agent does it (net/kernel_sync.h, and
// DNS): many Services from nothing, and a change of one of them. It is for a network namespace of
// its own with a device `eth0` that has kHostAddress: bench/net makes one. Needs root.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "net/dns/name_server.h"
#include "net/ipam.h"
#include "net/kernel_sync.h"

namespace reconcile {
namespace {

constexpr char kHostAddress[] = "192.0.2.11";
constexpr uint32_t kFirstServiceAddress = 0x0a600100;  // 10.96.1.0
constexpr int kEndpoints = 2;                          // of a Service, before it is changed

// Of a benchmark that cannot go on nobody needs the rest.
void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "network_sync: %s\n", status.message().c_str());
  std::exit(1);
}

std::string PodAddress(int service, int endpoint) {
  return "10.42." + std::to_string((service + endpoint) % 3) + "." +
         std::to_string(2 + (service / 3 + endpoint) % 250);
}

std::shared_ptr<Service> ServiceNumber(int number) {
  auto service = std::make_shared<Service>();
  service->metadata.name = "service-" + std::to_string(number);
  service->metadata.namespace_name = "team-" + std::to_string(number % 50);
  service->spec.cluster_ip = FormatIpv4(kFirstServiceAddress + static_cast<uint32_t>(number));
  service->spec.ports.push_back({.name = "http", .port = 80, .target_port = {}, .others = {}});
  return service;
}

std::shared_ptr<EndpointSlice> SliceOf(const Service& service, int number, int endpoints) {
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.name = service.metadata.name + "-a";
  slice->metadata.namespace_name = service.metadata.namespace_name;
  slice->metadata.labels = {{kServiceNameLabel, service.metadata.name}};
  slice->ports.push_back({.name = "http", .port = 8080, .others = {}});
  for (int i = 0; i < endpoints; ++i) {
    Endpoint endpoint;
    endpoint.addresses = {PodAddress(number, i)};
    slice->endpoints.push_back(std::move(endpoint));
  }
  return slice;
}

ClusterNetwork NetworkOf(int services) {
  ClusterNetwork network;
  network.cluster_domain = "cluster.local";
  for (int i = 0; i < 3; ++i) {
    network.peers.push_back({"host-" + std::to_string(i + 1), "192.0.2." + std::to_string(11 + i),
                             "10.42." + std::to_string(i) + ".0/24"});
  }
  for (int i = 0; i < services; ++i) {
    const auto service = ServiceNumber(i);
    network.services.push_back(service);
    network.endpoint_slices.push_back(SliceOf(*service, i, kEndpoints));
  }
  return network;
}

// A host, and how long it takes to bring it anywhere.
class Bench {
 public:
  explicit Bench(int services) : network_(NetworkOf(services)) {
    config_.cluster_pod_cidr = "10.42.0.0/16";
    config_.node_pod_cidr = "10.42.0.0/24";
    config_.mtu = 1450;
    config_.service_cidr = "10.96.0.0/16";
    config_.host_address = kHostAddress;
    Result<KernelHost> host = KernelHost::Open(KernelNetworkOptions());
    Must(host.status());
    host_ = std::make_unique<KernelHost>(std::move(host).value());
    Must(host_->Prepare(config_));
    const auto nothing = [] { return std::string(); };
    names_ = std::make_unique<NameServer>(NameServerOptions{"", nothing, nothing, {}});
  }

  // From a host that has no rules of ours for Services. Milliseconds, as below.
  double Load() {
    Must(host_->LoadRules(CompileRemoveServiceRules()));
    synced_ = SyncedNetwork();
    return Sync();
  }
  // One more endpoint for a Service, another one each time.
  double Change(int turn) {
    const size_t count = network_.services.size();
    const size_t at = static_cast<size_t>(turn) * 7919 % count;
    const int number = static_cast<int>(at);
    const auto before = network_.endpoint_slices[at]->endpoints.size();
    network_.endpoint_slices[at] =
        SliceOf(*network_.services[at], number, static_cast<int>(before) + 1);
    return Sync();
  }

 private:
  double Sync() {
    const NetworkState state{"host-1", std::make_shared<const ClusterNetwork>(network_), {}};
    const auto serve = [this](const HostNetworkConfig& config, const NetworkState& now) {
      return names_->Serve(config, now);
    };
    const auto begin = std::chrono::steady_clock::now();
    Result<SyncedNetwork> synced = SyncNetwork(*host_, config_, state, synced_, &tables_, serve);
    const std::chrono::duration<double, std::milli> taken =
        std::chrono::steady_clock::now() - begin;
    Must(synced.status());
    synced_ = std::move(synced).value();
    return taken.count();
  }

  ClusterNetwork network_;
  HostNetworkConfig config_;
  std::unique_ptr<KernelHost> host_;
  std::unique_ptr<NameServer> names_;
  SyncedNetwork synced_;
  ServiceTables tables_;
};

void Print(const char* what, const std::vector<double>& times) {
  std::printf("%s", what);
  for (const double time : times) std::printf(" %.2f", time);
  std::printf("\n");
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  CLI::App app("Loads Services into this network namespace, and changes one of them.");
  int services = 10'000;
  int loads = 5;
  int changes = 31;
  app.add_option("--services", services)->check(CLI::Range(1, 60'000));
  app.add_option("--loads", loads)->check(CLI::Range(1, 1'000));
  app.add_option("--changes", changes)->check(CLI::Range(1, 1'000));
  CLI11_PARSE(app, argc, argv);
  Bench bench(services);
  std::vector<double> times;
  for (int i = 0; i < loads; ++i) times.push_back(bench.Load());
  Print("load", times);
  times.clear();
  for (int i = 0; i < changes; ++i) times.push_back(bench.Change(i));
  Print("change", times);
  return 0;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) { return reconcile::Main(argc, argv); }
