#include "bench/agents_over_tls_hosts.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <deque>
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
constexpr size_t kDownAtOnce = 10;

class Hosts;

// One agent: reports every pod that it was given as running.
class Host {
 public:
  Host(Hosts* hosts, EventLoop* loop, Random* random, const HostsOptions& options, int number);
  void Start(int64_t first_heartbeat_ms);
  std::string value() const { return value_; }
  bool has_pods() const { return !assignment_.pods.empty(); }
  bool connected() const { return dialer_->LastError().empty(); }
  // Its next pod is not ready; then the same one is again, and was restarted.
  void TakeDown();
  void BringBack();

 private:
  void Heartbeat();
  void LookAtUse();
  void Report();

  Hosts* const hosts_;
  EventLoop* const loop_;
  const std::string name_;
  const bool tells_use_;
  std::unique_ptr<LinkDialer> dialer_;
  Assignment assignment_;
  std::string value_;
  int64_t sequence_ = 0;
  size_t next_pod_ = 0;
  std::string down_;  // the uid of the pod that is not ready
  std::map<std::string, int32_t> restarts_;
  UsagePtr usage_;
};

class Hosts {
 public:
  explicit Hosts(const HostsOptions& options) : changes_(options.changes) {
    for (int i = 0; i < options.agents; ++i) {
      hosts_.push_back(std::make_unique<Host>(this, &loop_, &random_, options, i));
      hosts_.back()->Start(static_cast<int64_t>(random_.Below(kHeartbeatMs)));
    }
  }
  void Run() {
    std::thread input([this] {
      char byte = 0;
      for (bool first = true; ::read(STDIN_FILENO, &byte, 1) > 0; first = false) {
        if (first && changes_ > 0) loop_.Post([this] { ChangeNext(); });
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
  void ChangeNext() {
    loop_.After(1000 / changes_, [this] { ChangeNext(); });
    if (down_.size() >= kDownAtOnce) {
      down_.front()->BringBack();
      down_.pop_front();
      return;
    }
    Host* const host = hosts_[next_host_++ % hosts_.size()].get();
    if (!host->has_pods()) return;
    host->TakeDown();
    down_.push_back(host);
  }

  const int changes_;
  EpollLoop loop_;
  SystemRandom random_;
  std::vector<std::unique_ptr<Host>> hosts_;
  size_t next_host_ = 0;
  std::deque<Host*> down_;  // that have a pod which is not ready, oldest first
};

Host::Host(Hosts* hosts, EventLoop* loop, Random* random, const HostsOptions& options, int number)
    : hosts_(hosts),
      loop_(loop),
      name_("host-" + std::to_string(number)),
      tells_use_(options.changes > 0) {
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
  if (tells_use_) LookAtUse();
  Report();
}

// As busy hosts have it: each pod uses other than at the look before.
void Host::LookAtUse() {
  const auto usage = std::make_shared<UsageReport>();
  usage->number = usage_ == nullptr ? 1 : usage_->number + 1;
  usage->window_ms = kHeartbeatMs;
  usage->host = {.cpu_micros = 4'000'000, .memory_bytes = 20LL << 30};
  usage->network = {.received = 1 << 20, .sent = 1 << 20};
  for (const auto& pod : assignment_.pods) {
    const auto more = static_cast<int64_t>(loop_->now().mono.ms / 10 % 100) * kCpuStepMicros;
    usage->pods.push_back({pod->metadata.uid,
                           NetworkUse{.received = 10'000, .sent = 20'000 + more},
                           {{"main", {.cpu_micros = 50'000 + more, .memory_bytes = 64 << 20}}}});
  }
  std::sort(usage->pods.begin(), usage->pods.end(),
            [](const PodUsage& a, const PodUsage& b) { return a.uid < b.uid; });
  usage_ = usage;
}

void Host::TakeDown() {
  down_ = assignment_.pods[next_pod_++ % assignment_.pods.size()]->metadata.uid;
  Report();
}

void Host::BringBack() {
  ++restarts_[down_];
  down_.clear();
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
    const bool is_ready = pod->metadata.uid != down_;
    told.status.conditions = {
        {.type = "Ready", .status = is_ready ? ConditionStatus::kTrue : ConditionStatus::kFalse}};
    ContainerStatus container;
    container.name = "main";
    container.ready = is_ready;
    const auto restarts = restarts_.find(pod->metadata.uid);
    if (restarts != restarts_.end()) container.restart_count = restarts->second;
    container.container_id = "docker://" + pod->metadata.uid;
    told.status.container_statuses = {container};
    report.pods.push_back(told);
  }
  report.usage = usage_;
  (void)dialer_->Send(report).ok();
}

}  // namespace

int RunHosts(const HostsOptions& options) {
  Hosts(options).Run();
  // The agents' folders are the caller's, and hundreds of threads end fastest with the process.
  std::_Exit(0);
}

}  // namespace reconcile
