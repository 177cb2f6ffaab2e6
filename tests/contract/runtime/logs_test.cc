#include "tests/contract/runtime/contract_fixture.h"

namespace reconcile {
namespace {

class RuntimeLogs : public RuntimeContract {};
INSTANTIATE_TEST_SUITE_P(Engines, RuntimeLogs, ::testing::Values(Engine::kFake, Engine::kDocker),
                         [](const auto& engine) {
                           return engine.param == Engine::kFake ? "Fake" : "Docker";
                         });

TEST_P(RuntimeLogs, GivesAllLinesOrTheLastOnes) {
  const std::string id = Run("logs", kPrintsAndExits);
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  const auto all = blocking_->ReadLogs(id, {});
  EXPECT_EQ(all.status, OkStatus());
  EXPECT_EQ(all.out, "one\ntwo\nthree\n");
  EXPECT_EQ(all.error, "");
  LogOptions options;
  options.tail_lines = 2;
  EXPECT_EQ(blocking_->ReadLogs(id, options).out, "two\nthree\n");
  options.tail_lines = 0;
  EXPECT_EQ(blocking_->ReadLogs(id, options).out, "");
}

TEST_P(RuntimeLogs, PutsStampsBeforeLinesWhenAsked) {
  const std::string id = Run("stamps", kPrintsAndExits);
  const auto ended = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  for (const bool follow : {false, true}) {
    LogOptions options;
    options.timestamps = true;
    options.tail_lines = 1;
    options.follow = follow;
    const std::string line = blocking_->ReadLogs(id, options).out;
    const size_t blank = line.find(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    EXPECT_EQ(line.substr(blank), " three\n");
    const auto stamp = ParseRfc3339(line.substr(0, blank));
    ASSERT_TRUE(stamp.ok()) << line;
    EXPECT_GE(stamp->ms, ended->created_at->ms);
    // The engine stamps a line when it reads it, which may be after the end of its writer.
    EXPECT_LE(stamp->ms, ended->finished_at->ms + 60'000);
  }
}

TEST_P(RuntimeLogs, LeavesOutLinesBeforeSince) {
  const std::string id = Run("since", kPrintsAndExits);
  const auto ended = blocking_->Until(id, ContainerRunState::kExited);
  ASSERT_TRUE(ended.has_value());
  LogOptions options;
  options.since = ended->created_at;
  EXPECT_EQ(blocking_->ReadLogs(id, options).out, "one\ntwo\nthree\n");
  options.since = WallTime{ended->finished_at->ms + 1000};
  EXPECT_EQ(blocking_->ReadLogs(id, options).out, "");
}

TEST_P(RuntimeLogs, FollowsUntilTheContainerEnds) {
  const std::string id = Run("follow", kPrintsAndRuns);
  LogOptions options;
  options.follow = true;
  std::string text;
  std::optional<Status> end;
  (void)runtime().ReadLogs(
      id, options, [&](LogStream, std::string_view bytes) { text += bytes; },
      [&](Status status) { end = std::move(status); });
  ASSERT_TRUE(harness_->RunUntil([&] { return text == "one\n"; }));
  EXPECT_FALSE(end.has_value());
  harness_->KillProcess(*blocking_->Inspect(id));
  ASSERT_TRUE(harness_->RunUntil([&] { return end.has_value(); }));
  EXPECT_EQ(*end, OkStatus());
  EXPECT_EQ(text, "one\n") << "no gap is marked";
}

TEST_P(RuntimeLogs, AReaderMayCancelFromInsideItsCallback) {
  const std::string id = Run("enough", kPrintsAndExits);
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  int calls = 0;
  StreamHandle handle;
  handle = runtime().ReadLogs(
      id, {},
      [&](LogStream, std::string_view) {
        ++calls;
        handle.Cancel();
      },
      [&](const Status&) { calls += 100; });
  ASSERT_TRUE(harness_->RunUntil([&] { return calls > 0; }));
  EXPECT_EQ(blocking_->ReadLogs(id, {}).out, "one\ntwo\nthree\n") << "a later reader is served";
  EXPECT_EQ(calls, 1);
}

TEST_P(RuntimeLogs, WaitsForAReaderAsLongAsItLikes) {
  const std::string id = Run("much", kPrintsMuchAndExits);
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  for (const bool follow : {false, true}) {
    LogOptions options;
    options.follow = follow;
    size_t received = 0;
    size_t largest = 0;
    std::optional<Status> end;
    const StreamHandle handle = runtime().ReadLogs(
        id, options,
        [&](LogStream, std::string_view bytes) {
          received += bytes.size();
          largest = std::max(largest, bytes.size());
        },
        [&](Status status) { end = std::move(status); });
    const auto is_full = [&] { return received + kMaxStreamFrameBytes > kStreamWindowBytes; };
    ASSERT_TRUE(harness_->RunUntil(is_full));
    // Another reader comes and goes meanwhile.
    EXPECT_EQ(blocking_->ReadLogs(id, {}).out.size(), kMuchLines * 1000);
    EXPECT_LE(received, kStreamWindowBytes);
    EXPECT_LE(largest, kMaxStreamFrameBytes);
    EXPECT_FALSE(end.has_value());
    size_t taken = 0;
    ASSERT_TRUE(harness_->RunUntil([&] {
      while (taken < received) {
        EXPECT_LE(received - taken, kStreamWindowBytes);
        handle.Taken(received - std::exchange(taken, received));
      }
      return end.has_value();
    }));
    EXPECT_EQ(*end, OkStatus());
    EXPECT_EQ(received, kMuchLines * 1000);
  }
}

TEST_P(RuntimeLogs, AReaderThatWaitsMayCancel) {
  const std::string id = Run("much", kPrintsMuchAndExits);
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  size_t received = 0;
  const StreamHandle handle = runtime().ReadLogs(
      id, {}, [&](LogStream, std::string_view bytes) { received += bytes.size(); },
      [&](const Status&) { received = 0; });
  ASSERT_TRUE(
      harness_->RunUntil([&] { return received + kMaxStreamFrameBytes > kStreamWindowBytes; }));
  const size_t before = received;
  handle.Cancel();
  handle.Taken(received);
  EXPECT_EQ(blocking_->ReadLogs(id, {}).status, OkStatus());
  EXPECT_EQ(received, before);
}

TEST_P(RuntimeLogs, ACancelledReaderHearsNothingMore) {
  const std::string id = Run("cancel", kPrintsAndRuns);
  LogOptions options;
  options.follow = true;
  int calls = 0;
  const StreamHandle handle = runtime().ReadLogs(
      id, options, [&](LogStream, std::string_view) { ++calls; },
      [&](const Status&) { calls += 100; });
  ASSERT_TRUE(harness_->RunUntil([&] { return calls == 1; }));
  handle.Cancel();
  handle.Cancel();
  harness_->KillProcess(*blocking_->Inspect(id));
  ASSERT_TRUE(blocking_->Until(id, ContainerRunState::kExited).has_value());
  EXPECT_EQ(calls, 1);
}

TEST_P(RuntimeLogs, ASandboxKeepsNoLog) {
  ContainerConfig config = TestContainer(cluster_, "mute", kRunsForever);
  config.is_sandbox = true;
  const auto id = blocking_->Create(config);
  ASSERT_EQ(blocking_->Start(*id), OkStatus());
  EXPECT_EQ(blocking_->ReadLogs(*id, {}).status.code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
