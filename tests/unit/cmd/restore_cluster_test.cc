#include "cmd/restore_cluster.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "base/random.h"
#include "cmd/keys_file.h"
#include "link/enrollment.h"
#include "store/secret_key.h"
#include "store/sqlite_store.h"
#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

constexpr WallTime kNow{1'800'000'000'000};
constexpr const char* kCanary = "canary-of-a-restore";

using Tree = std::map<std::string, std::string>;

// Every file but locks, which are no content.
Tree Files(const std::string& folder) {
  Tree files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".lock") continue;
    std::stringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    files[entry.path().lexically_relative(folder).string()] = text.str();
  }
  return files;
}

// A cluster's data folder, and what was saved of it. Each test changes it and restores.
class RestoreClusterTest : public testing::Test {
 protected:
  RestoreClusterTest() {
    std::filesystem::create_directories(data());
    std::filesystem::permissions(data(), std::filesystem::perms::owner_all);
    MakeCluster(data(), "cluster-1");
    {
      const auto enrollment = OpenEnrollment(data());
      EXPECT_TRUE(Join(enrollment.get(), "host-1").ok());
      EXPECT_TRUE(Join(enrollment.get(), "host-2").ok());
    }
    Save("first");
  }
  std::string data() const { return folder_.path() + "/data"; }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  std::unique_ptr<Enrollment> OpenEnrollment(const std::string& data_folder) {
    auto opened =
        Enrollment::Open(data_folder + "/ca", &random_, now_, {.cluster_id = "cluster-1"});
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  Result<std::string> Join(Enrollment* enrollment, const std::string& node) {
    const Result<std::string> token = enrollment->CreateToken({}, now_);
    if (!token.ok()) return token.status();
    return enrollment->Join(*token, MakeNodeRequest(node)->request_pem, node, now_);
  }
  static Result<std::unique_ptr<Store>> OpenStore(const std::string& data_folder) {
    SqliteStoreOptions options;
    options.path = data_folder + "/cluster.db";
    options.secret_key_file = data_folder + "/secrets.key";
    return OpenSqliteStore(options);
  }
  void MakeCluster(const std::string& data_folder, const std::string& id) {
    Result<std::unique_ptr<Store>> store = OpenStore(data_folder);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    auto cluster = std::make_shared<Cluster>();
    cluster->metadata.name = "cluster";
    cluster->cluster_id = id;
    cluster->lineage = "line";
    cluster->lineage_proof = "proof";
    auto secret = std::make_shared<Secret>();
    secret->metadata.namespace_name = "default";
    secret->metadata.name = "s";
    secret->data["password"] = kCanary;
    ASSERT_TRUE((*store)->Commit({{{cluster->key(), cluster}, {secret->key(), secret}}}, 0).ok());
    EXPECT_TRUE(Enrollment::Open(data_folder + "/ca", &random_, now_, {.cluster_id = id}).ok());
  }
  // NAME.db and NAME.keys.
  void Save(const std::string& name) {
    const auto keys = [&] { return LoadKeys(data() + "/secrets.key"); };
    const auto info = BackUpSqlite(data() + "/cluster.db", keys, Path(name + ".db"), now_);
    ASSERT_TRUE(info.ok()) << info.status().ToString();
    ASSERT_TRUE(WriteKeysFile(data(), Path(name + ".keys")).ok());
  }
  void RemoveDatabase() const {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      std::filesystem::remove(data() + "/cluster.db" + suffix);
    }
  }
  void Rotate() {
    Result<std::unique_ptr<Store>> store = OpenStore(data());
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->RotateSecretKey().ok());
  }
  Result<RestoreReport> Restore(const std::string& file, const std::string& keys) {
    return RestoreCluster({file.empty() ? "" : Path(file), keys.empty() ? "" : Path(keys), data()});
  }
  // Refused in these words, and every file as it was.
  void ExpectRefused(const std::string& file, const std::string& keys,
                     const std::vector<std::string>& words) {
    const Tree before = Files(data());
    const Result<RestoreReport> report = Restore(file, keys);
    ASSERT_FALSE(report.ok());
    const std::string text = report.status().ToString();
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
    EXPECT_EQ(text.find(".restoring"), std::string::npos) << text;
    EXPECT_TRUE(Files(data()) == before) << text;
  }
  // The controller can begin with what is there, and Secrets can be read.
  void ExpectUsable() {
    const Result<std::unique_ptr<Store>> store = OpenStore(data());
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    const auto state = (*store)->Snapshot();
    EXPECT_EQ(state->Find<Secret>("default", "s")->data.at("password"), kCanary);
    const auto cluster = state->Find<Cluster>("", "cluster");
    EXPECT_TRUE(CheckAuthorityIsThere(cluster.get(), data() + "/ca", data() + "/cluster.db").ok());
    EXPECT_NE(OpenEnrollment(data()), nullptr);
    for (const auto& [path, bytes] : Files(data())) {
      EXPECT_EQ(bytes.find(kCanary), std::string::npos) << path;
    }
  }

  const TemporaryFolder folder_;
  SeededRandom random_{5};
  WallTime now_ = kNow;
};

