// Streams of pods, of both kinds, by the controller's side of the link.
#include <algorithm>

#include "link/local_link.h"
#include "link/log_stream.h"
#include "link/server_state.h"

namespace reconcile {

// Who reads a stream holds it by its id alone.
class LinkServer::State::ServerStream final : public PodStream {
 public:
  ServerStream(std::weak_ptr<State> state, std::string id)
      : state_(std::move(state)), id_(std::move(id)) {}
  void Write(std::string_view bytes) override {
    if (const auto state = state_.lock()) state->WriteToStream(id_, bytes);
  }
  void CloseInput() override {
    if (const auto state = state_.lock()) state->CloseInputOfStream(id_);
  }
  void Resize(uint16_t columns, uint16_t rows) override {
    if (const auto state = state_.lock()) state->ResizeStream(id_, {columns, rows});
  }
  void Taken(size_t bytes) override {
    if (const auto state = state_.lock()) state->TakenOfStream(id_, bytes);
  }
  void Cancel() override {
    if (const auto state = state_.lock()) state->CancelStream(id_);
  }

 private:
  const std::weak_ptr<State> state_;
  const std::string id_;
};

// ---- opening ----

StreamHandle LinkServer::OpenLogs(const std::string& node, const LogRequest& request,
                                  LogSink sink) {
  State::Stream stream;
  stream.is_log = true;
  stream.sink = StreamSinkOf(std::move(sink));
  return HandleOf(
      state_->OpenStream(node, std::move(stream), OkStatus(), [&](const std::string& id) {
        return WriteOpenLogs({id, request});
      }));
}

std::shared_ptr<PodStream> LinkServer::OpenPodStream(const std::string& node,
                                                     const PodStreamRequest& request,
                                                     PodStreamSink sink) {
  State::Stream stream;
  stream.sink = std::move(sink);
  return state_->OpenStream(node, std::move(stream), CheckPodStreamRequest(request),
                            [&](const std::string& id) {
                              return WriteOpenPodStream({id, request});
                            });
}

Status LinkServer::State::CheckRoom(const std::string& node) const {
  const auto agent = agents.find(node);
  if (agent == agents.end()) return UnavailableError("node " + node + " is not connected");
  if (agent->second.waiting || IsFull(*agent->second.backlog)) {
    return UnavailableError("node " + node + " reads slowly; try again");
  }
  const auto open = std::count_if(streams.begin(), streams.end(),
                                  [&](const auto& entry) { return entry.second.node == node; });
  if (static_cast<size_t>(open) < kMaxLinkStreams) return OkStatus();
  return UnavailableError("more than " + std::to_string(kMaxLinkStreams) +
                          " streams are open to node " + node);
}

std::shared_ptr<PodStream> LinkServer::State::OpenStream(
    const std::string& node, Stream stream, const Status& checked,
    const std::function<std::string(const std::string&)>& ask) {
  const std::string id = stream_prefix + std::to_string(next_stream++);
  const Status refusal = checked.ok() ? CheckRoom(node) : checked;
  stream.node = node;
  if (refusal.ok()) {
    connections.Expect(id, node);
    Send(&agents.at(node), ask(id));
    stream.open_timer = loop->After(options.stream_open_ms, [weak = weak_from_this(), id, node] {
      const auto state = weak.lock();
      if (state == nullptr) return;
      state->EndStream(id,
                       {UnavailableError("node " + node + " did not open the stream in time"), {}});
    });
  } else {
    PostToLoop([id, refusal](State* state) { state->EndStream(id, {refusal, std::nullopt}); });
  }
  streams[id] = std::move(stream);
  return std::make_shared<ServerStream>(weak_from_this(), id);
}

void LinkServer::State::OnStream(const std::string& id, ConnectionId connection) {
  const auto found = streams.find(id);
  if (found == streams.end()) return connections.Close(connection);  // the reader has gone
  Stream& stream = found->second;
  stream.connection = connection;
  loop->Cancel(std::exchange(stream.open_timer, 0));
  SendSize(&stream);
  const std::string early = std::exchange(stream.early_input, {});
  for (size_t at = 0; at < early.size(); at += kMaxStreamFrameBytes) {
    SendInput(&stream, std::string_view(early).substr(at, kMaxStreamFrameBytes));
  }
  if (stream.input_closed) SendClosed(&stream);
}

// ---- what the agent says ----

void LinkServer::State::OnStreamBytes(const std::string& id, const std::string& bytes) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  Stream& stream = found->second;
  ++stream.received;
  connections.Handled(stream.connection, bytes.size());
  StreamFrame frame{StreamChannel::kOut, bytes};
  if (!stream.is_log) {
    const Result<StreamFrame> read = ReadStreamFrame(bytes);
    if (!read.ok() || read->channel == StreamChannel::kIn) return;  // a newer agent's
    frame = *read;
  }
  stream.untaken_bytes += frame.bytes.size();
  if (frame.bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    AuditLink("closed a stream", "", stream.node, "it sent more than it may");
    return EndStream(id, {InternalError("the agent on node " + stream.node + " sent more of a " +
                                        (stream.is_log ? "log" : "stream") + " than it may"),
                          std::nullopt});
  }
  const auto on_output = stream.sink.on_output;  // a copy: the sink may cancel
  const PodOutput output = frame.channel == StreamChannel::kErr ? PodOutput::kErr : PodOutput::kOut;
  if (on_output) on_output(output, frame.bytes);
}

