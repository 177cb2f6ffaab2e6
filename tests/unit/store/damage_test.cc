#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>
#include <sstream>

#include "base/random.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
}

// A database with rows of every sort: objects in one page and over several, secrets, a change log
// that was cut, free pages.
class Damaged {
 public:
  Damaged() : path_(folder_.File("cluster.db")) {
    Result<std::unique_ptr<Store>> store = Open();
    CHECK(store.ok());
    Commit(store->get(), {PutConfigMap("large", std::string(9000, 'x')), PutSecret("s", "1")});
    Commit(store->get(), {Remove("large"), PutConfigMap("a", "first")});
    Commit(store->get(), {PutConfigMap("a", "second"), PutConfigMap("b", std::string(5000, 'y'))});
    CHECK((*store)->Compact(2).ok());
    Commit(store->get(), {PutConfigMap("c", "third"), PutSecret("s", "2")});
    state_ = TextOf(*(*store)->Snapshot());
    changes_ = TextOf((*store)->ChangesSince(2).value());
    store.value().reset();
    bytes_ = ReadFile(path_);
  }
  const std::string& path() const { return path_; }
  const std::string& bytes() const { return bytes_; }
  Result<std::unique_ptr<Store>> Open() const { return OpenSqliteStore(OptionsFor(path_)); }

  // With these bytes in the file: either opening says Invalid and what to do, or all that was
  // stored is there, and stays so through a further commit.
  testing::AssertionResult FoundOrHarmless(const std::string& bytes, int* found) const {
    WriteFile(path_, bytes);
    Result<std::unique_ptr<Store>> store = Open();
    if (!store.ok()) {
      ++*found;
      return Advises(store.status());
    }
    if (TextOf(*(*store)->Snapshot()) != state_) return testing::AssertionFailure() << "state";
    const Result<std::vector<Change>> changes = (*store)->ChangesSince(2);
    if (!changes.ok() || TextOf(*changes) != changes_) {
      return testing::AssertionFailure() << "change log";
    }
    const Result<Revision> next =
        (*store)->Commit({{PutConfigMap("a", std::string(6000, 'z')), Remove("c")}}, 8);
    if (!next.ok()) return testing::AssertionFailure() << next.status().ToString();
    const std::string after = TextOf(*(*store)->Snapshot());
    store.value().reset();
    store = Open();
    if (!store.ok()) return testing::AssertionFailure() << store.status().ToString();
    if (TextOf(*(*store)->Snapshot()) != after) return testing::AssertionFailure() << "later";
    return testing::AssertionSuccess();
  }

 private:
  static testing::AssertionResult Advises(const Status& status) {
    const bool advises = status.code() == StatusCode::kInvalid &&
                         (status.message().find("begin again") != std::string::npos ||
                          status.message().find("newer release") != std::string::npos);
    return advises ? testing::AssertionSuccess() : testing::AssertionFailure() << status.ToString();
  }
  static void Commit(Store* store, std::vector<Write> writes) {
    const Result<Revision> done = store->Commit({std::move(writes)}, store->Snapshot()->revision());
    CHECK(done.ok());
  }

