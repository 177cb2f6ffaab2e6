#include "sim/faults.h"

namespace reconcile {
namespace {

constexpr int64_t kShortestStayMs = 15'000;  // of a controller that was replaced
constexpr int64_t kLongestStayMs = 60'000;

}  // namespace

void Faults::RepeatLossFaults() {
  Repeat("backup", 60'000, [this] { return targets_.controller->TakeBackup(); });
  Repeat("controller restored", 200'000,
         [this] { return targets_.controller->Restore(Between(100, 10'000)); });
  Repeat("controller wiped", 280'000,
         [this] { return targets_.controller->Wipe(Between(100, 10'000)); });
  Repeat("old controller came back", 120'000, [this] { return BringOldBack(); });
}

// Once every agent follows the new one: who has not heard of it may obey the old one.
bool Faults::BringOldBack() {
  if (!targets_.all_follow() || !targets_.controller->BringOldBack()) return false;
  bool any = false;
  for (const auto& host : *targets_.hosts) {
    if (random_.Below(3) == 0) continue;
    any |= targets_.network->LeadTo(host->name(), std::string(OldController::kAddress));
  }
  fate_.After(Between(kShortestStayMs, kLongestStayMs), [this] {
    targets_.controller->EndOld();
    for (const auto& host : *targets_.hosts) {
      targets_.network->LeadTo(host->name(), std::string(kControllerAddress));
    }
  });
  return any;
}

}  // namespace reconcile
