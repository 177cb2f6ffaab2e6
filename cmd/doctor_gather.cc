#include "cmd/doctor_gather.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <sstream>

#include "base/epoll_loop.h"
#include "base/lines.h"
#include "base/subprocess.h"
#include "base/version.h"
#include "cmd/api_client.h"
#include "cmd/endpoint.h"
#include "cmd/joined.h"
#include "cmd/local_host.h"
#include "cmd/value_at.h"
#include "controller/clock_readings.h"
#include "link/certificates.h"
#include "net/overlay.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kToolTimeoutMs = 5'000;
constexpr int64_t kControllerTimeoutMs = 2'000;
constexpr int64_t kHalfSecondMs = 500;
constexpr time_t kEngineTimeoutSeconds = 5;
constexpr int kDnsPort = 53;
constexpr size_t kMaxOwnersLookedAt = 200'000;  // descriptors of processes
constexpr const char* kReleaseMark = "+reconcile.";

// In a network namespace of its own: nothing of the host's is touched.
constexpr const char* kFirewallProbe = R"(table inet reconcile_doctor {
  map ends { type inet_service : ipv4_addr . inet_service
    elements = { 80 : 192.0.2.1 . 80 } }
  chain before { type nat hook prerouting priority dstnat;
    fib daddr type local counter
    ip daddr 192.0.2.9 tcp dport 80 dnat ip to numgen random mod 2 map { 0 : 192.0.2.1, 1 : 192.0.2.2 }; }
  chain after { type nat hook postrouting priority srcnat; masquerade; }
})";

struct FeatureProbe {
  const char* name;
  std::vector<std::string> command;
  const char* input;
  const char* advice;
};

std::string FirstLine(const std::string& text) {
  const std::vector<std::string_view> lines = SplitLines(text);
  return lines.empty() ? "" : ShortText(lines.front());
}

// "" when the command ends well, else why not.
std::string ProblemOf(std::vector<std::string> command, const std::string& input) {
  SubprocessOptions options;
  options.command = std::move(command);
  options.standard_input = input;
  options.timeout_ms = kToolTimeoutMs;
  const Result<SubprocessOutput> output = RunSubprocess(options);
  if (!output.ok()) return output.status().message();
  if (output->exit_code == 0) return "";
  const std::string line = FirstLine(output->error);
  return line.empty() ? "exit code " + std::to_string(output->exit_code) : line;
}

// What a tool says of its version; "" where there is none.
std::string VersionOf(const std::string& tool) {
  SubprocessOptions options;
  options.command = {tool, "--version"};
  options.timeout_ms = kToolTimeoutMs;
  const Result<SubprocessOutput> output = RunSubprocess(options);
  return output.ok() && output->exit_code == 0 ? FirstLine(output->out) : "";
}

void AddFeatures(DoctorFacts* facts) {
  if (!facts->is_root) {
    facts->features_not_tried = "what the kernel can do is tried by root alone";
    return;
  }
  const auto device = [](const char* type) {
    return std::vector<std::string>{"unshare", "-n", "ip", "link", "add", "rcdoctor", "type", type};
  };
  std::vector<std::string> vxlan = device("vxlan");
  vxlan.insert(vxlan.end(), {"id", "1", "dstport", std::to_string(kOverlayPort)});
  std::vector<std::string> veth = device("veth");
  veth.insert(veth.end(), {"peer", "name", "rcdoctor-far"});
  const std::array probes = {
      FeatureProbe{"nftables",
                   {"unshare", "-n", "nft", "-f", "-"},
                   kFirewallProbe,
                   "Services need nftables with maps, numgen, fib, NAT and masquerade: load or "
                   "build nf_tables, nft_nat, nft_masq, nft_numgen and nft_fib_inet."},
      FeatureProbe{"vxlan devices", vxlan, "",
                   "Pods of other hosts are reached over VXLAN: `modprobe vxlan`, or use "
                   "networkBackend: host-gw on one network segment."},
      FeatureProbe{"veth devices", veth, "", "Pods are connected by them: `modprobe veth`."},
      FeatureProbe{"bridge devices", device("bridge"), "",
                   "Service addresses stand on one: `modprobe bridge`."}};
  for (const FeatureProbe& probe : probes) {
    facts->features.push_back({probe.name, ProblemOf(probe.command, probe.input), probe.advice});
  }
  const std::string forward = ReadTextFile("/proc/sys/net/ipv4/ip_forward");
  facts->features.push_back({"IP forwarding", forward.starts_with('1') ? "" : "off",
                             "It is set when the agent starts; on for good by `sysctl -w "
                             "net.ipv4.ip_forward=1` and in /etc/sysctl.d.",
                             false});
}

