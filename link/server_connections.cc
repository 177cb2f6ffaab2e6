#include "link/server_connections.h"

#include <algorithm>

#include "base/log.h"
#include "base/version.h"
#include "link/server_slots.h"

namespace reconcile {
namespace {

constexpr std::string_view kStreamPrefix = "/stream/";
constexpr int64_t kWatchMs = 1'000;     // for changes of enrollment
constexpr size_t kRenewalsAtOnce = 16;  // told each kWatchMs: each costs a write to disk here

}  // namespace

ServerConnections::ServerConnections(const LinkServerOptions& options, Enrollment* enrollment,
                                     IoThread* io)
    : options_(options),
      enrollment_(enrollment),
      io_(io),
      tls_(enrollment, "the controller's",
           [enrollment, names = options.names](WallTime now) {
             return enrollment->ServerCertificate(names, now);
           }),
      counts_(std::make_shared<Counts>()) {}

Result<uint16_t> ServerConnections::Listen(ConnectionEvents events) {
  events_ = std::move(events);
  const Now now = io_->now();
  checked_at_ = now.mono;
  seen_changes_ = enrollment_->change_count();
  RETURN_IF_ERROR(tls_.Make(now.wall));
  Result<uint16_t> port = ListenHttp(
      {options_.listen_address, options_.listen_port, options_.handshake_ms, kMaxHttpHeaderBytes},
      this, io_);
  if (port.ok()) io_->Post([this] { WatchChanges(); });
  return port;
}

// ---- any thread ----

void ServerConnections::Send(ConnectionId id, std::string message) {
  io_->Post([this, id, message = std::move(message)]() mutable {
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second.socket->Send(std::move(message), false);
  });
}

void ServerConnections::SendSmall(ConnectionId id, std::string message, bool binary) {
  io_->Post([this, id, binary, message = std::move(message)]() mutable {
    const auto found = connections_.find(id);
    if (found != connections_.end()) SendNow(&found->second, std::move(message), binary);
  });
}

void ServerConnections::Handled(ConnectionId id, size_t bytes) {
  io_->Post([this, id, bytes] {
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second.socket->Handled(bytes);
  });
}

void ServerConnections::Close(ConnectionId id) {
  io_->Post([this, id] {
    const auto found = connections_.find(id);
    if (found != connections_.end()) found->second.socket->Close();
  });
}

void ServerConnections::Expect(const std::string& stream, const std::string& node) {
  io_->Post([this, stream, node] { expected_[stream] = node; });
}

void ServerConnections::Forget(const std::string& stream) {
  io_->Post([this, stream] { expected_.erase(stream); });
}

// ---- connections ----

void ServerConnections::OnSocket(HttpHead head, std::shared_ptr<void> connection,
                                 std::shared_ptr<LinkSocket> socket) {
  const ConnectionId id = next_id_++;
  Connection& made = connections_[id];
  made.id = id;
  made.socket = std::move(socket);
  made.address = head.request.remote_address;
  made.peer = std::move(*head.peer);
  std::static_pointer_cast<Slot>(connection)->BecomeKnown();
  made.slot = std::move(connection);
  if (head.request.path.starts_with(kStreamPrefix)) {
    made.stream = head.request.path.substr(kStreamPrefix.size());
    // Between the request and now somebody else may have come, or the reader have gone.
    if (expected_.erase(made.stream) == 0) {
      made.stream = "?";
      made.ended = true;
    }
  } else {
    made.hello_timer = io_->After(options_.handshake_ms, [this, id] {
      const auto found = connections_.find(id);
      if (found != connections_.end()) found->second.socket->Close();
    });
  }
  LinkSocket::Handler handler;
  handler.on_message = [this, id](std::string_view message, bool binary) {
    OnMessage(id, message, binary);
  };
  handler.on_closed = [this, id](const Status& why) { OnClosed(id, why); };
  handler.on_drained = [this, id] { events_.on_drained(id); };
  if (!made.stream.empty() && !made.ended) events_.on_stream(made.stream, id);
  made.socket->Start(std::move(handler));
  if (made.ended) made.socket->Close();
}

void ServerConnections::OnClosed(ConnectionId id, const Status& why) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection gone = std::move(found->second);
  connections_.erase(found);
  io_->Cancel(gone.hello_timer);
  if (!gone.stream.empty()) {
    if (!gone.ended) events_.on_stream_end(gone.stream, {why, std::nullopt});
    return;
  }
  const auto current = agents_.find(gone.peer.node);
  if (current == agents_.end() || current->second != id) return;  // replaced, or never welcomed
  agents_.erase(current);
  LogInfo("an agent's connection ended", {{"node", gone.peer.node}, {"why", why.message()}});
  events_.on_agent_gone(gone.peer.node, id);
}

