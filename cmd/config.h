#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/image_collection.h"
#include "agent/pressure.h"
#include "base/status.h"
#include "controller/controller.h"
#include "net/dns/forwarder.h"
#include "schema/codec.h"

namespace reconcile {

// Each remote one may hold a thread and a folder of its own.
inline constexpr size_t kMaxSources = 64;
inline constexpr size_t kMaxStubDomains = 64;

// What /etc/reconcile/*.yaml and flags say (docs/cli.md lists the keys). `up`, `controller` and
// `agent` obey their parts of it; the other commands find the controller, its data and Docker by
// it.
struct Config {
  std::string data_folder = "/var/lib/reconcile";
  std::string socket_path = "/run/reconcile/reconcile.sock";
  std::string docker_socket = "/var/run/docker.sock";
  std::string node_name;     // the host name when empty
  std::string node_address;  // of the interface with the default route when empty
  StringMap node_labels;
  std::string listen = "0.0.0.0:7443";  // `controller`: for agents and webhooks
  std::string api_listen;               // for kubectl, or "off"; kDefaultApiListen when empty
  std::string advertise;                // what agents dial; this host's address when empty
  std::string controller_address;       // `agent`: whom to dial; as remembered when empty
  std::string pod_cidr;                 // of a cluster that begins; the cluster's own when empty
  std::string service_cidr;     // likewise, of a cluster whose Services have no addresses yet
  std::string cluster_domain;   // the cluster's own when empty
  std::string network_backend;  // likewise
  // `agent`: whom this host's DNS asks for names that are not the cluster's; those of the host's
  // resolv.conf when empty.
  std::vector<DnsUpstream> dns_upstreams;
  std::vector<StubDomain> stub_domains;  // and for names in these domains
  std::string log_level = "info";
  std::string log_format = "text";
  std::vector<SourceConfig> sources;
  BreakerLimits breaker;
  int64_t silent_after_ms = 15'000;   // without a word of its agent a host is NotReady
  PressureLimits pressure;            // of `up` and `agent`: when this host is short of something
  ImageLimits images;                 // likewise: when images go
  int64_t replace_after_ms = 15'000;  // from then on until its pods are replaced
};

// What is wrong with a setting's value, for a person; empty when nothing is. For files and flags.
std::string CheckPodCidr(const std::string& text);
std::string CheckServiceCidr(const std::string& text);
std::string CheckClusterDomain(const std::string& text);
std::string CheckNetworkBackend(const std::string& text);
std::string CheckLogLevel(const std::string& text);
std::string CheckLogFormat(const std::string& text);
std::string CheckNodeName(const std::string& text);
std::string CheckNodeAddress(const std::string& text);
std::string CheckSocketPath(const std::string& text);

// Reads one YAML text into `config`, over what is there. Strict: unknown keys, wrong types and
// duplicate keys are problems with file, line and column.
void ReadConfig(std::string_view text, const std::string& file, Config* config, Problems* problems);

}  // namespace reconcile
