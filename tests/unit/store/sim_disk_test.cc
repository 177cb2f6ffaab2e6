#include "sim/disk/sim_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <set>

#include "tests/unit/store/sim_workload.h"

namespace reconcile {
namespace {

using namespace store_testing;

TEST(SimFile, KeepsWhatWasSyncedThroughAnyPowerLoss) {
  for (const SimLoss loss : kAllSimLosses) {
    SeededRandom random(1);
    SimFile file;
    file.Write(0, "kept");
    file.Sync();
    file.LosePower(loss, &random);
    EXPECT_EQ(file.seen(), "kept");
  }
}

TEST(SimFile, LosesOrKeepsAllThatWasNotSynced) {
  SeededRandom random(1);
  SimFile lost;
  lost.Write(0, "gone");
  lost.LosePower(SimLoss::kAllLost, &random);
  EXPECT_EQ(lost.seen(), "");
  SimFile kept;
  kept.Write(2, "ab");
  kept.Truncate(3);
  kept.LosePower(SimLoss::kAllKept, &random);
  EXPECT_EQ(kept.seen(), std::string("\0\0a", 3));
}

TEST(SimFile, TearsAndReordersByTheSeed) {
  const std::string sector_a(kSimSectorBytes, 'a');
  const std::string sector_b(kSimSectorBytes, 'b');
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    SimFile file;
    file.Write(0, sector_a + sector_a);
    file.Write(0, sector_b + sector_b);
    file.LosePower(SimLoss::kScattered, &random);
    outcomes.insert(file.seen());
  }
  EXPECT_TRUE(outcomes.count(sector_a + sector_a) == 1)
      << "the newer write lost, or the older last";
  EXPECT_EQ(outcomes.count(sector_b + sector_b), 1U);
  EXPECT_EQ(outcomes.count(sector_a + sector_b), 1U) << "torn between sectors";
  EXPECT_EQ(outcomes.count(""), 1U);
}

TEST(SimFile, AFailedSyncForgetsWhatItDidNotWrite) {
  int forgotten = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    SimFile file;
    file.Write(0, "text");
    file.FailSync(&random);
    EXPECT_EQ(file.seen(), "text");
    file.Sync();
    file.LosePower(SimLoss::kAllKept, &random);
    if (file.seen().empty()) ++forgotten;
  }
  EXPECT_GT(forgotten, 0);
  EXPECT_LT(forgotten, 20);
}

TEST(SimDisk, TwoRunsWithOneSeedAreTheSame) {
  std::string contents[3];  // SQLite's first use in a process draws once more than later ones
  for (std::string& content : contents) {
    SimDisk disk("same", 7);
    disk.HaltAtChange(90, SimHalt::kPowerLoss, SimLoss::kScattered);
    RunWorkload(OptionsOn(disk));
    disk.Restart();
    content = disk.Read("cluster.db").value() + "|" +
              (disk.Exists("cluster.db-wal") ? disk.Read("cluster.db-wal").value() : "");
  }
  EXPECT_TRUE(contents[1] == contents[2]);  // not EQ: nobody wants to see the bytes
}

TEST(SimDisk, AHaltedDiskAnswersNothingUntilRestarted) {
  SimDisk disk("halted", 1);
  {
    Result<std::unique_ptr<Store>> store = OpenSqliteStore(OptionsOn(disk));
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->Commit(WorkloadStep(0), 0).ok());
    disk.HaltAtChange(1, SimHalt::kPowerLoss, SimLoss::kAllLost);
    EXPECT_FALSE((*store)->Commit(WorkloadStep(1), RevisionAfter(1)).ok());
    EXPECT_FALSE((*store)->Commit(WorkloadStep(1), RevisionAfter(1)).ok());
    EXPECT_FALSE(OpenSqliteStore(OptionsOn(disk)).ok());
  }
  disk.Restart();
  EXPECT_EQ(RunWorkload(OptionsOn(disk)), kWorkloadSteps);
}

// The tests of the store trust the disk to hurt: a database that does not sync must lose.
TEST(SimDisk, LosesTheCommitsOfADatabaseThatDoesNotSync) {
  for (const char* synchronous : {"OFF", "EXTRA"}) {
    SimDisk disk("unsynced", 1);
    const auto run = [&](const std::string& sql) {
      sqlite3* connection = nullptr;
      sqlite3_open_v2("a.db", &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unsynced");
      const int code = sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr);
      sqlite3_close(connection);
      return code;
    };
    // The file's name is in its folder for good; what is written next need not be in the file.
    ASSERT_EQ(run("CREATE TABLE before (a)"), SQLITE_OK);
    disk.HaltNow(SimHalt::kPowerLoss, SimLoss::kAllKept);
    disk.Restart();
    ASSERT_EQ(run(std::string("PRAGMA synchronous = ") + synchronous + "; CREATE TABLE t (a)"),
              SQLITE_OK);
    disk.HaltNow(SimHalt::kPowerLoss, SimLoss::kAllLost);
    disk.Restart();
    EXPECT_EQ(run("SELECT * FROM t") == SQLITE_OK, std::string(synchronous) == "EXTRA");
  }
}

}  // namespace
}  // namespace reconcile
