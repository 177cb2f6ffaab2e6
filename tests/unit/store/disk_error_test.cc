#include <gtest/gtest.h>

#include "base/log.h"
#include "tests/unit/store/sim_workload.h"

namespace reconcile {
namespace {

using namespace store_testing;

int64_t CallsOfAnUndisturbedRun() {
  SimDisk disk("count", 1);
  CHECK(RunWorkload(OptionsOn(disk)) == kWorkloadSteps);
  return disk.calls_made();
}

// A caller who opens and commits, and tries again what was refused. Errors may come as often as
// they like: every answer must be true. Checks each state against the fake.
class PersistentCaller {
 public:
  PersistentCaller(SimDisk* disk, const std::vector<std::string>& states)
      : disk_(disk), states_(states) {}

  // Until all is done or a check failed; the disk heals after kFailuresUntilHealed refusals.
  void Run() {
    while (done_ < kWorkloadSteps && !testing::Test::HasFailure()) {
      if (failures_ == kFailuresUntilHealed) disk_->StopFailing();
      ASSERT_LT(failures_, 2 * kFailuresUntilHealed) << "the disk is well again, the store is not";
      if (store_ == nullptr) {
        Open();
      } else {
        Commit();
      }
    }
    store_.reset();
  }
  int failures() const { return failures_; }

 private:
  static constexpr int kFailuresUntilHealed = 40;

  void Refused(const Status& status) {
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status.ToString();
    ++failures_;
  }
  void Open() {
    Result<std::unique_ptr<Store>> opened = OpenSqliteStore(OptionsOn(*disk_));
    if (!opened.ok()) return Refused(opened.status());
    store_ = std::move(opened).value();
    // A commit that was refused as the store went down may be there after all, in full.
    const int64_t steps = StepsAt(store_->Snapshot()->revision());
    EXPECT_GE(steps, done_);
    EXPECT_LE(steps, in_doubt_ ? done_ + 1 : done_);
    done_ = steps;
    in_doubt_ = false;
    CheckState();
  }
  void Commit() {
    const Result<Revision> revision =
        store_->Commit(WorkloadStep(static_cast<int>(done_)), RevisionAfter(done_));
    if (revision.ok()) {
      EXPECT_EQ(*revision, RevisionAfter(done_ + 1));
      ++done_;
    } else {
      Refused(revision.status());
    }
    CheckState();
    const std::string message = revision.status().message();
    in_doubt_ = message.find("start the controller again") != std::string::npos;
    if (in_doubt_ || (revision.ok() && ReopensAfter(static_cast<int>(done_) - 1))) store_.reset();
  }
  void CheckState() {
    EXPECT_TRUE(TextOf(*store_->Snapshot()) == states_.at(static_cast<size_t>(done_)));
  }

