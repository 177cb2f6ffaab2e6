#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace reconcile {

// What the agent last said of a program that has probes: kept on disk, so that its own restart
// makes no ready pod unready and runs no startup probe again.
struct KeptProbe {
  bool started = false;
  bool ready = false;
  std::optional<WallTime> changed_at;  // when `ready` changed last
  friend bool operator==(const KeptProbe&, const KeptProbe&) = default;
};
using KeptProbes = std::map<std::string, KeptProbe>;  // by container id

// A line for each: its id, whether it has started and is ready (0 or 1), and when that changed (ms;
// "-": not known). PURE.
std::string WriteKeptProbes(const KeptProbes& probes);
Result<KeptProbes> ReadKeptProbes(std::string_view text);  // Invalid names the line

}  // namespace reconcile
