#include "tests/unit/agent/agent_fixture.h"

namespace reconcile {
namespace {

class AgentLogsTest : public AgentTest {};

TEST_F(AgentLogsTest, LogsComeFromTheContainerThatIsMeant) {
  engine.SetImage("talk:1", {.present = true, .program = {.output = {"hello"}}});
  AddPod("web", "talk:1");
  StartAgent();
  Assign();
  Settle();
  std::string text;
  std::optional<Status> end;
  const LogSink sink = {[&](std::string_view bytes) { text += bytes; },
                        [&](const Status& status) { end = status; }};
  LogRequest request;
  request.pod_uid = Reported("web").uid;
  link.Logs(request, sink);
  RunFor(100);
  EXPECT_EQ(text, "hello\n");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->ok());
  end.reset();
  request.previous = true;
  link.Logs(request, sink);
  RunFor(100);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->code(), StatusCode::kNotFound);
}

TEST_F(AgentLogsTest, ALogBeginsAndEndsWhereItIsAsked) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  const auto say = [&](const char* line) {
    engine.AppendLog(Running()[0].id, LogStream::kOut, line);
  };
  say("old\n");
  RunFor(60'000);
  const WallTime then = loop.now().wall;
  RunFor(10'000);
  say("new line\n");
  const auto read = [&](LogRequest request) {
    request.pod_uid = Reported("web").uid;
    std::string text;
    bool ended = false;
    link.Logs(request, {[&](std::string_view bytes) { text += bytes; },
                        [&](const Status& status) { ended = status.ok(); }});
    RunFor(1'000);
    return text + (ended ? "." : "");
  };
  LogRequest request;
  EXPECT_EQ(read(request), "old\nnew line\n.");
  request.since_seconds = 30;
  EXPECT_EQ(read(request), "new line\n.");
  request = {};
  request.since_time = then;
  EXPECT_EQ(read(request), "new line\n.");
  request = {};
  request.limit_bytes = 7;
  EXPECT_EQ(read(request), "old\nnew.");
  request.follow = true;
  EXPECT_EQ(read(request), "old\nnew.") << "a followed log, too, ends where it is cut";
  for (int i = 0; i < 65; ++i) EXPECT_EQ(read(request), "old\nnew.") << "and makes room";
}

TEST_F(AgentLogsTest, CancelledLogSaysNothingMore) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  bool ended = false;
  LogRequest request;
  request.pod_uid = Reported("web").uid;
  request.follow = true;
  std::string text;
  const StreamHandle stream = link.Logs(request, {[&](std::string_view bytes) { text += bytes; },
                                                  [&](const Status&) { ended = true; }});
  RunFor(100);
  stream.Cancel();
  engine.AppendLog(Running()[0].id, LogStream::kOut, "late");
  RunFor(1'000);
  EXPECT_EQ(text, "");
  EXPECT_FALSE(ended);
}

TEST_F(AgentLogsTest, ALogWaitsForItsReader) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  std::string line(999, 'x');
  line += '\n';
  constexpr size_t kLines = 1'000;
  for (size_t i = 0; i < kLines; ++i) {
    engine.AppendLog(Running()[0].id, LogStream::kOut, line);
  }
  LogRequest request;
  request.pod_uid = Reported("web").uid;
  request.follow = true;
  size_t received = 0;
  const StreamHandle stream = link.Logs(
      request, {[&](std::string_view bytes) { received += bytes.size(); }, [](const Status&) {}});
  RunFor(60'000);
  EXPECT_LE(received, kStreamWindowBytes);
  EXPECT_GT(received, kStreamWindowBytes / 2);
  for (size_t taken = 0; taken < received;) {
    stream.Taken(received - std::exchange(taken, received));
  }
  EXPECT_EQ(received, kLines * line.size());
}

TEST_F(AgentLogsTest, LogStreamsAreLimited) {
  AddPod("web");
  StartAgent();
  Assign();
  Settle();
  LogRequest request;
  request.pod_uid = Reported("web").uid;
  request.follow = true;
  int refused = 0;
  std::vector<StreamHandle> streams;
  const LogSink sink = {
      [](std::string_view) {},
      [&](const Status& status) { refused += status.code() == StatusCode::kUnavailable ? 1 : 0; }};
  for (int i = 0; i < 65; ++i) streams.push_back(link.Logs(request, sink));
  RunFor(100);
  EXPECT_EQ(refused, 1);
  streams[0].Cancel();
  link.Logs(request, sink);
  RunFor(100);
  EXPECT_EQ(refused, 1) << "one that ended made room";
}

}  // namespace
}  // namespace reconcile
