#include "sim/hook_checker.h"

#include <algorithm>

#include "agent/containers.h"
#include "schema/pod.h"
#include "sim/workload.h"

namespace reconcile {
namespace {

constexpr int64_t kAfterHookMs = 2'000;
// An agent or engine that is away, a host that sleeps, calls whose reply is lost: who should end it
// cannot for a while.
constexpr int64_t kSlackMs = 240'000;
// While nobody knows whether the postStart hook has ended, the preStop hook waits; the signal does
// so for the grace period alone.
constexpr int64_t kUnknownMs = 20'000;

std::string At(const std::string& host, MonoTime now) {
  return "at " + std::to_string(now.ms) + " ms" + (host.empty() ? "" : " on " + host) + ": ";
}

bool HasHooks(const ContainerInfo& container) { return !LabelOf(container, kLabelPreStop).empty(); }

}  // namespace

void HookChecker::OnChange(const std::string& host, const FakeChange& change, MonoTime now) {
  const ContainerInfo& container = change.container;
  const std::string& id = container.id;
  if (!HasHooks(container)) return;
  const bool is_exec = change.what == "exec-asked" || change.what == "exec-ended";
  if (is_exec && IsLive(container)) {
    const bool begins = change.command.front() == kPostStartCommand;
    (begins ? post_starts_ : pre_stops_).try_emplace(id, Asked{now, container.name});
    if (change.what == "exec-asked") return;
    ++(begins ? begun_ : stopped_);
    if (begins) started_.insert(id);
  } else if (change.what == "signal") {
    OnSignal(host, container, now);
  } else if (change.what == "die" || change.what == "destroy") {
    const auto stop = pre_stops_.find(id);
    if (stop != pre_stops_.end()) CheckLife(container.name, stop->second.at, now);
    for (auto* asked : {&post_starts_, &pre_stops_}) asked->erase(id);
  }
}

void HookChecker::OnSignal(const std::string& host, const ContainerInfo& container, MonoTime now) {
  const auto started = post_starts_.find(container.id);
  const bool unknown = started != post_starts_.end() && now - started->second.at < kUnknownMs;
  if (pre_stops_.contains(container.id) || unknown) return;
  violations_.Add(At(host, now) + container.name + " got its stop signal before its preStop hook");
}

void HookChecker::CheckLife(const std::string& name, MonoTime began, MonoTime now) {
  if (now - began <= kSimGraceMs + kAfterHookMs + kSlackMs) return;
  violations_.Add(At("", now) + name + " lived on for " + std::to_string(now - began) +
                  " ms after its stop began");
}

void HookChecker::OnState(const ClusterState& state, MonoTime now) {
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const std::optional<SimTemplate> of = ReadTemplate(pod->spec);
    if (!of || !of->has_hooks || pod->status.container_statuses.empty()) return;
    const ContainerStatus& status = pod->status.container_statuses.front();
    const std::string id = status.container_id.substr(status.container_id.rfind('/') + 1);
    if (!status.ready || started_.contains(id)) return;
    violations_.Add(At(pod->spec.node_name, now) + pod->metadata.name +
                    " is ready before the postStart hook of " + id.substr(0, 12) + " has ended");
  });
}

void HookChecker::AtEnd(MonoTime now) {
  for (const auto& [id, stop] : pre_stops_) CheckLife(stop.name, stop.at, now);
}

void HookChecker::Count(std::map<std::string, int64_t>* counts) const {
  (*counts)["postStart hook ended"] = begun_;
  (*counts)["preStop hook ended"] = stopped_;
}

}  // namespace reconcile
