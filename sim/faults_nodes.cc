#include "sim/faults.h"

namespace reconcile {
namespace {

constexpr int64_t kShortestDrainMs = 5'000;
constexpr int64_t kLongestDrainMs = 60'000;
constexpr int64_t kShortestShortageMs = 15'000;  // longer than an agent takes to see it
constexpr int64_t kLongestShortageMs = 60'000;

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

// Of memory, disk or process ids, so that it takes no new pods for a while; what runs stays, as its
// end would give nothing back.
void Faults::RepeatShortages() {
  Repeat("host short of something", 100'000, [this] {
    SimHost& host = PickHost();
    SimHost::Free free;
    switch (random_.Below(3)) {
      case 0:
        free.memory_bytes = 0;
        break;
      case 1:
        free.disk_bytes = 0;
        break;
      default:
        free.processes = 0;
    }
    fate_.After(Between(kShortestShortageMs, kLongestShortageMs), [&host] { host.SetFree({}); });
    return host.SetFree(free) && host.awake() && host.agent_runs();
  });
}

void Faults::UncordonAll() {
  for (const auto& host : *targets_.hosts) targets_.controller->Uncordon(host->name());
}

}  // namespace reconcile
