#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

TEST(Faults, Line29_ASecondControllerIsRefusedAndToldWhoHoldsTheDatabase) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  Result<std::unique_ptr<Store>> first = OpenSqliteStore(options);
  ASSERT_TRUE(first.ok());
  const Status second = OpenSqliteStore(options).status();
  EXPECT_EQ(second.code(), StatusCode::kConflict);
  EXPECT_NE(second.message().find("process " + std::to_string(::getpid())), std::string::npos);
  EXPECT_TRUE((*first)->Commit({{PutConfigMap("a", "1")}}, 0).ok());
  first.value().reset();
  EXPECT_TRUE(OpenSqliteStore(options).ok());
}

TEST(Faults, Line29_AnotherProcessIsRefusedUntilTheHolderDies) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  int opened[2];
  ASSERT_EQ(::pipe(opened), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    const char answer = store.ok() && (*store)->Commit({{PutConfigMap("a", "1")}}, 0).ok();
    if (::write(opened[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(opened[0], &answer, 1), 1);
  EXPECT_EQ(answer, 1);
  const Status refused = OpenSqliteStore(options).status();
  EXPECT_EQ(refused.code(), StatusCode::kConflict);
  EXPECT_NE(refused.message().find("process " + std::to_string(child)), std::string::npos);
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  EXPECT_EQ((*store)->Snapshot()->revision(), 1) << "what the killed one acknowledged";
  ::close(opened[0]);
  ::close(opened[1]);
}

TEST(SqliteStore, NobodyElseMayReadItsFiles) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE((*store)->Commit({{PutConfigMap("a", "1")}}, 0).ok());
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat info {};
    ASSERT_EQ(::stat((options.path + suffix).c_str(), &info), 0) << suffix;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << suffix;
  }
}

TEST(SqliteStore, SaysWhyItCannotOpen) {
  const TempFolder folder;
  const Status status = OpenSqliteStore(OptionsFor(folder.File("no/such/cluster.db"))).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("no/such/cluster.db"), std::string::npos);
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  options.checkpoint_pages = 0;
  EXPECT_EQ(OpenSqliteStore(options).status().code(), StatusCode::kInvalid);
}

TEST(SqliteStore, KeepsItsWriteAheadLogShort) {
  const TempFolder folder;
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  options.checkpoint_pages = 20;
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok());
  constexpr uintmax_t kPageBytes = 4096;
  uintmax_t longest = 0;
  for (int i = 0; i < 150; ++i) {
    ASSERT_TRUE((*store)->Commit({{PutConfigMap("a", std::to_string(i))}}, i).ok());
    longest = std::max(longest, std::filesystem::file_size(options.path + "-wal"));
  }
  EXPECT_LT(longest, 40 * kPageBytes);
}

}  // namespace
}  // namespace reconcile
