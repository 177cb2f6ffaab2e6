// Who gets what from the controller's port. Named for FAULTS 14 to 17.
#include <thread>

#include "link/delta_channel.h"
#include "tests/unit/link/sample_messages.h"
#include "tests/unit/link_tls/raw_agent.h"

namespace reconcile {
namespace {

std::string Get(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: c\r\n\r\n"; }
std::string Upgrade(const std::string& path) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: c\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}
// Says that a body of a gigabyte follows, and sends none of it.
std::string PostWithoutItsBody(const std::string& path, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: c\r\nContent-Length: 1000000000\r\n" + more + "\r\n";
}
std::string JoinRequest(const std::string& token, const std::string& node) {
  Value body = Value::MakeMap();
  body.Set("node", Value::String(node));
  body.Set("csr", Value::String(MakeNodeRequest(node)->request_pem));
  const std::string text = WriteJson(body);
  return "POST /join HTTP/1.1\r\nHost: c\r\nAuthorization: Bearer " + token +
         "\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

class Access : public testing::Test {
 protected:
  uint16_t port() const { return controller_.server->port(); }
  TlsController controller_;
};

TEST_F(Access, Faults14RefusesWhoHasNoCertificateBeforeTheBodyIsRead) {
  for (const std::string path : {"/renew", "/link", "/stream/1", "/anything"}) {
    EXPECT_EQ(AskRaw(port(), PostWithoutItsBody(path)).code(), 401) << path;
    EXPECT_EQ(AskRaw(port(), Upgrade(path)).code(), 401) << path;
  }
}

TEST_F(Access, Faults14RefusesAnExpiredCertificate) {
  constexpr int64_t kLongAgoMs = 40LL * 24 * 3600 * 1000;
  TlsController old({}, kLongAgoMs);
  const WallTime then{old.now().ms - kLongAgoMs};
  const KeyAndRequest request = *MakeNodeRequest("host-1");
  const std::string token = *old.enrollment->CreateToken({}, then);
  const KeyPair expired = {*old.enrollment->Join(token, request.request_pem, "host-1", then),
                           request.private_key_pem};
  const RawAnswer answer = AskRaw(old.server->port(), PostWithoutItsBody("/renew"), &expired);
  EXPECT_EQ(answer.code(), 401);
  EXPECT_NE(answer.text.find("expired"), std::string::npos) << answer.text;
}

TEST_F(Access, Faults14RefusesARevokedCertificate) {
  const KeyPair identity = controller_.Enroll("host-1");
  EXPECT_EQ(AskRaw(port(), Get("/link"), &identity).code(), 426) << "accepted before";
  ASSERT_TRUE(controller_.enrollment->RevokeNode("host-1", controller_.now()).ok());
  const RawAnswer answer = AskRaw(port(), Upgrade("/link"), &identity);
  EXPECT_EQ(answer.code(), 401);
  EXPECT_NE(answer.text.find("revoked"), std::string::npos) << answer.text;
  EXPECT_EQ(AskRaw(port(), PostWithoutItsBody("/renew"), &identity).code(), 401);
}

TEST_F(Access, Faults14RefusesACertificateOfAForeignCa) {
  TlsController foreign;
  const KeyPair identity = foreign.Enroll("host-1");
  EXPECT_EQ(AskRaw(port(), Upgrade("/link"), &identity).code(), 401);
  EXPECT_EQ(AskRaw(port(), PostWithoutItsBody("/renew"), &identity).code(), 401);
}

TEST_F(Access, Faults14RefusesAWrongTokenBeforeTheBodyIsRead) {
  std::string wrong = controller_.MakeToken();
  wrong[14] = wrong[14] == '0' ? '1' : '0';
  EXPECT_EQ(AskRaw(port(), PostWithoutItsBody("/join")).code(), 401);
  EXPECT_EQ(
      AskRaw(port(), PostWithoutItsBody("/join", "Authorization: Bearer " + wrong + "\r\n")).code(),
      401);
  EXPECT_EQ(AskRaw(port(), PostWithoutItsBody("/join", "Authorization: Bearer " +
                                                           controller_.MakeToken() + "\r\n"))
                .code(),
            413)
      << "a good token, and too large a body";
}

TEST_F(Access, Faults14LimitsTheRateOfRefusals) {
  for (int i = 0; i < kMaxRefusalsPerMinute; ++i) {
    ASSERT_EQ(AskRaw(port(), Get("/link")).code(), 401);
  }
  EXPECT_EQ(AskRaw(port(), Get("/link")).code(), 429);
  EXPECT_EQ(AskRaw(port(), JoinRequest(controller_.MakeToken(), "host-1")).code(), 429)
      << "from there not even a good token is listened to";
  const RawAnswer health = AskRaw(port(), Get("/healthz"));
  EXPECT_EQ(health.code(), 200);
  // And what time it is, by which `doctor` on a host compares clocks.
  const size_t date = health.text.find("\r\nDate: ");
  ASSERT_NE(date, std::string::npos) << health.text;
  EXPECT_TRUE(ParseHttpDate(health.text.substr(date + 8, 29)).ok()) << health.text;
  const KeyPair identity = controller_.Enroll("host-2");
  RawAgent agent(port(), identity);
  EXPECT_EQ(agent.code(), 101) << "who is known is not held to account for its neighbours";
}

TEST_F(Access, Faults15ClosesOnAReportForAnotherNode) {
  int reports = 0;
  controller_.thread.Do([&] {
    AgentLink::Handler handler;
    handler.on_report = [&](const Report&) { ++reports; };
    controller_.server->SetHandler(std::move(handler));
  });
  RawAgent agent(port(), controller_.Enroll("host-2"));
  agent.Hello("host-2");
  agent.WaitForMessage(link_type::kWelcome);
  testing::internal::CaptureStderr();
  DeltaSender<Report> sender;
  agent.Send(*sender.Write(SampleReport()));  // of host-1
  agent.WaitForEnd();
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("audit"), std::string::npos) << log;
  EXPECT_NE(log.find("a report for another node"), std::string::npos) << log;
  EXPECT_NE(log.find("host-2"), std::string::npos) << log;
  controller_.thread.Do([&] { EXPECT_EQ(reports, 0); });
  controller_.thread.Do([&] { controller_.server->SetHandler({}); });
}

TEST_F(Access, Faults15ClosesOnAnotherNodesNameOrInventory) {
  RawAgent liar(port(), controller_.Enroll("host-2"));
  liar.Hello("host-1");
  liar.WaitForEnd();
  EXPECT_NE(DecodeRefused(liar.WaitForMessage(link_type::kRefused).body).find("host-2"),
            std::string::npos);
  RawAgent thief(port(), controller_.Enroll("host-3"));
  thief.Hello("host-3");
  Value body = Value::MakeMap();
  body.Set("inventory", EncodeInventory(SampleInventory()));
  thief.Send(*WriteLinkMessage(link_type::kInventory, std::move(body), "inventory"));
  thief.WaitForEnd();
}

TEST_F(Access, Faults15GivesNobodyAnotherNodesStream) {
  const KeyPair identity = controller_.Enroll("host-1");
  const KeyPair other = controller_.Enroll("host-2");
  RawAgent agent(port(), identity);
  agent.Hello("host-1");
  agent.WaitForMessage(link_type::kWelcome);
  StreamHandle stream;
  controller_.thread.Do([&] { stream = controller_.server->OpenLogs("host-1", {}, {}); });
  const std::string id = DecodeOpenLogs(agent.WaitForMessage(link_type::kOpenLogs).body)->stream;
  testing::internal::CaptureStderr();
  EXPECT_EQ(AskRaw(port(), Upgrade("/stream/" + id), &other).code(), 403);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_NE(log.find("audit"), std::string::npos) << log;
  EXPECT_NE(log.find("host-2"), std::string::npos) << log;
  RawAgent reader(port(), identity, "/stream/" + id);
  EXPECT_EQ(reader.code(), 101) << "its own node may";
  EXPECT_EQ(AskRaw(port(), Upgrade("/stream/" + id), &identity).code(), 404) << "once";
  controller_.thread.Do([&] { stream.Cancel(); });
}

TEST_F(Access, Faults16RefusesATokenThatIsReplayedExpiredOrRevoked) {
  const std::string token = controller_.MakeToken();
  EXPECT_EQ(AskRaw(port(), JoinRequest(token, "host-1")).code(), 200);
  const RawAnswer replayed = AskRaw(port(), JoinRequest(token, "host-2"));
  EXPECT_TRUE(replayed.code() == 401 || replayed.code() == 403) << replayed.text;
  EXPECT_EQ(replayed.text.find(token), std::string::npos) << "answers repeat no secrets";

  const WallTime yesterday{controller_.now().ms - kDefaultTokenLifeMs - 1'000};
  const std::string expired = *controller_.enrollment->CreateToken({}, yesterday);
  EXPECT_EQ(AskRaw(port(), JoinRequest(expired, "host-3")).code(), 401);

  const std::string revoked = controller_.MakeToken();
  ASSERT_TRUE(controller_.enrollment->RevokeToken(revoked.substr(4, 8), controller_.now()).ok());
  EXPECT_EQ(AskRaw(port(), JoinRequest(revoked, "host-4")).code(), 401);
}

TEST_F(Access, Faults16StopsListeningToWhoGuesses) {
  const std::string good = controller_.MakeToken();
  int heard = 0;
  for (int i = 0; i < kMaxRefusalsPerMinute + 10; ++i) {
    std::string guess = good;
    guess.replace(13, 2, std::to_string(10 + i % 80));
    if (guess == good) continue;
    if (AskRaw(port(), JoinRequest(guess, "host-1")).code() != 429) ++heard;
  }
  EXPECT_LE(heard, kMaxRefusalsPerMinute);
}

TEST_F(Access, Faults17ShowsAScannerNothingButHealth) {
  EXPECT_EQ(AskRaw(port(), Get("/healthz")).code(), 200);
  for (const std::string path : {"/", "/link", "/metrics", "/hooks/", "/.git/config"}) {
    const int code = AskRaw(port(), Get(path)).code();
    EXPECT_TRUE(code == 401 || code == 404) << path << " " << code;
  }
  EXPECT_EQ(AskRaw(port(), "\x16\x03\x01 what is this\r\n\r\n").code(), 400);
}

}  // namespace
}  // namespace reconcile
