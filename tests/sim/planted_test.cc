// Built with RECONCILE_PLANTED_BUGS: each bug is switched on alone and must be found.
#include "sim/simulation.h"

namespace reconcile {
namespace {

constexpr uint64_t kMostSeeds = 400;

// The seed that found it last is tried first: worlds change with every new fault.
struct Planted {
  const char* name;
  uint64_t seed = 1;
};

class PlantedBugTest : public testing::TestWithParam<Planted> {};

bool IsFoundBy(uint64_t seed, const char* name) {
  const SimulationOutcome outcome = RunSimulation({.seed = seed, .planted_bug = name});
  if (outcome.violations.empty()) return false;
  std::printf("planted bug %s: found by seed %llu: %s\n", name,
              static_cast<unsigned long long>(seed), outcome.violations.front().c_str());
  return true;
}

TEST_P(PlantedBugTest, IsFound) {
  if (IsFoundBy(GetParam().seed, GetParam().name)) return;
  for (uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    if (IsFoundBy(seed, GetParam().name)) return;
  }
  FAIL() << "no seed up to " << kMostSeeds << " finds the planted bug " << GetParam().name;
}

INSTANTIATE_TEST_SUITE_P(
    All, PlantedBugTest,
    testing::Values(Planted{"weak-durability"}, Planted{"keep-orphans"},
                    Planted{"one-replica-too-many"}, Planted{"ignore-gone-report"},
                    Planted{"ignore-liveness", 41}, Planted{"never-restart-crashed"},
                    Planted{"write-on-every-report"}, Planted{"never-hand-out-twice"},
                    Planted{"ignore-confirmation"}, Planted{"ignore-deletion"},
                    Planted{"take-living-for-dead"}, Planted{"obey-older-assignment"},
                    Planted{"ignore-lineage"}, Planted{"obey-before-saving"},
                    Planted{"count-reports-across-starts"}, Planted{"plan-before-inventories", 82},
                    Planted{"leave-recovered-orphans"}, Planted{"run-before-network"},
                    Planted{"skip-pre-stop"}, Planted{"ready-before-post-start"}),
    [](const testing::TestParamInfo<Planted>& bug) {
      std::string name = bug.param.name;
      for (char& c : name) {
        if (c == '-') c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace reconcile
