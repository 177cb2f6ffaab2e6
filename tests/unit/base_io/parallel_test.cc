#include "base/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace reconcile {
namespace {

TEST(OnThreads, DoesEachPieceOnce) {
  for (const size_t count : {size_t{0}, size_t{1}, size_t{2}, size_t{1000}}) {
    std::vector<std::atomic<int>> done(count);
    OnThreads(4).ForEach(count, [&](size_t i) { ++done[i]; });
    for (const std::atomic<int>& times : done) EXPECT_EQ(times, 1);
  }
}

TEST(OnThreads, WorksAtTheSameTime) {
  std::mutex mutex;
  std::condition_variable changed;
  int there = 0;
  // Each waits for the others: in turn, this would never end.
  OnThreads(3).ForEach(3, [&](size_t) {
    std::unique_lock lock(mutex);
    ++there;
    changed.notify_all();
    changed.wait(lock, [&] { return there == 3; });
  });
  EXPECT_EQ(there, 3);
}

TEST(InTurn, GoesFromTheFirstToTheLast) {
  std::vector<size_t> order;
  InTurn().ForEach(3, [&](size_t i) { order.push_back(i); });
  EXPECT_EQ(order, (std::vector<size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace reconcile
