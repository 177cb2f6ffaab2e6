#include "sim/faults.h"

namespace reconcile {
namespace {

constexpr int64_t kShortestDrainMs = 5'000;
constexpr int64_t kLongestDrainMs = 60'000;

}  // namespace

// People clear hosts and let them take pods again.
void Faults::RepeatNodeOperations() {
  Repeat("host cordoned", 120'000,
         [this] { return targets_.controller->Cordon(PickHost().name()); });
  Repeat("host drained", 120'000, [this] {
    return targets_.controller->Drain(PickHost().name(), random_.Below(2) == 0,
                                      Between(kShortestDrainMs, kLongestDrainMs));
  });
  Repeat("host uncordoned", 40'000,
         [this] { return targets_.controller->Uncordon(PickHost().name()); });
}

void Faults::UncordonAll() {
  for (const auto& host : *targets_.hosts) targets_.controller->Uncordon(host->name());
}

}  // namespace reconcile
