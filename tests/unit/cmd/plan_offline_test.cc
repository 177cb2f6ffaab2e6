#include "cmd/plan_offline.h"

#include <gtest/gtest.h>

#include "cmd/keys_file.h"
#include "controller/plan_manifests.h"
#include "schema/core.h"
#include "schema/workload.h"
#include "store/secret_key.h"
#include "store/sqlite_backup.h"
#include "store/sqlite_store.h"
#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

constexpr Now kNow{{0}, {1'800'000'000'000}};
constexpr const char* kPath = "all.yaml";
constexpr const char* kManifests =
    "kind: ConfigMap\n"
    "apiVersion: v1\n"
    "metadata: {name: words, namespace: default}\n"
    "data: {greeting: hello}\n"
    "---\n"
    "kind: Secret\n"
    "apiVersion: v1\n"
    "metadata: {name: keys, namespace: default}\n"
    "stringData: {password: canary}\n"
    "---\n"
    "kind: ReplicationController\n"
    "apiVersion: v1\n"
    "metadata: {name: web, namespace: default}\n"
    "spec:\n"
    "  replicas: 2\n"
    "  template:\n"
    "    metadata: {labels: {app: web}}\n"
    "    spec: {containers: [{name: web, image: \"web:1\"}]}\n";

Controller::PlanInput InputOf(const std::string& text) {
  return {"c1c1", {{kPath, "", std::make_shared<const std::string>(text)}}, {}, ""};
}

Controller::PlanAnswer PlanOf(const ClusterState& state, const std::string& text) {
  Result<Controller::PlanAnswer> answer =
      PlanManifestsAgainst(state, "shop", InputOf(text), nullptr, BreakerLimits(), kNow);
  EXPECT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_TRUE(answer->problems.errors.empty());
  return std::move(answer).value();
}

// A data folder of a cluster that runs kManifests on two hosts, and what was saved of it.
class PlanOfflineTest : public testing::Test {
 protected:
  PlanOfflineTest() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::owner_all);
    ClusterState state =
        PlanOf(ClusterOfHosts("2x4cpu,8Gi", kNow)->state, kManifests).preview.state_after;
    auto source = std::make_shared<Source>();
    source->metadata.name = "shop";
    source->spec.repository = "/srv/shop.git";
    source->spec.path = "manifests";
    state.Put(source);
    Transaction transaction;
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : state.Objects(kind)) {
        transaction.writes.push_back({key, object});
      }
    }
    {
      SqliteStoreOptions options;
      options.path = Path("cluster.db");
      options.secret_key_file = Path("secrets.key");
      const auto store = OpenSqliteStore(options);
      EXPECT_TRUE(store.ok()) << store.status().ToString();
      const Status stored = (*store)->Commit(transaction, 0).status();
      EXPECT_TRUE(stored.ok()) << stored.ToString();
    }
    const auto keys = [&] { return LoadKeys(Path("secrets.key")); };
    const Status saved =
        BackUpSqlite(Path("cluster.db"), keys, Path("cluster.rcb"), kNow.wall).status();
    EXPECT_TRUE(saved.ok()) << saved.ToString();
    EXPECT_TRUE(WriteKeysFile(folder_.path(), Path("cluster.keys")).ok());
  }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }

  const TemporaryFolder folder_;
};

TEST_F(PlanOfflineTest, ABackupIsPlannedAgainstAsItsClusterWas) {
  const Result<OfflineCluster> cluster = ClusterOfBackup(Path("cluster.rcb"), Path("cluster.keys"));
  ASSERT_TRUE(cluster.ok()) << cluster.status().ToString();
  ASSERT_EQ(cluster->sources.size(), 1U);
  EXPECT_EQ(cluster->sources.front().name, "shop");
  EXPECT_EQ(cluster->sources.front().spec.path, "manifests");

  const Controller::PlanAnswer same = PlanOf(cluster->state, kManifests);
  EXPECT_EQ(same.unchanged, 3) << "the Secret too";
  EXPECT_TRUE(same.preview.pods.empty());

  std::string more = kManifests;
  more.replace(more.find("replicas: 2"), 11, "replicas: 3");
  const Controller::PlanAnswer scaled = PlanOf(cluster->state, more);
  EXPECT_EQ(scaled.unchanged, 2);
  ASSERT_EQ(scaled.preview.pods.size(), 1U);
  EXPECT_EQ(scaled.preview.pods.front().fate, PodFate::kCreate);
  ASSERT_EQ(scaled.preview.hosts.size(), 2U);
  EXPECT_EQ(scaled.preview.hosts[0].pods_before + scaled.preview.hosts[1].pods_before, 2);
}

TEST_F(PlanOfflineTest, WhatCannotBeReadNamesTheOptionAndTheFile) {
  const auto why = [](const Result<OfflineCluster>& cluster) { return cluster.status().message(); };
  EXPECT_EQ(why(ClusterOfBackup(Path("none"), "")).find("--state: there is no file "), 0U);
  const std::string sealed = why(ClusterOfBackup(Path("cluster.rcb"), ""));
  EXPECT_EQ(sealed.find("--state: " + Path("cluster.rcb") + ": it holds 1 Secret"), 0U) << sealed;
  const std::string keys = why(ClusterOfBackup(Path("cluster.rcb"), Path("cluster.rcb")));
  EXPECT_EQ(keys.find("--keys: "), 0U) << keys;
  EXPECT_FALSE(ClusterOfHosts("3x4cpu", kNow).ok());
}

}  // namespace
}  // namespace reconcile
