#include "agent/kept_probes.h"

#include <charconv>
#include <sstream>

namespace reconcile {
namespace {

constexpr std::string_view kUnknown = "-";

bool ReadFlag(const std::string& word, bool* flag) {
  *flag = word == "1";
  return word == "0" || word == "1";
}

bool ReadTime(const std::string& word, std::optional<WallTime>* time) {
  if (word == kUnknown) return true;
  int64_t ms = 0;
  const char* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, ms);
  if (error != std::errc() || stop != end) return false;
  *time = WallTime{ms};
  return true;
}

}  // namespace

std::string WriteKeptProbes(const KeptProbes& probes) {
  std::string text;
  for (const auto& [id, probe] : probes) {
    text += id + (probe.started ? " 1" : " 0") + (probe.ready ? " 1 " : " 0 ");
    text += probe.changed_at ? std::to_string(probe.changed_at->ms) : std::string(kUnknown);
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
    const bool read = ReadFlag(started, &probe.started) && ReadFlag(ready, &probe.ready) &&
                      ReadTime(changed_at, &probe.changed_at) && !(words >> more);
    if (!read) {
      return InvalidError("line " + std::to_string(number) + " is not a program's probes: \"" +
                          line + "\"");
    }
    probes[id] = probe;
  }
  return probes;
}

}  // namespace reconcile
