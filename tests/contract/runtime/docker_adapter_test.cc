// What only the real engine can show of the Docker adapter.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/value.h"
#include "runtime/docker_runtime.h"
#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

class DockerAdapter : public ::testing::Test {
 protected:
  void SetUp() override {
    harness_ = MakeDockerHarness(true);
    blocking_ = std::make_unique<Blocking>(harness_.get());
    dockerd_ = DaemonOf(true);
  }
  void TearDown() override {
    const auto left = blocking_->List(cluster_);
    ASSERT_TRUE(left.ok()) << left.status().ToString();
    for (const ContainerInfo& container : *left) {
      EXPECT_EQ(blocking_->Remove(container.id), OkStatus());
    }
  }
  Value Raw(const std::string& id) const {
    const auto reply = dockerd_->Request("GET", "/containers/" + id + "/json");
    const Result<Value> value = ParseJson(reply.ok() ? reply->body : "");
    EXPECT_TRUE(value.ok()) << value.status().ToString();
    return value.ok() ? *value : Value::MakeMap();
  }
  std::string Run(const ContainerConfig& config) {
    const auto id = blocking_->Create(config);
    EXPECT_TRUE(id.ok()) << id.status().ToString();
    if (!id.ok()) return "none";
    EXPECT_EQ(blocking_->Start(*id), OkStatus());
    return *id;
  }

  // Runs `script` with log files of this size, and follows its log until it ends.
  std::string FollowRotating(const std::string& name, const std::string& script,
                             const std::string& max_size, int max_files);

  const std::string cluster_ = "adapter";
  std::unique_ptr<RuntimeHarness> harness_;
  std::unique_ptr<Blocking> blocking_;
  TestDockerd* dockerd_ = nullptr;
};

