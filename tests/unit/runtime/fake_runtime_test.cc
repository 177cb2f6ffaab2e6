#include "runtime/fake_runtime.h"

#include <gtest/gtest.h>

#include "tests/support/virtual_loop.h"

namespace reconcile {
namespace {

constexpr const char* kCluster = "c1";

ContainerConfig ConfigNamed(const std::string& name, const std::string& image = "app:1") {
  ContainerConfig config;
  config.name = name;
  config.image = image;
  config.labels[std::string(kLabelCluster)] = kCluster;
  return config;
}

class FakeEngineTest : public ::testing::Test {
 protected:
  void SetUp() override { Make({}); }
  void Make(FakeEngineOptions options) {
    client_.reset();
    engine_ = std::make_unique<FakeEngine>(&loop_, options);
    FakeImage image;
    image.present = true;
    engine_->SetImage("app:1", image);
    client_ = engine_->Connect();
  }
  std::string Create(const std::string& name, const std::string& image = "app:1") {
    std::string id;
    client_->CreateContainer(ConfigNamed(name, image), [&](const Result<std::string>& created) {
      id = created.ok() ? *created : created.status().ToString();
    });
    EXPECT_TRUE(loop_.RunUntil([&] { return !id.empty(); }));
    return id;
  }
  Status Start(const std::string& id) {
    std::optional<Status> answer;
    client_->StartContainer(id, [&](const Status& status) { answer = status; });
    EXPECT_TRUE(loop_.RunUntil([&] { return answer.has_value(); }));
    return *answer;
  }
  std::string Run(const std::string& name, const std::string& image = "app:1") {
    const std::string id = Create(name, image);
    EXPECT_EQ(Start(id), OkStatus());
    return id;
  }
  ContainerInfo Info(const std::string& id) const {
    for (const ContainerInfo& info : engine_->Containers()) {
      if (info.id == id) return info;
    }
    ADD_FAILURE() << "no container " << id;
    return {};
  }

