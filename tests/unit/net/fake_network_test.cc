#include "net/fake_network.h"

#include <gtest/gtest.h>

#include "tests/support/virtual_loop.h"

namespace reconcile {
namespace {

const HostNetworkConfig kFakeConfig = {"10.42.0.0/16", "10.42.7.0/24", 1450};

class FakeNetworkTest : public testing::Test {
 protected:
  HostNetwork::DoneStatus Note() {
    return [this](const Status& status) { outcomes_.push_back(status.code()); };
  }
  void PrepareHost() {
    client_->Prepare(kFakeConfig, Note());
    loop_.RunFor(1000);
    ASSERT_EQ(Take(), StatusCode::kOk);
  }
  StatusCode Take() {
    EXPECT_EQ(outcomes_.size(), 1U);
    const StatusCode code = outcomes_.empty() ? StatusCode::kInternal : outcomes_.front();
    outcomes_.clear();
    return code;
  }

  VirtualLoop loop_;
  FakeNetwork network_{&loop_, {.seed = 3}};
  std::unique_ptr<HostNetwork> client_ = network_.Connect();
  std::vector<StatusCode> outcomes_;
};

TEST_F(FakeNetworkTest, LosesEverythingWithTheHost) {
  PrepareHost();
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  loop_.RunFor(1000);
  EXPECT_EQ(Take(), StatusCode::kOk);
  network_.RebootHost();
  EXPECT_FALSE(network_.prepared());
  EXPECT_TRUE(network_.attachments().empty());
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  loop_.RunFor(1000);
  EXPECT_EQ(Take(), StatusCode::kConflict) << "the host must be prepared after each boot";
}

TEST_F(FakeNetworkTest, LosesWhatWasUnderWayAtAReboot) {
  PrepareHost();
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  network_.RebootHost();
  loop_.RunFor(1000);
  EXPECT_EQ(Take(), StatusCode::kUnavailable);
  EXPECT_TRUE(network_.attachments().empty());
}

TEST_F(FakeNetworkTest, FailsAsAsked) {
  PrepareHost();
  network_.FailNext(FakeNetworkCall::kAttachPod, InternalError("broken"));
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  loop_.RunFor(1000);
  EXPECT_EQ(Take(), StatusCode::kInternal);
  EXPECT_TRUE(network_.attachments().empty());
  EXPECT_EQ(network_.injected_faults(), 1);
}

TEST_F(FakeNetworkTest, LosesAReplyOfWhatWasDone) {
  PrepareHost();
  network_.FailNext(FakeNetworkCall::kAttachPod, UnavailableError("lost"), 1, true);
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  loop_.RunFor(1000);
  EXPECT_EQ(Take(), StatusCode::kUnavailable);
  EXPECT_EQ(network_.attachments().count("uid-1"), 1U);
  EXPECT_EQ(network_.CallCount(FakeNetworkCall::kAttachPod), 1);
}

TEST_F(FakeNetworkTest, InjectsFaultsAtTheirRate) {
  network_.SetFaults({.failed_per_mille = 100, .lost_reply_per_mille = 100});
  int failed = 0;
  for (int i = 0; i < 2000; ++i) {
    client_->Prepare(kFakeConfig, [&](const Status& status) { failed += status.ok() ? 0 : 1; });
  }
  loop_.RunFor(1000);
  EXPECT_GT(failed, 300);
  EXPECT_LT(failed, 500);
  EXPECT_EQ(network_.injected_faults(), failed);
}

TEST_F(FakeNetworkTest, DropsARouteAsAPersonWould) {
  PrepareHost();
  client_->AttachPod({"uid-1", 9, "10.42.7.2"}, Note());
  loop_.RunFor(1000);
  EXPECT_TRUE(network_.HasRoute("10.42.7.2"));
  EXPECT_TRUE(network_.DropRoute("10.42.7.2"));
  EXPECT_FALSE(network_.DropRoute("10.42.7.2"));
  EXPECT_FALSE(network_.HasRoute("10.42.7.2"));
}

TEST_F(FakeNetworkTest, TakesTheSameTimeForTheSameSeed) {
  const auto finish_times = [](uint64_t seed) {
    VirtualLoop loop;
    FakeNetwork network(&loop, {.seed = seed});
    const auto client = network.Connect();
    std::vector<int64_t> times;
    for (int i = 0; i < 20; ++i) {
      client->Prepare(kFakeConfig, [&](const Status&) { times.push_back(loop.now().mono.ms); });
    }
    loop.RunFor(1000);
    return times;
  };
  EXPECT_EQ(finish_times(1), finish_times(1));
  EXPECT_NE(finish_times(1), finish_times(2));
}

TEST_F(FakeNetworkTest, NamesItsCalls) {
  EXPECT_EQ(ToString(FakeNetworkCall::kAttachPod), "AttachPod");
  EXPECT_EQ(ToString(FakeNetworkCall::kRemoveAll), "RemoveAll");
}

}  // namespace
}  // namespace reconcile
