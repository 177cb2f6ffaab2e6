// What every Store promises, checked against SQLite on a real file system, SQLite on the simulated
// disk, and the fake.
#include <gtest/gtest.h>

#include "schema/network.h"
#include "sim/disk/sim_disk.h"
#include "store/memory_store.h"
#include "store/prepared_commit.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual std::unique_ptr<Store> Open(int64_t max_changes_kept) = 0;
};

class MemoryUnderTest final : public StoreUnderTest {
 public:
  std::unique_ptr<Store> Open(int64_t max_changes_kept) override {
    return std::make_unique<MemoryStore>(max_changes_kept);
  }
};

std::unique_ptr<Store> OpenSqlite(SqliteStoreOptions options, int64_t max_changes_kept) {
  options.max_changes_kept = max_changes_kept;
  Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  CHECK(store.ok());
  return std::move(store).value();
}

class FileUnderTest final : public StoreUnderTest {
 public:
  std::unique_ptr<Store> Open(int64_t max_changes_kept) override {
    return OpenSqlite(OptionsFor(folder_.File("cluster.db")), max_changes_kept);
  }

 private:
  TempFolder folder_;
};

class SimDiskUnderTest final : public StoreUnderTest {
 public:
  std::unique_ptr<Store> Open(int64_t max_changes_kept) override {
    SqliteStoreOptions options = OptionsFor("cluster.db");
    options.vfs = disk_.vfs_name();
    options.lock_file = false;
    return OpenSqlite(options, max_changes_kept);
  }

 private:
  SimDisk disk_{"contract", 1};
};

class StoreContract : public testing::TestWithParam<std::string> {
 protected:
  StoreContract() {
    if (GetParam() == "Memory") under_test_ = std::make_unique<MemoryUnderTest>();
    if (GetParam() == "SqliteOnFiles") under_test_ = std::make_unique<FileUnderTest>();
    if (GetParam() == "SqliteOnSimDisk") under_test_ = std::make_unique<SimDiskUnderTest>();
    Open();
  }
  void Open(int64_t max_changes_kept = 50'000) {
    store_.reset();
    store_ = under_test_->Open(max_changes_kept);
  }
  // Whether what was committed outlives the store.
  bool Keeps() const { return GetParam() != "Memory"; }
  Revision Commit(std::vector<Write> writes) {
    const Result<Revision> revision =
        store_->Commit({std::move(writes)}, store_->Snapshot()->revision());
    EXPECT_TRUE(revision.ok()) << revision.status().ToString();
    return revision.ok() ? *revision : -1;
  }
  std::string ValueOf(const std::string& name) {
    const auto object = store_->Snapshot()->Find<ConfigMap>("default", name);
    return object == nullptr ? "none" : object->data.at("value");
  }

  std::unique_ptr<StoreUnderTest> under_test_;
  std::unique_ptr<Store> store_;
};

TEST_P(StoreContract, StartsEmptyAtRevisionZero) {
  EXPECT_EQ(store_->Snapshot()->revision(), 0);
  EXPECT_EQ(store_->Snapshot()->size(), 0U);
  const Result<std::vector<Change>> changes = store_->ChangesSince(0);
  ASSERT_TRUE(changes.ok());
  EXPECT_TRUE(changes->empty());
}

TEST_P(StoreContract, EachChangeOfACommitHasARevisionOfItsOwn) {
  EXPECT_EQ(Commit({PutConfigMap("a", "1"), PutConfigMap("b", "2")}), 2);
  EXPECT_EQ(Commit({PutConfigMap("a", "3"), Remove("b"), PutConfigMap("c", "4")}), 5);
  if (Keeps()) Open();
  EXPECT_EQ(Commit({PutConfigMap("c", "4"), Remove("absent")}), 6);
  const Result<std::vector<Change>> changes = store_->ChangesSince(1);
  ASSERT_TRUE(changes.ok());
  ASSERT_EQ(changes->size(), 5U);
  for (size_t i = 0; i < changes->size(); ++i) {
    const Change& change = (*changes)[i];
    EXPECT_EQ(change.revision, static_cast<Revision>(i) + 2);
    if (change.after == nullptr) continue;
    EXPECT_EQ(change.after->metadata.resource_version, change.revision);
  }
  EXPECT_EQ(ValueOf("a"), "3");
  EXPECT_EQ(ValueOf("b"), "none");
  EXPECT_EQ(ValueOf("c"), "4");
  EXPECT_EQ(store_->Snapshot()->size(), 2U);
}

TEST_P(StoreContract, PutObjectsCarryTheRevisionThatWroteThem) {
  Commit({PutConfigMap("a", "1"), PutConfigMap("b", "1")});
  Commit({PutConfigMap("b", "2")});
  const auto state = store_->Snapshot();
  EXPECT_EQ(state->Find<ConfigMap>("default", "a")->metadata.resource_version, 1);
  EXPECT_EQ(state->Find<ConfigMap>("default", "b")->metadata.resource_version, 3);
}

