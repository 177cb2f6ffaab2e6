// Log streams of an agent: each a connection of its own, dialed when the controller asks.
#include <algorithm>

#include "link/dialer_state.h"
#include "link/local_link.h"

namespace reconcile {

void LinkDialer::State::OpenLogs(const OpenLogsMessage& message) {
  const std::string& id = message.stream;
  if (streams.contains(id)) return;
  const Result<DialTarget> target = Target();
  if (!target.ok()) return;  // the controller's patience ends it
  Stream& stream = streams[id];
  stream.connection = next_connection++;
  connections.OpenStream(stream.connection, *target, stream_limits, id);
  if (streams.size() > kMaxLogStreams) {
    return SendLogEnd(id, UnavailableError("more than " + std::to_string(kMaxLogStreams) +
                                           " log streams are open on node " + options.node));
  }
  const auto on_logs = handler.on_logs;
  if (!on_logs) {
    return SendLogEnd(id, UnavailableError("the agent on node " + options.node + " gives no logs"));
  }
  const std::weak_ptr<State> weak = weak_from_this();
  LogSink sink;
  sink.on_data = [weak, id](std::string_view bytes) {
    if (const auto state = weak.lock()) state->SendLogBytes(id, bytes);
  };
  sink.on_end = [weak, id](const Status& status) {
    if (const auto state = weak.lock()) state->SendLogEnd(id, status);
  };
  StreamHandle writer = on_logs(message.request, std::move(sink));
  const auto opened = streams.find(id);  // it may have ended while it was being opened
  if (opened != streams.end()) opened->second.writer = std::move(writer);
}

void LinkDialer::State::SendLogBytes(const std::string& id, std::string_view bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut) return;
  Stream& stream = found->second;
  stream.untaken_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    return CutLogs(id, &stream);
  }
  ++stream.sent;
  connections.Send(stream.connection, std::string(bytes), true);
}

void LinkDialer::State::CutLogs(const std::string& id, Stream* stream) {
  stream->cut = true;
  connections.Send(stream->connection,
                   WriteEnd(InternalError("the agent on node " + options.node +
                                          " sent more of a log than it may")),
                   false);
  connections.Finish(stream->connection);
  // Later: whoever writes the log is in the middle of a call to us.
  PostToLoop([id](State* state) { state->CancelLogs(id); });
}

void LinkDialer::State::SendLogEnd(const std::string& id, const Status& status) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const Stream stream = std::move(found->second);
  streams.erase(found);
  if (stream.cut) return;
  connections.Send(stream.connection, WriteEnd(status), false);
  connections.Finish(stream.connection);
  SwapIfQuiet();
}

void LinkDialer::State::CancelLogs(const std::string& id) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const Stream stream = std::move(found->second);
  streams.erase(found);
  // What was cut has its end still to say.
  if (!stream.cut) connections.Drop(stream.connection);
  stream.writer.Cancel();
  SwapIfQuiet();
}

void LinkDialer::State::TakenOfLogs(const std::string& id, size_t bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.cut) return;
  ++found->second.received;
  // No more than there is: the other side is not trusted to count.
  const size_t taken = std::min(bytes, found->second.untaken_bytes);
  found->second.untaken_bytes -= taken;
  const StreamHandle writer = found->second.writer;  // a copy: it may end the stream
  writer.Taken(taken);
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
    if (!stream.cut) connections.Send(stream.connection, WriteEnd(why), false);
    connections.Finish(stream.connection);
  }
}

}  // namespace reconcile
