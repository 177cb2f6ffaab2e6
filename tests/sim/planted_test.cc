// Built with RECONCILE_PLANTED_BUGS: each bug is switched on alone and must be found.
#include "sim/simulation.h"

namespace reconcile {
namespace {

constexpr uint64_t kMostSeeds = 400;

class PlantedBugTest : public testing::TestWithParam<const char*> {};

TEST_P(PlantedBugTest, IsFound) {
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const SimulationOutcome outcome = RunSimulation({.seed = seed, .planted_bug = GetParam()});
    if (!outcome.violations.empty()) {
      std::printf("planted bug %s: found by seed %llu: %s\n", GetParam(),
                  static_cast<unsigned long long>(seed), outcome.violations.front().c_str());
      return;
    }
  }
  FAIL() << "no seed up to " << kMostSeeds << " finds the planted bug " << GetParam();
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBugTest,
    testing::Values("weak-durability", "keep-orphans", "one-replica-too-many", "ignore-gone-report",
                    "ignore-liveness", "never-restart-crashed", "write-on-every-report",
                    "never-hand-out-twice", "ignore-confirmation", "ignore-deletion",
                    "take-living-for-dead", "obey-older-assignment", "ignore-lineage",
                    "obey-before-saving", "count-reports-across-starts", "plan-before-inventories",
                    "leave-recovered-orphans", "run-before-network", "skip-pre-stop",
                    "ready-before-post-start"),
    [](const testing::TestParamInfo<const char*>& bug) {
      std::string name = bug.param;
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace reconcile
