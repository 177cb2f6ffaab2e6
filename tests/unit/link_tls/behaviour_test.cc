// How the link behaves when one side is slow, silent, newer, doubled or gone.
#include <algorithm>
#include <fstream>

#include "link/dialer_state.h"
#include "link/local_link.h"
#include "tests/unit/link/sample_messages.h"
#include "tests/unit/link_tls/raw_agent.h"

namespace reconcile {
namespace {

// What the controller is told, as words. Its loop's.
struct Noted {
  explicit Noted(TlsController* controller) : controller_(controller) {
    controller_->thread.Do([this] {
      AgentLink::Handler handler;
      handler.on_connected = [this](const std::string& node) { words.push_back("+" + node); };
      handler.on_disconnected = [this](const std::string& node) { words.push_back("-" + node); };
      handler.on_report = [this](const Report& report) {
        words.push_back("report " + std::to_string(report.sequence));
      };
      controller_->server->SetHandler(std::move(handler));
    });
  }
  ~Noted() {
    controller_->thread.Do([this] { controller_->server->SetHandler({}); });
  }
  std::vector<std::string> Words() {
    std::vector<std::string> copy;
    controller_->thread.Do([&] { copy = words; });
    return copy;
  }
  void WaitForWord(const std::string& word) {
    WaitFor(word, [&] {
      const std::vector<std::string> now = Words();
      return std::find(now.begin(), now.end(), word) != now.end();
    });
  }

  std::vector<std::string> words;

