// Streams of pods, of both kinds, between the halves of a LocalLink.
#include <algorithm>

#include "link/local_link_state.h"
#include "link/log_stream.h"

namespace reconcile {

// ---- the controller's half ----

// Who reads a stream holds it by its id alone.
class LocalLink::State::ControllerHalf::ReadStream final : public PodStream {
 public:
  ReadStream(std::weak_ptr<State> state, StreamId id) : state_(std::move(state)), id_(id) {}
  void Write(std::string_view bytes) override {
    if (const auto state = state_.lock()) state->controller.WriteToStream(id_, bytes);
  }
  void CloseInput() override {
    const auto state = state_.lock();
    if (state == nullptr) return;
    const auto found = state->controller.streams_.find(id_);
    if (found == state->controller.streams_.end()) return;
    if (std::exchange(found->second.input_closed, true)) return;
    Tell([](PodStream* writer) { writer->CloseInput(); });
  }
  void Resize(uint16_t columns, uint16_t rows) override {
    Tell([columns, rows](PodStream* writer) { writer->Resize(columns, rows); });
  }
  void Taken(size_t bytes) override {
    if (const auto state = state_.lock()) {
      state->controller.TellAgent(
          id_, [id = id_, bytes](AgentHalf* agent) { agent->OutputTaken(id, bytes); });
    }
  }
  void Cancel() override {
    if (const auto state = state_.lock()) state->controller.CancelStream(id_);
  }

 private:
  template <typename Task>
  void Tell(Task task) {
    const auto state = state_.lock();
    if (state == nullptr) return;
    state->controller.TellAgent(id_, [id = id_, task](AgentHalf* agent) {
      const auto writer = agent->FindWriter(id);
      if (writer) task(writer.get());
    });
  }

  const std::weak_ptr<State> state_;
  const StreamId id_;
};

StreamHandle LocalLink::State::ControllerHalf::OpenLogs(const std::string& node,
                                                        const LogRequest& request, LogSink sink) {
  Stream stream;
  stream.is_log = true;
  stream.sink = StreamSinkOf(std::move(sink));
  return HandleOf(
      OpenStream(node, std::move(stream), OkStatus(),
                 [request](AgentHalf* agent, StreamId id) { agent->OpenLogs(id, request); }));
}

std::shared_ptr<PodStream> LocalLink::State::ControllerHalf::OpenPodStream(
    const std::string& node, const PodStreamRequest& request, PodStreamSink sink) {
  Stream stream;
  stream.sink = std::move(sink);
  return OpenStream(
      node, std::move(stream), CheckPodStreamRequest(request),
      [request](AgentHalf* agent, StreamId id) { agent->OpenPodStream(id, request); });
}

std::shared_ptr<PodStream> LocalLink::State::ControllerHalf::OpenStream(
    const std::string& node, Stream stream, const Status& checked,
    std::function<void(AgentHalf*, StreamId)> open) {
  const StreamId id = next_stream_++;
  stream.opened_on = connection_;
  Status refusal = checked.ok() ? CheckConnected(node) : checked;
  if (refusal.ok() && streams_.size() >= kMaxLinkStreams) {
    refusal = UnavailableError("more than " + std::to_string(kMaxLinkStreams) +
                               " streams are open to node " + node);
  }
  if (refusal.ok()) {
    state_->PostTo(&state_->agent, connection_,
                   [id, open = std::move(open)](AgentHalf* agent) { open(agent, id); });
  } else {
    loop_->Post([weak = state_->weak_from_this(), id, refusal] {
      if (const auto state = weak.lock()) state->controller.EndStream(id, {refusal, std::nullopt});
    });
  }
  streams_[id] = std::move(stream);
  return std::make_shared<ReadStream>(state_->weak_from_this(), id);
}

void LocalLink::State::ControllerHalf::WriteToStream(StreamId id, std::string_view bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || bytes.empty()) return;
  Stream& stream = found->second;
  if (stream.is_log || stream.input_closed) return;
  stream.untaken_input_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_input_bytes > kStreamWindowBytes) {
    stream.input_closed = true;
    // Later: the sink is not called inside a call to the stream.
    return loop_->Post([weak = state_->weak_from_this(), id] {
      const auto state = weak.lock();
      if (state == nullptr) return;
      state->controller.TellAgent(id, [id](AgentHalf* agent) { agent->CancelStream(id); });
      state->controller.EndStream(
          id, {InternalError("more was written into a stream than it takes"), std::nullopt});
    });
  }
  TellAgent(id, [id, text = std::string(bytes)](AgentHalf* agent) {
    const auto writer = agent->FindWriter(id);
    if (writer) writer->Write(text);
  });
}

void LocalLink::State::ControllerHalf::CancelStream(StreamId id) {
  TellAgent(id, [id](AgentHalf* agent) { agent->CancelStream(id); });
  streams_.erase(id);
}

void LocalLink::State::ControllerHalf::ReceiveOutput(StreamId id, PodOutput output,
                                                     const std::string& bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  // A copy: the sink may cancel, which ends the original.
  const auto on_output = found->second.sink.on_output;
  if (on_output) on_output(output, bytes);
}

