#include "agent/containers.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <tuple>

#include "agent/restart.h"
#include "base/planted_bug.h"

namespace reconcile {
namespace {

// Newest attempt first; of one attempt (a copy made by hand) the live one, then the one that runs
// longest.
bool NewerFirst(const ContainerInfo* a, const ContainerInfo* b) {
  const auto rank = [](const ContainerInfo& container) {
    const int64_t started =
        container.started_at ? container.started_at->ms : std::numeric_limits<int64_t>::max();
    return std::tuple(-int64_t{AttemptOf(container)}, IsLive(container) ? 0 : 1, started,
                      container.id);
  };
  return rank(*a) < rank(*b);
}

template <typename Predicate>
const ContainerInfo* First(const std::vector<const ContainerInfo*>& containers, Predicate wanted) {
  const auto found = std::find_if(containers.begin(), containers.end(),
                                  [&](const ContainerInfo* c) { return wanted(*c); });
  return found == containers.end() ? nullptr : *found;
}

}  // namespace

const std::string& LabelOf(const ContainerInfo& container, std::string_view label) {
  static const std::string kNone;
  const auto found = container.labels.find(std::string(label));
  return found == container.labels.end() ? kNone : found->second;
}

int64_t NumberLabelOf(const ContainerInfo& container, std::string_view label, int64_t fallback) {
  const std::string& text = LabelOf(container, label);
  int64_t number = fallback;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && !text.empty() ? number : fallback;
}

int32_t AttemptOf(const ContainerInfo& container) {
  const int64_t attempt = NumberLabelOf(container, kLabelAttempt, -1);
  if (attempt < 0 || attempt > std::numeric_limits<int32_t>::max() - 1) return -1;
  return static_cast<int32_t>(attempt);
}

int32_t CrashesOf(const ContainerInfo& container) {
  const int64_t crashes = NumberLabelOf(container, kLabelCrashes, 0);
  return static_cast<int32_t>(std::clamp<int64_t>(crashes, 0, kMaxCountedCrashes));
}

bool IsLive(const ContainerInfo& container) {
  if (PlantedBug("take-living-for-dead")) return false;
  return container.state == ContainerRunState::kRunning ||
         container.state == ContainerRunState::kPaused;
}

bool IsUnstarted(const ContainerInfo& container) {
  return container.state == ContainerRunState::kCreated && container.error.empty();
}

bool IsDead(const ContainerInfo& container) {
  return !IsLive(container) && !IsUnstarted(container);
}

bool IsSandbox(const ContainerInfo& container) {
  return LabelOf(container, kLabelContainer) == kSandboxContainer;
}

bool OwnsNetwork(const ContainerInfo& container) {
  return IsSandbox(container) || !LabelOf(container, kLabelAddress).empty();
}

bool IsOfOtherSandbox(const ContainerInfo& container, const ContainerInfo* sandbox) {
  if (sandbox == nullptr || OwnsNetwork(container)) return false;
  const int64_t current = AttemptOf(*sandbox);
  return NumberLabelOf(container, kLabelSandbox, current) != current;
}

std::map<std::string, PodContainers> GroupByPod(const Seen& seen) {
  std::map<std::string, PodContainers> pods;
  for (const auto& [id, container] : seen.containers) {
    const std::string& uid = LabelOf(container, kLabelPodUid);
    const std::string& name = LabelOf(container, kLabelContainer);
    if (uid.empty() || name.empty()) continue;
    PodContainers& pod = pods[uid];
    (name == kSandboxContainer ? pod.sandboxes : pod.by_name[name]).push_back(&container);
  }
  for (auto& [uid, pod] : pods) {
    std::sort(pod.sandboxes.begin(), pod.sandboxes.end(), NewerFirst);
    pod.owners = pod.sandboxes;
    for (auto& [name, containers] : pod.by_name) {
      std::sort(containers.begin(), containers.end(), NewerFirst);
      std::copy_if(containers.begin(), containers.end(), std::back_inserter(pod.owners),
                   [](const ContainerInfo* c) { return OwnsNetwork(*c); });
    }
  }
  return pods;
}

const ContainerInfo* NewestOf(const std::vector<const ContainerInfo*>& containers) {
  return First(containers, [](const ContainerInfo& c) { return !IsUnstarted(c); });
}

const ContainerInfo* LiveOf(const std::vector<const ContainerInfo*>& containers) {
  return First(containers, IsLive);
}

const ContainerInfo* NewestDeadOf(const std::vector<const ContainerInfo*>& containers) {
  return First(containers, IsDead);
}

const ContainerInfo* DeadBefore(const std::vector<const ContainerInfo*>& containers,
                                const ContainerInfo* container) {
  if (container == nullptr) return nullptr;
  return First(containers, [&](const ContainerInfo& c) {
    return IsDead(c) && AttemptOf(c) < AttemptOf(*container);
  });
}

}  // namespace reconcile
