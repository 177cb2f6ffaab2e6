#include "agent/pod_drain.h"
#include "tests/unit/agent/step_fixture.h"

namespace reconcile {
namespace {

class DrainTest : public StepTest {
 protected:
  DrainTest() {
    Assign(MakePod());
    Settle();
    EndpointSlice slice;
    Endpoint endpoint;
    endpoint.addresses = {seen.pods[kUid].address};
    slice.endpoints = {endpoint};
    assignment.endpoint_slices = {std::make_shared<EndpointSlice>(slice)};
  }
  size_t Stops() { return Find<StopContainerOp>(Take()).size(); }
};

TEST_F(DrainTest, AnEndpointGoesOnUntilNobodySendsItConnections) {
  Delete(0, 30);
  EXPECT_EQ(Stops(), 0U);
  Pass(100);
  EXPECT_EQ(Stops(), 0U);
  assignment.is_drained = true;
  const auto stops = Find<StopContainerOp>(Take());
  ASSERT_EQ(stops.size(), 1U);
  EXPECT_EQ(stops[0].grace_seconds, 30) << "what it waited is not taken from it twice";
}

TEST_F(DrainTest, WaitsAtMostTwoSeconds) {
  Delete(0, 30);
  const StepResult result = Take();
  EXPECT_TRUE(result.operations.empty());
  EXPECT_EQ(result.wake_at, now.mono + kMaxDrainMs);
  Pass(kMaxDrainMs - 1);
  EXPECT_EQ(Stops(), 0U);
  Pass(1);
  EXPECT_EQ(Stops(), 1U);
}

TEST_F(DrainTest, WaitsAtMostHalfOfAShortGracePeriod) {
  Delete(0, 1);
  EXPECT_EQ(Stops(), 0U);
  Pass(500);
  EXPECT_EQ(Stops(), 1U);
}

TEST_F(DrainTest, WhoIsNoEndpointStopsAtOnce) {
  assignment.endpoint_slices = {};
  Delete(0, 30);
  EXPECT_EQ(Stops(), 1U);
}

TEST_F(DrainTest, WhatIsBeingStoppedIsNotHeldUpByTheNextStop) {
  Delete(0, 30);
  assignment.is_drained = true;
  EXPECT_EQ(Stops(), 1U);
  assignment.is_drained = false;  // of another pod
  EXPECT_EQ(Stops(), 1U);
}

}  // namespace
}  // namespace reconcile
