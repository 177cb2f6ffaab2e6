#include <algorithm>

#include "sim/faults.h"

namespace reconcile {
namespace {

constexpr int64_t kShortestCutMs = 1'000;
constexpr int64_t kLongestCutMs = 40'000;
constexpr int64_t kSwizzleMs = 15'000;  // within which lines are cut, and within which mended

}  // namespace

void Faults::RepeatLinkFaults() {
  Repeat("link cut", 90'000, [this] {
    SimHost& host = PickHost();
    fate_.After(Between(kShortestCutMs, kLongestCutMs),
                [this, &host] { targets_.network->Mend(host.name()); });
    return targets_.network->Cut(host.name());
  });
  Repeat("link cut towards an agent", 110'000, [this] { return CloseOneWay(Way::kDown); });
  Repeat("link cut towards the controller", 110'000, [this] { return CloseOneWay(Way::kUp); });
  Repeat("swizzled partition", 150'000, [this] { return Swizzle(); });
  Repeat("slow reader", 110'000, [this] { return SlowDown(); });
}

bool Faults::CloseOneWay(Way way) {
  return CloseFor(PickHost().name(), way, Between(kShortestCutMs, kLongestCutMs));
}

bool Faults::CloseFor(const std::string& node, Way way, int64_t for_ms) {
  fate_.After(for_ms, [this, node, way] { targets_.network->Open(node, way); });
  return targets_.network->Close(node, way);
}

// Some lines are cut one by one, and mended in another order.
bool Faults::Swizzle() {
  int cuts = 0;
  for (const auto& host : *targets_.hosts) {
    for (const Way way : {Way::kDown, Way::kUp}) {
      if (random_.Below(2) == 0) continue;
      ++cuts;
      const std::string node = host->name();
      const int64_t cut_ms = Between(0, kSwizzleMs);
      const int64_t mend_ms = kSwizzleMs + Between(0, kSwizzleMs);
      fate_.After(cut_ms, [=, this] {
        if (go_on_) CloseFor(node, way, mend_ms - cut_ms);
      });
    }
  }
  return cuts > 1;
}

bool Faults::SlowDown() {
  const std::string node = PickHost().name();
  const Way way = random_.Below(2) == 0 ? Way::kDown : Way::kUp;
  const bool begins = targets_.network->SetSlowReader(node, way, true);
  fate_.After(Between(kShortestCutMs, kLongestCutMs),
              [this, node, way] { targets_.network->SetSlowReader(node, way, false); });
  return begins;
}

}  // namespace reconcile