Result<Value> AskEngine(httplib::Client* client, const char* path) {
  // Docker takes no path for a host.
  const httplib::Result answer = client->Get(path, httplib::Headers{{"Host", "localhost"}});
  if (!answer) return UnavailableError(httplib::to_string(answer.error()));
  if (answer->status != 200) return UnavailableError("HTTP " + std::to_string(answer->status));
  return ParseJson(answer->body);
}

void AddEngine(const std::string& socket, DoctorFacts* facts, std::string* docker_root) {
  facts->engine.socket = socket;
  httplib::Client client(socket);
  client.set_address_family(AF_UNIX);
  client.set_connection_timeout(kEngineTimeoutSeconds, 0);
  client.set_read_timeout(kEngineTimeoutSeconds, 0);
  const Result<Value> version = AskEngine(&client, "/version");
  const Result<Value> info = AskEngine(&client, "/info");
  if (!version.ok() || !info.ok()) {
    facts->engine.problem = (version.ok() ? info : version).status().message();
    return;
  }
  facts->engine.version = version->GetString("Version");
  facts->engine.api_version = version->GetString("ApiVersion");
  facts->engine.storage_driver = info->GetString("Driver");
  facts->engine.cgroup_driver = info->GetString("CgroupDriver");
  facts->engine.cgroup_version = info->GetString("CgroupVersion", "1");
  facts->engine.live_restore = info->GetBool("LiveRestoreEnabled");
  *docker_root = info->GetString("DockerRootDir");
}

void AddDisk(const std::string& what, std::string path, double least_percent, DoctorFacts* facts) {
  // Of a folder that is not there yet, the one that it will be made in.
  std::error_code error;
  while (path.size() > 1 && !std::filesystem::exists(path, error)) {
    path = std::filesystem::path(path).parent_path().string();
  }
  struct statvfs space {};
  if (path.empty() || ::statvfs(path.c_str(), &space) != 0) return;
  const auto unit = static_cast<int64_t>(space.f_frsize);
  facts->disks.push_back({what, path, static_cast<int64_t>(space.f_blocks) * unit,
                          static_cast<int64_t>(space.f_bavail) * unit,
                          static_cast<int64_t>(space.f_files), static_cast<int64_t>(space.f_favail),
                          least_percent});
}

// The program whose descriptor leads to each of these sockets, by inode.
std::map<std::string, std::string> OwnersOf(const std::vector<ListeningSocket>& sockets) {
  std::map<std::string, std::string> owners;
  for (const ListeningSocket& socket : sockets) owners[socket.inode] = "another program";
  size_t looked_at = 0;
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const std::string id = process.path().filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos) continue;
    for (const auto& fd : std::filesystem::directory_iterator(process.path() / "fd", error)) {
      if (++looked_at > kMaxOwnersLookedAt) return owners;
      const std::string target = std::filesystem::read_symlink(fd.path(), error).string();
      if (!target.starts_with("socket:[")) continue;
      const auto found = owners.find(target.substr(8, target.size() - 9));
      if (found == owners.end()) continue;
      found->second = FirstLine(ReadTextFile((process.path() / "comm").string())) + " (" + id + ")";
    }
  }
  return owners;
}

