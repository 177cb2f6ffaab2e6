#include "link/local_link.h"

#include <algorithm>
#include <map>
#include <utility>

namespace reconcile {
namespace {

// Grows with every connection. What was sent on an older one than the receiver's is dropped.
using Connection = uint64_t;
using StreamId = uint64_t;

}  // namespace

// Each half is touched on its own loop's thread alone (and before the loops run); what goes between
// them is posted, with a weak reference: a task that outlives the link does nothing.
struct LocalLink::State : std::enable_shared_from_this<LocalLink::State> {
  State(EventLoop* controller_loop, EventLoop* agent_loop, std::string node_name)
      : node(std::move(node_name)), controller(this, controller_loop), agent(this, agent_loop) {}

  class ControllerHalf final : public AgentLink {
   public:
    ControllerHalf(State* state, EventLoop* loop) : loop_(loop), state_(state) {}
    void SetHandler(Handler handler) override { handler_ = std::move(handler); }
    Status Send(const std::string& node, const Assignment& assignment) override;
    Status AskInventory(const std::string& node) override;
    StreamHandle OpenLogs(const std::string& node, const LogRequest& request,
                          LogSink sink) override;

    void Connected(Connection connection);
    void Disconnected();
    void Receive(const Report& report);
    void ReceiveInventory(const Inventory& inventory);
    void ReceiveLogBytes(StreamId id, const std::string& bytes);
    void EndLogs(StreamId id, const Status& status);
    Connection connection() const { return connection_; }
    EventLoop* loop() const { return loop_; }

   private:
    Status CheckConnected(const std::string& node) const;
    void CancelLogs(StreamId id, Connection opened_on);
    void TakenLogs(StreamId id, Connection opened_on, size_t bytes);

    EventLoop* const loop_;
    State* const state_;
    Handler handler_;
    Connection connection_ = 0;  // 0: not connected
    StreamId next_stream_ = 1;
    std::map<StreamId, LogSink> streams_;
  };

  class AgentHalf final : public ControllerLink {
   public:
    AgentHalf(State* state, EventLoop* loop) : loop_(loop), state_(state) {}
    void SetHandler(Handler handler) override;
    Status Send(const Report& report) override;
    Status SendInventory(const Inventory& inventory) override;

    void Connected(Connection connection);
    void Disconnected();
    void Receive(const Assignment& assignment);
    void InventoryAsked();
    void OpenLogs(StreamId id, const LogRequest& request);
    void CancelLogs(StreamId id);
    void TakenLogs(StreamId id, size_t bytes);
    Connection connection() const { return connection_; }
    EventLoop* loop() const { return loop_; }

   private:
    struct Stream {
      StreamHandle writer;
      size_t untaken_bytes = 0;  // sent, and not taken by the reader yet
      bool cut = false;          // its reader was told the end; cancelling it is under way
    };
    void SendLogBytes(StreamId id, std::string_view bytes);
    void SendLogEnd(StreamId id, const Status& status);
    void CutLogs(StreamId id, Stream* stream);

    EventLoop* const loop_;
    State* const state_;
    Handler handler_;
    Connection connection_ = 0;
    std::map<StreamId, Stream> streams_;
  };

  // Runs `task` on the other half's loop, if that half then still has this connection.
  template <typename Half, typename Task>
  void PostTo(Half* half, Connection sent_on, Task task) {
    half->loop()->Post([weak = weak_from_this(), half, sent_on, task = std::move(task)] {
      const std::shared_ptr<State> alive = weak.lock();
      if (alive != nullptr && half->connection() == sent_on) task(half);
    });
  }

