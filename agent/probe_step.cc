#include <algorithm>
#include <cmath>

#include "agent/active_deadline.h"
#include "agent/env.h"
#include "agent/init_containers.h"
#include "agent/pod_turn.h"
#include "base/ids.h"
#include "base/planted_bug.h"
#include "schema/sidecar.h"

namespace reconcile {
namespace {

std::string ProbeKey(const std::string& container_id, ProbeKind kind) {
  return "probe/" + container_id + "/" + std::to_string(static_cast<int>(kind));
}

Operation Asking(const Pod& pod, ProbeContainer action) {
  const std::string key = ProbeKey(action.container_id, action.kind);
  const std::string reason = "the probe of container " + action.container + " is due";
  return {key,
          reason,
          std::move(action),
          pod.metadata.namespace_name,
          pod.metadata.name,
          pod.metadata.uid};
}

Probe Expanded(const Container& container, Probe probe) {
  auto* exec = std::get_if<ExecProbe>(&probe.action);
  if (exec != nullptr) ExpandLiterals(container, &exec->command);
  return probe;
}

// A share of a period that is the same each time.
double SpreadOf(const std::string& container_id) {
  return std::ldexp(static_cast<double>(Fnv1a64(container_id) >> 11), -53);
}

bool IsStopping(PodTurn* turn) {
  return turn->pod.metadata.deletion_timestamp.has_value() || !turn->memory.evicted.empty() ||
         turn->memory.terminal.has_value() || IsPastDeadline(turn);
}

ProbedProgram ProgramOf(PodTurn* turn, const ContainerInfo& live) {
  ProbedProgram program;
  program.container_id = live.id;
  const WallTime now = turn->context.now.wall;
  program.running_ms = now.ms - live.started_at.value_or(now).ms;
  program.stopping = IsStopping(turn);
  const auto earlier = turn->context.seen.probed_earlier.find(live.id);
  if (earlier == turn->context.seen.probed_earlier.end()) return program;
  program.was_started = earlier->second.started;
  program.was_ready = earlier->second.ready;
  program.changed_at = earlier->second.changed_at;
  program.spread = SpreadOf(live.id);
  return program;
}

void AskWhatIsDue(PodTurn* turn, const Container& container, const ContainerProbes& probes,
                  const ContainerInfo& live, ProbesMemory* memory) {
  const MonoTime now = turn->context.now.mono;
  std::array<bool, 3> under_way{};
  for (const ProbeKind kind : kProbeKinds) {
    under_way[static_cast<size_t>(kind)] = turn->context.IsBusy(ProbeKey(live.id, kind));
  }
  const ProbesMemory before = *memory;
  const ProbesDue due = PlanProbes(probes, ProgramOf(turn, live), under_way, now, memory);
  if (due.wake_at) turn->context.ProbesAt(Together(*due.wake_at));
  for (const ProbeKind kind : due.kinds) {
    turn->context.ProbesAt(Together(*(*memory)[kind].due));
    const bool planned = before.container_id == live.id && before[kind].due;
    ProbeContainer action{turn->uid(),
                          container.name,
                          live.id,
                          turn->memory.address,
                          kind,
                          Expanded(container, *probes[kind]),
                          planned ? *before[kind].due : now};
    turn->context.Add(Asking(turn->pod, std::move(action)));
  }
}

// What a program that failed is stopped for does not count as its end: under OnFailure it runs
// again, also when it took the signal well.
void StopFailed(PodTurn* turn, const Container& container, const ContainerProbes& probes,
                const ContainerInfo& live, ContainerMemory* memory) {
  const std::optional<ProbeKind> failed = FailedForGood(probes, memory->probes);
  if (!failed || IsStopping(turn) || PlantedBug("ignore-liveness")) return;
  const bool restarts = RestartPolicyOf(turn->pod.spec, container) != RestartPolicy::kNever;
  if (restarts) memory->stopped_attempt = AttemptOf(live);
  turn->Stop(live, KillingMessage(container.name, *failed, restarts),
             GraceSecondsOf(*probes[*failed], turn->pod.spec.termination_grace_period_seconds));
}

void NoteHealth(const ContainerProbes& probes, WallTime now, ProbesMemory* memory) {
  memory->started = IsStarted(probes, *memory);
  const bool ready = IsReady(probes, *memory);
  if (ready != memory->ready && memory->noted) memory->changed_at = now;
  memory->ready = ready;
  memory->noted = true;
}

// Of one container, as AskAgain.
void AskContainer(const Pod& pod, const Container& container, const std::string& address,
                  const std::set<std::string>& busy, MonoTime now, ProbesMemory* memory,
                  ProbesAsked* asked) {
  for (const ProbeKind kind : kProbeKinds) {
    ProbeMemory& of = (*memory)[kind];
    if (!of.open || !of.due || busy.contains(ProbeKey(memory->container_id, kind))) continue;
    if (*of.due <= now) {
      const std::optional<Probe> probe = ProbeOf(container, kind);
      if (!probe) continue;
      asked->operations.push_back(
          Asking(pod, {pod.metadata.uid, container.name, memory->container_id, address, kind,
                       Expanded(container, *probe), *of.due}));
      NoteAsked(*probe, now, &of);
    }
    const MonoTime again_at = Together(*of.due);
    if (!asked->again_at || again_at < *asked->again_at) asked->again_at = again_at;
  }
}

// Nothing is asked of it before the next step that finds it running.
void Close(ProbesMemory* memory) {
  for (ProbeMemory& of : memory->of) of.open = false;
}

void StepContainersProbes(PodTurn* turn, const Container& container) {
  if (!HasProbes(container)) return;
  const ContainerInfo* live = LiveOf(turn->Of(container.name));
  ContainerMemory& memory = turn->memory.memory[container.name];
  // It waits for its network or its postStart hook; or a person has paused it, and it can answer
  // nothing.
  if (live == nullptr || turn->waiting.contains(container.name) ||
      !IsPastPostStart(container, memory, *live) || live->state != ContainerRunState::kRunning) {
    return Close(&memory.probes);
  }
  const ContainerProbes probes = ProbesOf(container);
  AskWhatIsDue(turn, container, probes, *live, &memory.probes);
  NoteHealth(probes, turn->context.now.wall, &memory.probes);
  StopFailed(turn, container, probes, *live, &memory);
}

}  // namespace

void StepProbes(PodTurn* turn) {
  for (const Container* container : LastingContainersOf(turn->pod.spec)) {
    StepContainersProbes(turn, *container);
  }
}

ProgramHealth HealthOf(const Container& container, const ContainerMemory& memory,
                       const ContainerInfo& live) {
  if (!IsPastPostStart(container, memory, live)) return {false, false};
  if (!HasProbes(container)) return {};
  if (memory.probes.container_id != live.id) return {false, false};
  return {memory.probes.started, memory.probes.ready};
}

std::optional<WallTime> HealthChangedAt(const PodTurn& turn) {
  std::optional<WallTime> last;
  for (const auto& [name, memory] : turn.memory.memory) {
    for (const auto& changed_at : {memory.probes.changed_at, memory.post_start.ended_at}) {
      if (changed_at && (!last || *changed_at > *last)) last = changed_at;
    }
  }
  return last;
}

ProbesAsked AskAgain(const Assignment& assignment, const std::set<std::string>& busy,
                     std::map<std::string, PodSeen>* pods, MonoTime now) {
  ProbesAsked asked;
  for (const auto& pod : assignment.pods) {
    const auto seen = pods->find(pod->metadata.uid);
    if (seen == pods->end()) continue;
    for (const Container* container : LastingContainersOf(pod->spec)) {
      const auto memory = seen->second.memory.find(container->name);
      if (memory == seen->second.memory.end() || memory->second.probes.container_id.empty()) {
        continue;
      }
      AskContainer(*pod, *container, seen->second.address, busy, now, &memory->second.probes,
                   &asked);
    }
  }
  return asked;
}

}  // namespace reconcile
