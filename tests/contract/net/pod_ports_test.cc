// Connections to ports of pods' own loopbacks, as a port-forward wants them.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/contract/net/kernel_world.h"

namespace reconcile {
namespace {

class PodPorts : public testing::Test {
 protected:
  struct Seen {
    std::string out;
    size_t input_taken = 0;
    std::optional<PodStreamEnd> end;
    std::shared_ptr<PodStream> stream;
  };
  void Open(int64_t process_id, Seen* seen) {
    PodStreamSink sink;
    sink.on_output = [seen](PodOutput output, std::string_view bytes) {
      EXPECT_EQ(output, PodOutput::kOut);
      seen->out += bytes;
      seen->stream->Taken(bytes.size());
    };
    sink.on_input_taken = [seen](size_t bytes) { seen->input_taken += bytes; };
    sink.on_end = [seen](const PodStreamEnd& end) { seen->end = end; };
    seen->stream = world_.network()->OpenPort(process_id, kTestPort, std::move(sink));
  }
  static std::string ReadToEnd(const UniqueFd& connection) {
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t size = 0; (size = ::read(connection.get(), buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<size_t>(size));
    }
    return text;
  }

  KernelWorld world_;
};

TEST_F(PodPorts, AreThoseOfThePodsLoopback) {
  const int64_t pod = world_.StartSandbox();
  world_.sandbox(pod).Run("ip link set lo up");
  const UniqueFd listener = world_.sandbox(pod).Listen("127.0.0.1", kTestPort);
  Seen seen;
  Open(pod, &seen);
  seen.stream->Write("question");
  seen.stream->CloseInput();
  ASSERT_TRUE(world_.RunUntil([&] { return seen.input_taken == 8; }));
  UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(ReadToEnd(connection), "question") << "and the end of it";
  EXPECT_FALSE(seen.end.has_value());
  ASSERT_EQ(::send(connection.get(), "an\0swer", 7, MSG_NOSIGNAL), 7);
  connection.Reset();
  ASSERT_TRUE(world_.RunUntil([&] { return seen.end.has_value(); }));
  EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
  EXPECT_EQ(seen.out, std::string("an\0swer", 7));
}

TEST_F(PodPorts, OfTheHostAreReachedWithoutAProcess) {
  world_.host().Run("ip link set lo up");
  const UniqueFd listener = world_.host().Listen("127.0.0.1", kTestPort);
  Seen seen;
  Open(0, &seen);
  seen.stream->Write("x");
  ASSERT_TRUE(world_.RunUntil([&] { return seen.input_taken == 1; }));
  EXPECT_EQ(AcceptPeer(listener), "127.0.0.1");
}

TEST_F(PodPorts, WhereNobodyListensRefuse) {
  const int64_t pod = world_.StartSandbox();
  world_.sandbox(pod).Run("ip link set lo up");
  Seen seen;
  Open(pod, &seen);
  ASSERT_TRUE(world_.RunUntil([&] { return seen.end.has_value(); }));
  EXPECT_EQ(seen.end->status.code(), StatusCode::kUnavailable);
  EXPECT_NE(seen.end->status.message().find("Connection refused"), std::string::npos)
      << seen.end->status.message();
}

TEST_F(PodPorts, OfAProcessOfTheHostAreNotReached) {
  Seen hosts;
  Seen ended;
  const int64_t pod = world_.StartSandbox();
  world_.EndSandbox(pod);
  Open(world_.host().id(), &hosts);
  Open(pod, &ended);
  ASSERT_TRUE(world_.RunUntil([&] { return hosts.end && ended.end; }));
  EXPECT_EQ(hosts.end->status.code(), StatusCode::kNotFound) << hosts.end->status.ToString();
  EXPECT_EQ(ended.end->status.code(), StatusCode::kNotFound) << ended.end->status.ToString();
}

TEST_F(PodPorts, OfAReaderThatTakesNothingArePausedAfterAWindow) {
  const int64_t pod = world_.StartSandbox();
  world_.sandbox(pod).Run("ip link set lo up");
  const UniqueFd listener = world_.sandbox(pod).Listen("127.0.0.1", kTestPort);
  size_t got = 0;
  bool ended = false;
  PodStreamSink sink;
  sink.on_output = [&](PodOutput, std::string_view bytes) { got += bytes.size(); };
  sink.on_input_taken = [](size_t) {};
  sink.on_end = [&](const PodStreamEnd&) { ended = true; };
  const auto stream = world_.network()->OpenPort(pod, kTestPort, std::move(sink));
  UniqueFd connection(::accept(listener.get(), nullptr, nullptr));
  ASSERT_TRUE(connection.ok());
  const std::string piece(1 << 16, 'x');
  size_t sent = 0;
  const auto send = [&] {
    const ssize_t size =
        ::send(connection.get(), piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size > 0) sent += static_cast<size_t>(size);
    return got == kStreamWindowBytes && size < 0;  // the window, and what the kernel holds
  };
  ASSERT_TRUE(world_.RunUntil(send));
  EXPECT_GT(sent, kStreamWindowBytes);
  connection.Reset();
  size_t taken = 0;
  ASSERT_TRUE(world_.RunUntil([&] {
    stream->Taken(got - std::exchange(taken, got));
    return ended;
  }));
  EXPECT_EQ(got, sent);
}

}  // namespace
}  // namespace reconcile
