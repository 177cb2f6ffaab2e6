// Log streams through the server and the command line's client.
#include <algorithm>
#include <atomic>
#include <thread>

#include "api/log_frames.h"
#include "tests/unit/api_io/server_fixture.h"

namespace reconcile {
namespace {

// Writes a log of numbered bytes as fast as its window allows. Its methods run on the loop, which
// may still hold it when a test ends.
class Producer : public std::enable_shared_from_this<Producer> {
 public:
  explicit Producer(size_t total) : total_(total) {}

  StreamHandle Start(LogSink sink) {
    sink_ = std::move(sink);
    Write();
    return StreamHandle([self = shared_from_this()] { self->cancelled = true; },
                        [self = shared_from_this()](size_t bytes) {
                          self->taken_ += bytes;
                          self->Write();
                        });
  }
  static char ByteAt(size_t position) { return static_cast<char>(position * 2654435761U >> 13); }

  std::atomic<size_t> sent = 0;
  std::atomic<bool> paused = false;  // its window was full once
  std::atomic<bool> cancelled = false;

 private:
  void Write() {
    std::string frame(kMaxStreamFrameBytes, 0);
    while (sent < total_) {
      paused = paused || sent + frame.size() - taken_ > kStreamWindowBytes;
      if (sent + frame.size() - taken_ > kStreamWindowBytes) return;
      frame.resize(std::min(frame.size(), total_ - sent));
      for (size_t i = 0; i < frame.size(); ++i) frame[i] = ByteAt(sent + i);
      sent += frame.size();
      sink_.on_data(frame);
    }
    if (!std::exchange(ended_, true)) sink_.on_end(OkStatus());
  }

