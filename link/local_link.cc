#include "link/local_link.h"

#include "link/local_link_state.h"

namespace reconcile {

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

void LocalLink::State::ControllerHalf::Connected(Connection connection) {
  connection_ = connection;
  const auto on_connected = handler_.on_connected;
  if (on_connected) on_connected(state_->node);
}

void LocalLink::State::ControllerHalf::Disconnected() {
  connection_ = 0;
  const auto streams = std::exchange(streams_, {});
  for (const auto& [id, stream] : streams) {
    const auto& on_end = stream.sink.on_end;
    if (on_end) on_end({UnavailableError("the connection to the node broke"), std::nullopt});
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

// ---- the agent's half ----

// Streams of a handler that goes are its own to end: it is not called any more.
void LocalLink::State::AgentHalf::SetHandler(Handler handler) {
  handler_ = std::move(handler);
  const auto streams = std::exchange(streams_, {});
  const Status status = UnavailableError("the agent on node " + state_->node + " ended");
  for (const auto& [id, stream] : streams) {
    state_->PostTo(&state_->controller, connection_, [id = id, status](ControllerHalf* controller) {
      controller->EndStream(id, {status, std::nullopt});
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
    if (stream.writer) stream.writer->Cancel();
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

// ---- the link ----

LocalLink::LocalLink(EventLoop* controller_loop, EventLoop* agent_loop, std::string node)
    : state_(std::make_shared<State>(controller_loop, agent_loop, std::move(node))) {}

LocalLink::~LocalLink() = default;

AgentLink* LocalLink::controller_end() { return &state_->controller; }
ControllerLink* LocalLink::agent_end() { return &state_->agent; }

void LocalLink::Connect() {
  if (state_->up) return;
  state_->up = true;
  const State::Connection connection = ++state_->newest;
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