 private:
  TlsController* const controller_;
};

Assignment LargeAssignment(Revision revision, size_t bytes) {
  Assignment assignment = SampleAssignment();
  assignment.fence.revision = revision;
  auto map = std::make_shared<ConfigMap>();
  map->metadata.namespace_name = "shop";
  map->metadata.name = "large";
  map->data = {{"k", std::string(bytes, static_cast<char>('a' + revision % 26))}};
  assignment.config_maps = {map};
  return assignment;
}

TEST(SlowReader, GetsTheNewestAssignmentAndCostsABoundedAmount) {
  constexpr Revision kRevisions = 600;
  constexpr size_t kBytes = 256 << 10;  // 150 MB in all
  LinkServerOptions options;
  options.silent_ms = 300'000;  // it answers no pings while it does not read
  TlsController controller(std::move(options));
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  agent.StopReading();
  const size_t before = ResidentBytes();
  for (Revision revision = 1; revision <= kRevisions; ++revision) {
    Status sent;
    controller.thread.Do(
        [&] { sent = controller.server->Send("host-1", LargeAssignment(revision, kBytes)); });
    ASSERT_TRUE(sent.ok()) << sent.ToString();
  }
  EXPECT_LT(ResidentBytes(), before + (64 << 20));
  Status asked;
  controller.thread.Do([&] { asked = controller.server->AskInventory("host-1"); });
  EXPECT_EQ(asked.code(), StatusCode::kUnavailable) << "its queue is full";
  agent.ReadOn();
  DeltaReceiver<Assignment> receiver;
  size_t taken = 0;
  Revision newest = 0;
  WaitFor("the newest assignment", [&] {
    const std::vector<std::string> received = agent.Received();
    for (; taken < received.size(); ++taken) {
      const Result<LinkMessage> message = ReadLinkMessage(received[taken]);
      if (!message.ok() || message->type == link_type::kWelcome) continue;
      const Result<Assignment> assignment = message->type == link_type::kAssignment
                                                ? receiver.TakeWhole(message->body)
                                                : receiver.TakeDelta(message->body);
      EXPECT_TRUE(assignment.ok()) << assignment.status().ToString();
      if (assignment.ok()) newest = assignment->fence.revision;
    }
    return newest == kRevisions;
  });
  EXPECT_LT(taken, 200U) << "it was made to read what nobody needs any more";
}

TEST(SlowReader, StillHearsThatAnAssignmentIsTooLarge) {
  LinkServerOptions options;
  options.silent_ms = 300'000;
  TlsController controller(std::move(options));
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  agent.StopReading();
  controller.thread.Do([&] {
    for (Revision revision = 1; revision < 300; ++revision) {
      EXPECT_TRUE(controller.server->Send("host-1", LargeAssignment(revision, 256 << 10)).ok());
    }
    EXPECT_EQ(controller.server->Send("host-1", LargeAssignment(300, kMaxMessageBytes)).code(),
              StatusCode::kInvalid);
  });
}

TEST(Link, ASecondConnectionOfANodeTakesTheFirstOnesPlace) {
  TlsController controller;
  Noted noted(&controller);
  const KeyPair identity = controller.Enroll("host-1");
  RawAgent first(controller.server->port(), identity);
  first.Hello("host-1");
  first.WaitForMessage(link_type::kWelcome);
  RawAgent second(controller.server->port(), identity);
  second.Hello("host-1");
  first.WaitForEnd();
  EXPECT_NE(DecodeRefused(first.WaitForMessage(link_type::kRefused).body).find("took its place"),
            std::string::npos);
  DeltaSender<Report> sender;
  second.Send(*sender.Write(SampleReport()));
  noted.WaitForWord("report 42");
  EXPECT_EQ(noted.Words(),
            (std::vector<std::string>{"+host-1", "-host-1", "+host-1", "report 42"}));
}

TEST(Link, AsksForAllWhenItLostTrackOfAReport) {
  TlsController controller;
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  agent.WaitForMessage(link_type::kWelcome);
  DeltaSender<Report> sender;
  Report report = SampleReport();
  std::swap(report.pods[0], report.pods[1]);  // an agent's are sorted
  (void)sender.Write(report);                 // lost
  ++report.sequence;
  agent.Send(*sender.Write(report));
  agent.WaitForMessage(link_type::kResync);
  sender.Forget();
  agent.Send(*sender.Write(report));
  noted.WaitForWord("report 43");
}

TEST(Link, SaysAllAgainToAnAgentThatLostTrack) {
  TlsController controller;
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  controller.thread.Do([&] {
    Assignment assignment = SampleAssignment();
    EXPECT_TRUE(controller.server->Send("host-1", assignment).ok());
    ++assignment.fence.revision;
    EXPECT_TRUE(controller.server->Send("host-1", assignment).ok());
  });
  agent.WaitForMessage(link_type::kAssignmentDelta);
  const size_t before = agent.Received().size();
  agent.Send(WriteBareMessage(link_type::kResync));
  WaitFor("one more message", [&] { return agent.Received().size() > before; });
  const Result<LinkMessage> again = ReadLinkMessage(agent.Received().back());
  ASSERT_TRUE(again.ok());
  DeltaReceiver<Assignment> receiver;
  const Result<Assignment> whole = receiver.TakeWhole(again->body);
  ASSERT_TRUE(whole.ok()) << whole.status().ToString();
  EXPECT_EQ(whole->fence.revision, SampleAssignment().fence.revision + 1);
}

TEST(LinkReleases, ANewerAgentIsServedInTheOlderProtocol) {
  TlsController controller;
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  Hello hello = MakeHello("host-1");
  hello.version = "99.0.0";
  hello.max_protocol = kMaxLinkProtocol + 1;
  agent.Send(WriteHello(hello));
  EXPECT_EQ(DecodeWelcome(agent.WaitForMessage(link_type::kWelcome).body)->protocol,
            kMaxLinkProtocol);
  agent.Send(R"({"type":"fromTomorrow","list":[1,2,3]})");
  Value body = Value::MakeMap();
  Report report = SampleReport();
  Value whole = EncodeReport(report);
  whole.Set("fromTomorrow", Value::Int(1));
  body.Set("number", Value::Int(1));
  body.Set("whole", std::move(whole));
  agent.Send(*WriteLinkMessage(link_type::kReport, std::move(body), "report"));
  noted.WaitForWord("report 42");
}

TEST(LinkReleases, AnAgentOfTwoReleasesLaterIsToldWhatToUpgrade) {
  TlsController controller;
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  Hello hello = MakeHello("host-1");
  hello.min_protocol = kMaxLinkProtocol + 1;
  hello.max_protocol = kMaxLinkProtocol + 2;
  agent.Send(WriteHello(hello));
  agent.WaitForEnd();
  EXPECT_NE(
      DecodeRefused(agent.WaitForMessage(link_type::kRefused).body).find("upgrade the controller"),
      std::string::npos);
}

TEST(Link, NoticesADeadAgent) {
  LinkServerOptions options;
  options.silent_ms = 1'000;
  TlsController controller(std::move(options));
  Noted noted(&controller);
  const KeyPair identity = controller.Enroll("host-1");
  RawAgent agent(controller.server->port(), identity);
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  agent.Freeze();
  noted.WaitForWord("-host-1");
  agent.Thaw();
}

TEST(Link, EndsAStreamThatNobodyOpens) {
  LinkServerOptions options;
  options.stream_open_ms = 200;
  TlsController controller(std::move(options));
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  Status end;
  bool ended = false;
  controller.thread.Do([&] {
    controller.server->OpenLogs("host-1", {},
                                {[](std::string_view) {},
                                 [&](const Status& status) {
                                   end = status;
                                   ended = true;
                                 }});
  });
  WaitFor("the end of the stream", [&] {
    bool now = false;
    controller.thread.Do([&] { now = ended; });
    return now;
  });
  EXPECT_EQ(end.code(), StatusCode::kUnavailable);
}

TEST(Link, EndsAStreamThatSendsMoreThanItMay) {
  TlsController controller;
  Noted noted(&controller);
  const KeyPair identity = controller.Enroll("host-1");
  RawAgent agent(controller.server->port(), identity);
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  Status end;
  bool ended = false;
  size_t bytes = 0;
  controller.thread.Do([&] {
    controller.server->OpenLogs("host-1", {},
                                {[&](std::string_view text) { bytes += text.size(); },
                                 [&](const Status& status) {
                                   end = status;
                                   ended = true;
                                 }});
  });
  const std::string id = DecodeOpenLogs(agent.WaitForMessage(link_type::kOpenLogs).body)->stream;
  RawAgent stream(controller.server->port(), identity, "/stream/" + id);
  for (size_t i = 0; i <= kStreamWindowBytes / kMaxStreamFrameBytes; ++i) {
    stream.Send(std::string(kMaxStreamFrameBytes, 'x'), true);
  }
  stream.WaitForEnd();
  controller.thread.Do([&] {
    EXPECT_TRUE(ended);
    EXPECT_EQ(end.code(), StatusCode::kInternal);
    EXPECT_EQ(bytes, kStreamWindowBytes);
  });
}

TEST(Link, HasRoomForABoundedNumberOfStreams) {
  LinkServerOptions options;
  options.stream_open_ms = 300'000;
  TlsController controller(std::move(options));
  Noted noted(&controller);
  RawAgent agent(controller.server->port(), controller.Enroll("host-1"));
  agent.Hello("host-1");
  noted.WaitForWord("+host-1");
  int refused = 0;
  // In parts, as no agent is asked for more at once than its queue holds.
  for (size_t opened = 0; opened <= kMaxLinkStreams;) {
    controller.thread.Do([&] {
      for (int i = 0; i < 32 && opened <= kMaxLinkStreams; ++i, ++opened) {
        controller.server->OpenLogs("host-1", {}, {{}, [&](const Status&) { ++refused; }});
      }
    });
    WaitFor("the requests to arrive",
            [&] { return agent.Received().size() >= std::min(opened, kMaxLinkStreams); });
  }
  WaitFor("one refusal", [&] {
    int now = 0;
    controller.thread.Do([&] { now = refused; });
    return now == 1;
  });
}

TEST(Link, ClosesOnWhatIsNoMessage) {
  TlsController controller;
  const KeyPair identity = controller.Enroll("host-1");
  for (const std::string text : {"", "{", R"({"type":"report"})", R"({"no":"type"})"}) {
    RawAgent agent(controller.server->port(), identity);
    agent.Send(text);
    agent.WaitForEnd();
  }
}

TEST(LinkDialing, WaitsWithFullJitterUpToItsBound) {
  SeededRandom random(7);
  for (int failures = 0; failures < 40; ++failures) {
    int64_t bound_ms = 200;
    for (int i = 0; i < failures; ++i) bound_ms = std::min<int64_t>(bound_ms * 2, 15'000);
    for (int i = 0; i < 100; ++i) {
      const int64_t wait_ms = DialWaitMs(failures, 200, 15'000, &random);
      EXPECT_GE(wait_ms, 200);
      EXPECT_LE(wait_ms, bound_ms);
    }
  }
}

TEST(LinkDialing, SaysWhyItIsNotConnectedAndComesBackByItself) {
  const LinkFolder folder;
  std::string token;
  uint16_t port = 0;
  auto controller = std::make_unique<TlsController>();
  token = controller->MakeToken();
  port = controller->server->port();
  TlsAgent agent(port, "host-1", token, folder.path());
  agent.Start();
  WaitFor("joining", [&] { return agent.Connected(); });
  controller->thread.Do([&] { controller->server.reset(); });
  WaitFor("a reason", [&] {
    return agent.dialer->LastError().find("no connection to 127.0.0.1") != std::string::npos;
  });
  LinkServerOptions options;
  options.listen_address = "127.0.0.1";
  options.listen_port = port;
  options.names = {"127.0.0.1"};
  auto again = LinkServer::Start(options, controller->thread.loop(), controller->enrollment.get());
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  controller->server = std::move(again).value();
  WaitFor("coming back", [&] { return agent.Connected(); });
}

TEST(LinkDialing, NeedsATokenOrACertificate) {
  const LinkFolder folder;
  LoopThread thread;
  SeededRandom random(1);
  LinkDialerOptions options;
  options.host = "127.0.0.1";
  options.node = "host-1";
  options.folder = folder.path();
  const Status none = LinkDialer::Open(options, thread.loop(), &random).status();
  EXPECT_EQ(none.code(), StatusCode::kInvalid);
  EXPECT_NE(none.message().find("--token"), std::string::npos);
  std::ofstream(folder.path() + "/node.pem") << "damaged";
  options.token = "";
  const Status damaged = LinkDialer::Open(options, thread.loop(), &random).status();
  EXPECT_EQ(damaged.code(), StatusCode::kInvalid);
  EXPECT_NE(damaged.message().find("node.pem"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