int PortOf(const std::string& endpoint, int otherwise) {
  const Result<SocketAddress> address = ParseEndpoint(endpoint);
  return address.ok() ? address->port : otherwise;
}

void AddPorts(const Config& config, DoctorFacts* facts) {
  std::vector<ListeningSocket> tcp, udp;
  for (const char* file : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (auto& socket : ParseListeningSockets(ReadTextFile(file), true)) tcp.push_back(socket);
  }
  for (const char* file : {"/proc/net/udp", "/proc/net/udp6"}) {
    for (auto& socket : ParseListeningSockets(ReadTextFile(file), false)) udp.push_back(socket);
  }
  std::vector<ListeningSocket> all = tcp;
  all.insert(all.end(), udp.begin(), udp.end());
  const std::map<std::string, std::string> owners = OwnersOf(all);
  const auto add = [&](DoctorFacts::Port port, const std::vector<ListeningSocket>& sockets,
                       bool any_address_alone) {
    for (const ListeningSocket& socket : sockets) {
      if (socket.port != port.port || (any_address_alone && !socket.on_any_address)) continue;
      port.taken_by = owners.at(socket.inode);
      port.is_ours = port.taken_by.starts_with("reconcile ") || socket.inode == "0";
      // A socket of the kernel's own is the overlay's.
      if (socket.inode == "0") port.taken_by = "the kernel";
    }
    facts->ports.push_back(std::move(port));
  };
  add({"agents and webhooks, of a controller", "tcp", PortOf(config.listen, kDefaultLinkPort), "",
       false, "End it, or set `listen` to another port; agents dial that one."},
      tcp, false);
  if (config.api_listen != "off") {
    const std::string listen = config.api_listen.empty() ? kDefaultApiListen : config.api_listen;
    add({"kubectl, of `up` and `controller`", "tcp", PortOf(listen, 6443), "", false,
         "End it, or set `apiListen` to another port."},
        tcp, false);
  }
  add({"the overlay between hosts (VXLAN)", "udp", kOverlayPort, "", false,
       "End it: flannel and others use this port too, and there can be one of them."},
      udp, false);
  const char* const dns =
      "It has every address of the host, also the one at which pods ask: have "
      "it listen on the addresses that it needs.";
  add({"DNS of pods, on an address of ours", "udp", kDnsPort, "", false, dns}, udp, true);
  add({"DNS of pods, on an address of ours", "tcp", kDnsPort, "", false, dns}, tcp, true);
}

void AddController(const Config& config, DoctorFacts* facts) {
  ApiClient client(config.socket_path);
  client.LimitTo(kControllerTimeoutMs);
  const Result<Value> version = client.Get("/version");
  if (!version.ok()) return;
  facts->controller.answers = true;
  const std::string text = version->GetString("gitVersion");
  const size_t mark = text.find(kReleaseMark);
  facts->controller.version =
      mark == std::string::npos ? text : text.substr(mark + std::strlen(kReleaseMark));
  const Result<Value> nodes = client.Get("/api/v1/nodes");
  if (!nodes.ok()) return;
  for (const Value& node : nodes->GetList("items")) {
    const Value* skewed = ConditionOf(node, kClockSkewed);
    const bool is_wrong = skewed != nullptr && skewed->GetString("status") == "True";
    facts->controller.agents.push_back({TextAt(node, "metadata.name"),
                                        TextAt(node, "status.nodeInfo.kubeletVersion"),
                                        is_wrong ? skewed->GetString("message") : ""});
  }
}

