#include "sim/faults.h"

namespace reconcile {
namespace {

constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kHourMs = 60 * kMinuteMs;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int64_t kShortestSleepMs = 5'000;
constexpr int64_t kLongestSleepMs = 90'000;
constexpr uint64_t kAbsencesInEight = 5;  // of so many worlds, the controller is away for a day
constexpr int64_t kKillInAbsenceMs = 4 * kHourMs;

}  // namespace

void Faults::RepeatMachineFaults() {
  Repeat("clock of a host jumped", 90'000, [this] {
    SimHost& host = PickHost();
    return host.JumpWallClock(PickJump(host.wall_offset_ms()));
  });
  Repeat("clock of the controller jumped", 110'000, [this] {
    return targets_.controller->JumpWallClock(PickJump(targets_.controller->wall_offset_ms()));
  });
  Repeat("host suspended", 110'000, [this] { return SuspendHost(); });
  Repeat("controller suspended", 130'000, [this] { return SuspendController(); });
}

// An hour, away from what is right or back to it.
int64_t Faults::PickJump(int64_t offset_ms) {
  if (offset_ms != 0) return offset_ms > 0 ? -kHourMs : kHourMs;
  return random_.Below(2) == 0 ? kHourMs : -kHourMs;
}

// Who sleeps is not heard: its peers may take their connections for dead.
bool Faults::SuspendHost() {
  SimHost& host = PickHost();
  if (!host.Suspend()) return false;
  targets_.network->Close(host.name(), Way::kUp);
  fate_.After(Between(kShortestSleepMs, kLongestSleepMs), [this, &host] {
    host.Resume();
    targets_.network->Open(host.name(), Way::kUp);
  });
  return true;
}

bool Faults::SuspendController() {
  if (!targets_.controller->Suspend()) return false;
  for (const auto& host : *targets_.hosts) targets_.network->Close(host->name(), Way::kDown);
  fate_.After(Between(kShortestSleepMs, kLongestSleepMs), [this] {
    targets_.controller->Resume();
    for (const auto& host : *targets_.hosts) targets_.network->Open(host->name(), Way::kDown);
  });
  return true;
}

void Faults::PlanAbsence() {
  if (random_.Below(8) >= kAbsencesInEight) return;
  fate_.After(Between(kMinuteMs, 6 * kMinuteMs), [this] { BeginAbsence(); });
}

void Faults::BeginAbsence() {
  if (!go_on_) return;
  if (!targets_.controller->StayAway(kDayMs)) {
    fate_.After(Between(kMinuteMs / 60, kMinuteMs / 10), [this] { BeginAbsence(); });
    return;
  }
  Say("controller away for a day");
  ++counts_["controller away for a day"];
  extra_ms_ += kDayMs;
  paused_until_ms_ = targets_.time->now().mono.ms + kDayMs;
  KillNowAndThen();
}

void Faults::KillNowAndThen() {
  fate_.After(Between(kHourMs, 2 * kKillInAbsenceMs), [this] {
    if (targets_.time->now().mono.ms >= paused_until_ms_) return;
    if (KillContainer(random_.Below(4) == 0, random_.Below(4) == 0)) {
      ++counts_["container killed in the controller's absence"];
    }
    KillNowAndThen();
  });
}

}  // namespace reconcile
