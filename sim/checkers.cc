#include "sim/checkers.h"

#include <algorithm>

#include "agent/containers.h"
#include "sim/workload.h"

namespace reconcile {
namespace {

bool Ends(const FakeChange& change) { return change.what == "die" || change.what == "destroy"; }

}  // namespace

std::string SlotOf(const ContainerInfo& container) {
  const std::string uid = LabelOf(container, kLabelPodUid);
  return uid.empty() ? "" : uid + "/" + LabelOf(container, kLabelContainer);
}

void DoubleChecker::OnChange(const std::string& host, const FakeChange& change, MonoTime now) {
  const std::string slot = SlotOf(change.container);
  if (slot.empty()) return;
  std::set<std::string>& ids = live_[slot];
  if (change.what == "start") {
    ids.insert(change.container.id);
    if (ids.size() > 1) {
      violations_.Add("at " + std::to_string(now.ms) + " ms on " + host + ": " +
                      std::to_string(ids.size()) + " live containers of " + slot + " (" +
                      change.container.name + ")");
    }
  } else if (Ends(change)) {
    ids.erase(change.container.id);
  }
}

bool RestartChecker::MayEnd(const Live& live, const ContainerInfo& container) const {
  const bool is_init = LabelOf(container, kLabelContainer) == kInitName;
  const bool by_itself = container.exit_code == (is_init ? 0 : kCrashExitCode);
  return in_fault_ || live.sandbox_lost || by_itself || has_hung_(container.id) ||
         !is_wanted_(container);
}

void RestartChecker::OnChange(const std::string& host, const FakeChange& change, MonoTime now) {
  const ContainerInfo& container = change.container;
  if (SlotOf(container).empty()) return;
  if (change.what == "start") {
    live_[container.id] = {LabelOf(container, kLabelPodUid), false};
    return;
  }
  const auto ended = live_.find(container.id);
  if (!Ends(change) || ended == live_.end()) return;
  if (!MayEnd(ended->second, container)) {
    violations_.Add("at " + std::to_string(now.ms) + " ms on " + host + ": " + container.name +
                    " was ended without need, exit code " + std::to_string(container.exit_code));
  }
  const std::string pod_uid = ended->second.pod_uid;
  live_.erase(ended);
  if (LabelOf(container, kLabelContainer) != kSandboxContainer) return;
  for (auto& [id, live] : live_) live.sandbox_lost |= live.pod_uid == pod_uid;
}

bool RestartChecker::Runs(const std::string& pod_uid) const {
  return std::any_of(live_.begin(), live_.end(),
                     [&](const auto& entry) { return entry.second.pod_uid == pod_uid; });
}

void RestartChecker::During(const std::function<void()>& fault) {
  in_fault_ = true;
  fault();
  in_fault_ = false;
}

void OrderChecker::OnChange(const std::string& host, const FakeChange& change, MonoTime now) {
  const ContainerInfo& container = change.container;
  const std::string& name = LabelOf(container, kLabelContainer);
  const std::string place =
      LabelOf(container, kLabelPodUid) + "/" + LabelOf(container, kLabelSandbox);
  if (change.what == "die") {
    if (name == kInitName && container.exit_code == 0) initialized_.insert(place);
    return;
  }
  if (change.what != "start" || (name != kMainName && name != kSidecarName)) return;
  std::string before = initialized_.contains(place) ? "" : kInitName;
  if (name == kMainName && before.empty() && !accompanied_.contains(place)) before = kSidecarName;
  if (name == kSidecarName) accompanied_.insert(place);
  if (before.empty() || !has_inits_(container)) return;
  violations_.Add("at " + std::to_string(now.ms) + " ms on " + host + ": " + container.name +
                  " started before " + before + " in its sandbox");
}

}  // namespace reconcile
