#include "net/fake_network.h"

#include <deque>
#include <optional>
#include <set>

#include "base/random.h"
#include "net/compile.h"
#include "net/fake_port_stream.h"

namespace reconcile {

std::string_view ToString(FakeNetworkCall call) {
  switch (call) {
    case FakeNetworkCall::kPrepare:
      return "Prepare";
    case FakeNetworkCall::kAttachPod:
      return "AttachPod";
    case FakeNetworkCall::kDetachPod:
      return "DetachPod";
    case FakeNetworkCall::kList:
      return "List";
    case FakeNetworkCall::kSync:
      return "Sync";
    case FakeNetworkCall::kProbe:
      return "Probe";
    case FakeNetworkCall::kRemoveAll:
      return "RemoveAll";
    case FakeNetworkCall::kOpenPort:
      return "OpenPort";
  }
  return "";
}

// The host's state; effects happen at the end of a call's latency, in one piece.
class FakeNetworkCore {
 public:
  FakeNetworkCore(EventLoop* event_loop, const FakeNetworkOptions& given)
      : loop(event_loop), options(given), random(given.seed) {}

  struct Failure {
    Status status;
    bool done_nevertheless;
  };

  // The fault that meets a call, when one does.
  std::optional<Failure> NextFailure(FakeNetworkCall call) {
    std::deque<Failure>& queue = failures[call];
    if (!queue.empty()) {
      Failure failure = queue.front();
      queue.pop_front();
      ++injected;
      return failure;
    }
    const auto chance = static_cast<int>(random.Below(1000));
    const FakeNetworkFaults& faults = options.faults;
    if (chance >= faults.failed_per_mille + faults.lost_reply_per_mille) return std::nullopt;
    ++injected;
    return Failure{UnavailableError("injected fault in " + std::string(ToString(call))),
                   chance >= faults.failed_per_mille};
  }

  int64_t Latency() {
    const int64_t span = options.max_latency_ms - options.min_latency_ms;
    return options.min_latency_ms +
           static_cast<int64_t>(random.Below(static_cast<uint64_t>(span) + 1));
  }

  Status Prepare(const HostNetworkConfig& config) {
    const Result<std::string> host = HostAddress(config);
    if (!host.ok()) return host.status();
    prepared = true;
    return OkStatus();
  }

  Status Attach(const PodAttachment& attachment, const std::optional<HostNetworkConfig>& config) {
    if (!config || !prepared) return ConflictError("the host's network has not been prepared");
    if (process_alive && !process_alive(attachment.process_id)) {
      return NotFoundError("pod " + attachment.pod_uid + ": its process " +
                           std::to_string(attachment.process_id) + " has ended");
    }
    const Result<AttachChanges> batch = CompileAttach(attachment, *config, "/proc/1/ns/net");
    if (!batch.ok()) return batch.status();
    // A stale device that holds this address goes, as does one of the same name.
    std::erase_if(attachments,
                  [&](const auto& entry) { return entry.second.address == attachment.address; });
    Forget(attachment.pod_uid);
    attachments[attachment.pod_uid] = attachment;
    attached_processes.insert(attachment.process_id);
    routes.insert(attachment.address);
    if (on_attached) on_attached(attachment.process_id);
    return OkStatus();
  }

  void Disturb(Disturbance what) {
    for (const auto& [client, on_disturbed] : disturbed) {
      loop->Post([alive = std::weak_ptr<int>(client), call = on_disturbed, what] {
        if (!alive.expired()) call(what);
      });
    }
  }

  void Forget(const std::string& pod_uid) {
    const auto it = attachments.find(pod_uid);
    if (it == attachments.end()) return;
    routes.erase(it->second.address);
    attachments.erase(it);
  }

