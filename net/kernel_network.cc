#include "net/kernel_network.h"

#include <optional>

#include "net/await_program.h"
#include "net/kernel_host.h"
#include "net/kernel_sync.h"
#include "net/port_stream.h"

namespace reconcile {
namespace {

// What the kernel does not tell of a changed overlay, a Sync sees after so long.
constexpr int64_t kLookEveryMs = 10'000;
constexpr int64_t kProgramMs = 1'000;  // for a program to begin once its network is there

// Sends each call to the executor and brings its outcome back.
class KernelNetwork final : public HostNetwork {
 public:
  KernelNetwork(EventLoop* loop, Executor* executor, KernelNetworkOptions options)
      : loop_(loop),
        executor_(executor),
        unwatch_fd_(options.unwatch_fd),
        serve_names_(options.serve_names),
        on_behind_(options.on_behind) {
    Result<KernelHost> host = KernelHost::Open(options);
    if (!host.ok()) {
      no_host_ = host.status();
      return;
    }
    host_ = std::make_shared<const KernelHost>(std::move(host).value());
    if (host_->watch() == nullptr) return;
    options.watch_fd(host_->watch()->route_fd(), [this] { OnRouteNews(); });
    options.watch_fd(host_->watch()->rules_fd(), [this] { OnRulesNews(); });
  }
  ~KernelNetwork() override {
    if (host_ == nullptr || host_->watch() == nullptr) return;
    unwatch_fd_(host_->watch()->route_fd());
    unwatch_fd_(host_->watch()->rules_fd());
  }

  void Prepare(const HostNetworkConfig& config, DoneStatus done) override {
    Run<Status>([config](const KernelHost& host) { return host.Prepare(config); },
                [this, config, done = std::move(done)](const Status& status) {
                  if (status.ok()) config_ = config;
                  done(status);
                });
  }

  void AttachPod(const PodAttachment& attachment, DoneStatus done) override {
    Run<Status>(
        [attachment, config = config_](const KernelHost& host) -> Status {
          if (!config) return ConflictError("the host's network has not been prepared");
          RETURN_IF_ERROR(host.Attach(attachment, *config));
          if (attachment.waits_as.empty()) return OkStatus();
          return AwaitProgram(attachment.process_id, attachment.waits_as, kProgramMs)
              .WithContext("pod " + attachment.pod_uid);
        },
        std::move(done));
  }

  void DetachPod(const std::string& pod_uid, const std::string&, DoneStatus done) override {
    Run<Status>([pod_uid](const KernelHost& host) { return host.Detach(pod_uid); },
                std::move(done));
  }

  void List(std::function<void(Result<std::vector<std::string>>)> done) override {
    Run<Result<std::vector<std::string>>>([](const KernelHost& host) { return host.List(); },
                                          std::move(done));
  }

  void Sync(const NetworkState& state, std::function<void(Result<SyncOutcome>)> done) override {
    const MonoTime now = loop_->now().mono;
    const bool hears = host_ != nullptr && host_->watch() != nullptr;
    if (!hears || now >= look_again_at_) {
      synced_.overlay.reset();
      look_again_at_ = now + kLookEveryMs;
    }
    // Every change of a firewall is heard. To ask firewalld takes a second, in which others wait.
    if (!hears) synced_.firewalld.reset();
    Run<Result<SyncedNetwork>>(
        [state, config = config_, before = synced_, tables = tables_, serve = serve_names_,
         behind = on_behind_](const KernelHost& host) {
          Result<SyncedNetwork> synced =
              SyncNetwork(host, config, state, before, tables.get(), serve);
          if (!synced.ok() && behind) behind();
          return synced;
        },
        [this, rules = rules_taken_, routes = routes_taken_, firewalls = firewalls_changed_,
         done = std::move(done)](Result<SyncedNetwork> synced) {
          // Who knows what came about, or what is left of it.
          const bool is_known = synced.ok() && rules == rules_taken_;
          synced_ = is_known ? *synced : SyncedNetwork();
          synced_.problems.clear();
          if (routes != routes_taken_) synced_.overlay.reset();
          if (firewalls != firewalls_changed_) synced_.firewalld.reset();
          if (!synced.ok()) return done(synced.status());
          SyncOutcome outcome = {std::move(synced->problems), PutBack(*synced)};
          if (rules == rules_taken_) rules_by_others_ = false;
          if (synced->overlay) last_overlay_ = std::move(synced->overlay);
          done(std::move(outcome));
        });
  }

  void Probe(const std::vector<NetworkPeer>& peers,
             std::function<void(Result<std::vector<std::string>>)> done) override {
    Run<Result<std::vector<std::string>>>(
        [peers](const KernelHost& host) { return host.Probe(peers); }, std::move(done));
  }

