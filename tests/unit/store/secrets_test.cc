#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "store/sealed_payload.h"
#include "store/secret_key.h"
#include "tests/support/store_testing.h"

namespace reconcile {
namespace {

using namespace store_testing;

constexpr const char* kCanary = "canary-5f3a9c-do-not-store";
constexpr const char* kCanaryBase64 = "Y2FuYXJ5LTVmM2E5Yy1kby1ub3Qtc3RvcmU";

std::string AllFilesIn(const std::string& folder) {
  std::stringstream text;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    text << entry.path() << std::ifstream(entry.path(), std::ios::binary).rdbuf();
  }
  return text.str();
}

TEST(Faults, Line25_ASecretIsFoundNowhereInTheDatabaseItsLogOrItsFreePages) {
  const TempFolder folder;
  const SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok());
    const auto has_no_canary = [&] {
      const std::string bytes = AllFilesIn(folder.File(""));
      return bytes.find("cluster.db") != std::string::npos &&
             bytes.find(kCanary) == std::string::npos &&
             bytes.find(kCanaryBase64) == std::string::npos;
    };
    ASSERT_TRUE((*store)->Commit({{PutSecret("s", kCanary), PutConfigMap("seen", "x")}}, 0).ok());
    EXPECT_TRUE(has_no_canary());
    ASSERT_TRUE((*store)->Commit({{PutSecret("s", std::string(kCanary) + "2")}}, 2).ok());
    ASSERT_TRUE((*store)->Commit({{{{Kind::kSecret, "default", "s"}, nullptr}}}, 3).ok());
    EXPECT_TRUE(has_no_canary()) << "in the change log";
    const Result<std::vector<Change>> changes = (*store)->ChangesSince(0);
    ASSERT_TRUE(changes.ok());
    EXPECT_EQ(As<Secret>(*changes->back().before)->data.at("password"), std::string(kCanary) + "2");
    ASSERT_TRUE((*store)->Compact(4).ok());
    EXPECT_TRUE(has_no_canary());
  }
  const std::string bytes = AllFilesIn(folder.File(""));
  EXPECT_EQ(bytes.find(kCanary), std::string::npos);
  EXPECT_EQ(bytes.find(kCanaryBase64), std::string::npos);
}

TEST(SqliteStore, RefusesAnotherKeyThanTheOneThatSealedIt) {
  const TempFolder folder;
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    ASSERT_TRUE((*store)->Commit({{PutSecret("s", "1")}}, 0).ok());
  }
  for (const std::string& key : {std::string(32, 'x'), std::string()}) {
    options.secret_key = key;
    const Status status = OpenSqliteStore(options).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find("another key"), std::string::npos) << status.message();
  }
  options.secret_key = "short";
  EXPECT_EQ(OpenSqliteStore(options).status().code(), StatusCode::kInvalid);
  options.secret_key = KeyForTests();
  EXPECT_TRUE(OpenSqliteStore(options).ok());
}

TEST(SqliteStore, MakesNoKeyForADatabaseThatOneHasSealed) {
  const TempFolder folder;
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  options.secret_key.clear();
  options.secret_key_file = folder.File("secrets.key");
  // A first start that was broken off before the tables were made.
  std::ofstream(folder.File("cluster.db")).close();
  ASSERT_TRUE(OpenSqliteStore(options).ok());
  std::filesystem::rename(options.secret_key_file, folder.File("kept"));
  const Status status = OpenSqliteStore(options).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("secrets.key is missing"), std::string::npos) << status.message();
  EXPECT_NE(status.message().find("`reconcile restore --keys"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(options.secret_key_file));
  std::filesystem::rename(folder.File("kept"), options.secret_key_file);
  EXPECT_TRUE(OpenSqliteStore(options).ok());
}

TEST(SqliteStore, WithoutAKeyTakesNoSecretsButTakesAKeyLater) {
  const TempFolder folder;
  SqliteStoreOptions options = OptionsFor(folder.File("cluster.db"));
  options.secret_key.clear();
  {
    const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
    ASSERT_TRUE(store.ok());
    const Result<Revision> refused = (*store)->Commit({{PutSecret("s", "1")}}, 0);
    EXPECT_EQ(refused.status().code(), StatusCode::kInvalid);
    EXPECT_NE(refused.status().message().find("Secret default/s"), std::string::npos);
    EXPECT_TRUE((*store)->Commit({{PutConfigMap("a", "1")}}, 0).ok());
  }
  options.secret_key = KeyForTests();
  const Result<std::unique_ptr<Store>> store = OpenSqliteStore(options);
  ASSERT_TRUE(store.ok()) << store.status().ToString();
  EXPECT_TRUE((*store)->Commit({{PutSecret("s", "1")}}, 1).ok());
}

TEST(PayloadSealer, OpensWhatItSealedInItsContextAlone) {
  const PayloadSealer sealer = PayloadSealer::Make(KeyForTests()).value();
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, 'b')}) {
    const Result<std::string> sealed = sealer.Seal(text, "context");
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(sealer.Open(*sealed, "context").value(), text);
    EXPECT_EQ(sealer.Open(*sealed, "other").status().code(), StatusCode::kInvalid);
    EXPECT_TRUE(*sealed == sealer.Seal(text, "context").value()) << "a run repeats exactly";
    EXPECT_FALSE(*sealed == sealer.Seal(text, "other").value());
  }
}

TEST(PayloadSealer, FindsEveryChangedByte) {
  const PayloadSealer sealer = PayloadSealer::Make(KeyForTests()).value();
  const std::string sealed = sealer.Seal("some secret text", "context").value();
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(sealer.Open(changed, "context").ok()) << i;
    EXPECT_FALSE(sealer.Open(sealed.substr(0, i), "context").ok()) << i;
  }
}

TEST(SecretKey, IsMadeOnceAndKeptPrivate) {
  const TempFolder folder;
  const std::string path = folder.File("secrets.key");
  const Result<std::string> made = LoadOrCreateKeys(path);
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  EXPECT_EQ(made->size(), kSecretKeyBytes);
  EXPECT_TRUE(LoadOrCreateKeys(path).value() == *made);
  EXPECT_FALSE(LoadOrCreateKeys(folder.File("other.key")).value() == *made);
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
}

TEST(SecretKey, IsRefusedWhenOthersCanReadItOrItIsCutShort) {
  const TempFolder folder;
  const std::string path = folder.File("secrets.key");
  ASSERT_TRUE(LoadOrCreateKeys(path).ok());
  ::chmod(path.c_str(), 0640);
  EXPECT_EQ(LoadOrCreateKeys(path).status().code(), StatusCode::kInvalid);
  ::chmod(path.c_str(), 0600);
  std::filesystem::resize_file(path, 31);
  EXPECT_EQ(LoadOrCreateKeys(path).status().code(), StatusCode::kInvalid);
  EXPECT_EQ(LoadOrCreateKeys(folder.File("no/such/key")).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace reconcile
