// An agent that speaks to a controller of another release.
#include <mutex>

#include "link/http_server.h"
#include "link/node_identity.h"
#include "tests/unit/link/sample_messages.h"
#include "tests/unit/link_tls/raw_agent.h"

namespace reconcile {
namespace {

// A controller that says what the test tells it to, by the real listening code.
class RawController final : public HttpServerHandler {
 public:
  RawController(Enrollment* enrollment, std::vector<std::string> answers)
      : answers_(std::move(answers)) {
    tls_ = *MakeServerTls(*enrollment->ServerCertificate({"127.0.0.1"}, ReadSystemClock().wall));
    port_ = *ListenHttp({"127.0.0.1", 0, 10'000, kMaxHttpHeaderBytes}, this, &io_);
    io_.Start();
  }
  ~RawController() override { io_.Stop(); }
  uint16_t port() const { return port_; }
  std::vector<std::string> Heard() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return heard_;
  }

  std::shared_ptr<void> OnConnection(const std::string&) override {
    return std::make_shared<int>(0);
  }
  TlsContext Tls() override { return tls_; }
  HttpVerdict OnHead(HttpHead*) override {
    return {HttpVerdict::Do::kOpenSocket, {}, 0, {10'000, 10'000, kMaxLinkFrameBytes}};
  }
  void OnBadRequest(const std::string&, int, const std::string&) override {}
  void OnBody(HttpHead, std::function<void(LinkHttpResponse)>) override {}
  void OnSocket(HttpHead, std::shared_ptr<void>, std::shared_ptr<LinkSocket> socket) override {
    sockets_.push_back(socket);
    LinkSocket* raw = socket.get();
    LinkSocket::Handler handler;
    handler.on_message = [this, raw](std::string_view text, bool) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        heard_.emplace_back(text);
      }
      for (const std::string& answer : std::exchange(answers_, {})) {
        ++raw->backlog()->messages;
        raw->backlog()->bytes += answer.size();
        raw->Send(answer, false);
      }
      raw->Handled(text.size());
    };
    socket->Start(std::move(handler));
  }

 private:
  IoThread io_;
  TlsContext tls_;
  uint16_t port_ = 0;
  std::vector<std::string> answers_;  // to the first message. io_'s
  std::vector<std::shared_ptr<LinkSocket>> sockets_;
  std::mutex mutex_;
  std::vector<std::string> heard_;  // guarded by mutex_
};

class NewerController : public testing::Test {
 protected:
  NewerController() {
    EXPECT_TRUE(LoadNodeIdentity(folder_.path()).ok());
    EXPECT_TRUE(SaveNodeIdentity(folder_.path(), controller_.Enroll("host-1")).ok());
  }
  TlsController controller_;  // for its CA
  LinkFolder folder_;
};

TEST_F(NewerController, IsUnderstoodInTheOlderProtocol) {
  Assignment assignment = SampleAssignment();
  Value body = Value::MakeMap();
  body.Set("number", Value::Int(1));
  Value whole = EncodeAssignment(assignment);
  whole.Set("fromTomorrow", Value::String("x"));
  body.Set("whole", std::move(whole));
  RawController newer(controller_.enrollment.get(),
                      {R"({"type":"welcome","version":"99.0.0","protocol":1,"more":true})",
                       R"({"type":"fromTomorrow","list":[]})",
                       *WriteLinkMessage(link_type::kAssignment, std::move(body), "assignment")});
  TlsAgent agent(newer.port(), "host-1", "", folder_.path());
  Revision revision = 0;
  agent.thread.Do([&] {
    ControllerLink::Handler handler;
    handler.on_assignment = [&](const Assignment& got) { revision = got.fence.revision; };
    agent.dialer->SetHandler(std::move(handler));
  });
  agent.Start();
  WaitFor("the assignment", [&] {
    Revision now = 0;
    agent.thread.Do([&] { now = revision; });
    return now == assignment.fence.revision;
  });
  const Result<LinkMessage> hello = ReadLinkMessage(newer.Heard().front());
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(DecodeHello(hello->body)->max_protocol, kMaxLinkProtocol);
  agent.thread.Do([&] { agent.dialer->SetHandler({}); });
}

TEST_F(NewerController, IsNotFollowedIntoAProtocolThatIsUnknownHere) {
  RawController newer(controller_.enrollment.get(),
                      {R"({"type":"welcome","version":"99.0.0","protocol":7})"});
  TlsAgent agent(newer.port(), "host-1", "", folder_.path());
  agent.Start();
  WaitFor("a reason",
          [&] { return agent.dialer->LastError().find("does not speak") != std::string::npos; });
  EXPECT_FALSE(agent.Connected());
}

TEST_F(NewerController, SaysWhyItRefuses) {
  RawController newer(controller_.enrollment.get(),
                      {WriteRefused("upgrade the agent: it is two releases behind")});
  TlsAgent agent(newer.port(), "host-1", "", folder_.path());
  agent.Start();
  WaitFor("the controller's reason", [&] {
    return agent.dialer->LastError().find("two releases behind") != std::string::npos;
  });
}

TEST_F(NewerController, IsAskedForAllWhenItsDeltaHasNoBase) {
  Value body = Value::MakeMap();
  body.Set("number", Value::Int(5));
  body.Set("base", Value::Int(4));
  body.Set("delta", EncodeAssignment(SampleAssignment()));
  RawController newer(
      controller_.enrollment.get(),
      {WriteWelcome({"0.1.0", 1}),
       *WriteLinkMessage(link_type::kAssignmentDelta, std::move(body), "assignment")});
  TlsAgent agent(newer.port(), "host-1", "", folder_.path());
  agent.Start();
  WaitFor("resync", [&] {
    const std::vector<std::string> heard = newer.Heard();
    return !heard.empty() && heard.back() == WriteBareMessage(link_type::kResync);
  });
}

}  // namespace
}  // namespace reconcile
