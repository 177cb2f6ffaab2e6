#include "agent/probes.h"

#include <algorithm>
#include <iterator>

namespace reconcile {
namespace {

// Whether it is asked in the state that the program is in.
bool IsOpen(const ContainerProbes& probes, ProbeKind kind, const ProbedProgram& program,
            const ProbesMemory& memory) {
  if (!probes[kind]) return false;
  // A program that is being stopped for it may still be asked whether it serves.
  if (kind != ProbeKind::kReadiness && FailedForGood(probes, memory)) return false;
  if (kind != ProbeKind::kReadiness && program.stopping) return false;
  const bool started = IsStarted(probes, memory);
  return kind == ProbeKind::kStartup ? !started : started;
}

// The first time at which it is asked, once it may be.
MonoTime FirstDue(const Probe& probe, const ProbedProgram& program, bool just_started,
                  MonoTime now) {
  const int64_t running_ms = std::max<int64_t>(0, program.running_ms);  // the clock may have jumped
  const int64_t delay_ms = std::max<int64_t>(0, probe.initial_delay_ms - running_ms);
  const double share = just_started ? 0 : program.spread.value_or(0);
  const auto spread_ms = static_cast<int64_t>(share * static_cast<double>(probe.period_ms));
  return now + std::max(delay_ms, spread_ms);
}

void Wake(MonoTime time, ProbesDue* due) {
  if (!due->wake_at || time < *due->wake_at) due->wake_at = time;
}

void Plan(const Probe& probe, ProbeKind kind, bool under_way, MonoTime now, ProbeMemory* memory,
          ProbesDue* due) {
  if (under_way) return;  // its answer is the next change
  if (now < *memory->due) return Wake(*memory->due, due);
  due->kinds.push_back(kind);
  NoteAsked(probe, now, memory);
}

bool MayBeAskedEarly(const Probe& probe, ProbeKind kind, const ProbedProgram& program) {
  const bool adopted = program.spread || program.was_ready;
  return !adopted && kind != ProbeKind::kLiveness &&
         !std::holds_alternative<ExecProbe>(probe.action);
}

void PlanFirst(const Probe& probe, ProbeKind kind, const ProbedProgram& program, bool just_started,
               MonoTime now, ProbeMemory* memory) {
  memory->due = FirstDue(probe, program, just_started, now);
  memory->tick = *memory->due;
  memory->early_left = MayBeAskedEarly(probe, kind, program) ? kEarlyAsks : 0;
}

std::string_view NameOf(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kStartup:
      return "Startup";
    case ProbeKind::kReadiness:
      return "Readiness";
    case ProbeKind::kLiveness:
      return "Liveness";
  }
  return "";
}

}  // namespace

ContainerProbes ProbesOf(const Container& container) {
  ContainerProbes probes;
  for (const ProbeKind kind : kProbeKinds) {
    probes.of[static_cast<size_t>(kind)] = ProbeOf(container, kind);
  }
  return probes;
}

bool HasProbes(const Container& container) {
  return std::any_of(std::begin(kProbeKinds), std::end(kProbeKinds), [&](ProbeKind kind) {
    return container.others.Find(ProbeField(kind)) != nullptr;
  });
}

MonoTime Together(MonoTime due) {
  return MonoTime{(due.ms + kProbesTogetherMs - 1) / kProbesTogetherMs * kProbesTogetherMs};
}

void NoteAsked(const Probe& probe, MonoTime now, ProbeMemory* memory) {
  memory->early = now < memory->tick;
  if (!memory->early) {
    memory->tick = memory->tick + ((now - memory->tick) / probe.period_ms + 1) * probe.period_ms;
  }
  memory->due = memory->tick;
  if (memory->early_left == 0) return;
  const MonoTime soon = now + (kFirstEarlyAskMs << (kEarlyAsks - memory->early_left));
  memory->early_left = soon < memory->tick ? memory->early_left - 1 : 0;
  memory->due = std::min(soon, memory->tick);
}