void LocalLink::State::ControllerHalf::InputTaken(StreamId id, size_t bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const size_t taken = std::min(bytes, found->second.untaken_input_bytes);
  if (taken == 0) return;
  found->second.untaken_input_bytes -= taken;
  const auto on_input_taken = found->second.sink.on_input_taken;
  if (on_input_taken) on_input_taken(taken);
}

void LocalLink::State::ControllerHalf::EndStream(StreamId id, const PodStreamEnd& end) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const auto on_end = std::move(found->second.sink.on_end);
  streams_.erase(found);
  if (on_end) on_end(end);
}

// ---- the agent's half ----

void LocalLink::State::AgentHalf::OpenLogs(StreamId id, const LogRequest& request) {
  OpenStream(id, true, [&](PodStreamSink sink) -> std::shared_ptr<PodStream> {
    const auto on_logs = handler_.on_logs;
    if (on_logs) return StreamOf(on_logs(request, LogSinkOf(std::move(sink))));
    SendEnd(id, {UnavailableError("the agent on node " + state_->node + " gives no logs"), {}});
    return nullptr;
  });
}

void LocalLink::State::AgentHalf::OpenPodStream(StreamId id, const PodStreamRequest& request) {
  OpenStream(id, false, [&](PodStreamSink sink) -> std::shared_ptr<PodStream> {
    const auto on_pod_stream = handler_.on_pod_stream;
    if (on_pod_stream) return on_pod_stream(request, std::move(sink));
    SendEnd(id, {UnavailableError("the agent on node " + state_->node + " serves no streams"), {}});
    return nullptr;
  });
}

void LocalLink::State::AgentHalf::OpenStream(
    StreamId id, bool is_log,
    const std::function<std::shared_ptr<PodStream>(PodStreamSink)>& open) {
  streams_[id].is_log = is_log;
  const std::weak_ptr<State> weak = state_->weak_from_this();
  PodStreamSink sink;
  sink.on_output = [weak, id](PodOutput output, std::string_view bytes) {
    if (const auto state = weak.lock()) state->agent.SendOutput(id, output, bytes);
  };
  sink.on_input_taken = [weak, id](size_t bytes) {
    if (const auto state = weak.lock()) state->agent.SendTaken(id, bytes);
  };
  sink.on_end = [weak, id](const PodStreamEnd& end) {
    if (const auto state = weak.lock()) state->agent.SendEnd(id, end);
  };
  std::shared_ptr<PodStream> writer = open(std::move(sink));
  const auto found = streams_.find(id);  // it may have ended while it was being opened
  if (found == streams_.end()) return;
  if (writer == nullptr) {
    return SendEnd(id, {UnavailableError("the agent on node " + state_->node + " ended"), {}});
  }
  found->second.writer = std::move(writer);
}

std::shared_ptr<PodStream> LocalLink::State::AgentHalf::FindWriter(StreamId id) const {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second.cut ? nullptr : found->second.writer;
}

void LocalLink::State::AgentHalf::CancelStream(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const auto writer = std::move(found->second.writer);
  streams_.erase(found);
  if (writer) writer->Cancel();
}

void LocalLink::State::AgentHalf::OutputTaken(StreamId id, size_t bytes) {
  const auto writer = FindWriter(id);
  if (writer == nullptr) return;
  // No more than there is: the other side is not trusted to count.
  Stream& stream = streams_.at(id);
  const size_t taken = std::min(bytes, stream.untaken_bytes);
  stream.untaken_bytes -= taken;
  writer->Taken(taken);
}

void LocalLink::State::AgentHalf::SendOutput(StreamId id, PodOutput output,
                                             std::string_view bytes) {
  const auto found = streams_.find(id);
  if (found == streams_.end() || found->second.cut) return;
  Stream& stream = found->second;
  stream.untaken_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    return CutStream(id, &stream);
  }
  state_->PostTo(&state_->controller, connection_,
                 [id, output, text = std::string(bytes)](ControllerHalf* controller) {
                   controller->ReceiveOutput(id, output, text);
                 });
}

void LocalLink::State::AgentHalf::SendTaken(StreamId id, size_t bytes) {
  if (FindWriter(id) == nullptr) return;
  state_->PostTo(&state_->controller, connection_,
                 [id, bytes](ControllerHalf* controller) { controller->InputTaken(id, bytes); });
}

void LocalLink::State::AgentHalf::CutStream(StreamId id, Stream* stream) {
  stream->cut = true;
  const PodStreamEnd end{InternalError("the agent on node " + state_->node + " sent more of a " +
                                       (stream->is_log ? "log" : "stream") + " than it may"),
                         std::nullopt};
  state_->PostTo(&state_->controller, connection_,
                 [id, end](ControllerHalf* controller) { controller->EndStream(id, end); });
  // Later: whoever writes the stream is in the middle of a call to us.
  state_->PostTo(this, connection_, [id](AgentHalf* agent) { agent->CancelStream(id); });
}

void LocalLink::State::AgentHalf::SendEnd(StreamId id, const PodStreamEnd& end) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const bool told = found->second.cut;
  streams_.erase(found);
  if (told) return;
  state_->PostTo(&state_->controller, connection_,
                 [id, end](ControllerHalf* controller) { controller->EndStream(id, end); });
}

}  // namespace reconcile
