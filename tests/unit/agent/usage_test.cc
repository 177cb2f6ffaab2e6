#include "agent/resource_use.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

UseCounters CountersAt(int64_t seconds) {
  UseCounters counters;
  counters.at_us = seconds * 1'000'000;
  return counters;
}

TEST(ResourceUse, IsWhatCountersGrewByASecond) {
  UseCounters before = CountersAt(100);
  before.cpu_us = 5'000'000;
  before.containers["a"] = {1'000'000, 10 * kMebibyte, NetworkBytes{1'000, 2'000}};
  UseCounters after = CountersAt(110);
  after.cpu_us = 20'000'000;
  after.memory_bytes = 700 * kMebibyte;
  after.network = {500, 1'000};
  after.containers["a"] = {3'500'000, 12 * kMebibyte, NetworkBytes{11'000, 2'000}};
  const UsageReport usage = UsageBetween(before, after, {{"a", "uid-web", "app", false}});
  EXPECT_EQ(usage.window_ms, 10'000);
  EXPECT_EQ(usage.host, (ResourceUse{1'500'000, 700 * kMebibyte}));
  EXPECT_EQ(usage.network, (NetworkUse{50, 100}));
  ASSERT_EQ(usage.pods.size(), 1U);
  EXPECT_EQ(usage.pods[0],
            (PodUsage{"uid-web", NetworkUse{1'000, 0}, {{"app", {250'000, 12 * kMebibyte}}}}));
}

TEST(ResourceUse, OfSeveralContainersHasTheSandboxesNetworkAndNotItsUse) {
  UseCounters before = CountersAt(1);
  before.containers = {{"p", {0, kMebibyte, NetworkBytes{0, 0}}},
                       {"b", {0, 0, std::nullopt}},
                       {"a", {0, 0, std::nullopt}}};
  UseCounters after = CountersAt(2);
  after.containers = {{"p", {900'000, kMebibyte, NetworkBytes{7, 8}}},
                      {"b", {20'000, 2, std::nullopt}},
                      {"a", {10'049, 1, std::nullopt}}};
  const UsageReport usage = UsageBetween(
      before, after,
      {{"p", "uid", "POD", true}, {"b", "uid", "web", false}, {"a", "uid", "log", false}});
  ASSERT_EQ(usage.pods.size(), 1U);
  EXPECT_EQ(usage.pods[0].network, (NetworkUse{7, 8}));
  const std::vector<ContainerUsage> both = {{"log", {10'000, 1}}, {"web", {20'000, 2}}};
  EXPECT_EQ(usage.pods[0].containers, both) << "in whole tenths of a thousandth of a core";
}

TEST(ResourceUse, SaysNothingOfWhatWasNotThereBoth) {
  UseCounters before = CountersAt(1);
  before.containers["gone"] = {5, 5, std::nullopt};
  UseCounters after = CountersAt(2);
  after.containers["new"] = {5, 5, std::nullopt};
  EXPECT_TRUE(
      UsageBetween(before, after, {{"gone", "uid-1", "app", false}, {"new", "uid-2", "app", false}})
          .pods.empty());
  before.containers["new"] = {9, 5, std::nullopt};  // counted anew meanwhile
  const UsageReport usage = UsageBetween(before, after, {{"new", "uid-2", "app", false}});
  EXPECT_EQ(usage.pods[0].containers[0].use.cpu_micros, 0);
}

class AgentUsageTest : public AgentTest {
 protected:
  AgentUsageTest() {
    options.read_use = [this](std::vector<CountedContainer> containers,
                              std::function<void(UseCounters)> done) {
      ++looks_;
      UseCounters counters;
      counters.at_us = loop.now().mono.ms * 1'000;
      for (const CountedContainer& container : containers) {
        EXPECT_GT(container.process_id, 0);
        counters.containers[container.id] = {counters.at_us / 2, 50 * kMebibyte, std::nullopt};
      }
      if (answers_) done(std::move(counters));
    };
  }

  int looks_ = 0;
  bool answers_ = true;
};

TEST_F(AgentUsageTest, GoesWithHeartbeats) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  const size_t reports = link.reports.size();
  RunFor(60'000);
  ASSERT_NE(LastReport().usage, nullptr);
  ASSERT_EQ(LastReport().usage->pods.size(), 1U);
  EXPECT_EQ(LastReport().usage->pods[0].uid, Reported("web").uid);
  EXPECT_EQ(LastReport().usage->pods[0].containers[0].use.cpu_micros, 500'000);
  EXPECT_EQ(LastReport().usage->window_ms, options.pressure_every_ms);
  EXPECT_LE(link.reports.size() - reports, static_cast<size_t>(60'000 / options.heartbeat_ms) + 1)
      << "none is sent for it alone";
}

TEST_F(AgentUsageTest, ALookThatDoesNotEndIsNotMadeTwice) {
  answers_ = false;
  StartAgent();
  Assign();
  Settle();
  RunFor(120'000);
  EXPECT_EQ(looks_, 1);
  EXPECT_EQ(LastReport().usage, nullptr);
}

}  // namespace
}  // namespace reconcile
