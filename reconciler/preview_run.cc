#include "reconciler/preview_run.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reconcile {
namespace {

// Hosts that stop slowly, that start slowly, and those of which some are slower than others: what a
// plan says without a mark comes out the same with all of them.
constexpr std::array kPaces = {
    Pace{.by = Pace::By::kAll, .seed = 0, .most_to_start = 1, .most_to_go = 6},
    Pace{.by = Pace::By::kAll, .seed = 0, .most_to_start = 6, .most_to_go = 1},
    Pace{.by = Pace::By::kPod, .seed = 1, .most_to_start = 4, .most_to_go = 4},
    Pace{.by = Pace::By::kPod, .seed = 2, .most_to_start = 4, .most_to_go = 1},
    Pace{.by = Pace::By::kPod, .seed = 3, .most_to_start = 4, .most_to_go = 8},
    Pace{.by = Pace::By::kPod, .seed = 4, .most_to_start = 8, .most_to_go = 2},
    Pace{.by = Pace::By::kPod, .seed = 7, .most_to_start = 1, .most_to_go = 8},
    Pace{.by = Pace::By::kPod, .seed = 8, .most_to_start = 1, .most_to_go = 4},
    Pace{.by = Pace::By::kWorkload, .seed = 9, .most_to_start = 1, .most_to_go = 8},
    Pace{.by = Pace::By::kWorkload, .seed = 10, .most_to_start = 1, .most_to_go = 8},
    Pace{.by = Pace::By::kWorkload, .seed = 5, .most_to_start = 8, .most_to_go = 2},
    Pace{.by = Pace::By::kWorkload, .seed = 6, .most_to_start = 8, .most_to_go = 8},
};

int64_t ObjectsIn(const ClusterState& state) {
  int64_t count = 0;
  for (const Kind kind : kAllKinds) {
    if (kind == Kind::kEvent) continue;
    count += static_cast<int64_t>(state.Objects(kind).size());
  }
  return count;
}

Now Later(Now now, int64_t ms) { return {now.mono + ms, WallTime{now.wall.ms + ms}}; }

// Whether `state` has what the preview says of the pod. `uid`: of the pod that goes.
bool IsSoIn(const ClusterState& state, const PodPreview& pod, const std::string& uid) {
  const auto found = As<Pod>(state.Find(pod.key));
  if (pod.fate == PodFate::kRemove) {
    return found == nullptr || found->metadata.uid != uid || found->metadata.deletion_timestamp;
  }
  return found != nullptr && !found->metadata.deletion_timestamp &&
         found->spec.node_name == pod.node;
}

std::string UidIn(const ClusterState& state, const ObjectKey& key) {
  const ObjectPtr found = state.Find(key);
  return found == nullptr ? "" : found->metadata.uid;
}

bool AnyGoes(const ClusterState& state) {
  bool goes = false;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    goes = goes || pod->metadata.deletion_timestamp.has_value();
  });
  return goes;
}

}  // namespace

PreviewRun::PreviewRun(const ClusterState& state, const ObjectChanges* changes, Now now,
                       const PreviewLimits& limits, Settled* settled)
    : changes_(changes), limits_(limits), hosts_(state), now_(now) {
  if (settled != nullptr) settled_ = std::exchange(*settled, Settled());
  settled_.without_events = true;
}

bool PreviewRun::IsUsedUp() const {
  return is_stopped() || turns_ >= limits_.max_turns ||
         (turns_ >= kMinPreviewTurns && object_turns_ >= limits_.max_object_turns);
}

void PreviewRun::Decide() {
  object_turns_ += ObjectsIn(state());
  ++turns_;
  plan_ = Reconcile(state(), *changes_, now_, &settled_, WaveRule::kHold, foreseen_);
  written_ = hosts_.Take(plan_);
}

void PreviewRun::NoteHosts(Foreseen* foreseen) const {
  for (const Reason& reason : plan_.reasons) {
    if (reason.reason != "Scheduled") continue;
    const auto pod = As<Pod>(state().Find(reason.key));
    if (pod != nullptr) (*foreseen)[reason.key] = pod->spec.node_name;
  }
}

bool PreviewRun::Act() {
  acted_ = hosts_.Act(now_.wall);
  return acted_;
}

bool PreviewRun::GoesOn() {
  if (written_ || acted_ || plan_.more) {
    waited_ = false;
    now_ = Later(now_, kPreviewTurnMs);
    return true;
  }
  // Only time is missing (minReadySeconds, a progress deadline), or not even time changes it.
  if (!plan_.wake_at || waited_) return false;
  waited_ = true;
  now_ = Later(now_, *plan_.wake_at - now_.mono);
  return true;
}

bool PreviewRun::Finish() {
  for (Act(); GoesOn(); Act()) {
    if (IsUsedUp()) return false;
    Decide();
  }
  return true;
}

void MarkPaced(const ClusterState& before, const PreviewRun& fork, const Foreseen& foreseen,
               std::vector<PodPreview>* pods) {
  std::vector<std::pair<PodPreview*, std::string>> open;
  bool any_goes = AnyGoes(fork.state());
  for (PodPreview& pod : *pods) {
    any_goes = any_goes || pod.fate == PodFate::kRemove;
    std::string uid = UidIn(before, pod.key);
    if (!IsSoIn(fork.state(), pod, uid)) open.emplace_back(&pod, std::move(uid));
  }
  // Where no pod goes, nothing that is decided later rests on when hosts did what.
  if (!any_goes) return;
  for (const Pace& pace : kPaces) {
    if (open.empty()) return;
    PreviewRun run = fork;
    run.SetPace(pace);
    run.Follow(&foreseen);
    const bool finished = run.Finish();
    if (run.is_stopped()) return;  // nothing is known of the rest
    std::erase_if(open, [&](const auto& entry) {
      const auto& [pod, uid] = entry;
      pod->paced = !finished || !IsSoIn(run.state(), *pod, uid);
      return pod->paced;
    });
  }
}

}  // namespace reconcile
