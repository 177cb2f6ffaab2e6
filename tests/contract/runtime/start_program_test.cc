// The program that waits for a pod's network in its only container, on a real engine.
#include "runtime/start_program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "base/subprocess.h"
#include "tests/contract/runtime/harness.h"

namespace reconcile {
namespace {

class StartProgramTest : public testing::Test {
 protected:
  StartProgramTest() : harness_(MakeDockerHarness(true)), blocking_(harness_.get()) {
    path_ = DaemonOf(true)->folder() + "/start";
    std::ofstream(path_) << StartProgram();
    EXPECT_EQ(::chmod(path_.c_str(), 0755), 0);
  }
  ~StartProgramTest() override {
    const auto containers = blocking_.List("alone");
    EXPECT_TRUE(containers.ok()) << containers.status().ToString();
    if (!containers.ok()) return;
    for (const ContainerInfo& container : *containers) {
      EXPECT_EQ(blocking_.Remove(container.id), OkStatus());
    }
  }

  ContainerConfig Config(const std::string& name, const std::vector<std::string>& command) {
    ContainerConfig config = TestContainer("alone", name, command);
    config.entrypoint = {std::string(kStartProgramPath)};
    config.binds = {{path_, std::string(kStartProgramPath), true}};
    config.hostname = "pod-name";
    config.network_start = NetworkStart::kBare;
    return config;
  }
  ContainerInfo Run(const ContainerConfig& config) {
    const auto id = blocking_.Create(config);
    EXPECT_TRUE(id.ok()) << id.status().ToString();
    if (!id.ok()) return {};
    return Start(*id);
  }
  ContainerInfo Start(const std::string& id) {
    EXPECT_EQ(blocking_.Start(id), OkStatus());
    const auto info = blocking_.Inspect(id);
    EXPECT_TRUE(info.ok()) << info.status().ToString();
    return info.ok() ? *info : ContainerInfo();
  }
  // `ip -batch` in the container's network namespace.
  static void Ip(const ContainerInfo& container, const std::string& batch) {
    SubprocessOptions options;
    options.command = {"nsenter", "--net=/proc/" + std::to_string(container.process_id) + "/ns/net",
                       "--",      "ip",
                       "-batch",  "-"};
    options.standard_input = batch;
    const auto output = RunSubprocess(options);
    ASSERT_TRUE(output.ok()) << output.status().ToString();
    EXPECT_EQ(output->exit_code, 0) << output->error;
  }
  static void Attach(const ContainerInfo& container) {
    Ip(container,
       "link add name eth0 type veth peer name peer0\nlink set dev peer0 up\n"
       "link set dev eth0 up\n");
  }
  ContainerInfo RunToItsEnd(const ContainerConfig& config) {
    const ContainerInfo started = Run(config);
    Attach(started);
    const auto ended = blocking_.Until(started.id, ContainerRunState::kExited);
    EXPECT_TRUE(ended.has_value());
    return ended.value_or(ContainerInfo());
  }
  // The program's name in /proc, which is the file's that it was executed from.
  bool Becomes(const ContainerInfo& container, const std::string& name) {
    return harness_->RunUntil([&] {
      std::ifstream file("/proc/" + std::to_string(container.process_id) + "/comm");
      std::string comm;
      std::getline(file, comm);
      return comm == name;
    });
  }

  // It has gone to sleep that much oftener than now.
  bool Sleeps(const ContainerInfo& container, int64_t times) {
    const int64_t before = SleepsOf(container);
    return harness_->RunUntil([&] { return SleepsOf(container) >= before + times; });
  }
  static int64_t SleepsOf(const ContainerInfo& container) {
    std::ifstream file("/proc/" + std::to_string(container.process_id) + "/status");
    for (std::string line; std::getline(file, line);) {
      constexpr std::string_view kName = "voluntary_ctxt_switches:";
      if (line.starts_with(kName)) return std::stoll(line.substr(kName.size()));
    }
    return 0;
  }

