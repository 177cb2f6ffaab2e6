// Streams of an agent's pods: each a connection of its own, dialed when the controller asks.
#include <algorithm>

#include "base/log.h"
#include "link/dialer_state.h"
#include "link/local_link.h"
#include "link/log_stream.h"

namespace reconcile {

// ---- opening ----

void LinkDialer::State::OpenLogs(const OpenLogsMessage& message) {
  if (!handler.on_logs) {
    return OpenStream(message.stream, true,
                      UnavailableError("the agent on node " + options.node + " gives no logs"));
  }
  OpenStream(message.stream, true,
             OpenWriter([on_logs = handler.on_logs, &message](PodStreamSink sink) {
               return StreamOf(on_logs(message.request, LogSinkOf(std::move(sink))));
             }));
}

void LinkDialer::State::OpenPodStream(const Value& body) {
  const Result<OpenPodStreamMessage> message = DecodeOpenPodStream(body);
  if (!message.ok()) {
    LogError("cannot open a stream", {{"why", message.status().message()}});
    const std::string id = body.GetString("stream");
    // Whoever waits for it is told, as long as it can be said of which stream.
    if (id.empty() || id.size() > kMaxStreamIdBytes) return;
    return OpenStream(id, false, message.status());
  }
  if (!handler.on_pod_stream) {
    return OpenStream(message->stream, false,
                      UnavailableError("the agent on node " + options.node + " serves no streams"));
  }
  OpenStream(message->stream, false,
             OpenWriter([on_stream = handler.on_pod_stream, &message](PodStreamSink sink) {
               return on_stream(message->request, std::move(sink));
             }));
}

void LinkDialer::State::OpenStream(const std::string& id, bool is_log,
                                   const Result<OpenWriter>& open) {
  if (streams.contains(id)) return;
  const Result<DialTarget> target = Target();
  if (!target.ok()) return;  // the controller's patience ends it
  Stream& stream = streams[id];
  stream.is_log = is_log;
  stream.connection = next_connection++;
  connections.OpenStream(stream.connection, *target, stream_limits, id);
  if (!open.ok()) return SendEnd(id, {open.status(), std::nullopt});
  if (streams.size() > kMaxLinkStreams) {
    return SendEnd(id, {UnavailableError("more than " + std::to_string(kMaxLinkStreams) +
                                         " streams are open on node " + options.node),
                        std::nullopt});
  }
  const std::weak_ptr<State> weak = weak_from_this();
  PodStreamSink sink;
  sink.on_output = [weak, id](PodOutput output, std::string_view bytes) {
    if (const auto state = weak.lock()) state->SendOutput(id, output, bytes);
  };
  sink.on_input_taken = [weak, id](size_t bytes) {
    if (const auto state = weak.lock()) state->SendTaken(id, bytes);
  };
  sink.on_end = [weak, id](const PodStreamEnd& end) {
    if (const auto state = weak.lock()) state->SendEnd(id, end);
  };
  std::shared_ptr<PodStream> writer = (*open)(std::move(sink));
  const auto opened = streams.find(id);  // it may have ended while it was being opened
  if (opened == streams.end()) return;
  if (writer == nullptr) {
    return SendEnd(id, {UnavailableError("the agent on node " + options.node + " ended"), {}});
  }
  opened->second.writer = std::move(writer);
}

// ---- what the agent says ----

void LinkDialer::State::SendOutput(const std::string& id, PodOutput output,
                                   std::string_view bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut) return;
  Stream& stream = found->second;
  stream.untaken_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    return CutStream(id, &stream, "the agent on node " + options.node);
  }
  ++stream.sent;
  const StreamChannel channel =
      output == PodOutput::kErr ? StreamChannel::kErr : StreamChannel::kOut;
  connections.Send(stream.connection,
                   stream.is_log ? std::string(bytes) : WriteStreamFrame(channel, bytes), true);
}

