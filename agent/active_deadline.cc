#include "agent/active_deadline.h"

#include <algorithm>

#include "base/value.h"

namespace reconcile {
namespace {

constexpr char kMessage[] = "Pod was active on the node longer than the specified deadline";
constexpr int64_t kMinGraceSeconds = 2;
constexpr int32_t kUnknownExitCode = 137;

// Reckoned once from the pod's start and this host's clock; from then on what that clock is set to
// changes nothing. Another bound moves it by as much.
const PodDeadline* DeadlineOf(PodTurn* turn) {
  const Value* seconds = turn->pod.spec.others.Find("activeDeadlineSeconds");
  if (seconds == nullptr || !seconds->IsInt() || !turn->memory.start_time) return nullptr;
  // A bound as long as 68 years is as good as the one written.
  const int64_t bound_ms = std::min(seconds->AsInt(), kMaxGracePeriodSeconds) * 1000;
  const WallTime at{turn->memory.start_time->ms + bound_ms};
  std::optional<PodDeadline>& known = turn->memory.deadline;
  if (!known) {
    const Now now = turn->context.now;
    // A start in the future (the clock was set back) gives no longer time.
    known = {at, now.mono + std::min(at.ms - now.wall.ms, bound_ms)};
  } else if (known->at != at) {
    known = {at, known->due + (at.ms - known->at.ms)};
  }
  return &*known;
}

bool HadEnded(const PodTurn& turn, WallTime deadline) {
  const auto& containers = turn.pod.spec.containers;
  return std::all_of(containers.begin(), containers.end(), [&](const Container& container) {
    const ContainerInfo* dead = NewestDeadOf(turn.Of(container.name));
    return dead != nullptr && !WantsToRun(turn, container) && dead->finished_at &&
           *dead->finished_at <= deadline;
  });
}

// A container that had not started, or was to be started again: nothing starts it any more.
void EndWaiting(ContainerStatus* status) {
  if (!status->state.waiting) return;
  ContainerStateTerminated state;
  if (status->last_state.terminated) {
    state = *status->last_state.terminated;
  } else {
    state.exit_code = kUnknownExitCode;
    state.reason = "ContainerStatusUnknown";
    state.message = "the container had not started when the pod's time was up";
  }
  status->state = {{}, {}, std::move(state)};
}

}  // namespace

bool IsPastDeadline(PodTurn* turn) {
  if (turn->memory.terminal || turn->pod.metadata.deletion_timestamp) return false;
  const PodDeadline* deadline = DeadlineOf(turn);
  if (deadline == nullptr || HadEnded(*turn, deadline->at)) return false;
  if (turn->context.now.mono >= deadline->due) return true;
  turn->context.WakeAt(deadline->due);
  return false;
}

void StopAtDeadline(PodTurn* turn) {
  turn->Announce("deadline", EventType::kNormal, kDeadlineExceeded, kMessage,
                 &turn->memory.memory[std::string(kSandboxContainer)]);
  const int64_t grace = std::max<int64_t>(turn->pod.spec.termination_grace_period_seconds, 0);
  const int64_t over = (turn->context.now.mono - DeadlineOf(turn)->due) / 1000;
  const int64_t left = std::clamp(grace - over, std::min(kMinGraceSeconds, grace), grace);
  if (grace > over) turn->context.WakeAt(DeadlineOf(turn)->due + grace * 1000);
  StopInOrder(turn->containers, "its pod's activeDeadlineSeconds are over", left * 1000,
              grace <= over, &turn->stops);
}

void FailAtDeadline(const PodTurn& turn, PodStatus* status) {
  status->phase = status->phase == PodPhase::kPending ? PodPhase::kPending : PodPhase::kRunning;
  if (AnyLive(turn) || turn.context.IsPodBusy(turn.uid())) return;
  status->phase = PodPhase::kFailed;
  status->reason = kDeadlineExceeded;
  status->message = kMessage;
  for (auto* statuses : {&status->init_container_statuses, &status->container_statuses}) {
    for (ContainerStatus& container : *statuses) {
      EndWaiting(&container);
      container.ready = false;
      container.started = false;
    }
  }
}

}  // namespace reconcile
