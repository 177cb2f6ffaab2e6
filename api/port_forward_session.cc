#include "api/port_forward_session.h"

#include <charconv>
#include <utility>

namespace reconcile {
namespace {

class PortForwardSession final : public SocketSession,
                                 public std::enable_shared_from_this<PortForwardSession> {
 public:
  PortForwardSession(std::vector<uint16_t> ports, bool may_close, SessionPeer* peer)
      : may_close_(may_close), peer_(peer), ports_(std::move(ports)), forwards_(ports_.size()) {}
  ~PortForwardSession() override {
    for (const Forward& forward : forwards_) {
      if (forward.input && !forward.ended) forward.input->stream()->Cancel();
    }
  }
  void Begin(const PodStreamOpener& open);
  void OnMessage(std::string_view message, std::shared_ptr<void> hold) override;

 private:
  struct Forward {
    std::unique_ptr<PodInput> input;
    bool ended = false;
  };
  PodStreamSink Sink(size_t index);
  void OnOutput(size_t index, std::string_view bytes);
  void OnEnd(size_t index, const Status& status);

  const bool may_close_;
  SessionPeer* const peer_;
  const std::vector<uint16_t> ports_;
  std::vector<Forward> forwards_;  // in the order of ports_
};

void PortForwardSession::Begin(const PodStreamOpener& open) {
  for (size_t i = 0; i < ports_.size(); ++i) {
    const std::string port = {static_cast<char>(ports_[i] & 255),
                              static_cast<char>(ports_[i] >> 8)};
    peer_->Send(OnChannel(2 * i, port), {});
    peer_->Send(OnChannel(2 * i + 1, port), {});
  }
  for (size_t i = 0; i < ports_.size(); ++i) {
    PodStreamRequest request;
    request.kind = PodStreamRequest::Kind::kPortForward;
    request.port = ports_[i];
    Result<std::shared_ptr<PodStream>> stream = open(request, Sink(i));
    if (stream.ok()) {
      forwards_[i].input = std::make_unique<PodInput>(std::move(stream).value());
    } else {
      OnEnd(i, stream.status());
    }
  }
}

PodStreamSink PortForwardSession::Sink(size_t index) {
  const auto weak = weak_from_this();
  return {.on_output =
              [weak, index](PodOutput, std::string_view bytes) {
                if (const auto self = weak.lock()) self->OnOutput(index, bytes);
              },
          .on_input_taken =
              [weak, index](size_t bytes) {
                if (const auto self = weak.lock()) self->forwards_[index].input->OnTaken(bytes);
              },
          .on_end =
              [weak, index](const PodStreamEnd& end) {
                if (const auto self = weak.lock()) self->OnEnd(index, end.status);
              }};
}

void PortForwardSession::OnOutput(size_t index, std::string_view bytes) {
  const Forward& forward = forwards_[index];
  if (forward.ended) return;
  peer_->Send(OnChannel(2 * index, bytes),
              [stream = std::weak_ptr<PodStream>(forward.input->stream()), size = bytes.size()] {
                if (const auto open = stream.lock()) open->Taken(size);
              });
}

void PortForwardSession::OnEnd(size_t index, const Status& status) {
  Forward& forward = forwards_[index];
  if (std::exchange(forward.ended, true)) return;
  if (forward.input) forward.input->End();
  if (!status.ok()) peer_->Send(OnChannel(2 * index + 1, status.message()), {});
  for (const Forward& other : forwards_) {
    if (!other.ended) return;
  }
  peer_->Close();
}

void PortForwardSession::OnMessage(std::string_view message, std::shared_ptr<void> hold) {
  if (message.empty()) return;
  size_t channel = static_cast<uint8_t>(message[0]);
  const std::string_view rest = message.substr(1);
  const bool closes = channel == kCloseChannel && may_close_ && rest.size() == 1;
  if (closes) channel = static_cast<uint8_t>(rest[0]);
  const size_t index = channel / 2;
  if (channel % 2 != 0 || index >= forwards_.size() || forwards_[index].ended) return;
  PodInput* const input = forwards_[index].input.get();
  if (closes) return input->Close();
  input->Write(rest, std::move(hold));
}

}  // namespace

std::optional<uint16_t> ParsePort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::shared_ptr<SocketSession> MakePortForwardSession(const std::vector<uint16_t>& ports,
                                                      std::string_view protocol,
                                                      const PodStreamOpener& open,
                                                      SessionPeer* peer) {
  auto session = std::make_shared<PortForwardSession>(ports, protocol == kChannelProtocolV5, peer);
  session->Begin(open);
  return session;
}

}  // namespace reconcile
