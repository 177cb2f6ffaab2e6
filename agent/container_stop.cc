#include <algorithm>

#include "agent/pod_turn.h"
#include "base/planted_bug.h"

namespace reconcile {
namespace {

using LiveContainers = std::map<std::string, const ContainerInfo*>;  // by id

LiveContainers LiveById(const PodContainers& containers) {
  LiveContainers live;
  for (const auto& [name, list] : containers.by_name) {
    for (const ContainerInfo* container : list) {
      if (IsLive(*container)) live[container->id] = container;
    }
  }
  return live;
}

std::string StoppingReason(const ContainerInfo& container) {
  return "Stopping container " + LabelOf(container, kLabelContainer);
}

// Stops that an earlier run of the agent has begun. A clock that was set back gives no further
// time.
void AdoptStops(const StepContext& context, const LiveContainers& live, BegunStops* stops) {
  for (const auto& [id, container] : live) {
    const auto earlier = context.seen.hooks_earlier.find(id);
    if (earlier == context.seen.hooks_earlier.end() || !earlier->second.stop) continue;
    const KeptStop& stop = *earlier->second.stop;
    const int64_t left_ms = std::clamp<int64_t>(stop.deadline.ms - context.now.wall.ms, 0,
                                                std::max<int64_t>(stop.grace_ms, 0));
    BegunStop begun{StoppingReason(*container), context.now.mono + left_ms, stop.deadline,
                    stop.grace_ms};
    begun.hook_ended = stop.hook_ended;
    begun.told = true;
    stops->try_emplace(id, begun);
  }
}

// Of several decisions on one container the shortest time counts.
void Merge(const StopDecision& decision, std::vector<StopDecision>* merged) {
  const auto same = std::find_if(merged->begin(), merged->end(), [&](const StopDecision& other) {
    return other.container == decision.container;
  });
  if (same == merged->end()) {
    merged->push_back(decision);
    return;
  }
  same->grace_ms = std::min(same->grace_ms, decision.grace_ms);
  same->signals = same->signals || decision.signals;
  same->least_seconds = std::max(same->least_seconds, decision.least_seconds);
}

void Shorten(MonoTime deadline, BegunStop* stop) {
  const int64_t less_ms = stop->deadline - deadline;
  if (less_ms <= 0) return;
  stop->deadline = deadline;
  stop->wall_deadline.ms -= less_ms;
}

int64_t SecondsOf(int64_t ms) { return (std::max<int64_t>(ms, 0) + 999) / 1000; }

// What is due for one pod's stops.
class Stopping {
 public:
  Stopping(StepContext* context, const Operation& named, PodSeen* memory)
      : context_(context), named_(named), memory_(memory) {}

  void CarryOut(const StopDecision& decision) {
    const std::string& id = decision.container->id;
    if (context_->IsBusy(StopKey(id))) return;
    const std::optional<Hook> hook = ReadHook(LabelOf(*decision.container, kLabelPreStop));
    auto begun = memory_->stops.find(id);
    if (begun == memory_->stops.end()) {
      const bool skips = !hook || decision.grace_ms <= 0 || PlantedBug("skip-pre-stop");
      if (skips) return SignalNow(decision);
      const Now now = context_->now;
      const int64_t grace_ms = decision.grace_ms;
      const BegunStop stop{decision.reason, now.mono + grace_ms, WallTime{now.wall.ms + grace_ms},
                           grace_ms};
      begun = memory_->stops.emplace(id, stop).first;
    }
    BegunStop& stop = begun->second;
    Shorten(context_->now.mono + decision.grace_ms, &stop);
    const int64_t left_ms = stop.deadline - context_->now.mono;
    if (left_ms > 0) context_->WakeAt(stop.deadline);
    if (!stop.hook_ended && hook) {
      if (left_ms > 0) return RunPreStop(*decision.container, *hook, left_ms);
      NoteOutlasted(*decision.container, &stop);
    }
    if (decision.signals || left_ms <= 0) Signal(*decision.container, stop, left_ms);
  }

 private:
  template <typename Action>
  void Add(std::string key, const std::string& reason, Action action) {
    Operation operation = named_;
    operation.key = std::move(key);
    operation.reason = reason;
    operation.action = std::move(action);
    context_->Add(std::move(operation));
  }

  // Without a hook.
  void SignalNow(const StopDecision& decision) {
    if (!decision.signals) return;
    const std::string& id = decision.container->id;
    const int64_t grace = std::max(SecondsOf(decision.grace_ms), decision.least_seconds);
    Add(StopKey(id), decision.reason, StopContainerOp{id, grace});
  }

  void Signal(const ContainerInfo& container, const BegunStop& stop, int64_t left_ms) {
    const int64_t grace = std::max(SecondsOf(left_ms), kLeastGraceAfterHookSeconds);
    Add(StopKey(container.id), stop.reason, StopContainerOp{container.id, grace, stop.told});
  }

  // Not beside a postStart hook, which may undo what it does.
  void RunPreStop(const ContainerInfo& container, const Hook& hook, int64_t left_ms) {
    if (context_->IsBusy(HookKey(container.id, HookKind::kPostStart))) return;
    Add(HookKey(container.id, HookKind::kPreStop), memory_->stops.at(container.id).reason,
        RunHook{named_.pod_uid, LabelOf(container, kLabelContainer), container.id, memory_->address,
                HookKind::kPreStop, hook, left_ms});
  }

  void NoteOutlasted(const ContainerInfo& container, BegunStop* stop) {
    if (stop->outlasted) return;
    stop->outlasted = true;
    context_->result.events.push_back(
        {named_.pod_uid, named_.namespace_name, named_.pod_name, EventType::kWarning,
         std::string(FailedHookReason(HookKind::kPreStop)),
         FailedHookMessage(HookKind::kPreStop, LabelOf(container, kLabelContainer),
                           "it did not end within the grace period")});
  }

  StepContext* const context_;
  const Operation& named_;
  PodSeen* const memory_;
};

}  // namespace

void CarryOutStops(StepContext* context, const Operation& named, const PodContainers& containers,
                   const std::vector<StopDecision>& decisions, PodSeen* memory) {
  const LiveContainers live = LiveById(containers);
  AdoptStops(*context, live, &memory->stops);
  std::erase_if(memory->stops, [&](const auto& entry) { return !live.contains(entry.first); });
  std::vector<StopDecision> merged;
  for (const StopDecision& decision : decisions) Merge(decision, &merged);
  for (const auto& [id, stop] : memory->stops) {  // nobody decides it any more
    const ContainerInfo* container = live.at(id);
    const bool decided = std::any_of(merged.begin(), merged.end(), [&](const StopDecision& d) {
      return d.container == container;
    });
    if (!decided) merged.push_back({container, stop.reason, stop.deadline - context->now.mono});
  }
  Stopping stopping(context, named, memory);
  for (const StopDecision& decision : merged) stopping.CarryOut(decision);
}

}  // namespace reconcile