  VirtualLoop loop_;
  std::unique_ptr<FakeEngine> engine_;
  std::unique_ptr<ContainerRuntime> client_;
};

TEST_F(FakeEngineTest, TheSameSeedGivesTheSameRun) {
  const auto trace = [](uint64_t seed) {
    VirtualLoop loop;
    FakeEngineOptions options;
    options.seed = seed;
    options.faults = {200, 200};
    FakeEngine engine(&loop, options);
    FakeImage image;
    image.present = true;
    image.program.exit_after_ms = 300;
    engine.SetImage("app:1", image);
    std::string text;
    engine.SetObserver([&](const FakeChange& change) {
      text += std::to_string(loop.now().mono.ms) + change.what + change.container.id + "\n";
    });
    const auto client = engine.Connect();
    for (int i = 0; i < 50; ++i) {
      client->CreateContainer(ConfigNamed("c-" + std::to_string(i)),
                              [&](const Result<std::string>& id) {
                                if (id.ok()) client->StartContainer(*id, [](const Status&) {});
                              });
    }
    loop.RunFor(60'000);
    return text;
  };
  const std::string first = trace(7);
  EXPECT_NE(first.find("die"), std::string::npos);
  EXPECT_EQ(trace(7), first);
  EXPECT_NE(trace(8), first);
}

TEST_F(FakeEngineTest, AFailedCallDoesNothingAndALostReplyWasDone) {
  engine_->FailNext(FakeCall::kCreate, UnavailableError("injected"));
  EXPECT_EQ(Create("first"), "Unavailable: injected");
  EXPECT_TRUE(engine_->Containers(kCluster).empty());
  engine_->FailNext(FakeCall::kCreate, UnavailableError("lost"), 1, true);
  EXPECT_EQ(Create("first"), "Unavailable: lost");
  EXPECT_EQ(engine_->Containers(kCluster).size(), 1U);
  EXPECT_TRUE(Create("first").starts_with("Conflict: "));
  EXPECT_EQ(engine_->injected_faults(), 2);
}

TEST_F(FakeEngineTest, EveryCallIsAnsweredExactlyOnceWhateverTheFaults) {
  FakeEngineOptions options;
  options.faults = {100, 100};
  Make(options);
  std::vector<int> answers(300, 0);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (i == 150) engine_->Crash();
    if (i == 200) engine_->Start();
    client_->CreateContainer(ConfigNamed("n-" + std::to_string(i)),
                             [&, i](const Result<std::string>&) { ++answers[i]; });
    loop_.RunFor(2);
  }
  loop_.RunFor(60'000);
  EXPECT_EQ(answers, std::vector<int>(300, 1));
  EXPECT_GT(engine_->injected_faults(), 10);
}

TEST_F(FakeEngineTest, CallsUnderWayFailWhenTheEngineCrashes) {
  const std::string id = Run("deaf");
  FakeImage slow;
  slow.pull_ms = 10'000;
  engine_->SetImage("slow:1", slow);
  std::vector<Status> answers;
  client_->PullImage("slow:1", std::nullopt,
                     [&](const Status& status) { answers.push_back(status); });
  client_->InspectContainer(id, [&](const auto& info) { answers.push_back(info.status()); });
  engine_->Crash();
  loop_.RunFor(100);
  ASSERT_EQ(answers.size(), 2U);
  for (const Status& status : answers) EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_FALSE(engine_->up());
  engine_->Start();
  loop_.RunFor(20'000);
  EXPECT_EQ(answers.size(), 2U);
  EXPECT_EQ(Info(id).state, ContainerRunState::kRunning) << "live restore";
}

TEST_F(FakeEngineTest, AHostsRebootEndsEveryContainerAndItsTimers) {
  FakeImage image;
  image.present = true;
  image.program.exit_after_ms = 1'000;
  image.program.exit_code = 5;
  engine_->SetImage("short:1", image);
  const std::string id = Run("short", "short:1");
  engine_->RebootHost();
  EXPECT_EQ(Info(id).exit_code, 255);
  engine_->Start();
  ASSERT_EQ(Start(id), OkStatus());
  loop_.RunFor(500);
  EXPECT_EQ(Info(id).state, ContainerRunState::kRunning) << "the first run's timer is void";
  loop_.RunFor(1'000);
  EXPECT_EQ(Info(id).exit_code, 5);
}

TEST_F(FakeEngineTest, AProgramIsChosenPerContainer) {
  engine_->SetProgramChooser([](const ContainerConfig& config) {
    FakeProgram program;
    if (config.name == "crash-0") {
      program.exit_after_ms = 10;
      program.exit_code = 1;
    }
    return program;
  });
  const std::string first = Run("crash-0");
  const std::string second = Run("crash-1");
  loop_.RunFor(1'000);
  EXPECT_EQ(Info(first).state, ContainerRunState::kExited);
  EXPECT_EQ(Info(second).state, ContainerRunState::kRunning);
  EXPECT_EQ(engine_->FindConfig(second)->name, "crash-1");
  EXPECT_EQ(engine_->FindConfig("none"), nullptr);
}

TEST_F(FakeEngineTest, PullsTakeTheirTimeAndCanFail) {
  FakeImage image;
  image.pull_ms = 3'000;
  image.id = "sha256:fixed";
  engine_->SetImage("later:1", image);
  EXPECT_TRUE(Create("early", "later:1").starts_with("NotFound: "));
  std::optional<Status> pulled;
  client_->PullImage("later:1", std::nullopt, [&](const Status& status) { pulled = status; });
  loop_.RunFor(2'900);
  EXPECT_FALSE(pulled.has_value());
  loop_.RunFor(200);
  EXPECT_EQ(pulled, OkStatus());
  const std::string id = Run("late", "later:1");
  EXPECT_EQ(Info(id).image_id, "sha256:fixed");
  engine_->RemoveImage("later:1");
  EXPECT_TRUE(Create("gone", "later:1").starts_with("NotFound: "));
  image.pull_error = "denied: requested access";
  engine_->SetImage("later:1", image);
  client_->PullImage("later:1", std::nullopt, [&](const Status& status) { pulled = status; });
  loop_.RunFor(4'000);
  EXPECT_EQ(pulled->message(), "denied: requested access");
}

TEST_F(FakeEngineTest, EventsOfABrokenStreamAreLostAndItResyncs) {
  std::string events;
  client_->SubscribeEvents(kCluster,
                           [&](const EngineEvent& event) { events += event.action + " "; });
  loop_.RunFor(100);
  EXPECT_EQ(events, "resync ");
  const std::string id = Run("loud");
  loop_.RunFor(100);
  EXPECT_EQ(events, "resync start ");
  engine_->BreakEventStreams();
  EXPECT_TRUE(engine_->KillContainer(id, 137, true));
  EXPECT_TRUE(Info(id).oom_killed);
  EXPECT_FALSE(engine_->KillContainer(id)) << "it is dead already";
  loop_.RunFor(2'000);
  EXPECT_EQ(events, "resync start resync ");
  engine_->DestroyContainer(id);
  loop_.RunFor(100);
  EXPECT_EQ(events, "resync start resync destroy ");
}

TEST_F(FakeEngineTest, AClientsDeathSilencesItButItsCallsStillHappen) {
  int called = 0;
  client_->CreateContainer(ConfigNamed("left-behind"),
                           [&](const Result<std::string>&) { ++called; });
  client_ = engine_->Connect();
  loop_.RunFor(1'000);
  EXPECT_EQ(called, 0);
  EXPECT_EQ(engine_->Containers(kCluster).size(), 1U);
}

TEST_F(FakeEngineTest, AClientOutlivesItsEngine) {
  engine_.reset();
  std::optional<Status> answer;
  client_->StartContainer("any", [&](const Status& status) { answer = status; });
  EXPECT_FALSE(answer.has_value());
  loop_.RunFor(100);
  EXPECT_EQ(answer->code(), StatusCode::kUnavailable);
}

TEST_F(FakeEngineTest, CountsTheCallsThatHadAnEffect) {
  Run("one-1");
  Run("two-2");
  EXPECT_EQ(engine_->CallCount(FakeCall::kCreate), 2);
  EXPECT_EQ(engine_->CallCount(FakeCall::kStart), 2);
  EXPECT_EQ(engine_->CallCount(FakeCall::kPull), 0);
  EXPECT_EQ(ToString(FakeCall::kInspectImage), "inspect-image");
}

TEST_F(FakeEngineTest, FollowersGetAppendedLines) {
  const std::string id = Run("talker");
  std::string text;
  std::optional<Status> end;
  LogOptions options;
  options.follow = true;
  (void)client_->ReadLogs(
      id, options,
      [&](LogStream stream, std::string_view line) {
        text += stream == LogStream::kOut ? "out:" : "error:";
        text += line;
      },
      [&](const Status& status) { end = status; });
  loop_.RunFor(100);
  engine_->AppendLog(id, LogStream::kOut, "a");
  engine_->AppendLog(id, LogStream::kError, "b\n");
  loop_.RunFor(100);
  EXPECT_EQ(text, "out:a\nerror:b\n");
  EXPECT_FALSE(end.has_value());
  engine_->Crash();
  loop_.RunFor(100);
  EXPECT_EQ(end->code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace reconcile
