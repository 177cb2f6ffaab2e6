#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/property/reconciler/rollout_history.h"

namespace reconcile {
namespace {

constexpr uint64_t kHistories = 400;
constexpr int kStepsOfHistory = 40;

// How many histories: RECONCILE_ROLLOUT_SEEDS=COUNT, or FIRST-LAST.
struct Seeds {
  uint64_t first = 1;
  uint64_t last = kHistories;
};
Seeds SeedsToRun() {
  const char* text = std::getenv("RECONCILE_ROLLOUT_SEEDS");
  if (text == nullptr) return {};
  char* end = nullptr;
  const uint64_t number = std::strtoull(text, &end, 10);
  if (*end != '-') return {.first = 1, .last = number};
  return {.first = number, .last = std::strtoull(end + 1, nullptr, 10)};
}

// Whatever hosts, probes and people do, and wherever the controller starts again: no turn takes
// available pods below what the Deployment promises, none makes too many, and in the end each
// rollout is complete or says why it is not.
TEST(RolloutSafety, HoldsThroughHostLossesFailingProbesAndRestarts) {
  const Seeds seeds = SeedsToRun();
  ASSERT_GE(seeds.last, seeds.first) << "RECONCILE_ROLLOUT_SEEDS is not COUNT or FIRST-LAST";
  std::map<std::string, int> counts;
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    RolloutHistory history(seed);
    for (int step = 0; step < kStepsOfHistory; ++step) {
      history.Step();
      ASSERT_TRUE(history.violations().empty())
          << "seed " << seed << " step " << step << ": " << history.violations().front();
    }
    history.Recover();
    ASSERT_TRUE(history.violations().empty())
        << "seed " << seed << ", after its faults: " << history.violations().front();
    ASSERT_EQ(history.WhyUnreported(), "") << "seed " << seed;
    for (const auto& [name, count] : history.counts) counts[name] += count;
    ++counts[history.IsComplete() ? "complete" : "says why not"];
  }
  for (const auto& [name, count] : counts) std::printf("%9d  %s\n", count, name.c_str());
  if (seeds.last - seeds.first + 1 < kHistories) return;
  for (const char* name :
       {"commit", "broken image", "other requests", "scaled", "paused or resumed", "other strategy",
        "host lost", "host returned", "cordon", "drain", "probe failed", "evicted while available",
        "rolled back", "turn that was not stored", "complete", "says why not"}) {
    EXPECT_GE(counts[name], 20) << name << " hardly ever happened";
  }
}

}  // namespace
}  // namespace reconcile
