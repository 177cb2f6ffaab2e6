#include "api/io_bridge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

namespace reconcile {
namespace {

TEST(IoBridge, LetsAnAnswerPassWhatManyAreTold) {
  constexpr int kTold = 1'000;
  constexpr int kAnswer = -1;
  IoThread io;
  const auto bridge = std::make_shared<IoBridge>(&io);
  std::vector<int> order;
  std::promise<void> done;
  for (int i = 0; i < kTold; ++i) {
    bridge->PostInTurn([&, i] {
      order.push_back(i);
      if (i + 1 == kTold) done.set_value();
    });
  }
  bridge->Post([&] { order.push_back(kAnswer); });
  io.Start();
  done.get_future().wait();
  io.Stop();
  const auto answer = std::find(order.begin(), order.end(), kAnswer);
  ASSERT_NE(answer, order.end());
  EXPECT_LT(answer - order.begin(), kTold / 10);
  order.erase(answer);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(IoBridge, RunsNothingOnceItIsClosed) {
  IoThread io;
  const auto bridge = std::make_shared<IoBridge>(&io);
  const auto held = std::make_shared<int>(0);
  bridge->PostInTurn([held] { ++*held; });
  bridge->Close();
  bridge->PostInTurn([held] { ++*held; });
  EXPECT_EQ(held.use_count(), 1) << "what waited is let go";
  std::promise<void> done;
  io.Post([&] { done.set_value(); });
  io.Start();
  done.get_future().wait();
  EXPECT_EQ(*held, 0);
}

}  // namespace
}  // namespace reconcile
