#include <algorithm>

#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

using RuntimeImages = RuntimeContract;

class RuntimeEngine : public RuntimeContract {
 protected:
  void Subscribe() {
    runtime().SubscribeEvents(cluster_,
                              [this](const EngineEvent& event) { events_.push_back(event); });
  }
  size_t Count(const std::string& id, const std::string& action) const {
    return static_cast<size_t>(
        std::count_if(events_.begin(), events_.end(), [&](const EngineEvent& event) {
          return event.container_id == id && event.action == action;
        }));
  }
  size_t FirstIndex(const std::string& id, const std::string& action) const {
    const auto found = std::find_if(events_.begin(), events_.end(), [&](const EngineEvent& event) {
      return event.container_id == id && event.action == action;
    });
    return static_cast<size_t>(found - events_.begin());
  }

  std::vector<EngineEvent> events_;
};

const auto kEngines = ::testing::Values(Engine::kFake, Engine::kDocker);
const auto kNameOf = [](const auto& engine) {
  return engine.param == Engine::kFake ? "Fake" : "Docker";
};
INSTANTIATE_TEST_SUITE_P(Engines, RuntimeEngine, kEngines, kNameOf);

TEST_P(RuntimeEngine, RefusesAnImageThatIsNotThereAndPullsWithTheEnginesWords) {
  const std::string absent = "127.0.0.1:9/absent:v9";
  EXPECT_EQ(blocking_->InspectImage(absent).status().code(), StatusCode::kNotFound);
  ContainerConfig config = TestContainer(cluster_, "x1", kRunsForever);
  config.image = absent;
  const auto created = blocking_->Create(config);
  EXPECT_EQ(created.status().code(), StatusCode::kNotFound) << created.status().ToString();
  EXPECT_NE(created.status().message().find(absent), std::string::npos);
  const Status pulled = blocking_->Pull(absent);
  EXPECT_FALSE(pulled.ok());
  EXPECT_FALSE(pulled.message().empty());
  EXPECT_EQ(blocking_->Pull("bad reference").code(), StatusCode::kInvalid);
}

TEST_P(RuntimeEngine, LooksAtAnImageByNameAndById) {
  const auto by_name = blocking_->InspectImage("reconcile.test/busybox:1");
  ASSERT_TRUE(by_name.ok()) << by_name.status().ToString();
  EXPECT_TRUE(by_name->id.starts_with("sha256:"));
  EXPECT_EQ(by_name->tags, std::vector<std::string>({"reconcile.test/busybox:1"}));
  const auto by_id = blocking_->InspectImage(by_name->id);
  ASSERT_TRUE(by_id.ok()) << by_id.status().ToString();
  EXPECT_EQ(by_id->id, by_name->id);
  const std::string container = Run("image", kRunsForever);
  EXPECT_EQ(blocking_->Inspect(container)->image_id, by_name->id);
}

TEST_P(RuntimeEngine, ListsImagesWithWhoUsesThemAndRemovesWhatNobodyDoes) {
  const std::string pause = *blocking_->EnsurePause();
  const std::string used = blocking_->InspectImage("reconcile.test/busybox:1")->id;
  const std::string container = Run("uses", kRunsForever);
  ASSERT_TRUE(blocking_->ListedImage(used) && blocking_->ListedImage(pause));
  EXPECT_TRUE(blocking_->ListedImage(used)->in_use);
  EXPECT_EQ(blocking_->ListedImage(used)->references,
            std::vector<std::string>{"reconcile.test/busybox:1"});
  EXPECT_GT(blocking_->ListedImage(used)->size_bytes, 0);
  EXPECT_EQ(blocking_->RemoveImage("reconcile.test/busybox:1").code(), StatusCode::kConflict);
  EXPECT_TRUE(blocking_->ListedImage(used));
  EXPECT_EQ(blocking_->Stop(container, 0), OkStatus());
  EXPECT_TRUE(blocking_->ListedImage(used)->in_use) << "also by one that ended";
  EXPECT_FALSE(blocking_->ListedImage(pause)->in_use);
  EXPECT_EQ(blocking_->RemoveImage(blocking_->ListedImage(pause)->references.at(0)), OkStatus());
  EXPECT_FALSE(blocking_->ListedImage(pause));
  EXPECT_EQ(blocking_->RemoveImage("127.0.0.1:9/absent:v9"), OkStatus());
}

TEST_P(RuntimeEngine, MeasuresWhatAContainerHasOfItsHost) {
  const std::string writer = Run("writes", kWritesAndRuns);
  Result<ContainerUse> use = UnavailableError("not asked yet");
  for (int i = 0; i < 500 && (!use.ok() || use->disk_bytes < 4'000'000); ++i) {
    use = blocking_->Measure(writer, true);
  }
  ASSERT_TRUE(use.ok()) << use.status().ToString();
  EXPECT_GE(use->disk_bytes, 4'000'000);
  EXPECT_GT(use->memory_bytes, 0);
  EXPECT_GE(use->processes, 1);
  EXPECT_EQ(blocking_->Measure(writer, false)->disk_bytes, 0);
  EXPECT_EQ(blocking_->Measure("absent", false).status().code(), StatusCode::kNotFound);
}

