// Sessions over the local socket, by the command line's client.
#include <sys/socket.h>

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "api/socket_frames.h"
#include "base/epoll_loop.h"
#include "cmd/pod_connection.h"
#include "link/link_socket.h"
#include "tests/unit/api_io/server_fixture.h"

namespace reconcile {
namespace {

// Sends its input back on channel 1, and ends when that is closed.
class EchoOnOutput final : public SocketSession {
 public:
  explicit EchoOnOutput(SessionPeer* peer) : peer_(peer) {}
  void OnMessage(std::string_view message, std::shared_ptr<void> hold) override {
    if (message[0] != 0) return peer_->Close();
    peer_->Send("\1" + std::string(message.substr(1)), [hold = std::move(hold)] {});
  }

 private:
  SessionPeer* const peer_;
};

// Takes nothing of its input, for as long as it lives.
class HoldsItsInput final : public SocketSession {
 public:
  HoldsItsInput(std::atomic<size_t>* held, std::atomic<bool>* gone) : held_(held), gone_(gone) {}
  ~HoldsItsInput() override { *gone_ = true; }
  void OnMessage(std::string_view, std::shared_ptr<void> hold) override {
    holds_.push_back(std::move(hold));
    ++*held_;
  }

 private:
  std::atomic<size_t>* const held_;
  std::atomic<bool>* const gone_;
  std::vector<std::shared_ptr<void>> holds_;
};

class LocalSessionsTest : public LocalServerTest {
 protected:
  Status ServeEcho() {
    return Serve([this](const ApiRequest& request) {
      words_ = request.QueryAll("command");
      if (request.upgrade != "websocket" || request.path != "/exec") {
        return ErrorResponse(NotFoundError("no such path"));
      }
      ApiResponse answer;
      answer.socket = {request.subprotocols.at(0),
                       [](SessionPeer* peer) { return std::make_shared<EchoOnOutput>(peer); }};
      return answer;
    });
  }
  std::vector<std::string> words_;  // the loop's
};

TEST_F(LocalSessionsTest, CarriesEveryByteBothWays) {
  ASSERT_EQ(ServeEcho(), OkStatus());
  Result<PodConnection> connection = PodConnection::Open(
      path_, "/exec", {{"command", "a b&c"}, {"command", "%"}, {"tty", "true"}});
  ASSERT_TRUE(connection.ok()) << connection.status().ToString();
  constexpr size_t kTotal = (20 << 20) + 1;
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  std::thread writer([&] {
    const std::string piece(10'007, 'y');
    for (size_t sent = 0; sent < kTotal; sent += piece.size()) {
      EXPECT_TRUE(WriteAll(ends[1], piece.substr(0, std::min(piece.size(), kTotal - sent))));
    }
    ::close(ends[1]);
  });
  size_t received = 0;
  PodConnection::Ends relay;
  relay.input = ends[0];
  relay.on_message = [&](uint8_t channel, std::string_view bytes) {
    EXPECT_EQ(channel, 1);
    EXPECT_EQ(bytes.find_first_not_of('y'), std::string_view::npos);
    received += bytes.size();
    return true;
  };
  EXPECT_EQ(connection->Run(relay), OkStatus());
  writer.join();
  ::close(ends[0]);
  EXPECT_EQ(received, kTotal);
  loop_.Do([&] { EXPECT_EQ(words_, (std::vector<std::string>{"a b&c", "%"})); });
}

TEST_F(LocalSessionsTest, ARefusalComesInTheControllersWords) {
  ASSERT_EQ(ServeEcho(), OkStatus());
  const Result<PodConnection> refused = PodConnection::Open(path_, "/other", {});
  EXPECT_EQ(refused.status(), NotFoundError("no such path"));
  const Result<PodConnection> nobody = PodConnection::Open(path_ + "x", "/exec", {});
  EXPECT_EQ(nobody.status().code(), StatusCode::kUnavailable);
}

TEST_F(LocalSessionsTest, OtherCommandsAreAnsweredWhateverIsOpen) {
  ASSERT_EQ(ServeEcho(), OkStatus());
  std::vector<PodConnection> open;
  for (int i = 0; i < 40; ++i) {
    Result<PodConnection> connection = PodConnection::Open(path_, "/exec", {});
    ASSERT_TRUE(connection.ok()) << connection.status().ToString();
    open.push_back(std::move(*connection));
  }
  EXPECT_EQ(ApiClient(path_).Get("/other").status(), NotFoundError("no such path"));
}

TEST_F(LocalSessionsTest, ASessionEndsWithTheServer) {
  ASSERT_EQ(ServeEcho(), OkStatus());
  Result<PodConnection> connection = PodConnection::Open(path_, "/exec", {});
  ASSERT_TRUE(connection.ok());
  server_.reset();
  EXPECT_EQ(connection->Run({.on_message = [](uint8_t, std::string_view) { return true; }}),
            OkStatus());
}

// What it began in a container ends with it, however much of its input waits.
TEST_F(LocalSessionsTest, ACommandThatIsLostWhileItsInputIsHeldBackIsMissedAtOnce) {
  std::atomic<size_t> held = 0;
  std::atomic<bool> gone = false;
  ASSERT_EQ(Serve([&](const ApiRequest& request) {
              ApiResponse answer;
              answer.socket = {request.subprotocols.at(0), [&](SessionPeer*) {
                                 return std::make_shared<HoldsItsInput>(&held, &gone);
                               }};
              return answer;
            }),
            OkStatus());
  const auto eventually = [](const std::function<bool()>& holds) {
    const MonoTime deadline = ReadSystemClock().mono + 20'000;
    while (!holds() && ReadSystemClock().mono < deadline) std::this_thread::yield();
    return holds();
  };
  std::optional<PodConnection> connection =
      std::move(PodConnection::Open(path_, "/exec", {})).value();
  const std::string message = SocketFrameHead(2) + std::string("\0x", 2);
  for (size_t i = 0; i < 2 * kMaxUnhandledMessages; ++i) {
    ASSERT_TRUE(WriteAll(connection->fd(), message));
  }
  ASSERT_TRUE(eventually([&] { return held >= kMaxUnhandledMessages; }));
  EXPECT_FALSE(gone);
  connection.reset();
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
  server_.reset();
}

}  // namespace
}  // namespace reconcile
