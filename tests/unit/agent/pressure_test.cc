#include "agent/pressure.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kGiB = 1 << 30;

HostSample Plenty() {
  HostSample sample;
  sample.use = {8 * kGiB, 4 * kGiB, 30'000, 400};
  sample.state = {100 * kGiB, 50 * kGiB, 1'000'000, 900'000, 1};
  sample.images = {200 * kGiB, 90 * kGiB, 0, 0, 2};
  return sample;
}

std::vector<Signal> SignalsOf(const HostSample& sample, const PressureLimits& limits = {}) {
  std::vector<Signal> signals;
  for (const Shortage& each : ShortagesOf(limits, sample)) signals.push_back(each.signal);
  return signals;
}

TEST(Pressure, AHostWithPlentyIsShortOfNothing) {
  EXPECT_TRUE(ShortagesOf({}, Plenty()).empty());
  EXPECT_TRUE(ShortagesOf({}, HostSample()).empty()) << "what is not known is not short";
}

TEST(Pressure, EachSignalHasTheKubeletsThreshold) {
  HostSample sample = Plenty();
  sample.use.memory_available_bytes = 100 * kMiB;
  EXPECT_TRUE(SignalsOf(sample).empty()) << "exactly so much is enough";
  --sample.use.memory_available_bytes;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kMemoryAvailable});
  sample = Plenty();
  sample.state.available_bytes = 10 * kGiB - 1;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kNodefsAvailable});
  sample = Plenty();
  sample.state.inodes_free = 49'999;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kNodefsInodesFree});
  sample = Plenty();
  sample.images.available_bytes = 30 * kGiB - 1;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kImagefsAvailable});
  sample = Plenty();
  sample.images.inodes = 100;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kImagefsInodesFree});
  sample = Plenty();
  sample.use.processes = 28'501;
  EXPECT_EQ(SignalsOf(sample), std::vector{Signal::kPidAvailable});
  sample.use.memory_available_bytes = 0;
  EXPECT_EQ(SignalsOf(sample), (std::vector{Signal::kMemoryAvailable, Signal::kPidAvailable}))
      << "memory comes first";
}

TEST(Pressure, ThresholdsAreAmountsOrShares) {
  EXPECT_EQ(ParseThreshold("100Mi")->Of(8 * kGiB), 100 * kMiB);
  EXPECT_EQ(ParseThreshold("10%")->Of(1'000), 100);
  EXPECT_EQ(ParseThreshold("10%")->Of(INT64_MAX), INT64_MAX / 100 * 10) << "it does not overflow";
  for (const char* off : {"0", "0%", "100%"}) {
    const Result<Threshold> threshold = ParseThreshold(off);
    EXPECT_EQ(threshold->Of(1'000), 0) << off;
  }
  for (const char* wrong : {"", "%", "101%", "-1%", "1.5%", "10 %", "much", "-5Mi"}) {
    EXPECT_FALSE(ParseThreshold(wrong).ok()) << wrong;
  }
  for (const Signal signal : kAllSignals) EXPECT_EQ(SignalNamed(ToString(signal)), signal);
  EXPECT_FALSE(SignalNamed("memory"));
}

TEST(Pressure, AThresholdThatIsOffIsNeverCrossed) {
  PressureLimits limits;
  limits.thresholds.fill({});
  HostSample none = Plenty();
  none.use.memory_available_bytes = none.state.available_bytes = none.state.inodes_free = 0;
  EXPECT_TRUE(SignalsOf(none, limits).empty());
}

TEST(Pressure, AConditionStaysForItsTransitionPeriod) {
  const PressureLimits limits;
  const std::vector<Shortage> shortages = {{Signal::kNodefsAvailable, kMiB, 2 * kMiB}};
  const auto disk = [](const Pressures& all) { return all[static_cast<size_t>(Pressure::kDisk)]; };
  const Pressures on = NextPressures(limits, {}, shortages, MonoTime{0});
  EXPECT_TRUE(disk(on).is_on);
  EXPECT_FALSE(on[static_cast<size_t>(Pressure::kMemory)].is_on);
  const Pressures still = NextPressures(limits, on, shortages, MonoTime{60'000});
  EXPECT_EQ(disk(still).message, disk(on).message);
  const Pressures kept = NextPressures(limits, still, {}, MonoTime{60'000 + 299'999});
  EXPECT_TRUE(disk(kept).is_on);
  EXPECT_FALSE(disk(NextPressures(limits, kept, {}, MonoTime{60'000 + 300'000})).is_on);
}

TEST(Pressure, ConditionsSayWhatIsShortAndStayTheSameWhileItIs) {
  const PressureLimits limits;
  const std::vector<Shortage> first = {{Signal::kMemoryAvailable, 90 * kMiB, 100 * kMiB}};
  const std::vector<Shortage> later = {{Signal::kMemoryAvailable, 80 * kMiB, 100 * kMiB}};
  const Pressures on = NextPressures(limits, {}, first, MonoTime{0});
  const Condition condition = ConditionOf(Pressure::kMemory, on[0]);
  EXPECT_EQ(condition.type, "MemoryPressure");
  EXPECT_EQ(condition.status, ConditionStatus::kTrue);
  EXPECT_EQ(condition.reason, "AgentHasInsufficientMemory");
  EXPECT_EQ(condition.message,
            "the host is short of memory: memory.available was 90Mi, less than 100Mi, when it "
            "began");
  EXPECT_EQ(ConditionOf(Pressure::kMemory, NextPressures(limits, on, later, MonoTime{1'000})[0]),
            condition);
  EXPECT_EQ(ConditionOf(Pressure::kPids, on[2]).status, ConditionStatus::kFalse);
  EXPECT_EQ(ConditionOf(Pressure::kPids, on[2]).type, "PIDPressure");
}

}  // namespace
}  // namespace reconcile
