#include "agent/use_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/kernel_text.h"

namespace reconcile {
namespace {

constexpr char kId[] = "4f1e0aa7c0de";

// A host as its kernel's files show it.
class UseReaderTest : public testing::Test {
 protected:
  UseReaderTest() {
    std::string name = testing::TempDir() + "use-XXXXXX";
    root_ = ::mkdtemp(name.data());
    Write("/proc/stat", "cpu  1000 20 300 90000 50 6 7 8 900 10\ncpu0 1 2 3\n");
    Write("/proc/meminfo",
          "MemTotal:  1000 kB\nMemFree:  300 kB\nInactive:  600 kB\nInactive(file):  200 kB\n");
    Write("/proc/net/route", "Iface\tDestination\tGateway\neth9\t0000A8C0\t0\neth1\t00000000\t1\n");
    Write("/proc/net/dev",
          "Inter-| Receive | Transmit\n face |bytes packets\n"
          "    lo: 9999 1 0 0 0 0 0 0 9999 1 0 0 0 0 0 0\n"
          "  eth1: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0\n"
          "veth77: 5000 1 0 0 0 0 0 0 6000 1 0 0 0 0 0 0\n");
    Write("/proc/7/net/dev",
          "  lo: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0\neth0:70 1 0 0 0 0 0 0 80 1 0 0 0 0 0 0\n");
    Link("/proc/self/ns/net", "net:[1]");
    Link("/proc/7/ns/net", "net:[2]");
  }
  ~UseReaderTest() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  void Link(const std::string& path, const std::string& target) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::filesystem::remove(root_ + path);
    std::filesystem::create_symlink(target, root_ + path);
  }
  void MakeV2() {
    Write("/proc/thread-self/mountinfo",
          "30 20 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n");
    const std::string group = std::string("/system.slice/docker-") + kId + ".scope";
    Write("/proc/7/cgroup", "0::" + group + "\n");
    Write("/sys/fs/cgroup" + group + "/memory.current", "1048576\n");
    Write("/sys/fs/cgroup" + group + "/memory.stat",
          "anon 500\nfile 9\ninactive_file 48576\ninactive_file_other 7\n");
    Write("/sys/fs/cgroup" + group + "/cpu.stat", "usage_usec 1234567\nuser_usec 1\n");
  }
  void MakeV1() {
    Write("/proc/thread-self/mountinfo",
          "30 20 0:26 / /run/copy/memory rw - cgroup cgroup rw,memory\n"
          "31 20 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
          "32 20 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
          "33 20 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    const std::string group = std::string("/docker/") + kId;
    Write("/proc/7/cgroup", "9:memory:" + group + "\n8:cpu,cpuacct:" + group + "\n0::/\n");
    Write("/sys/fs/cgroup/memory" + group + "/memory.usage_in_bytes", "1048576\n");
    Write("/sys/fs/cgroup/memory" + group + "/memory.stat",
          "inactive_file 1\ntotal_inactive_file 48576\n");
    Write("/sys/fs/cgroup/cpu,cpuacct" + group + "/cpuacct.usage", "1234567890\n");
  }
  std::map<std::string, ContainerCounters> Containers() {
    return UseReader(root_).Read({{kId, 7, true}}).containers;
  }

  std::string root_;
};

TEST_F(UseReaderTest, ReadsTheHost) {
  const UseCounters counters = UseReader(root_).Read({});
  EXPECT_GT(counters.at_us, 0);
  const int64_t ticks = 1000 + 20 + 300 + 6 + 7 + 8;  // neither idle nor waiting
  EXPECT_EQ(counters.cpu_us, ticks * 1'000'000 / ::sysconf(_SC_CLK_TCK));
  EXPECT_EQ(counters.memory_bytes, 500 * 1024);
  EXPECT_EQ(counters.network, (NetworkBytes{1000, 2000})) << "the interface that leads out, alone";
}

TEST_F(UseReaderTest, ReadsVersionTwo) {
  MakeV2();
  const auto containers = Containers();
  ASSERT_EQ(containers.count(kId), 1U);
  EXPECT_EQ(containers.at(kId), (ContainerCounters{1'234'567, 1'000'000, NetworkBytes{70, 80}}));
}

TEST_F(UseReaderTest, ReadsVersionOneBesideAnUnusedVersionTwo) {
  MakeV1();
  const auto containers = Containers();
  ASSERT_EQ(containers.count(kId), 1U);
  EXPECT_EQ(containers.at(kId), (ContainerCounters{1'234'567, 1'000'000, NetworkBytes{70, 80}}));
}

TEST_F(UseReaderTest, HasNoNetworkOfAContainerThatHasTheHosts) {
  MakeV2();
  Link("/proc/7/ns/net", "net:[1]");
  EXPECT_EQ(Containers().at(kId).network, std::nullopt);
}

TEST_F(UseReaderTest, LeavesOutWhatIsNoContainerOfThatId) {
  MakeV2();
  Write("/proc/7/cgroup", "0::/user.slice/somebody\n");  // its number is another's by now
  EXPECT_TRUE(Containers().empty());
  MakeV2();
  std::filesystem::remove_all(root_ + "/sys/fs/cgroup/system.slice");  // it ended
  EXPECT_TRUE(Containers().empty());
}

TEST_F(UseReaderTest, FindsAContainerThatCameLater) {
  MakeV2();
  Write("/proc/7/cgroup", "");
  UseReader reader(root_);
  EXPECT_TRUE(reader.Read({{kId, 7, true}}).containers.empty());
  MakeV2();
  EXPECT_EQ(reader.Read({{kId, 7, true}}).containers.size(), 1U);
}

TEST(KernelText, TakesAwayTheRootThatAMountShows) {
  const CgroupMounts mounts =
      ParseCgroupMounts("30 20 0:26 /outer /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(ParseCgroups("0::/outer/docker/ab\n", mounts).memory, "/sys/fs/cgroup/docker/ab");
}

TEST(KernelText, IsNothingWhereTheFilesSayNothing) {
  EXPECT_EQ(ParseBusyTime("", 100), std::nullopt);
  EXPECT_EQ(ParseBusyTime("cpu 1 2 3\n", 100), std::nullopt);
  EXPECT_EQ(ParseHostMemory("MemFree: 5 kB\n"), std::nullopt);
  EXPECT_EQ(ParseNetworkBytes("eth0: 5 6\n", ""), NetworkBytes());
  EXPECT_EQ(NumberNamed("usage_usec x\n", "usage_usec"), std::nullopt);
  EXPECT_EQ(NumberNamed("usage_usec_more 4\nusage_usec 5", "usage_usec"), 5);
  EXPECT_EQ(DefaultInterfaceIn("eth0 0000A8C0 0\n"), "");
  EXPECT_TRUE(ParseCgroups("no such thing", ParseCgroupMounts("nor such")).memory.empty());
}

}  // namespace
}  // namespace reconcile
