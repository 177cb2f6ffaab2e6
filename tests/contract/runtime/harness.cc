#include "tests/contract/runtime/harness.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <utility>

#include "base/check.h"
#include "runtime/docker_runtime.h"
#include "runtime/fake_runtime.h"
#include "tests/support/dockerd_fixture.h"
#include "tests/support/real_loop.h"
#include "tests/support/virtual_loop.h"

namespace reconcile {
namespace {

FakeProgram ProgramOf(const ContainerConfig& config) {
  FakeProgram program;
  program.stop_takes_ms = -1;  // process 1 without a handler does not get the signal
  if (config.cmd == kExitsWithSeven) {
    program.exit_after_ms = 1;
    program.exit_code = 7;
  } else if (config.cmd == kPrintsAndExits) {
    program.exit_after_ms = 1;
  } else if (config.cmd == kStopsWithThree) {
    program.stop_takes_ms = 50;
    program.stop_exit_code = 3;
  } else if (config.cmd == kIsNoProgram) {
    program.start_error = "exec: \"/no/such/program\": no such file or directory";
  } else if (config.is_sandbox) {
    program.stop_takes_ms = 1;
    program.stop_exit_code = 0;
  }
  program.reads_input = config.cmd == kGivesBack;
  program.use = {1 << 20, 1, config.cmd == kWritesAndRuns ? 4'000'000 : 0};
  if (config.cmd == kPrintsAndExits) program.output = {"one\n", "two\n", "three\n"};
  if (config.cmd == kStopsWithThree) program.output = {"ready\n"};
  if (config.cmd == kPrintsAndRuns) program.output = {"one\n"};
  if (config.cmd == kPrintsMuchAndExits) {
    program.exit_after_ms = 1;
    for (size_t i = 0; i < kMuchLines; ++i) program.output.push_back(std::string(999, 'x') + "\n");
  }
  return program;
}

FakeCommand CommandOf(const ContainerConfig& /*config*/, const std::vector<std::string>& command) {
  constexpr int64_t kForEverMs = 100'000'000;
  if (command == kSaysAndFails) return {5, 3, "out\n", "err\n"};
  if (command == kTakesLong) return {kForEverMs, 0, "begun\n"};
  if (command == kSaysMuch) return {50, 0, std::string(300'000, 'x')};
  if (command == kClosesItsOutput) return {300, 4, ""};
  if (command == kGivesBack || command == kTellsSize) return {0, 0, "", "", true};
  if (command == kIsNoProgram) return {5, 127, "exec: \"/no/such/program\": no such file"};
  return {};
}

class FakeHarness final : public RuntimeHarness {
 public:
  explicit FakeHarness(bool live_restore) : engine_(&loop_, Options(live_restore)) {
    FakeImage image;
    image.present = true;
    engine_.SetImage(kTestImage, image);
    engine_.SetProgramChooser(ProgramOf);
    engine_.SetCommandChooser(CommandOf);
    runtime_ = engine_.Connect();
  }
  ContainerRuntime& runtime() override { return *runtime_; }
  EventLoop& loop() override { return loop_; }
  bool RunUntil(const std::function<bool()>& done) override { return loop_.RunUntil(done); }
  void Reconnect() override { runtime_ = engine_.Connect(); }
  void CrashEngine() override { engine_.Crash(); }
  void StartEngine() override { engine_.Start(); }
  void KillProcess(const ContainerInfo& container) override {
    CHECK(engine_.KillContainer(container.id));
  }
  void RemoveByHand(const std::string& id) override { CHECK(engine_.DestroyContainer(id)); }
  void RemoveImageByHand(const std::string& id) override { engine_.RemoveImage(id); }

 private:
  static FakeEngineOptions Options(bool live_restore) {
    FakeEngineOptions options;
    options.live_restore = live_restore;
    return options;
  }
  VirtualLoop loop_;
  FakeEngine engine_;
  std::unique_ptr<ContainerRuntime> runtime_;
};

// The program's daemons; started when a case first asks.
std::unique_ptr<TestDockerd>& Daemon(bool live_restore) {
  static std::unique_ptr<TestDockerd> daemons[2];
  return daemons[live_restore ? 1 : 0];
}

class DockerHarness final : public RuntimeHarness {
 public:
  explicit DockerHarness(TestDockerd* dockerd) : dockerd_(dockerd) { Reconnect(); }
  ~DockerHarness() override { runtime_.reset(); }
  ContainerRuntime& runtime() override { return *runtime_; }
  EventLoop& loop() override { return loop_; }
  bool RunUntil(const std::function<bool()>& done) override { return loop_.RunUntil(done); }
  void Reconnect() override {
    DockerOptions options;
    options.socket_path = dockerd_->socket_path();
    runtime_ = MakeDockerRuntime(&loop_, options);
  }
  void CrashEngine() override { dockerd_->Kill(); }
  void StartEngine() override {
    EXPECT_EQ(dockerd_->StartAgain(), OkStatus()) << dockerd_->LogTail();
  }
  void KillProcess(const ContainerInfo& container) override {
    ASSERT_GT(container.process_id, 1);
    EXPECT_EQ(kill(static_cast<pid_t>(container.process_id), SIGKILL), 0);
  }
  void RemoveByHand(const std::string& id) override {
    EXPECT_EQ(dockerd_->Request("DELETE", "/containers/" + id + "?force=1")->code, 204);
  }
  void RemoveImageByHand(const std::string& id) override {
    EXPECT_EQ(dockerd_->Request("DELETE", "/images/" + id + "?force=1")->code, 200);
  }

 private:
  TestDockerd* const dockerd_;
  RealLoop loop_;
  std::unique_ptr<ContainerRuntime> runtime_;
};

}  // namespace

std::unique_ptr<RuntimeHarness> MakeFakeHarness(bool live_restore) {
  return std::make_unique<FakeHarness>(live_restore);
}

TestDockerd* DaemonOf(bool live_restore) {
  std::unique_ptr<TestDockerd>& daemon = Daemon(live_restore);
  if (daemon == nullptr) {
    TestDockerdOptions options;
    options.live_restore = live_restore;
    Result<std::unique_ptr<TestDockerd>> started = TestDockerd::Start(options);
    if (!started.ok()) fprintf(stderr, "%s\n", started.status().message().c_str());
    CHECK(started.ok());
    daemon = std::move(started).value();
  }
  return daemon.get();
}

std::unique_ptr<RuntimeHarness> MakeDockerHarness(bool live_restore) {
  return std::make_unique<DockerHarness>(DaemonOf(live_restore));
}

void EndDaemons() {
  Daemon(true).reset();
  Daemon(false).reset();
}

Result<std::string> Blocking::Create(const ContainerConfig& config) {
  return Wait<Result<std::string>>(
      [&](auto done) { harness_->runtime().CreateContainer(config, std::move(done)); });
}
Status Blocking::Start(const std::string& id) {
  return Wait<Status>([&](auto done) { harness_->runtime().StartContainer(id, std::move(done)); });
}
Status Blocking::Stop(const std::string& id, int64_t grace_seconds) {
  return Wait<Status>(
      [&](auto done) { harness_->runtime().StopContainer(id, grace_seconds, std::move(done)); });
}
Status Blocking::Remove(const std::string& id) {
  return Wait<Status>([&](auto done) { harness_->runtime().RemoveContainer(id, std::move(done)); });
}
Result<ContainerInfo> Blocking::Inspect(const std::string& id) {
  return Wait<Result<ContainerInfo>>(
      [&](auto done) { harness_->runtime().InspectContainer(id, std::move(done)); });
}
Result<std::vector<ContainerInfo>> Blocking::List(const std::string& cluster_id) {
  return Wait<Result<std::vector<ContainerInfo>>>(
      [&](auto done) { harness_->runtime().ListContainers(cluster_id, std::move(done)); });
}
Result<ExecResult> Blocking::Exec(const std::string& id, const std::vector<std::string>& command,
                                  int64_t timeout_ms) {
  return Wait<Result<ExecResult>>(
      [&](auto done) { harness_->runtime().Exec(id, command, timeout_ms, std::move(done)); });
}

Result<ImageInfo> Blocking::InspectImage(const std::string& reference) {
  return Wait<Result<ImageInfo>>(
      [&](auto done) { harness_->runtime().InspectImage(reference, std::move(done)); });
}
Status Blocking::Pull(const std::string& reference) {
  return Wait<Status>(
      [&](auto done) { harness_->runtime().PullImage(reference, std::nullopt, std::move(done)); });
}
std::optional<HostImage> Blocking::ListedImage(const std::string& id) {
  const auto images = Wait<Result<std::vector<HostImage>>>(
      [&](auto done) { harness_->runtime().ListImages(std::move(done)); });
  CHECK(images.ok());
  for (const HostImage& image : *images) {
    if (image.id == id) return image;
  }
  return std::nullopt;
}
Status Blocking::RemoveImage(const std::string& reference) {
  return Wait<Status>(
      [&](auto done) { harness_->runtime().RemoveImage(reference, std::move(done)); });
}
Result<ContainerUse> Blocking::Measure(const std::string& id, bool with_disk) {
  return Wait<Result<ContainerUse>>(
      [&](auto done) { harness_->runtime().MeasureContainer(id, with_disk, std::move(done)); });
}
Result<std::string> Blocking::EnsurePause() {
  return Wait<Result<std::string>>(
      [&](auto done) { harness_->runtime().EnsurePauseImage(std::move(done)); });
}

Blocking::Logs Blocking::ReadLogs(const std::string& id, const LogOptions& options) {
  const auto logs = std::make_shared<Logs>();
  const auto collect = [logs](LogStream stream, std::string_view text) {
    (stream == LogStream::kOut ? logs->out : logs->error) += text;
    logs->handle.Taken(text.size());
  };
  logs->status = Wait<Status>([&](auto done) {
    logs->handle = harness_->runtime().ReadLogs(id, options, collect, std::move(done));
  });
  logs->handle = StreamHandle();
  return *logs;
}

std::optional<ContainerInfo> Blocking::Until(const std::string& id, ContainerRunState state) {
  constexpr int kLooks = 50'000;
  for (int i = 0; i < kLooks; ++i) {
    const Result<ContainerInfo> info = Inspect(id);
    if (!info.ok()) return std::nullopt;
    if (info->state == state) return *info;
  }
  return std::nullopt;
}

ContainerConfig TestContainer(const std::string& cluster_id, const std::string& name,
                              const std::vector<std::string>& cmd) {
  ContainerConfig config;
  config.name = cluster_id + "-" + name;
  config.image = kTestImage;
  config.cmd = cmd;
  config.labels[std::string(kLabelCluster)] = cluster_id;
  return config;
}

}  // namespace reconcile
