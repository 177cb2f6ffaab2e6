#include <gtest/gtest.h>

#include <thread>

#include "schema/pod.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

Write PutPod(const std::string& name, const std::string& owner, const std::string& image) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  if (!owner.empty()) pod->metadata.owner_references = {{.uid = owner, .controller = true}};
  pod->spec.containers = {{.name = "main", .image = image}};
  pod->spec.init_containers = {{.name = "first", .image = "init:1"}};
  return {pod->key(), pod};
}

std::shared_ptr<const Pod> PodIn(const Store& store, const std::string& name) {
  return store.Snapshot()->Find<Pod>("default", name);
}

TEST(SqliteStore, PodsOfOneOwnerShareTheirContainersAfterALoad) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)
                    ->Commit({{PutPod("a", "set", "app:1"), PutPod("b", "set", "app:1"),
                               PutPod("c", "set", "app:2"), PutPod("d", "", "app:1"),
                               PutPod("e", "other", "app:1")}},
                             0)
                    .ok());
  }
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  const PodSpec& a = PodIn(**store, "a")->spec;
  const auto share = [&](const std::string& name) {
    const PodSpec& other = PodIn(**store, name)->spec;
    return a.containers.IsOneWith(other.containers) &&
           a.init_containers.IsOneWith(other.init_containers);
  };
  EXPECT_TRUE(share("b"));
  EXPECT_FALSE(share("c"));
  EXPECT_FALSE(share("d"));
  EXPECT_EQ(a.containers[0].image, "app:1");
  EXPECT_EQ(PodIn(**store, "b")->metadata.name, "b");
  EXPECT_EQ(PodIn(**store, "c")->spec.containers[0].image, "app:2");
  EXPECT_EQ(PodIn(**store, "e")->spec.containers[0].image, "app:1");
}

// A pod of a snapshot is read, and copies of it are written, on any thread.
TEST(SqliteStore, CopiesOfASnapshotsPodAreWrittenOnManyThreads) {
  const TempFolder folder;
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(OptionsFor(folder.File("c.db")));
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->Commit({{PutPod("a", "set", "app:1")}}, 0).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([pod = PodIn(**store, "a")] {
      for (int round = 0; round < 1'000; ++round) {
        Pod copy = *pod;
        copy.spec.containers.Edit()[0].image = "app:" + std::to_string(round);
        const Pod again = copy;
        copy.spec.containers.Edit()[0].image = pod->spec.containers[0].image;
        EXPECT_EQ(copy.spec, pod->spec);
        EXPECT_EQ(again.spec.containers[0].image, "app:" + std::to_string(round));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace reconcile