TEST_F(RestoreClusterTest, IntoAnEmptyFolder) {
  std::filesystem::remove_all(data());
  std::filesystem::create_directories(data());
  const Result<RestoreReport> report = Restore("first.db", "first.keys");
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->info.cluster_id, "cluster-1");
  EXPECT_EQ(report->done.size(), 2U) << "secrets.key and ca";
  ExpectUsable();
}

TEST_F(RestoreClusterTest, OnTheSameHostWithAndWithoutKeys) {
  for (const std::string keys : {"", "first.keys"}) {
    RemoveDatabase();
    const Tree before = Files(data());
    const Result<RestoreReport> report = Restore("first.db", keys);
    ASSERT_TRUE(report.ok()) << report.status().ToString();
    EXPECT_TRUE(report->done.empty());
    Tree after = Files(data());
    after.erase("cluster.db");
    EXPECT_TRUE(after == before);
    ExpectUsable();
  }
}

// After `secrets rotate`, joins and a revocation: the folder's own keys and list are the newer
// ones.
TEST_F(RestoreClusterTest, AnOlderBackupWithItsKeysAfterARotationAndARevocation) {
  Rotate();
  now_.ms += 10'000;
  {
    const auto enrollment = OpenEnrollment(data());
    EXPECT_TRUE(enrollment->RevokeNode("host-2", now_).ok());
    EXPECT_TRUE(Join(enrollment.get(), "host-3").ok());
  }
  RemoveDatabase();
  ExpectRefused("first.db", "",
                {"first.db was sealed with the key of fingerprint", "secrets.key does not hold it",
                 "--keys"});
  const Tree before = Files(data());
  const Result<RestoreReport> report = Restore("first.db", "first.keys");
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(Files(data()).at("secrets.key"), before.at("secrets.key"));
  ExpectUsable();
  std::map<std::string, CertificateState> nodes;
  const std::vector<IssuedNode> issued = OpenEnrollment(data())->Nodes(now_);
  for (const IssuedNode& node : issued) nodes[node.node] = node.state;
  EXPECT_EQ(nodes, (std::map<std::string, CertificateState>{{"host-1", CertificateState::kValid},
                                                            {"host-2", CertificateState::kRevoked},
                                                            {"host-3", CertificateState::kValid}}));
}

// The other way round: the folder is the older one.
TEST_F(RestoreClusterTest, ARevocationInTheKeysFileComesIn) {
  const Tree old = Files(data() + "/ca");
  now_.ms += 10'000;
  EXPECT_TRUE(OpenEnrollment(data())->RevokeNode("host-2", now_).ok());
  ASSERT_TRUE(OpenEnrollment(data())->BeginRotation(now_).ok());
  Save("second");
  std::filesystem::remove(data() + "/ca/ca-2.key");
  std::filesystem::remove(data() + "/ca/ca-2.crt");
  std::ofstream(data() + "/ca/enrollment.json") << old.at("enrollment.json");
  RemoveDatabase();
  const Result<RestoreReport> report = Restore("second.db", "second.keys");
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_EQ(report->done.size(), 1U);
  const auto enrollment = OpenEnrollment(data());
  EXPECT_EQ(enrollment->Authorities(now_).authorities.size(), 2U);
  EXPECT_EQ(enrollment->Nodes(now_)[1].state, CertificateState::kRevoked);
}

