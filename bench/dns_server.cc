// The cluster's DNS server alone, for bench/dns: services from a file of lines
//   cluster-ip NAMESPACE NAME ADDRESS [NAME/PROTOCOL/PORT...]
//   headless NAMESPACE NAME [ADDRESS...]
//   external NAMESPACE NAME TARGET
// It ends when its standard input does.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/check.h"
#include "net/dns/server.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

uint32_t AddressOf(const std::string& text) {
  const Result<uint32_t> address = ParseIpv4(text);
  CHECK(address.ok());
  return *address;
}

DnsPort PortOf(const std::string& word) {
  const size_t first = word.find('/');
  const size_t second = word.rfind('/');
  CHECK(first != second && second != std::string::npos);
  return {word.substr(0, first), word.substr(first + 1, second - first - 1),
          static_cast<uint16_t>(std::stoi(word.substr(second + 1)))};
}

std::shared_ptr<const DnsService> ServiceOf(const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  std::string word;
  auto service = std::make_shared<DnsService>();
  words >> kind >> service->namespace_name >> service->name;
  if (kind == "cluster-ip") {
    words >> word;
    service->address = AddressOf(word);
    while (words >> word) service->ports.push_back(PortOf(word));
  } else if (kind == "headless") {
    service->kind = DnsServiceKind::kHeadless;
    while (words >> word) service->endpoints.push_back({AddressOf(word), "", {}});
  } else {
    CHECK(kind == "external");
    service->kind = DnsServiceKind::kExternalName;
    words >> service->external_name;
  }
  return service;
}

double MillisecondsSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
      .count();
}

// One changed service: the whole zone made anew, as the agent does, and the one before dropped. The
// median in milliseconds.
double TimeOfOneChange(const DnsZoneConfig& config, DnsZone::Services services) {
  constexpr size_t kRounds = 51;
  std::vector<double> times;
  std::shared_ptr<const DnsZone> zone = DnsZone::Make(config, services).value();
  while (times.size() < kRounds) {
    auto changed = std::make_shared<DnsService>(*services[services.size() / 2]);
    ++changed->address;
    const auto begin = std::chrono::steady_clock::now();
    services[services.size() / 2] = std::move(changed);
    zone = DnsZone::Make(config, services).value();
    times.push_back(MillisecondsSince(begin));
  }
  std::sort(times.begin(), times.end());
  return times[kRounds / 2];
}

int Main(int argc, char** argv) {
  CLI::App app("The cluster's DNS server alone.");
  DnsServerOptions options;
  std::string file;
  std::string upstream;
  uint16_t upstream_port = 53;
  app.add_option("--address", options.address)->required();
  app.add_option("--port", options.port);
  app.add_option("--services", file)->required();
  app.add_option("--upstream", upstream);
  app.add_option("--upstream-port", upstream_port);
  CLI11_PARSE(app, argc, argv);

  DnsZone::Services services;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) services.push_back(ServiceOf(line));
  CHECK(!services.empty());
  DnsZoneConfig config;
  config.reverse_ranges = {*Cidr::Parse("10.96.0.0/16"), *Cidr::Parse("10.42.0.0/16")};
  DnsServer server(options);
  const auto begin = std::chrono::steady_clock::now();
  server.SetZone(DnsZone::Make(config, services).value());
  std::printf("zone of %zu services made in %.2f ms; ", services.size(), MillisecondsSince(begin));
  std::printf("one service changed: %.2f ms\n", TimeOfOneChange(config, services));
  if (!upstream.empty()) {
    server.SetForwarding(DnsForwarding::Make({{upstream, upstream_port}}, {}).value());
  }
  std::fflush(stdout);
  char byte = 0;
  while (::read(STDIN_FILENO, &byte, 1) > 0) continue;
  const DnsStatistics statistics = server.statistics();
  std::printf("%llu queries, %llu answered, %llu refused%s\n",
              static_cast<unsigned long long>(statistics.queries),
              static_cast<unsigned long long>(statistics.answers[0]),
              static_cast<unsigned long long>(statistics.answers[5]), server.problem().c_str());
  return 0;
}

}  // namespace
}  // namespace reconcile

int main(int argc, char** argv) { return reconcile::Main(argc, argv); }
