#include "net/kernel_network.h"

#include <optional>

#include "net/kernel_host.h"

namespace reconcile {
namespace {

// Sends each call to the executor and brings its outcome back.
class KernelNetwork final : public HostNetwork {
 public:
  KernelNetwork(EventLoop* loop, Executor* executor, const KernelNetworkOptions& options)
      : loop_(loop), executor_(executor) {
    Result<KernelHost> host = KernelHost::Open(options);
    if (host.ok()) {
      host_ = std::make_shared<const KernelHost>(std::move(host).value());
    } else {
      no_host_ = host.status();
    }
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
          return host.Attach(attachment, *config);
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

  void RemoveAll(DoneStatus done) override {
    Run<Status>([](const KernelHost& host) { return host.RemoveAll(); },
                [this, done = std::move(done)](const Status& status) {
                  config_.reset();
                  done(status);
                });
  }

 private:
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
  std::optional<HostNetworkConfig> config_;  // of the last Prepare that succeeded
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace

std::unique_ptr<HostNetwork> MakeKernelNetwork(EventLoop* loop, Executor* executor,
                                               KernelNetworkOptions options) {
  return std::make_unique<KernelNetwork>(loop, executor, options);
}

}  // namespace reconcile
