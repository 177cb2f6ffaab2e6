#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "schema/lifecycle.h"

namespace reconcile {

// The longest that a postStart hook may take. Upstream it may for ever; nobody waits for more.
inline constexpr int64_t kMaxPostStartMs = 24LL * 3'600'000;
// A container whose preStop hook has begun has at least this from its stop signal to the kill.
// Source: kubelet, minimumGracePeriodInSeconds.
inline constexpr int64_t kLeastGraceAfterHookSeconds = 2;

// Of one container's postStart hook. Another container id, a new program, starts anew.
struct PostStartMemory {
  std::string container_id;
  bool ended = false;
  std::optional<WallTime> ended_at;
  std::string error;  // it failed: why
  friend bool operator==(const PostStartMemory&, const PostStartMemory&) = default;
};

// A stop whose preStop hook has begun: it is carried out, whatever is decided later.
struct BegunStop {
  std::string reason;  // for a person
  MonoTime deadline;   // the end of its grace period
  WallTime wall_deadline;
  int64_t grace_ms = 0;  // that it had when it began
  bool hook_ended = false;
  bool told = false;       // that it is being stopped
  bool outlasted = false;  // the grace period was over first, which was told
  friend bool operator==(const BegunStop&, const BegunStop&) = default;
};
using BegunStops = std::map<std::string, BegunStop>;  // by container id

// Events' messages. As upstream's, they have nothing of what a hook wrote or asked for, which may
// be secret.
std::string FailedHookMessage(HookKind kind, const std::string& container, const std::string& why);
std::string_view FailedHookReason(HookKind kind);  // FailedPostStartHook, FailedPreStopHook
// Why a hook failed that a prober asked for, without the request.
std::string WithoutRequest(const std::string& message);

}  // namespace reconcile
