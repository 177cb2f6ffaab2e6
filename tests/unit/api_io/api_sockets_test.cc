// Sessions over the API's port, as a client that knows nothing of our code speaks to them.
#include "api/api_sockets.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/unit/api_io/api_server_fixture.h"

namespace reconcile {
namespace {

using std::string_literals::operator""s;

// Sends back what it is sent, and ends when it is told to.
class Echo final : public SocketSession {
 public:
  Echo(SessionPeer* peer, std::atomic<int>* ended) : peer_(peer), ended_(ended) {}
  ~Echo() override { ++*ended_; }
  void OnMessage(std::string_view message, std::shared_ptr<void> hold) override {
    if (message == "end") return peer_->Close();
    peer_->Send(std::string(message), [hold] {});
  }

 private:
  SessionPeer* const peer_;
  std::atomic<int>* const ended_;
};

// Sends as much as is taken, one message ahead.
class Flood final : public SocketSession, public std::enable_shared_from_this<Flood> {
 public:
  Flood(SessionPeer* peer, std::atomic<size_t>* sent) : peer_(peer), sent_(sent) {}
  void SendOne() {
    ++*sent_;
    peer_->Send(std::string(kMaxStreamFrameBytes, 'x'), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->SendOne();
    });
  }
  void OnMessage(std::string_view, std::shared_ptr<void>) override { SendOne(); }

 private:
  SessionPeer* const peer_;
  std::atomic<size_t>* const sent_;
};

class ApiSocketsTest : public ApiServerTest {
 protected:
  void ServeSessions(const std::function<std::shared_ptr<SocketSession>(SessionPeer*)>& start) {
    Serve([start](const ApiRequest& request) {
      if (request.upgrade != "websocket") return RefusalResponse(400, "not " + request.upgrade);
      ApiResponse answer;
      answer.socket = {request.subprotocols.at(0), start};
      return answer;
    });
  }
  void ServeEcho() {
    ServeSessions([this](SessionPeer* peer) { return std::make_shared<Echo>(peer, &ended_); });
  }
  static std::string Head(const std::string& more = "") {
    return "GET /api/v1/namespaces/default/pods/web/exec?command=ls HTTP/1.1\r\nHost: c\r\n"
           "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Protocol: v5.channel.k8s.io, v4.channel.k8s.io\r\n" +
           more + "\r\n";
  }
  // A binary message; the mask of zeros changes nothing.
  static std::string Frame(const std::string& bytes) {
    std::string head = "\x82"s;
    if (bytes.size() < 126) {
      head += static_cast<char>(0x80 | bytes.size());
    } else {
      head += "\xff\0\0\0\0"s;
      for (const int shift : {24, 16, 8, 0}) head += static_cast<char>(bytes.size() >> shift & 255);
    }
    return head + std::string(4, '\0') + bytes;
  }

  void WaitForTheEnd() {
    WaitFor("the session's end", [this] { return ended_ > 0; });
  }

