#include <algorithm>

#include "agent/env.h"
#include "agent/init_containers.h"
#include "agent/pod_turn.h"
#include "base/planted_bug.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

// Of one that is a request: what hangs must not keep probes waiting, of which few at a time look up
// names.
constexpr int64_t kMaxPostStartRequestMs = 600'000;
constexpr std::string_view kPostStartHookError = "PostStartHookError";  // as the kubelet has it

Hook Expanded(const Container& container, Hook hook) {
  auto* exec = std::get_if<ExecProbe>(&hook.action);
  if (exec != nullptr) ExpandLiterals(container, &exec->command);
  return hook;
}

bool IsToStop(const PodTurn& turn, const ContainerInfo& live) {
  return turn.memory.stops.contains(live.id) ||
         std::any_of(turn.stops.begin(), turn.stops.end(),
                     [&](const StopDecision& stop) { return stop.container == &live; });
}

// A hook that failed is a failure of its container: under OnFailure it runs again however it took
// the stop signal.
void StopAfterFailure(PodTurn* turn, const Container& container, const ContainerInfo& live,
                      ContainerMemory* memory) {
  const bool restarts = RestartPolicyOf(turn->pod.spec, container) != RestartPolicy::kNever;
  if (restarts) memory->stopped_attempt = AttemptOf(live);
  turn->waiting[container.name] = {std::string(kPostStartHookError), memory->post_start.error};
  turn->Stop(live,
             "Container " + container.name + " failed its postStart hook" +
                 (restarts ? ", will be restarted" : ""),
             turn->pod.spec.termination_grace_period_seconds);
}

}  // namespace

void RememberPostStarts(PodTurn* turn) {
  for (const Container* container : LastingContainersOf(turn->pod.spec)) {
    const ContainerInfo* live = LiveOf(turn->Of(container->name));
    if (live == nullptr || !HasHook(*container, HookKind::kPostStart)) continue;
    PostStartMemory& memory = turn->memory.memory[container->name].post_start;
    if (memory.container_id == live->id) continue;
    memory = {live->id};
    const auto earlier = turn->context.seen.hooks_earlier.find(live->id);
    if (earlier == turn->context.seen.hooks_earlier.end()) continue;
    memory.ended = earlier->second.post_start_ended;
    memory.ended_at = earlier->second.post_start_ended_at;
  }
}

void StepPostStart(PodTurn* turn, const Container& container, const ContainerInfo& live) {
  const std::optional<Hook> hook = HookOf(container, HookKind::kPostStart);
  ContainerMemory& memory = turn->memory.memory[container.name];
  if (!hook || IsPastPostStart(container, memory, live)) return;
  if (memory.post_start.ended) return StopAfterFailure(turn, container, live, &memory);
  if (turn->waiting.contains(container.name)) return;  // for its network
  const std::string key = HookKey(live.id, HookKind::kPostStart);
  const std::string failure = turn->context.FailureOf(key);
  turn->waiting[container.name] = {std::string(CreatingReason(turn->pod.spec)),
                                   failure.empty()
                                       ? "its postStart hook has not ended yet"
                                       : "its postStart hook could not be run: " + failure};
  // Until an agent that starts again has looked, a program may wait for its network.
  const bool may_wait = OwnsNetwork(live) && !turn->context.seen.network_listed;
  const bool runs = live.state == ContainerRunState::kRunning;
  if (may_wait || !runs || IsToStop(*turn, live)) return;
  const bool asks = std::holds_alternative<HttpProbe>(hook->action);
  turn->Add(
      key, "container " + container.name + " has started",
      RunHook{turn->uid(), container.name, live.id, turn->memory.address, HookKind::kPostStart,
              Expanded(container, *hook), asks ? kMaxPostStartRequestMs : kMaxPostStartMs});
}

bool IsPastPostStart(const Container& container, const ContainerMemory& memory,
                     const ContainerInfo& live) {
  if (!HasHook(container, HookKind::kPostStart) || PlantedBug("ready-before-post-start")) {
    return true;
  }
  const PostStartMemory& hook = memory.post_start;
  return hook.container_id == live.id && hook.ended && hook.error.empty();
}

bool HoldsLaterOnes(const PodTurn& turn, const Container& container) {
  if (!HasHook(container, HookKind::kPostStart) || !WantsToRun(turn, container)) return false;
  const ContainerInfo* live = LiveOf(turn.Of(container.name));
  const auto memory = turn.memory.memory.find(container.name);
  const bool past = live != nullptr && memory != turn.memory.memory.end() &&
                    IsPastPostStart(container, memory->second, *live);
  if (past) return false;
  const auto waiting = turn.waiting.find(container.name);
  return waiting == turn.waiting.end() || waiting->second.reason == CreatingReason(turn.pod.spec);
}

}  // namespace reconcile
