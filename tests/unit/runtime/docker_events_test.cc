#include "runtime/docker_events.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(ReconnectPause, GrowsWhileStreamsEndSoonAfterTheyOpened) {
  ReconnectPause pause;
  MonoTime now;
  std::vector<int64_t> pauses;
  for (int i = 0; i < 8; ++i) {
    pause.OnOpen(now);
    pauses.push_back(pause.OnEnd(now + 10));
    now = now + 10 + pauses.back();
  }
  EXPECT_EQ(pauses, (std::vector<int64_t>{100, 200, 400, 800, 1'600, 3'200, 5'000, 5'000}));
}

TEST(ReconnectPause, GrowsWhileNoStreamOpens) {
  ReconnectPause pause;
  EXPECT_EQ(pause.OnEnd({0}), 100);
  EXPECT_EQ(pause.OnEnd({3'600'000}), 200);
}

TEST(ReconnectPause, IsShortAgainAfterAStreamThatLived) {
  ReconnectPause pause;
  for (int i = 0; i < 8; ++i) (void)pause.OnEnd({0});
  pause.OnOpen({0});
  EXPECT_EQ(pause.OnEnd({ReconnectPause::kSteadyMs}), 100);
}

}  // namespace
}  // namespace reconcile
