#include <set>

#include "controller/clock_readings.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

class AgentsTest : public ControllerTest {
 protected:
  void StartWith(int replicas) {
    source_.SetFiles("c1", {{"web.yaml", ControllerOf(replicas)}});
    Start();
    Connect();
    RunWhatIsAssigned();
  }
  std::string Accepted() {
    const auto host = Host();
    const Condition* found = FindCondition(host->status.conditions, kAssignmentAccepted);
    return found == nullptr ? "" : found->reason + ": " + found->message;
  }
  std::vector<std::string> HostEvents() { return EventsOf(Kind::kNode, "host-1"); }
};

using Words = std::vector<std::string>;

TEST_F(AgentsTest, AHeldAssignmentIsAConditionAnEventAndNotConverged) {
  StartWith(1);
  EXPECT_EQ(Accepted(), "AssignmentAccepted: the agent follows its assignment");
  Report report = ReportOf("host-1", ++sequence_);
  report.applied = link_.sent["host-1"].back().fence;
  report.held = "it would stop 4 of the 10 pods here";
  for (int i = 0; i < 3; ++i) {
    Say(report);
    report.sequence = ++sequence_;
  }
  EXPECT_EQ(Accepted(), "AssignmentHeld: it would stop 4 of the 10 pods here");
  EXPECT_EQ(controller_->Unconverged(),
            Words{"node host-1: does not follow its assignment: it would stop 4 of the 10 pods "
                  "here"});
  RunWhatIsAssigned();
  EXPECT_EQ(controller_->Unconverged(), Words());
  EXPECT_EQ(HostEvents(), (Words{"Normal AssignmentAccepted", "Normal RegisteredNode",
                                 "Warning AssignmentHeld"}));
}

TEST_F(AgentsTest, AnAgentThatFollowsSomethingNewerIsNotConverged) {
  StartWith(1);
  Report report = ReportOf("host-1", ++sequence_);
  report.applied = link_.sent["host-1"].back().fence;
  report.applied->revision += 1'000;
  Say(report);
  EXPECT_NE(Accepted().find("was an older copy of its database put back?"), std::string::npos);
}

class ClocksTest : public AgentsTest {
 protected:
  // As the host's agent says it every five seconds, for so long.
  void SayFor(int64_t duration_ms, int64_t ahead_ms) {
    for (int64_t ms = 0; ms <= duration_ms; ms += kHeartbeatMs) {
      Report report = WhatRuns("host-1");
      report.clock_ms = loop_.now().wall.ms + ahead_ms;
      Say(report);
      time_.RunFor(kHeartbeatMs);
    }
  }
  std::string Skewed() {
    const auto host = Host();
    const Condition* found = FindCondition(host->status.conditions, kClockSkewed);
    if (found == nullptr) return "";
    return std::string(ToString(found->status)) + " " + found->reason + ": " +
           found->message.substr(0, found->message.find(':'));
  }
};