// Their Endpoints are watched as well, though they are no rows: a number for each.
TEST_P(StoreContract, ASliceThatChangesItsServiceTakesTwoRevisions) {
  const auto slice = [](const std::string& service) {
    auto object = std::make_shared<EndpointSlice>();
    object->metadata.name = "s";
    object->metadata.namespace_name = "default";
    object->metadata.labels[kServiceNameLabel] = service;
    return Write{object->key(), object};
  };
  EXPECT_EQ(Commit({slice("a")}), 1);
  EXPECT_EQ(Commit({slice("b"), PutConfigMap("a", "1")}), 4);
  EXPECT_EQ(Commit({slice("b")}), 5);
}

TEST_P(StoreContract, LeavesTheCallersObjectAlone) {
  const Write write = PutConfigMap("a", "1");
  Commit({write});
  EXPECT_EQ(write.object->metadata.resource_version, 0);
}

TEST_P(StoreContract, RefusesACommitPlannedOnAnOlderRevision) {
  Commit({PutConfigMap("a", "1")});
  const Result<Revision> late = store_->Commit({{PutConfigMap("a", "late")}}, 0);
  EXPECT_EQ(late.status().code(), StatusCode::kConflict);
  EXPECT_NE(late.status().message().find("revision 1"), std::string::npos);
  EXPECT_EQ(ValueOf("a"), "1");
}

TEST_P(StoreContract, AnEmptyTransactionWritesNothing) {
  Commit({PutConfigMap("a", "1")});
  const Result<Revision> revision = store_->Commit({}, 1);
  ASSERT_TRUE(revision.ok());
  EXPECT_EQ(*revision, 1);
  EXPECT_EQ(store_->Snapshot()->revision(), 1);
}

TEST_P(StoreContract, DeletingWhatIsNotThereChangesNothing) {
  Commit({PutConfigMap("a", "1")});
  EXPECT_EQ(Commit({Remove("absent")}), 1);
  EXPECT_EQ(store_->ChangesSince(1)->size(), 0U);
}

TEST_P(StoreContract, RefusesAKeyWrittenTwiceAndAnObjectUnderAForeignKey) {
  const Result<Revision> twice =
      store_->Commit({{PutConfigMap("a", "1"), PutConfigMap("a", "2")}}, 0);
  EXPECT_EQ(twice.status().code(), StatusCode::kInvalid);
  Write foreign = PutConfigMap("a", "1");
  foreign.key.name = "b";
  EXPECT_EQ(store_->Commit({{foreign}}, 0).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(store_->Snapshot()->revision(), 0);
}

TEST_P(StoreContract, RefusesMoreThanTheNamedLimits) {
  Transaction large;
  for (size_t i = 0; i <= kMaxWritesPerCommit; ++i) {
    large.writes.push_back(Remove(std::to_string(i)));
  }
  EXPECT_EQ(store_->Commit(large, 0).status().code(), StatusCode::kInvalid);
  const Transaction fat{{PutConfigMap("a", std::string(kMaxObjectBytes, 'x'))}};
  const Result<Revision> refused = store_->Commit(fat, 0);
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalid);
  EXPECT_NE(refused.status().message().find("ConfigMap default/a"), std::string::npos);
  EXPECT_EQ(Commit({PutConfigMap("a", std::string(kMaxObjectBytes / 2, 'x'))}), 1);
}

TEST_P(StoreContract, ASnapshotDoesNotMoveWithLaterCommits) {
  Commit({PutConfigMap("a", "1")});
  const auto before = store_->Snapshot();
  const std::string text = TextOf(*before);
  Commit({PutConfigMap("a", "2"), PutConfigMap("b", "1")});
  EXPECT_EQ(TextOf(*before), text);
}

TEST_P(StoreContract, ReturnsEveryStringUnchanged) {
  const std::string nasty = std::string("'; DROP TABLE objects; --\" \\ \n\t") + '\x01' + "é € 𝄞";
  Commit({PutConfigMap("a", nasty)});
  Commit({PutConfigMap("a", "after")});
  if (Keeps()) Open();
  const Result<std::vector<Change>> changes = store_->ChangesSince(1);
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(As<ConfigMap>(*changes->at(0).before)->data.at("value"), nasty);
}

TEST_P(StoreContract, TellsEachWatchOfEachCommit) {
  std::vector<Change> heard;
  const Store::WatchId watch = store_->Watch([&](const std::vector<Change>& changes) {
    EXPECT_EQ(store_->Snapshot()->revision(), changes.back().revision);
    heard.insert(heard.end(), changes.begin(), changes.end());
  });
  Commit({PutConfigMap("a", "1")});
  Commit({PutConfigMap("a", "2"), PutConfigMap("b", "1")});
  Commit({Remove("a")});
  const Result<std::vector<Change>> changes = store_->ChangesSince(0);
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(heard.size(), 4U);
  EXPECT_EQ(TextOf(heard), TextOf(*changes));
  store_->Unwatch(watch);
  Commit({PutConfigMap("a", "3")});
  EXPECT_EQ(heard.size(), 4U);
}

