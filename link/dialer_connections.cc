#include "link/dialer_connections.h"

#include "base/log.h"

namespace reconcile {

void DialerConnections::OpenControl(ConnectionId id, const DialTarget& target,
                                    const SocketLimits& limits, const std::string& node) {
  Connection connection;
  connection.node = node;
  Open(id, std::move(connection), target, limits, "/link");
}

void DialerConnections::OpenStream(ConnectionId id, const DialTarget& target,
                                   const SocketLimits& limits, const std::string& stream) {
  Connection connection;
  connection.greeted = true;
  Open(id, std::move(connection), target, limits, "/stream/" + stream);
}

void DialerConnections::Open(ConnectionId id, Connection connection, const DialTarget& target,
                             const SocketLimits& limits, const std::string& path) {
  io_->Post([this, id, target, limits, path, connection = std::move(connection)]() mutable {
    connections_.emplace(id, std::move(connection));
    DialSocket(target, path, limits, io_,
               [this, id, step_ms = target.step_ms](const Result<DialAnswer>& answer) {
                 OnDialed(id, step_ms, answer);
               });
  });
}

void DialerConnections::Send(ConnectionId id, std::string message, bool binary) {
  io_->Post([this, id, binary, message = std::move(message)]() mutable {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (connection.socket == nullptr) {
      connection.early.emplace_back(std::move(message), binary);
    } else {
      SendNow(&connection, std::move(message), binary);
    }
  });
}

void DialerConnections::Handled(ConnectionId id, size_t bytes) {
  io_->Post([this, id, bytes] {
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second.socket->Handled(bytes);
  });
}

void DialerConnections::Finish(ConnectionId id) {
  io_->Post([this, id] {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    found->second.finished = true;
    if (found->second.socket != nullptr) found->second.socket->Close();
  });
}

void DialerConnections::Drop(ConnectionId id) {
  io_->Post([this, id] {
    auto dropped = connections_.extract(id);
    if (dropped.empty() || dropped.mapped().socket == nullptr) return;
    io_->Cancel(dropped.mapped().welcome_timer);
    dropped.mapped().socket->Close();
  });
}

void DialerConnections::OnDialed(ConnectionId id, int64_t step_ms,
                                 const Result<DialAnswer>& answer) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) {  // dropped meanwhile
    if (answer.ok() && answer->socket != nullptr) {
      answer->socket->Start({});
      answer->socket->Close();
    }
    return;
  }
  if (!answer.ok()) return Down(id, 0, answer.status());
  if (answer->socket == nullptr) {
    const std::string text = answer->body.substr(0, answer->body.find('\n'));
    return Down(
        id, answer->code,
        UnavailableError("the controller refuses (" + std::to_string(answer->code) + "): " + text));
  }
  Connection& connection = found->second;
  connection.socket = answer->socket;
  LinkSocket::Handler handler;
  handler.on_message = [this, id](std::string_view text, bool binary) {
    OnMessage(id, text, binary);
  };
  handler.on_closed = [this, id](const Status& why) { Down(id, 0, why); };
  connection.socket->Start(std::move(handler));
  if (!connection.node.empty()) {
    SendNow(&connection, WriteHello(MakeHello(connection.node)), false);
    connection.welcome_timer = io_->After(step_ms, [this, id] {
      const auto waiting = connections_.find(id);
      if (waiting == connections_.end()) return;
      waiting->second.socket->Abort(
          UnavailableError("the controller did not answer hello in time"));
    });
  }
  for (auto& [message, binary] : std::exchange(connection.early, {})) {
    SendNow(&connection, std::move(message), binary);
  }
  if (connection.greeted) events_.on_up(id, connection.socket->backlog());
  if (connection.finished) connection.socket->Close();
}

void DialerConnections::SendNow(Connection* connection, std::string message, bool binary) {
  const std::shared_ptr<SocketBacklog>& backlog = connection->socket->backlog();
  ++backlog->messages;
  backlog->bytes += message.size();
  connection->socket->Send(std::move(message), binary);
}

void DialerConnections::OnMessage(ConnectionId id, std::string_view text, bool binary) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection* connection = &found->second;
  if (binary && connection->node.empty()) return events_.on_frame(id, std::string(text));
  Result<LinkMessage> message = ReadLinkMessage(text);
  if (!message.ok()) {
    connection->refused = message.status().WithContext("the controller said");
    return connection->socket->Close();
  }
  if (message->type == link_type::kRefused) {
    connection->refused =
        UnavailableError("the controller refuses: " + DecodeRefused(message->body));
    return connection->socket->Close();
  }
  if (!connection->greeted) {
    connection->socket->Handled(text.size());
    return OnWelcome(id, connection, *message);
  }
  if (message->type == link_type::kAssignment || message->type == link_type::kAssignmentDelta) {
    return OnAssignment(id, connection, *message, text.size());
  }
  events_.on_message(id, text.size(), std::move(message).value());
}

void DialerConnections::OnWelcome(ConnectionId id, Connection* connection,
                                  const LinkMessage& message) {
  if (message.type != link_type::kWelcome) return;  // a newer controller's
  io_->Cancel(connection->welcome_timer);
  const Result<Welcome> welcome = DecodeWelcome(message.body);
  const bool known = welcome.ok() && welcome->protocol >= kMinLinkProtocol &&
                     welcome->protocol <= kMaxLinkProtocol;
  if (!known) {
    connection->refused = welcome.ok()
                              ? InvalidError("the controller (version " + welcome->version +
                                             ") chose a protocol that this release does not speak")
                              : welcome.status();
    return connection->socket->Close();
  }
  connection->greeted = true;
  LogInfo("connected to the controller",
          {{"version", welcome->version}, {"protocol", std::to_string(welcome->protocol)}});
  events_.on_up(id, connection->socket->backlog());
}

void DialerConnections::OnAssignment(ConnectionId id, Connection* connection,
                                     const LinkMessage& message, size_t bytes) {
  const bool whole = message.type == link_type::kAssignment;
  Result<Assignment> assignment = whole ? connection->assignments.TakeWhole(message.body, bytes)
                                        : connection->assignments.TakeDelta(message.body, bytes);
  if (assignment.ok()) return events_.on_assignment(id, bytes, std::move(assignment).value());
  connection->socket->Handled(bytes);
  LogError("dropped an assignment", {{"why", assignment.status().message()}});
  // Asked for once more when it was whole already, it would only come again.
  if (!whole) SendNow(connection, WriteBareMessage(link_type::kResync), false);
}

void DialerConnections::Down(ConnectionId id, int code, const Status& why) {
  auto gone = connections_.extract(id);
  if (gone.empty()) return;
  io_->Cancel(gone.mapped().welcome_timer);
  const Status& refused = gone.mapped().refused;
  events_.on_down(id, code, refused.ok() ? why : refused);
}

}  // namespace reconcile