  EventLoop* const loop;
  FakeNetworkOptions options;
  SeededRandom random;
  std::function<bool(int64_t)> process_alive;
  std::function<void(int64_t)> on_attached;
  std::set<int64_t> attached_processes;  // those that live: attached now, or once
  int64_t boot = 0;                      // grows with every reboot
  bool prepared = false;
  std::optional<NetworkState> synced;
  std::set<uint16_t> listened;        // ports
  std::vector<std::string> problems;  // of every Sync
  std::vector<std::string> taken;     // that the next one puts back
  std::map<std::shared_ptr<int>, std::function<void(Disturbance)>>
      disturbed;  // by the client's life
  std::map<std::string, PodAttachment> attachments;
  std::set<std::string> routes;
  std::map<FakeNetworkCall, std::deque<Failure>> failures;
  std::map<FakeNetworkCall, int64_t> calls;
  int64_t injected = 0;
};

namespace {

class FakeNetworkClient final : public HostNetwork {
 public:
  explicit FakeNetworkClient(std::shared_ptr<FakeNetworkCore> core) : core_(std::move(core)) {}
  ~FakeNetworkClient() override { core_->disturbed.erase(alive_); }

  void Prepare(const HostNetworkConfig& config, DoneStatus done) override {
    Run<Status>(
        FakeNetworkCall::kPrepare,
        [config](FakeNetworkCore* core) { return core->Prepare(config); },
        [this, config, done = std::move(done)](const Status& status) {
          if (status.ok()) config_ = config;
          done(status);
        });
  }

  void AttachPod(const PodAttachment& attachment, DoneStatus done) override {
    Run<Status>(
        FakeNetworkCall::kAttachPod,
        [attachment, config = config_](FakeNetworkCore* core) {
          return core->Attach(attachment, config);
        },
        std::move(done));
  }

  void DetachPod(const std::string& pod_uid, const std::string&, DoneStatus done) override {
    Run<Status>(
        FakeNetworkCall::kDetachPod,
        [pod_uid](FakeNetworkCore* core) {
          core->Forget(pod_uid);
          return OkStatus();
        },
        std::move(done));
  }

  void List(std::function<void(Result<std::vector<std::string>>)> done) override {
    using Addresses = Result<std::vector<std::string>>;
    Run<Addresses>(
        FakeNetworkCall::kList,
        [](FakeNetworkCore* core) -> Addresses {
          return std::vector<std::string>(core->routes.begin(), core->routes.end());
        },
        std::move(done));
  }

  void Sync(const NetworkState& state, std::function<void(Result<SyncOutcome>)> done) override {
    using Outcome = Result<SyncOutcome>;
    Run<Outcome>(
        FakeNetworkCall::kSync,
        [state, prepared = config_.has_value()](FakeNetworkCore* core) -> Outcome {
          if (!prepared || !core->prepared) {
            return ConflictError("the host's network has not been prepared");
          }
          core->synced = state;
          return SyncOutcome{core->problems, std::exchange(core->taken, {})};
        },
        std::move(done));
  }

  void Probe(const std::vector<NetworkPeer>&,
             std::function<void(Result<std::vector<std::string>>)> done) override {
    using Names = Result<std::vector<std::string>>;
    Run<Names>(
        FakeNetworkCall::kProbe,
        [](FakeNetworkCore*) -> Names { return std::vector<std::string>(); }, std::move(done));
  }

  std::shared_ptr<PodStream> OpenPort(int64_t process_id, uint16_t port,
                                      PodStreamSink sink) override {
    const auto stream = std::make_shared<FakePortStream>(core_->loop, alive_, std::move(sink));
    Run<Status>(
        FakeNetworkCall::kOpenPort,
        [process_id, port](FakeNetworkCore* core) -> Status {
          if (process_id != 0 && core->process_alive && !core->process_alive(process_id)) {
            return NotFoundError("process " + std::to_string(process_id) + " has ended");
          }
          if (core->listened.contains(port)) return OkStatus();
          return UnavailableError("port " + std::to_string(port) +
                                  " of the pod: cannot connect: Connection refused");
        },
        [stream](const Status& status) { stream->Opened(status); });
    return stream;
  }

  void SetOnDisturbed(std::function<void(Disturbance)> on_disturbed) override {
    core_->disturbed[alive_] = std::move(on_disturbed);
  }

  void RemoveAll(DoneStatus done) override {
    Run<Status>(
        FakeNetworkCall::kRemoveAll,
        [](FakeNetworkCore* core) {
          core->prepared = false;
          core->synced.reset();
          core->attachments.clear();
          core->routes.clear();
          return OkStatus();
        },
        [this, done = std::move(done)](const Status& status) {
          config_.reset();
          done(status);
        });
  }

