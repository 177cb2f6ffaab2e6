#include <gtest/gtest.h>
#include <poll.h>

#include <set>

#include "net/fake_network.h"
#include "tests/contract/net/kernel_world.h"
#include "tests/support/virtual_loop.h"

namespace reconcile {

Status NetworkWorld::Wait(const std::function<void(HostNetwork::DoneStatus)>& call) {
  int answers = 0;
  Status outcome;
  call([&](const Status& status) {
    ++answers;
    outcome = status;
  });
  EXPECT_EQ(answers, 0) << "answered inside the call";
  EXPECT_TRUE(RunUntil([&] { return answers > 0; }));
  return outcome;
}

Status NetworkWorld::Prepare(const HostNetworkConfig& config) {
  return Wait([&](auto done) { network()->Prepare(config, std::move(done)); });
}
Status NetworkWorld::Attach(const PodAttachment& attachment) {
  return Wait([&](auto done) { network()->AttachPod(attachment, std::move(done)); });
}
Status NetworkWorld::Detach(const std::string& pod_uid, const std::string& address) {
  return Wait([&](auto done) { network()->DetachPod(pod_uid, address, std::move(done)); });
}
Status NetworkWorld::RemoveAll() {
  return Wait([&](auto done) { network()->RemoveAll(std::move(done)); });
}
Status NetworkWorld::Sync(const NetworkState& state) {
  return Wait([&](auto done) {
    network()->Sync(state, [done](const Result<SyncOutcome>& outcome) { done(outcome.status()); });
  });
}
std::vector<std::string> NetworkWorld::PutBack(const NetworkState& state) {
  std::vector<std::string> put_back;
  const Status status = Wait([&](auto done) {
    network()->Sync(state, [&put_back, done](const Result<SyncOutcome>& outcome) {
      if (outcome.ok()) put_back = outcome->put_back;
      done(outcome.status());
    });
  });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return put_back;
}
std::vector<std::string> NetworkWorld::List() {
  bool answered = false;
  std::vector<std::string> addresses;
  network()->List([&](Result<std::vector<std::string>> outcome) {
    answered = true;
    EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
    if (outcome.ok()) addresses = *outcome;
  });
  EXPECT_TRUE(RunUntil([&] { return answered; }));
  return addresses;
}

namespace {

class FakeWorld final : public NetworkWorld {
 public:
  FakeWorld() {
    fake_.SetProcessAlive([this](int64_t id) { return sandboxes_.contains(id); });
    RestartAgent();
  }
  HostNetwork* network() override { return network_.get(); }
  void RestartAgent() override { network_ = fake_.Connect(); }
  int64_t StartSandbox() override { return *sandboxes_.insert(next_id_++).first; }
  void EndSandbox(int64_t process_id) override {
    sandboxes_.erase(process_id);
    fake_.ProcessEnded(process_id);
  }
  bool Reaches(int64_t from, int64_t to, const std::string& address) override {
    const auto attached = [&](int64_t id, const std::string& at) {
      for (const auto& [uid, attachment] : fake_.attachments()) {
        const bool same = attachment.process_id == id;
        if (same && (at.empty() || at == attachment.address)) {
          return fake_.HasRoute(attachment.address);
        }
      }
      return false;
    };
    return fake_.prepared() && attached(to, address) && (from == 0 || attached(from, ""));
  }
  void DropRoute(const std::string& address) override { EXPECT_TRUE(fake_.DropRoute(address)); }
  void TakeRules() override { fake_.TakeRules(); }
  [[nodiscard]] bool RunUntil(const std::function<bool()>& done) override {
    return loop_.RunUntil(done);
  }

 private:
  VirtualLoop loop_;
  std::set<int64_t> sandboxes_;
  int64_t next_id_ = 100;
  FakeNetwork fake_{&loop_};
  std::unique_ptr<HostNetwork> network_;
};

}  // namespace

KernelWorld::KernelWorld() : workers_(&loop_, 4, 100) {
  host_.Run("ip link set lo up");
  host_.Run("ip link add up0 type veth peer name up0 netns " + std::to_string(outside_.id()));
  host_.Run("ip address add " + std::string(kHostUplink) + "/24 dev up0; ip link set up0 up");
  outside_.Run("ip address add " + std::string(kOutside) + "/24 dev up0; ip link set up0 up");
  host_.Run("ip route add default via " + std::string(kOutside));
  RestartAgent();
}

void KernelWorld::RestartAgent() {
  KernelNetworkOptions options;
  options.network_namespace_path = host_.NamespacePath();
  options.watch_fd = [this](int fd, Task task) { watched_[fd] = std::move(task); };
  options.unwatch_fd = [this](int fd) { watched_.erase(fd); };
  if (serve_names_) {
    options.serve_names = [this](const HostNetworkConfig&, const NetworkState&) {
      return serve_names_();
    };
  }
  network_ = MakeKernelNetwork(&loop_, &workers_, options);
}

void KernelWorld::SetServeNames(std::function<std::vector<std::string>()> serve_names) {
  serve_names_ = std::move(serve_names);
  RestartAgent();
}

bool KernelWorld::RunUntil(const std::function<bool()>& done) {
  return loop_.RunUntil([&] {
    for (const auto& [fd, on_readable] : watched_) {
      pollfd news = {fd, POLLIN, 0};
      if (::poll(&news, 1, 0) > 0) on_readable();
    }
    return done();
  });
}

void KernelWorld::TakeRules() { host_.Run("nft delete table ip reconcile"); }
void KernelWorld::DropRoute(const std::string& address) { host_.Run("ip route delete " + address); }

int64_t KernelWorld::StartSandbox() {
  auto sandbox = std::make_unique<IdleProcess>();
  const int64_t id = sandbox->id();
  sandboxes_[id] = std::move(sandbox);
  return id;
}

void KernelWorld::EndSandbox(int64_t process_id) { sandboxes_.at(process_id)->End(); }

bool KernelWorld::Reaches(int64_t from, int64_t to, const std::string& address) {
  const UniqueFd listener = sandbox(to).Listen(address, kTestPort);
  const IdleProcess& source = from == 0 ? host_ : sandbox(from);
  return source.Connect(address, kTestPort).ok() && !AcceptPeer(listener).empty();
}

int64_t KernelWorld::StartPod(const std::string& uid, const std::string& address) {
  const int64_t sandbox = StartSandbox();
  const Status status = Attach({uid, sandbox, address});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return sandbox;
}

std::unique_ptr<NetworkWorld> MakeFakeWorld() { return std::make_unique<FakeWorld>(); }
std::unique_ptr<NetworkWorld> MakeKernelWorld() { return std::make_unique<KernelWorld>(); }

}  // namespace reconcile