void ServerConnections::SendNow(Connection* connection, std::string message, bool binary) {
  const std::shared_ptr<SocketBacklog>& backlog = connection->socket->backlog();
  ++backlog->messages;
  backlog->bytes += message.size();
  connection->socket->Send(std::move(message), binary);
}

void ServerConnections::Expel(Connection* connection, const std::string& event,
                              const std::string& why) {
  AuditLink(event, connection->address, connection->peer.node, why);
  SendNow(connection, WriteRefused(why));
  connection->socket->Close();
}

void ServerConnections::OnMessage(ConnectionId id, std::string_view text, bool binary) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection* connection = &found->second;
  if (!connection->stream.empty()) return OnStreamMessage(connection, text, binary);
  OnControl(connection, text);
}

// ---- control ----

void ServerConnections::OnControl(Connection* connection, std::string_view text) {
  const Result<LinkMessage> message = ReadLinkMessage(text);
  if (!message.ok()) return Expel(connection, "malformed message", message.status().message());
  if (!connection->greeted) {
    if (message->type != link_type::kHello) {
      return Expel(connection, "no hello", "the first message must be hello");
    }
    connection->socket->Handled(text.size());
    return OnHello(connection, *message);
  }
  if (message->type == link_type::kReport || message->type == link_type::kReportDelta) {
    return OnReport(connection, *message, text.size());
  }
  if (message->type == link_type::kInventory) {
    return OnInventory(connection, *message, text.size());
  }
  connection->socket->Handled(text.size());
  if (message->type == link_type::kResync) events_.on_resync(connection->id);
  // A newer agent may say what is unknown here.
}

void ServerConnections::OnHello(Connection* connection, const LinkMessage& message) {
  io_->Cancel(connection->hello_timer);
  const Result<Hello> hello = DecodeHello(message.body);
  if (!hello.ok()) return Expel(connection, "malformed hello", hello.status().message());
  const std::string& node = connection->peer.node;
  if (hello->node != node) {
    return Expel(connection, "another node's name",
                 "the certificate is node " + node + "'s, not " + hello->node + "'s");
  }
  const Result<int64_t> protocol = ChooseProtocol(*hello, kMinLinkProtocol, kMaxLinkProtocol);
  if (!protocol.ok()) {
    LogWarning("an agent was refused", {{"node", node}, {"why", protocol.status().message()}});
    SendNow(connection, WriteRefused(protocol.status().message()));
    return connection->socket->Close();
  }
  connection->greeted = true;
  const auto older = agents_.find(node);
  if (older != agents_.end()) {
    Connection& replaced = connections_.at(older->second);
    LogInfo("a newer connection replaces an agent's",
            {{"node", node}, {"older", replaced.address}, {"newer", connection->address}});
    const ConnectionId replaced_id = older->second;
    agents_.erase(older);
    events_.on_agent_gone(node, replaced_id);
    SendNow(&replaced, WriteRefused("a newer connection of node " + node + " from " +
                                    connection->address + " took its place"));
    replaced.socket->Close();
  }
  agents_[node] = connection->id;
  LogInfo("an agent connected", {{"node", node},
                                 {"address", connection->address},
                                 {"version", hello->version},
                                 {"protocol", std::to_string(*protocol)}});
  events_.on_agent(node, connection->id, connection->socket->backlog());
  // Last: an agent that is welcome is known on the loop before anything else of it.
  SendNow(connection, WriteWelcome({std::string(kVersion), *protocol}));
}