TEST_P(RuntimeEngine, KeepsThePauseImageThereAndItsProgramStopsCleanly) {
  const auto first = blocking_->EnsurePause();
  ASSERT_TRUE(first.ok()) << first.status().ToString();
  EXPECT_EQ(*blocking_->EnsurePause(), *first);
  harness_->RemoveImageByHand(*first);
  const auto again = blocking_->EnsurePause();
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  EXPECT_EQ(*again, *first);

  ContainerConfig config = TestContainer(cluster_, "pause", {});
  config.image = *again;
  config.is_sandbox = true;
  const auto id = blocking_->Create(config);
  ASSERT_TRUE(id.ok()) << id.status().ToString();
  ASSERT_EQ(blocking_->Start(*id), OkStatus());
  ASSERT_EQ(blocking_->Stop(*id, 20), OkStatus());
  EXPECT_EQ(blocking_->Inspect(*id)->exit_code, 0) << "it heard the signal";
}

TEST_P(RuntimeEngine, TellsTheEventsOfItsClusterInOrder) {
  Subscribe();
  ASSERT_TRUE(harness_->RunUntil([&] { return !events_.empty(); }));
  EXPECT_EQ(events_[0].container_id, "");
  EXPECT_EQ(events_[0].action, "resync");
  const auto foreign = blocking_->Create(TestContainer(cluster_ + "-f", "x1", kRunsForever));
  ASSERT_EQ(blocking_->Start(*foreign), OkStatus());
  const std::string id = Run("events", kRunsForever);
  harness_->KillProcess(*blocking_->Inspect(id));
  ASSERT_TRUE(harness_->RunUntil([&] { return Count(id, "die") > 0; }));
  harness_->RemoveByHand(id);
  ASSERT_TRUE(harness_->RunUntil([&] { return Count(id, "destroy") > 0; }));
  EXPECT_LT(FirstIndex(id, "start"), FirstIndex(id, "die"));
  EXPECT_LT(FirstIndex(id, "die"), FirstIndex(id, "destroy"));
  EXPECT_EQ(blocking_->Remove(*foreign), OkStatus());
  for (const EngineEvent& event : events_) EXPECT_NE(event.container_id, *foreign);
}

TEST_P(RuntimeEngine, ContainersLiveThroughTheEnginesDeathAndEventsResume) {
  Subscribe();
  ASSERT_TRUE(harness_->RunUntil([&] { return Count("", "resync") == 1; }));
  const std::string id = Run("survivor", kRunsForever);
  const auto before = blocking_->Inspect(id);
  harness_->CrashEngine();
  const Status down = blocking_->Inspect(id).status();
  EXPECT_EQ(down.code(), StatusCode::kUnavailable) << down.ToString();
  harness_->StartEngine();
  ASSERT_TRUE(harness_->RunUntil([&] { return Count("", "resync") >= 2; }));
  const auto after = blocking_->Inspect(id);
  ASSERT_TRUE(after.ok()) << after.status().ToString();
  EXPECT_EQ(after->state, ContainerRunState::kRunning);
  EXPECT_EQ(after->process_id, before->process_id);
  EXPECT_EQ(after->started_at, before->started_at);
  events_.clear();
  harness_->KillProcess(*after);
  EXPECT_TRUE(harness_->RunUntil([&] { return Count(id, "die") > 0; }));
}

TEST_P(RuntimeEngine, WithoutLiveRestoreContainersDieWithTheEngine) {
  Begin(false);
  const std::string id = Run("victim", kRunsForever);
  harness_->CrashEngine();
  harness_->StartEngine();
  const auto after = blocking_->Until(id, ContainerRunState::kExited);
  EXPECT_TRUE(after.has_value());
}

TEST_P(RuntimeEngine, ADestroyedClientHearsNothingMore) {
  const std::string id = Run("orphan", kRunsForever);
  const auto called = std::make_shared<int>(0);
  runtime().SubscribeEvents(cluster_, [called](const EngineEvent&) { ++*called; });
  runtime().ListContainers(cluster_, [called](const auto&) { ++*called; });
  runtime().StopContainer(id, 1, [called](const Status&) { ++*called; });
  runtime().PullImage("127.0.0.1:9/x:1", std::nullopt, [called](const Status&) { ++*called; });
  LogOptions follow;
  follow.follow = true;
  const StreamHandle handle = runtime().ReadLogs(
      id, follow, [called](LogStream, std::string_view) { ++*called; },
      [called](const Status&) { ++*called; });
  harness_->Reconnect();
  handle.Taken(1);
  handle.Cancel();  // after its client: harmless
  ASSERT_TRUE(blocking_->Inspect(id).ok());
  EXPECT_EQ(*called, 0);
}

TEST_P(RuntimeEngine, AnswersManyCallsAtOnceEachOnce) {
  const std::string id = Run("busy", kRunsForever);
  constexpr int kCalls = 500;
  std::vector<int> answers(kCalls, 0);
  int done = 0;
  for (int i = 0; i < kCalls; ++i) {
    runtime().InspectContainer(id, [&, i](const Result<ContainerInfo>& info) {
      answers[static_cast<size_t>(i)] += info.ok() ? 1 : 100;
      ++done;
    });
  }
  EXPECT_EQ(done, 0) << "no callback inside the call";
  ASSERT_TRUE(harness_->RunUntil([&] { return done >= kCalls; }));
  EXPECT_EQ(answers, std::vector<int>(kCalls, 1));
}

}  // namespace
}  // namespace reconcile