TEST_F(DockerAdapter, AsksForWhatTheConfigurationSays) {
  const std::string file = dockerd_->folder() + "/bound";
  std::ofstream(file) << "from the host\n";
  ContainerConfig sandbox = TestContainer(cluster_, "sandbox", kRunsForever);
  sandbox.is_sandbox = true;
  sandbox.hostname = "pod-name";
  const std::string sandbox_id = Run(sandbox);
  ContainerConfig app =
      TestContainer(cluster_, "app", {"-c", "hostname; cat /etc/bound; echo $A; sleep 100000"});
  app.entrypoint = {"sh"};
  app.env = {"A=b c", "Z=$A"};
  app.working_dir = "/bin";
  app.binds = {{file, "/etc/bound", true}};
  app.network_container = sandbox_id;
  app.cpu_shares = 102;
  app.cpu_quota_us = 50'000;
  app.memory_bytes = 64 << 20;
  app.oom_score_adj = 500;
  app.pids_limit = 50;
  const std::string app_id = Run(app);

  const Value sandbox_raw = Raw(sandbox_id);
  const Value& sandbox_host = *sandbox_raw.Find("HostConfig");
  EXPECT_EQ(sandbox_host.GetString("NetworkMode"), "none");
  EXPECT_EQ(sandbox_host.GetString("IpcMode"), "shareable");
  EXPECT_EQ(sandbox_host.Find("LogConfig")->GetString("Type"), "none");
  EXPECT_EQ(sandbox_host.GetList("SecurityOpt").at(0).AsString(), "no-new-privileges");
  const Value app_raw = Raw(app_id);
  const Value& host = *app_raw.Find("HostConfig");
  EXPECT_EQ(host.GetString("NetworkMode"), "container:" + sandbox_id);
  EXPECT_EQ(host.GetString("IpcMode"), "container:" + sandbox_id);
  EXPECT_EQ(host.GetInt("CpuShares"), 102);
  EXPECT_EQ(host.GetInt("CpuPeriod"), 100'000);
  EXPECT_EQ(host.GetInt("CpuQuota"), 50'000);
  EXPECT_EQ(host.GetInt("Memory"), 64 << 20);
  EXPECT_EQ(host.GetInt("OomScoreAdj"), 500);
  EXPECT_EQ(host.GetInt("PidsLimit"), 50);
  EXPECT_EQ(host.Find("RestartPolicy")->GetString("Name"), "no");
  EXPECT_EQ(host.Find("LogConfig")->GetString("Type"), "json-file");
  EXPECT_EQ(host.Find("LogConfig")->Find("Config")->GetString("max-size"), "10m");
  EXPECT_EQ(host.Find("LogConfig")->Find("Config")->GetString("max-file"), "5");
  const Value& mount = app_raw.GetList("Mounts").at(0);
  EXPECT_EQ(mount.GetString("Source"), file);
  EXPECT_FALSE(mount.GetBool("RW", true));
  EXPECT_EQ(app_raw.Find("Config")->GetString("WorkingDir"), "/bin");

  std::string text;
  LogOptions follow;
  follow.follow = true;
  const StreamHandle handle = harness_->runtime().ReadLogs(
      app_id, follow, [&](LogStream, std::string_view bytes) { text += bytes; },
      [](const Status&) {});
  EXPECT_TRUE(harness_->RunUntil([&] { return text == "pod-name\nfrom the host\nb c\n"; })) << text;
  handle.Cancel();
}

TEST_F(DockerAdapter, ReadsAllLinesThatRotationKept) {
  // 20 MB in lines of 1,000 bytes: the file is rotated at least once.
  constexpr size_t kLines = 20'000;
  const std::string id = Run(TestContainer(
      cluster_, "rotate",
      {"sh", "-c", "yes \"$(head -c 990 /dev/zero | tr '\\0' x)\" | head -n 20000 | cat -n"}));
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  const auto logs = blocking_->ReadLogs(id, {});
  EXPECT_EQ(logs.status, OkStatus());
  EXPECT_EQ(static_cast<size_t>(std::count(logs.out.begin(), logs.out.end(), '\n')), kLines);
  LogOptions last;
  last.tail_lines = 1;
  EXPECT_NE(blocking_->ReadLogs(id, last).out.find("20000"), std::string::npos);
}

std::string DockerAdapter::FollowRotating(const std::string& name, const std::string& script,
                                          const std::string& max_size, int max_files) {
  const std::string body =
      R"({"Image":")" + std::string(kTestImage) + R"(","Cmd":["sh","-c",")" + script +
      R"("],"Labels":{")" + std::string(kLabelCluster) + R"(":")" + cluster_ +
      R"("},"HostConfig":{"NetworkMode":"none","LogConfig":{"Type":"json-file","Config":{)" +
      R"("max-size":")" + max_size + R"(","max-file":")" + std::to_string(max_files) + R"("}}}})";
  const auto reply = dockerd_->Request("POST", "/containers/create?name=" + cluster_ + "-" + name,
                                       "application/json", body);
  EXPECT_TRUE(reply.ok() && reply->code == 201) << (reply.ok() ? reply->body : "");
  const std::string id = cluster_ + "-" + name;
  EXPECT_EQ(blocking_->Start(id), OkStatus());
  std::string text;
  std::optional<Status> end;
  LogOptions follow;
  follow.follow = true;
  StreamHandle handle;
  handle = harness_->runtime().ReadLogs(
      id, follow,
      [&](LogStream, std::string_view bytes) {
        text += bytes;
        handle.Taken(bytes.size());
      },
      [&](Status status) { end = std::move(status); });
  EXPECT_TRUE(harness_->RunUntil([&] { return end.has_value(); }));
  EXPECT_EQ(end.value_or(InternalError("no end")), OkStatus());
  return text;
}

// Lines in order, each at most once, and a mark wherever some are missing; how many are there.
int CheckNumbers(const std::string& text, int* marks) {
  std::istringstream lines(text);
  int last = 0;
  int count = 0;
  bool marked = false;
  for (std::string line; std::getline(lines, line); ++count) {
    if (line.starts_with("--- reconcile:")) {
      marked = true;
      ++*marks;
      --count;
      continue;
    }
    const int number = std::atoi(line.c_str());
    EXPECT_EQ(line, std::to_string(number) + " " + std::string(100, 'x'));
    EXPECT_GT(number, last);
    EXPECT_TRUE(number == last + 1 || marked || count == 0) << number << " comes after " << last;
    last = number;
    marked = false;
  }
  return count;
}

TEST_F(DockerAdapter, FollowsAcrossRotationLineForLine) {
  // 1.8 MB in files of 100 kB, of which all are kept: it rotates in the middle of reading.
  const std::string script =
      "x=$(head -c 100 /dev/zero | tr '\\\\0' x); i=0; while [ $i -lt 10000 ]; do i=$((i+1)); "
      "echo $i $x; [ $((i % 200)) -ne 0 ] || sleep 0.05; done";
  const std::string text = FollowRotating("rotating", script, "100k", 30);
  int marks = 0;
  EXPECT_EQ(CheckNumbers(text, &marks), 10'000);
  EXPECT_EQ(marks, 0);
}

TEST_F(DockerAdapter, MarksWhatRotationDroppedBeforeItWasReadAndFollowsOn) {
  // Far more, and faster, than the two files of 20 kB keep.
  const std::string script =
      "x=$(head -c 100 /dev/zero | tr '\\\\0' x); i=0; while [ $i -lt 40000 ]; do i=$((i+1)); "
      "echo $i $x; [ $((i % 20000)) -ne 0 ] || sleep 1; done";
  const std::string text = FollowRotating("dropping", script, "20k", 2);
  int marks = 0;
  EXPECT_LT(CheckNumbers(text, &marks), 40'000);
  // The second half alone is far more than the files keep.
  EXPECT_TRUE(marks > 0 || std::atoi(text.c_str()) > 20'000);
  EXPECT_NE(text.find("\n40000 x"), std::string::npos) << "it did not go on";
}

TEST_F(DockerAdapter, FollowsOnAcrossTheEnginesRestartAndMarksTheGap) {
  int events = 0;
  harness_->runtime().SubscribeEvents(cluster_, [&](const EngineEvent&) { ++events; });
  const std::string id = Run(TestContainer(
      cluster_, "gap", {"sh", "-c", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done"}));
  std::string text;
  std::string marks;
  LogOptions follow;
  follow.follow = true;
  const StreamHandle handle = harness_->runtime().ReadLogs(
      id, follow,
      [&](LogStream stream, std::string_view bytes) {
        (stream == LogStream::kOut ? text : marks) += bytes;
      },
      [](const Status&) {});
  ASSERT_TRUE(
      harness_->RunUntil([&] { return events > 0 && text.find("3\n") != std::string::npos; }));
  harness_->CrashEngine();
  harness_->StartEngine();
  const size_t before = text.size();
  ASSERT_TRUE(harness_->RunUntil([&] { return text.size() > before + 20; }));
  handle.Cancel();
  EXPECT_NE(marks.find("lines may be missing"), std::string::npos);
  // Every number at most once, in order.
  int last = 0;
  std::istringstream numbers(text);
  for (int number = 0; numbers >> number; last = number) EXPECT_GT(number, last);
}

TEST_F(DockerAdapter, AReplyBeyondItsLimitIsAnErrorAndNoMore) {
  const std::string id = Run(TestContainer(cluster_, "large", kRunsForever));
  DockerOptions options;
  options.socket_path = dockerd_->socket_path();
  options.max_reply_bytes = 1'000;  // GET /version fits
  const auto narrow = MakeDockerRuntime(&harness_->loop(), options);
  std::optional<Result<ContainerInfo>> answer;
  narrow->InspectContainer(id, [&](const Result<ContainerInfo>& info) { answer = info; });
  ASSERT_TRUE(harness_->RunUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status().code(), StatusCode::kInternal) << answer->status().ToString();
  EXPECT_NE(answer->status().message().find("larger than 1000 bytes"), std::string::npos);
}

TEST_F(DockerAdapter, AMissingSocketIsUnavailable) {
  DockerOptions options;
  options.socket_path = dockerd_->folder() + "/none.sock";
  const auto nobody = MakeDockerRuntime(&harness_->loop(), options);
  std::optional<Status> answer;
  nobody->StartContainer("some-id", [&](const Status& status) { answer = status; });
  EXPECT_FALSE(answer.has_value());
  ASSERT_TRUE(harness_->RunUntil([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->code(), StatusCode::kUnavailable);
  EXPECT_NE(answer->message().find("none.sock"), std::string::npos);
}

TEST_F(DockerAdapter, AKilledProcessOverItsMemoryLimitIsReportedAsSuch) {
  ContainerConfig config = TestContainer(
      cluster_, "greedy", {"sh", "-c", "x=$(head -c 200000000 /dev/zero | tr '\\0' x); echo $x"});
  config.memory_bytes = 16 << 20;
  const std::string id = Run(config);
  const auto ended = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  EXPECT_NE(ended->exit_code, 0);
  EXPECT_TRUE(ended->oom_killed);
}

}  // namespace
}  // namespace reconcile
