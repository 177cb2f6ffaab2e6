#include "bench/agents_over_tls_hosts.h"

#include <unistd.h>

#include <cstdio>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "base/epoll_loop.h"
#include "base/random.h"
#include "link/link_dialer.h"

namespace reconcile {
namespace {

constexpr char kValueKey[] = "value";

class Hosts;

// One agent: reports every pod that it was given as running.
class Host {
 public:
  Host(Hosts* hosts, EventLoop* loop, Random* random, const HostsOptions& options, int number);
  void Start(int64_t first_heartbeat_ms);
  std::string value() const { return value_; }
  bool has_pods() const { return !assignment_.pods.empty(); }
  bool connected() const { return dialer_->LastError().empty(); }

 private:
  void Heartbeat();
  void Report();

  Hosts* const hosts_;
  EventLoop* const loop_;
  const std::string name_;
  std::unique_ptr<LinkDialer> dialer_;
  Assignment assignment_;
  std::string value_;
  int64_t sequence_ = 0;
};

class Hosts {
 public:
  explicit Hosts(const HostsOptions& options) {
    for (int i = 0; i < options.agents; ++i) {
      hosts_.push_back(std::make_unique<Host>(this, &loop_, &random_, options, i));
      hosts_.back()->Start(static_cast<int64_t>(random_.Below(kHeartbeatMs)));
    }
  }
  void Run() {
    std::thread input([this] {
      char byte = 0;
      while (::read(STDIN_FILENO, &byte, 1) > 0) {
      }
      loop_.Stop();
    });
    loop_.Run();
    input.join();
  }
  void NoteConnected() {
    for (const auto& host : hosts_) {
      if (!host->connected()) return;
    }
    std::printf("joined %zu\n", hosts_.size());
    std::fflush(stdout);
  }
  void NoteValue(const std::string& value) {
    size_t with_pods = 0;
    for (const auto& host : hosts_) {
      if (!host->has_pods()) continue;
      ++with_pods;
      if (host->value() != value) return;
    }
    std::printf("have %s %zu %ld\n", value.c_str(), with_pods, long{loop_.now().mono.ms});
    std::fflush(stdout);
  }

 private:
  EpollLoop loop_;
  SystemRandom random_;
  std::vector<std::unique_ptr<Host>> hosts_;
};

Host::Host(Hosts* hosts, EventLoop* loop, Random* random, const HostsOptions& options, int number)
    : hosts_(hosts), loop_(loop), name_("host-" + std::to_string(number)) {
  LinkDialerOptions dialing;
  dialing.host = "127.0.0.1";
  dialing.port = options.port;
  dialing.node = name_;
  dialing.folder = options.folder + "/" + name_;
  dialing.token = options.token;
  auto opened = LinkDialer::Open(std::move(dialing), loop, random);
  CHECK(opened.ok());
  dialer_ = std::move(opened).value();
  ControllerLink::Handler handler;
  handler.on_connected = [this] {
    Report();
    hosts_->NoteConnected();
  };
  handler.on_assignment = [this](const Assignment& assignment) {
    assignment_ = assignment;
    const std::string before = value_;
    for (const auto& map : assignment.config_maps) {
      const auto found = map->data.find(kValueKey);
      if (found != map->data.end()) value_ = found->second;
    }
    if (value_ != before) hosts_->NoteValue(value_);
    Report();
  };
  dialer_->SetHandler(std::move(handler));
}

void Host::Start(int64_t first_heartbeat_ms) {
  dialer_->Start();
  loop_->After(first_heartbeat_ms, [this] { Heartbeat(); });
}

void Host::Heartbeat() {
  loop_->After(kHeartbeatMs, [this] { Heartbeat(); });
  Report();
}

void Host::Report() {
  reconcile::Report report;
  report.node = name_;
  report.agent_start = "start-1";
  report.sequence = ++sequence_;
  if (!assignment_.node.empty()) report.applied = assignment_.fence;
  report.labels = {{"kubernetes.io/hostname", name_}};
  report.node_status.capacity = {{"cpu", Quantity::FromUnits(16)},
                                 {"memory", Quantity::FromUnits(64LL << 30)},
                                 {"pods", Quantity::FromUnits(110)}};
  report.node_status.allocatable = report.node_status.capacity;
  report.node_status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  for (const auto& pod : assignment_.pods) {
    PodReport told{pod->metadata.namespace_name, pod->metadata.name, pod->metadata.uid, {}, false};
    told.gone = pod->metadata.deletion_timestamp.has_value();
    told.status.phase = PodPhase::kRunning;
    told.status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    ContainerStatus container;
    container.name = "main";
    container.ready = true;
    container.container_id = "docker://" + pod->metadata.uid;
    told.status.container_statuses = {container};
    report.pods.push_back(told);
  }
  (void)dialer_->Send(report).ok();
}

}  // namespace

int RunHosts(const HostsOptions& options) {
  Hosts(options).Run();
  // The agents' folders are the caller's, and hundreds of threads end fastest with the process.
  std::_Exit(0);
}

}  // namespace reconcile
