#include "cmd/doctor_checks.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "base/escape.h"
#include "base/lines.h"
#include "controller/clock_readings.h"
#include "link/certificates.h"

namespace reconcile {
namespace {

constexpr int kOverlayHeaderBytes = 50;
constexpr int kLeastMtu = 1280 + kOverlayHeaderBytes;
constexpr int64_t kSoonMs = 7LL * 24 * 3600 * 1000;
constexpr int64_t kClockErrorMs = 2'000;  // of a date to the second that came over the network
constexpr int kOldestEngine = 41;         // of API 1.x

using Verdict = DoctorVerdict;

// "1.41" -> 41; 0 for what is none.
int MinorOf(const std::string& api_version) {
  const size_t dot = api_version.find('.');
  int minor = 0;
  if (dot == std::string::npos) return 0;
  std::from_chars(api_version.data() + dot + 1, api_version.data() + api_version.size(), minor);
  return api_version.starts_with("1.") ? minor : 1000;
}

std::string GibText(int64_t bytes) {
  std::ostringstream text;
  text.precision(1);
  text << std::fixed << static_cast<double>(bytes) / (1 << 30) << " GiB";
  return text.str();
}

void CheckEngine(const DoctorFacts::Engine& engine, std::vector<DoctorCheck>* checks) {
  if (!engine.problem.empty()) {
    checks->push_back({"engine", Verdict::kFailed,
                       "nothing answers at " + engine.socket + ": " + engine.problem,
                       "Install and start Docker (`apt-get install docker.io`), and run this as a "
                       "user that may use its socket; --docker names another socket."});
    return;
  }
  const bool is_old = MinorOf(engine.api_version) < kOldestEngine;
  checks->push_back(
      {"engine", is_old ? Verdict::kFailed : Verdict::kGood,
       "Docker " + engine.version + ", API " + engine.api_version,
       is_old ? "Docker Engine 20.10 (API 1.41) or newer is needed: upgrade it." : ""});
  checks->push_back({"live-restore", engine.live_restore ? Verdict::kGood : Verdict::kWarning,
                     engine.live_restore ? "on: containers outlive dockerd"
                                         : "off: when dockerd ends, every container ends with it",
                     engine.live_restore
                         ? ""
                         : "Set \"live-restore\": true in /etc/docker/daemon.json, then "
                           "`systemctl reload docker`."});
  const bool overlay = engine.storage_driver == "overlay2" || engine.storage_driver == "overlayfs";
  checks->push_back({"storage driver", overlay ? Verdict::kGood : Verdict::kWarning,
                     engine.storage_driver,
                     overlay ? ""
                             : "overlay2 is the one that is fast and tested: a file system that "
                               "overlayfs can use (ext4, xfs with ftype=1) has it."});
  const bool mixed = engine.cgroup_version == "2" && engine.cgroup_driver == "cgroupfs";
  checks->push_back({"cgroups", mixed ? Verdict::kWarning : Verdict::kGood,
                     "version " + engine.cgroup_version + ", driver " + engine.cgroup_driver,
                     mixed ? "systemd and Docker both change the tree: set \"exec-opts\": "
                             "[\"native.cgroupdriver=systemd\"] in /etc/docker/daemon.json."
                           : ""});
}

void CheckFeatures(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  if (!facts.features_not_tried.empty()) {
    checks->push_back(
        {"kernel", Verdict::kSkipped, facts.features_not_tried, "Run `reconcile doctor` as root."});
    return;
  }
  for (const DoctorFacts::Feature& feature : facts.features) {
    const bool works = feature.problem.empty();
    checks->push_back(
        {feature.name,
         works ? Verdict::kGood : (feature.needed ? Verdict::kFailed : Verdict::kWarning),
         works ? "works" : feature.problem, works ? "" : feature.advice});
  }
}

void CheckPorts(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  for (const DoctorFacts::Port& port : facts.ports) {
    const bool good = port.taken_by.empty() || port.is_ours;
    const std::string found = port.taken_by.empty() ? "free" : "in use by " + port.taken_by;
    checks->push_back({"port " + std::to_string(port.port) + "/" + port.protocol,
                       good ? Verdict::kGood : Verdict::kFailed, port.what + ": " + found,
                       good ? "" : port.advice});
  }
}

void CheckDisk(const DoctorFacts::Disk& disk, std::vector<DoctorCheck>* checks) {
  if (disk.total_bytes <= 0) return;
  const double percent =
      100.0 * static_cast<double>(disk.free_bytes) / static_cast<double>(disk.total_bytes);
  const double inodes = disk.total_inodes <= 0 ? 100.0
                                               : 100.0 * static_cast<double>(disk.free_inodes) /
                                                     static_cast<double>(disk.total_inodes);
  const bool failed = percent < disk.least_percent || inodes < 5;
  const bool near = percent < disk.least_percent * 1.5 || inodes < 10;
  checks->push_back(
      {"disk of " + disk.what,
       failed ? Verdict::kFailed : (near ? Verdict::kWarning : Verdict::kGood),
       disk.path + ": " + GibText(disk.free_bytes) + " of " + GibText(disk.total_bytes) +
           " free (" + std::to_string(static_cast<int>(percent)) + " %), inodes " +
           std::to_string(static_cast<int>(inodes)) + " %",
       failed || near ? "Below " + std::to_string(static_cast<int>(disk.least_percent)) +
                            " % pods are evicted: make room (`docker system df` says what images "
                            "take) or enlarge the disk."
                      : ""});
}

void CheckClock(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  if (!facts.clock_synchronized) {
    checks->push_back({"clock", Verdict::kSkipped, "the kernel does not say", ""});
    return;
  }
  checks->push_back({"clock", *facts.clock_synchronized ? Verdict::kGood : Verdict::kWarning,
                     *facts.clock_synchronized ? "synchronised" : "not synchronised",
                     *facts.clock_synchronized
                         ? ""
                         : "Certificates and stamps compare clocks of hosts: run chrony or "
                           "`timedatectl set-ntp true`."});
}

void CheckControllerClock(const OtherClock& clock, std::vector<DoctorCheck>* checks) {
  constexpr char kName[] = "controller's clock";
  if (!clock.problem.empty()) {
    checks->push_back({kName, Verdict::kSkipped, clock.of + " does not tell: " + clock.problem,
                       "Look whether the controller runs there and its port lets this host in."});
    return;
  }
  const int64_t apart_ms = std::abs(clock.ahead_ms);
  if (apart_ms <= kClockSkewedMs) {
    checks->push_back({kName, Verdict::kGood,
                       "this host's is within " + FormatAge(std::max(apart_ms, kClockErrorMs)) +
                           " of that of " + clock.of,
                       ""});
    return;
  }
  // What is signed counts from an hour before (link/certificates.h).
  const bool refused = apart_ms >= kBackdateMs;
  checks->push_back(
      {kName, refused ? Verdict::kFailed : Verdict::kWarning,
       "this host's is " + FormatAge(apart_ms) + (clock.ahead_ms > 0 ? " ahead of" : " behind") +
           " that of " + clock.of,
       std::string(refused ? "An hour apart, certificates are refused. " : "") +
           "Stamps of pods and `logs --since` go by each host's clock: run chrony, or "
           "`timedatectl set-ntp true`, on the one that is wrong (`date -u` on both tells)."});
}

void CheckClocksOfHosts(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  if (facts.controller.agents.empty()) return;
  std::string wrong;
  for (const auto& agent : facts.controller.agents) {
    if (agent.clock.empty()) continue;
    wrong += (wrong.empty() ? "" : "; ") + agent.node + ": " + agent.clock;
  }
  checks->push_back({"hosts' clocks", wrong.empty() ? Verdict::kGood : Verdict::kWarning,
                     wrong.empty() ? "as this controller's" : wrong,
                     wrong.empty() ? "" : "Run `reconcile doctor` on those hosts."});
}

void CheckVersions(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  if (!facts.controller.answers) {
    checks->push_back({"versions", Verdict::kSkipped,
                       "this program is " + facts.version + "; no controller answers here", ""});
    return;
  }
  std::string other;
  if (facts.controller.version != facts.version) {
    other = "the controller is " + facts.controller.version;
  }
  for (const auto& agent : facts.controller.agents) {
    if (agent.version.empty() || agent.version == facts.version) continue;
    other += (other.empty() ? "" : ", ") + agent.node + " is " + agent.version;
  }
  checks->push_back({"versions", other.empty() ? Verdict::kGood : Verdict::kWarning,
                     other.empty() ? "all are " + facts.version
                                   : "this program is " + facts.version + "; " + other,
                     other.empty() ? ""
                                   : "One release apart works, for as long as an upgrade takes: "
                                     "bring all to the same one."});
}

void CheckFirewall(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  const bool has_nft = !facts.nft_version.empty();
  checks->push_back({"nft", has_nft ? Verdict::kGood : Verdict::kFailed,
                     has_nft ? facts.nft_version : "no such program",
                     has_nft ? "" : "Services are nftables rules: `apt-get install nftables`."});
  const bool has_iptables = !facts.iptables_version.empty();
  checks->push_back({"iptables", has_iptables ? Verdict::kGood : Verdict::kWarning,
                     has_iptables ? facts.iptables_version : "no such program",
                     has_iptables ? ""
                                  : "Rules that let pods' traffic past Docker's are set with it: "
                                    "`apt-get install iptables`."});
}

void CheckNetwork(const DoctorFacts& facts, std::vector<DoctorCheck>* checks) {
  const bool has_uplink = !facts.uplink_address.empty();
  checks->push_back(
      {"uplink", has_uplink ? Verdict::kGood : Verdict::kFailed,
       has_uplink ? facts.uplink_address : "no interface has an address for other hosts",
       has_uplink ? ""
                  : "Other hosts reach this one by it: give an interface an "
                    "IPv4 address, or name one (node.address)."});
  if (has_uplink) {
    const bool small = facts.uplink_mtu < kLeastMtu;
    checks->push_back({"MTU", small ? Verdict::kWarning : Verdict::kGood,
                       std::to_string(facts.uplink_mtu) + ", of which pods get " +
                           std::to_string(facts.uplink_mtu - kOverlayHeaderBytes),
                       small ? "Networks of less than 1280 bytes for pods break IPv6 and some "
                               "programs: raise it, or use networkBackend: host-gw."
                             : ""});
  }
  std::string servers;
  for (const std::string& server : facts.nameservers)
    servers += (servers.empty() ? "" : ", ") + server;
  checks->push_back({"DNS upstream", servers.empty() ? Verdict::kWarning : Verdict::kGood,
                     servers.empty() ? "resolv.conf names no server that pods could use" : servers,
                     servers.empty() ? "Pods will find names of the cluster alone: put a "
                                       "nameserver into /etc/resolv.conf, or into "
                                       "dns.upstreamNameservers."
                                     : ""});
}

void CheckFiles(const DoctorFacts& facts, WallTime now, std::vector<DoctorCheck>* checks) {
  const bool fit = facts.data_folder_problem.empty();
  checks->push_back({"data folder", fit ? Verdict::kGood : Verdict::kFailed,
                     fit ? facts.data_folder : facts.data_folder_problem,
                     fit ? ""
                         : "It holds keys and must be its user's own, mode 0700: `chmod 700` and "
                           "`chown` it, or name another one (dataFolder)."});
  if (!facts.certificate_ends) return;
  const int64_t left_ms = facts.certificate_ends->ms - now.ms;
  const std::string until = "good until " + FormatRfc3339(*facts.certificate_ends);
  if (left_ms <= 0) {
    checks->push_back({"certificate", Verdict::kFailed,
                       "ended at " + FormatRfc3339(*facts.certificate_ends),
                       "Join again: `reconcile token create --node NAME` on the controller says "
                       "how."});
  } else {
    checks->push_back({"certificate", left_ms < kSoonMs ? Verdict::kWarning : Verdict::kGood, until,
                       left_ms < kSoonMs
                           ? "It is renewed long before by a running agent: see why this one "
                             "does not reach the controller (`journalctl -u reconcile-agent`)."
                           : ""});
  }
}

std::string_view WordOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "good";
    case Verdict::kWarning:
      return "warning";
    case Verdict::kFailed:
      return "failed";
    case Verdict::kSkipped:
      return "skipped";
  }
  return "";
}

