// Sessions over the local socket, by the command line's client.
#include <sys/socket.h>

#include <thread>

#include "cmd/pod_connection.h"
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

}  // namespace
}  // namespace reconcile
