// What the processes of a container are and may do on a real engine.
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "base/value.h"
#include "tests/contract/runtime/harness.h"

namespace reconcile {
namespace {

// The name of one of this process's namespaces: "pid:[4026531836]".
std::string HostsNamespace(const std::string& kind) {
  char text[64] = {};
  EXPECT_GT(::readlink(("/proc/self/ns/" + kind).c_str(), text, sizeof(text) - 1), 0) << kind;
  return text;
}

class Rights : public testing::Test {
 protected:
  Rights() : harness_(MakeDockerHarness(true)), blocking_(harness_.get()) {}

  ~Rights() override {
    const auto containers = blocking_.List("rights");
    EXPECT_TRUE(containers.ok()) << containers.status().ToString();
    if (!containers.ok()) return;
    for (const ContainerInfo& container : *containers) {
      EXPECT_EQ(blocking_.Remove(container.id), OkStatus());
    }
  }

  ContainerConfig Config(const std::string& script) {
    return TestContainer("rights", "c" + std::to_string(++count_), {"sh", "-c", script});
  }
  std::string Create(const ContainerConfig& config) {
    const auto id = blocking_.Create(config);
    EXPECT_TRUE(id.ok()) << id.status().ToString();
    return id.ok() ? *id : "none";
  }
  std::string Start(const ContainerConfig& config) {
    const std::string id = Create(config);
    const Status started = blocking_.Start(id);
    EXPECT_TRUE(started.ok()) << started.ToString();
    return id;
  }
  // What the container prints until it ends.
  std::string Printed(const ContainerConfig& config) {
    const std::string id = Start(config);
    EXPECT_TRUE(blocking_.Until(id, ContainerRunState::kExited).has_value());
    return blocking_.ReadLogs(id, {}).out;
  }

 private:
  std::unique_ptr<RuntimeHarness> harness_;
  Blocking blocking_;
  int count_ = 0;
};

TEST_F(Rights, UserGroupsRootAndSysctlsAreThoseAskedFor) {
  ContainerConfig config = Config(
      "id -u; id -g; id -G; grep NoNewPrivs: /proc/self/status; "
      "(touch /tmp-file) 2>/dev/null || echo read-only; cat /proc/sys/net/core/somaxconn");
  config.rights.user = "1000:2000";
  config.rights.groups = {"3000"};
  config.rights.read_only_root = true;
  config.rights.security_options = {"no-new-privileges"};
  config.sysctls = {{"net.core.somaxconn", "99"}};
  for (const NetworkStart start : {NetworkStart::kEngines, NetworkStart::kBare}) {
    config.network_start = start;
    config.name += "x";
    EXPECT_EQ(Printed(config), "1000\n2000\n2000 3000\nNoNewPrivs:\t1\nread-only\n99\n");
  }
}

TEST_F(Rights, AFilterOfTheHostsAndAnUnmaskedProcAreThoseAskedFor) {
  ContainerConfig config = Config("mkdir /made || echo filtered; grep -c ' /proc/' /proc/mounts");
  config.rights.security_options = {R"(seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)"
                                    R"({"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]})"};
  const std::string masked = Printed(config);
  EXPECT_TRUE(masked.starts_with("filtered\n")) << masked;
  EXPECT_NE(masked, "filtered\n0\n") << "the engine covers parts of /proc";
  config.name += "x";
  config.rights.proc_unmasked = true;
  EXPECT_EQ(Printed(config), "filtered\n0\n");
}

TEST_F(Rights, CapabilitiesAndTheFilterOfSystemCallsAreThoseAskedFor) {
  const std::string script = "grep -E '^(CapEff|Seccomp):' /proc/self/status";
  EXPECT_NE(Printed(Config(script)).find("Seccomp:\t2\n"), std::string::npos) << "the engine's";
  ContainerConfig config = Config(script);
  config.rights.capabilities_added = {"CHOWN"};
  config.rights.capabilities_dropped = {"ALL"};
  config.rights.security_options = {"seccomp=unconfined"};
  EXPECT_EQ(Printed(config), "CapEff:\t0000000000000001\nSeccomp:\t0\n");
}

// Not started: a machine that lacks a capability itself, as a container does, starts none.
TEST_F(Rights, APrivilegedContainerIsMadeAsOne) {
  ContainerConfig config = Config("true");
  config.rights.privileged = true;
  const std::string id = Create(config);
  const auto reply = DaemonOf(true)->Request("GET", "/containers/" + id + "/json");
  ASSERT_TRUE(reply.ok());
  const Result<Value> container = ParseJson(reply->body);
  ASSERT_TRUE(container.ok()) << container.status().ToString();
  EXPECT_TRUE(container->Find("HostConfig")->GetBool("Privileged"));
}

TEST_F(Rights, ProcessesAndMemoryAreTheHostsWhereAskedFor) {
  ContainerConfig config = Config("readlink /proc/self/ns/pid; readlink /proc/self/ns/ipc");
  const std::string hosts = HostsNamespace("pid") + "\n" + HostsNamespace("ipc") + "\n";
  EXPECT_NE(Printed(config), hosts);
  config.name += "-host";
  config.process_view = ProcessView::kHosts;
  config.host_ipc = true;
  EXPECT_EQ(Printed(config), hosts);
}

TEST_F(Rights, SharedProcessesAreThoseOfTheSandbox) {
  ContainerConfig sandbox = TestContainer("rights", "sandbox", kRunsForever);
  sandbox.is_sandbox = true;
  const std::string id = Start(sandbox);
  ContainerConfig config =
      Config("cat /proc/1/comm; echo $$ | grep -v '^1$' > /dev/null && echo other");
  config.network_container = id;
  config.process_view = ProcessView::kNetworkContainers;
  EXPECT_EQ(Printed(config), "sleep\nother\n");
}

}  // namespace
}  // namespace reconcile
