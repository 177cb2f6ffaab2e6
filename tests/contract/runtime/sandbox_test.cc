// What a sandbox is on a real engine: its network, its privileges, and what joins it.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/subprocess.h"
#include "runtime/image_archive.h"
#include "tests/contract/runtime/harness.h"

namespace reconcile {
namespace {

constexpr uint32_t kNobody = 65'534;

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

ino_t NetworkOf(const std::string& process) {
  struct stat info = {};
  EXPECT_EQ(::stat(("/proc/" + process + "/ns/net").c_str(), &info), 0) << process;
  return info.st_ino;
}

class Sandbox : public testing::Test {
 protected:
  Sandbox() : harness_(MakeDockerHarness(true)), blocking_(harness_.get()) {}

  ~Sandbox() override {
    const auto containers = blocking_.List("sandboxes");
    EXPECT_TRUE(containers.ok()) << containers.status().ToString();
    if (!containers.ok()) return;
    for (const ContainerInfo& container : *containers) {
      EXPECT_EQ(blocking_.Remove(container.id), OkStatus());
    }
  }

  ContainerConfig PauseConfig(const std::string& name) {
    const auto image = blocking_.EnsurePause();
    EXPECT_TRUE(image.ok()) << image.status().ToString();
    ContainerConfig config = TestContainer("sandboxes", name, {});
    config.image = image.ok() ? *image : "none";
    config.hostname = "pod-name";
    config.is_sandbox = true;
    return config;
  }
  ContainerInfo Run(const ContainerConfig& config) {
    const auto id = blocking_.Create(config);
    EXPECT_TRUE(id.ok()) << id.status().ToString();
    if (!id.ok()) return {};
    EXPECT_EQ(blocking_.Start(*id), OkStatus());
    const auto info = blocking_.Inspect(*id);
    EXPECT_TRUE(info.ok()) << info.status().ToString();
    return info.ok() ? *info : ContainerInfo();
  }
  // A sandbox that has come to rest: it has no user of the host's any more.
  ContainerInfo RunLeaving(const std::string& name) {
    ContainerConfig config = PauseConfig(name);
    config.network_start = NetworkStart::kLeavesHosts;
    const ContainerInfo sandbox = Run(config);
    const std::string status = "/proc/" + std::to_string(sandbox.process_id) + "/status";
    EXPECT_TRUE(harness_->RunUntil([&] {
      return ReadAll(status).find("Uid:\t65535\t65535\t65535\t65535\n") != std::string::npos;
    })) << ReadAll(status);
    return sandbox;
  }
  std::string OutputOf(const std::string& sandbox_id, const std::string& name,
                       const std::string& script) {
    ContainerConfig config = TestContainer("sandboxes", name, {"sh", "-c", script});
    config.network_container = sandbox_id;
    const ContainerInfo info = Run(config);
    EXPECT_TRUE(blocking_.Until(info.id, ContainerRunState::kExited).has_value());
    return blocking_.ReadLogs(info.id, {}).out;
  }

  std::unique_ptr<RuntimeHarness> harness_;
  Blocking blocking_;
};

TEST_F(Sandbox, LeavesTheHostsNetworkAndKeepsNoPrivilege) {
  const ContainerInfo sandbox = RunLeaving("leaves");
  const std::string process = std::to_string(sandbox.process_id);
  EXPECT_NE(NetworkOf(process), NetworkOf("self"));
  EXPECT_NE(NetworkOf(process), NetworkOf(std::to_string(DaemonOf(true)->process_id())));
  const std::string status = ReadAll("/proc/" + process + "/status");
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_NE(status.find(std::string(set) + ":\t0000000000000000\n"), std::string::npos)
        << set << "\n"
        << status;
  }
  for (const char* line : {"NoNewPrivs:\t1\n", "Gid:\t65535\t65535\t65535\t65535\n", "Groups:\t \n",
                           "Seccomp:\t2\n"}) {
    EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
  }
  EXPECT_EQ(blocking_.Stop(sandbox.id, 20), OkStatus());
  EXPECT_EQ(blocking_.Inspect(sandbox.id)->exit_code, 0) << "it heard the signal";
}

TEST_F(Sandbox, ShowsWhatJoinsItNothingOfTheHosts) {
  const ContainerInfo sandbox = RunLeaving("shows");
  EXPECT_EQ(OutputOf(sandbox.id, "joins",
                     "hostname; ls /sys/class/net; tail -n +3 /proc/net/dev | cut -d: -f1; "
                     "tail -n +2 /proc/net/route | wc -l"),
            "pod-name\nlo\n    lo\n0\n");
}

TEST_F(Sandbox, OfTheEnginesOwnNamespaceHasNoPrivilegeEither) {
  const ContainerInfo sandbox = Run(PauseConfig("engines"));
  const std::string process = std::to_string(sandbox.process_id);
  EXPECT_NE(NetworkOf(process), NetworkOf("self"));
  const std::string status = ReadAll("/proc/" + process + "/status");
  EXPECT_NE(status.find("CapBnd:\t0000000000000000\n"), std::string::npos) << status;
  EXPECT_NE(status.find("Uid:\t65535\t65535\t65535\t65535\n"), std::string::npos) << status;
}

TEST_F(Sandbox, ProgramEndsRatherThanStayInTheHostsNetwork) {
  const std::string path = DaemonOf(true)->folder() + "/pause";
  std::ofstream(path) << PauseProgram();
  ASSERT_EQ(::chmod(path.c_str(), 0755), 0);
  SubprocessOptions options;
  options.command = {path, "unshare"};
  options.user_id = kNobody;  // who may not make a namespace
  options.group_id = kNobody;
  const auto refused = RunSubprocess(options);
  ASSERT_TRUE(refused.ok()) << refused.status().ToString();
  EXPECT_EQ(refused->exit_code, kPauseNoNamespace);
  options.command = {path, "anything else"};
  const auto unknown = RunSubprocess(options);
  ASSERT_TRUE(unknown.ok()) << unknown.status().ToString();
  EXPECT_EQ(unknown->exit_code, 64);
}

}  // namespace
}  // namespace reconcile