  std::shared_ptr<PodStream> OpenPort(int64_t process_id, uint16_t port,
                                      PodStreamSink sink) override {
    if (sockets_ == nullptr) sockets_ = std::make_unique<SocketThread>(loop_);
    return OpenPortStream(
        loop_, sockets_.get(), alive_, port,
        [host = host_, no_host = no_host_, process_id]() -> Result<UniqueFd> {
          if (host == nullptr) return no_host;
          return host->OpenTcpSocket(process_id);
        },
        std::move(sink));
  }

  void SetOnDisturbed(std::function<void(Disturbance)> on_disturbed) override {
    on_disturbed_ = std::move(on_disturbed);
  }

  void RemoveAll(DoneStatus done) override {
    Run<Status>([](const KernelHost& host) { return host.RemoveAll(); },
                [this, done = std::move(done)](const Status& status) {
                  config_.reset();
                  synced_ = SyncedNetwork();
                  done(status);
                });
  }

 private:
  // Of what a Sync did: what had been there.
  std::vector<std::string> PutBack(const SyncedNetwork& synced) const {
    std::vector<std::string> put_back;
    if (rules_by_others_) {
      put_back.emplace_back(
          "Somebody has changed nftables tables of reconcile; they were loaded again");
    }
    const bool was_right = synced.overlay && synced.overlay == last_overlay_;
    if (was_right && synced.overlay_changes > 0) {
      put_back.emplace_back(
          "Devices, routes or entries towards other hosts were changed or gone; they were made "
          "again");
    }
    return put_back;
  }

  void OnRouteNews() {
    std::vector<Cidr> ours;
    if (config_) {
      for (const std::string& text : {config_->cluster_pod_cidr, config_->service_cidr}) {
        const Result<Cidr> block = Cidr::Parse(text);
        if (block.ok()) ours.push_back(*block);
      }
    }
    const std::optional<Disturbance> what = host_->watch()->ReadRoutes(ours);
    if (what == Disturbance::kHost) {
      ++routes_taken_;
      synced_.overlay.reset();
    }
    if (what && on_disturbed_) on_disturbed_(*what);
  }

  void OnRulesNews() {
    const NetworkWatch::RulesNews news = host_->watch()->ReadRules();
    if (news.ours) {
      ++rules_taken_;
      rules_by_others_ |= !news.is_incomplete;
      synced_ = SyncedNetwork();
    }
    if (news.firewall) {
      ++firewalls_changed_;
      synced_.firewalld.reset();
    }
    // Of a firewall we hear also what we changed there: the next time there is nothing to do.
    if ((news.ours || news.firewall) && on_disturbed_) on_disturbed_(Disturbance::kHost);
  }

  template <typename Outcome>
  void Run(std::function<Outcome(const KernelHost&)> work, std::function<void(Outcome)> done) {
    const auto outcome = std::make_shared<std::optional<Outcome>>();
    const std::weak_ptr<int> alive = alive_;
    auto finish = [outcome, alive, done = std::move(done)] {
      if (!alive.expired()) done(std::move(**outcome));
    };
    if (host_ == nullptr) {
      outcome->emplace(no_host_);
      loop_->Post(std::move(finish));
      return;
    }
    const bool queued = executor_->Run(
        [outcome, host = host_, work = std::move(work)] { outcome->emplace(work(*host)); }, finish);
    if (queued) return;
    outcome->emplace(UnavailableError("too many network operations are waiting on this host"));
    loop_->Post(std::move(finish));
  }

  EventLoop* const loop_;
  Executor* const executor_;
  std::shared_ptr<const KernelHost> host_;
  Status no_host_;
  std::function<void(int)> unwatch_fd_;
  ServeNames serve_names_;
  std::function<void()> on_behind_;
  // Of the thread that runs the Sync of the moment.
  std::shared_ptr<ServiceTables> tables_ = std::make_shared<ServiceTables>();
  std::function<void(Disturbance)> on_disturbed_;
  std::optional<HostNetworkConfig> config_;   // of the last Prepare that succeeded
  SyncedNetwork synced_;                      // what is there, as far as it is known
  uint64_t rules_taken_ = 0;                  // how often others took some
  bool rules_by_others_ = false;              // and they are not back yet
  std::optional<OverlayBasis> last_overlay_;  // that was right, whatever others did since
  uint64_t routes_taken_ = 0;                 // likewise
  uint64_t firewalls_changed_ = 0;            // how often somebody changed the host's own
  MonoTime look_again_at_;
  std::unique_ptr<SocketThread> sockets_;  // made when the first port is opened
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<HostNetwork> MakeKernelNetwork(EventLoop* loop, Executor* executor,
                                               KernelNetworkOptions options) {
  return std::make_unique<KernelNetwork>(loop, executor, std::move(options));
}

}  // namespace reconcile
