#include "sim/faults.h"

#include <algorithm>
#include <cstdio>

namespace reconcile {
namespace {

constexpr LinkFaults kBadLink = {
    .lost_per_mille = 15,
    .repeated_per_mille = 30,
    .delayed_per_mille = 60,
    .stale_per_mille = 300,
    .other_release_per_mille = 150,
};
constexpr int64_t kTryAgainMs = 5'000;
constexpr FakeFaults kBadEngine = {.failed_per_mille = 10, .lost_reply_per_mille = 5};
constexpr FakeNetworkFaults kBadDevices = {.failed_per_mille = 15, .lost_reply_per_mille = 15};

}  // namespace

Faults::Faults(uint64_t seed, const FaultTargets& targets, bool verbose)
    : targets_(targets), verbose_(verbose), random_(seed), fate_(targets.time) {}

SimHost& Faults::PickHost() { return *(*targets_.hosts)[random_.Below(targets_.hosts->size())]; }

int64_t Faults::Between(int64_t least_ms, int64_t most_ms) {
  return least_ms + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(most_ms - least_ms)));
}

void Faults::Repeat(const std::string& name, int64_t mean_ms, std::function<bool()> fault) {
  const int64_t pause_ms = std::max<int64_t>(0, paused_until_ms_ - targets_.time->now().mono.ms);
  fate_.After(pause_ms + Between(mean_ms / 4, mean_ms * 7 / 4), [this, name, mean_ms, fault] {
    if (!go_on_) return;
    if (targets_.time->now().mono.ms < paused_until_ms_) return Repeat(name, mean_ms, fault);
    const bool happened = fault();
    if (happened) ++counts_[name];
    Say(name + (happened ? "" : " (no effect)"));
    Repeat(name, mean_ms, fault);
  });
}

void Faults::Say(const std::string& what) const {
  if (!verbose_) return;
  std::printf("%9.3f s  %s\n", static_cast<double>(targets_.time->now().mono.ms) / 1000,
              what.c_str());
}

void Faults::Begin() {
  targets_.network->SetFaults(kBadLink);
  for (const auto& host : *targets_.hosts) {
    host->engine().SetFaults(kBadEngine);
    host->devices().SetFaults(kBadDevices);
  }
  RepeatCommits();
  RepeatControllerFaults();
  RepeatHostFaults();
  RepeatLinkFaults();
  RepeatMachineFaults();
  RepeatLossFaults();
  RepeatNodeOperations();
  RepeatShortages();
  RepeatEngineFaults();
  RepeatContainerFaults();
  if (targets_.workload->has_hooks()) RepeatHookFaults();
  PlanAbsence();
}

// Commits count when the controller takes them in: see ModelChecker.
void Faults::RepeatCommits() {
  Repeat("commit made", 25'000, [this] {
    targets_.workload->Change();
    targets_.controller->SetCommit(targets_.workload->Commit());
    return true;
  });
  Repeat("broken commit made", 70'000, [this] {
    targets_.controller->SetCommit(targets_.workload->BrokenCommit());
    return true;
  });
  Repeat("fetch failed", 120'000,
         [this] { return targets_.controller->FailFetches(static_cast<int>(Between(1, 4))); });
}

