#include "agent/start_times.h"

#include "tests/unit/agent/agent_fixture.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

TEST(StartTimes, CountFromTheMomentTheAssignmentWasReceived) {
  const StartWatch watch{.received = {100},
                         .accepted = {103},
                         .sandbox = MonoTime{180},
                         .attached = MonoTime{190},
                         .image = MonoTime{190},
                         .created = MonoTime{220},
                         .started = MonoTime{290},
                         .network = MonoTime{291}};
  EXPECT_EQ(TimesOf(watch, {295}), (StartTimes{3, 80, 90, 90, 120, 190, 191, 195}));
}

TEST(StartTimes, AStageBesideAnEarlierOneIsNotBeforeIt) {
  const StartWatch watch{.received = {100},
                         .accepted = {103},
                         .sandbox = MonoTime{180},
                         .attached = MonoTime{190},
                         .image = MonoTime{105},
                         .created = MonoTime{150},
                         .started = MonoTime{290},
                         .network = MonoTime{290}};
  EXPECT_EQ(TimesOf(watch, {291}), (StartTimes{3, 80, 90, 90, 90, 190, 190, 191}));
}

TEST(StartTimes, WhatWasNotSeenCameWithTheNextStage) {
  const StartWatch watch{.received = {100},
                         .accepted = {103},
                         .sandbox = std::nullopt,
                         .attached = MonoTime{190},
                         .image = std::nullopt,
                         .created = std::nullopt,
                         .started = std::nullopt,
                         .network = std::nullopt};
  EXPECT_EQ(TimesOf(watch, {291}), (StartTimes{3, 90, 90, 191, 191, 191, 191, 191}));
}

TEST(StartTimes, ThoseThatNobodyTakesAreBounded) {
  std::vector<PodStart> pending;
  KeepStarts(std::vector<PodStart>(kMaxPendingStarts + 10), &pending);
  EXPECT_EQ(pending.size(), kMaxPendingStarts);
}

class StartWatchTest : public StepTest {
 protected:
  // Performs what is asked for, a second apart, and gives what is said of starts on the way.
  std::vector<PodStart> Run() {
    std::vector<PodStart> said;
    for (int i = 0; i < 30; ++i) {
      const StepResult result = Take();
      said.insert(said.end(), result.starts.begin(), result.starts.end());
      Pass(1'000);
      for (const Operation& operation : result.operations) {
        Perform(operation);
        if (const auto* run = std::get_if<RunContainer>(&operation.action)) {
          NoteCreated(&seen, run->pod_uid, now.mono);
          Pass(500);
        }
      }
    }
    return said;
  }
};

TEST_F(StartWatchTest, SaysOnceHowAPodStarted) {
  seen.received_at = now.mono;
  Pass(7);
  Assign(MakePod());
  const std::vector<PodStart> said = Run();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].pod_uid, kUid);
  const StartTimes& times = said[0].times;
  EXPECT_EQ(times.accepted_ms, 7);
  EXPECT_LT(times.accepted_ms, times.sandbox_ms);
  EXPECT_LT(times.sandbox_ms, times.attached_ms);
  EXPECT_LE(times.attached_ms, times.image_ms);
  EXPECT_LT(times.image_ms, times.created_ms);
  EXPECT_EQ(times.started_ms, times.created_ms + 500);
  EXPECT_EQ(times.network_ms, times.started_ms) << "the sandbox's";
  EXPECT_EQ(times.ready_ms, times.started_ms);
  EXPECT_FALSE(seen.pods.at(kUid).start.has_value());
}

TEST_F(StartWatchTest, AContainerThatOwnsItsNetworkHasItOnceItRuns) {
  host.start_program_path = "/data/start";
  seen.received_at = now.mono;
  Assign(MakePod());
  const std::vector<PodStart> said = Run();
  ASSERT_EQ(said.size(), 1U);
  const StartTimes& times = said[0].times;
  EXPECT_EQ(times.attached_ms, times.sandbox_ms) << "there is none";
  EXPECT_EQ(times.started_ms, times.created_ms + 500);
  EXPECT_EQ(times.network_ms, times.started_ms + 1'000);
  EXPECT_EQ(times.ready_ms, times.network_ms);
}

TEST_F(StartWatchTest, SaysNothingOfARestart) {
  seen.received_at = now.mono;
  Assign(MakePod());
  ASSERT_EQ(Run().size(), 1U);
  Kill("app");
  EXPECT_TRUE(Run().empty());
  EXPECT_EQ(All("app").size(), 2U);
}

TEST_F(StartWatchTest, SaysNothingOfWhatItFinds) {
  seen.received_at = now.mono;
  Assign(MakePod());
  Run();
  ForgetEverything();
  seen.received_at = now.mono;
  EXPECT_TRUE(Run().empty());
}

TEST_F(AgentTest, TellsOfAStartInOneReportAlone) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  RunFor(120'000);
  int told = 0;
  for (const Report& report : link.reports) told += static_cast<int>(report.starts.size());
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(LastReport().starts.empty());
}

TEST_F(AgentTest, KeepsWhatItHasToTellOfAStartUntilSomebodyHears) {
  AddPod("web");
  StartAgent();
  Assign();
  link.connected = false;
  Settle();
  link.reports.clear();
  link.Connect();
  RunFor(60'000);
  int told = 0;
  for (const Report& report : link.reports) told += static_cast<int>(report.starts.size());
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace reconcile
