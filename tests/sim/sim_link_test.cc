#include "sim/sim_link.h"

#include "sim/other_release.h"

namespace reconcile {
namespace {

constexpr char kNode[] = "host-1";

// One controller and one agent, connected over a network without faults.
class SimLinkTest : public testing::Test {
 protected:
  SimLinkTest() {
    controller_ = MakeController(kControllerAddress);
    MakeAgent();
    time_.RunFor(1'000);
  }

  std::unique_ptr<AgentLink> MakeController(std::string_view address) {
    auto end = network_.MakeControllerEnd(&controller_loop_, std::string(address));
    end->SetHandler({[this](const std::string&) { ++connects_; },
                     [this](const std::string&) { ++disconnects_; },
                     [this](const Report& report) { sequences_.push_back(report.sequence); }});
    return end;
  }
  void MakeAgent() {
    agent_ = network_.MakeAgentEnd(kNode, &agent_loop_);
    agent_->SetHandler(
        {[this] { ++agent_connects_; },
         [this](const Assignment& assignment) { revisions_.push_back(assignment.fence.revision); },
         {}});
  }

  Status Send(Revision revision) {
    Assignment assignment;
    assignment.node = kNode;
    assignment.fence.revision = revision;
    return controller_->Send(kNode, assignment);
  }
  Status Tell(int64_t sequence, const std::string& start = "start-1") {
    Report report;
    report.node = kNode;
    report.agent_start = start;
    report.sequence = sequence;
    return agent_->Send(report);
  }

  VirtualTime time_;
  VirtualLoop controller_loop_{&time_};
  VirtualLoop agent_loop_{&time_};
  SimNetwork network_{&time_, 1};
  std::unique_ptr<AgentLink> controller_;
  std::unique_ptr<ControllerLink> agent_;
  int connects_ = 0;
  int disconnects_ = 0;
  int agent_connects_ = 0;
  std::vector<int64_t> sequences_;
  std::vector<Revision> revisions_;
};

TEST_F(SimLinkTest, HoldsBackOneWayAndKeepsTheOrder) {
  EXPECT_TRUE(network_.Close(kNode, Way::kDown));
  EXPECT_TRUE(Send(1).ok());
  EXPECT_TRUE(Send(2).ok());
  EXPECT_TRUE(Tell(1).ok());
  time_.RunFor(5'000);
  EXPECT_TRUE(revisions_.empty());
  EXPECT_EQ(sequences_, std::vector<int64_t>({1}));
  network_.Open(kNode, Way::kDown);
  time_.RunFor(5'000);
  EXPECT_EQ(revisions_, std::vector<Revision>({1, 2}));
  EXPECT_EQ(agent_connects_, 1);
  EXPECT_EQ(network_.counts().stuck, 2);
}

TEST_F(SimLinkTest, LetsWhoHearsNothingCloseAndTellTheOther) {
  network_.Close(kNode, Way::kDown);
  time_.RunFor(25'000);
  EXPECT_EQ(disconnects_, 1);  // the agent closed, and its word got through
  EXPECT_FALSE(Tell(1).ok());
  EXPECT_FALSE(network_.AllConnected());
  network_.Open(kNode, Way::kDown);
  time_.RunFor(20'000);
  EXPECT_TRUE(network_.AllConnected());
  EXPECT_EQ(connects_, 2);
}

TEST_F(SimLinkTest, LeavesASideInErrorWhileItsWordDoesNotGetThrough) {
  network_.Close(kNode, Way::kUp);
  network_.Close(kNode, Way::kDown);
  EXPECT_TRUE(Send(1).ok());
  EXPECT_TRUE(Tell(1).ok());
  time_.RunFor(25'000);
  EXPECT_EQ(disconnects_, 1);
  EXPECT_FALSE(Send(2).ok());
  network_.Open(kNode, Way::kDown);
  network_.Open(kNode, Way::kUp);
  time_.RunFor(20'000);
  EXPECT_TRUE(network_.AllConnected());
  EXPECT_TRUE(revisions_.empty());  // they went with the connection
  EXPECT_TRUE(sequences_.empty());
}

TEST_F(SimLinkTest, RefusesWhatComesOverAConnectionThatItsReceiverDoesNotKnow) {
  network_.Close(kNode, Way::kDown);
  controller_.reset();
  controller_ = MakeController(kControllerAddress);
  network_.Open(kNode, Way::kDown);
  EXPECT_TRUE(Tell(1).ok());  // the agent still believes
  time_.RunFor(5'000);
  EXPECT_TRUE(network_.AllConnected());
  EXPECT_TRUE(sequences_.empty());
}

TEST_F(SimLinkTest, KeepsFewMessagesForASlowReaderTheNewest) {
  EXPECT_TRUE(network_.SetSlowReader(kNode, Way::kDown, true));
  for (Revision revision = 1; revision <= 20; ++revision) EXPECT_TRUE(Send(revision).ok());
  time_.RunFor(60'000);
  ASSERT_FALSE(revisions_.empty());
  EXPECT_LE(revisions_.size(), 4U);
  EXPECT_EQ(revisions_.back(), 20);
  EXPECT_TRUE(std::is_sorted(revisions_.begin(), revisions_.end()));
  EXPECT_EQ(network_.counts().superseded, 16);
}

TEST_F(SimLinkTest, BringsMessagesOfAnEarlierConnectionLate) {
  network_.SetFaults({.stale_per_mille = 1'000});
  EXPECT_TRUE(Tell(1, "start-1").ok());
  EXPECT_TRUE(Send(1).ok());
  time_.RunFor(10);
  network_.Cut(kNode);
  network_.Mend(kNode);
  time_.RunFor(40'000);
  EXPECT_EQ(revisions_, std::vector<Revision>({1, 1}));
  EXPECT_EQ(sequences_, std::vector<int64_t>({1, 1}));
  EXPECT_EQ(network_.counts().reports_of_older_starts, 0);
  EXPECT_TRUE(Tell(2, "start-1").ok());
  time_.RunFor(10);
  agent_.reset();
  MakeAgent();
  time_.RunFor(40'000);
  EXPECT_EQ(sequences_, std::vector<int64_t>({1, 1, 2, 2}));
  EXPECT_EQ(network_.counts().reports_of_older_starts, 1);
}

TEST_F(SimLinkTest, LeadsAnAgentToAnotherController) {
  const auto other = MakeController("other");
  EXPECT_TRUE(network_.LeadTo(kNode, "other"));
  time_.RunFor(5'000);
  EXPECT_FALSE(Send(1).ok());
  EXPECT_EQ(connects_, 2);
  EXPECT_FALSE(network_.AllConnected());
  EXPECT_TRUE(network_.LeadTo(kNode, std::string(kControllerAddress)));
  time_.RunFor(5'000);
  EXPECT_TRUE(Send(1).ok());
}

TEST_F(SimLinkTest, WritesMessagesAsOtherReleasesWould) {
  network_.SetFaults({.other_release_per_mille = 500});
  agent_.reset();
  MakeAgent();
  time_.RunFor(1'000);
  EXPECT_TRUE(Tell(1).ok());
  EXPECT_TRUE(Send(1).ok());
  time_.RunFor(1'000);
  EXPECT_EQ(sequences_, std::vector<int64_t>({1}));
  EXPECT_EQ(revisions_, std::vector<Revision>({1}));
  EXPECT_EQ(network_.counts().other_release, 2);
}

TEST(OtherRelease, AddsUnknownMembersButNotToFreeText) {
  Value message = *ParseJson(R"({"a": {"labels": {"x": "y"}}, "list": [{"b": 1}]})");
  AddUnknownMembers(&message);
  EXPECT_EQ(WriteJson(message),
            R"({"a":{"labels":{"x":"y"},"ofTheNextRelease":[1,"x"]},)"
            R"("list":[{"b":1,"ofTheNextRelease":[1,"x"]}],"ofTheNextRelease":[1,"x"]})");
}

TEST(OtherRelease, LeavesOutWhatSaysNothing) {
  Value message = *ParseJson(
      R"({"held": "", "pods": [{"gone": false, "pod": {"kind": "Pod", "spec": {}}}], "events": []})");
  LeaveOutEmptyMembers(&message);
  EXPECT_EQ(WriteJson(message), R"({"pods":[{"pod":{"kind":"Pod","spec":{}}}]})");
}

TEST(VirtualMachine, RunsNothingInItsSleepAndThenAllInOrder) {
  VirtualTime time;
  VirtualMachine machine(&time);
  VirtualLoop loop(&time, &machine);
  std::string ran;
  machine.Suspend();
  loop.After(10, [&] { ran += "a"; });
  const TimerId cancelled = loop.After(15, [&] { ran += "x"; });
  loop.After(20, [&] { ran += "b"; });
  loop.After(2'500, [&] { ran += "c"; });
  time.RunFor(1'000);
  EXPECT_EQ(ran, "");
  loop.Cancel(cancelled);
  EXPECT_TRUE(machine.Resume());
  EXPECT_FALSE(machine.Resume());
  time.RunFor(1'000);
  EXPECT_EQ(ran, "ab");
  time.RunFor(1'000);
  EXPECT_EQ(ran, "abc");
}

TEST(VirtualMachine, ForgetsWhatALoopThatEndsInItsSleepHadQueued) {
  VirtualTime time;
  VirtualMachine machine(&time);
  auto loop = std::make_unique<VirtualLoop>(&time, &machine);
  machine.Suspend();
  loop->After(10, [] { FAIL(); });
  time.RunFor(1'000);
  loop.reset();
  machine.Resume();
  time.RunFor(1'000);
}

TEST(VirtualMachine, HasAWallClockOfItsOwn) {
  VirtualTime time;
  VirtualMachine machine(&time);
  const VirtualLoop loop(&time, &machine);
  machine.JumpWallClock(-3'600'000);
  EXPECT_EQ(loop.now().wall.ms, time.now().wall.ms - 3'600'000);
  EXPECT_EQ(loop.now().mono, time.now().mono);
}

}  // namespace
}  // namespace reconcile
