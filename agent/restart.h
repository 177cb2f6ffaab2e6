#pragma once

#include "agent/step.h"
#include "schema/pod.h"

namespace reconcile {

// Waits before the next try of something that failed. All PURE; a count of 0 waits not at all.
inline constexpr int64_t kFirstCrashBackoffMs = 10'000;
inline constexpr int64_t kMaxCrashBackoffMs = 300'000;
inline constexpr int64_t kCrashResetMs = 600'000;  // a run this long forgives all crashes before it
inline constexpr int64_t kFirstRetryMs = 1'000;
inline constexpr int64_t kMaxRetryMs = 60'000;
inline constexpr int64_t kMaxSandboxBackoffMs = 30'000;
inline constexpr int32_t kMaxCountedCrashes = 1'000;  // far beyond where every curve is flat

// Before restart number `crashes` + 1: 0, 10, 20, 40, 80, 160, 300, 300 ... s (SEMANTICS 8.5).
int64_t CrashBackoffMs(int32_t crashes);
// A lost sandbox stops a whole pod, and is never the program's fault: 0, 1, 2, 4 ... 30 s.
int64_t SandboxBackoffMs(int32_t losses);
// After `failures` failed pulls in a row: 10, 20, 40 ... 300 s (SEMANTICS 8.6).
int64_t PullBackoffMs(int32_t failures);
// After `failures` failed operations in a row: 1, 2, 4 ... 60 s.
int64_t RetryDelayMs(int32_t failures);

// Takes a container's end into its memory, once for each attempt: when the next may start, measured
// from its end by the wall clock but never longer than the wait itself, however the clock jumped.
void NoteEnd(const ContainerInfo& dead, int64_t (*backoff_ms)(int32_t), Now now,
             ContainerMemory* memory);

// True when a container that ended thus, on its own, is to run again (SEMANTICS 8.4).
bool RestartsAfter(RestartPolicy policy, const ContainerInfo& dead);

}  // namespace reconcile