 private:
  template <typename Outcome>
  void Run(FakeNetworkCall call, std::function<Outcome(FakeNetworkCore*)> effect,
           std::function<void(Outcome)> done) {
    const std::optional<FakeNetworkCore::Failure> failure = core_->NextFailure(call);
    const std::weak_ptr<int> alive = alive_;
    const int64_t boot = core_->boot;
    core_->loop->After(core_->Latency(),
                       [=, core = core_, effect = std::move(effect), done = std::move(done)] {
                         Outcome outcome = UnavailableError("the host rebooted");
                         if (core->boot == boot) {
                           if (!failure || failure->done_nevertheless) {
                             ++core->calls[call];
                             outcome = effect(core.get());
                           }
                           if (failure) outcome = failure->status;
                         }
                         if (!alive.expired()) done(std::move(outcome));
                       });
  }

  std::shared_ptr<FakeNetworkCore> core_;
  std::optional<HostNetworkConfig> config_;  // of the last Prepare that succeeded
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

FakeNetwork::FakeNetwork(EventLoop* loop, FakeNetworkOptions options)
    : core_(std::make_shared<FakeNetworkCore>(loop, options)) {
  CHECK(options.min_latency_ms >= 0 && options.max_latency_ms >= options.min_latency_ms);
}
FakeNetwork::~FakeNetwork() = default;

std::unique_ptr<HostNetwork> FakeNetwork::Connect() {
  return std::make_unique<FakeNetworkClient>(core_);
}

void FakeNetwork::SetProcessAlive(std::function<bool(int64_t)> alive) {
  core_->process_alive = std::move(alive);
}

void FakeNetwork::SetOnAttached(std::function<void(int64_t)> on_attached) {
  core_->on_attached = std::move(on_attached);
}

void FakeNetwork::ProcessEnded(int64_t process_id) {
  core_->attached_processes.erase(process_id);
  for (auto it = core_->attachments.begin(); it != core_->attachments.end();) {
    const auto next = std::next(it);
    if (it->second.process_id == process_id) {
      core_->Forget(std::string(it->first));
    }
    it = next;
  }
}

void FakeNetwork::RebootHost() {
  ++core_->boot;
  core_->prepared = false;
  core_->synced.reset();
  core_->attachments.clear();
  core_->attached_processes.clear();
  core_->routes.clear();
}

void FakeNetwork::TakeRules() {
  core_->taken.emplace_back("Somebody has taken rules; they were loaded again");
  core_->Disturb(Disturbance::kHost);
}

bool FakeNetwork::DropRoute(const std::string& address) {
  if (core_->routes.erase(address) == 0) return false;
  core_->Disturb(Disturbance::kPods);
  return true;
}

void FakeNetwork::ListenOn(uint16_t port) { core_->listened.insert(port); }

void FakeNetwork::SetProblems(std::vector<std::string> problems) {
  core_->problems = std::move(problems);
}

void FakeNetwork::SetFaults(FakeNetworkFaults faults) { core_->options.faults = faults; }

void FakeNetwork::FailNext(FakeNetworkCall call, Status status, int count, bool done_nevertheless) {
  for (int i = 0; i < count; ++i) core_->failures[call].push_back({status, done_nevertheless});
}

const std::optional<NetworkState>& FakeNetwork::synced() const { return core_->synced; }
bool FakeNetwork::prepared() const { return core_->prepared; }
const std::map<std::string, PodAttachment>& FakeNetwork::attachments() const {
  return core_->attachments;
}
bool FakeNetwork::WasAttached(int64_t process_id) const {
  return core_->attached_processes.contains(process_id);
}
bool FakeNetwork::HasRoute(const std::string& address) const {
  return core_->routes.contains(address);
}
int64_t FakeNetwork::CallCount(FakeNetworkCall call) const {
  const auto it = core_->calls.find(call);
  return it == core_->calls.end() ? 0 : it->second;
}
int64_t FakeNetwork::injected_faults() const { return core_->injected; }

}  // namespace reconcile
