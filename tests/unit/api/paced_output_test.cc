#include "api/paced_output.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <vector>

namespace reconcile {
namespace {

SharedBytes Piece(size_t size, char letter = 'x') {
  return std::make_shared<const std::string>(size, letter);
}

// What a sink is given. The sink holds this, and this the stream's handle, as receivers do.
struct Receiver {
  StreamHandle handle;
  std::string bytes;
  std::vector<size_t> sizes;
  std::optional<Status> end;
  std::function<void()> on_data = [] {};
  std::function<void()> on_end = [] {};
};
using ReceiverPtr = std::shared_ptr<Receiver>;

ApiSink SinkOf(const ReceiverPtr& receiver) {
  ApiSink sink;
  sink.on_data = [receiver](std::string_view bytes) {
    receiver->bytes += bytes;
    receiver->sizes.push_back(bytes.size());
    receiver->on_data();
    EXPECT_GT(receiver.use_count(), 0);  // what the sink holds is there until it returns
  };
  sink.on_end = [receiver](Status status) {
    EXPECT_FALSE(receiver->end.has_value());
    receiver->end = std::move(status);
    receiver->on_end();
    EXPECT_GT(receiver.use_count(), 0);
  };
  return sink;
}

std::shared_ptr<PacedOutput> Open(const ReceiverPtr& receiver) {
  auto output = std::make_shared<PacedOutput>(SinkOf(receiver));
  receiver->handle = output->handle();
  return output;
}

TEST(PacedOutput, SendsFramesOfAWindowAndTheRestAsItIsTaken) {
  const auto receiver = std::make_shared<Receiver>();
  const auto output = Open(receiver);
  output->Write(Piece(kStreamWindowBytes + 10, 'a'));
  output->Write(Piece(20, 'b'));
  output->End(OkStatus());
  EXPECT_EQ(receiver->bytes.size(), kStreamWindowBytes);
  for (const size_t size : receiver->sizes) EXPECT_LE(size, kMaxStreamFrameBytes);
  EXPECT_FALSE(output->wants_more());
  EXPECT_FALSE(output->is_sent());
  receiver->handle.Taken(15);
  EXPECT_EQ(receiver->bytes.size(), kStreamWindowBytes + 15);
  EXPECT_FALSE(receiver->end.has_value());
  receiver->handle.Taken(15);
  EXPECT_EQ(receiver->bytes, std::string(kStreamWindowBytes + 10, 'a') + std::string(20, 'b'));
  EXPECT_EQ(receiver->end, OkStatus());  // without waiting for what is still to be taken
  EXPECT_TRUE(output->ended());
  output->Write(Piece(1));
  output->EndNow(InternalError("late"));
  receiver->handle.Taken(kStreamWindowBytes);
  EXPECT_EQ(receiver->bytes.size(), kStreamWindowBytes + 30);
}

TEST(PacedOutput, IsNotNestedByAReaderThatTakesAtOnce) {
  const auto receiver = std::make_shared<Receiver>();
  int depth = 0;
  receiver->on_data = [&, raw = receiver.get()] {
    EXPECT_EQ(++depth, 1);
    raw->handle.Taken(raw->sizes.back());
    --depth;
  };
  const auto output = Open(receiver);
  output->Write(Piece(3 * kStreamWindowBytes));
  output->End(UnavailableError("gone"));
  EXPECT_EQ(receiver->bytes.size(), 3 * kStreamWindowBytes);
  EXPECT_EQ(receiver->end, UnavailableError("gone"));
}

TEST(PacedOutput, EndsAtOnceWithoutWhatIsNotSent) {
  const auto receiver = std::make_shared<Receiver>();
  const auto output = Open(receiver);
  output->Write(Piece(2 * kStreamWindowBytes));
  output->EndNow(UnavailableError("the controller is ending"));
  EXPECT_EQ(receiver->bytes.size(), kStreamWindowBytes);
  EXPECT_EQ(receiver->end, UnavailableError("the controller is ending"));
}

TEST(PacedOutput, GivesWholePiecesToWhoSharesThem) {
  std::vector<SharedBytes> given;
  ApiSink sink;
  sink.on_shared = [&](const std::vector<SharedBytes>& pieces) {
    given.insert(given.end(), pieces.begin(), pieces.end());
  };
  bool ended = false;
  sink.on_end = [&](const Status&) { ended = true; };
  const auto output = std::make_shared<PacedOutput>(sink, 100);
  const std::vector<SharedBytes> pieces = {Piece(60), Piece(70), Piece(80)};
  for (const SharedBytes& piece : pieces) output->Write(piece);
  output->End(OkStatus());
  EXPECT_EQ(given.size(), 2U);  // the last of them reaches beyond the window
  output->Taken(31);
  EXPECT_EQ(given, pieces);
  EXPECT_TRUE(ended);
}

// A receiver that nothing but the stream holds: it is gone when the stream is over, also when it
// was over inside the receiver, and even though it holds the stream's handle.
class PacedOutputEnd : public testing::Test {
 protected:
  void Open(const std::function<void(Receiver*)>& prepare) {
    auto receiver = std::make_shared<Receiver>();
    prepare(receiver.get());
    held_ = receiver;
    output_ = reconcile::Open(receiver);
  }
  void ExpectLetGo() {
    EXPECT_TRUE(held_.expired());
    const std::weak_ptr<PacedOutput> output = output_;
    output_.reset();
    EXPECT_TRUE(output.expired());
  }

