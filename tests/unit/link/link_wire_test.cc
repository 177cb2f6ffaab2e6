#include "link/link_wire.h"

#include <gtest/gtest.h>

#include "link/http_checks.h"
#include "link/refusal_limiter.h"

namespace reconcile {
namespace {

TEST(LinkWire, NeedsATypeAndNothingMore) {
  const Result<LinkMessage> message = ReadLinkMessage(R"({"type":"fromTomorrow","more":[1,2]})");
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(message->type, "fromTomorrow");
  for (const std::string text : {"", "[]", "{}", R"({"type":1})", R"({"type":""})", "{\"type\":"}) {
    EXPECT_EQ(ReadLinkMessage(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(LinkWire, HelloArrivesWithMembersOfANewerRelease) {
  const Result<LinkMessage> message = ReadLinkMessage(
      R"({"type":"hello","node":"host-1","version":"9","minProtocol":1,"maxProtocol":2,"new":{}})");
  ASSERT_TRUE(message.ok());
  const Result<Hello> hello = DecodeHello(message->body);
  ASSERT_TRUE(hello.ok());
  EXPECT_EQ(hello->node, "host-1");
  EXPECT_EQ(hello->max_protocol, 2);
}

TEST(LinkProtocol, IsTheNewestThatBothSpeak) {
  EXPECT_EQ(*ChooseProtocol({"n", "v", 1, 1}, 1, 1), 1);
  EXPECT_EQ(*ChooseProtocol({"n", "v", 1, 1}, 1, 2), 1) << "the controller is one release newer";
  EXPECT_EQ(*ChooseProtocol({"n", "v", 1, 2}, 1, 1), 1) << "the agent is one release newer";
  EXPECT_EQ(*ChooseProtocol({"n", "v", 2, 3}, 1, 2), 2);
}

TEST(LinkProtocol, SaysWhichSideIsTooOld) {
  const Status old_agent = ChooseProtocol({"n", "0.1.0", 1, 1}, 3, 4).status();
  EXPECT_EQ(old_agent.code(), StatusCode::kInvalid);
  EXPECT_NE(old_agent.message().find("upgrade the agent"), std::string::npos);
  const Status old_controller = ChooseProtocol({"n", "9.0.0", 3, 4}, 1, 2).status();
  EXPECT_EQ(old_controller.code(), StatusCode::kInvalid);
  EXPECT_NE(old_controller.message().find("upgrade the controller"), std::string::npos);
}

TEST(LinkWire, LogRequestsArriveAsTheyWereSent) {
  OpenLogsMessage sent{"7-1", {"uid", "web", true, true, true, 10}};
  Result<OpenLogsMessage> got = DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->stream, "7-1");
  EXPECT_EQ(got->request.container, "web");
  EXPECT_TRUE(got->request.previous && got->request.follow && got->request.timestamps);
  EXPECT_EQ(got->request.tail_lines, 10);
  sent.request.tail_lines = -1;
  got = DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body);
  EXPECT_EQ(got->request.tail_lines, -1);
  EXPECT_EQ(got->request.since_seconds, -1);
  EXPECT_EQ(got->request.limit_bytes, -1);
  EXPECT_FALSE(got->request.since_time);
  sent.request.since_seconds = 60;
  sent.request.limit_bytes = 7;
  sent.request.since_time = WallTime{1'700'000'000'123};
  got = DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body);
  EXPECT_EQ(got->request.since_seconds, 60);
  EXPECT_EQ(got->request.limit_bytes, 7);
  EXPECT_EQ(got->request.since_time, sent.request.since_time);
  Value wrong = ReadLinkMessage(WriteOpenLogs(sent))->body;
  wrong.Set("sinceTime", Value::String("yesterday"));
  EXPECT_FALSE(DecodeOpenLogs(wrong).ok());
  EXPECT_EQ(DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body)->request.tail_lines, -1);
  EXPECT_FALSE(got->request.metrics);
  sent.request = {};
  sent.request.metrics = true;
  EXPECT_TRUE(DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body)->request.metrics);
  sent.stream = std::string(kMaxStreamIdBytes + 1, 's');
  EXPECT_FALSE(DecodeOpenLogs(ReadLinkMessage(WriteOpenLogs(sent))->body).ok());
}

TEST(LinkWire, AStreamEndsAsItsWriterSays) {
  for (const Status& status : {OkStatus(), NotFoundError("no such pod"), InternalError("x")}) {
    const PodStreamEnd end = DecodeEnd(ReadLinkMessage(WriteEnd({status, {}}))->body);
    EXPECT_EQ(end.status, status);
    EXPECT_FALSE(end.exit_code.has_value());
  }
  EXPECT_EQ(DecodeEnd(ReadLinkMessage(WriteEnd({OkStatus(), 137}))->body).exit_code, 137);
  EXPECT_EQ(DecodeEnd(ReadLinkMessage(WriteEnd({OkStatus(), 0}))->body).exit_code, 0);
  for (const std::string bad : {"-1", "256", "\"3\"", "9223372036854775807"}) {
    const auto body = ParseJson(R"({"type":"end","code":"OK","exitCode":)" + bad + "}");
    EXPECT_FALSE(DecodeEnd(*body).exit_code.has_value()) << bad;
  }
  EXPECT_EQ(DecodeEnd(*ParseJson(R"({"type":"end","code":"New"})")).status.code(),
            StatusCode::kInternal);
  EXPECT_EQ(*DecodeTaken(ReadLinkMessage(WriteTaken(123))->body), 123U);
  EXPECT_FALSE(DecodeTaken(*ParseJson(R"({"type":"taken","bytes":-1})")).ok());
}

TEST(LinkWire, StreamRequestsArriveAsTheyWereSent) {
  OpenPodStreamMessage exec{"7-1", {}};
  exec.request.pod_uid = "uid";
  exec.request.container = "web";
  exec.request.command = {"sh", "-c", "echo \"ü\"", ""};
  exec.request.in = true;
  exec.request.out = true;
  exec.request.tty = true;
  OpenPodStreamMessage attach{"7-2", {}};
  attach.request.kind = PodStreamRequest::Kind::kAttach;
  attach.request.out = true;
  attach.request.err = true;
  OpenPodStreamMessage forward{"7-3", {}};
  forward.request.kind = PodStreamRequest::Kind::kPortForward;
  forward.request.port = 65'535;
  for (const OpenPodStreamMessage& sent : {exec, attach, forward}) {
    const auto got = DecodeOpenPodStream(ReadLinkMessage(WriteOpenPodStream(sent))->body);
    ASSERT_TRUE(got.ok()) << got.status().ToString();
    EXPECT_EQ(got->stream, sent.stream);
    EXPECT_EQ(got->request, sent.request);
  }
}

TEST(LinkWire, StreamRequestsThatNobodyCanServeAreRefused) {
  const auto refusal = [](const std::function<void(PodStreamRequest*)>& spoil) {
    PodStreamRequest request;
    request.command = {"true"};
    request.out = true;
    spoil(&request);
    const Status checked = CheckPodStreamRequest(request);
    EXPECT_FALSE(
        DecodeOpenPodStream(ReadLinkMessage(WriteOpenPodStream({"7", request}))->body).ok() &&
        checked.message().find("UTF-8") == std::string::npos)
        << checked.ToString();
    return checked;
  };
  using Request = PodStreamRequest;
  EXPECT_EQ(refusal([](Request* r) { r->command = {}; }).code(), StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->command = {""}; }).code(), StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->command = {"\xff"}; }).code(), StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->command = {std::string("a\0b", 3)}; }).code(),
            StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->out = false; }).code(), StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->tty = r->err = true; }).code(), StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) { r->kind = Request::Kind::kPortForward; }).code(),
            StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) {
              r->command = {std::string(kMaxStreamCommandBytes + 1, 'x')};
            }).code(),
            StatusCode::kInvalid);
  EXPECT_EQ(refusal([](Request* r) {
              r->command = std::vector<std::string>(kMaxStreamCommandWords + 1, "x");
            }).code(),
            StatusCode::kInvalid);
}

