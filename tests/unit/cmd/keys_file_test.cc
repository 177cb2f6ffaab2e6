#include "cmd/keys_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "tests/unit/cmd/temporary_folder.h"

namespace reconcile {
namespace {

void Put(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
std::string Get(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}
unsigned ModeOf(const std::string& path) {
  struct stat about {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
  return about.st_mode & 0777U;
}

class KeysFileTest : public testing::Test {
 protected:
  KeysFileTest() {
    std::filesystem::create_directories(data() + "/ca");
    Put(data() + "/secrets.key", std::string("\0k\xff", 3));
    Put(data() + "/ca/ca.key", "private");
    Put(data() + "/ca/state.json", "{}");
    Put(data() + "/cluster.db", "not a key");
    std::filesystem::create_directories(fresh());
  }
  std::string data() const { return folder_.path() + "/data"; }
  std::string fresh() const { return folder_.path() + "/fresh"; }
  std::string file() const { return folder_.path() + "/keys"; }

  const TemporaryFolder folder_;
};

TEST_F(KeysFileTest, CarriesTheKeysToAnotherHost) {
  const auto saved = WriteKeysFile(data(), file());
  ASSERT_TRUE(saved.ok()) << saved.status().ToString();
  EXPECT_EQ(*saved, (std::vector<std::string>{"ca/ca.key", "ca/state.json", "secrets.key"}));
  EXPECT_EQ(ModeOf(file()), 0600U);
  const Result<KeyFiles> read = ReadKeysFile(file());
  ASSERT_TRUE(read.ok()) << read.status().ToString();
  EXPECT_EQ(read->size(), saved->size());
  for (const auto& [path, bytes] : *read) EXPECT_EQ(bytes, Get(data() + "/" + path)) << path;
}

TEST_F(KeysFileTest, OverwritesNothing) {
  ASSERT_TRUE(WriteKeysFile(data(), file()).ok());
  EXPECT_EQ(WriteKeysFile(data(), file()).status().code(), StatusCode::kConflict);
  Put(fresh() + "/secrets.key", "another");
  EXPECT_FALSE(WriteNewFile(fresh() + "/secrets.key", "new").ok());
  EXPECT_EQ(Get(fresh() + "/secrets.key"), "another");
  ASSERT_TRUE(WriteNewFile(fresh() + "/known_hosts", "new").ok());
  EXPECT_EQ(ModeOf(fresh() + "/known_hosts"), 0600U);
}

TEST_F(KeysFileTest, RefusesWhatIsDamagedOrLeadsElsewhere) {
  ASSERT_TRUE(WriteKeysFile(data(), file()).ok());
  const std::string text = Get(file());
  for (size_t at = 0; at < text.size(); ++at) {
    std::string damaged = text;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    Put(file(), damaged);
    if (text[at] == '\n') continue;
    EXPECT_EQ(ReadKeysFile(file()).status().code(), StatusCode::kInvalid) << at;
  }
  for (const std::string path : {"ca/../../x", "/etc/x", "ca/", "ca//x", "host.key", "ca/.."}) {
    Put(file(), "{\"format\":\"reconcile keys 1\",\"files\":[{\"path\":\"" + path +
                    "\",\"base64\":\"\"}],\"sha256\":\"\"}");
    EXPECT_EQ(ReadKeysFile(file()).status().code(), StatusCode::kInvalid) << path;
  }
  EXPECT_EQ(ReadKeysFile(folder_.path() + "/none").status().code(), StatusCode::kNotFound);
}

TEST_F(KeysFileTest, SaysWhenThereAreNoKeys) {
  EXPECT_EQ(WriteKeysFile(fresh(), file()).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace reconcile
