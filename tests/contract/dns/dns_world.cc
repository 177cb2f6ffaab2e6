#include "tests/contract/dns/dns_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/lines.h"
#include "base/unique_fd.h"
#include "net/ipam.h"

namespace reconcile {
namespace {

constexpr int64_t kListenPatienceMs = 5'000;

uint32_t Ipv4(const std::string& text) { return ParseIpv4(text).value(); }

std::string SingleSpaced(std::string_view line) {
  std::string text;
  for (char c : line) {
    if (c == '\t') c = ' ';
    if (c != ' ' || (!text.empty() && text.back() != ' ')) text += c;
  }
  return text;
}

std::vector<std::string> UpstreamCommand(const std::string& address) {
  return {"dnsmasq",          "--keep-in-foreground", "--conf-file=/dev/null",
          "--no-resolv",      "--no-hosts",           "--bind-interfaces",
          "--user=root",      "--pid-file=",          "--edns-packet-max=1232",
          "--port=53",        "--local-ttl=300",      "--listen-address=" + address,
          "--local=/example/"};
}

}  // namespace

RunningProgram::RunningProgram(const IdleProcess& where, const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  const std::string path = where.NamespacePath();
  id_ = ::fork();
  if (id_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int space = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (space < 0 || ::setns(space, CLONE_NEWNET) != 0) ::_exit(126);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

void RunningProgram::End() {
  if (id_ <= 0) return;
  ::kill(id_, SIGKILL);
  ::waitpid(id_, nullptr, 0);
  id_ = 0;
}

DnsWorld::DnsWorld() {
  host_.Run("ip link set lo up; ip address add " + std::string(kAddress) + "/32 dev lo");
  StartUpstream();
  std::vector<std::string> stub = UpstreamCommand(kStubUpstream);
  stub.push_back("--host-record=host.corp.example,192.0.2.99");
  stub_upstream_ = std::make_unique<RunningProgram>(host_, stub);
  host_.Do([this] {
    silent_.Reset(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    ::inet_pton(AF_INET, kSilent, &address.sin_addr);
    EXPECT_EQ(::bind(silent_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)),
              0);
  });
  // dnsmasq is there when it answers: dig asks again as long as the port is refused.
  for (const char* upstream : {kUpstream, kStubUpstream}) {
    host_.Run(std::string("for i in $(seq 100); do dig +time=1 +tries=1 @") + upstream +
              " api.pay.example >/dev/null && exit 0; done; exit 1");
  }
  StartServer(Options());
}

DnsServerOptions DnsWorld::Options() const {
  DnsServerOptions options;
  options.address = kAddress;
  options.network_namespace_path = host_.NamespacePath();
  options.forwarder.attempt_ms = 200;
  return options;
}

void DnsWorld::StartUpstream() {
  std::vector<std::string> command = UpstreamCommand(kUpstream);
  command.push_back("--host-record=api.pay.example,192.0.2.7");
  command.push_back("--cname=www.pay.example,api.pay.example");
  for (int i = 0; i < 100; ++i) {
    command.push_back("--host-record=many.example,192.0.2." + std::to_string(i));
  }
  upstream_ = std::make_unique<RunningProgram>(host_, command);
}

void DnsWorld::StopUpstream() { upstream_.reset(); }

void DnsWorld::StartServer(const DnsServerOptions& options) {
  server_.reset();
  server_ = std::make_unique<DnsServer>(options);
  SetServices(DnsTestServices());
  SetUpstreams({kUpstream});
  WaitUntilListening();
}

void DnsWorld::WaitUntilListening() { EXPECT_EQ(server_->ProblemAfter(kListenPatienceMs), ""); }

void DnsWorld::SetServices(const std::vector<DnsService>& services) {
  DnsZoneConfig config;
  config.dns_address = Ipv4(kAddress);
  config.reverse_ranges = {*Cidr::Parse("10.96.0.0/16"), *Cidr::Parse("10.42.0.0/16")};
  DnsZone::Services shared;
  for (const DnsService& service : services) {
    shared.push_back(std::make_shared<const DnsService>(service));
  }
  server_->SetZone(DnsZone::Make(config, shared).value());
}

void DnsWorld::SetUpstreams(const std::vector<std::string>& addresses) {
  std::vector<DnsUpstream> upstreams;
  for (const std::string& address : addresses) upstreams.push_back({address});
  server_->SetForwarding(
      DnsForwarding::Make(upstreams, {{"corp.example", {{kStubUpstream}}}}).value());
}

std::string DnsWorld::Dig(const std::string& words) {
  return host_.Run("dig +tries=1 +time=5 @" + std::string(kAddress) + " " + words +
                   " || echo \"exit code $?\"");
}

std::string DnsWorld::Answer(const std::string& words) {
  const std::string out = Dig("+noall +answer " + words);
  std::vector<std::string> lines;
  for (const std::string_view line : SplitLines(out)) lines.push_back(SingleSpaced(line));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "; ") + line;
  return text;
}

std::string DnsWorld::Head(const std::string& words) {
  const std::string out = Dig("+noall +comments " + words);
  const auto between = [&](const std::string& begin, char end) -> std::string {
    const size_t at = out.find(begin);
    if (at == std::string::npos) return out;
    return out.substr(at + begin.size(), out.find(end, at) - at - begin.size());
  };
  return between("status: ", ',') + " " + between("flags: ", ';');
}

std::vector<DnsService> DnsTestServices() {
  const std::vector<DnsPort> ports = {{"http", "tcp", 80}, {"dns", "udp", 53}, {"", "tcp", 9}};
  const std::vector<DnsPort> sql = {{"sql", "tcp", 5432}};
  DnsService many = {"default", "many", DnsServiceKind::kHeadless};
  for (uint32_t i = 0; i < 200; ++i) many.endpoints.push_back({Ipv4("10.42.9.0") + i, "", {}});
  return {
      {"default", "frontend", DnsServiceKind::kClusterIp, Ipv4("10.96.0.7"), ports},
      {"default",
       "db",
       DnsServiceKind::kHeadless,
       0,
       {},
       "",
       {{Ipv4("10.42.1.5"), "db-0", sql}, {Ipv4("10.42.2.6"), "", sql}}},
      {"default", "nobody", DnsServiceKind::kHeadless},
      many,
      {"shop", "pay", DnsServiceKind::kExternalName, 0, {}, "www.pay.example"},
      {"shop", "front", DnsServiceKind::kExternalName, 0, {}, "frontend.default.svc.cluster.local"},
  };
}

}  // namespace reconcile
