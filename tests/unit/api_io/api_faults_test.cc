// Faults that many clients at once bring, and what text of theirs becomes. Named for their lines.
#include <netinet/tcp.h>
#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <vector>

#include "bench/tls_poller.h"
#include "tests/unit/api_io/api_server_fixture.h"

namespace reconcile {
namespace {

class ApiFaults : public ApiServerTest {
 protected:
  // Both ends of every connection are in this process.
  void SetUp() override {
    rlimit files = {};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    ASSERT_GE(files.rlim_cur, 4000U);
  }
};

// How fast the answers come is bench/api's to say.
TEST_F(ApiFaults, Faults19AnswersAboutHealthAmong500SlowClientsAnd1000Watchers) {
  options_.step_ms = 600'000;  // the slow ones stay for the whole test
  options_.write_ms = 600'000;
  Serve([streams = Streams(true, "gone\n")](const ApiRequest& request) {
    return request.path == "/healthz" ? ApiResponse() : streams(request);
  });
  const std::string token = *users_->IssueToken({"ada", {"reconcile:admin"}}, now());
  TlsPoller clients(/*server=*/false);
  std::vector<TlsPeer*> all;
  const auto connect = [&](size_t count, const std::string& text) {
    for (size_t end = all.size() + count; all.size() < end;) {
      all.push_back(clients.Connect(server_->port()));
      clients.Send(all.back(), text);
      if (all.size() % 50 == 0) clients.Poll(10);
    }
  };
  // Strangers of one address are bounded, and everybody is one at first.
  for (int watches = 100; watches <= 1000; watches += 100) {
    connect(100, WithToken(token));
    WaitFor("the watches are open", [&] {
      clients.Poll(10);
      return streams_ == watches;
    });
  }
  connect(500, "GET /he");
  WaitFor("the slow ones are there", [&] {
    clients.Poll(10);
    return std::all_of(all.begin(), all.end(), [](const TlsPeer* peer) { return peer->ready; });
  });
  EXPECT_EQ(clients.closed_count(), 0U);
  RawTls person(server_->port());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(person.Send("GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n"));
    EXPECT_EQ(person.ReadAnswer(), 200);
  }
  EXPECT_EQ(cancelled_, 0);
}

// However many connections a user has: their bodies share one bound.
TEST_F(ApiFaults, Faults18BoundsWhatAllBodiesTakeTogether) {
  options_.max_bodies_bytes = 3 << 20;
  std::atomic<int> heads = 0;
  options_.on_request = [&heads]() -> ApiServerOptions::OnAnswer {
    ++heads;
    return {};
  };
  Serve();
  const KeyPair admin = Admin();
  const std::string head =
      "POST /a HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nConnection: close\r\n"
      "Content-Length: ";
  RawTls slow(server_->port(), &admin);
  ASSERT_TRUE(slow.Send(head + std::to_string(2 << 20) + "\r\n\r\n{"));
  WaitFor("its share is taken", [&] { return heads == 1; });
  EXPECT_EQ(Ask(head + std::to_string(2 << 20) + "\r\n\r\n{", &admin), 429);
  EXPECT_EQ(Ask(head + "2\r\n\r\n{}", &admin), 200);
  ASSERT_TRUE(slow.Send(std::string((2 << 20) - 1, ' ')));
  EXPECT_EQ(slow.ReadAnswer(), 200);
  EXPECT_EQ(Ask(head + std::to_string(2 << 20) + "\r\n\r\n" + std::string(2 << 20, ' '), &admin),
            200);
}

// Thousands of bodies once made streams that go on for hours: none of them holds memory any more.
TEST_F(ApiFaults, Faults18ABodysShareIsGivenBackWhenItsHandlerEndsAndNotWithItsStream) {
  options_.max_bodies_bytes = 3 << 20;
  Serve(Streams(true, ""));
  const KeyPair admin = Admin();
  const std::string request =
      "POST /a HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\nContent-Length: " +
      std::to_string(2 << 20) + "\r\n\r\n" + std::string(2 << 20, ' ');
  std::vector<std::unique_ptr<RawTls>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<RawTls>(server_->port(), &admin));
    ASSERT_TRUE(open.back()->Send(request));
    const std::string head = open.back()->ReadUntil("\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
  }
  EXPECT_EQ(cancelled_, 0) << "all of them are open";
}

TEST_F(ApiFaults, Faults18AQuestionForHealthKeepsNoShareOfItsBody) {
  options_.max_bodies_bytes = 3 << 20;
  Serve();
  const KeyPair admin = Admin();
  const std::string body =
      "Content-Length: " + std::to_string(2 << 20) + "\r\n\r\n" + std::string(2 << 20, ' ');
  RawTls asks(server_->port(), &admin);
  ASSERT_TRUE(asks.Send("GET /healthz HTTP/1.1\r\nHost: c\r\n" + body));
  EXPECT_EQ(asks.ReadAnswer(), 200);
  RawTls other(server_->port(), &admin);
  ASSERT_TRUE(
      other.Send("POST /a HTTP/1.1\r\nHost: c\r\nContent-Type: application/json\r\n" + body));
  EXPECT_EQ(other.ReadAnswer(), 200);
}

