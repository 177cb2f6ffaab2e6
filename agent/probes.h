#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "schema/probe.h"

namespace reconcile {

// The schedule of one container's probes (SEMANTICS 10), as the kubelet's prober workers keep it:
// which probe is due, and what their outcomes make of `started`, `ready` and of its life. Knows
// neither how a probe is done nor the engine. PURE: all of it.

// A container's probes, by ProbeKind; none where it has no such probe.
struct ContainerProbes {
  std::array<std::optional<Probe>, 3> of;
  const std::optional<Probe>& operator[](ProbeKind kind) const {
    return of[static_cast<size_t>(kind)];
  }
  friend bool operator==(const ContainerProbes&, const ContainerProbes&) = default;
};
ContainerProbes ProbesOf(const Container& container);
bool HasProbes(const Container& container);

// Probes that are due close together are asked together: a turn of the agent looks at every pod of
// the host. When one that is due then is asked.
inline constexpr int64_t kProbesTogetherMs = 50;
MonoTime Together(MonoTime due);

// What one answer said. A probe that could not be tried at all has no outcome: it is done again at
// its next time.
struct ProbeOutcome {
  bool success = false;
  std::string message;  // for a person, bounded: why it failed
  friend bool operator==(const ProbeOutcome&, const ProbeOutcome&) = default;
};

// Of one probe of one program.
struct ProbeMemory {
  bool open = false;            // it is asked in the state that the program is in
  std::optional<MonoTime> due;  // none: it has not been planned
  MonoTime tick;                // the next of its regular times; `due` may be an earlier one
  int32_t early_left = 0;       // how often it may still be asked between them
  bool early = false;           // what was asked last was between them: a failure says nothing
  std::optional<bool> result;   // after as many equal outcomes as its threshold; none before that
  bool last_success = false;
  int32_t in_a_row = 0;  // outcomes like the last
  std::string said;      // the last failure that was told
  MonoTime said_at;
  friend bool operator==(const ProbeMemory&, const ProbeMemory&) = default;
};

// Of one container. Another container id, a new program, starts anew.
struct ProbesMemory {
  std::string container_id;
  // What an earlier run of the agent said last of this program: holds until the first result.
  bool was_started = false;
  bool was_ready = false;
  // What was made of it when it was looked at last.
  bool noted = false;
  bool started = false;
  bool ready = false;
  std::optional<WallTime> changed_at;  // when `ready` changed last
  std::array<ProbeMemory, 3> of;
  ProbeMemory& operator[](ProbeKind kind) { return of[static_cast<size_t>(kind)]; }
  const ProbeMemory& operator[](ProbeKind kind) const { return of[static_cast<size_t>(kind)]; }
  friend bool operator==(const ProbesMemory&, const ProbesMemory&) = default;
};

// The program that runs now.
struct ProbedProgram {
  std::string container_id;
  int64_t running_ms = 0;  // since it began, by the wall clock
  // What was reported of this very program when this run of the agent began; both false for one
  // that began later.
  bool was_started = false;
  bool was_ready = false;
  std::optional<WallTime> changed_at;
  // Of a program that this run of the agent adopted: its first probes wait for this share of their
  // period, in [0, 1), so that not all of a host's come at once.
  std::optional<double> spread;
  bool stopping = false;  // its pod is: only readiness is asked
};

struct ProbesDue {
  std::vector<ProbeKind> kinds;     // to be done now; none twice while it is under way
  std::optional<MonoTime> wake_at;  // when the next is due
};

// A program that has just begun is asked for its first success more often than once a period: this
// long after the first question, then after twice as long, and so on within the first period. The
// kubelet waits for the period (SEMANTICS 10.1); a rollout would wait with it for programs that
// serve some milliseconds after their start. Only startup and readiness, and no commands, which
// cost the engine too much; failures between the regular times count nowhere.
inline constexpr int64_t kFirstEarlyAskMs = 100;
inline constexpr int32_t kEarlyAsks = 6;

// It is asked now: says when it is due again. Times that have passed are not made up for.
void NoteAsked(const Probe& probe, MonoTime now, ProbeMemory* memory);

// What is to be asked now. `under_way` says, by ProbeKind, what has been asked and not answered.
// What is given out is due again a period later.
ProbesDue PlanProbes(const ContainerProbes& probes, const ProbedProgram& program,
                     const std::array<bool, 3>& under_way, MonoTime now, ProbesMemory* memory);

// Takes an answer. An answer for another container than the memory's says nothing. False when it
// changes nothing any more: as many like it have been there as its threshold.
bool TakeOutcome(ProbeKind kind, const Probe& probe, const std::string& container_id,
                 const ProbeOutcome& outcome, ProbesMemory* memory);

// Whether a failure, just taken, is to be told: while it counts towards the threshold, when its
// words are others, and now and then while it lasts.
inline constexpr int64_t kSayFailureAgainMs = 300'000;
inline constexpr int64_t kSayOtherWordsMs = 60'000;  // a program may put the time into its words
bool IsNews(const ProbeOutcome& outcome, bool counted, MonoTime now, ProbeMemory* memory);

// status.containerStatuses[].started and .ready of a program that runs.
bool IsStarted(const ContainerProbes& probes, const ProbesMemory& memory);
bool IsReady(const ContainerProbes& probes, const ProbesMemory& memory);

// The probe that says the program is to be stopped, and started again as its policy says: startup
// or liveness, with its threshold reached. None: it may go on.
std::optional<ProbeKind> FailedForGood(const ContainerProbes& probes, const ProbesMemory& memory);
// How long it has from the stop signal to the kill.
int64_t GraceSecondsOf(const Probe& probe, int64_t pod_grace_seconds);

// The kubelet's words. Sources: prober.go (Unhealthy), kuberuntime_manager.go (Killing).
std::string UnhealthyMessage(ProbeKind kind, const ProbeOutcome& outcome);
std::string KillingMessage(const std::string& container, ProbeKind kind, bool restarts);

}  // namespace reconcile
