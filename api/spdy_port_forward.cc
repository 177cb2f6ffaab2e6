#include "api/spdy_port_forward.h"

#include <map>
#include <string>
#include <utility>

#include "api/port_forward_session.h"
#include "api/spdy_frames.h"

namespace reconcile {
namespace {

class SpdyPortForward final : public SocketSession,
                              public std::enable_shared_from_this<SpdyPortForward> {
 public:
  SpdyPortForward(PodStreamOpener open, SessionPeer* peer) : open_(std::move(open)), peer_(peer) {}
  ~SpdyPortForward() override {
    for (const auto& [id, forward] : forwards_) {
      if (forward.input && !forward.ended) forward.input->stream()->Cancel();
    }
  }
  void OnMessage(std::string_view message, std::shared_ptr<void> hold) override;

 private:
  using Hold = std::shared_ptr<void>;
  // One connection: the two streams of a requestid. Stream 0: not opened yet, or gone.
  struct Forward {
    uint16_t port = 0;
    uint32_t data = 0;
    uint32_t error = 0;
    std::unique_ptr<PodInput> input;  // from when there are both
    bool input_closed = false;        // before there were
    bool ended = false;
    size_t untold_bytes = 0;  // taken of the input, and the client does not know yet
    bool telling = false;
  };
  using Forwards = std::map<std::string, Forward>;  // by requestid

  void OnFrame(const SpdyFrame& frame, const Hold& hold);
  void OnSynStream(const SpdyFrame& frame, const Hold& hold);
  void OnData(const SpdyFrame& frame, const Hold& hold);
  void OnReset(uint32_t stream);
  void Refuse(uint32_t stream, SpdyReset why, const Hold& hold) {
    peer_->Send(SpdyWriter::Reset(stream, why), [hold] {});
  }
  void OpenForward(const std::string& id, Forward* forward);
  PodStreamSink Sink(const std::string& id);
  void TellWindow(const std::string& id);
  void OnOutput(const std::string& id, std::string_view bytes);
  void OnEnd(const std::string& id, const Status& status);
  Forwards::iterator FindForward(uint32_t stream) {
    const auto found = ids_.find(stream);
    return found == ids_.end() ? forwards_.end() : forwards_.find(found->second);
  }
  void Forget(Forwards::iterator at);

  const PodStreamOpener open_;
  SessionPeer* const peer_;
  SpdyReader reader_;
  SpdyWriter writer_;
  Forwards forwards_;
  std::map<uint32_t, std::string> ids_;  // requestids by stream
  uint32_t last_stream_ = 0;
  bool gone_away_ = false;  // the client opens no more
  bool closed_ = false;
};

void SpdyPortForward::OnMessage(std::string_view message, std::shared_ptr<void> hold) {
  if (closed_) return;
  const Status status =
      reader_.Feed(message, [&](const SpdyFrame& frame) { OnFrame(frame, hold); });
  if (status.ok()) return;
  closed_ = true;
  peer_->Send(SpdyWriter::GoAway(last_stream_, true), {});
  peer_->Close();
}

void SpdyPortForward::OnFrame(const SpdyFrame& frame, const Hold& hold) {
  switch (frame.kind) {
    case SpdyFrame::Kind::kSynStream:
      return OnSynStream(frame, hold);
    case SpdyFrame::Kind::kData:
      return OnData(frame, hold);
    case SpdyFrame::Kind::kReset:
      return OnReset(frame.stream);
    case SpdyFrame::Kind::kPing:
      // Odd ones are the client's own; this side asks none.
      if (frame.stream % 2 == 1) peer_->Send(SpdyWriter::Ping(frame.stream), [hold] {});
      return;
    case SpdyFrame::Kind::kGoAway:
      gone_away_ = true;
      return;
  }
}

void SpdyPortForward::OnSynStream(const SpdyFrame& frame, const Hold& hold) {
  const auto header = [&](const char* name) {
    const auto found = frame.headers.find(name);
    return found == frame.headers.end() ? std::string() : found->second;
  };
  const uint32_t stream = frame.stream;
  const bool in_order = stream % 2 == 1 && stream > last_stream_;
  if (in_order) last_stream_ = stream;
  const std::string id = header("requestid");
  const std::string type = header("streamtype");
  const std::optional<uint16_t> port = ParsePort(header("port"));
  const bool understood = (type == "data" || type == "error") && !id.empty() && port;
  if (!in_order || !understood) return Refuse(stream, SpdyReset::kProtocolError, hold);
  const auto known = forwards_.find(id);
  if (gone_away_ || (known == forwards_.end() && forwards_.size() == kMaxForwardedConnections)) {
    return Refuse(stream, SpdyReset::kRefusedStream, hold);
  }
  if (known != forwards_.end()) {
    const bool again = (type == "data" ? known->second.data : known->second.error) != 0;
    if (again || known->second.port != *port) {
      return Refuse(stream, SpdyReset::kProtocolError, hold);
    }
  }
  Forward& forward = forwards_[id];
  forward.port = *port;
  (type == "data" ? forward.data : forward.error) = stream;
  if (type == "data") forward.input_closed = frame.fin;
  ids_[stream] = id;
  peer_->Send(writer_.SynReply(stream), [hold] {});
  if (forward.data != 0 && forward.error != 0) OpenForward(id, &forward);
}

void SpdyPortForward::OpenForward(const std::string& id, Forward* forward) {
  PodStreamRequest request;
  request.kind = PodStreamRequest::Kind::kPortForward;
  request.port = forward->port;
  Result<std::shared_ptr<PodStream>> stream = open_(request, Sink(id));
  if (!stream.ok()) return OnEnd(id, stream.status());
  forward->input = std::make_unique<PodInput>(std::move(stream).value());
  if (forward->input_closed) forward->input->Close();
}

PodStreamSink SpdyPortForward::Sink(const std::string& id) {
  const auto weak = weak_from_this();
  return {.on_output =
              [weak, id](PodOutput, std::string_view bytes) {
                if (const auto self = weak.lock()) self->OnOutput(id, bytes);
              },
          .on_input_taken =
              [weak, id](size_t bytes) {
                const auto self = weak.lock();
                if (!self) return;
                const auto found = self->forwards_.find(id);
                if (found == self->forwards_.end() || !found->second.input) return;
                found->second.input->OnTaken(bytes);
                found->second.untold_bytes += bytes;
                self->TellWindow(id);
              },
          .on_end =
              [weak, id](const PodStreamEnd& end) {
                if (const auto self = weak.lock()) self->OnEnd(id, end.status);
              }};
}

// One at a time: a client that sends and reads nothing gets no queue of them.
void SpdyPortForward::TellWindow(const std::string& id) {
  const auto found = forwards_.find(id);
  if (found == forwards_.end() || found->second.telling || found->second.untold_bytes == 0) return;
  Forward& forward = found->second;
  forward.telling = true;
  const auto bytes = static_cast<uint32_t>(std::exchange(forward.untold_bytes, 0));
  peer_->Send(SpdyWriter::WindowUpdate(forward.data, bytes),
              [weak = weak_from_this(), id, data = forward.data] {
                const auto self = weak.lock();
                if (!self) return;
                const auto at = self->forwards_.find(id);
                if (at == self->forwards_.end() || at->second.data != data) return;
                at->second.telling = false;
                self->TellWindow(id);
              });
}

void SpdyPortForward::OnOutput(const std::string& id, std::string_view bytes) {
  const auto found = forwards_.find(id);
  if (closed_ || found == forwards_.end() || !found->second.input) return;
  const Forward& forward = found->second;
  peer_->Send(SpdyWriter::Data(forward.data, bytes, false),
              [stream = std::weak_ptr<PodStream>(forward.input->stream()), size = bytes.size()] {
                if (const auto open = stream.lock()) open->Taken(size);
              });
}

void SpdyPortForward::OnEnd(const std::string& id, const Status& status) {
  const auto found = forwards_.find(id);
  if (closed_ || found == forwards_.end()) return;
  const std::string why = status.ok() ? "" : status.message();
  peer_->Send(SpdyWriter::Data(found->second.error, why, true), {});
  // A stream is not let go of inside its own last word.
  auto stream = found->second.input ? found->second.input->stream() : nullptr;
  peer_->Send(SpdyWriter::Data(found->second.data, "", true), [stream = std::move(stream)] {});
  found->second.ended = true;
  Forget(found);
}

void SpdyPortForward::OnData(const SpdyFrame& frame, const Hold& hold) {
  const auto found = FindForward(frame.stream);
  // Its connection has ended, or nothing is to be said there.
  if (found == forwards_.end() || frame.stream != found->second.data) return;
  Forward& forward = found->second;
  if (!forward.input) {
    forward.input_closed = forward.input_closed || frame.fin;
    // Bytes before the other stream is there have nowhere to go.
    if (frame.data.empty()) return;
    Refuse(frame.stream, SpdyReset::kProtocolError, hold);
    return Forget(found);
  }
  forward.input->Write(frame.data, hold);
  if (frame.fin) forward.input->Close();
}

// Of either stream: the client wants no more of the connection.
void SpdyPortForward::OnReset(uint32_t stream) {
  const auto found = FindForward(stream);
  if (found == forwards_.end()) return;
  const uint32_t other = stream == found->second.data ? found->second.error : found->second.data;
  if (found->second.input) found->second.input->stream()->Cancel();
  found->second.ended = true;
  if (other != 0) peer_->Send(SpdyWriter::Data(other, "", true), {});
  Forget(found);
}

void SpdyPortForward::Forget(Forwards::iterator at) {
  ids_.erase(at->second.data);
  ids_.erase(at->second.error);
  forwards_.erase(at);
}

}  // namespace

std::shared_ptr<SocketSession> MakeSpdyPortForward(const PodStreamOpener& open, SessionPeer* peer) {
  return std::make_shared<SpdyPortForward>(open, peer);
}

}  // namespace reconcile