std::string_view ColorOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGood:
      return "\x1b[32m";
    case Verdict::kWarning:
      return "\x1b[33m";
    case Verdict::kFailed:
      return "\x1b[31m";
    case Verdict::kSkipped:
      return "\x1b[2m";
  }
  return "";
}

}  // namespace

std::vector<DoctorCheck> RunDoctorChecks(const DoctorFacts& facts, WallTime now) {
  std::vector<DoctorCheck> checks;
  CheckEngine(facts.engine, &checks);
  CheckFeatures(facts, &checks);
  CheckFirewall(facts, &checks);
  CheckPorts(facts, &checks);
  CheckNetwork(facts, &checks);
  CheckClock(facts, &checks);
  if (facts.controller_clock) CheckControllerClock(*facts.controller_clock, &checks);
  CheckClocksOfHosts(facts, &checks);
  for (const DoctorFacts::Disk& disk : facts.disks) CheckDisk(disk, &checks);
  CheckFiles(facts, now, &checks);
  CheckVersions(facts, &checks);
  return checks;
}

bool HasFailed(const std::vector<DoctorCheck>& checks) {
  return std::any_of(checks.begin(), checks.end(),
                     [](const DoctorCheck& check) { return check.verdict == Verdict::kFailed; });
}

std::string DoctorText(const std::vector<DoctorCheck>& checks, bool color) {
  size_t width = 0;
  for (const DoctorCheck& check : checks) width = std::max(width, check.name.size());
  std::string text;
  int warnings = 0, failed = 0;
  for (const DoctorCheck& check : checks) {
    std::string word(WordOf(check.verdict));
    word.resize(7, ' ');
    if (color) word = std::string(ColorOf(check.verdict)) + word + "\x1b[0m";
    text += word + "  " + check.name + std::string(width - check.name.size() + 2, ' ') +
            EscapeForTerminal(check.found) + "\n";
    if (!check.advice.empty()) text += "           " + EscapeForTerminal(check.advice) + "\n";
    warnings += check.verdict == Verdict::kWarning ? 1 : 0;
    failed += check.verdict == Verdict::kFailed ? 1 : 0;
  }
  return text + std::to_string(checks.size()) + " checks, " + std::to_string(failed) + " failed, " +
         std::to_string(warnings) + (warnings == 1 ? " warning\n" : " warnings\n");
}

