#include "base/epoll_loop.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace reconcile {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> fds;
    if (pipe(fds.data()) == 0) {
      read_end.Reset(fds[0]);
      write_end.Reset(fds[1]);
    }
  }
  void Write() const { ASSERT_EQ(write(write_end.get(), "x", 1), 1); }
  void Read() const {
    char byte = 0;
    ASSERT_EQ(read(read_end.get(), &byte, 1), 1);
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

TEST(EpollLoop, RunsPostedTasksInOrderAndNeverInsidePost) {
  EpollLoop loop;
  std::vector<int> order;
  loop.Post([&] {
    loop.Post([&] { order.push_back(3); });
    order.push_back(1);
  });
  loop.Post([&] {
    order.push_back(2);
    loop.Post([&] { loop.Stop(); });
  });
  EXPECT_TRUE(order.empty());
  loop.Run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
}

TEST(EpollLoop, TakesTasksFromManyThreadsEachInItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 500;
  EpollLoop loop;
  std::vector<std::vector<int>> seen(kThreads);
  int left = kThreads * kTasks;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kTasks; ++i) {
        loop.Post([&, t, i] {
          seen[static_cast<size_t>(t)].push_back(i);
          if (--left == 0) loop.Stop();
        });
      }
    });
  }
  loop.Run();
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<int>& order : seen) {
    ASSERT_EQ(order.size(), size_t{kTasks});
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  }
}

TEST(EpollLoop, RunsTimersByDueTimeThenByAge) {
  EpollLoop loop;
  std::vector<int> order;
  const MonoTime start = loop.now().mono;
  loop.At(start + 20, [&] {
    order.push_back(4);
    loop.Stop();
  });
  loop.At(start + 10, [&] { order.push_back(2); });
  loop.At(start + 10, [&] { order.push_back(3); });
  loop.At(start + -5, [&] { order.push_back(1); });
  loop.Run();
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(EpollLoop, RunsNoTimerBeforeItsTime) {
  EpollLoop loop;
  const MonoTime due = loop.now().mono + 15;
  MonoTime ran;
  loop.At(due, [&] {
    ran = loop.now().mono;
    loop.Stop();
  });
  loop.Run();
  EXPECT_GE(ran, due);
}

TEST(EpollLoop, DoesNotRunACancelledTimer) {
  EpollLoop loop;
  bool ran = false;
  const MonoTime now =
      loop.now().mono;  // one for all: the order holds however slow this machine is
  const TimerId doomed = loop.At(now + 1, [&] { ran = true; });
  const TimerId done = loop.At(now, [] {});
  EXPECT_NE(doomed, 0U);
  EXPECT_NE(done, doomed);
  loop.At(now, [&] { loop.Cancel(doomed); });
  loop.After(20, [&] {
    loop.Cancel(done);  // has run: nothing happens
    loop.Stop();
  });
  loop.Run();
  EXPECT_FALSE(ran);
}

TEST(EpollLoop, AnEarlierTimerSetLaterStillRunsFirst) {
  EpollLoop loop;
  std::vector<int> order;
  loop.After(30, [&] {
    order.push_back(2);
    loop.Stop();
  });
  loop.Post([&] { loop.After(1, [&] { order.push_back(1); }); });
  loop.Run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(EpollLoop, ATimerThatRearmsItselfDoesNotStarveOthers) {
  EpollLoop loop;
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    loop.At(MonoTime{0}, again);
  };
  again();
  loop.After(5, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_GT(rounds, 0);
}

TEST(EpollLoop, CallsAWatchWheneverItsDescriptorCanBeRead) {
  EpollLoop loop;
  const Pipe pipe;
  int calls = 0;
  loop.WatchFd(pipe.read_end.get(), [&] {
    pipe.Read();
    if (++calls == 2) return loop.Stop();
    pipe.Write();
  });
  pipe.Write();
  loop.Run();
  EXPECT_EQ(calls, 2);
}

TEST(EpollLoop, AWatchMayRemoveItselfAndOthers) {
  EpollLoop loop;
  const Pipe first;
  const Pipe second;
  int calls = 0;
  const auto remove_both = [&] {
    ++calls;
    loop.UnwatchFd(first.read_end.get());
    loop.UnwatchFd(second.read_end.get());
  };
  loop.WatchFd(first.read_end.get(), remove_both);
  loop.WatchFd(second.read_end.get(), remove_both);
  first.Write();
  second.Write();
  loop.After(10, [&] { loop.Stop(); });
  loop.Run();
  EXPECT_EQ(calls, 1);
}

TEST(EpollLoop, AWatchWaitsForWhatItIsToldTo) {
  EpollLoop loop;
  const Pipe pipe;
  std::string calls;
  loop.WatchFd(pipe.read_end.get(), [&] {
    calls += 'r';
    loop.Stop();
  });
  loop.SetInterest(pipe.read_end.get(), false, false);
  pipe.Write();
  loop.WatchFd(pipe.write_end.get(), [&] {
    calls += 'w';
    loop.SetInterest(pipe.write_end.get(), false, false);
    loop.SetInterest(pipe.read_end.get(), true, false);
  });
  loop.SetInterest(pipe.write_end.get(), false, true);
  loop.Run();
  EXPECT_EQ(calls, "wr");
}

TEST(EpollLoop, AReusedDescriptorNumberGetsItsNewWatch) {
  EpollLoop loop;
  auto old_pipe = std::make_unique<Pipe>();
  const int fd = old_pipe->read_end.get();
  loop.WatchFd(fd, [] { FAIL() << "the old watch was called"; });
  old_pipe.reset();
  loop.UnwatchFd(fd);
  const Pipe pipe;
  ASSERT_EQ(pipe.read_end.get(), fd);
  loop.WatchFd(fd, [&] { loop.Stop(); });
  pipe.Write();
  loop.Run();
}

TEST(EpollLoop, StopFromAnotherThreadWakesAnIdleLoop) {
  EpollLoop loop;
  std::thread stopper([&] { loop.Stop(); });
  loop.Run();
  stopper.join();
}

TEST(EpollLoop, CanRunAgainAfterStopAndKeepsWhatIsQueued) {
  EpollLoop loop;
  bool second = false;
  loop.Post([&] { loop.Stop(); });
  loop.Post([&] {
    second = true;
    loop.Stop();
  });
  loop.Run();
  EXPECT_FALSE(second);
  loop.Run();
  EXPECT_TRUE(second);
}

TEST(SystemClock, MonotonicTimeDoesNotGoBack) {
  const Now first = ReadSystemClock();
  const Now second = ReadSystemClock();
  EXPECT_LE(first.mono, second.mono);
  EXPECT_GT(first.wall.ms, 1'700'000'000'000);
}

}  // namespace
}  // namespace reconcile
