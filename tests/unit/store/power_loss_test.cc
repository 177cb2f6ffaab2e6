#include <gtest/gtest.h>

#include "tests/unit/store/sim_workload.h"

namespace reconcile {
namespace {

using namespace store_testing;

int64_t ChangesOfAnUndisturbedRun() {
  SimDisk disk("count", 1);
  CHECK(RunWorkload(OptionsOn(disk)) == kWorkloadSteps);
  return disk.changes_made();
}

// Opens after a halt: the state must be that after some number of steps, not less than `at_least`.
// Returns that number.
int64_t OpenAndCheck(const SimDisk& disk, const std::vector<std::string>& states,
                     int64_t at_least) {
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(OptionsOn(disk));
  EXPECT_TRUE(store.ok()) << store.status().ToString();
  if (!store.ok()) return -1;
  const auto state = (*store)->Snapshot();
  const int64_t steps = StepsAt(state->revision());
  EXPECT_GE(steps, at_least);
  EXPECT_EQ(TextOf(*state), states.at(static_cast<size_t>(steps)));
  return steps;
}

// Halts in every change of the workload in turn, and checks what is there afterwards.
void HaltEverywhere(SimHalt halt, SimLoss loss, uint64_t seed) {
  const std::vector<std::string> states = WorkloadStates();
  const int64_t changes = ChangesOfAnUndisturbedRun();
  ASSERT_GT(changes, 100);
  for (int64_t change = 1; change <= changes; ++change) {
    SCOPED_TRACE("halted in change " + std::to_string(change) + ", seed " + std::to_string(seed));
    SimDisk disk("halt", seed + static_cast<uint64_t>(change));
    disk.HaltAtChange(change, halt, loss);
    const int64_t acknowledged = RunWorkload(OptionsOn(disk));
    ASSERT_TRUE(disk.halted());
    disk.Restart();
    OpenAndCheck(disk, states, acknowledged);
    if (testing::Test::HasFailure()) return;
    if (change % 4 != 0) continue;
    // And it goes on from there as if nothing had been.
    ASSERT_EQ(RunWorkload(OptionsOn(disk)), kWorkloadSteps);
    ASSERT_EQ(OpenAndCheck(disk, states, kWorkloadSteps), kWorkloadSteps);
  }
}

TEST(Faults, Line26_PowerLossAtEveryWriteThatDropsUnsyncedWrites) {
  HaltEverywhere(SimHalt::kPowerLoss, SimLoss::kAllLost, 1);
}

TEST(Faults, Line26_PowerLossAtEveryWriteThatKeepsUnsyncedWrites) {
  HaltEverywhere(SimHalt::kPowerLoss, SimLoss::kAllKept, 2);
}

TEST(Faults, Line26_PowerLossAtEveryWriteThatTearsTheLastWrite) {
  HaltEverywhere(SimHalt::kPowerLoss, SimLoss::kPrefixKept, 4);
}

TEST(Faults, Line26_PowerLossAtEveryWriteThatReordersAndTearsWrites) {
  for (uint64_t seed = 0; seed < 2; ++seed) {
    HaltEverywhere(SimHalt::kPowerLoss, SimLoss::kScattered, 10'000 * seed);
  }
}

TEST(Faults, Line26_AKilledProcessLosesNothingThatItAcknowledged) {
  HaltEverywhere(SimHalt::kProcessKilled, SimLoss::kAllLost, 3);
}

// A second fault while the first is being mended.
TEST(Faults, Line26_PowerLossWhileOpeningAfterAPowerLoss) {
  const std::vector<std::string> states = WorkloadStates();
  const int64_t changes = ChangesOfAnUndisturbedRun();
  for (int64_t change = 3; change <= changes; change += 7) {
    SCOPED_TRACE("halted in change " + std::to_string(change));
    SimDisk disk("halt", static_cast<uint64_t>(change));
    disk.HaltAtChange(change, SimHalt::kPowerLoss, SimLoss::kScattered);
    const int64_t acknowledged = RunWorkload(OptionsOn(disk));
    disk.Restart();
    for (int64_t again = 1; again <= 12; ++again) {
      disk.HaltAtChange(again, SimHalt::kPowerLoss, SimLoss::kScattered);
      { const auto store = OpenSqliteStore(OptionsOn(disk)); }
      if (!disk.halted()) disk.HaltNow(SimHalt::kPowerLoss, SimLoss::kScattered);
      disk.Restart();
    }
    OpenAndCheck(disk, states, acknowledged);
    if (testing::Test::HasFailure()) return;
  }
}

// What a controller has read at its start, it acts upon: it must not be lost after.
TEST(Faults, Line31_ARevisionSeenAfterACrashSurvivesAPowerLoss) {
  const std::vector<std::string> states = WorkloadStates();
  const int64_t changes = ChangesOfAnUndisturbedRun();
  int64_t commits_seen_but_not_acknowledged = 0;
  for (int64_t change = 1; change <= changes; ++change) {
    SCOPED_TRACE("killed in change " + std::to_string(change));
    SimDisk disk("halt", static_cast<uint64_t>(change));
    disk.HaltAtChange(change, SimHalt::kProcessKilled, SimLoss::kAllLost);
    const int64_t acknowledged = RunWorkload(OptionsOn(disk));
    disk.Restart();
    int64_t seen = 0;
    {
      const auto store = OpenSqliteStore(OptionsOn(disk));
      ASSERT_TRUE(store.ok()) << store.status().ToString();
      seen = StepsAt((*store)->Snapshot()->revision());
      disk.HaltNow(SimHalt::kPowerLoss, SimLoss::kAllLost);
    }
    if (seen > acknowledged) ++commits_seen_but_not_acknowledged;
    disk.Restart();
    OpenAndCheck(disk, states, seen);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(commits_seen_but_not_acknowledged, 0);
}

}  // namespace
}  // namespace reconcile