TEST_P(StoreContract, AWatchMayEndAnotherWhileItIsTold) {
  int second_heard = 0;
  Store::WatchId second = 0;
  store_->Watch([&](const std::vector<Change>&) { store_->Unwatch(second); });
  second = store_->Watch([&](const std::vector<Change>&) { ++second_heard; });
  Commit({PutConfigMap("a", "1")});
  EXPECT_EQ(second_heard, 0);
}

TEST_P(StoreContract, ForgetsWhatIsBeyondTheLimit) {
  Open(/*max_changes_kept=*/5);
  for (int i = 1; i <= 4; ++i) {
    Commit({PutConfigMap("a", std::to_string(i)), PutConfigMap("b", std::to_string(i))});
  }
  EXPECT_EQ(store_->ChangesSince(1).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->ChangesSince(2).status().code(), StatusCode::kNotFound);
  const Result<std::vector<Change>> kept = store_->ChangesSince(3);
  ASSERT_TRUE(kept.ok());
  ASSERT_EQ(kept->size(), 5U);
  EXPECT_EQ(kept->front().revision, 4);
  EXPECT_EQ(ValueOf("a"), "4");
}

// The line of FAULTS: a reader that follows by revisions never misses nor repeats.
class Faults : public StoreContract {};

TEST_P(Faults, Line31_AWatchResumesWithoutGapOrRepeatOrIsToldCompacted) {
  for (int i = 1; i <= 40; ++i) {
    Commit({PutConfigMap("n" + std::to_string(i % 7), std::to_string(i)),
            i % 3 == 0 ? Remove("n" + std::to_string((i + 1) % 7))
                       : PutSecret("s", std::to_string(i))});
    if (Keeps() && i % 10 == 0) Open();
  }
  const Result<std::vector<Change>> from_start = store_->ChangesSince(0);
  ASSERT_TRUE(from_start.ok());
  for (Revision from = 0; from <= store_->Snapshot()->revision(); ++from) {
    const Result<std::vector<Change>> rest = store_->ChangesSince(from);
    ASSERT_TRUE(rest.ok()) << rest.status().ToString();
    std::vector<Change> wanted;
    for (const Change& change : *from_start) {
      if (change.revision > from) wanted.push_back(change);
    }
    EXPECT_EQ(TextOf(*rest), TextOf(wanted));
  }
  ASSERT_TRUE(store_->Compact(25).ok());
  const Result<std::vector<Change>> gone = store_->ChangesSince(24);
  EXPECT_EQ(gone.status().code(), StatusCode::kNotFound);
  EXPECT_NE(gone.status().message().find("compacted"), std::string::npos);
  EXPECT_TRUE(store_->ChangesSince(25).ok());
  EXPECT_EQ(store_->ChangesSince(store_->Snapshot()->revision() + 1).status().code(),
            StatusCode::kNotFound);
}

TEST_P(Faults, Line31_ChangesReplayToTheStateTheyLeadTo) {
  ClusterState replayed;
  for (int i = 1; i <= 20; ++i) {
    Commit({PutConfigMap("n" + std::to_string(i % 5), std::to_string(i)),
            Remove("n" + std::to_string((i + 2) % 5))});
  }
  const Result<std::vector<Change>> changes = store_->ChangesSince(0);
  ASSERT_TRUE(changes.ok());
  for (const Change& change : *changes) {
    EXPECT_EQ(TextOf(replayed.Find(change.key)), TextOf(change.before));
    if (change.after == nullptr) {
      replayed.Delete(change.key);
    } else {
      replayed.Put(change.after);
    }
    replayed.set_revision(change.revision);
  }
  EXPECT_EQ(TextOf(replayed), TextOf(*store_->Snapshot()));
}

TEST_P(Faults, Line31_RevisionsNeverGoBackOverCompactionAndReopening) {
  Revision last = 0;
  for (int i = 1; i <= 12; ++i) {
    const Revision revision = Commit({PutConfigMap("a", std::to_string(i))});
    EXPECT_EQ(revision, last + 1);
    last = revision;
    if (i % 3 == 0) {
      ASSERT_TRUE(store_->Compact(revision).ok());
    }
    if (i % 4 == 0) last = Commit({Remove("a")});
    if (Keeps()) Open();
    EXPECT_EQ(store_->Snapshot()->revision(), last);
  }
  EXPECT_EQ(store_->Compact(last + 1).code(), StatusCode::kInvalid);
  EXPECT_TRUE(store_->Compact(1).ok());
  EXPECT_EQ(store_->Snapshot()->revision(), last);
}

std::string NameOf(const testing::TestParamInfo<std::string>& info) { return info.param; }
INSTANTIATE_TEST_SUITE_P(On, StoreContract,
                         testing::Values("Memory", "SqliteOnFiles", "SqliteOnSimDisk"), NameOf);
INSTANTIATE_TEST_SUITE_P(On, Faults, testing::Values("Memory", "SqliteOnFiles", "SqliteOnSimDisk"),
                         NameOf);

}  // namespace
}  // namespace reconcile
