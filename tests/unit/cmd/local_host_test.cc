#include "cmd/local_host.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/subprocess.h"

namespace reconcile {
namespace {

class ResolvConfTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "resolv-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
  }
  std::string Read() const {
    return ReadResolvConf((folder_ / "own").string(), (folder_ / "systemd").string());
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(ResolvConfTest, IsTheHostsOwn) {
  Write("own", "nameserver 192.0.2.53\nsearch lan\n");
  Write("systemd", "nameserver 192.0.2.54\n");
  EXPECT_EQ(Read(), "nameserver 192.0.2.53\nsearch lan\n");
}

TEST_F(ResolvConfTest, IsTheUpstreamOfSystemdsStub) {
  Write("own", "nameserver 127.0.0.53\noptions edns0\n");
  Write("systemd", "nameserver 192.0.2.54\n");
  EXPECT_EQ(Read(), "nameserver 192.0.2.54\n");
}

TEST_F(ResolvConfTest, IsWhatThereIsWhenNothingIsBetter) {
  EXPECT_EQ(Read(), "");
  Write("own", "nameserver 127.0.0.1\n");
  EXPECT_EQ(Read(), "nameserver 127.0.0.1\n");
  Write("systemd", "nameserver 127.0.0.53\n");
  EXPECT_EQ(Read(), "nameserver 127.0.0.1\n");
}

std::string OwnOomScore() {
  std::ifstream file("/proc/self/oom_score_adj");
  std::string score;
  file >> score;
  return score;
}

TEST(OomKiller, SparesThisProcessWhereItMayAndNoneThatItStarts) {
  const std::string before = OwnOomScore();
  const bool may = ProtectFromOomKiller();  // false without CAP_SYS_RESOURCE: then nothing changes
  EXPECT_EQ(OwnOomScore(), may ? "-999" : before);
  SubprocessOptions options;
  options.command = {"cat", "/proc/self/oom_score_adj"};
  const Result<SubprocessOutput> output = RunSubprocess(options);
  ASSERT_TRUE(output.ok()) << output.status().ToString();
  EXPECT_EQ(output->out, (may ? "0" : before) + "\n");
  std::ofstream("/proc/self/oom_score_adj") << before;
}

TEST(HostUse, IsWhatTheKernelSays) {
  const HostUse use = HostUseOf(
      "MemTotal:       24650752 kB\nMemFree:         5263908 kB\nMemAvailable:   23068672 kB\n",
      "0.20 0.18 0.12 1/811 11206", "4194304", "192541");
  EXPECT_EQ(use, (HostUse{24650752LL * 1024, 23068672LL * 1024, 192'541, 811}));
}

TEST(HostUse, WhatCannotBeReadIsNotKnown) {
  EXPECT_EQ(HostUseOf("", "", "", ""), HostUse());
  EXPECT_EQ(HostUseOf("MemTotal: much kB\nnoise", "0.1 0.1", "x", "1"), HostUse());
}

TEST(HostUse, OfThisHostIsThere) {
  const HostUse use = ReadHostUse();
  EXPECT_GT(use.memory_bytes, use.memory_available_bytes);
  EXPECT_GT(use.memory_available_bytes, 0);
  EXPECT_GT(use.max_processes, use.processes);
  EXPECT_GT(use.processes, 0);
}

}  // namespace
}  // namespace reconcile