void LinkServer::State::OnStreamMessage(const std::string& id, const LinkMessage& message) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  Stream& stream = found->second;
  ++stream.received;
  if (message.type == link_type::kResized) {
    stream.size_under_way = false;
    return SendSize(&stream);
  }
  if (message.type != link_type::kTaken) return;  // a newer agent's
  const Result<size_t> bytes = DecodeTaken(message.body);
  if (!bytes.ok()) return;
  // No more than there is: the other side is not trusted to count.
  const size_t taken = std::min(*bytes, stream.untaken_input_bytes);
  if (taken == 0) return;
  stream.untaken_input_bytes -= taken;
  const auto on_input_taken = stream.sink.on_input_taken;
  if (on_input_taken) on_input_taken(taken);
}

void LinkServer::State::EndStream(const std::string& id, const PodStreamEnd& end) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const auto on_end = std::move(found->second.sink.on_end);
  CancelStream(id);
  if (on_end) on_end(end);
}

// ---- what the reader wants ----

void LinkServer::State::CancelStream(const std::string& id) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  loop->Cancel(found->second.open_timer);
  if (found->second.connection != 0) {
    connections.Close(found->second.connection);
  } else {
    connections.Forget(id);
  }
  streams.erase(found);
}

void LinkServer::State::TakenOfStream(const std::string& id, size_t bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.connection == 0) return;
  Stream& stream = found->second;
  const size_t taken = std::min(bytes, stream.untaken_bytes);
  if (taken == 0) return;
  stream.untaken_bytes -= taken;
  ++stream.sent;
  connections.SendSmall(stream.connection, WriteTaken(taken));
}

void LinkServer::State::WriteToStream(const std::string& id, std::string_view bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || bytes.empty()) return;
  Stream& stream = found->second;
  if (stream.is_log || stream.input_closed) return;
  stream.untaken_input_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_input_bytes > kStreamWindowBytes) {
    stream.input_closed = true;
    PodStreamEnd end{InternalError("more was written into a stream than it takes"), std::nullopt};
    // Later: the sink is not called inside a call to the stream.
    return PostToLoop([id, end = std::move(end)](State* state) { state->EndStream(id, end); });
  }
  if (stream.connection == 0) {
    stream.early_input += bytes;
  } else {
    SendInput(&stream, bytes);
  }
}

void LinkServer::State::SendInput(Stream* stream, std::string_view bytes) {
  ++stream->sent;
  connections.SendSmall(stream->connection, WriteStreamFrame(StreamChannel::kIn, bytes), true);
}

void LinkServer::State::CloseInputOfStream(const std::string& id) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.is_log) return;
  Stream& stream = found->second;
  if (std::exchange(stream.input_closed, true) || stream.connection == 0) return;
  SendClosed(&stream);
}

void LinkServer::State::SendClosed(Stream* stream) {
  ++stream->sent;
  connections.SendSmall(stream->connection, WriteBareMessage(link_type::kCloseInput));
}

void LinkServer::State::ResizeStream(const std::string& id, const TerminalSize& size) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.is_log) return;
  found->second.next_size = size;
  SendSize(&found->second);
}

// One at a time, the newest: however often a window is resized, no more than that waits.
void LinkServer::State::SendSize(Stream* stream) {
  if (stream->connection == 0 || stream->size_under_way || !stream->next_size) return;
  ++stream->sent;
  stream->size_under_way = true;
  connections.SendSmall(stream->connection, WriteResize(*std::exchange(stream->next_size, {})));
}

}  // namespace reconcile
