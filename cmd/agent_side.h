#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/agent.h"
#include "agent/use_reader.h"
#include "base/epoll_loop.h"
#include "base/random.h"
#include "base/worker_pool.h"
#include "cmd/agent_metrics.h"
#include "cmd/config.h"
#include "cmd/host_lock.h"
#include "cmd/local_host.h"
#include "cmd/serving.h"
#include "link/link_dialer.h"
#include "net/dns/name_server.h"
#include "net/health_server.h"

namespace reconcile {

// The agent of this host with everything it stands on, on a thread of its own: in `up` beside the
// controller, in `agent` alone. Main thread only. Members end in the reverse order of their making.
class AgentSide {
 public:
  // config.node_name is set. Conflict when an agent runs from this data folder already.
  static Result<std::unique_ptr<AgentSide>> Open(const Config& config);
  ~AgentSide() { End(); }

  EpollLoop* loop() { return &loop_; }
  // The connection to config.controller_address. `token` joins a host that has no certificate yet.
  Status Dial(const Config& config, const std::string& token,
              std::function<void(const Status&)> on_refused);

  // Instead of Start: begins the thread, dials, and says once how joining ended. Unavailable after
  // `timeout_ms`; until then the log says every kJoinReminderMs what is wrong.
  void Join(int64_t timeout_ms, std::function<void(const Status&)> on_end);
  // After Join: this host had joined before.
  bool TokenUnused() const { return token_unused_; }
  using VerifyProof = std::function<bool(std::string_view text, const std::string& proof)>;
  // Begins: agent and thread. `verify`: see AgentOptions. Over `link`, which outlives End.
  void Start(ControllerLink* link, VerifyProof verify);
  void Start();  // over the dialed connection, by the CAs that joining brought
  // The loop's thread has ended. Containers go on.
  void End();

 private:
  static constexpr int64_t kJoinReminderMs = 10'000;
  static constexpr int64_t kJoinPollMs = 100;
  static constexpr int kNetworkThreads = 4;
  static constexpr size_t kMaxQueuedWork = 4096;

  AgentSide() = default;
  void SetOptions(const Config& config, const LocalHost& host);
  void ReadUse(std::vector<CountedContainer> containers, std::function<void(UseCounters)> done);
  std::string MetricsText() const;
  void LookWhetherJoined(MonoTime deadline, MonoTime remind_at,
                         std::function<void(const Status&)> on_end);

  std::unique_ptr<HostLock> lock_;
  AgentMetrics metrics_;  // everything counts here
  EpollLoop loop_;
  // Work that is under way asks them.
  std::unique_ptr<NameServer> names_;
  std::unique_ptr<HealthServer> health_;
  WorkerPool workers_{&loop_, kNetworkThreads, kMaxQueuedWork};
  // These live among the engine's mounts.
  WorkerPool volume_workers_{&loop_, 1, kMaxQueuedWork};
  WorkerPool volume_measurers_{&loop_, 1, kMaxQueuedWork};
  UseReader use_reader_;  // volume_lookers_' alone
  WorkerPool volume_lookers_{&loop_, 1, kMaxQueuedWork};
  SystemRandom random_;
  SystemRandom link_random_;
  AgentOptions options_;
  std::unique_ptr<ContainerRuntime> runtime_;
  std::unique_ptr<HostNetwork> network_;
  std::unique_ptr<HostFiles> files_;
  std::unique_ptr<Prober> prober_;
  std::unique_ptr<LinkDialer> dialer_;
  bool has_token_ = false;
  bool token_unused_ = false;
  std::unique_ptr<Agent> agent_;
  LoopThread thread_{&loop_};
};

// The node's name by configuration, or this host's own name. Invalid when that cannot be a node's.
Status NameNode(Config* config);

}  // namespace reconcile