TEST_F(RestoreClusterTest, WithoutTheCAIsRefused) {
  RemoveDatabase();
  std::filesystem::remove_all(data() + "/ca");
  ExpectRefused("first.db", "", {"/ca is missing", "no keys file is given", "--keys KEYS"});
  ASSERT_TRUE(Restore("first.db", "first.keys").ok());
  ExpectUsable();
  // They may have been used up or revoked since.
  EXPECT_TRUE(OpenEnrollment(data())->ListTokens(now_).empty());
}

TEST_F(RestoreClusterTest, WithoutTheKeyIsRefused) {
  RemoveDatabase();
  std::filesystem::remove(data() + "/secrets.key");
  ExpectRefused("first.db", "", {"secrets.key is missing", "--keys KEYS"});
  ASSERT_TRUE(Restore("first.db", "first.keys").ok());
  ExpectUsable();
}

TEST_F(RestoreClusterTest, WhatIsNoBackupOrNoKeysFileChangesNothing) {
  std::filesystem::remove_all(data());
  std::filesystem::create_directories(data());
  std::ofstream(Path("text")) << "root:x:0:0:root:/root:/bin/bash\n";
  std::filesystem::copy_file(Path("first.db"), Path("short.db"));
  std::filesystem::resize_file(Path("short.db"), std::filesystem::file_size(Path("short.db")) / 2);
  std::filesystem::copy_file(Path("first.keys"), Path("short.keys"));
  std::filesystem::resize_file(Path("short.keys"), 200);
  for (const std::string keys : {"", "first.keys"}) {
    ExpectRefused("text", keys, {"/text cannot be restored", "`reconcile backup`"});
    ExpectRefused("short.db", keys, {"/short.db"});
    ExpectRefused("nowhere", keys, {"/nowhere"});
  }
  ExpectRefused("first.db", "short.keys", {"/short.keys"});
  ExpectRefused("first.db", "text", {"/text", "`reconcile backup --keys`"});
  ExpectRefused("first.db", "nowhere", {"/nowhere"});
  ExpectRefused("", "", {"FILE", "--keys"});
  EXPECT_TRUE(Files(data()).empty());
}

TEST_F(RestoreClusterTest, KeysThatDoNotOpenTheBackupAreRefused) {
  Rotate();
  Save("second");
  RemoveDatabase();
  ASSERT_TRUE(Restore("second.db", "first.keys").ok()) << "the key in place opens it";
  RemoveDatabase();
  std::filesystem::remove(data() + "/secrets.key");
  ExpectRefused("second.db", "first.keys", {"secrets.key is missing", "nor does", "first.keys"});
}

TEST_F(RestoreClusterTest, AnotherClustersFilesAreRefused) {
  RemoveDatabase();
  std::filesystem::rename(data() + "/ca", Path("ca"));
  EXPECT_TRUE(Enrollment::Open(data() + "/ca", &random_, now_, {.cluster_id = "other"}).ok());
  ExpectRefused("first.db", "", {"is of cluster cluster-1", "/ca is of cluster other"});
  ExpectRefused("first.db", "first.keys", {"/ca is in the way", "cluster other", "mv "});
  ASSERT_TRUE(WriteKeysFile(data(), Path("other.keys")).ok());
  std::filesystem::remove_all(data() + "/ca");
  ExpectRefused("first.db", "other.keys", {"other.keys is of cluster other"});
  // The same cluster's, but made anew.
  EXPECT_NE(OpenEnrollment(data()), nullptr);
  ExpectRefused("first.db", "first.keys", {"made anew", "mv "});
}

