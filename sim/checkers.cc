#include "sim/checkers.h"

#include <algorithm>

#include "sim/workload.h"

namespace reconcile {
namespace {

std::string LabelOf(const ContainerInfo& container, std::string_view label) {
  const auto found = container.labels.find(std::string(label));
  return found == container.labels.end() ? "" : found->second;
}

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
  const bool by_itself = container.exit_code == kCrashExitCode;
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

}  // namespace reconcile
