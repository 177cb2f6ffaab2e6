#include "controller/observer.h"

#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

class KeepingObserver final : public ControllerObserver {
 public:
  void OnTurnBegin() override { ++begun; }
  void OnTurnEnd(TurnEnd end) override { ++ended[end]; }
  void OnFetched(const std::string& source, const Status& status, int64_t took_ms) override {
    EXPECT_EQ(source, "main");
    EXPECT_GE(took_ms, 0);
    ++fetched[status.code()];
  }
  void OnConverged(const std::string& source, int64_t took_ms) override {
    EXPECT_EQ(source, "main");
    converged.push_back(took_ms);
  }
  void OnAgentConnected(const std::string& node) override { agents.push_back("+" + node); }
  void OnAgentDisconnected(const std::string& node) override { agents.push_back("-" + node); }
  void OnAgentReport(const std::string&) override { ++reports; }

  int begun = 0;
  std::map<TurnEnd, int> ended;
  std::map<StatusCode, int> fetched;
  std::vector<int64_t> converged;
  std::vector<std::string> agents;
  int reports = 0;
};

class ObservedTest : public ControllerTest {
 protected:
  ObservedTest() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    options.observer = &observer_;
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
  }
  ~ObservedTest() override { controller_.reset(); }  // it has the observer

  KeepingObserver observer_;
};

TEST_F(ObservedTest, HearsOfFetchesTurnsAgentsAndConvergence) {
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  Start();
  EXPECT_EQ(observer_.fetched[StatusCode::kOk], 1);
  EXPECT_TRUE(observer_.converged.empty());
  Connect();
  RunWhatIsAssigned();
  Settle();
  EXPECT_EQ(observer_.converged.size(), 1U);
  EXPECT_EQ(observer_.agents, std::vector<std::string>{"+host-1"});
  EXPECT_GT(observer_.reports, 0);
  EXPECT_GT(observer_.ended[ControllerObserver::TurnEnd::kDone], 1);
  EXPECT_EQ(observer_.begun, observer_.ended[ControllerObserver::TurnEnd::kDone]);
  link_.handler.on_disconnected("host-1");
  EXPECT_EQ(observer_.agents.back(), "-host-1");
}

TEST_F(ObservedTest, HearsThatTheStoreRefusesAndARepositoryDoesNotAnswer) {
  Start();  // the source has nothing yet
  EXPECT_EQ(observer_.fetched[StatusCode::kUnavailable], 1);
  source_.SetFiles("c1", {{"web.yaml", ControllerOf(1)}});
  store_.set_unavailable(true);
  Settle();
  EXPECT_GT(observer_.ended[ControllerObserver::TurnEnd::kRefused], 0);
  store_.set_unavailable(false);
  time_.RunFor(15'000);
  EXPECT_GT(observer_.ended[ControllerObserver::TurnEnd::kDone], 0);
}

}  // namespace
}  // namespace reconcile
