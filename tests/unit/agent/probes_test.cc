#include "agent/probes.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

constexpr std::array<bool, 3> kNoneUnderWay = {false, false, false};

ProbedProgram Program(const std::string& container_id) {
  ProbedProgram program;
  program.container_id = container_id;
  return program;
}

Probe TcpOn(int32_t port) {
  Probe probe;
  probe.action = TcpProbe{"", port};
  return probe;
}

class ProbesTest : public testing::Test {
 protected:
  ProbesDue Plan() { return PlanProbes(probes, program, under_way, now, &memory); }
  void Pass(int64_t ms) {
    now = now + ms;
    program.running_ms += ms;
  }
  void Answer(ProbeKind kind, bool success) {
    TakeOutcome(kind, *probes[kind], program.container_id, {success, success ? "" : "no answer"},
                &memory);
  }
  Probe& Set(ProbeKind kind) { return probes.of[static_cast<size_t>(kind)].emplace(TcpOn(80)); }

  ContainerProbes probes;
  ProbedProgram program = Program("one");
  std::array<bool, 3> under_way = kNoneUnderWay;
  MonoTime now{1'000'000};
  ProbesMemory memory;
};

using Kinds = std::vector<ProbeKind>;

TEST_F(ProbesTest, WithoutProbesARunningProgramIsReady) {
  EXPECT_TRUE(Plan().kinds.empty());
  EXPECT_FALSE(Plan().wake_at);
  EXPECT_TRUE(IsStarted(probes, memory));
  EXPECT_TRUE(IsReady(probes, memory));
}

TEST_F(ProbesTest, ReadinessIsFalseUntilItsFirstSuccess) {
  Set(ProbeKind::kReadiness);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kReadiness});
  EXPECT_TRUE(IsStarted(probes, memory));
  EXPECT_FALSE(IsReady(probes, memory));
  Answer(ProbeKind::kReadiness, true);
  EXPECT_TRUE(IsReady(probes, memory));
}