  std::weak_ptr<Receiver> held_;
  std::shared_ptr<PacedOutput> output_;
};

TEST_F(PacedOutputEnd, LetsGoOfItsSinkWhenItHasEnded) {
  Open([](Receiver*) {});
  output_->Write(Piece(10));
  EXPECT_FALSE(held_.expired());
  output_->End(OkStatus());
  ExpectLetGo();
}

TEST_F(PacedOutputEnd, LetsGoOfItsSinkWhenItIsCancelled) {
  Open([](Receiver*) {});
  output_->Write(Piece(2 * kStreamWindowBytes));
  const StreamHandle handle = held_.lock()->handle;
  handle.Cancel();
  EXPECT_TRUE(held_.expired());
  handle.Taken(10);
  handle.Cancel();
}

TEST_F(PacedOutputEnd, LetsGoOfItsSinkByTheHandleThatItHolds) {
  Open([](Receiver*) {});
  held_.lock()->handle.Cancel();
  ExpectLetGo();
  Open([](Receiver*) {});
  output_->Write(Piece(kStreamWindowBytes + 1));
  output_->End(OkStatus());
  held_.lock()->handle.Taken(1);
  ExpectLetGo();
}

TEST_F(PacedOutputEnd, LetsGoOfItsSinkThatCancelsWhileItIsGivenBytes) {
  size_t given = 0;
  Open([&](Receiver* receiver) {
    receiver->on_data = [&given, receiver] {
      ++given;
      receiver->handle.Cancel();
    };
    receiver->on_end = [] { ADD_FAILURE() << "it was cancelled"; };
  });
  output_->Write(Piece(2 * kStreamWindowBytes));
  EXPECT_EQ(given, 1U);
  output_->End(OkStatus());
  ExpectLetGo();
}

TEST_F(PacedOutputEnd, LetsGoOfItsSinkThatCancelsWhileItIsToldTheEnd) {
  Open([](Receiver* receiver) {
    receiver->on_end = [receiver] {
      receiver->handle.Taken(1);
      receiver->handle.Cancel();
    };
  });
  output_->End(OkStatus());
  ExpectLetGo();
}

TEST_F(PacedOutputEnd, TakesTheEndFromInsideItsSink) {
  std::optional<Status> end;
  Open([&](Receiver* receiver) {
    receiver->on_data = [this] { output_->EndNow(UnavailableError("enough")); };
    receiver->on_end = [&end, receiver] { end = receiver->end; };
  });
  output_->Write(Piece(2 * kStreamWindowBytes));
  EXPECT_EQ(end, UnavailableError("enough"));
  ExpectLetGo();
}

}  // namespace
}  // namespace reconcile