  const KeyPair user_ = User("anna", {"reconcile:operate"});
  std::atomic<int> ended_ = 0;
  std::atomic<size_t> sent_ = 0;
};

TEST_F(ApiSocketsTest, ARequestBecomesASessionThatEndsInGoodOrder) {
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  // The key that RFC 6455 answers its example with.
  EXPECT_NE(head.find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos) << head;
  EXPECT_NE(head.find("v5.channel.k8s.io\r\n"), std::string::npos) << head;
  ASSERT_TRUE(client.Send(Frame("\0hello"s)));
  EXPECT_EQ(client.ReadUntil("hello"), "\x82\x06\0hello"s);
  ASSERT_TRUE(client.Send("\x89\x82\0\0\0\0pi"s));  // a ping
  EXPECT_EQ(client.ReadUntil("pi"), "\x8a\x02pi"s);
  ASSERT_TRUE(client.Send(Frame("end")));
  EXPECT_EQ(client.ReadUntil("\x03\xe8"), "\x88\x02\x03\xe8"s);  // 1000
  ASSERT_TRUE(client.Send("\x88\x82\0\0\0\0\x03\xe8"s));
  EXPECT_EQ(client.ReadAll(), "");
  client.Close();
  WaitForTheEnd();
}

TEST_F(ApiSocketsTest, ASessionCountsWithTheAnswersOfItsPort) {
  std::atomic<int> told = 0;
  options_.on_request = [&told] {
    return [&told](const ApiRequest& request, int code) {
      EXPECT_EQ(request.path, "/api/v1/namespaces/default/pods/web/exec");
      EXPECT_EQ(code, 101);
      ++told;
    };
  };
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  ASSERT_NE(client.ReadUntil("\r\n\r\n"), "");
  EXPECT_EQ(told, 1) << "while it is open";
  client.Close();
  WaitForTheEnd();
  EXPECT_EQ(told, 1);
}

TEST_F(ApiSocketsTest, AMessageThatIsTooLongEndsTheSession) {
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  client.ReadUntil("\r\n\r\n");
  // Its head is enough.
  ASSERT_TRUE(client.Send(Frame(std::string(kMaxSocketMessageBytes + 1, 'x')).substr(0, 100)));
  EXPECT_EQ(client.ReadUntil("\x03\xf1").substr(2, 2), "\x03\xf1");  // 1009
  client.Close();
  WaitForTheEnd();
}

TEST_F(ApiSocketsTest, AClientThatSaysNothingMoreIsGone) {
  options_.socket_silent_ms = 200;
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  WaitForTheEnd();  // it answers no ping
}

TEST_F(ApiSocketsTest, ASessionEndsWhenItsClientGoes) {
  ServeEcho();
  {
    RawTls client(server_->port(), &user_);
    ASSERT_TRUE(client.Send(Head()));
    client.ReadUntil("\r\n\r\n");
  }
  WaitForTheEnd();
}

TEST_F(ApiSocketsTest, ASessionEndsWithTheServer) {
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  client.ReadUntil("\r\n\r\n");
  ASSERT_TRUE(client.Send(Frame("hello")));
  client.ReadUntil("hello");  // the session has begun
  server_.reset();
  WaitForTheEnd();
}

TEST_F(ApiSocketsTest, ASlowClientHoldsItsSessionBack) {
  ServeSessions([this](SessionPeer* peer) { return std::make_shared<Flood>(peer, &sent_); });
  RawTls client(server_->port(), &user_, 4096);
  ASSERT_TRUE(client.Send(Head()));
  client.ReadUntil("\r\n\r\n");
  ASSERT_TRUE(client.Send(Frame("begin")));
  // More than what the kernel keeps is not sent until the client reads.
  RawTls other(server_->port(), &user_);
  size_t seen = 0;
  do {
    seen = sent_;
    ASSERT_TRUE(other.Send("GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n"));
    other.ReadAnswer();
  } while (sent_ == 0 || sent_ != seen);
  EXPECT_LT(sent_ * kMaxStreamFrameBytes, size_t{16} << 20);
  const size_t before = sent_;
  while (sent_ < before + 300) ASSERT_FALSE(client.ReadUntil("xxxx").empty());
}

TEST_F(ApiSocketsTest, AUserHasAMostOfSessions) {
  options_.sockets.max_of_user = 1;
  ServeEcho();
  RawTls first(server_->port(), &user_);
  ASSERT_TRUE(first.Send(Head()));
  first.ReadUntil("\r\n\r\n");
  RawTls second(server_->port(), &user_);
  ASSERT_TRUE(second.Send(Head()));
  std::string body;
  EXPECT_EQ(second.ReadAnswer(&body), 429);
  EXPECT_NE(body.find("too many open sessions"), std::string::npos) << body;
  const KeyPair bert = User("bert", {"reconcile:operate"});
  RawTls third(server_->port(), &bert);
  ASSERT_TRUE(third.Send(Head()));
  EXPECT_EQ(third.ReadUntil("\r\n\r\n").substr(9, 3), "101");
}

TEST_F(ApiSocketsTest, WhoIsRevokedIsCutOff) {
  options_.sockets.look_ms = 20;
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  client.ReadUntil("\r\n\r\n");
  ASSERT_TRUE(users_->Revoke("anna", now()).ok());
  EXPECT_EQ(client.ReadAll(), "");
  WaitForTheEnd();
}

TEST_F(ApiSocketsTest, ASessionOnWhichNothingPassesEnds) {
  options_.sockets.look_ms = 20;
  options_.sockets.idle_ms = 50;
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(Head()));
  client.ReadUntil("\r\n\r\n");
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(ApiSocketsTest, WhatIsRefusedIsAnsweredAsAnyRequest) {
  ServeEcho();
  RawTls client(server_->port(), &user_);
  ASSERT_TRUE(client.Send(
      "POST /api/v1/namespaces/default/pods/web/exec HTTP/1.1\r\nHost: c\r\nContent-Length: 0\r\n"
      "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n"));
  std::string body;
  EXPECT_EQ(client.ReadAnswer(&body), 400);
  EXPECT_NE(body.find("not spdy/3.1"), std::string::npos) << body;
  ASSERT_TRUE(client.Send(Head("Origin: https://elsewhere\r\n")));
  EXPECT_EQ(client.ReadAnswer(&body), 403);
  ASSERT_TRUE(client.Send(Head("Origin: https://c\r\n")));
  EXPECT_EQ(client.ReadUntil("\r\n\r\n").substr(9, 3), "101");
}

}  // namespace
}  // namespace reconcile