ProbesDue PlanProbes(const ContainerProbes& probes, const ProbedProgram& program,
                     const std::array<bool, 3>& under_way, MonoTime now, ProbesMemory* memory) {
  if (memory->container_id != program.container_id) {
    *memory = ProbesMemory();
    memory->container_id = program.container_id;
    memory->was_started = program.was_started;
    memory->was_ready = program.was_ready;
    memory->changed_at = program.changed_at;
  }
  ProbesDue due;
  for (const ProbeKind kind : kProbeKinds) {
    ProbeMemory& of = (*memory)[kind];
    of.open = IsOpen(probes, kind, program, *memory);
    if (!of.open) continue;
    const Probe& probe = *probes[kind];
    // The startup probe has just succeeded: the others are asked at once.
    const bool just_started = (*memory)[ProbeKind::kStartup].result.has_value();
    if (!of.due) PlanFirst(probe, kind, program, just_started, now, &of);
    Plan(probe, kind, under_way[static_cast<size_t>(kind)], now, &of, &due);
  }
  return due;
}

bool TakeOutcome(ProbeKind kind, const Probe& probe, const std::string& container_id,
                 const ProbeOutcome& outcome, ProbesMemory* memory) {
  if (memory->container_id != container_id) return false;
  ProbeMemory& of = (*memory)[kind];
  if (of.early && !outcome.success) return false;
  if (outcome.success) {
    of.early_left = 0;
    of.due = of.tick;
  }
  of.in_a_row = of.in_a_row > 0 && of.last_success == outcome.success ? of.in_a_row + 1 : 1;
  of.last_success = outcome.success;
  const int32_t threshold = outcome.success ? probe.success_threshold : probe.failure_threshold;
  const bool counted = of.in_a_row <= threshold;
  of.in_a_row = std::min(of.in_a_row, threshold);
  if (of.in_a_row >= threshold) of.result = outcome.success;
  return counted;
}

bool IsNews(const ProbeOutcome& outcome, bool counted, MonoTime now, ProbeMemory* memory) {
  if (outcome.success || memory->early) return false;
  const int64_t since = now - memory->said_at;
  const bool news = counted || since >= kSayFailureAgainMs ||
                    (memory->said != outcome.message && since >= kSayOtherWordsMs);
  if (!news) return false;
  memory->said = outcome.message;
  memory->said_at = now;
  return true;
}

bool IsStarted(const ContainerProbes& probes, const ProbesMemory& memory) {
  if (!probes[ProbeKind::kStartup]) return true;
  return memory[ProbeKind::kStartup].result.value_or(memory.was_started);
}

bool IsReady(const ContainerProbes& probes, const ProbesMemory& memory) {
  if (!IsStarted(probes, memory)) return false;
  if (!probes[ProbeKind::kReadiness]) return true;
  return memory[ProbeKind::kReadiness].result.value_or(memory.was_ready);
}

std::optional<ProbeKind> FailedForGood(const ContainerProbes& probes, const ProbesMemory& memory) {
  for (const ProbeKind kind : {ProbeKind::kStartup, ProbeKind::kLiveness}) {
    if (probes[kind] && memory[kind].result == false) return kind;
  }
  return std::nullopt;
}

int64_t GraceSecondsOf(const Probe& probe, int64_t pod_grace_seconds) {
  return probe.grace_seconds.value_or(pod_grace_seconds);
}

std::string UnhealthyMessage(ProbeKind kind, const ProbeOutcome& outcome) {
  return std::string(NameOf(kind)) + " probe failed: " + outcome.message;
}

std::string KillingMessage(const std::string& container, ProbeKind kind, bool restarts) {
  std::string name(NameOf(kind));
  name.front() = static_cast<char>(name.front() - 'A' + 'a');
  return "Container " + container + " failed " + name + " probe" +
         (restarts ? ", will be restarted" : "");
}

}  // namespace reconcile