TEST(LinkWire, AStreamOfAnUnknownKindIsRefusedByName) {
  const auto got = DecodeOpenPodStream(*ParseJson(R"({"stream":"7-1","kind":"teleport"})"));
  EXPECT_EQ(got.status().code(), StatusCode::kInvalid);
  EXPECT_NE(got.status().message().find("teleport"), std::string::npos);
  EXPECT_FALSE(DecodeOpenPodStream(*ParseJson(R"({"kind":"attach","stdout":true})")).ok());
}

TEST(LinkWire, FramesOfAStreamAreBinary) {
  const std::string bytes("\0\xff\n\0", 4);
  for (const StreamChannel channel :
       {StreamChannel::kIn, StreamChannel::kOut, StreamChannel::kErr}) {
    const std::string written = WriteStreamFrame(channel, bytes);
    const Result<StreamFrame> read = ReadStreamFrame(written);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->channel, channel);
    EXPECT_EQ(read->bytes, bytes);
  }
  EXPECT_FALSE(ReadStreamFrame("").ok());
  EXPECT_FALSE(ReadStreamFrame("\x03 of a newer release").ok());
}

TEST(LinkWire, SizesOfATerminalFitIntoIt) {
  EXPECT_EQ(*DecodeResize(ReadLinkMessage(WriteResize({65'535, 1}))->body),
            (TerminalSize{65'535, 1}));
  EXPECT_FALSE(DecodeResize(*ParseJson(R"({"columns":65536,"rows":1})")).ok());
  EXPECT_FALSE(DecodeResize(*ParseJson(R"({"columns":80,"rows":-1})")).ok());
}

HttpProblem CheckFields(const std::vector<std::pair<std::string, std::string>>& fields,
                        unsigned version = 11) {
  HttpFraming framing;
  for (const auto& [name, value] : fields) framing.Add(name, value);
  return framing.Check(version);
}

TEST(HttpFraming, RefusesWhatTwoReadersCouldReadDifferently) {
  EXPECT_EQ(CheckFields({{"content-length", "5"}}).code, 0);
  EXPECT_EQ(CheckFields({{"transfer-encoding", "Chunked"}}).code, 0);
  EXPECT_EQ(CheckFields({{"content-length", "5"}, {"transfer-encoding", "chunked"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", "5"}, {"content-length", "5"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", "5, 5"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", "-1"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", "+1"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", "0x10"}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", ""}}).code, 400);
  EXPECT_EQ(CheckFields({{"content-length", std::string(19, '9')}}).code, 400);
  EXPECT_EQ(CheckFields({{"transfer-encoding", "gzip, chunked"}}).code, 400);
  EXPECT_EQ(CheckFields({{"transfer-encoding", "chunked"}, {"transfer-encoding", "chunked"}}).code,
            400);
  EXPECT_EQ(CheckFields({{"transfer-encoding", "chunked"}}, 10).code, 400);
}

TEST(HttpFraming, RefusesBombs) {
  EXPECT_EQ(CheckFields({{"content-encoding", "gzip"}}).code, 413);
  EXPECT_EQ(CheckFields({{"content-encoding", "identity"}}).code, 0);
  EXPECT_EQ(CheckFields({{"range", "bytes=0-1,0-1"}}).code, 431);
  EXPECT_EQ(CheckFields({{"range", "bytes=0-1"}}).code, 0);
}

TEST(RefusalLimiter, BlocksAnAddressForAWindow) {
  RefusalLimiter limiter(3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(limiter.Blocked("a", MonoTime{1000}));
    limiter.Refused("a", MonoTime{1000 + i});
  }
  EXPECT_TRUE(limiter.Blocked("a", MonoTime{2000}));
  EXPECT_FALSE(limiter.Blocked("b", MonoTime{2000}));
  const MonoTime later = MonoTime{1000} + RefusalLimiter::kWindowMs;
  EXPECT_FALSE(limiter.Blocked("a", later));
  limiter.Refused("a", later);
  EXPECT_FALSE(limiter.Blocked("a", later)) << "a window of its own";
}

TEST(RefusalLimiter, RemembersABoundedNumberOfAddresses) {
  RefusalLimiter limiter(1);
  for (size_t i = 0; i < RefusalLimiter::kMaxAddresses + 100; ++i) {
    limiter.Refused(std::to_string(i), MonoTime{static_cast<int64_t>(i)});
  }
  EXPECT_EQ(limiter.size(), RefusalLimiter::kMaxAddresses);
  EXPECT_FALSE(limiter.Blocked("0", MonoTime{5000})) << "the oldest was forgotten";
  EXPECT_TRUE(limiter.Blocked("4100", MonoTime{5000}));
}

}  // namespace
}  // namespace reconcile
