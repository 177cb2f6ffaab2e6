#include "agent/kept_probes.h"

#include <sstream>

#include "agent/kept_words.h"

namespace reconcile {
std::string WriteKeptProbes(const KeptProbes& probes) {
  std::string text;
  for (const auto& [id, probe] : probes) {
    text += id + (probe.started ? " 1" : " 0") + (probe.ready ? " 1 " : " 0 ");
    text += KeptMs(probe.changed_at ? std::optional(probe.changed_at->ms) : std::nullopt);
    text += "\n";
  }
  return text;
}

Result<KeptProbes> ReadKeptProbes(std::string_view text) {
  KeptProbes probes;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string id, started, ready, changed_at, more;
    words >> id >> started >> ready >> changed_at;
    KeptProbe probe;
    std::optional<int64_t> changed_ms;
    const bool read = ReadKeptFlag(started, &probe.started) && ReadKeptFlag(ready, &probe.ready) &&
                      ReadKeptMs(changed_at, &changed_ms) && !(words >> more);
    if (!read) {
      return InvalidError("line " + std::to_string(number) + " is not a program's probes: \"" +
                          line + "\"");
    }
    if (changed_ms) probe.changed_at = WallTime{*changed_ms};
    probes[id] = probe;
  }
  return probes;
}

}  // namespace reconcile