// The Date of what its port answers to anybody. Nothing is told and nothing done by it, and a clock
// that is wrong would find the certificate expired: whose it is is not looked at.
void AddControllerClock(const Config& config, DoctorFacts* facts) {
  std::string controller = config.controller_address;
  if (const Result<Joined> joined = ReadJoined(config.data_folder);
      controller.empty() && joined.ok()) {
    controller = joined->controller;
  }
  const Result<SocketAddress> address = ParseEndpoint(controller);
  if (controller.empty() || !address.ok()) return;
  OtherClock& clock = facts->controller_clock.emplace();
  clock.of = controller;
  httplib::SSLClient client(address->host, address->port);
  client.enable_server_certificate_verification(false);
  client.set_connection_timeout(kControllerTimeoutMs / 1000, 0);
  client.set_read_timeout(kControllerTimeoutMs / 1000, 0);
  const WallTime asked = ReadSystemClock().wall;
  const httplib::Result answer = client.Get("/healthz");
  const WallTime told = ReadSystemClock().wall;
  if (!answer) {
    clock.problem = httplib::to_string(answer.error());
    return;
  }
  const Result<WallTime> date = ParseHttpDate(answer->get_header_value("Date"));
  if (!date.ok()) {
    clock.problem = "an older release, whose answers have no date";
    return;
  }
  // It is cut to the second, and was read on the way.
  clock.ahead_ms = asked.ms + (told.ms - asked.ms) / 2 - (date->ms + kHalfSecondMs);
}

void AddNameservers(DoctorFacts* facts) {
  const std::string text = ReadResolvConf();
  for (const std::string_view line : SplitLines(text)) {
    std::istringstream words{std::string(line)};
    std::string key, server;
    if (!(words >> key >> server) || key != "nameserver") continue;
    const bool is_loopback = server.starts_with("127.") || server == "::1";
    if (!is_loopback) facts->nameservers.push_back(server);
  }
}

void AddDataFolder(const Config& config, DoctorFacts* facts) {
  facts->data_folder = config.data_folder;
  struct stat info {};
  if (::lstat(config.data_folder.c_str(), &info) != 0) {
    if (errno == ENOENT) {
      facts->data_folder += ": not there yet; it is made at the first start";
    } else {
      facts->data_folder_problem = config.data_folder + ": " + std::strerror(errno);
    }
    return;
  }
  if (!S_ISDIR(info.st_mode)) {
    facts->data_folder_problem = config.data_folder + " is no folder";
  } else if ((info.st_mode & 077) != 0) {
    facts->data_folder_problem = config.data_folder + " is open to other users";
  } else if (facts->is_root && info.st_uid != 0) {
    facts->data_folder_problem =
        config.data_folder + " belongs to user " + std::to_string(info.st_uid);
  }
  const std::string pem = ReadTextFile(config.data_folder + "/link/node.pem");
  if (pem.empty()) return;
  const Result<PeerCertificate> certificate = ReadPeerCertificate(pem);
  if (certificate.ok()) facts->certificate_ends = certificate->not_after;
}

}  // namespace

DoctorFacts GatherDoctorFacts(const Config& config) {
  DoctorFacts facts;
  facts.version = std::string(kVersion);
  facts.is_root = ::geteuid() == 0;
  std::string docker_root;
  AddEngine(config.docker_socket, &facts, &docker_root);
  AddFeatures(&facts);
  AddPorts(config, &facts);
  AddDisk("the data folder", config.data_folder, 10, &facts);
  if (!docker_root.empty()) AddDisk("images", docker_root, 15, &facts);
  struct timex clock {};
  const int state = ::adjtimex(&clock);
  if (state >= 0) facts.clock_synchronized = (clock.status & STA_UNSYNC) == 0;
  AddController(config, &facts);
  AddControllerClock(config, &facts);
  facts.iptables_version = VersionOf("iptables");
  facts.nft_version = VersionOf("nft");
  // What the agent would take.
  const LocalHost host = ReadLocalHost();
  facts.uplink_address = config.node_address.empty() ? host.address : config.node_address;
  facts.uplink_mtu = host.mtu;
  AddNameservers(&facts);
  AddDataFolder(config, &facts);
  return facts;
}

}  // namespace reconcile
