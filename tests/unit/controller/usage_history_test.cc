#include "controller/usage_history.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include "schema/core.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;

UsagePoint PointWith(int64_t cpu_micros, int64_t memory_bytes = kMebibyte) {
  return {{cpu_micros, memory_bytes}, {1'600, 3'200}};
}

TEST(UsageSeries, HasMeansOfStepsAndGapsWhereNothingWasTold) {
  UsageSeries series;
  const MonoTime start{600'000};
  series.Add(start, PointWith(100'000));
  series.Add(start + 10'000, PointWith(300'000));
  series.Add(start + 15'000, PointWith(500'000));
  series.Add(start + 45'000, PointWith(700'000, 3 * kMebibyte));
  const UsageTrack fine = series.Fine(start + 45'000);
  ASSERT_EQ(fine.points.size(), UsageSeries::kFineSteps);
  EXPECT_EQ(fine.began, start + (45'000 - 19 * UsageSeries::kFineStepMs));
  EXPECT_EQ(fine.points[15], std::nullopt);
  EXPECT_EQ(fine.points[16], PointWith(200'000));
  EXPECT_EQ(fine.points[17], PointWith(500'000));
  EXPECT_EQ(fine.points[18], std::nullopt) << "nothing was told then";
  EXPECT_EQ(fine.points[19], PointWith(700'000, 3 * kMebibyte));
  const UsageTrack coarse = series.Coarse(start + 45'000);
  ASSERT_EQ(coarse.points.size(), UsageSeries::kCoarseSteps);
  EXPECT_EQ(coarse.points.back()->use.cpu_micros, 400'000);
  EXPECT_EQ(coarse.points.back()->use.memory_bytes, 3 * kMebibyte / 2);
}

TEST(UsageSeries, ForgetsWhatIsOlderThanItsLength) {
  UsageSeries series;
  for (int64_t i = 0; i < 1'000; ++i) series.Add({i * 10'000}, PointWith(i * 1'000));
  const MonoTime last{9'990'000};
  const UsageTrack coarse = series.Coarse(last);
  EXPECT_EQ(coarse.began.ms, last.ms / 60'000 * 60'000 - 59 * 60'000);
  EXPECT_EQ(coarse.points.front()->use.cpu_micros, 644'500) << "the mean of six, from 642 on";
  const UsageTrack later = series.Coarse(last + 30 * 60'000);
  EXPECT_TRUE(later.points[29].has_value());
  EXPECT_FALSE(later.points[30].has_value()) << "nothing has been told since";
  const UsageTrack much_later = series.Fine(last + 3'600'000);
  for (const auto& point : much_later.points) EXPECT_FALSE(point.has_value());
}

TEST(UsageSeries, KeepsWhatIsTooLargeAsMuchAsFits) {
  UsageSeries series;
  series.Add({0}, {{INT64_MAX, INT64_MAX}, {INT64_MAX, -5}});
  const UsagePoint point = *series.Fine({0}).points.back();
  EXPECT_EQ(point.use.cpu_micros, UINT32_MAX);
  EXPECT_EQ(point.use.memory_bytes, int64_t{UINT32_MAX} * 1024);
  EXPECT_EQ(point.network.sent, 0);
}

Report Told(const std::string& node, int64_t number, std::vector<std::string> uids) {
  UsageReport usage{number, 10'000, {1'500'000, 900 * kMebibyte}, {10, 20}, {}};
  for (std::string& uid : uids) {
    usage.pods.push_back(
        {std::move(uid), NetworkUse{100, 200}, {{"app", {700'000, 50 * kMebibyte}}}});
  }
  Report report = ReportOf(node, number);
  report.usage = std::make_shared<const UsageReport>(std::move(usage));
  return report;
}

void PutHost(const std::string& name, ClusterState* state) {
  auto node = std::make_shared<Node>();
  node->metadata.name = name;
  state->Put(node);
}

void PutPod(const std::string& name, const std::string& node, ClusterState* state) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = "default";
  pod->metadata.name = name;
  pod->metadata.uid = "uid-" + name;
  pod->spec.node_name = node;
  state->Put(pod);
}

TEST(UsageHistory, KnowsWhatIsOfTheModelAlone) {
  ClusterState state;
  PutHost("host-1", &state);
  PutPod("web", "host-1", &state);
  PutPod("other", "host-2", &state);
  UsageHistory usage;
  const MonoTime now{1'000'000};
  usage.Take(Told("host-1", 1, {"uid-other", "uid-stranger", "uid-web"}), state, now);
  usage.Take(Told("host-9", 1, {}), state, now);
  EXPECT_EQ(usage.OfHost("host-1", now).newest->host.cpu_micros, 1'500'000);
  EXPECT_EQ(usage.OfHost("host-9", now).newest, nullptr) << "no node of the model";
  const auto web = usage.OfPod("host-1", "uid-web", now);
  ASSERT_NE(web.newest, nullptr);
  EXPECT_EQ(web.window_ms, 10'000);
  EXPECT_EQ(web.newest->containers[0].use.memory_bytes, 50 * kMebibyte);
  EXPECT_EQ(web.series->Fine(now).points.back()->use.cpu_micros, 700'000);
  EXPECT_EQ(usage.OfPod("host-1", "uid-other", now).series, nullptr) << "it is another host's";
  EXPECT_EQ(usage.OfPod("host-1", "uid-stranger", now).series, nullptr);

  state.Delete({Kind::kPod, "default", "web"});
  usage.Take(Told("host-1", 2, {"uid-web"}), state, now + 10'000);
  EXPECT_EQ(usage.OfPod("host-1", "uid-web", now + 10'000).series, nullptr);
}

TEST(UsageHistory, CountsALookOnceAndForgetsThatItWasNow) {
  ClusterState state;
  PutHost("host-1", &state);
  UsageHistory usage;
  const MonoTime now{1'000'000};
  usage.Take(Told("host-1", 1, {}), state, now);
  usage.Take(Told("host-1", 1, {}), state, now + 5'000);
  EXPECT_EQ(usage.OfHost("host-1", now).at, now) << "the same look, told again";
  Report restarted = Told("host-1", 1, {});
  restarted.agent_start = "start-2";
  usage.Take(restarted, state, now + 20'000);
  EXPECT_EQ(usage.OfHost("host-1", now).at, now + 20'000) << "its agent began anew";
  const MonoTime late = now + 20'000 + UsageHistory::kFreshMs + 1;
  EXPECT_EQ(usage.OfHost("host-1", late).newest, nullptr);
  EXPECT_NE(usage.OfHost("host-1", late).series, nullptr) << "its course is still known";
}

// What docs/performance.md says of it. The sanitizers' own allocators count nothing.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(UsageHistory, FiveThousandPodsOnTwoHundredHostsTakeTenMegabytesAtMost) {
  ClusterState state;
  std::vector<Report> reports;
  for (int host = 0; host < 200; ++host) {
    const std::string node = "host-" + std::to_string(host);
    PutHost(node, &state);
    std::vector<std::string> uids;
    for (int pod = 0; pod < 25; ++pod) {
      const std::string name = "pod-of-an-ordinary-length-" + node + "-" + std::to_string(pod);
      PutPod(name, node, &state);
      uids.push_back("uid-" + name);
    }
    reports.push_back(Told(node, 1, uids));
  }
  const size_t before = ::mallinfo2().uordblks;
  UsageHistory usage;
  for (const Report& report : reports) usage.Take(report, state, {1'000'000});
  const size_t bytes = ::mallinfo2().uordblks - before;
  RecordProperty("bytes", std::to_string(bytes));
  EXPECT_LT(bytes, size_t{10} << 20);
  EXPECT_GT(bytes, size_t{5'000} * sizeof(UsageSeries));
}
#endif

TEST_F(ControllerTest, UsageIsTakenInAndMakesNoTurn) {
  Start();
  Connect();
  const Revision before = controller_->State()->revision();
  Say(Told("host-1", ++sequence_, {}));
  EXPECT_NE(controller_->Usage().OfHost("host-1", loop_.now().mono).newest, nullptr);
  EXPECT_EQ(controller_->State()->revision(), before) << "it is in no store";
  EXPECT_EQ(controller_->LastHeartbeats().heard.count("host-1"), 1U);
}

}  // namespace
}  // namespace reconcile