  // Thousands of openings: on the fastest real file system there is.
  TempFolder folder_{std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp"};
  std::string path_;
  std::string bytes_;
  std::string state_;
  std::string changes_;
};

TEST(Faults, Line28_AFlippedBitInAnyPlaceIsFoundOrHarmless) {
  const Damaged database;
  SeededRandom random(28);
  constexpr size_t kHeaderBytes = 200;
  constexpr size_t kStride = 20;
  int found = 0;
  int tried = 0;
  for (size_t at = 0; at < database.bytes().size();
       at += at < kHeaderBytes ? 1 : 1 + random.Below(2 * kStride)) {
    std::string bytes = database.bytes();
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
    ++tried;
    ASSERT_TRUE(database.FoundOrHarmless(bytes, &found)) << "flipped a bit of byte " << at;
  }
  EXPECT_GT(found, tried / 4);
  EXPECT_LT(found, tried);  // free pages and comments do not matter
}

TEST(Faults, Line28_AnyByteOfThePageHeadersIsFoundOrHarmless) {
  const Damaged database;
  SeededRandom random(29);
  constexpr size_t kPageBytes = 4096;
  constexpr size_t kHeaderBytes = 24;
  int found = 0;
  for (size_t page = 0; page < database.bytes().size(); page += kPageBytes) {
    for (size_t at = page; at < page + kHeaderBytes; ++at) {
      std::string bytes = database.bytes();
      bytes[at] = static_cast<char>(bytes[at] + 1 + static_cast<char>(random.Below(255)));
      ASSERT_TRUE(database.FoundOrHarmless(bytes, &found)) << "changed byte " << at;
    }
  }
  EXPECT_GT(found, 0);
}

TEST(Faults, Line28_LostZeroedAndSwappedPagesAreFoundOrHarmless) {
  const Damaged database;
  constexpr size_t kPageBytes = 4096;
  const std::string& good = database.bytes();
  int found = 0;
  int zeroed_found = 0;
  for (size_t page = 0; page < good.size(); page += kPageBytes) {
    std::string zeroed = good;
    zeroed.replace(page, kPageBytes, kPageBytes, '\0');
    ASSERT_TRUE(database.FoundOrHarmless(zeroed, &zeroed_found)) << "zeroed page at " << page;
    if (page > 0) {
      ASSERT_TRUE(database.FoundOrHarmless(good.substr(0, page), &found)) << "cut at " << page;
    }
    for (size_t other = page + kPageBytes; other < good.size(); other += kPageBytes) {
      std::string swapped = good;
      swapped.replace(page, kPageBytes, good, other, kPageBytes);
      swapped.replace(other, kPageBytes, good, page, kPageBytes);
      ASSERT_TRUE(database.FoundOrHarmless(swapped, &found)) << page << " with " << other;
    }
  }
  EXPECT_GT(zeroed_found, 5);
  EXPECT_GT(found, 50);
}

// The damage that no checksum of a single row can see.
TEST(Faults, Line28_ARowThatIsMissingOrOldIsFound) {
  const Damaged database;
  for (const char* sql :
       {"DELETE FROM objects WHERE name = 'b'", "DELETE FROM changes WHERE revision = 3",
        "DELETE FROM head", "DELETE FROM meta WHERE name = 'schema_version'",
        "INSERT INTO objects SELECT 99, kind, namespace, 'twin', revision, payload, checksum "
        "FROM objects WHERE name = 'a'",
        "UPDATE objects SET payload = replace(payload, 'second', 'forged') WHERE name = 'a'"}) {
    WriteFile(database.path(), database.bytes());
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(database.path().c_str(), &connection), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(connection, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql;
    sqlite3_close(connection);
    EXPECT_EQ(database.Open().status().code(), StatusCode::kInvalid) << sql;
  }
}

TEST(Faults, Line28_DamageIsNamedByRowWithWhatToDo) {
  const Damaged database;
  std::string bytes = database.bytes();
  const size_t in_a = bytes.find("\"value\":\"second\"");
  ASSERT_NE(in_a, std::string::npos);
  bytes[in_a + 10] = 'S';
  const size_t in_b = bytes.find("yyyyyyyy");
  bytes[in_b] = 'Y';
  WriteFile(database.path(), bytes);
  const std::string message = database.Open().status().message();
  EXPECT_NE(message.find("row of objects: ConfigMap default/a"), std::string::npos) << message;
  EXPECT_NE(message.find("row of objects: ConfigMap default/b"), std::string::npos) << message;
  EXPECT_NE(message.find("reconcile restore FILE"), std::string::npos) << message;
  EXPECT_NE(message.find("begin again from Git"), std::string::npos) << message;
}

TEST(Faults, Line28_AFileThatIsNoDatabaseOrAnothersIsRefusedAndLeftAlone) {
  const TempFolder folder;
  const std::string path = folder.File("cluster.db");
  WriteFile(path, std::string(10'000, 'n'));
  EXPECT_EQ(OpenSqliteStore(OptionsFor(path)).status().code(), StatusCode::kInvalid);
  EXPECT_TRUE(ReadFile(path) == std::string(10'000, 'n'));
  std::filesystem::remove(path);
  sqlite3* connection = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &connection), SQLITE_OK);
  sqlite3_exec(connection, "CREATE TABLE theirs (a)", nullptr, nullptr, nullptr);
  sqlite3_close(connection);
  const std::string before = ReadFile(path);
  const Status status = OpenSqliteStore(OptionsFor(path)).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("not a database of reconcile"), std::string::npos);
  EXPECT_TRUE(ReadFile(path) == before);
}

}  // namespace
}  // namespace reconcile
