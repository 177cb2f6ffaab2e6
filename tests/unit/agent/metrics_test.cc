#include "agent/observer.h"
#include "base/stream_handle.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class CountingObserver final : public AgentObserver {
 public:
  void OnOperation(std::string_view kind, const Status& status, int64_t took_ms) override {
    ++operations[std::string(kind) + (status.ok() ? "" : " failed")];
    EXPECT_GE(took_ms, 0);
  }
  void OnProbe(ProbeKind, const Result<ProbeOutcome>&) override {}
  void OnReport(const Report& report, const Status&) override { pods = report.pods.size(); }

  std::map<std::string, int> operations;
  size_t pods = 0;
};

class AgentMetricsTest : public AgentTest {
 protected:
  // What a controller that asks for metrics gets.
  void Ask() {
    text_.clear();
    frames_ = 0;
    ends_.clear();
    LogRequest request;
    request.metrics = true;
    handle_ = link.Logs(request, {.on_data =
                                      [this](std::string_view bytes) {
                                        EXPECT_LE(bytes.size(), kMaxStreamFrameBytes);
                                        ++frames_;
                                        text_ += bytes;
                                      },
                                  .on_end = [this](const Status& end) { ends_.push_back(end); }});
  }

  StreamHandle handle_;
  std::string text_;
  int frames_ = 0;
  std::vector<Status> ends_;
};

TEST_F(AgentMetricsTest, GivesThemInFramesThatFitIntoTheWindow) {
  options.read_metrics = [] { return std::string(kStreamWindowBytes, 'x'); };
  StartAgent();
  Ask();
  EXPECT_TRUE(ends_.empty()) << "never inside the call";
  RunFor(1);
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_TRUE(ends_[0].ok());
  EXPECT_EQ(text_.size(), kStreamWindowBytes);
  EXPECT_EQ(frames_, static_cast<int>(kStreamWindowBytes / kMaxStreamFrameBytes));
}

TEST_F(AgentMetricsTest, RefusesWhatIsTooLargeToTravel) {
  options.read_metrics = [] { return std::string(kStreamWindowBytes + 1, 'x'); };
  StartAgent();
  Ask();
  RunFor(1);
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].code(), StatusCode::kInternal);
  EXPECT_TRUE(text_.empty());
}

TEST_F(AgentMetricsTest, SaysNothingToAReaderThatHasGone) {
  options.read_metrics = [] { return std::string("a 1\n"); };
  StartAgent();
  Ask();
  handle_.Cancel();
  RunFor(1);
  EXPECT_TRUE(ends_.empty());
  EXPECT_TRUE(text_.empty());
}

TEST_F(AgentMetricsTest, TellsTheObserverWhatIsDone) {
  CountingObserver observer;
  options.observer = &observer;
  StartAgent();
  AddPod("web");
  Assign();
  Settle();
  EXPECT_EQ(observer.operations["start_container"], 1);
  EXPECT_EQ(observer.operations["start_container failed"], 0);
  EXPECT_EQ(observer.pods, 1u);
  KillAgent();  // it has the observer
}

// What failed is remembered in the image's state, and counts as failed all the same.
TEST_F(AgentMetricsTest, TellsTheObserverOfPullsThatFail) {
  CountingObserver observer;
  options.observer = &observer;
  StartAgent();
  engine.FailNext(FakeCall::kPull, InvalidError("no such image"), 1);
  AddPod("web", "absent:1");
  Assign();
  RunFor(5'000);
  EXPECT_EQ(observer.operations["pull_image failed"], 1);
  KillAgent();
}

}  // namespace
}  // namespace reconcile