  const size_t total_;
  LogSink sink_;
  size_t taken_ = 0;
  bool ended_ = false;
};

TEST_F(LocalServerTest, ASlowReaderGetsEveryByteAndHoldsTheWriterBack) {
  constexpr size_t kTotal = (20 << 20) + 1;
  constexpr size_t kSocketBuffers = 1 << 20;
  const auto producer = std::make_shared<Producer>(kTotal);
  ASSERT_EQ(ServeStream([producer](LogSink sink) { return producer->Start(std::move(sink)); }),
            OkStatus());
  size_t received = 0;
  size_t wrong = 0;
  size_t furthest = 0;  // that the writer was ahead of the reader
  const Status status = ApiClient(path_).Stream("/log", {}, [&](std::string_view bytes) {
    while (!producer->paused) std::this_thread::yield();
    furthest = std::max(furthest, producer->sent - received);
    for (const char byte : bytes) wrong += byte == Producer::ByteAt(received++) ? 0 : 1;
    return true;
  });
  EXPECT_EQ(status, OkStatus());
  EXPECT_EQ(received, kTotal);
  EXPECT_EQ(wrong, 0U);
  EXPECT_LE(furthest, kStreamWindowBytes + kSocketBuffers);
}

TEST_F(LocalServerTest, CancelsAStreamWhoseReaderGoes) {
  const auto producer = std::make_shared<Producer>(size_t{1} << 40);
  ASSERT_EQ(ServeStream([producer](LogSink sink) { return producer->Start(std::move(sink)); }),
            OkStatus());
  EXPECT_EQ(ApiClient(path_).Stream("/log", {}, [](std::string_view) { return false; }),
            OkStatus());
  while (!producer->cancelled) std::this_thread::yield();
}

TEST_F(LocalServerTest, EndsWhileAReaderTakesNothing) {
  const auto producer = std::make_shared<Producer>(size_t{1} << 40);
  ASSERT_EQ(ServeStream([producer](LogSink sink) { return producer->Start(std::move(sink)); }),
            OkStatus());
  const Status status = ApiClient(path_).Stream("/log", {}, [&](std::string_view) {
    server_.reset();
    return true;
  });
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("broke before its end"), std::string::npos);
}

// The loop's end takes the posted cancellation with it.
TEST_F(LocalServerTest, AWriterGoesWithALoopThatEndedFirst) {
  auto loop = std::make_unique<LoopThread>();
  auto producer = std::make_shared<Producer>(size_t{1} << 40);
  const std::weak_ptr<Producer> weak = producer;
  ApiResponse log;
  log.content_type = "text/plain";
  log.stream = [producer](LogSink sink) { return producer->Start(std::move(sink)); };
  auto server = LocalServer::Start(path_, loop->loop(), [log](const ApiRequest&) { return log; });
  ASSERT_TRUE(server.ok()) << server.status().ToString();
  log = ApiResponse();
  producer.reset();
  const Status status = ApiClient(path_).Stream("/log", {}, [&](std::string_view) {
    loop->End();
    return false;
  });
  server->reset();
  loop.reset();
  EXPECT_TRUE(weak.expired());
}

TEST_F(LocalServerTest, ALogThatEndsBeforeItsFirstWordIsAnsweredByItsStatus) {
  ASSERT_EQ(ServeStream([](const LogSink& sink) {
              sink.on_end(NotFoundError("no such container"));
              return StreamHandle();
            }),
            OkStatus());
  std::string text;
  const Status status = ApiClient(path_).Stream("/log", {}, [&](std::string_view bytes) {
    text += bytes;
    return true;
  });
  EXPECT_EQ(status, NotFoundError("no such container"));
  EXPECT_EQ(text, "");
  EXPECT_EQ(ApiClient(path_).Get("/log").status(), NotFoundError("no such container"))
      << "also to those who know no frames";
}

TEST_F(LocalServerTest, AnEmptyLogIsNoFailure) {
  ASSERT_EQ(ServeStream([](const LogSink& sink) {
              sink.on_end(OkStatus());
              return StreamHandle();
            }),
            OkStatus());
  EXPECT_EQ(ApiClient(path_).Stream("/log", {}, [](std::string_view) { return true; }), OkStatus());
}

TEST_F(LocalServerTest, AFailureAmidTheLogComesApartFromItsText) {
  ASSERT_EQ(ServeStream([](const LogSink& sink) {
              sink.on_data("first\n");
              sink.on_end(InternalError("the log is damaged"));
              return StreamHandle();
            }),
            OkStatus());
  std::string text;
  const Status status = ApiClient(path_).Stream("/log", {}, [&](std::string_view bytes) {
    text += bytes;
    return true;
  });
  EXPECT_EQ(text, "first\n");
  EXPECT_EQ(status, InternalError("the log is damaged"));
}

TEST_F(LocalServerTest, RefusesMoreStreamsThanItsLimit) {
  ASSERT_EQ(ServeStream([](const LogSink& sink) {
              sink.on_data("here\n");
              return StreamHandle();
            }),
            OkStatus());
  std::atomic<int> open = 0;
  std::atomic<int> ended = 0;
  std::atomic<bool> end = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < kMaxOpenStreams; ++i) {
    readers.emplace_back([&] {
      EXPECT_EQ(ApiClient(path_).Stream("/log", {},
                                        [&](std::string_view) {
                                          ++open;
                                          end.wait(false);
                                          return false;
                                        }),
                OkStatus());
      ++ended;
    });
  }
  while (open < kMaxOpenStreams && ended == 0) std::this_thread::yield();
  const Status refused = ApiClient(path_).Stream("/log", {}, [](std::string_view) { return true; });
  end = true;
  end.notify_all();
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_NE(refused.message().find("too many streams"), std::string::npos);
}

TEST(LogFrames, ComeWholeHoweverTheBytesArrive) {
  const std::string bytes =
      DataFrame("one\n") + DataFrame("") + DataFrame("two") + ErrorFrame("{}");
  for (size_t step = 1; step <= bytes.size(); ++step) {
    LogFrameReader reader;
    std::string text;
    for (size_t i = 0; i < bytes.size(); i += step) {
      ASSERT_EQ(reader.Feed(std::string_view(bytes).substr(i, step),
                            [&](std::string_view data) { text += data; }),
                OkStatus());
    }
    EXPECT_EQ(text, "one\ntwo");
    EXPECT_EQ(reader.error(), "{}");
  }
}

TEST(LogFrames, AreNotTakenForWhatTheyAreNot) {
  const auto ignore = [](std::string_view) {};
  EXPECT_FALSE(LogFrameReader().Feed("plain text", ignore).ok());
  EXPECT_FALSE(LogFrameReader().Feed(std::string("d\x7f\0\0\0", 5), ignore).ok());
}

}  // namespace
}  // namespace reconcile