  const std::string node;
  ControllerHalf controller;
  AgentHalf agent;
  Connection newest = 0;  // Connect's and Disconnect's own
  bool up = false;
};

// ---- the controller's half ----

Status LocalLink::State::ControllerHalf::CheckConnected(const std::string& node) const {
  if (connection_ != 0 && node == state_->node) return OkStatus();
  return UnavailableError("node " + node + " is not connected");
}

Status LocalLink::State::ControllerHalf::Send(const std::string& node,
                                              const Assignment& assignment) {
  RETURN_IF_ERROR(CheckConnected(node));
  RETURN_IF_ERROR(CheckItems(assignment));
  state_->PostTo(&state_->agent, connection_,
                 [sent = std::make_shared<const Assignment>(assignment)](AgentHalf* agent) {
                   agent->Receive(*sent);
                 });
  return OkStatus();
}

Status LocalLink::State::ControllerHalf::AskInventory(const std::string& node) {
  RETURN_IF_ERROR(CheckConnected(node));
  state_->PostTo(&state_->agent, connection_, [](AgentHalf* agent) { agent->InventoryAsked(); });
  return OkStatus();
}

StreamHandle LocalLink::State::ControllerHalf::OpenLogs(const std::string& node,
                                                        const LogRequest& request, LogSink sink) {
  const StreamId id = next_stream_++;
  streams_[id] = std::move(sink);
  const std::weak_ptr<State> weak = state_->weak_from_this();
  Status refusal = CheckConnected(node);
  if (streams_.size() > kMaxLogStreams) {
    refusal = UnavailableError("more than " + std::to_string(kMaxLogStreams) +
                               " log streams are open to node " + node);
  }
  if (refusal.ok()) {
    state_->PostTo(&state_->agent, connection_,
                   [id, request](AgentHalf* agent) { agent->OpenLogs(id, request); });
  } else {
    loop_->Post([weak, id, refusal] {
      if (const auto state = weak.lock()) state->controller.EndLogs(id, refusal);
    });
  }
  return StreamHandle(
      [weak, id, opened_on = connection_] {
        if (const auto state = weak.lock()) state->controller.CancelLogs(id, opened_on);
      },
      [weak, id, opened_on = connection_](size_t bytes) {
        if (const auto state = weak.lock()) state->controller.TakenLogs(id, opened_on, bytes);
      });
}

void LocalLink::State::ControllerHalf::CancelLogs(StreamId id, Connection opened_on) {
  if (streams_.erase(id) == 0) return;
  state_->PostTo(&state_->agent, opened_on, [id](AgentHalf* agent) { agent->CancelLogs(id); });
}

void LocalLink::State::ControllerHalf::TakenLogs(StreamId id, Connection opened_on, size_t bytes) {
  if (!streams_.contains(id)) return;
  state_->PostTo(&state_->agent, opened_on,
                 [id, bytes](AgentHalf* agent) { agent->TakenLogs(id, bytes); });
}

void LocalLink::State::ControllerHalf::Connected(Connection connection) {
  connection_ = connection;
  const auto on_connected = handler_.on_connected;
  if (on_connected) on_connected(state_->node);
}

void LocalLink::State::ControllerHalf::Disconnected() {
  connection_ = 0;
  const auto streams = std::exchange(streams_, {});
  for (const auto& [id, sink] : streams) {
    if (sink.on_end) sink.on_end(UnavailableError("the connection to the node broke"));
  }
  const auto on_disconnected = handler_.on_disconnected;
  if (on_disconnected) on_disconnected(state_->node);
}

void LocalLink::State::ControllerHalf::Receive(const Report& report) {
  const auto on_report = handler_.on_report;
  if (on_report) on_report(report);
}

void LocalLink::State::ControllerHalf::ReceiveInventory(const Inventory& inventory) {
  const auto on_inventory = handler_.on_inventory;
  if (on_inventory) on_inventory(inventory);
}

void LocalLink::State::ControllerHalf::ReceiveLogBytes(StreamId id, const std::string& bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  // A copy: the sink may cancel, which ends the original.
  const auto on_data = it->second.on_data;
  if (on_data) on_data(bytes);
}

void LocalLink::State::ControllerHalf::EndLogs(StreamId id, const Status& status) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  const auto on_end = std::move(it->second.on_end);
  streams_.erase(it);
  if (on_end) on_end(status);
}

// ---- the agent's half ----

// Streams of a handler that goes are its own to end: it is not called any more.
void LocalLink::State::AgentHalf::SetHandler(Handler handler) {
  handler_ = std::move(handler);
  const auto streams = std::exchange(streams_, {});
  const Status status = UnavailableError("the agent on node " + state_->node + " ended");
  for (const auto& [id, stream] : streams) {
    state_->PostTo(&state_->controller, connection_, [id = id, status](ControllerHalf* controller) {
      controller->EndLogs(id, status);
    });
  }
}

Status LocalLink::State::AgentHalf::Send(const Report& report) {
  if (connection_ == 0) return UnavailableError("the controller is not connected");
  state_->PostTo(&state_->controller, connection_,
                 [sent = std::make_shared<const Report>(report)](ControllerHalf* controller) {
                   controller->Receive(*sent);
                 });
  return OkStatus();
}

Status LocalLink::State::AgentHalf::SendInventory(const Inventory& inventory) {
  if (connection_ == 0) return UnavailableError("the controller is not connected");
  // Asked for once a connection, and bounded by its size as it is with other links.
  RETURN_IF_ERROR(WriteInventory(inventory).status());
  state_->PostTo(&state_->controller, connection_,
                 [sent = std::make_shared<const Inventory>(inventory)](ControllerHalf* controller) {
                   controller->ReceiveInventory(*sent);
                 });
  return OkStatus();
}

void LocalLink::State::AgentHalf::Connected(Connection connection) {
  connection_ = connection;
  const auto on_connected = handler_.on_connected;
  if (on_connected) on_connected();
}

