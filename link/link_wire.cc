#include "link/link_wire.h"

#include <algorithm>

#include "base/version.h"
#include "link/message_reader.h"

namespace reconcile {
namespace {

constexpr JsonLimits kFrameLimits = {.max_bytes = kMaxLinkFrameBytes, .max_depth = 66};

std::string WriteSmall(std::string_view type, Value body) {
  body.Set("type", Value::String(std::string(type)));
  return WriteJson(body);
}

constexpr int64_t kNoExitCode = -1;
constexpr int64_t kMaxExitCode = 255;

constexpr PodStreamRequest::Kind kStreamKinds[] = {PodStreamRequest::Kind::kExec,
                                                   PodStreamRequest::Kind::kAttach,
                                                   PodStreamRequest::Kind::kPortForward};

std::optional<PodStreamRequest::Kind> ParseStreamKind(const std::string& text) {
  for (const PodStreamRequest::Kind kind : kStreamKinds) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

uint16_t ReadUint16(MessageReader* reader, std::string_view key) {
  const int64_t value = reader->Count(key);
  if (value > UINT16_MAX) reader->Fail(key, "is larger than " + std::to_string(UINT16_MAX));
  return static_cast<uint16_t>(value);
}

std::string RangeText(int64_t low, int64_t high) {
  return low == high ? std::to_string(low) : std::to_string(low) + " to " + std::to_string(high);
}

}  // namespace

Result<LinkMessage> ReadLinkMessage(std::string_view text) {
  Result<Value> value = ParseJson(text, kFrameLimits);
  if (!value.ok()) return value.status().WithContext("message");
  MessageReader reader(*value, "message");
  LinkMessage message;
  message.type = reader.RequiredString("type");
  RETURN_IF_ERROR(reader.status());
  message.body = std::move(value).value();
  return message;
}

Result<std::string> WriteLinkMessage(std::string_view type, Value body, const std::string& what) {
  std::string text = WriteSmall(type, std::move(body));
  if (text.size() <= kMaxMessageBytes) return text;
  return InvalidError(what + " has " + std::to_string(text.size()) + " bytes, more than " +
                      std::to_string(kMaxMessageBytes));
}

std::string WriteBareMessage(std::string_view type) { return WriteSmall(type, Value::MakeMap()); }

Hello MakeHello(const std::string& node) {
  return {node, std::string(kVersion), kMinLinkProtocol, kMaxLinkProtocol};
}

std::string WriteHello(const Hello& hello) {
  Value body = Value::MakeMap();
  body.Set("node", Value::String(hello.node));
  body.Set("version", Value::String(hello.version));
  body.Set("minProtocol", Value::Int(hello.min_protocol));
  body.Set("maxProtocol", Value::Int(hello.max_protocol));
  return WriteSmall(link_type::kHello, std::move(body));
}

Result<Hello> DecodeHello(const Value& body) {
  MessageReader reader(body, "hello");
  Hello hello;
  hello.node = reader.RequiredString("node");
  hello.version = reader.String("version");
  hello.min_protocol = reader.Count("minProtocol");
  hello.max_protocol = reader.Count("maxProtocol");
  RETURN_IF_ERROR(reader.status());
  return hello;
}

Result<int64_t> ChooseProtocol(const Hello& hello, int64_t min_ours, int64_t max_ours) {
  const int64_t chosen = std::min(hello.max_protocol, max_ours);
  if (chosen >= std::max(hello.min_protocol, min_ours)) return chosen;
  const bool agent_is_older = hello.max_protocol < min_ours;
  return InvalidError("the agent (version " + hello.version + ") speaks protocol " +
                      RangeText(hello.min_protocol, hello.max_protocol) + ", this controller " +
                      "(version " + std::string(kVersion) + ") " + RangeText(min_ours, max_ours) +
                      "; upgrade the " + (agent_is_older ? "agent" : "controller") +
                      ": they may be one release apart");
}

std::string WriteWelcome(const Welcome& welcome) {
  Value body = Value::MakeMap();
  body.Set("version", Value::String(welcome.version));
  body.Set("protocol", Value::Int(welcome.protocol));
  return WriteSmall(link_type::kWelcome, std::move(body));
}

Result<Welcome> DecodeWelcome(const Value& body) {
  MessageReader reader(body, "welcome");
  Welcome welcome;
  welcome.version = reader.String("version");
  welcome.protocol = reader.Count("protocol");
  RETURN_IF_ERROR(reader.status());
  return welcome;
}

std::string WriteRefused(const std::string& why) {
  Value body = Value::MakeMap();
  body.Set("reason", Value::String(why));
  return WriteSmall(link_type::kRefused, std::move(body));
}

std::string DecodeRefused(const Value& body) { return body.GetString("reason", "no reason given"); }

std::string WriteOpenLogs(const OpenLogsMessage& message) {
  const LogRequest& request = message.request;
  Value body = Value::MakeMap();
  body.Set("stream", Value::String(message.stream));
  body.Set("podUid", Value::String(request.pod_uid));
  body.Set("container", Value::String(request.container));
  body.Set("previous", Value::Bool(request.previous));
  body.Set("follow", Value::Bool(request.follow));
  body.Set("timestamps", Value::Bool(request.timestamps));
  if (request.tail_lines >= 0) body.Set("tailLines", Value::Int(request.tail_lines));
  if (request.since_seconds >= 0) body.Set("sinceSeconds", Value::Int(request.since_seconds));
  if (request.since_time) body.Set("sinceTime", Value::String(FormatRfc3339(*request.since_time)));
  if (request.limit_bytes >= 0) body.Set("limitBytes", Value::Int(request.limit_bytes));
  if (request.metrics) body.Set("metrics", Value::Bool(true));
  return WriteSmall(link_type::kOpenLogs, std::move(body));
}

Result<OpenLogsMessage> DecodeOpenLogs(const Value& body) {
  MessageReader reader(body, "openLogs");
  OpenLogsMessage message;
  message.stream = reader.RequiredString("stream");
  if (message.stream.size() > kMaxStreamIdBytes) reader.Fail("stream", "too long");
  message.request.pod_uid = reader.String("podUid");
  message.request.container = reader.String("container");
  message.request.previous = reader.Bool("previous");
  message.request.follow = reader.Bool("follow");
  message.request.timestamps = reader.Bool("timestamps");
  LogRequest& request = message.request;
  if (body.Find("tailLines") != nullptr) request.tail_lines = reader.Count("tailLines");
  if (body.Find("sinceSeconds") != nullptr) request.since_seconds = reader.Count("sinceSeconds");
  if (body.Find("limitBytes") != nullptr) request.limit_bytes = reader.Count("limitBytes");
  if (const std::string since = reader.String("sinceTime"); !since.empty()) {
    const Result<WallTime> time = ParseRfc3339(since);
    if (time.ok()) request.since_time = *time;
    if (!time.ok()) reader.Fail("sinceTime", time.status().message());
  }
  message.request.metrics = reader.Bool("metrics");
  RETURN_IF_ERROR(reader.status());
  return message;
}

std::string WriteOpenPodStream(const OpenPodStreamMessage& message) {
  const PodStreamRequest& request = message.request;
  Value command = Value::MakeList();
  for (const std::string& word : request.command) command.Append(Value::String(word));
  Value body = Value::MakeMap();
  body.Set("stream", Value::String(message.stream));
  body.Set("kind", Value::String(std::string(ToString(request.kind))));
  body.Set("podUid", Value::String(request.pod_uid));
  body.Set("container", Value::String(request.container));
  body.Set("command", std::move(command));
  body.Set("stdin", Value::Bool(request.in));
  body.Set("stdout", Value::Bool(request.out));
  body.Set("stderr", Value::Bool(request.err));
  body.Set("tty", Value::Bool(request.tty));
  body.Set("port", Value::Int(request.port));
  return WriteSmall(link_type::kOpenPodStream, std::move(body));
}

Result<OpenPodStreamMessage> DecodeOpenPodStream(const Value& body) {
  MessageReader reader(body, "openPodStream");
  OpenPodStreamMessage message;
  PodStreamRequest& request = message.request;
  message.stream = reader.RequiredString("stream");
  if (message.stream.size() > kMaxStreamIdBytes) reader.Fail("stream", "too long");
  const std::string kind = reader.String("kind");
  const std::optional<PodStreamRequest::Kind> known = ParseStreamKind(kind);
  if (!known) reader.Fail("kind", "'" + kind + "' is unknown to this release");
  request.kind = known.value_or(PodStreamRequest::Kind::kExec);
  request.pod_uid = reader.String("podUid");
  request.container = reader.String("container");
  request.command = reader.StringList("command");
  request.in = reader.Bool("stdin");
  request.out = reader.Bool("stdout");
  request.err = reader.Bool("stderr");
  request.tty = reader.Bool("tty");
  request.port = ReadUint16(&reader, "port");
  RETURN_IF_ERROR(reader.status());
  RETURN_IF_ERROR(CheckPodStreamRequest(request));
  return message;
}

std::string WriteTaken(size_t bytes) {
  Value body = Value::MakeMap();
  body.Set("bytes", Value::Int(static_cast<int64_t>(bytes)));
  return WriteSmall(link_type::kTaken, std::move(body));
}

Result<size_t> DecodeTaken(const Value& body) {
  MessageReader reader(body, "taken");
  const int64_t bytes = reader.Count("bytes");
  RETURN_IF_ERROR(reader.status());
  return static_cast<size_t>(bytes);
}

std::string WriteEnd(const PodStreamEnd& end) {
  Value body = Value::MakeMap();
  body.Set("code", Value::String(std::string(ToString(end.status.code()))));
  body.Set("message", Value::String(end.status.message()));
  if (end.exit_code) body.Set("exitCode", Value::Int(*end.exit_code));
  return WriteSmall(link_type::kEnd, std::move(body));
}

PodStreamEnd DecodeEnd(const Value& body) {
  const std::string code = body.GetString("code");
  for (const StatusCode known :
       {StatusCode::kOk, StatusCode::kInvalid, StatusCode::kNotFound, StatusCode::kConflict,
        StatusCode::kUnavailable, StatusCode::kInternal}) {
    if (code != ToString(known)) continue;
    PodStreamEnd end{Status(known, body.GetString("message")), std::nullopt};
    const int64_t exit_code = body.GetInt("exitCode", kNoExitCode);
    if (exit_code >= 0 && exit_code <= kMaxExitCode) end.exit_code = static_cast<int>(exit_code);
    return end;
  }
  return {InternalError("the stream ended with code '" + code +
                        "', unknown here: " + body.GetString("message")),
          std::nullopt};
}

std::string WriteResize(const TerminalSize& size) {
  Value body = Value::MakeMap();
  body.Set("columns", Value::Int(size.columns));
  body.Set("rows", Value::Int(size.rows));
  return WriteSmall(link_type::kResize, std::move(body));
}

Result<TerminalSize> DecodeResize(const Value& body) {
  MessageReader reader(body, "resize");
  TerminalSize size;
  size.columns = ReadUint16(&reader, "columns");
  size.rows = ReadUint16(&reader, "rows");
  RETURN_IF_ERROR(reader.status());
  return size;
}

std::string WriteStreamFrame(StreamChannel channel, std::string_view bytes) {
  std::string frame;
  frame.reserve(kStreamChannelBytes + bytes.size());
  frame += static_cast<char>(channel);
  frame += bytes;
  return frame;
}

Result<StreamFrame> ReadStreamFrame(std::string_view frame) {
  if (frame.empty()) return InvalidError("a stream's frame is empty");
  for (const StreamChannel known : {StreamChannel::kIn, StreamChannel::kOut, StreamChannel::kErr}) {
    if (frame.front() != static_cast<char>(known)) continue;
    return StreamFrame{known, frame.substr(kStreamChannelBytes)};
  }
  return InvalidError("a stream's frame is of an unknown channel");
}

}  // namespace reconcile