TEST_F(ClocksTest, AClockThatStaysWrongIsAConditionAnEventAndANoteUntilItIsRight) {
  StartWith(1);
  SayFor(kClockSureMs, 2'000);
  EXPECT_EQ(Skewed(), "");
  SayFor(kClockSureMs + kHeartbeatMs, 75'000);
  const std::string ahead = "the host's clock is 75s ahead of the controller's";
  EXPECT_EQ(Skewed(), "True ClockAhead: " + ahead);
  ASSERT_EQ(controller_->Notes().size(), 1U);
  EXPECT_TRUE(controller_->Notes().front().starts_with("node host-1: " + ahead));
  // What varies by milliseconds is no news, nor what is neither right nor wrong.
  const Revision before = controller_->State()->revision();
  SayFor(kClockSureMs, 75'321);
  SayFor(kClockSureMs, (kClockSkewedMs + kClockRightMs) / 2);
  EXPECT_EQ(controller_->State()->revision(), before);
  SayFor(0, kClockRightMs);
  EXPECT_EQ(Skewed(), "False ClockRight: the host's clock is the controller's again");
  EXPECT_EQ(controller_->Notes(), Words());
  SayFor(kClockSureMs + kHeartbeatMs, -3'600'000);
  EXPECT_EQ(Skewed(), "True ClockBehind: the host's clock is 60m behind the controller's");
  EXPECT_EQ(HostEvents(), (Words{"Normal ClockRight", "Normal RegisteredNode", "Warning ClockAhead",
                                 "Warning ClockBehind"}));
}

// Words that were long on their way come together, the newest on time.
TEST_F(ClocksTest, LateWordsAreNoWrongClock) {
  StartWith(1);
  for (int64_t late_ms = 60'000; late_ms >= 0; late_ms -= kHeartbeatMs) {
    Report report = WhatRuns("host-1");
    report.clock_ms = loop_.now().wall.ms - late_ms;
    Say(report);
  }
  time_.RunFor(2 * kClockSureMs);
  EXPECT_EQ(Skewed(), "");
}

TEST_F(ClocksTest, AnOlderAgentSaysNothingOfItsClock) {
  StartWith(1);
  SayFor(2 * kClockSureMs, 0);
  Report report = WhatRuns("host-1");
  EXPECT_EQ(report.clock_ms, 0);
  Say(report);
  time_.RunFor(2 * kClockSureMs);
  EXPECT_EQ(Skewed(), "");
  // Nor does one that goes back to an earlier release: what was said of it does not stay for ever.
  SayFor(kClockSureMs + kHeartbeatMs, 75'000);
  EXPECT_EQ(Skewed().substr(0, 15), "True ClockAhead");
  Say(WhatRuns("host-1"));
  EXPECT_EQ(Skewed(), "False ClockUnknown: the host's agent says nothing of its clock any more");
}

TEST_F(AgentsTest, ANodeHasTheImagesThatItsAgentTellsOf) {
  StartWith(1);
  std::vector<ContainerImage> images;
  for (size_t i = 0; i < kMaxNodeImages + 1; ++i) {
    images.push_back({{"app:" + std::to_string(100 + i)}, static_cast<int64_t>(i)});
  }
  Report report = WhatRuns("host-1");
  report.images = std::make_shared<const std::vector<ContainerImage>>(images);
  Say(report);
  ASSERT_EQ(Host()->status.images.size(), kMaxNodeImages);
  EXPECT_EQ(Host()->status.images.front().names, std::vector<std::string>{"app:101"});
  RunWhatIsAssigned();
  EXPECT_EQ(Host()->status.images.size(), kMaxNodeImages) << "an agent that has not looked yet";
}

TEST_F(AgentsTest, RecordsThatANodeFellSilentAndCameBack) {
  StartWith(1);
  time_.RunFor(40'000);
  RunWhatIsAssigned();
  time_.RunFor(1'000);
  EXPECT_EQ(HostEvents(),
            (Words{"Normal NodeReady", "Normal RegisteredNode", "Warning NodeNotReady"}));
  const auto pod = link_.sent["host-1"].back().pods.at(0);
  const Words events = EventsOf(Kind::kPod, pod->metadata.name);
  EXPECT_EQ(std::count(events.begin(), events.end(), "Warning NodeNotReady"), 1);
}

TEST_F(AgentsTest, AShorterLeaseIsForAgentsThatSpeakAsOften) {
  ControllerOptions options;
  options.sources = {{"main", {"/repository", "", ""}}};
  options.node_silent_ms = 3'000;
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  StartWith(1);
  EXPECT_EQ(link_.sent["host-1"].back().heartbeat_ms, 1'000);
  // It has not said that it does: one of an earlier release, or its assignment is under way.
  time_.RunFor(9'000);
  EXPECT_TRUE(IsReady(*Host()));
  time_.RunFor(2'000);
  EXPECT_FALSE(IsReady(*Host()));
  EXPECT_NE(FindCondition(Host()->status.conditions, "Ready")->message.find("nothing for 10s"),
            std::string::npos);
  Report report = WhatRuns("host-1");
  report.heartbeat_ms = 1'000;
  Say(report);
  time_.RunFor(2'000);
  EXPECT_TRUE(IsReady(*Host()));
  time_.RunFor(1'500);
  EXPECT_FALSE(IsReady(*Host()));
  // What an agent says of itself is no way to be waited for without end.
  report = WhatRuns("host-1");
  report.heartbeat_ms = 86'400'000;
  Say(report);
  time_.RunFor(11'000);
  EXPECT_FALSE(IsReady(*Host()));
}

TEST_F(AgentsTest, AfterASleepNoNodeIsNotReadyForALease) {
  StartWith(1);
  time_.RunFor(4'000);
  time_.Sleep(3'600'000);
  time_.RunFor(14'000);
  EXPECT_TRUE(IsReady(*Host()));
  time_.RunFor(2'000);
  EXPECT_FALSE(IsReady(*Host()));
}

TEST_F(AgentsTest, ASilenceThatTheModelKnowsOfCountsFromAControllersStartOn) {
  StartWith(1);
  time_.RunFor(20'000);
  ASSERT_FALSE(IsReady(*Host()));
  const auto since = [this] {
    return FindCondition(Host()->status.conditions, "Ready")->last_transition_time->ms;
  };
  const int64_t fell_silent = since();
  time_.RunFor(5'000);
  EXPECT_EQ(since(), fell_silent);
  controller_.reset();
  time_.RunFor(3'600'000);
  const int64_t started = loop_.now().wall.ms;
  ControllerOptions options;
  options.sources = {{"main", {"/repository", "", ""}}};
  controller_ = std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  Start();
  EXPECT_GE(since(), started) << "nobody listened meanwhile";
  const int64_t counted_from = since();
  time_.RunFor(5'000);
  EXPECT_EQ(since(), counted_from) << "once";
}

// When most hosts were away, those that are heard again last are not to blame.
TEST_F(AgentsTest, TheSilenceOfMostHostsCountsAnewFromTheFirstReturnOn) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(0)}});
  Start();
  const std::vector<std::string> all = {"host-1", "host-2", "host-3"};
  const auto say = [this](const std::vector<std::string>& names) {
    for (const std::string& name : names) Say(WhatRuns(name));
  };
  for (const std::string& name : all) {
    link_.handler.on_connected(name);
    Say(ReportOf(name, ++sequence_));
  }
  source_.SetFiles("c2", {{"web.yaml", ControllerOf(6)}});
  Settle();
  say(all);
  const auto run_for_s = [&](int seconds, const std::vector<std::string>& heard) {
    for (int i = 0; i < seconds; i += 5) {
      time_.RunFor(5'000);
      say(heard);
    }
  };
  const auto going = [this] {
    int count = 0;
    controller_->State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      if (pod->metadata.deletion_timestamp) ++count;
    });
    return count;
  };
  ASSERT_EQ(PodCount(), 6U);
  run_for_s(120, {"host-3"});
  EXPECT_EQ(going(), 0);
  run_for_s(10, {"host-1", "host-3"});
  EXPECT_EQ(going(), 0) << "host-2 was not given the time to return";
  run_for_s(15, {"host-1", "host-3"});
  EXPECT_EQ(going(), 2);
}

TEST_F(AgentsTest, Faults_Line35_ClockJumpsChangeNoPodAndNoNode) {
  constexpr int64_t kHourMs = 3'600'000;
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(3)}});
  Start();
  Connect();
  RunWhatIsAssigned();
  const auto pods = [this] {
    std::set<std::string> uids;
    controller_->State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
      EXPECT_FALSE(pod->metadata.deletion_timestamp);
      uids.insert(pod->metadata.uid);
    });
    return uids;
  };
  const std::set<std::string> before = pods();
  ASSERT_EQ(before.size(), 3U);
  for (const int64_t jump_ms : {kHourMs, -kHourMs, -kHourMs, kHourMs}) {
    const auto state = controller_->State();
    time_.JumpWallClock(jump_ms);
    for (int i = 0; i < 6; ++i) {
      time_.RunFor(5'000);
      RunWhatIsAssigned();
    }
    EXPECT_EQ(pods(), before) << "after a jump of " << jump_ms;
    EXPECT_TRUE(IsReady(*Host()));
    const auto changes = store_.ChangesSince(state->revision());
    ASSERT_TRUE(changes.ok());
    for (const Change& change : *changes) {
      EXPECT_EQ(change.key.kind, Kind::kEvent) << "old Events go, and that is all";
    }
  }
}

TEST_F(AgentsTest, WhenAPodWasPlacedIsNotReckonedByItsHostsClock) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  Connect();
  const auto only_pod = [this] {
    std::shared_ptr<const Pod> found;
    controller_->State()->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) { found = pod; });
    return found;
  };
  const auto placed_at = [&] {
    const auto pod = only_pod();
    return FindCondition(pod->status.conditions, "PodScheduled")->last_transition_time->ms;
  };
  const int64_t before = placed_at();
  const auto pod = only_pod();
  PodReport told{.namespace_name = pod->metadata.namespace_name,
                 .name = pod->metadata.name,
                 .uid = pod->metadata.uid};
  told.status.phase = PodPhase::kRunning;
  told.status.conditions.push_back({.type = "PodScheduled",
                                    .status = ConditionStatus::kTrue,
                                    .last_transition_time = WallTime{before - 3'600'000}});
  Report report = ReportOf("host-1", ++sequence_);
  report.pods.push_back(told);
  Say(report);
  EXPECT_EQ(only_pod()->status.phase, PodPhase::kRunning);
  EXPECT_EQ(placed_at(), before);
}

TEST_F(AgentsTest, LabelsThatAnAgentReportsNoMoreGo) {
  StartWith(1);
  Report report = ReportOf("host-1", ++sequence_);
  report.labels = {{"kubernetes.io/os", "linux"}, {"disk", "fast"}};
  Say(report);
  EXPECT_EQ(Host()->metadata.labels.count("disk"), 1U);
  report.sequence = ++sequence_;
  report.labels.erase("disk");
  Say(report);
  EXPECT_EQ(Host()->metadata.labels, (StringMap{{"kubernetes.io/os", "linux"}}));
}

TEST_F(AgentsTest, LabelsThatGitDeclaresStayWhenTheAgentReportsThemNoMore) {
  source_.SetFiles("c1", {{"node.yaml",
                           "apiVersion: v1\nkind: Node\nmetadata: {name: host-1, labels: {disk: "
                           "slow}}\n"}});
  Start();
  Report report = ReportOf("host-1", ++sequence_);
  report.labels = {{"disk", "fast"}};
  Say(report);
  report.sequence = ++sequence_;
  report.labels.clear();
  Say(report);
  EXPECT_EQ(Host()->metadata.labels, (StringMap{{"disk", "slow"}}));
}

TEST_F(AgentsTest, AnEventIsOfThePodThatTheAgentMeant) {
  StartWith(1);
  const auto pod = link_.sent["host-1"].back().pods.at(0);
  Report report = ReportOf("host-1", ++sequence_);
  report.applied = link_.sent["host-1"].back().fence;
  report.events.push_back({.pod_uid = "an-earlier-pod",
                           .namespace_name = "default",
                           .pod_name = pod->metadata.name,
                           .reason = "Killing",
                           .message = "Stopping container main"});
  Say(report);
  std::string uid;
  controller_->State()->ForEach<Event>([&](const std::shared_ptr<const Event>& event) {
    if (event->reason == "Killing") uid = event->involved_object.uid;
  });
  EXPECT_EQ(uid, "an-earlier-pod");
}

// 40 pods of a megabyte each do not fit in one message.
class LargeAssignment : public AgentsTest {
 protected:
  void SetUp() override {
    std::string text = ControllerOf(40);
    text.replace(text.find("image: 'app:1'"), 14,
                 "image: 'app:1', args: ['" + std::string(1'000'000, 'x') + "']");
    source_.SetFiles("c1", {{"web.yaml", text}});
    Start();
    Connect();
  }
};

TEST_F(LargeAssignment, IsSentInPartAndSaysSo) {
  const Assignment sent = link_.sent["host-1"].back();
  EXPECT_GT(sent.pods.size(), 25U);
  EXPECT_LT(sent.pods.size(), 40U);
  EXPECT_NE(Accepted().find("AssignmentTooLarge: "), std::string::npos) << Accepted();
  EXPECT_NE(Accepted().find("more than 33554432"), std::string::npos) << Accepted();
  EXPECT_NE(Accepted().find("the largest are Pod default/web-"), std::string::npos) << Accepted();
  EXPECT_NE(Accepted().find(std::to_string(40 - sent.pods.size()) + " pods that have not begun"),
            std::string::npos)
      << Accepted();
  EXPECT_EQ(HostEvents(), (Words{"Normal RegisteredNode", "Warning AssignmentTooLarge"}));
  const size_t messages = link_.sent["host-1"].size();
  Say(ReportOf("host-1", ++sequence_));
  EXPECT_EQ(link_.sent["host-1"].size(), messages) << "not again at every turn";
}

}  // namespace
}  // namespace reconcile