void LocalLink::State::AgentHalf::Disconnected() {
  connection_ = 0;
  const auto streams = std::exchange(streams_, {});
  for (const auto& [id, stream] : streams) {
    stream.writer.Cancel();
  }
}

void LocalLink::State::AgentHalf::Receive(const Assignment& assignment) {
  const auto on_assignment = handler_.on_assignment;
  if (on_assignment) on_assignment(assignment);
}

void LocalLink::State::AgentHalf::InventoryAsked() {
  const auto on_inventory_asked = handler_.on_inventory_asked;
  if (on_inventory_asked) on_inventory_asked();
}

void LocalLink::State::AgentHalf::OpenLogs(StreamId id, const LogRequest& request) {
  const auto on_logs = handler_.on_logs;
  streams_[id];
  if (!on_logs) {
    SendLogEnd(id, UnavailableError("the agent on node " + state_->node + " gives no logs"));
    return;
  }
  const std::weak_ptr<State> weak = state_->weak_from_this();
  LogSink sink;
  sink.on_data = [weak, id](std::string_view bytes) {
    if (const auto state = weak.lock()) state->agent.SendLogBytes(id, bytes);
  };
  sink.on_end = [weak, id](const Status& status) {
    if (const auto state = weak.lock()) state->agent.SendLogEnd(id, status);
  };
  StreamHandle writer = on_logs(request, std::move(sink));
  const auto it = streams_.find(id);  // it may have ended while it was being opened
  if (it != streams_.end()) it->second.writer = std::move(writer);
}

void LocalLink::State::AgentHalf::CancelLogs(StreamId id) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  const StreamHandle writer = std::move(it->second.writer);
  streams_.erase(it);
  writer.Cancel();
}

void LocalLink::State::AgentHalf::TakenLogs(StreamId id, size_t bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || it->second.cut) return;
  // No more than there is: the other side is not trusted to count.
  const size_t taken = std::min(bytes, it->second.untaken_bytes);
  it->second.untaken_bytes -= taken;
  const StreamHandle writer = it->second.writer;  // a copy: it may end the stream
  writer.Taken(taken);
}

void LocalLink::State::AgentHalf::SendLogBytes(StreamId id, std::string_view bytes) {
  const auto it = streams_.find(id);
  if (it == streams_.end() || it->second.cut) return;
  Stream& stream = it->second;
  stream.untaken_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    return CutLogs(id, &stream);
  }
  state_->PostTo(&state_->controller, connection_,
                 [id, text = std::string(bytes)](ControllerHalf* controller) {
                   controller->ReceiveLogBytes(id, text);
                 });
}

void LocalLink::State::AgentHalf::CutLogs(StreamId id, Stream* stream) {
  stream->cut = true;
  const Status status =
      InternalError("the agent on node " + state_->node + " sent more of a log than it may");
  state_->PostTo(&state_->controller, connection_,
                 [id, status](ControllerHalf* controller) { controller->EndLogs(id, status); });
  // Later: whoever writes the log is in the middle of a call to us.
  state_->PostTo(this, connection_, [id](AgentHalf* agent) { agent->CancelLogs(id); });
}

void LocalLink::State::AgentHalf::SendLogEnd(StreamId id, const Status& status) {
  const auto it = streams_.find(id);
  if (it == streams_.end()) return;
  const bool told = it->second.cut;
  streams_.erase(it);
  if (told) return;
  state_->PostTo(&state_->controller, connection_,
                 [id, status](ControllerHalf* controller) { controller->EndLogs(id, status); });
}

// ---- the link ----

LocalLink::LocalLink(EventLoop* controller_loop, EventLoop* agent_loop, std::string node)
    : state_(std::make_shared<State>(controller_loop, agent_loop, std::move(node))) {}

LocalLink::~LocalLink() = default;

AgentLink* LocalLink::controller_end() { return &state_->controller; }
ControllerLink* LocalLink::agent_end() { return &state_->agent; }

void LocalLink::Connect() {
  if (state_->up) return;
  state_->up = true;
  const Connection connection = ++state_->newest;
  const std::weak_ptr<State> weak = state_;
  // The controller's half first: a report must find it connected.
  state_->controller.loop()->Post([weak, connection] {
    if (const auto state = weak.lock()) state->controller.Connected(connection);
  });
  state_->agent.loop()->Post([weak, connection] {
    if (const auto state = weak.lock()) state->agent.Connected(connection);
  });
}

void LocalLink::Disconnect() {
  if (!state_->up) return;
  state_->up = false;
  const std::weak_ptr<State> weak = state_;
  state_->agent.loop()->Post([weak] {
    if (const auto state = weak.lock()) state->agent.Disconnected();
  });
  state_->controller.loop()->Post([weak] {
    if (const auto state = weak.lock()) state->controller.Disconnected();
  });
}

}  // namespace reconcile