void Faults::RepeatControllerFaults() {
  Repeat("controller killed", 100'000,
         [this] { return targets_.controller->Kill(Between(100, 10'000)); });
  Repeat("controller lost power", 150'000,
         [this] { return targets_.controller->LosePower(Between(100, 10'000), false); });
  Repeat("controller lost power in a commit", 110'000,
         [this] { return targets_.controller->LosePower(Between(100, 10'000), true); });
}

void Faults::RepeatHostFaults() {
  Repeat("agent killed", 60'000, [this] {
    SimHost& host = PickHost();
    fate_.After(Between(100, 10'000), [&host] { host.StartAgent(); });
    return host.KillAgent();
  });
  Repeat("host lost", 120'000, [this] {
    SimHost& host = PickHost();
    bool lost = false;
    targets_.restarts->During([&] { lost = host.PowerOff(); });
    fate_.After(Between(2'000, 60'000), [&host] { host.PowerOn(); });
    return lost;
  });
}

bool Faults::CrashEngine(bool live_restore) {
  for (const auto& host : *targets_.hosts) {
    if (host->live_restore() != live_restore || !host->CrashEngine()) continue;
    fate_.After(Between(500, 20'000), [this, &host] { RestartEngine(host.get()); });
    return true;
  }
  return false;
}

// Without live restore, the engine's start ends what ran.
void Faults::RestartEngine(SimHost* host) {
  if (!host->awake()) {
    fate_.After(kTryAgainMs, [this, host] { RestartEngine(host); });
  } else if (host->live_restore()) {
    host->StartEngine();
  } else {
    targets_.restarts->During([&] { host->StartEngine(); });
  }
}

void Faults::RepeatEngineFaults() {
  Repeat("engine crashed, live restore", 90'000, [this] { return CrashEngine(true); });
  Repeat("engine crashed, no live restore", 130'000, [this] { return CrashEngine(false); });
  Repeat("event stream broken", 90'000, [this] {
    SimHost& host = PickHost();
    const bool connected = host.awake() && host.agent_runs() && host.engine().up();
    host.engine().BreakEventStreams();
    return connected;
  });
}

std::string Faults::PickLive(const SimHost& host, bool sandbox) {
  std::vector<std::string> ids;
  for (const ContainerInfo& container : host.engine().Containers()) {
    const bool is_sandbox = SlotOf(container).ends_with("/" + std::string(kSandboxContainer));
    const bool live = container.state == ContainerRunState::kRunning;
    if (live && is_sandbox == sandbox) ids.push_back(container.id);
  }
  return ids.empty() ? "" : ids[random_.Below(ids.size())];
}

bool Faults::KillContainer(bool sandbox, bool destroy) {
  SimHost& host = PickHost();
  const std::string id = host.awake() ? PickLive(host, sandbox) : "";
  if (id.empty()) return false;
  targets_.restarts->During([&] {
    if (destroy) {
      host.engine().DestroyContainer(id);
    } else {
      host.engine().KillContainer(id);
    }
  });
  return true;
}

// It answers its probes badly: not ready for a while, or nothing any more.
bool Faults::MakeProgramIll() {
  SimHost& host = PickHost();
  const std::string id = host.awake() ? PickLive(host, false) : "";
  if (id.empty()) return false;
  if (random_.Below(3) == 0) {
    host.programs().Hang(id);
  } else {
    host.programs().MakeUnready(id, targets_.time->now().mono + Between(5'000, 120'000));
  }
  return true;
}

void Faults::RepeatContainerFaults() {
  Repeat("program ill", 30'000, [this] { return MakeProgramIll(); });
  Repeat("container killed", 70'000, [this] { return KillContainer(false, false); });
  Repeat("container removed", 110'000, [this] { return KillContainer(false, true); });
  Repeat("sandbox killed", 110'000, [this] { return KillContainer(true, false); });
  Repeat("route lost", 110'000, [this] {
    SimHost& host = PickHost();
    const auto& attachments = host.devices().attachments();
    if (attachments.empty() || !host.awake()) return false;
    auto chosen = attachments.begin();
    std::advance(chosen, static_cast<int64_t>(random_.Below(attachments.size())));
    return host.devices().DropRoute(chosen->second.address);
  });
}

void Faults::End() {
  go_on_ = false;
  targets_.network->SetFaults({});
  targets_.controller->EndOld();
  targets_.controller->Recover();
  UncordonAll();
  for (const auto& host : *targets_.hosts) {
    host->Resume();
    host->SetFree({});
    targets_.network->Mend(host->name());
    targets_.network->LeadTo(host->name(), std::string(kControllerAddress));
    host->engine().SetFaults({});
    host->devices().SetFaults({});
    host->PowerOn();
    RestartEngine(host.get());
    host->StartAgent();
  }
}

std::map<std::string, int64_t> Faults::Counts() const {
  std::map<std::string, int64_t> counts = counts_;
  const LinkCounts& link = targets_.network->counts();
  counts["message lost"] = link.lost;
  counts["message repeated"] = link.repeated;
  counts["message delayed"] = link.delayed;
  counts["message stuck in one way"] = link.stuck;
  counts["message read late"] = link.read_late;
  counts["message superseded"] = link.superseded;
  counts["assignment of an earlier connection"] = link.stale_assignments;
  counts["report of an earlier connection"] = link.stale_reports;
  counts["report of an earlier agent start"] = link.reports_of_older_starts;
  counts["message of another release"] = link.other_release;
  counts["controller lost power in a commit"] = targets_.controller->power_losses_in_commits();
  for (const auto& host : *targets_.hosts) {
    counts["engine call failed or reply lost"] += host->engine().injected_faults();
    counts["device call failed or reply lost"] += host->devices().injected_faults();
  }
  return counts;
}

}  // namespace reconcile
