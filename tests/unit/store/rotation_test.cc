// Changing the key that seals Secrets.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "store/sealed_payload.h"
#include "store/secret_key.h"
#include "store/sqlite_reseal.h"
#include "tests/unit/store/sim_workload.h"

namespace reconcile {
namespace {

using namespace store_testing;

const std::string kNewKey(32, 'n');

std::string FileBytes(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class RotationTest : public testing::Test {
 protected:
  RotationTest() {
    options_ = OptionsFor(folder_.File("cluster.db"));
    options_.secret_key.clear();
    options_.secret_key_file = folder_.File("secrets.key");
  }
  Result<std::unique_ptr<Store>> Open() { return OpenSqliteStore(options_); }
  std::string Keys() { return LoadKeys(options_.secret_key_file).value(); }
  // With this key alone.
  bool Opens(const std::string& key) {
    SqliteStoreOptions options = OptionsFor(options_.path);
    options.secret_key = key;
    return OpenSqliteStore(options).ok();
  }

  const TempFolder folder_;
  SqliteStoreOptions options_;
};

TEST_F(RotationTest, SealsEverySecretAnewAndForgetsTheOldKey) {
  Result<std::unique_ptr<Store>> store = Open();
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  ASSERT_TRUE((*store)->Commit({{PutSecret("s", "1"), PutSecret("t", "1")}}, 0).ok());
  ASSERT_TRUE((*store)->Commit({{PutSecret("s", "2"), PutConfigMap("a", "1")}}, 2).ok());
  const std::string state = TextOf(*(*store)->Snapshot());
  const std::string changes = TextOf((*store)->ChangesSince(0).value());
  const std::string old_key = Keys();
  const Result<int64_t> rows = (*store)->RotateSecretKey();
  ASSERT_TRUE(rows.ok()) << rows.status().ToString();
  EXPECT_EQ(*rows, 3) << "two objects and one that was replaced";
  const std::string new_key = Keys();
  EXPECT_EQ(new_key.size(), kSecretKeyBytes);
  EXPECT_FALSE(new_key == old_key);
  EXPECT_EQ(TextOf(*(*store)->Snapshot()), state);
  EXPECT_EQ(TextOf((*store)->ChangesSince(0).value()), changes);
  EXPECT_TRUE((*store)->Commit({{PutSecret("u", "3")}}, 4).ok()) << "it goes on";
  store.value().reset();
  EXPECT_FALSE(Opens(old_key));
  EXPECT_TRUE(Opens(new_key));
  EXPECT_FALSE(std::filesystem::exists(options_.secret_key_file + ".new"));
}

TEST_F(RotationTest, Faults_Line25_NeitherASecretNorAKeyShowsDuringARotation) {
  constexpr const char* kCanaryText = "canary-91b2-rotated";
  const auto all_but_keys = [&] {
    std::string bytes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.File(""))) {
      if (entry.path() != options_.secret_key_file) bytes += FileBytes(entry.path());
    }
    return bytes;
  };
  Result<std::unique_ptr<Store>> store = Open();
  ASSERT_TRUE((*store)->Commit({{PutSecret("s", kCanaryText), PutConfigMap("a", "seen")}}, 0).ok());
  const std::string old_key = Keys();
  ASSERT_TRUE((*store)->RotateSecretKey().ok());
  const std::string bytes = all_but_keys();
  EXPECT_NE(bytes.find("seen"), std::string::npos);
  EXPECT_EQ(bytes.find(kCanaryText), std::string::npos);
  EXPECT_EQ(bytes.find("Y2FuYXJ5LTkxYjIt"), std::string::npos);
  EXPECT_EQ(bytes.find(old_key), std::string::npos);
  EXPECT_EQ(bytes.find(Keys()), std::string::npos);
}

TEST_F(RotationTest, TakesBoundedSteps) {
  Result<std::unique_ptr<Store>> store = Open();
  std::vector<Write> writes;
  for (int i = 0; i < 2 * kResealBatchRows + 1; ++i) {
    writes.push_back(PutSecret("s" + std::to_string(i), "1"));
  }
  ASSERT_TRUE((*store)->Commit({writes}, 0).ok());
  EXPECT_EQ((*store)->RotateSecretKey().value(), 2 * kResealBatchRows + 1);
  store.value().reset();
  EXPECT_TRUE(Open().ok());
}

TEST_F(RotationTest, OneThatWasBrokenOffIsEndedByOpening) {
  {
    Result<std::unique_ptr<Store>> store = Open();
    ASSERT_TRUE((*store)->Commit({{PutSecret("s", "1")}}, 0).ok());
  }
  const std::string old_key = Keys();
  // Broken off after the file was written: both keys are in it, and every row has the old one.
  ASSERT_TRUE(SaveKeys(options_.secret_key_file, kNewKey + old_key).ok());
  EXPECT_TRUE(FileBytes(options_.secret_key_file).starts_with(kKeyringHeader));
  {
    Result<std::unique_ptr<Store>> store = Open();
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    EXPECT_EQ((*store)->Snapshot()->Find<Secret>("default", "s")->data.at("password"), "1");
    EXPECT_TRUE(Keys() == kNewKey);
  }
  EXPECT_TRUE(Opens(kNewKey));
  // Broken off before the file was cut: every row has the new one.
  ASSERT_TRUE(SaveKeys(options_.secret_key_file, kNewKey + old_key).ok());
  EXPECT_TRUE(Open().ok());
  EXPECT_TRUE(Keys() == kNewKey);
}

TEST_F(RotationTest, AKeyringIsRefusedWhenItIsCutShortOrTooLong) {
  ASSERT_TRUE(Open().ok());
  const std::string& path = options_.secret_key_file;
  std::string keys;
  for (size_t i = 0; i < kMaxSecretKeys; ++i) keys += std::string(32, static_cast<char>('a' + i));
  ASSERT_TRUE(SaveKeys(path, keys).ok());
  EXPECT_TRUE(LoadKeys(path).value() == keys);
  for (const size_t size : {kKeyringHeader.size(), kKeyringHeader.size() + 33, size_t{31}}) {
    ASSERT_TRUE(SaveKeys(path, keys).ok());
    std::filesystem::resize_file(path, size);
    EXPECT_EQ(LoadKeys(path).status().code(), StatusCode::kInvalid) << size;
  }
  ASSERT_TRUE(SaveKeys(path, keys + std::string(32, 'z')).ok());
  EXPECT_EQ(LoadKeys(path).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(LoadKeys(folder_.File("none")).status().code(), StatusCode::kNotFound);
}

TEST_F(RotationTest, AStoreThatDoesNotKeepItsKeyRefuses) {
  const Result<std::unique_ptr<Store>> store =
      OpenSqliteStore(OptionsFor(folder_.File("other.db")));
  EXPECT_EQ((*store)->RotateSecretKey().status().code(), StatusCode::kInvalid);
}

TEST(PayloadSealerTest, SealsWithTheNewestKeyAndOpensWithAny) {
  const std::string old_key = KeyForTests();
  const PayloadSealer before = PayloadSealer::Make(old_key).value();
  const PayloadSealer both = PayloadSealer::Make(kNewKey + old_key).value();
  const PayloadSealer after = PayloadSealer::Make(kNewKey).value();
  const std::string sealed = before.Seal("text", "context").value();
  EXPECT_EQ(both.Open(sealed, "context").value(), "text");
  EXPECT_FALSE(both.OpensWithNewest(sealed, "context"));
  EXPECT_FALSE(after.Open(sealed, "context").ok());
  const std::string anew = both.Seal("text", "context").value();
  EXPECT_TRUE(both.OpensWithNewest(anew, "context"));
  EXPECT_EQ(after.Open(anew, "context").value(), "text");
  EXPECT_TRUE(both.HasKeyOf(before.fingerprint()));
  EXPECT_EQ(both.fingerprint(), after.fingerprint());
}

// The power fails at every write of a rotation: with both keys everything is there, and it ends.
TEST(RotationPowerTest, PowerLossAtAnyWriteLosesNothing) {
  bool halted = true;
  for (int64_t at = 1; halted; ++at) {
    for (const SimLoss loss : {SimLoss::kAllLost, SimLoss::kScattered}) {
      SCOPED_TRACE(at);
      SimDisk disk("rotation", static_cast<uint64_t>(at));
      SqliteStoreOptions options = OptionsOn(disk);
      Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
      ASSERT_TRUE(store.ok());
      ASSERT_TRUE((*store)->Commit({{PutSecret("s", "1"), PutSecret("t", "2")}}, 0).ok());
      ASSERT_TRUE((*store)->Commit({{PutSecret("s", "3")}}, 2).ok());
      const std::string state = TextOf(*(*store)->Snapshot());
      store.value().reset();
      options.secret_key = kNewKey + KeyForTests();
      disk.HaltAtChange(at, SimHalt::kPowerLoss, loss);
      store = OpenSqliteStore(options);
      store = InternalError("closed");
      halted = disk.halted();
      if (!halted) disk.HaltNow(SimHalt::kProcessKilled, SimLoss::kAllKept);  // at the end
      disk.Restart();
      store = OpenSqliteStore(options);
      ASSERT_TRUE(store.ok()) << store.status().ToString();
      EXPECT_EQ(TextOf(*(*store)->Snapshot()), state);
      store = InternalError("closed");
      options.secret_key = kNewKey;
      store = OpenSqliteStore(options);
      ASSERT_TRUE(store.ok()) << store.status().ToString();
      EXPECT_EQ(TextOf(*(*store)->Snapshot()), state);
      store = InternalError("closed");
    }
  }
}

}  // namespace
}  // namespace reconcile
