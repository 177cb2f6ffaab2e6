#include "agent/agent_core.h"
#include "agent/assigned_network.h"
#include "agent/restart.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr int64_t kDisturbedQuietMs = 100;   // news of one disturbance come together
constexpr int64_t kDisturbedEveryMs = 500;   // looks at most, whoever goes on disturbing
constexpr int64_t kProblemAgainMs = 5'000;   // while something is lacking
constexpr int64_t kMaxSyncAgainMs = 10'000;  // after failures

}  // namespace

// The whole network of the host, from the assignment in force and the addresses of its pods.
void Agent::Core::ConsiderNetwork() {
  if (!applied_ || !seen_.prepared || seen_.busy.contains("network")) return;
  const auto cluster = assigned_network_.Take(*applied_);
  if (cluster == nullptr) return;
  const NetworkState wanted{options_.node_name, cluster, HostPortsOf(*applied_, seen_.pods)};
  if (synced_ == wanted) {
    network_revision_ = applied_->fence.revision;
    return;
  }
  if (syncing_) return;
  const MonoTime now = loop_->now().mono;
  if (now < sync_again_at_) return;
  syncing_ = true;
  const uint64_t disturbance = disturbances_;
  network_->Sync(wanted, Guarded([this, wanted, disturbance, revision = applied_->fence.revision](
                                     Result<SyncOutcome> outcome) {
                   syncing_ = false;
                   OnSynced(wanted, revision, disturbance == disturbances_, std::move(outcome));
                 }));
}

void Agent::Core::OnSynced(const NetworkState& state, Revision revision, bool undisturbed,
                           Result<SyncOutcome> outcome) {
  if (!outcome.ok()) {
    synced_.reset();
    const int64_t wait_ms = std::min(RetryDelayMs(++sync_failures_), kMaxSyncAgainMs);
    sync_again_at_ = loop_->now().mono + wait_ms;
    After(wait_ms, [this] { RequestTurn(); });
    NoteNetworkProblems({outcome.status().message()});
    return RequestTurn();
  }
  sync_failures_ = 0;
  if (!outcome->problems.empty() && !problem_timer_) {  // somebody may mend what is wrong
    problem_timer_ = true;
    After(kProblemAgainMs, [this] {
      problem_timer_ = false;
      synced_.reset();
      RequestTurn();
    });
  }
  NoteNetworkProblems(std::move(outcome->problems));
  TellPutBack(outcome->put_back);
  if (undisturbed) {
    synced_ = state;
    network_revision_ = revision;
  }
  RequestTurn();
}

void Agent::Core::NoteNetworkProblems(std::vector<std::string> problems) {
  if (problems == health_.network_problems) return;
  for (const std::string& problem : problems) {
    LogWarning("the network lacks something", {{"problem", problem}});
  }
  health_.network_problems = std::move(problems);
}

// Somebody took away what is ours: look at all of it again.
void Agent::Core::OnNetworkDisturbed(Disturbance what) {
  if (what == Disturbance::kPods) {
    if (pods_timer_) return;
    pods_timer_ = true;
    return After(kDisturbedQuietMs, [this] {
      pods_timer_ = false;
      RequestNetworkList();
    });
  }
  ++disturbances_;
  synced_.reset();
  if (disturbed_timer_) return;
  disturbed_timer_ = true;
  const MonoTime now = loop_->now().mono;
  const int64_t wait_ms = std::max(kDisturbedQuietMs, looked_at_ + kDisturbedEveryMs - now);
  After(wait_ms, [this] {
    disturbed_timer_ = false;
    // What is under way may have begun before.
    if (seen_.busy.contains("network")) return OnNetworkDisturbed(Disturbance::kHost);
    looked_at_ = loop_->now().mono;
    LookAtUnderlay();
    RequestNetworkList();
    PrepareAgain("somebody changed the host's network");
    RequestTurn();
  });
}

// A host may get another address: its peers learn it from the next report.
void Agent::Core::LookAtUnderlay() {
  if (!options_.read_underlay) return;
  const AgentOptions::Underlay now = options_.read_underlay();
  if (now.address.empty()) return;  // between two
  if (now.address == options_.host_ip && now.mtu == options_.mtu) return;
  LogInfo("the host's address or MTU is another",
          {{"address", now.address}, {"mtu", std::to_string(now.mtu)}});
  options_.host_ip = now.address;
  options_.mtu = now.mtu;
  RequestTurn();
}

// Whether other hosts' pods can be reached is seen by asking, not by what routes say.
void Agent::Core::ProbePeers() {
  After(kProbeMs, [this] { ProbePeers(); });
  if (!synced_) return;
  std::vector<NetworkPeer> others;
  for (const NetworkPeer& peer : synced_->cluster->peers) {
    if (peer.name != options_.node_name) others.push_back(peer);
  }
  if (others.empty()) {
    peer_count_ = 0;
    unreached_.clear();
    return ReportIfChanged();
  }
  network_->Probe(
      others,
      Guarded([this, count = others.size()](const Result<std::vector<std::string>>& silent) {
        if (!silent.ok()) {
          return LogWarning("other hosts cannot be looked for",
                            {{"error", silent.status().message()}});
        }
        peer_count_ = count;
        unreached_ = *silent;
        ReportIfChanged();
      }));
}

NetworkReport Agent::Core::NetworkNow() const {
  NetworkReport report;
  report.revision = network_revision_;
  report.peers = static_cast<int64_t>(peer_count_);
  report.unreached = unreached_;
  report.problems = health_.network_problems;
  if (!seen_.prepared) return report;
  report.backend = std::string(ToString(seen_.prepared->backend));
  report.mtu = seen_.prepared->mtu;
  return report;
}

void Agent::Core::PrepareAgain(const std::string& why) {
  if (!seen_.prepared || seen_.busy.contains("network")) return;
  Begin({"network", why, PrepareNetwork{*seen_.prepared}, "", "", ""});
}

}  // namespace reconcile