void ServerConnections::OnReport(Connection* connection, const LinkMessage& message, size_t bytes) {
  const bool whole = message.type == link_type::kReport;
  Result<Report> report = whole ? connection->reports.TakeWhole(message.body, bytes)
                                : connection->reports.TakeDelta(message.body, bytes);
  if (!report.ok()) {
    connection->socket->Handled(bytes);
    if (!std::exchange(connection->undecodable, true)) {
      LogError("dropped a report",
               {{"node", connection->peer.node}, {"why", report.status().message()}});
    }
    // Asked for once more when it was whole already, it would only come again.
    if (!whole) SendNow(connection, WriteBareMessage(link_type::kResync));
    return;
  }
  if (report->node != connection->peer.node) {
    return Expel(connection, "a report for another node",
                 "it says node " + report->node + ", the certificate " + connection->peer.node);
  }
  connection->undecodable = false;
  events_.on_report(connection->id, bytes, std::move(report).value());
}

void ServerConnections::OnInventory(Connection* connection, const LinkMessage& message,
                                    size_t bytes) {
  const Value* body = message.body.Find("inventory");
  Result<Inventory> inventory =
      body == nullptr ? InvalidError("inventory: missing") : DecodeInventory(*body);
  if (!inventory.ok()) {
    connection->socket->Handled(bytes);
    LogError("dropped an inventory",
             {{"node", connection->peer.node}, {"why", inventory.status().message()}});
    return;
  }
  if (inventory->node != connection->peer.node) {
    return Expel(connection, "an inventory for another node",
                 "it says node " + inventory->node + ", the certificate " + connection->peer.node);
  }
  events_.on_inventory(connection->id, bytes, std::move(inventory).value());
}

// ---- streams ----

void ServerConnections::OnStreamMessage(Connection* connection, std::string_view text,
                                        bool binary) {
  if (connection->ended) return connection->socket->Handled(text.size());
  if (binary) {
    return events_.on_stream_bytes(connection->stream, std::string(text));
  }
  connection->socket->Handled(text.size());
  Result<LinkMessage> message = ReadLinkMessage(text);
  if (message.ok() && message->type != link_type::kEnd) {
    return events_.on_stream_message(connection->stream, std::move(message).value());
  }
  connection->ended = true;
  events_.on_stream_end(connection->stream, message.ok()
                                                ? DecodeEnd(message->body)
                                                : PodStreamEnd{message.status(), std::nullopt});
  connection->socket->Close();
}

// ---- certificates ----

void ServerConnections::WatchChanges() {
  io_->After(kWatchMs, [this] { WatchChanges(); });
  TellRenewals();
  const Now now = io_->now();
  const uint64_t changes = enrollment_->change_count();
  const bool due = changes != seen_changes_ || now.mono - checked_at_ >= options_.recheck_ms;
  if (!due) return;
  seen_changes_ = changes;
  checked_at_ = now.mono;
  tls_.Check(now.wall);
  Recheck();
}

void ServerConnections::TellRenewals() {
  size_t told = 0;
  for (auto& [id, connection] : connections_) {
    if (told == kRenewalsAtOnce) return;
    if (!connection.greeted || connection.renewal_told) continue;
    if (!enrollment_->RenewalWanted(connection.peer)) continue;
    connection.renewal_told = true;
    ++told;
    SendNow(&connection, WriteBareMessage(link_type::kRenew));
  }
}

void ServerConnections::Recheck() {
  const bool is_under_way = rechecked_.has_value();
  rechecked_ = 0;
  if (!is_under_way) RecheckSome();
}

// A few at a time, with room for what agents say between them: each costs a millisecond or two of
// reading certificates.
void ServerConnections::RecheckSome() {
  constexpr size_t kAtOnce = 8;
  const Now now = io_->now();
  std::vector<std::pair<ConnectionId, Status>> refused;
  auto next = connections_.upper_bound(*rechecked_);
  for (size_t i = 0; i < kAtOnce && next != connections_.end(); ++i, ++next) {
    const Status checked = enrollment_->CheckPeer(next->second.peer, now.wall);
    if (!checked.ok()) refused.emplace_back(next->first, checked);
    rechecked_ = next->first;
  }
  if (next == connections_.end()) {
    rechecked_.reset();
  } else {
    io_->Post([this] { RecheckSome(); });
  }
  for (const auto& [id, why] : refused) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) continue;
    AuditLink("closed a connection", found->second.address, found->second.peer.node, why.message());
    found->second.socket->Abort(why);
  }
}

}  // namespace reconcile
