#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>
#include <thread>

#include "store/sealed_payload.h"
#include "store/secret_key.h"
#include "store/sqlite_backup.h"
#include "store/sqlite_rows.h"
#include "store/sqlite_schema.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

constexpr const char* kSecretCanary = "canary-7d1e-in-a-backup";
constexpr const char* kSecretCanaryBase64 = "Y2FuYXJ5LTdkMWUtaW4tYS1iYWNrdXA";
constexpr WallTime kNow{1'790'000'000'000};

std::string BytesOf(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

Write PutCluster(const std::string& lineage) {
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "cluster-1";
  cluster->lineage = lineage;
  cluster->lineage_began_ms = 77;
  cluster->lineage_proof = "proof";
  return {cluster->key(), cluster};
}

// A data folder with a cluster in it.
class BackupTest : public testing::Test {
 protected:
  BackupTest() {
    Result<std::unique_ptr<Store>> store = Open();
    CHECK(store.ok());
    store_ = std::move(store).value();
    CHECK(
        store_
            ->Commit(
                {{PutCluster("line-1"), PutConfigMap("a", "1"), PutSecret("s", kSecretCanary)}}, 0)
            .ok());
  }
  Result<std::unique_ptr<Store>> Open(const std::string& name = "cluster.db") {
    return OpenSqliteStore(OptionsFor(folder_.File(name)));
  }
  static Result<std::string> Keys() { return KeyForTests(); }
  Result<BackupInfo> BackUp(const std::string& name) {
    return BackUpSqlite(folder_.File("cluster.db"), Keys, folder_.File(name), kNow);
  }
  Result<BackupInfo> Restore(const std::string& name, const std::string& database,
                             const std::string& keys = KeyForTests()) {
    auto restore = SqliteRestore::Begin(folder_.File(name), folder_.File(database));
    if (!restore.ok()) return restore.status();
    RETURN_IF_ERROR((*restore)->Verify(keys));
    RETURN_IF_ERROR((*restore)->PutInPlace());
    return (*restore)->info();
  }
  // What a failure leaves besides the lock.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.File(""))) {
      const std::string name = entry.path().filename();
      if (!name.starts_with("cluster.db") && !name.ends_with(".lock")) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  const TempFolder folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(BackupTest, RestoresEverythingButTheLineage) {
  const Result<BackupInfo> info = BackUp("b");
  ASSERT_TRUE(info.ok()) << info.status().ToString();
  EXPECT_EQ(info->cluster_id, "cluster-1");
  EXPECT_EQ(info->revision, store_->Snapshot()->revision());
  EXPECT_EQ(info->objects, 3U);
  struct stat about {};
  ASSERT_EQ(::stat(folder_.File("b").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(Files(), std::vector<std::string>{"b"}) << "one file";
  ASSERT_TRUE(store_->Commit({{PutConfigMap("later", "1")}}, info->revision).ok());
  const Result<BackupInfo> restored = Restore("b", "new.db");
  ASSERT_TRUE(restored.ok()) << restored.status().ToString();
  EXPECT_EQ(restored->made_at, FormatRfc3339(kNow));
  const Result<std::unique_ptr<Store>> store = Open("new.db");
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  const auto state = (*store)->Snapshot();
  EXPECT_EQ(state->Find<Secret>("default", "s")->data.at("password"), kSecretCanary);
  EXPECT_EQ(state->Find<ConfigMap>("default", "later"), nullptr);
  const auto cluster = state->Find<Cluster>("", "cluster");
  EXPECT_EQ(cluster->cluster_id, "cluster-1");
  EXPECT_EQ(cluster->lineage, "") << "the next start begins one";
  EXPECT_EQ(cluster->lineage_began_ms, 77) << "later than this";
  EXPECT_EQ(cluster->lineage_proof, "");
}

TEST_F(BackupTest, Faults_Line25_ASecretIsNotInABackup) {
  ASSERT_TRUE(BackUp("b").ok());
  const std::string bytes = BytesOf(folder_.File("b"));
  EXPECT_NE(bytes.find("\"value\":\"1\""), std::string::npos) << "others are";
  EXPECT_EQ(bytes.find(kSecretCanary), std::string::npos);
  EXPECT_EQ(bytes.find(kSecretCanaryBase64), std::string::npos);
  EXPECT_EQ(bytes.find(KeyForTests()), std::string::npos);
}

// FAULTS 30. Every commit replaces the whole content, so a mixture of two would show.
TEST_F(BackupTest, Faults_Line30_ABackupUnderLoadIsOneRevision) {
  constexpr int kBackups = 8;
  std::map<Revision, std::string> states;
  std::mutex mutex;
  std::atomic<bool> done = false;
  const Revision began = store_->Snapshot()->revision();
  states[began] = TextOf(*store_->Snapshot());
  std::thread writer([&] {
    for (int i = 0; !done; ++i) {
      const std::string text = std::to_string(i);
      Transaction transaction{
          {PutSecret("s", text), PutConfigMap("a", text),
           PutConfigMap("large", std::string(20'000, static_cast<char>('a' + i % 26))),
           PutConfigMap("n" + std::to_string(i % 50), text)}};
      const Result<Revision> revision = store_->Commit(transaction, store_->Snapshot()->revision());
      if (!revision.ok()) continue;  // a backup stands in the way for a moment
      const std::lock_guard<std::mutex> lock(mutex);
      states[*revision] = TextOf(*store_->Snapshot());
    }
  });
  std::vector<Result<BackupInfo>> backups;
  for (int i = 0; i < kBackups; ++i) backups.push_back(BackUp("b" + std::to_string(i)));
  done = true;
  writer.join();
  std::set<Revision> revisions;
  for (int i = 0; i < kBackups; ++i) {
    const Result<BackupInfo>& info = backups[static_cast<size_t>(i)];
    ASSERT_TRUE(info.ok()) << info.status().ToString();
    revisions.insert(info->revision);
    const std::string name = "b" + std::to_string(i);
    // As it is in the file, before a restore ends its lineage.
    std::filesystem::copy_file(folder_.File(name), folder_.File(name + ".db"));
    Result<std::unique_ptr<Store>> store = Open(name + ".db");
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    EXPECT_TRUE(TextOf(*(*store)->Snapshot()) == states.at(info->revision)) << info->revision;
    EXPECT_TRUE(Restore(name, name + ".restored").ok());
  }
  EXPECT_GT(*revisions.rbegin(), began) << "the writer wrote";
}

TEST_F(BackupTest, ADamagedBackupIsRefusedAndLeavesNothing) {
  ASSERT_TRUE(BackUp("b").ok());
  const std::string bytes = BytesOf(folder_.File("b"));
  size_t refused = 0;
  for (size_t at = 0; at < bytes.size(); at += 397) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    std::ofstream(folder_.File("damaged"), std::ios::binary) << damaged;
    const Result<BackupInfo> info = Restore("damaged", "new.db");
    if (info.ok()) {
      // In a free place: then all is there.
      ASSERT_EQ(info->objects, 3U) << at;
      std::filesystem::remove(folder_.File("new.db"));
    } else {
      ++refused;
      ASSERT_NE(info.status().message().find("damaged"), std::string::npos);
      ASSERT_FALSE(std::filesystem::exists(folder_.File("new.db"))) << at;
    }
  }
  EXPECT_GT(refused, 5U);
  for (const size_t size : {size_t{0}, size_t{100}, bytes.size() / 2, bytes.size() - 1}) {
    std::ofstream(folder_.File("damaged"), std::ios::binary) << bytes.substr(0, size);
    EXPECT_FALSE(Restore("damaged", "new.db").ok()) << size;
  }
  EXPECT_EQ(Files(), (std::vector<std::string>{"b", "damaged"}));
}

TEST_F(BackupTest, RefusesWhatIsNoBackupAndTheWrongKey) {
  ASSERT_TRUE(BackUp("b").ok());
  EXPECT_EQ(Restore("nowhere", "new.db").status().code(), StatusCode::kNotFound);
  store_.reset();
  std::filesystem::copy_file(folder_.File("cluster.db"), folder_.File("copy"));
  const Status copied = Restore("copy", "new.db").status();
  EXPECT_EQ(copied.code(), StatusCode::kInvalid);
  EXPECT_NE(copied.message().find("`reconcile backup`"), std::string::npos) << copied.message();
  const Status other = Restore("b", "new.db", std::string(32, 'x')).status();
  EXPECT_EQ(other.code(), StatusCode::kInvalid);
  EXPECT_NE(other.message().find("another key"), std::string::npos) << other.message();
  EXPECT_EQ(other.message().find("mv "), std::string::npos) << other.message();
  EXPECT_EQ(other.message().find(".restoring"), std::string::npos) << other.message();
  std::ofstream(folder_.File("text")) << "root:x:0:0:root:/root:/bin/bash\n";
  const Status text = Restore("text", "new.db").status();
  EXPECT_EQ(text.code(), StatusCode::kInvalid);
  EXPECT_NE(text.message().find("`reconcile backup`"), std::string::npos) << text.message();
  EXPECT_FALSE(std::filesystem::exists(folder_.File("new.db")));
}

TEST_F(BackupTest, IsReadWithoutBeingRestored) {
  ASSERT_TRUE(BackUp("b").ok());
  const std::string bytes = BytesOf(folder_.File("b"));
  const Result<BackupContents> read = ReadBackup(folder_.File("b"), "other key" + KeyForTests());
  EXPECT_FALSE(read.ok()) << "keys have a length";
  const Result<BackupContents> contents = ReadBackup(folder_.File("b"), KeyForTests());
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(TextOf(*contents->state), TextOf(*store_->Snapshot()));
  EXPECT_EQ(contents->info.cluster_id, "cluster-1");
  EXPECT_EQ(contents->info.revision, store_->Snapshot()->revision());
  EXPECT_EQ(contents->info.made_at, FormatRfc3339(kNow));
  EXPECT_TRUE(BytesOf(folder_.File("b")) == bytes);
  EXPECT_EQ(Files(), std::vector<std::string>{"b"});
}

TEST_F(BackupTest, OnlySecretsNeedAKeyToBeRead) {
  ASSERT_TRUE(BackUp("b").ok());
  for (const std::string& keys : {std::string(), std::string(kSecretKeyBytes, 'x')}) {
    const Status status = ReadBackup(folder_.File("b"), keys).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find("1 Secret, sealed with the key"), std::string::npos)
        << status.message();
    EXPECT_NE(status.message().find("--keys KEYS"), std::string::npos) << status.message();
  }
  const Write gone{{Kind::kSecret, "default", "s"}, nullptr};
  ASSERT_TRUE(store_->Commit({{gone}}, store_->Snapshot()->revision()).ok());
  ASSERT_TRUE(BackUp("without").ok());
  const Result<BackupContents> contents = ReadBackup(folder_.File("without"), "");
  ASSERT_TRUE(contents.ok()) << contents.status().ToString();
  EXPECT_EQ(contents->state->size(), 2U);
}

TEST_F(BackupTest, WhatCannotBeReadSaysWhyAndLeavesNothing) {
  ASSERT_TRUE(BackUp("b").ok());
  const auto why = [&](const std::string& name) {
    const Status status = ReadBackup(folder_.File(name), KeyForTests()).status();
    EXPECT_EQ(status.message().find("/backup.db"), std::string::npos) << status.message();
    return status.message();
  };
  EXPECT_EQ(ReadBackup(folder_.File("nowhere"), "").status().code(), StatusCode::kNotFound);
  store_.reset();
  std::filesystem::copy_file(folder_.File("cluster.db"), folder_.File("copy"));
  EXPECT_NE(why("copy").find("`reconcile backup`"), std::string::npos) << why("copy");
  std::ofstream(folder_.File("text")) << "root:x:0:0:root:/root:/bin/bash\n";
  EXPECT_NE(why("text").find("`reconcile backup`"), std::string::npos) << why("text");
  const std::string bytes = BytesOf(folder_.File("b"));
  std::ofstream(folder_.File("half"), std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_NE(why("half").find("damaged"), std::string::npos) << why("half");
  std::filesystem::copy_file(folder_.File("b"), folder_.File("newer"));
  {
    Result<SqliteDatabase> database = SqliteDatabase::Open(folder_.File("newer"), "");
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE(WriteMeta(&*database, kMetaSchemaVersion, "99").ok());
  }
  EXPECT_NE(why("newer").find("newer release (schema version 99"), std::string::npos)
      << why("newer");
}

TEST_F(BackupTest, ANewerKeyInForceSealsWhatAnOlderOneOpens) {
  ASSERT_TRUE(BackUp("b").ok());
  const std::string newer(kSecretKeyBytes, 'n');
  ASSERT_TRUE(Restore("b", "new.db", newer + KeyForTests()).ok());
  SqliteStoreOptions options = OptionsFor(folder_.File("new.db"));
  EXPECT_EQ(OpenSqliteStore(options).status().code(), StatusCode::kInvalid) << "the older one";
  options.secret_key = newer;
  const auto store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  EXPECT_EQ((*store)->Snapshot()->Find<Secret>("default", "s")->data.at("password"), kSecretCanary);
  EXPECT_EQ(BytesOf(folder_.File("new.db")).find(kSecretCanary), std::string::npos);
}

TEST_F(BackupTest, ReadsWhichClusterAndKeyADatabaseIsOf) {
  const Result<StoreIdentity> identity = ReadStoreIdentity(folder_.File("cluster.db"));
  ASSERT_TRUE(identity.ok()) << identity.status().ToString();
  EXPECT_EQ(identity->cluster_id, "cluster-1");
  EXPECT_EQ(identity->key_fingerprint, PayloadSealer::Make(KeyForTests())->fingerprint());
}

TEST_F(BackupTest, NeverReplacesADatabaseOrARunningControllers) {
  ASSERT_TRUE(BackUp("b").ok());
  const Status running = Restore("b", "cluster.db").status();
  EXPECT_EQ(running.code(), StatusCode::kConflict);
  EXPECT_NE(running.message().find("in use"), std::string::npos) << running.message();
  store_.reset();
  const std::string before = BytesOf(folder_.File("cluster.db"));
  const Status there = Restore("b", "cluster.db").status();
  EXPECT_EQ(there.code(), StatusCode::kConflict);
  EXPECT_NE(there.message().find("move it away"), std::string::npos) << there.message();
  EXPECT_TRUE(BytesOf(folder_.File("cluster.db")) == before);
}

TEST_F(BackupTest, OverwritesNoFileAndSaysWhenThereIsNoDatabase) {
  ASSERT_TRUE(BackUp("b").ok());
  EXPECT_EQ(BackUp("b").status().code(), StatusCode::kConflict);
  EXPECT_EQ(BackUp("no/such/folder/b").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(BackUpSqlite(folder_.File("none.db"), Keys, folder_.File("c"), kNow).status().code(),
            StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(folder_.File("none.db")));
  EXPECT_EQ(Files(), std::vector<std::string>{"b"});
}

TEST_F(BackupTest, AsksForTheKeyAgainWhenItChangesMeanwhile) {
  int asked = 0;
  const auto keys = [&]() -> Result<std::string> {
    return ++asked == 1 ? std::string(32, 'x') : KeyForTests();
  };
  EXPECT_TRUE(BackUpSqlite(folder_.File("cluster.db"), keys, folder_.File("b"), kNow).ok());
  EXPECT_EQ(asked, 2);
  const auto wrong = []() -> Result<std::string> { return std::string(32, 'x'); };
  EXPECT_EQ(
      BackUpSqlite(folder_.File("cluster.db"), wrong, folder_.File("c"), kNow).status().code(),
      StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
