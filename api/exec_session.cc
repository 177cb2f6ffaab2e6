#include "api/exec_session.h"

#include <algorithm>
#include <utility>

#include "api/refusal.h"

namespace reconcile {
namespace {

constexpr uint8_t kInputChannel = 0;
constexpr uint8_t kOutputChannel = 1;
constexpr uint8_t kErrorsChannel = 2;
constexpr uint8_t kEndChannel = 3;
constexpr uint8_t kResizeChannel = 4;
constexpr size_t kMaxResizeBytes = 1024;

uint8_t ByteOf(char c) { return static_cast<uint8_t>(c); }

std::optional<uint16_t> SizeIn(const Value& value, std::string_view key) {
  const int64_t size = value.GetInt(key);
  if (size < 1 || size > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(size);
}

class ExecSession final : public SocketSession, public std::enable_shared_from_this<ExecSession> {
 public:
  ExecSession(const PodStreamRequest& request, bool may_close, SessionPeer* peer)
      : request_(request), may_close_(may_close), peer_(peer) {}
  ~ExecSession() override {
    if (input_ && !ended_) input_->stream()->Cancel();
  }
  void Begin(const PodStreamOpener& open);
  void OnMessage(std::string_view message, std::shared_ptr<void> hold) override;

 private:
  PodStreamSink Sink();
  void OnOutput(PodOutput output, std::string_view bytes);
  void OnEnd(const PodStreamEnd& end);
  void Resize(std::string_view text);

  const PodStreamRequest request_;
  const bool may_close_;
  SessionPeer* const peer_;
  std::optional<PodInput> input_;  // none when there is no stream
  bool ended_ = false;
};

void ExecSession::Begin(const PodStreamOpener& open) {
  Result<std::shared_ptr<PodStream>> stream = open(request_, Sink());
  if (!stream.ok()) return OnEnd({stream.status(), std::nullopt});
  input_.emplace(std::move(stream).value());
}

// Holds the session weakly: the stream, which the session holds, may hold the sink.
PodStreamSink ExecSession::Sink() {
  const auto weak = weak_from_this();
  return {.on_output =
              [weak](PodOutput output, std::string_view bytes) {
                if (const auto self = weak.lock()) self->OnOutput(output, bytes);
              },
          .on_input_taken =
              [weak](size_t bytes) {
                const auto self = weak.lock();
                if (self && self->input_) self->input_->OnTaken(bytes);
              },
          .on_end =
              [weak](const PodStreamEnd& end) {
                if (const auto self = weak.lock()) self->OnEnd(end);
              }};
}

void ExecSession::OnOutput(PodOutput output, std::string_view bytes) {
  if (ended_ || !input_) return;
  const uint8_t channel = output == PodOutput::kOut ? kOutputChannel : kErrorsChannel;
  peer_->Send(OnChannel(channel, bytes),
              [stream = std::weak_ptr<PodStream>(input_->stream()), size = bytes.size()] {
                if (const auto open = stream.lock()) open->Taken(size);
              });
}

void ExecSession::OnEnd(const PodStreamEnd& end) {
  if (std::exchange(ended_, true)) return;
  if (input_) input_->End();
  peer_->Send(OnChannel(kEndChannel, WriteJson(EndStatus(end))), {});
  peer_->Close();
}

void ExecSession::OnMessage(std::string_view message, std::shared_ptr<void> hold) {
  if (message.empty() || ended_ || !input_) return;
  const std::string_view rest = message.substr(1);
  const uint8_t channel = ByteOf(message[0]);
  if (channel == kInputChannel && request_.in) {
    input_->Write(rest, std::move(hold));
  } else if (channel == kResizeChannel && request_.tty) {
    Resize(rest);
  } else if (channel == kCloseChannel && may_close_ && request_.in && rest.size() == 1 &&
             ByteOf(rest[0]) == kInputChannel) {
    input_->Close();
  }
}

void ExecSession::Resize(std::string_view text) {
  const Result<Value> value =
      ParseJson(text, {.max_bytes = kMaxResizeBytes, .max_depth = 4, .max_values = 16});
  if (!value.ok() || !value->IsMap()) return;
  const auto columns = SizeIn(*value, "Width");
  const auto rows = SizeIn(*value, "Height");
  if (columns && rows) input_->stream()->Resize(*columns, *rows);
}

}  // namespace

std::string OnChannel(size_t channel, std::string_view bytes) {
  std::string message(1, static_cast<char>(channel));
  return message.append(bytes);
}

std::optional<std::string> ChooseSubprotocol(const std::vector<std::string>& offered,
                                             const std::vector<std::string_view>& spoken) {
  for (const std::string_view protocol : spoken) {
    if (std::find(offered.begin(), offered.end(), protocol) != offered.end()) {
      return std::string(protocol);
    }
  }
  return std::nullopt;
}

std::shared_ptr<SocketSession> MakeExecSession(const PodStreamRequest& request,
                                               std::string_view protocol,
                                               const PodStreamOpener& open, SessionPeer* peer) {
  auto session = std::make_shared<ExecSession>(request, protocol == kChannelProtocolV5, peer);
  session->Begin(open);
  return session;
}

Value EndStatus(const PodStreamEnd& end) {
  if (!end.status.ok()) return StatusObject({500, "InternalError", end.status.message()});
  const int code = end.exit_code.value_or(0);
  Value status = Value::MakeMap();
  status.Set("metadata", Value::MakeMap());
  status.Set("status", Value::String(code == 0 ? "Success" : "Failure"));
  if (code == 0) return status;
  const std::string text = std::to_string(code);
  status.Set("message",
             Value::String("command terminated with non-zero exit code: exit code " + text));
  status.Set("reason", Value::String("NonZeroExitCode"));
  Value cause = Value::MakeMap();
  cause.Set("reason", Value::String("ExitCode"));
  cause.Set("message", Value::String(text));
  Value causes = Value::MakeList();
  causes.Append(std::move(cause));
  Value details = Value::MakeMap();
  details.Set("causes", std::move(causes));
  status.Set("details", std::move(details));
  return status;
}

}  // namespace reconcile
