#include <algorithm>

#include "agent/agent_core.h"
#include "base/log.h"

namespace reconcile {
namespace {

// Changes close together go in one report. A host of few pods waits little, as its report costs
// little and each step of a rolling update waits for one; what a report costs grows with its pods.
constexpr int64_t kLeastSpacingMs = 5;
constexpr int64_t kMostSpacingMs = 50;
constexpr int64_t kPodsPerSpacingMs = 5;

int64_t SpacingMs(size_t pods) {
  return std::min(kLeastSpacingMs + static_cast<int64_t>(pods) / kPodsPerSpacingMs, kMostSpacingMs);
}

bool SamePods(const std::vector<PodReport>& a, const std::vector<PodReport>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PodReport& x, const PodReport& y) {
                      return x.uid == y.uid && x.gone == y.gone && x.status == y.status;
                    });
}

bool SameReports(const Report& a, const Report& b) {
  return a.applied == b.applied && a.held == b.held && a.network == b.network &&
         a.heartbeat_ms == b.heartbeat_ms && a.labels == b.labels &&
         a.node_status == b.node_status && SameImages(a.images, b.images) &&
         SamePods(a.pods.items(), b.pods.items());
}

}  // namespace

Report Agent::Core::MakeReport() const {
  Report report;
  report.node = options_.node_name;
  report.agent_start = agent_start_;
  report.sequence = sequence_ + 1;
  if (applied_) report.applied = applied_->fence;
  for (const std::string* reason : {&refused_, &pending_held_, &orphans_held_}) {
    if (report.held.empty()) report.held = *reason;
  }
  report.network = NetworkNow();
  report.heartbeat_ms = HeartbeatMs();
  report.clock_ms = std::max<int64_t>(loop_->now().wall.ms, 0);
  report.labels = MakeNodeLabels(options_, health_);
  report.node_status = MakeNodeStatus(options_, health_);
  report.images = images_;
  report.pods = pods_;
  report.usage = usage_;
  return report;
}

void Agent::Core::ReportIfChanged() {
  if (!MaySpeak()) return;
  const bool changed = !events_.empty() || !told_ || !SameReports(*told_, MakeReport());
  if (!changed || report_timer_set_ || AwaitsEnds()) return;
  const int64_t spacing_ms = SpacingMs(pods_.size());
  const int64_t since_ms = told_ ? loop_->now().mono - told_at_ : spacing_ms;
  if (since_ms >= spacing_ms) return SendReport();
  report_timer_set_ = true;
  After(spacing_ms - since_ms, [this] {
    report_timer_set_ = false;
    ReportIfChanged();
  });
}

void Agent::Core::SendReport() {
  if (!MaySpeak()) return;
  Report report = MakeReport();
  report.events.swap(events_);  // not copied: without a controller this fails again and again
  report.starts.swap(starts_);
  const Status sent = link_->Send(report);
  if (options_.observer != nullptr) options_.observer->OnReport(report, sent);
  if (!sent.ok()) {
    // The connection's return, or the next heartbeat, repeats. What is too large to travel is not
    // insisted on.
    if (sent.code() == StatusCode::kInvalid) return;
    events_.swap(report.events);
    starts_.swap(report.starts);
    return;
  }
  sequence_ = report.sequence;
  report.events.clear();
  report.starts.clear();
  told_ = std::move(report);
  told_at_ = loop_->now().mono;
}

// The assignment's pods with what was last seen of them, and its Services. Too large to travel with
// that, it goes without: it then has less than the assignment, which did travel.
void Agent::Core::SendInventory() {
  Inventory inventory;
  inventory.node = options_.node_name;
  if (applied_) {
    inventory.fence = applied_->fence;
    inventory.node_pod_cidr = applied_->node_pod_cidr;
    inventory.pods = applied_->pods;
    inventory.services = applied_->services;
  }
  Inventory with_status = inventory;
  std::map<std::string, const PodReport*> reports;
  for (const PodReport& report : pods_) reports[report.uid] = &report;
  for (auto& pod : with_status.pods) {
    const auto report = reports.find(pod->metadata.uid);
    if (report == reports.end()) continue;
    const auto seen = std::make_shared<Pod>(*pod);
    seen->status = report->second->status;
    pod = seen;
  }
  Status sent = link_->SendInventory(with_status);
  if (sent.code() == StatusCode::kInvalid) sent = link_->SendInventory(inventory);
  if (!sent.ok()) LogWarning("inventory not sent", {{"error", sent.message()}});
}

int64_t Agent::Core::HeartbeatMs() const {
  const int64_t asked_ms = applied_ ? applied_->heartbeat_ms : 0;
  if (asked_ms == 0) return options_.heartbeat_ms;
  return std::min(std::max(asked_ms, kLeastHeartbeatMs), options_.heartbeat_ms);
}

// Called again when the assignment asks for another pace: what the next report promises holds from
// its sending on.
void Agent::Core::PlanHeartbeat() {
  if (heartbeat_timer_ != 0) loop_->Cancel(heartbeat_timer_);
  heartbeat_planned_ms_ = HeartbeatMs();
  heartbeat_timer_ = loop_->After(heartbeat_planned_ms_, Guarded([this] {
                                    heartbeat_timer_ = 0;
                                    PlanHeartbeat();
                                    LookAtUnderlay();
                                    SendReport();
                                  }));
}

}  // namespace reconcile
