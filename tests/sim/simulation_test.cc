#include "sim/simulation.h"

#include <array>
#include <cstdlib>

namespace reconcile {
namespace {

// Every kind of fault that worlds have to hold: what had an effect counts, nothing else.
constexpr std::array kKinds = {
    "commit",
    "broken commit",
    "fetch failed",
    "host cordoned",
    "host drained",
    "host uncordoned",
    "driven out by a taint",
    "message lost",
    "message repeated",
    "message delayed",
    "message stuck in one way",
    "message read late",
    "message superseded",
    "message of another release",
    "assignment of an earlier connection",
    "report of an earlier connection",
    "report of an earlier agent start",
    "link cut",
    "link cut towards an agent",
    "link cut towards the controller",
    "swizzled partition",
    "slow reader",
    "controller killed",
    "controller lost power",
    "controller lost power in a commit",
    "controller suspended",
    "controller away for a day",
    "controller restored",
    "controller wiped",
    "old controller came back",
    "clock of the controller jumped",
    "clock of a host jumped",
    "host suspended",
    "host short of something",
    "agent killed",
    "host lost",
    "engine crashed, live restore",
    "engine crashed, no live restore",
    "event stream broken",
    "engine call failed or reply lost",
    "device call failed or reply lost",
    "container killed",
    "container removed",
    "sandbox killed",
    "route lost",
    "engine crashed amid a hook",
    "postStart hook ended",
    "preStop hook ended",
};
// Of every kind at least 1,000 in 2,000 worlds.
constexpr uint64_t kWorldsForOne = 2;
constexpr int64_t kFewWorlds = 10;
constexpr int64_t kManyWorlds = 100;

struct Seeds {
  uint64_t first = 1;
  uint64_t last = 500;
};

// Which worlds to run: RECONCILE_SIM_SEEDS=FIRST-LAST.
Seeds SeedsToRun() {
  const char* text = std::getenv("RECONCILE_SIM_SEEDS");
  if (text == nullptr) return {};
  char* end = nullptr;
  Seeds seeds;
  seeds.first = std::strtoull(text, &end, 10);
  seeds.last = *end == '-' ? std::strtoull(end + 1, nullptr, 10) : 0;
  return seeds;
}

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

TEST(Simulation, EverySeedConvergesAndThenWritesNothing) {
  const Seeds seeds = SeedsToRun();
  ASSERT_GE(seeds.last, seeds.first) << "RECONCILE_SIM_SEEDS is not FIRST-LAST";
  std::map<std::string, int64_t> faults;
  for (uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const SimulationOutcome outcome = RunSimulation({.seed = seed});
    EXPECT_TRUE(outcome.violations.empty()) << "seed " << seed << Join(outcome.violations);
    EXPECT_GE(outcome.virtual_ms, 10 * 60'000) << "seed " << seed;
    for (const auto& [name, count] : outcome.faults) faults[name] += count;
  }
  for (const auto& [name, count] : faults) {
    std::printf("%8lld  %s\n", static_cast<long long>(count), name.c_str());
  }
  // A few worlds may by chance have few of what is rare.
  const auto worlds = static_cast<int64_t>(seeds.last - seeds.first + 1);
  const int64_t least = worlds < kFewWorlds    ? 0
                        : worlds < kManyWorlds ? 1
                                               : worlds / int64_t{kWorldsForOne};
  for (const char* kind : kKinds) {
    EXPECT_GE(faults[kind], least) << kind;
  }
}

TEST(SimulationTrace, IsTheSameForTheSameSeed) {
  for (const uint64_t seed : {3U, 77U}) {
    const SimulationOutcome first = RunSimulation({.seed = seed});
    const SimulationOutcome second = RunSimulation({.seed = seed});
    EXPECT_EQ(first.trace_hash, second.trace_hash) << "seed " << seed;
    EXPECT_EQ(first.faults, second.faults) << "seed " << seed;
  }
  EXPECT_NE(RunSimulation({.seed = 3}).trace_hash, RunSimulation({.seed = 4}).trace_hash);
}

}  // namespace
}  // namespace reconcile