  SimDisk* disk_;
  const std::vector<std::string>& states_;
  std::unique_ptr<Store> store_;
  int64_t done_ = 0;  // steps
  bool in_doubt_ = false;
  int failures_ = 0;
};

// After the errors, the power goes too: what was acknowledged through them must be on the disk.
void CheckAfterPowerLoss(SimDisk* disk, const std::vector<std::string>& states) {
  disk->StopFailing();
  disk->HaltNow(SimHalt::kPowerLoss, SimLoss::kAllLost);
  disk->Restart();
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(OptionsOn(*disk));
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  EXPECT_TRUE(TextOf(*(*store)->Snapshot()) == states.back())
      << "at revision " << (*store)->Snapshot()->revision();
}

// Returns how many calls of the store were refused.
int RunWithFaults(int64_t nth, int64_t every, SimDiskFault fault,
                  const std::vector<std::string>& states) {
  SetLogLevel(LogLevel::kError);  // a failed checkpoint is worth a warning, but not hundreds
  SimDisk disk("fail", static_cast<uint64_t>(nth));
  disk.FailCalls(nth, every, fault);
  PersistentCaller caller(&disk, states);
  caller.Run();
  if (!testing::Test::HasFailure()) CheckAfterPowerLoss(&disk, states);
  return caller.failures();
}

void FailOnceEverywhere(SimDiskFault fault, int64_t stride) {
  const std::vector<std::string> states = WorkloadStates();
  const int64_t calls = CallsOfAnUndisturbedRun();
  ASSERT_GT(calls, 200);
  int failures = 0;
  for (int64_t nth = 1; nth <= calls && !testing::Test::HasFailure(); nth += stride) {
    SCOPED_TRACE("failing call " + std::to_string(nth));
    failures += RunWithFaults(nth, 0, fault, states);
  }
  EXPECT_GT(failures, calls / stride / 4);
}

TEST(Faults, Line27_OneIoErrorAtEveryCall) { FailOnceEverywhere(SimDiskFault::kIoError, 1); }

TEST(Faults, Line27_AFullDiskAtEveryWrite) { FailOnceEverywhere(SimDiskFault::kFull, 2); }

TEST(Faults, Line27_IoErrorsAtEveryNthCall) {
  const std::vector<std::string> states = WorkloadStates();
  int failures = 0;
  for (int64_t every = 1; every <= 200 && !testing::Test::HasFailure(); every += 1 + every / 8) {
    SCOPED_TRACE("failing every call " + std::to_string(every));
    failures += RunWithFaults(every, every, SimDiskFault::kIoError, states);
    failures += RunWithFaults(every, every, SimDiskFault::kFull, states);
  }
  EXPECT_GT(failures, 100);
}

TEST(Faults, Line27_AFullDiskRefusesUntilThereIsRoomAgain) {
  const std::vector<std::string> states = WorkloadStates();
  SimDisk disk("full", 1);
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(OptionsOn(disk));
  ASSERT_TRUE(store.ok());
  int watched = 0;
  (*store)->Watch([&](const std::vector<Change>&) { ++watched; });
  for (int step = 0; step < kWorkloadSteps; ++step) {
    disk.FailCalls(1, 1, SimDiskFault::kFull);
    for (int attempt = 0; attempt < 3; ++attempt) {
      const Result<Revision> refused = (*store)->Commit(WorkloadStep(step), RevisionAfter(step));
      ASSERT_EQ(refused.status().code(), StatusCode::kUnavailable);
      ASSERT_EQ(TextOf(*(*store)->Snapshot()), states.at(static_cast<size_t>(step)));
    }
    disk.StopFailing();
    EXPECT_EQ(watched, step);
    const Result<Revision> revision = (*store)->Commit(WorkloadStep(step), RevisionAfter(step));
    ASSERT_TRUE(revision.ok()) << revision.status().ToString();
    EXPECT_EQ(*revision, RevisionAfter(step + 1));
  }
  store.value().reset();
  CheckAfterPowerLoss(&disk, states);
}

// SQLite itself cannot say whether this happened, so the store asks at every commit.
TEST(Faults, Line27_AStoreThatIsNotWhereItWasLeftTakesNoMoreCommits) {
  SimDisk disk("foreign", 1);
  Result<std::unique_ptr<Store>> first = OpenSqliteStore(OptionsOn(disk));
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE((*first)->Commit(WorkloadStep(0), 0).ok());
  {
    Result<std::unique_ptr<Store>> other = OpenSqliteStore(OptionsOn(disk));
    ASSERT_TRUE(other.ok());
    ASSERT_TRUE((*other)->Commit(WorkloadStep(1), RevisionAfter(1)).ok());
  }
  const Result<Revision> refused = (*first)->Commit(WorkloadStep(1), RevisionAfter(1));
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(refused.status().message().find("start the controller again"), std::string::npos);
  EXPECT_EQ((*first)->Snapshot()->revision(), RevisionAfter(1));
}

}  // namespace
}  // namespace reconcile
