#include "agent/restart.h"

#include <algorithm>

#include "agent/containers.h"
#include "base/planted_bug.h"

namespace reconcile {
namespace {

// `first_ms` for 1, doubling up to `max_ms`.
int64_t Doubling(int32_t count, int64_t first_ms, int64_t max_ms) {
  if (count <= 0) return 0;
  int64_t delay_ms = first_ms;
  for (int32_t i = 1; i < count && delay_ms < max_ms; ++i) delay_ms *= 2;
  return std::min(delay_ms, max_ms);
}

// A container that could not be started has no end of its own.
WallTime EndOf(const ContainerInfo& dead, Now now) {
  if (dead.finished_at) return *dead.finished_at;
  return dead.created_at.value_or(now.wall);
}

bool RanLong(const ContainerInfo& dead) {
  return dead.started_at && dead.finished_at &&
         dead.finished_at->ms - dead.started_at->ms > kCrashResetMs;
}

}  // namespace

int64_t CrashBackoffMs(int32_t crashes) {
  return Doubling(crashes, kFirstCrashBackoffMs, kMaxCrashBackoffMs);
}

int64_t SandboxBackoffMs(int32_t losses) {
  return Doubling(losses, kFirstRetryMs, kMaxSandboxBackoffMs);
}

int64_t PullBackoffMs(int32_t failures) {
  return Doubling(failures, kFirstCrashBackoffMs, kMaxCrashBackoffMs);
}

int64_t RetryDelayMs(int32_t failures) { return Doubling(failures, kFirstRetryMs, kMaxRetryMs); }

void NoteEnd(const ContainerInfo& dead, int64_t (*backoff_ms)(int32_t), Now now,
             ContainerMemory* memory) {
  const int32_t attempt = AttemptOf(dead);
  if (attempt <= memory->counted_attempt) return;
  if (RanLong(dead)) memory->backoff_steps = 0;
  memory->backoff_ms = backoff_ms(memory->backoff_steps);
  const int64_t left_ms = EndOf(dead, now).ms + memory->backoff_ms - now.wall.ms;
  memory->restart_at = now.mono + std::clamp<int64_t>(left_ms, 0, memory->backoff_ms);
  memory->backoff_steps = std::min(memory->backoff_steps + 1, kMaxCountedCrashes);
  memory->counted_attempt = attempt;
}

bool RestartsAfter(RestartPolicy policy, const ContainerInfo& dead) {
  switch (policy) {
    case RestartPolicy::kAlways:
      return !PlantedBug("never-restart-crashed");
    case RestartPolicy::kOnFailure:
      return dead.exit_code != 0 || !dead.error.empty();
    case RestartPolicy::kNever:
      return false;
  }
  return false;
}

}  // namespace reconcile
