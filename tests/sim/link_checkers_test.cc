#include "sim/link_checkers.h"

namespace reconcile {
namespace {

Fence MakeFence(const std::string& lineage, int64_t began_ms, int64_t epoch, Revision revision) {
  return {"cluster", lineage, epoch, revision, began_ms, "proof"};
}

Report ReportOf(std::optional<Fence> applied) {
  Report report;
  report.node = "host-1";
  report.applied = std::move(applied);
  return report;
}

TEST(FenceChecker, AgreesWithWhoFollowsWhatIsNewer) {
  FenceChecker checker;
  checker.OnSent(ReportOf(std::nullopt), {});
  checker.OnSent(ReportOf(MakeFence("a", 1, 1, 5)), {});
  checker.OnSent(ReportOf(MakeFence("a", 1, 1, 5)), {});
  checker.OnSent(ReportOf(MakeFence("a", 1, 2, 3)), {});
  checker.OnSent(ReportOf(MakeFence("b", 2, 1, 1)), {});
  EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
  EXPECT_EQ(checker.lineages_followed(), 1);
}

TEST(FenceChecker, FindsWhoGoesBack) {
  const std::vector<std::pair<Fence, std::optional<Fence>>> steps = {
      {MakeFence("a", 1, 2, 5), MakeFence("a", 1, 1, 9)},
      {MakeFence("a", 1, 2, 5), MakeFence("a", 1, 2, 4)},
      {MakeFence("b", 2, 1, 1), MakeFence("a", 1, 9, 9)},
      {MakeFence("b", 2, 1, 1), std::nullopt},
      {MakeFence("b", 2, 1, 1), Fence{"other", "c", 1, 1, 3, ""}},
  };
  for (const auto& [first, second] : steps) {
    FenceChecker checker;
    checker.OnSent(ReportOf(first), {});
    checker.OnSent(ReportOf(second), {});
    EXPECT_EQ(checker.violations().size(), 1U);
  }
}

TEST(FenceChecker, FindsWhoReturnsToALineageThatItLeft) {
  FenceChecker checker;
  checker.OnSent(ReportOf(MakeFence("a", 1, 1, 1)), {});
  checker.OnSent(ReportOf(MakeFence("b", 2, 1, 1)), {});
  checker.OnSent(ReportOf(MakeFence("a", 3, 1, 1)), {});
  EXPECT_EQ(checker.violations().size(), 1U);
}

// A pod on host-1, and reports of it.
class ReportCheckerTest : public testing::Test {
 protected:
  ReportCheckerTest() {
    pod_.metadata.namespace_name = "default";
    pod_.metadata.name = "web";
    pod_.metadata.uid = "uid-1";
    pod_.spec.node_name = "host-1";
  }
  Report Told(int64_t sequence, const std::string& address, bool gone = false) const {
    Report report;
    report.node = "host-1";
    report.agent_start = "start-1";
    report.sequence = sequence;
    PodStatus status;
    status.pod_ip = address;
    report.pods = {{"default", "web", "uid-1", status, gone}};
    return report;
  }
  // What the checker says when the model has `pod_` at the time of the look.
  size_t Check(uint64_t number) {
    ClusterState state;
    state.Put(std::make_shared<Pod>(pod_));
    checker_.Check("host-1", number, state, {});
    return checker_.violations().size();
  }

  Pod pod_;
  ReportChecker checker_;
};

TEST_F(ReportCheckerTest, AgreesWhenTheModelHasTheNewestReport) {
  const uint64_t first = checker_.OnArrived(1, Told(1, "10.0.0.1"));
  const uint64_t second = checker_.OnArrived(1, Told(2, "10.0.0.2"));
  EXPECT_EQ(checker_.OnArrived(1, Told(1, "10.0.0.1")), 0U);
  pod_.status.pod_ip = "10.0.0.2";
  EXPECT_EQ(Check(first), 0U);  // another came since
  EXPECT_EQ(Check(second), 0U);
  EXPECT_EQ(checker_.checked(), 1);
}

TEST_F(ReportCheckerTest, FindsALostReport) {
  checker_.OnArrived(1, Told(1, "10.0.0.1"));
  const uint64_t second = checker_.OnArrived(1, Told(2, "10.0.0.2"));
  pod_.status.pod_ip = "10.0.0.1";
  EXPECT_EQ(Check(second), 1U);
}

TEST_F(ReportCheckerTest, FindsAPodThatWasReportedGoneAndIsStillThere) {
  const uint64_t number = checker_.OnArrived(1, Told(1, "", true));
  EXPECT_EQ(Check(number), 0U);  // nobody asked it to go
  pod_.metadata.deletion_timestamp = WallTime{1};
  EXPECT_EQ(Check(number), 1U);
}

}  // namespace
}  // namespace reconcile
