// Exec, attach and port-forward, as an agent serves them.
#include "agent/served_stream.h"
#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class AgentStreams : public AgentTest {
 protected:
  // What a link holds of a stream: one that did not end it cancels.
  struct Seen {
    Seen() = default;
    Seen(const Seen&) = delete;
    Seen& operator=(const Seen&) = delete;
    ~Seen() {
      if (stream && !end) stream->Cancel();
    }
    std::string out;
    std::optional<PodStreamEnd> end;
    std::shared_ptr<PodStream> stream;
  };
  void Run(const std::string& name) {
    engine.SetCommandChooser([](const ContainerConfig&, const std::vector<std::string>& command) {
      FakeCommand does;
      does.exit_code = 3;
      does.output = command.front() == "echo" ? "hello\n" : "";
      does.reads_input = command.front() == "cat";
      return does;
    });
    AddPod(name);
    StartAgent();
    Assign();
    Settle();
  }
  PodStreamRequest Exec(const std::string& pod, const std::string& command) {
    PodStreamRequest request;
    request.pod_uid = Reported(pod).uid;
    request.command = {command};
    request.in = request.out = request.err = true;
    return request;
  }
  PodStreamRequest Forward(const std::string& pod, uint16_t port) {
    PodStreamRequest request;
    request.kind = PodStreamRequest::Kind::kPortForward;
    request.pod_uid = Reported(pod).uid;
    request.port = port;
    return request;
  }
  void Open(const PodStreamRequest& request, Seen* seen) {
    PodStreamSink sink;
    sink.on_output = [seen](PodOutput, std::string_view bytes) { seen->out += bytes; };
    sink.on_input_taken = [](size_t) {};
    sink.on_end = [seen](const PodStreamEnd& end) { seen->end = end; };
    seen->stream = link.Stream(request, std::move(sink));
    EXPECT_FALSE(seen->end.has_value()) << "ended inside the call";
  }
  // How a request that is refused ends.
  Status Refusal(const PodStreamRequest& request) {
    Seen seen;
    Open(request, &seen);
    RunFor(1'000);
    EXPECT_TRUE(seen.end.has_value());
    return seen.end ? seen.end->status : OkStatus();
  }
};

