#include "cmd/local_host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <sstream>

#include "agent/kernel_text.h"
#include "net/dns/resolv_conf.h"

namespace reconcile {
namespace {

constexpr int kAgentOomScoreAdjust = -999;
constexpr int64_t kKibibyte = 1024;

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string HostName() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  std::string text(name.data());
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text.empty() ? "localhost" : text;
}

std::string DefaultInterface() { return DefaultInterfaceIn(ReadTextFile("/proc/net/route")); }

// IPv4 address of `interface`; of the first interface that is up and not loopback when it is empty.
std::string AddressOf(const std::string& interface, std::string* found_on) {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return "";
  std::string address;
  for (const ifaddrs* entry = list; entry != nullptr && address.empty(); entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != AF_INET) continue;
    const bool up = (entry->ifa_flags & IFF_UP) != 0 && (entry->ifa_flags & IFF_LOOPBACK) == 0;
    if (!up || (!interface.empty() && interface != entry->ifa_name)) continue;
    sockaddr_in in{};
    __builtin_memcpy(&in, entry->ifa_addr, sizeof(in));
    std::array<char, INET_ADDRSTRLEN> text{};
    if (::inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size()) != nullptr) {
      address = text.data();
      *found_on = entry->ifa_name;
    }
  }
  ::freeifaddrs(list);
  return address;
}

// Whether this process may lower oom scores: bit 24 of its effective capabilities.
bool HasSysResource() {
  constexpr uint64_t kCapSysResource = uint64_t{1} << 24;
  std::ifstream file("/proc/self/status");
  std::string word;
  while (file >> word) {
    if (word != "CapEff:") continue;
    uint64_t capabilities = 0;
    file >> std::hex >> capabilities;
    return (capabilities & kCapSysResource) != 0;
  }
  return false;
}

// That is not on the host's own loopback.
bool HasServerForPods(const std::string& resolv_conf) {
  PodDns pod;
  pod.policy = DnsPolicy::kDefault;
  return !ParseResolvConf(MakePodResolvConf(pod, {}, resolv_conf).text).nameservers.empty();
}

}  // namespace

Underlay ReadUnderlay() {
  Underlay underlay;
  std::string interface = DefaultInterface();
  if (interface.empty()) return underlay;
  underlay.address = AddressOf(interface, &interface);
  const std::string mtu = FirstLine("/sys/class/net/" + interface + "/mtu");
  if (mtu.empty()) return Underlay();
  underlay.mtu = std::stoi(mtu);
  return underlay;
}

LocalHost ReadLocalHost() {
  LocalHost host;
  host.name = HostName();
  std::string interface;
  host.address = AddressOf(DefaultInterface(), &interface);
  if (host.address.empty()) host.address = AddressOf("", &interface);
  host.machine_id = FirstLine("/etc/machine-id");
  host.boot_id = FirstLine("/proc/sys/kernel/random/boot_id");
  const std::string mtu =
      interface.empty() ? "" : FirstLine("/sys/class/net/" + interface + "/mtu");
  if (!mtu.empty()) host.mtu = std::stoi(mtu);
  if (!HasSysResource()) {
    const std::string own = FirstLine("/proc/self/oom_score_adj");
    host.min_oom_score_adj = own.empty() ? 0 : std::stoi(own);
  }
  return host;
}

HostUse HostUseOf(const std::string& meminfo, const std::string& loadavg,
                  const std::string& pid_max, const std::string& threads_max) {
  HostUse use;
  std::istringstream lines(meminfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t kibibytes = 0;
    if (!(words >> name >> kibibytes)) continue;
    if (name == "MemTotal:") use.memory_bytes = kibibytes * kKibibyte;
    if (name == "MemAvailable:") use.memory_available_bytes = kibibytes * kKibibyte;
  }
  // "0.20 0.18 0.12 1/811 11206": what runs, and all there are.
  const size_t slash = loadavg.find('/');
  std::istringstream all(slash == std::string::npos ? "" : loadavg.substr(slash + 1));
  std::istringstream ids(pid_max);
  std::istringstream threads(threads_max);
  int64_t most = 0;
  if (!(all >> use.processes && ids >> use.max_processes && threads >> most)) {
    use.processes = use.max_processes = 0;
  }
  use.max_processes = std::min(use.max_processes, most);
  return use;
}

HostUse ReadHostUse() {
  return HostUseOf(ReadTextFile("/proc/meminfo"), FirstLine("/proc/loadavg"),
                   FirstLine("/proc/sys/kernel/pid_max"),
                   FirstLine("/proc/sys/kernel/threads-max"));
}

bool ProtectFromOomKiller() {
  std::ofstream file("/proc/self/oom_score_adj");
  file << kAgentOomScoreAdjust;
  file.close();
  return file.good();
}

std::string ReadTextFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string ReadResolvConf(const std::string& path, const std::string& systemd_path) {
  const std::string text = ReadTextFile(path);
  if (HasServerForPods(text)) return text;
  const std::string upstream = ReadTextFile(systemd_path);
  return HasServerForPods(upstream) ? upstream : text;
}

}  // namespace reconcile
