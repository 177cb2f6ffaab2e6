#include "sim/faults.h"

namespace reconcile {

void Faults::RepeatHookFaults() {
  // Counted when it happens.
  Repeat("engine to crash amid the next hook", 40'000, [this] {
    awaits_hook_ = true;
    return false;
  });
}

void Faults::OnHookAsked(const std::string& host) {
  if (!go_on_ || !awaits_hook_) return;
  for (const auto& each : *targets_.hosts) {
    if (each->name() != host || !each->live_restore()) continue;
    awaits_hook_ = false;
    fate_.After(Between(50, 800), [this, target = each.get()] { CrashAmidHook(target); });
  }
}

void Faults::CrashAmidHook(SimHost* host) {
  if (!go_on_ || !host->CrashEngine()) return;
  Say("engine crashed amid a hook");
  ++counts_["engine crashed amid a hook"];
  fate_.After(Between(500, 20'000), [this, host] { RestartEngine(host); });
}

}  // namespace reconcile