TEST_F(RestoreClusterTest, ADatabaseInTheWayOrInUseIsRefused) {
  ExpectRefused("first.db", "first.keys", {"cluster.db", "move it away"});
  const Result<std::unique_ptr<Store>> store = OpenStore(data());
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(Restore("", "first.keys").status().code(), StatusCode::kConflict);
}

TEST_F(RestoreClusterTest, AFailureAtTheLastStepUndoesTheOthers) {
  Rotate();
  Save("second");
  RemoveDatabase();
  std::filesystem::remove(data() + "/secrets.key");
  std::filesystem::remove_all(data() + "/ca");
  // Nothing stands there by name, and yet nothing can be made there.
  std::filesystem::create_symlink("nowhere", data() + "/cluster.db");
  ExpectRefused("second.db", "second.keys", {"nothing was restored", "cluster.db"});
  EXPECT_FALSE(std::filesystem::exists(data() + "/ca"));
  EXPECT_FALSE(std::filesystem::exists(data() + "/secrets.key"));
}

// A start without ca/ or secrets.key, and what its message says to do.
TEST_F(RestoreClusterTest, AStartMakesNoCaForAClusterThatHasOne) {
  std::filesystem::remove_all(data() + "/ca");
  const auto check = [&] {
    const auto store = OpenStore(data());
    const auto cluster = (*store)->Snapshot()->Find<Cluster>("", "cluster");
    return CheckAuthorityIsThere(cluster.get(), data() + "/ca", data() + "/cluster.db");
  };
  for (const bool is_there : {false, true}) {
    const Status status = check();
    EXPECT_EQ(status.code(), StatusCode::kNotFound);
    for (const char* word : {"/ca is missing or empty", "`reconcile restore --keys KEYS`"}) {
      EXPECT_NE(status.message().find(word), std::string::npos) << status.message();
    }
    if (!is_there) std::filesystem::create_directories(data() + "/ca");
    std::filesystem::permissions(data() + "/ca", std::filesystem::perms::owner_all);
  }
  const Result<RestoreReport> report = Restore("", "first.keys");
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_TRUE(check().ok());
  ExpectUsable();
}

TEST_F(RestoreClusterTest, AClusterFromBeforeThereWereCAsGetsOne) {
  EXPECT_TRUE(CheckAuthorityIsThere(nullptr, data() + "/none", "db").ok());
  Cluster cluster;
  cluster.lineage = "line";
  EXPECT_TRUE(CheckAuthorityIsThere(&cluster, data() + "/none", "db").ok());
  cluster.lineage.clear();  // restored
  EXPECT_FALSE(CheckAuthorityIsThere(&cluster, data() + "/none", "db").ok());
}

TEST_F(RestoreClusterTest, TheKeyAloneComesBackFromTheKeysFile) {
  std::filesystem::remove(data() + "/secrets.key");
  EXPECT_FALSE(OpenStore(data()).ok());
  EXPECT_FALSE(std::filesystem::exists(data() + "/secrets.key"));
  ASSERT_TRUE(Restore("", "first.keys").ok());
  ExpectUsable();
  // One that does not open the database is not put there, nor over the right one.
  Rotate();
  std::filesystem::rename(data() + "/secrets.key", Path("kept"));
  ExpectRefused("", "first.keys", {"cluster.db was sealed with the key", "nor does"});
  std::filesystem::copy_file(Path("kept"), data() + "/secrets.key");
  const Result<RestoreReport> report = Restore("", "first.keys");
  ASSERT_TRUE(report.ok()) << report.status().ToString();
  EXPECT_TRUE(report->done.empty());
  ExpectUsable();
}

TEST_F(RestoreClusterTest, AWrongKeyInPlaceIsNamed) {
  std::filesystem::remove(data() + "/secrets.key");
  ASSERT_TRUE(WriteNewFile(data() + "/secrets.key", std::string(32, 'x')).ok());
  ExpectRefused("", "first.keys", {"first.keys has", "mv ", "secrets.key.other"});
}

}  // namespace
}  // namespace reconcile