TEST_F(ProbesTest, IsAskedEveryPeriodAfterTheInitialDelay) {
  Probe& probe = Set(ProbeKind::kLiveness);
  probe.initial_delay_ms = 7'000;
  probe.period_ms = 5'000;
  program.running_ms = 3'000;
  EXPECT_TRUE(Plan().kinds.empty());
  EXPECT_EQ(Plan().wake_at, now + 4'000);
  Pass(4'000);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kLiveness});
  EXPECT_TRUE(Plan().kinds.empty());  // given out once
  EXPECT_EQ(Plan().wake_at, now + 5'000);
  Pass(12'000);  // two times were missed: they are not made up for
  EXPECT_EQ(Plan().kinds.size(), 1u);
  EXPECT_EQ(Plan().wake_at, now + 3'000);
}

TEST_F(ProbesTest, AProgramThatHasJustBegunIsAskedSoonerUntilItServes) {
  Probe& probe = Set(ProbeKind::kReadiness);
  probe.period_ms = 1'000;
  probe.failure_threshold = 1;
  const MonoTime began = now;
  std::vector<int64_t> asked;
  while (now - began <= 2'000) {
    if (!Plan().kinds.empty()) {
      asked.push_back(now - began);
      Answer(ProbeKind::kReadiness, false);
    }
    Pass(*Plan().wake_at - now);
  }
  EXPECT_EQ(asked, (std::vector<int64_t>{0, 100, 300, 700, 1'000, 2'000}));
}

TEST_F(ProbesTest, ASuccessBetweenTheRegularTimesCountsAndTheyGoOn) {
  Set(ProbeKind::kReadiness);
  Plan();
  Answer(ProbeKind::kReadiness, false);
  Pass(100);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kReadiness});
  Answer(ProbeKind::kReadiness, true);
  EXPECT_TRUE(IsReady(probes, memory));
  EXPECT_EQ(Plan().wake_at, now + 9'900);
}

TEST_F(ProbesTest, FailuresBetweenTheRegularTimesCountNowhere) {
  Probe& probe = Set(ProbeKind::kStartup);
  probe.failure_threshold = 2;
  Plan();
  Answer(ProbeKind::kStartup, false);
  for (const int64_t later : {100, 200, 400}) {
    Pass(later);
    EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kStartup});
    const ProbeOutcome no_answer{false, "no answer"};
    const bool counted = TakeOutcome(ProbeKind::kStartup, probe, "one", no_answer, &memory);
    EXPECT_FALSE(counted);
    EXPECT_FALSE(IsNews(no_answer, counted, now, &memory[ProbeKind::kStartup]));
    EXPECT_FALSE(FailedForGood(probes, memory));
  }
}

TEST_F(ProbesTest, CommandsLivenessAndAdoptedProgramsKeepToTheirPeriod) {
  Set(ProbeKind::kReadiness).action = ExecProbe{{"true"}};
  Set(ProbeKind::kLiveness);
  Plan();
  Answer(ProbeKind::kReadiness, false);
  Answer(ProbeKind::kLiveness, false);
  EXPECT_EQ(Plan().wake_at, now + 10'000);

  program = Program("adopted");
  program.spread = 0;
  Set(ProbeKind::kReadiness);
  Plan();
  Answer(ProbeKind::kReadiness, false);
  EXPECT_EQ(Plan().wake_at, now + 10'000);
}

TEST_F(ProbesTest, AClockThatJumpedBackDoesNotLengthenTheDelay) {
  Set(ProbeKind::kReadiness).initial_delay_ms = 7'000;
  program.running_ms = -1'000'000;
  EXPECT_EQ(Plan().wake_at, now + 7'000);
}

TEST_F(ProbesTest, IsNotAskedAgainWhileItIsUnderWay) {
  Set(ProbeKind::kLiveness);
  Plan();
  under_way[static_cast<size_t>(ProbeKind::kLiveness)] = true;
  Pass(60'000);
  EXPECT_TRUE(Plan().kinds.empty());
  EXPECT_FALSE(Plan().wake_at);
}

TEST_F(ProbesTest, AResultTakesAsManyEqualOutcomesAsItsThreshold) {
  Probe& probe = Set(ProbeKind::kReadiness);
  probe.success_threshold = 2;
  probe.failure_threshold = 3;
  Plan();
  Answer(ProbeKind::kReadiness, true);
  EXPECT_FALSE(IsReady(probes, memory));
  Answer(ProbeKind::kReadiness, true);
  EXPECT_TRUE(IsReady(probes, memory));
  for (const bool success : {false, false, true, false, false}) {
    Answer(ProbeKind::kReadiness, success);
    EXPECT_TRUE(IsReady(probes, memory));
  }
  Answer(ProbeKind::kReadiness, false);
  EXPECT_FALSE(IsReady(probes, memory));
  EXPECT_FALSE(FailedForGood(probes, memory));  // readiness stops nothing
}

TEST_F(ProbesTest, StartupKeepsTheOthersBackUntilItSucceeds) {
  for (const ProbeKind kind : kProbeKinds) Set(kind);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kStartup});
  EXPECT_FALSE(IsStarted(probes, memory));
  Answer(ProbeKind::kStartup, false);
  Pass(10'000);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kStartup});
  Pass(1'000);
  Answer(ProbeKind::kStartup, true);
  EXPECT_TRUE(IsStarted(probes, memory));
  EXPECT_FALSE(IsReady(probes, memory));
  EXPECT_EQ(Plan().kinds, (Kinds{ProbeKind::kReadiness, ProbeKind::kLiveness}));
  Pass(60'000);  // startup has been answered for good
  EXPECT_EQ(Plan().kinds, (Kinds{ProbeKind::kReadiness, ProbeKind::kLiveness}));
}

TEST_F(ProbesTest, AProgramThatFailedForGoodIsAskedForReadinessAlone) {
  Set(ProbeKind::kLiveness).failure_threshold = 2;
  Set(ProbeKind::kReadiness);
  Plan();
  Answer(ProbeKind::kReadiness, true);
  Answer(ProbeKind::kLiveness, false);
  EXPECT_FALSE(FailedForGood(probes, memory));
  Answer(ProbeKind::kLiveness, false);
  EXPECT_EQ(FailedForGood(probes, memory), ProbeKind::kLiveness);
  Pass(10'000);
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kReadiness}) << "it leaves its Services while it stops";

  program = Program("two");
  EXPECT_EQ(Plan().kinds.size(), 2u);
  EXPECT_FALSE(FailedForGood(probes, memory));
  EXPECT_FALSE(IsReady(probes, memory));
}

TEST_F(ProbesTest, StartupThatFailsForGoodStopsTheProgram) {
  Set(ProbeKind::kStartup).failure_threshold = 1;
  Plan();
  Answer(ProbeKind::kStartup, false);
  EXPECT_EQ(FailedForGood(probes, memory), ProbeKind::kStartup);
}

TEST_F(ProbesTest, AnAnswerOfAnEarlierProgramSaysNothing) {
  Set(ProbeKind::kReadiness);
  Plan();
  TakeOutcome(ProbeKind::kReadiness, *probes[ProbeKind::kReadiness], "zero", {true, ""}, &memory);
  EXPECT_FALSE(IsReady(probes, memory));
}

TEST_F(ProbesTest, AnAdoptedProgramStaysReadyUntilItsFirstResult) {
  for (const ProbeKind kind : kProbeKinds) Set(kind);
  program.was_started = true;
  program.was_ready = true;
  program.spread = 0.5;
  EXPECT_TRUE(Plan().kinds.empty());
  EXPECT_EQ(Plan().wake_at, now + 5'000);
  EXPECT_TRUE(IsReady(probes, memory));
  Pass(5'000);
  EXPECT_EQ(Plan().kinds, (Kinds{ProbeKind::kReadiness, ProbeKind::kLiveness}));
  Answer(ProbeKind::kReadiness, false);
  Answer(ProbeKind::kReadiness, false);
  EXPECT_TRUE(IsReady(probes, memory));
  Answer(ProbeKind::kReadiness, false);
  EXPECT_FALSE(IsReady(probes, memory));
}

TEST_F(ProbesTest, OnlyReadinessIsAskedOfAPodThatStops) {
  Set(ProbeKind::kReadiness);
  Set(ProbeKind::kLiveness);
  program.stopping = true;
  EXPECT_EQ(Plan().kinds, Kinds{ProbeKind::kReadiness});
}

TEST(Probe, TakesItsDefaultsAndNamedPorts) {
  Container container;
  ContainerPort& port = container.ports.emplace_back();
  port.name = "web";
  port.container_port = 8080;
  Value http = Value::MakeMap();
  http.Set("port", Value::String("web"));
  http.Set("path", Value::String("healthz?full"));
  http.Set("scheme", Value::String("HTTPS"));
  Value written = Value::MakeMap();
  written.Set("httpGet", http);
  written.Set("failureThreshold", Value::Int(0));
  written.Set("timeoutSeconds", Value::Int(4));
  container.others.Set("livenessProbe", written);
  const std::optional<Probe> probe = ProbeOf(container, ProbeKind::kLiveness);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(ProbeOf(container, ProbeKind::kReadiness));
  const HttpProbe* action = std::get_if<HttpProbe>(&probe->action);
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(*action, (HttpProbe{"", 8080, "/healthz?full", true, {}}));
  EXPECT_EQ(probe->failure_threshold, 3);
  EXPECT_EQ(probe->period_ms, 10'000);
  EXPECT_EQ(probe->timeout_ms, 4'000);
  EXPECT_EQ(GraceSecondsOf(*probe, 30), 30);
}

TEST(Probe, APortThatTheContainerHasNotIsNone) {
  Container container;
  Value tcp = Value::MakeMap();
  tcp.Set("port", Value::String("web"));
  Value written = Value::MakeMap();
  written.Set("tcpSocket", tcp);
  written.Set("terminationGracePeriodSeconds", Value::Int(2));
  container.others.Set("startupProbe", written);
  const std::optional<Probe> probe = ProbeOf(container, ProbeKind::kStartup);
  ASSERT_TRUE(probe);
  EXPECT_EQ(std::get<TcpProbe>(probe->action), (TcpProbe{"", 0}));
  EXPECT_EQ(GraceSecondsOf(*probe, 30), 2);
}

TEST(Probe, SpeaksInTheKubeletsWords) {
  EXPECT_EQ(UnhealthyMessage(ProbeKind::kReadiness, {false, "timeout"}),
            "Readiness probe failed: timeout");
  EXPECT_EQ(KillingMessage("app", ProbeKind::kStartup, true),
            "Container app failed startup probe, will be restarted");
}

}  // namespace
}  // namespace reconcile