void LinkDialer::State::SendTaken(const std::string& id, size_t bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut) return;
  Stream& stream = found->second;
  const size_t taken = std::min(bytes, stream.untaken_input_bytes);
  if (taken == 0) return;
  stream.untaken_input_bytes -= taken;
  ++stream.sent;
  connections.Send(stream.connection, WriteTaken(taken), false);
}

void LinkDialer::State::CutStream(const std::string& id, Stream* stream, const std::string& who) {
  stream->cut = true;
  const std::string what = stream->is_log ? "log" : "stream";
  connections.Send(
      stream->connection,
      WriteEnd({InternalError(who + " sent more of a " + what + " than it may"), std::nullopt}),
      false);
  connections.Finish(stream->connection);
  // Later: whoever writes the stream is in the middle of a call to us.
  PostToLoop([id](State* state) { state->CancelStream(id); });
}

void LinkDialer::State::SendEnd(const std::string& id, const PodStreamEnd& end) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const Stream stream = std::move(found->second);
  streams.erase(found);
  if (stream.cut) return;
  connections.Send(stream.connection, WriteEnd(end), false);
  connections.Finish(stream.connection);
  SwapIfQuiet();
}

void LinkDialer::State::CancelStream(const std::string& id) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const Stream stream = std::move(found->second);
  streams.erase(found);
  // What was cut has its end still to say.
  if (!stream.cut) connections.Drop(stream.connection);
  if (stream.writer) stream.writer->Cancel();
  SwapIfQuiet();
}

// ---- what the controller says ----

void LinkDialer::State::OnFrame(ConnectionId connection, const std::string& bytes) {
  const std::string id = FindStream(connection);
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut || found->second.is_log) return;
  Stream& stream = found->second;
  ++stream.received;
  const Result<StreamFrame> frame = ReadStreamFrame(bytes);
  if (!frame.ok() || frame->channel != StreamChannel::kIn) return;  // a newer controller's
  stream.untaken_input_bytes += frame->bytes.size();
  if (frame->bytes.size() > kMaxStreamFrameBytes ||
      stream.untaken_input_bytes > kStreamWindowBytes) {
    return CutStream(id, &stream, "the controller");
  }
  const auto writer = stream.writer;
  if (writer) writer->Write(frame->bytes);
}

void LinkDialer::State::OnStreamMessage(const std::string& id, const LinkMessage& message) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut) return;
  Stream& stream = found->second;
  ++stream.received;
  const auto writer = stream.writer;  // a copy: what is called may end the stream
  if (!writer) return;
  if (message.type == link_type::kTaken) {
    const Result<size_t> bytes = DecodeTaken(message.body);
    if (bytes.ok()) OnOutputTaken(&stream, *bytes);
  } else if (message.type == link_type::kCloseInput) {
    writer->CloseInput();
  } else if (message.type == link_type::kResize) {
    ++stream.sent;
    connections.Send(stream.connection, WriteBareMessage(link_type::kResized), false);
    const Result<TerminalSize> size = DecodeResize(message.body);
    if (size.ok()) writer->Resize(size->columns, size->rows);
  }
}

void LinkDialer::State::OnOutputTaken(Stream* stream, size_t bytes) {
  // No more than there is: the other side is not trusted to count.
  const size_t taken = std::min(bytes, stream->untaken_bytes);
  stream->untaken_bytes -= taken;
  const auto writer = stream->writer;
  writer->Taken(taken);
}

std::string LinkDialer::State::FindStream(ConnectionId connection) const {
  for (const auto& [id, stream] : streams) {
    if (stream.connection == connection) return id;
  }
  return "";
}

void LinkDialer::State::EndStreams(const Status& why) {
  const auto ended = std::exchange(streams, {});
  for (const auto& [id, stream] : ended) {
    if (!stream.cut) connections.Send(stream.connection, WriteEnd({why, std::nullopt}), false);
    connections.Finish(stream.connection);
  }
}

}  // namespace reconcile
