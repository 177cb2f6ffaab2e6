#include "agent/kept_hooks.h"

#include <sstream>

#include "agent/kept_words.h"

namespace reconcile {
namespace {

bool TakeLine(const std::string& line, KeptHooksById* hooks) {
  std::istringstream words(line);
  std::string id, started, started_at, deadline, grace, stopped, more;
  words >> id >> started >> started_at >> deadline >> grace >> stopped;
  KeptHooks kept;
  std::optional<int64_t> started_ms, deadline_ms, grace_ms;
  bool hook_ended = false;
  const bool read = ReadKeptFlag(started, &kept.post_start_ended) &&
                    ReadKeptMs(started_at, &started_ms) && ReadKeptMs(deadline, &deadline_ms) &&
                    ReadKeptMs(grace, &grace_ms) && ReadKeptFlag(stopped, &hook_ended) &&
                    !(words >> more) && deadline_ms.has_value() == grace_ms.has_value();
  if (!read) return false;
  if (started_ms) kept.post_start_ended_at = WallTime{*started_ms};
  if (deadline_ms) kept.stop = KeptStop{WallTime{*deadline_ms}, *grace_ms, hook_ended};
  (*hooks)[id] = kept;
  return true;
}

}  // namespace

std::string WriteKeptHooks(const KeptHooksById& hooks) {
  std::string text;
  for (const auto& [id, kept] : hooks) {
    const auto& at = kept.post_start_ended_at;
    text += id + (kept.post_start_ended ? " 1 " : " 0 ");
    text += KeptMs(at ? std::optional(at->ms) : std::nullopt);
    text += kept.stop ? " " + std::to_string(kept.stop->deadline.ms) + " " +
                            std::to_string(kept.stop->grace_ms) +
                            (kept.stop->hook_ended ? " 1\n" : " 0\n")
                      : " - - 0\n";
  }
  return text;
}

Result<KeptHooksById> ReadKeptHooks(std::string_view text) {
  KeptHooksById hooks;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (TakeLine(line, &hooks)) continue;
    return InvalidError("line " + std::to_string(number) + " is not a program's hooks: \"" + line +
                        "\"");
  }
  return hooks;
}

}  // namespace reconcile