  std::string path_;
  std::unique_ptr<RuntimeHarness> harness_;
  Blocking blocking_;
};

TEST_F(StartProgramTest, WaitsUntilTheNetworkIsThere) {
  const ContainerInfo container =
      Run(Config("waits", {"sh", "-c", "echo ran; while :; do sleep 0.2; done"}));
  EXPECT_TRUE(Becomes(container, "start"));
  Ip(container, "link add name eth0 mode dormant type veth peer name peer0\n");
  Ip(container, "link set dev peer0 up\nlink set dev eth0 up\n");
  EXPECT_TRUE(Sleeps(container, 2)) << "so often it has looked at it";
  EXPECT_TRUE(Becomes(container, "start")) << "up and dormant is not running";
  EXPECT_EQ(blocking_.ReadLogs(container.id, {}).out, "");
  Ip(container, "link set dev eth0 mode default state up\n");
  EXPECT_TRUE(Becomes(container, "sh"));
  EXPECT_TRUE(
      harness_->RunUntil([&] { return blocking_.ReadLogs(container.id, {}).out == "ran\n"; }));
}

// Runs a script in a network namespace of its own; `$START` is the program, which is not process 1
// here, so that no signal is kept from it.
std::string InANamespace(const std::string& start, const std::string& script) {
  SubprocessOptions options;
  options.command = {"unshare", "--net", "--", "sh", "-c", "START=" + start + "\n" + script};
  options.timeout_ms = 60'000;
  const auto output = RunSubprocess(options);
  EXPECT_TRUE(output.ok()) << output.status().ToString();
  return output.ok() ? output->out + output->error : "";
}

// Each change is told to it by a signal that would end the command.
TEST_F(StartProgramTest, NoNewsOfDevicesReachesTheCommand) {
  const std::string said = InANamespace(path_, R"sh(
    ip link add other0 type bridge
    ip link add eth0 type veth peer name peer0
    ip link set dev peer0 up
    changes="link set dev eth0 up"
    for i in 1 2 3 4 5 6 7 8; do
      changes="$changes\nlink set dev other0 alias $i"
    done
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      $START true &
      until grep -q 'voluntary_ctxt_switches:.[1-9]' /proc/$!/status; do :; done
      printf "$changes\n" | ip -batch -
      wait $! || echo "ended with $?"
      ip link set dev eth0 down
    done
    echo ran)sh");
  EXPECT_EQ(said, "ran\n");
}

// It would look twice a second without being told.
TEST_F(StartProgramTest, LooksWhenItIsToldOfAChange) {
  const std::string said = InANamespace(path_, R"sh(
    $START true &
    waits=$!
    looks() { sed -n 's/^voluntary_ctxt_switches:.//p' /proc/$waits/status; }
    now() { cut -d' ' -f1 /proc/uptime | tr -d .; }
    until [ "$(looks)" -ge 1 ]; do :; done
    ip link add other0 type bridge
    before=$(looks) began=$(now)
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      ip link set dev other0 up
      ip link set dev other0 down
    done
    after=$(looks) untold=$(( ($(now) - began) / 50 + 1 ))
    [ $((after - before)) -ge $((untold + 10)) ] && echo told
    kill $waits
    wait $waits)sh");
  EXPECT_EQ(said, "told\n");
}

TEST_F(StartProgramTest, BecomesTheCommandWithItsEnvironmentAndArguments) {
  ContainerConfig config = Config(
      "becomes", {"sh", "-c", "echo $$ $GREETING $0 \"$1\" $(hostname); pwd", "zero", "a b"});
  config.env = {"GREETING=hello", "PATH=/nowhere:/bin"};
  config.working_dir = "/etc";
  const ContainerInfo ended = RunToItsEnd(config);
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(blocking_.ReadLogs(ended.id, {}).out, "1 hello zero a b pod-name\n/etc\n");
}

TEST_F(StartProgramTest, SaysLikeDockerWhatCannotBeRun) {
  const auto run = [&](const std::string& name, const std::vector<std::string>& command) {
    const ContainerInfo ended = RunToItsEnd(Config(name, command));
    return std::to_string(ended.exit_code) + " " + blocking_.ReadLogs(ended.id, {}).error;
  };
  EXPECT_EQ(run("unfound", {"no-such"}),
            "127 exec: \"no-such\": executable file not found in $PATH\n");
  EXPECT_EQ(run("absent", {"/no/such", "x"}),
            "127 exec: \"/no/such\": no such file or directory\n");
  EXPECT_EQ(run("folder", {"/etc"}), "126 exec: \"/etc\": permission denied\n");
  EXPECT_EQ(run("text", {"/proc/version"}), "126 exec: \"/proc/version\": permission denied\n");
}

TEST_F(StartProgramTest, PassesSignalsToTheCommandAsProcessOne) {
  const ContainerInfo container = Run(Config("signals", kStopsWithThree));
  Attach(container);
  EXPECT_TRUE(
      harness_->RunUntil([&] { return blocking_.ReadLogs(container.id, {}).out == "ready\n"; }));
  EXPECT_EQ(blocking_.Stop(container.id, 20), OkStatus());
  EXPECT_EQ(blocking_.Inspect(container.id)->exit_code, 3);
}

TEST_F(StartProgramTest, EndsWithTheSignalThatWebServersAreStoppedWith) {
  const ContainerInfo container = Run(Config("resized", kRunsForever));
  EXPECT_TRUE(Becomes(container, "start"));
  ASSERT_EQ(kill(static_cast<pid_t>(container.process_id), SIGWINCH), 0);
  const auto ended = blocking_.Until(container.id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->exit_code, 128 + SIGWINCH);
}

TEST_F(StartProgramTest, EndsWithItsSignalWhileItWaits) {
  const ContainerInfo container = Run(Config("stopped", kRunsForever));
  EXPECT_TRUE(Becomes(container, "start"));
  EXPECT_EQ(blocking_.Stop(container.id, 20), OkStatus());
  EXPECT_EQ(blocking_.Inspect(container.id)->exit_code, 143);
}

TEST_F(StartProgramTest, NeedsNoPrivilegeAndNoWritableRoot) {
  const auto made = DaemonOf(true)->Request(
      "POST", "/containers/create?name=alone-confined", "application/json",
      R"({"Image":")" + std::string(kTestImage) + R"(","Entrypoint":["/.reconcile/start"],)" +
          R"("Cmd":["sh","-c","id -u; touch /x || echo read-only"],"User":"1234:1234",)" +
          R"("NetworkDisabled":true,"Labels":{"dev.reconcile.cluster":"alone"},)" +
          R"("HostConfig":{"NetworkMode":"none","ReadonlyRootfs":true,"CapDrop":["ALL"],)" +
          R"("SecurityOpt":["no-new-privileges"],"Mounts":[{"Type":"bind","Source":")" + path_ +
          R"(","Target":"/.reconcile/start","ReadOnly":true}]}})");
  ASSERT_TRUE(made.ok()) << made.status().ToString();
  ASSERT_EQ(made->code, 201) << made->body;
  const ContainerInfo container = Start("alone-confined");
  Attach(container);
  const auto ended = blocking_.Until(container.id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(blocking_.ReadLogs(container.id, {}).out, "1234\nread-only\n");
}

TEST_F(StartProgramTest, WaitsAgainAfterARestartByHand) {
  const ContainerInfo first =
      Run(Config("again", {"sh", "-c", "echo ran; while :; do sleep 0.2; done"}));
  Attach(first);
  EXPECT_TRUE(Becomes(first, "sh"));
  EXPECT_EQ(DaemonOf(true)->Request("POST", "/containers/" + first.id + "/restart?t=0")->code, 204);
  const auto again = blocking_.Inspect(first.id);
  ASSERT_TRUE(again.ok());
  EXPECT_NE(again->process_id, first.process_id);
  EXPECT_TRUE(Becomes(*again, "start"));
  Attach(*again);
  EXPECT_TRUE(Becomes(*again, "sh"));
}

}  // namespace
}  // namespace reconcile
