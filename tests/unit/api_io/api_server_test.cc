// The API's port, as strangers, users and hosts find it. Faults are named for their lines.
#include <fstream>
#include <future>

#include "tests/unit/api_io/api_server_fixture.h"

namespace reconcile {
namespace {

// Whatever holds the loop: it answers later, and that is nobody's any more.
TEST_F(ApiServerTest, TellsHealthAsItWasWhileTheLoopIsBusy) {
  Serve();
  const KeyPair admin = Admin();
  RawTls person(server_->port(), &admin);
  std::string body;
  const auto asks = [&](const std::string& path) {
    EXPECT_TRUE(person.Send("GET " + path + " HTTP/1.1\r\nHost: c\r\n\r\n"));
    return person.ReadAnswer(&body);
  };
  EXPECT_EQ(asks("/healthz"), 200);
  std::promise<void> busy;
  loop_.loop()->Post(
      [held = std::make_shared<std::future<void>>(busy.get_future())] { held->wait(); });
  EXPECT_EQ(asks("/healthz"), 200);
  EXPECT_EQ(asks("/healthz"), 200);
  EXPECT_EQ(routed_, 1);
  busy.set_value();
  WaitFor("the loop has answered too", [&] { return routed_ == 3; });
  loop_.Do([] {});
  EXPECT_EQ(asks("/no/such"), 200);
  EXPECT_EQ(body, "GET /no/such ");
}

TEST_F(ApiServerTest, KeepsAConnectionForOneRequestAfterTheOther) {
  Serve();
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  // Sent at once: each is answered, in its order.
  ASSERT_TRUE(
      client.Send("GET /a HTTP/1.1\r\nHost: c\r\n\r\nPOST /b HTTP/1.1\r\nHost: c\r\nContent-"
                  "Type: application/json\r\nContent-Length: 2\r\n\r\n{}HEAD /c HTTP/1.1\r\n"
                  "Host: c\r\nConnection: close\r\n\r\n"));
  std::string body;
  EXPECT_EQ(client.ReadAnswer(&body), 200);
  EXPECT_EQ(body, "GET /a ");
  EXPECT_EQ(client.ReadAnswer(&body), 200);
  EXPECT_EQ(body, "POST /b {}");
  EXPECT_EQ(client.ReadAll().find("HEAD /c"), std::string::npos);
}

TEST_F(ApiServerTest, Faults14RefusesWhoHasNoIdentityThatHolds) {
  options_.max_refusals_per_minute = 1000;
  Serve();
  const KeyPair admin = Admin();
  EXPECT_EQ(Ask(kPods, &admin), 200);
  const int routed = routed_;
  EXPECT_EQ(Ask(kPods), 401);
  // Expired.
  const KeyAndRequest request = *MakeKeyAndRequest();
  const KeyPair expired{*enrollment_->IssueUser("root", {"reconcile:admin"}, request.request_pem,
                                                1000, {now().ms - 60'000}),
                        request.private_key_pem};
  EXPECT_EQ(Ask(kPods, &expired), 401);
  // Of a foreign CA.
  auto other = Enrollment::Open(folder_.path() + "/other", &random_, now());
  const KeyPair foreign{
      *(*other)->IssueUser("root", {"reconcile:admin"}, request.request_pem, 3'600'000, now()),
      request.private_key_pem};
  EXPECT_EQ(Ask(kPods, &foreign), 401);
  EXPECT_EQ(Ask(kHealth, &foreign), 401);  // nothing falls back to less
  // Wrong tokens.
  EXPECT_EQ(Ask(WithToken("rcu1." + std::string(64, '0'))), 401);
  EXPECT_EQ(Ask(WithToken("")), 401);
  EXPECT_EQ(routed_, routed);
}

TEST_F(ApiServerTest, Faults14RefusesBeforeTheBodyIsRead) {
  Serve();
  // The body never comes, and yet there is an answer.
  EXPECT_EQ(Ask("POST /api/v1/pods HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n"
                "Content-Length: 1000000\r\n\r\n"),
            401);
  EXPECT_EQ(routed_, 0);
}

TEST_F(ApiServerTest, Faults14LimitsHowOftenAnAddressIsRefused) {
  options_.max_refusals_per_minute = 5;
  Serve();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask(kPods), 401);
  const RawAnswer answer = AskRaw(server_->port(), kPods);
  EXPECT_EQ(answer.code(), 429);
  EXPECT_NE(answer.text.find("Retry-After: 60"), std::string::npos);
  const KeyPair admin = Admin();
  EXPECT_EQ(Ask(kPods, &admin), 200);  // who may is not held up by who may not
}

TEST_F(ApiServerTest, Faults14RefusesWhoWasRevokedAlsoOnOpenConnections) {
  options_.recheck_ms = 50;
  Serve(Streams(true, ""));
  const KeyPair anna = User("anna", {"reconcile:view"}, 3'600'000);
  const std::string token = *users_->IssueToken({"anna", {"reconcile:view"}}, now());
  RawTls watcher(server_->port(), &anna);
  ASSERT_TRUE(watcher.Send(kPods));
  EXPECT_NE(watcher.ReadUntil("\r\n\r\n").find(" 200 "), std::string::npos);
  WaitFor("the stream is open", [&] { return streams_ == 1; });
  ASSERT_TRUE(users_->Revoke("anna", now()).ok());
  watcher.ReadAll();  // it ends
  WaitFor("the stream is cancelled", [&] { return cancelled_ == 1; });
  EXPECT_EQ(Ask(kPods, &anna), 401);
  EXPECT_EQ(Ask(WithToken(token)), 401);
  // Given anew, also in the same second.
  const KeyAndRequest request = *MakeKeyAndRequest();
  const KeyPair again{
      *users_->IssueCertificate({"anna", {"reconcile:view"}}, request.request_pem, now()),
      request.private_key_pem};
  EXPECT_EQ(RawTls(server_->port(), &again).connected(), true);
  RawTls client(server_->port(), &again);
  ASSERT_TRUE(client.Send(kPods));
  EXPECT_NE(client.ReadUntil("\r\n\r\n").find(" 200 "), std::string::npos);
}

TEST_F(ApiServerTest, TakesTokens) {
  Serve();
  const std::string token = *users_->IssueToken({"anna", {"reconcile:view"}}, now());
  EXPECT_EQ(Ask(WithToken(token)), 200);
  std::string file;
  std::ifstream(folder_.path() + "/users/users.json") >> file;
  EXPECT_EQ(file.find(token.substr(5)), std::string::npos);
}

TEST_F(ApiServerTest, Faults16TakesNoJoinTokenForAUsers) {
  Serve();
  EXPECT_EQ(Ask(WithToken(*enrollment_->CreateToken({}, now()))), 401);
}

TEST_F(ApiServerTest, Faults17AnswersStrangersAboutHealthAlone) {
  options_.max_refusals_per_minute = 1000;
  Serve();
  EXPECT_EQ(Ask(kHealth), 200);
  for (const char* path : {"/", "/api", "/apis", "/openapi/v2", "/metrics", "/apis/apps/v1"}) {
    EXPECT_EQ(Ask("GET " + std::string(path) + " HTTP/1.1\r\nHost: c\r\n\r\n"), 401) << path;
  }
}

TEST_F(ApiServerTest, Faults18RefusesBombsWithBoundedMemory) {
  options_.max_refusals_per_minute = 1000;
  Serve();
  const KeyPair admin = Admin();
  const std::string post = "POST /a HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n";
  const size_t before = ResidentBytes();
  EXPECT_EQ(Ask("GET /a HTTP/1.1\r\nA: " + std::string(options_.max_head_bytes, 'x') + "\r\n\r\n",
                &admin),
            431);
  EXPECT_EQ(Ask(post + "Content-Length: 67108864\r\n\r\n", &admin), 413);
  std::string chunks;
  for (int i = 0; i < 512; ++i) chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_EQ(Ask(post + "Transfer-Encoding: chunked\r\n\r\n" + chunks, &admin), 413);
  EXPECT_EQ(Ask(post + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", &admin), 413);
  EXPECT_EQ(Ask("GET /a HTTP/1.1\r\nRange: bytes=0-,0-\r\n\r\n", &admin), 431);
  EXPECT_EQ(Ask("GET /a//b HTTP/1.1\r\nHost: c\r\n\r\n", &admin), 400);
  EXPECT_LT(ResidentBytes(), before + (64 << 20));
  EXPECT_EQ(routed_, 0);
}

TEST_F(ApiServerTest, Faults18ClosesWhenTwoReadersCouldDisagreeAboutALength) {
  options_.max_refusals_per_minute = 1000;
  Serve();
  const KeyPair admin = Admin();
  for (const char* lengths : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                              "Content-Length: 5\r\nContent-Length: 6\r\n",
                              "Content-Length: -5\r\n", "Transfer-Encoding: gzip, chunked\r\n"}) {
    const RawAnswer answer =
        AskRaw(server_->port(),
               "POST /a HTTP/1.1\r\nContent-Type: application/json\r\n" + std::string(lengths) +
                   "\r\nhelloGET /healthz HTTP/1.1\r\n\r\n",
               &admin);
    EXPECT_EQ(answer.code(), 400) << lengths;
    EXPECT_EQ(answer.text.find(" 200 "), std::string::npos) << lengths;
  }
  EXPECT_EQ(routed_, 0);
}

TEST_F(ApiServerTest, Faults19AnswersAboutHealthAmongSlowClients) {
  options_.max_strangers_of_address = 100;
  Serve();
  std::vector<std::unique_ptr<RawTls>> slow;
  for (int i = 0; i < 60; ++i) {
    slow.push_back(std::make_unique<RawTls>(server_->port()));
    ASSERT_TRUE(slow.back()->Send("GET /he"));
  }
  EXPECT_EQ(Ask(kHealth), 200);
  for (int i = 0; i < 60; ++i) slow.push_back(std::make_unique<RawTls>(server_->port()));
  EXPECT_FALSE(slow.back()->connected());  // there is no room for more strangers of one address
  slow.clear();
  WaitFor("they are forgotten", [&] { return RawTls(server_->port()).connected(); });
}

TEST_F(ApiServerTest, Faults19EndsAClientThatSaysNothing) {
  options_.step_ms = 1'000;  // a busy machine's handshake must fit into it
  Serve();
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  ASSERT_TRUE(client.Send("GET /a HTTP/1.1\r\nHo"));
  EXPECT_EQ(client.ReadAll(), "");
}

TEST_F(ApiServerTest, Faults20EndsAWatcherThatDoesNotReadWithItsLastWords) {
  options_.max_unread_bytes = 256 << 10;
  const std::string last_words = "{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n";
  Serve(Streams(true, last_words));
  const KeyPair admin = Admin();
  RawTls watcher(server_->port(), &admin, 4096);
  ASSERT_TRUE(watcher.Send(kPods));
  WaitFor("the watch is open", [&] { return streams_ == 1; });
  const std::string event(64 << 10, 'e');
  // Far more than the kernel's buffers and the limit hold.
  for (int i = 0; i < 1000 && cancelled_ == 0; ++i) Say(event);
  WaitFor("the watch is cancelled", [&] { return cancelled_ > 0; });
  const std::string all = watcher.ReadAll();
  EXPECT_NE(all.find(last_words), std::string::npos);
  EXPECT_TRUE(all.ends_with("0\r\n\r\n"));
}

TEST_F(ApiServerTest, Faults20CutsOffAWatcherThatTakesNothingAtAll) {
  options_.write_ms = 100;
  options_.max_unread_bytes = 256 << 20;
  Serve(Streams(true, "gone\n"));
  const KeyPair admin = Admin();
  RawTls watcher(server_->port(), &admin);
  ASSERT_TRUE(watcher.Send(kPods));
  WaitFor("the watch is open", [&] { return streams_ == 1; });
  for (int i = 0; i < 64; ++i) Say(std::string(1 << 20, 'e'));  // more than any kernel's buffers
  WaitFor("the watch is cancelled", [&] { return cancelled_ > 0; });
  EXPECT_FALSE(watcher.ReadAll().ends_with("0\r\n\r\n"));
}

TEST_F(ApiServerTest, AReplayOfAnySizeCutsNobodyOff) {
  options_.max_unread_bytes = 1 << 10;
  Serve([](const ApiRequest&) {
    ApiResponse answer;
    answer.begins_at_once = true;
    answer.too_slow = "gone\n";
    answer.stream = [](const LogSink& sink) {
      for (int i = 0; i < 64; ++i) sink.on_data(std::string(64 << 10, 'e'));
      sink.on_data("that was all\n");
      return StreamHandle();
    };
    return answer;
  });
  const KeyPair admin = Admin();
  RawTls watcher(server_->port(), &admin);
  ASSERT_TRUE(watcher.Send(kPods));
  EXPECT_NE(watcher.ReadUntil("that was all\n").find("that was all"), std::string::npos);
}

TEST_F(ApiServerTest, StreamsWordByWordAndGivesCreditBack) {
  Serve(Streams(false, ""));
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  ASSERT_TRUE(client.Send(kPods));
  WaitFor("the stream is open", [&] { return streams_ == 1; });
  Say("one\n");
  const std::string head = client.ReadUntil("4\r\none\n\r\n");
  EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(head.find("Content-Encoding"), std::string::npos);
  // Told a quarter of the window at a time.
  const std::string much(kStreamWindowBytes / 4 - 4, 'm');
  Say(much);
  EXPECT_NE(client.ReadUntil(much + "\r\n").find("\r\n"), std::string::npos);
  WaitFor("it counts as taken", [&] { return taken_ == kStreamWindowBytes / 4; });
  loop_.Do([&] { sink_.on_end(OkStatus()); });
  EXPECT_EQ(client.ReadAll(), "0\r\n\r\n");
}

TEST_F(ApiServerTest, AStreamThatFailsBeforeItsFirstWordIsAnOrdinaryRefusal) {
  Serve(Streams(false, ""));
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  ASSERT_TRUE(client.Send(kPods));
  WaitFor("the stream is open", [&] { return streams_ == 1; });
  loop_.Do([&] { sink_.on_end(NotFoundError("no such container")); });
  EXPECT_EQ(client.ReadAnswer(), 404);
}

TEST_F(ApiServerTest, AStreamThatFailsLaterIsSeenToBeCutOff) {
  Serve(Streams(false, ""));
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  ASSERT_TRUE(client.Send(kPods));
  WaitFor("the stream is open", [&] { return streams_ == 1; });
  Say("one\n");
  loop_.Do([&] { sink_.on_end(UnavailableError("the host went away")); });
  EXPECT_FALSE(client.ReadAll().ends_with("0\r\n\r\n"));
}

TEST_F(ApiServerTest, AReaderThatGoesEndsItsStream) {
  Serve(Streams(true, ""));
  const KeyPair admin = Admin();
  {
    RawTls client(server_->port(), &admin);
    ASSERT_TRUE(client.Send(kPods));
    WaitFor("the stream is open", [&] { return streams_ == 1; });
  }
  WaitFor("the stream is cancelled", [&] { return cancelled_ == 1; });
}

TEST_F(ApiServerTest, EndsWithOpenStreams) {
  Serve(Streams(true, ""));
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  ASSERT_TRUE(client.Send(kPods));
  WaitFor("the stream is open", [&] { return streams_ == 1; });
  server_.reset();
  WaitFor("the stream is cancelled", [&] { return cancelled_ == 1; });
  Say("to nobody");
}

TEST_F(ApiServerTest, LimitsTheRequestsAndConnectionsOfAUser) {
  options_.requests_per_second = 1;
  options_.requests_at_once = 3;
  options_.max_connections_of_user = 2;
  Serve();
  const KeyPair admin = Admin();
  RawTls client(server_->port(), &admin);
  const std::string ask = "GET /a HTTP/1.1\r\nHost: c\r\n\r\n";
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(client.Send(ask));
    EXPECT_EQ(client.ReadAnswer(), 200);
  }
  ASSERT_TRUE(client.Send(ask + ask));
  EXPECT_EQ(client.ReadAnswer(), 429);
  const KeyPair anna = User("anna", {"reconcile:view"}, 3'600'000);
  std::vector<std::unique_ptr<RawTls>> open;
  std::vector<int> codes;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<RawTls>(server_->port(), &anna));
    ASSERT_TRUE(open.back()->Send("GET /api HTTP/1.1\r\nHost: c\r\n\r\n"));
    codes.push_back(open.back()->ReadAnswer());
  }
  EXPECT_EQ(codes, (std::vector<int>{200, 200, 429}));
}

TEST_F(ApiServerTest, RefusesTypesThatNobodySpeaks) {
  Serve();
  const KeyPair admin = Admin();
  const std::string get = "GET /a HTTP/1.1\r\nHost: c\r\nConnection: close\r\nAccept: ";
  EXPECT_EQ(Ask(get + "application/yaml\r\n\r\n", &admin), 406);
  EXPECT_EQ(
      Ask(get + "application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n\r\n", &admin),
      200);
  EXPECT_EQ(Ask("POST /a HTTP/1.1\r\nHost: c\r\nConnection: close\r\nContent-Type: text/html\r\n"
                "Content-Length: 1\r\n\r\nx",
                &admin),
            415);
}

}  // namespace
}  // namespace reconcile
