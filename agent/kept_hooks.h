#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace reconcile {

struct KeptStop {
  WallTime deadline;     // the end of its grace period
  int64_t grace_ms = 0;  // that it had when it began
  bool hook_ended = false;
  friend bool operator==(const KeptStop&, const KeptStop&) = default;
};

// What the agent knows of a program's lifecycle hooks, kept on disk from before each begins: so
// that its own restart runs no postStart hook again that has ended, and carries out a stop whose
// preStop hook has begun.
struct KeptHooks {
  bool post_start_ended = false;
  std::optional<WallTime> post_start_ended_at;
  std::optional<KeptStop> stop;
  friend bool operator==(const KeptHooks&, const KeptHooks&) = default;
};
using KeptHooksById = std::map<std::string, KeptHooks>;  // by container id

// A line for each: its id, whether its postStart hook has ended (0 or 1), when (ms; "-": not
// known), and of its stop the deadline and the grace period (ms; "-": none) and whether the preStop
// hook has ended (0 or 1). PURE.
std::string WriteKeptHooks(const KeptHooksById& hooks);
Result<KeptHooksById> ReadKeptHooks(std::string_view text);  // Invalid names the line

}  // namespace reconcile