TEST_F(AgentStreams, ACommandRunsInTheContainerThatIsMeant) {
  Run("web");
  for (const std::string container : {"", "app"}) {
    Seen seen;
    PodStreamRequest request = Exec("web", "echo");
    request.container = container;
    Open(request, &seen);
    RunFor(1'000);
    EXPECT_EQ(seen.out, "hello\n");
    ASSERT_TRUE(seen.end.has_value());
    EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
    EXPECT_EQ(seen.end->exit_code, 3);
  }
}

TEST_F(AgentStreams, ACommandReadsUntilItsInputEnds) {
  Run("web");
  Seen seen;
  Open(Exec("web", "cat"), &seen);
  seen.stream->Write("one ");
  RunFor(1'000);
  seen.stream->Write("two");
  seen.stream->CloseInput();
  RunFor(1'000);
  EXPECT_EQ(seen.out, "one two");
  ASSERT_TRUE(seen.end.has_value());
  EXPECT_EQ(seen.end->exit_code, 3);
}

TEST_F(AgentStreams, RefusalsSayWhatIsThere) {
  Run("web");
  PodStreamRequest request = Exec("web", "echo");
  request.container = "db";
  EXPECT_EQ(Refusal(request).code(), StatusCode::kNotFound);
  EXPECT_NE(Refusal(request).message().find("it has: app"), std::string::npos);
  request.pod_uid = "another host's";
  EXPECT_EQ(Refusal(request).code(), StatusCode::kNotFound);
  PodStreamRequest attach = Exec("web", "");
  attach.kind = PodStreamRequest::Kind::kAttach;
  attach.in = true;
  EXPECT_EQ(Refusal(attach).code(), StatusCode::kInvalid);
}

TEST_F(AgentStreams, APodOfSeveralContainersNeedsAChoice) {
  AddPod("web");
  Pod pod = *assignment.pods.back();
  pod.spec.containers.push_back(pod.spec.containers.front());
  pod.spec.containers.Edit().back().name = "side";
  assignment.pods.back() = std::make_shared<const Pod>(pod);
  StartAgent();
  Assign();
  Settle();
  const Status refusal = Refusal(Exec("web", "echo"));
  EXPECT_EQ(refusal.code(), StatusCode::kInvalid);
  EXPECT_NE(refusal.message().find("name one of: app, side"), std::string::npos)
      << refusal.message();
}

TEST_F(AgentStreams, AContainerThatDoesNotRunIsToldWithItsReason) {
  engine.SetImage("gone:1", {.pull_error = "no such image"});
  AddPod("web", "gone:1");
  StartAgent();
  Assign();
  RunFor(5'000);
  const Status refusal = Refusal(Exec("web", "echo"));
  EXPECT_EQ(refusal.code(), StatusCode::kConflict);
  EXPECT_NE(refusal.message().find("is not running"), std::string::npos) << refusal.message();
  // Its network is there already; nothing listens in it.
  EXPECT_EQ(Refusal(Forward("web", 80)).code(), StatusCode::kUnavailable);
}

TEST_F(AgentStreams, APortIsThatOfThePodsNetwork) {
  network.ListenOn(8080);
  Run("web");
  Seen seen;
  Open(Forward("web", 8080), &seen);
  seen.stream->Write("GET /");  // before the engine has said whose network it is
  RunFor(1'000);
  seen.stream->Write("\n");
  seen.stream->CloseInput();
  RunFor(1'000);
  EXPECT_EQ(seen.out, "GET /\n");
  ASSERT_TRUE(seen.end.has_value());
  EXPECT_TRUE(seen.end->status.ok()) << seen.end->status.ToString();
  EXPECT_EQ(Refusal(Forward("web", 81)).code(), StatusCode::kUnavailable);
}

TEST_F(AgentStreams, AttachFollowsWhatAContainerSays) {
  Run("web");
  PodStreamRequest request = Exec("web", "");
  request.kind = PodStreamRequest::Kind::kAttach;
  request.in = false;
  Seen seen;
  Open(request, &seen);
  RunFor(1'000);
  engine.AppendLog(Running()[0].id, LogStream::kOut, "now");
  RunFor(1'000);
  EXPECT_EQ(seen.out, "now\n");
  engine.KillContainer(Running()[0].id);
  RunFor(1'000);
  ASSERT_TRUE(seen.end.has_value());
  EXPECT_TRUE(seen.end->status.ok());
}

TEST_F(AgentStreams, TheyAreLimitedAndCancelledOnesMakeRoom) {
  Run("web");
  std::vector<Seen> streams(128);
  for (Seen& seen : streams) Open(Exec("web", "cat"), &seen);
  RunFor(1'000);
  EXPECT_EQ(Refusal(Exec("web", "cat")).code(), StatusCode::kUnavailable);
  streams[0].stream->Cancel();
  Seen next;
  Open(Exec("web", "cat"), &next);
  RunFor(1'000);
  EXPECT_FALSE(next.end.has_value()) << next.end->status.ToString();
  EXPECT_FALSE(streams[0].end.has_value()) << "told after its cancellation";
}

TEST_F(AgentStreams, AStreamOnWhichNothingIsSaidEndsAfterFourHours) {
  Run("web");
  Seen seen;
  Open(Exec("web", "cat"), &seen);
  RunFor(kStreamIdleMs / 2);
  seen.stream->Write("x");
  RunFor(kStreamIdleMs - 60'000);
  EXPECT_FALSE(seen.end.has_value());
  RunFor(120'000);
  ASSERT_TRUE(seen.end.has_value());
  EXPECT_EQ(seen.end->status.code(), StatusCode::kUnavailable);
}

TEST_F(AgentStreams, NobodyIsCalledWhenTheAgentIsNoMore) {
  Run("web");
  Seen seen;
  Open(Exec("web", "cat"), &seen);
  RunFor(100);
  KillAgent();
  seen.stream->Write("x");
  seen.stream->CloseInput();
  seen.stream->Cancel();
  RunFor(1'000);
  EXPECT_EQ(seen.out, "");
  EXPECT_FALSE(seen.end.has_value());
}

}  // namespace
}  // namespace reconcile
