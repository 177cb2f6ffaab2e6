#include "base/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

#include "base/epoll_loop.h"

namespace reconcile {
namespace {

TEST(WorkerPool, RunsWorkElsewhereAndDoneOnTheLoop) {
  EpollLoop loop;
  WorkerPool pool(&loop, 2, 10);
  std::thread::id worker;
  std::thread::id finisher;
  ASSERT_TRUE(pool.Run([&] { worker = std::this_thread::get_id(); },
                       [&] {
                         finisher = std::this_thread::get_id();
                         loop.Stop();
                       }));
  loop.Run();
  EXPECT_NE(worker, std::this_thread::get_id());
  EXPECT_EQ(finisher, std::this_thread::get_id());
}

TEST(WorkerPool, RefusesWorkBeyondItsQueue) {
  EpollLoop loop;
  WorkerPool pool(&loop, 1, 2);
  std::promise<void> started;
  std::promise<void> release;
  int done = 0;
  const auto count = [&] {
    if (++done == 3) loop.Stop();
  };
  ASSERT_TRUE(pool.Run(
      [&] {
        started.set_value();
        release.get_future().wait();
      },
      count));
  started.get_future().wait();  // the one thread is busy: the rest queues
  EXPECT_TRUE(pool.Run([] {}, count));
  EXPECT_TRUE(pool.Run([] {}, count));
  EXPECT_FALSE(pool.Run([] { FAIL() << "refused work ran"; }, [] {}));
  release.set_value();
  loop.Run();
  EXPECT_EQ(done, 3);
  EXPECT_TRUE(pool.Run([] {}, [] {}));  // there is room again
}

TEST(WorkerPool, RunsAsManyJobsAtOnceAsItHasThreads) {
  EpollLoop loop;
  WorkerPool pool(&loop, 2, 10);
  std::promise<void> first_here;
  std::promise<void> second_here;
  int done = 0;
  const auto count = [&] {
    if (++done == 2) loop.Stop();
  };
  // Each waits for the other: one thread alone would never end.
  ASSERT_TRUE(pool.Run(
      [&] {
        first_here.set_value();
        second_here.get_future().wait();
      },
      count));
  ASSERT_TRUE(pool.Run(
      [&] {
        second_here.set_value();
        first_here.get_future().wait();
      },
      count));
  loop.Run();
  EXPECT_EQ(done, 2);
}

TEST(WorkerPool, DestructorWaitsForRunningWork) {
  EpollLoop loop;
  std::atomic<bool> finished = false;
  std::promise<void> started;
  std::promise<void> release;
  std::thread releaser;
  {
    WorkerPool pool(&loop, 1, 1);
    ASSERT_TRUE(pool.Run(
        [&] {
          started.set_value();
          release.get_future().wait();
          finished = true;
        },
        [] {}));
    started.get_future().wait();
    EXPECT_FALSE(finished);
    releaser = std::thread([&] { release.set_value(); });
  }
  EXPECT_TRUE(finished);
  releaser.join();
}

TEST(WorkerPool, DestructorDropsTheQueue) {
  EpollLoop loop;
  std::atomic<int> ran = 0;
  std::promise<void> started;
  std::function<void()> work;
  {
    WorkerPool pool(&loop, 1, 1000);
    // Every job queues the next one: the pool could not end if it emptied its queue first.
    work = [&] {
      if (++ran == 1) started.set_value();
      EXPECT_TRUE(pool.Run(work, [] {}));
    };
    ASSERT_TRUE(pool.Run(work, [] {}));
    started.get_future().wait();
  }
  EXPECT_GE(ran, 1);
}

}  // namespace
}  // namespace reconcile