// Watches of a machine that lost its power are missed after a minute, though nothing is sent there.
TEST_F(ApiFaults, ConnectionsAreProbedWhileNothingIsSaid) {
  Serve();
  const RawTls client(server_->port());
  ASSERT_TRUE(client.connected());
  const auto option = [](int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
  };
  const auto port_of = [](int fd, auto name_of) {
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    const bool is_ours = name_of(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
                         address.sin_family == AF_INET;
    return is_ours ? ntohs(address.sin_port) : 0;
  };
  int accepted = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename().string());
    // The server's end of it: this port is its own, and somebody is at the other end.
    if (port_of(fd, ::getsockname) != server_->port() || port_of(fd, ::getpeername) == 0) continue;
    ++accepted;
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
  }
  EXPECT_EQ(accepted, 1);
}

// A browser with a certificate of ours, on a page of somebody else's.
TEST_F(ApiFaults, Faults21NothingIsDoneForAnotherSitesPage) {
  Serve();
  const KeyPair admin = Admin();
  const auto ask = [&](const std::string& site) {
    return Ask("POST /a HTTP/1.1\r\nHost: c\r\nConnection: close\r\nSec-Fetch-Site: " + site +
                   "\r\nContent-Length: 2\r\n\r\n{}",
               &admin);
  };
  EXPECT_EQ(ask("cross-site"), 403);
  EXPECT_EQ(ask("same-site"), 403);
  EXPECT_EQ(routed_, 0);
  EXPECT_EQ(ask("same-origin"), 200);
  EXPECT_EQ(ask("none"), 200);
}

// Not as somebody else either, and never as who asks in their place.
TEST_F(ApiFaults, Faults14NobodyIsAnsweredAsSomebodyElse) {
  Serve();
  const KeyPair admin = Admin();
  for (const char* header : {"Impersonate-User: eve", "Impersonate-Group: a", "Impersonate-Uid: 1",
                             "Impersonate-Extra-Scopes: a"}) {
    const std::string head = "GET /api/v1/pods HTTP/1.1\r\nHost: c\r\nConnection: close\r\n";
    const RawAnswer answer = AskRaw(server_->port(), head + header + "\r\n\r\n", &admin);
    EXPECT_EQ(answer.code(), 403) << header;
    EXPECT_NE(answer.text.find("(--as)"), std::string::npos) << answer.text;
  }
  EXPECT_EQ(routed_, 0);
}

// What follows a HEAD's answer would be read as the next one.
TEST_F(ApiFaults, Faults18AnswersHeadWithoutABodyAlsoWhereThereIsAStream) {
  Serve(Streams(true, "gone\n"));
  const KeyPair admin = Admin();
  const RawAnswer answer =
      AskRaw(server_->port(), "HEAD /api/v1/pods HTTP/1.1\r\nHost: c\r\n\r\n", &admin);
  EXPECT_EQ(answer.code(), 200);
  EXPECT_TRUE(answer.text.ends_with("\r\n\r\n")) << answer.text;
  EXPECT_EQ(streams_, 0);
}

// FAULTS 21. Nothing of the API is ever taken for a page, whatever it says.
TEST_F(ApiFaults, Faults21AScriptStaysText) {
  const std::string script = "<script>alert(1)</script>";
  Serve([&](const ApiRequest& request) {
    return RefusalResponse(404, "no " + request.path + " " + request.Query("name"));
  });
  const KeyPair admin = Admin();
  for (const std::string target : {"/api/v1/pods/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
                                   "/api/v1/pods?name=%3Cscript%3Ealert(1)%3C/script%3E"}) {
    const RawAnswer answer =
        AskRaw(server_->port(),
               "GET " + target + " HTTP/1.1\r\nHost: c\r\nConnection: close\r\n\r\n", &admin);
    EXPECT_NE(answer.text.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
    EXPECT_NE(answer.text.find("\r\nX-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_EQ(answer.text.find("text/html"), std::string::npos);
  }
}

// FAULTS 22. A header of a client's making begins no line of ours, in an answer or in the log.
TEST_F(ApiFaults, Faults22ControlCharactersMakeNoLineOfTheirOwn) {
  Serve();
  const KeyPair admin = Admin();
  testing::internal::CaptureStderr();
  for (const std::string target : {"/a%0d%0aSet-Cookie:x=1", "/a%1b[2J", "/a%00b"}) {
    const RawAnswer answer =
        AskRaw(server_->port(), "GET " + target + " HTTP/1.1\r\nHost: c\r\n\r\n", &admin);
    EXPECT_EQ(answer.code(), 400) << target;
    EXPECT_EQ(answer.text.find("\r\nSet-Cookie"), std::string::npos);
    EXPECT_EQ(answer.text.find('\x1b'), std::string::npos);
  }
  const RawAnswer named = AskRaw(server_->port(),
                                 "GET /a?container=x%0d%0aSet-Cookie:x%1b[2J HTTP/1.1\r\nHost: "
                                 "c\r\nAccept: text/plain\r\nConnection: close\r\n\r\n",
                                 &admin);
  EXPECT_EQ(named.text.find("\r\nSet-Cookie"), std::string::npos);
  EXPECT_EQ(named.text.find('\x1b'), std::string::npos);
  Ask("GET /a HTTP/1.1\r\nHost: c\r\nConnection: close\r\nAccept: x\x1b[2J\r\n\r\n", &admin);
  Ask("GET /a HTTP/1.1\r\nHost: c\r\nRange: x\x1b[2J\r\nConnection: close\r\n\r\n", &admin);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find(" audit "), std::string::npos) << log;
  EXPECT_EQ(log.find('\x1b'), std::string::npos) << log;
  EXPECT_EQ(log.find("\nSet-Cookie"), std::string::npos) << log;
}

}  // namespace
}  // namespace reconcile