Value EncodeDoctor(const std::vector<DoctorCheck>& checks) {
  Value list = Value::MakeList();
  for (const DoctorCheck& check : checks) {
    Value item = Value::MakeMap();
    item.Set("name", Value::String(check.name));
    item.Set("verdict", Value::String(std::string(WordOf(check.verdict))));
    item.Set("found", Value::String(check.found));
    item.Set("advice", Value::String(check.advice));
    list.Append(std::move(item));
  }
  Value value = Value::MakeMap();
  value.Set("checks", std::move(list));
  return value;
}

std::vector<ListeningSocket> ParseListeningSockets(const std::string& text, bool is_tcp) {
  constexpr std::string_view kListens = "0A";
  std::vector<ListeningSocket> sockets;
  for (const std::string_view line : SplitLines(text)) {
    std::istringstream words{std::string(line)};
    std::string number, local, remote, state, queues, timer, retries, user, timeout, inode;
    if (!(words >> number >> local >> remote >> state >> queues >> timer >> retries >> user >>
          timeout >> inode)) {
      continue;
    }
    const size_t colon = local.find(':');
    if (colon == std::string::npos || (is_tcp && state != kListens)) continue;
    ListeningSocket socket;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), socket.port, 16);
    socket.on_any_address = local.find_first_not_of('0') == colon;
    socket.inode = inode;
    if (socket.port > 0) sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace reconcile
