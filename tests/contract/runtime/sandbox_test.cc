// What a sandbox is on a real engine: its network, its privileges, and what joins it.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "base/value.h"
#include "tests/contract/runtime/harness.h"

namespace reconcile {
namespace {

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
  ContainerInfo RunBare(const std::string& name) {
    ContainerConfig config = PauseConfig(name);
    config.network_start = NetworkStart::kBare;
    return Run(config);
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

TEST_F(Sandbox, HasANetworkOfItsOwnAndNoPrivilege) {
  for (const NetworkStart start : {NetworkStart::kBare, NetworkStart::kEngines}) {
    ContainerConfig config = PauseConfig(start == NetworkStart::kBare ? "bare" : "engines");
    config.network_start = start;
    const ContainerInfo sandbox = Run(config);
    const std::string process = std::to_string(sandbox.process_id);
    EXPECT_NE(NetworkOf(process), NetworkOf("self"));
    EXPECT_NE(NetworkOf(process), NetworkOf(std::to_string(DaemonOf(true)->process_id())));
    const std::string status = ReadAll("/proc/" + process + "/status");
    for (const char* line :
         {"CapInh:\t0000000000000000\n", "CapPrm:\t0000000000000000\n",
          "CapEff:\t0000000000000000\n", "CapBnd:\t0000000000000000\n",
          "CapAmb:\t0000000000000000\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n",
          "Uid:\t65535\t65535\t65535\t65535\n", "Gid:\t65535\t65535\t65535\t65535\n"}) {
      EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
    }
    EXPECT_EQ(blocking_.Stop(sandbox.id, 20), OkStatus());
    EXPECT_EQ(blocking_.Inspect(sandbox.id)->exit_code, 0) << "it heard the signal";
  }
}

TEST_F(Sandbox, GivesAwayItsHostnameAndItsNetworkAlone) {
  const ContainerInfo sandbox = RunBare("shows");
  EXPECT_EQ(OutputOf(sandbox.id, "joins",
                     "hostname; ls /sys/class/net; tail -n +3 /proc/net/dev | cut -d: -f1; "
                     "cat /sys/class/net/lo/flags; tail -n +2 /proc/net/route | wc -l"),
            "pod-name\nlo\n    lo\n0x9\n0\n")
      << "lo is up";
}

TEST_F(Sandbox, IsWhereACommandThatIsExecutedInAJoinedContainerRuns) {
  const ContainerInfo sandbox = RunBare("exec");
  ContainerConfig config = TestContainer("sandboxes", "joined", {"sleep", "1000"});
  config.network_container = sandbox.id;
  const ContainerInfo joined = Run(config);
  EXPECT_EQ(NetworkOf(std::to_string(joined.process_id)),
            NetworkOf(std::to_string(sandbox.process_id)));
  const auto made = DaemonOf(true)->Request(
      "POST", "/containers/" + joined.id + "/exec", "application/json",
      R"({"AttachStdout":true,"Tty":true,"Cmd":["sh","-c","hostname; readlink /proc/self/ns/net"]})");
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  const auto id = ParseJson(made->body);
  ASSERT_TRUE(id.ok()) << made->body;
  const auto said = DaemonOf(true)->Request("POST", "/exec/" + id->GetString("Id") + "/start",
                                            "application/json", R"({"Tty":true})");
  ASSERT_TRUE(said.ok()) << said.status().ToString();
  EXPECT_EQ(said->body, "pod-name\r\nnet:[" +
                            std::to_string(NetworkOf(std::to_string(sandbox.process_id))) +
                            "]\r\n");
}

}  // namespace
}  // namespace reconcile
