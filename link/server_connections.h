#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "link/delta_channel.h"
#include "link/enrollment.h"
#include "link/http_server.h"
#include "link/link_server.h"
#include "link/link_wire.h"
#include "link/refusal_limiter.h"
#include "link/server_tls.h"

namespace reconcile {

using ConnectionId = uint64_t;  // never 0, never used again

// What a LinkServer's sockets bring. Called on the IoThread.
struct ConnectionEvents {
  std::function<void(const std::string& node, ConnectionId, std::shared_ptr<SocketBacklog>)>
      on_agent;
  std::function<void(const std::string& node, ConnectionId)> on_agent_gone;
  // What an agent or a stream says. `bytes` are to be Handled().
  std::function<void(ConnectionId, size_t bytes, Report)> on_report;
  std::function<void(ConnectionId, size_t bytes, Inventory)> on_inventory;
  std::function<void(ConnectionId)> on_resync;  // it lost track of its assignment
  std::function<void(ConnectionId)> on_drained;
  std::function<void(const std::string& stream, ConnectionId)> on_stream;
  std::function<void(const std::string& stream, std::string bytes)> on_stream_bytes;
  std::function<void(const std::string& stream, LinkMessage)> on_stream_message;
  std::function<void(const std::string& stream, PodStreamEnd)> on_stream_end;
  std::function<void(LinkHttpRequest, std::function<void(LinkHttpResponse)>)> on_hook;
};

// The sockets of a LinkServer: who may connect, what each may ask for, and what is refused. On its
// IoThread, but for what says otherwise.
class ServerConnections final : public HttpServerHandler {
 public:
  // All given must outlive it. `events` are set before Listen.
  ServerConnections(const LinkServerOptions& options, Enrollment* enrollment, IoThread* io);

  // Before the IoThread starts.
  Result<uint16_t> Listen(ConnectionEvents events);

  // ---- any thread ----
  void Send(ConnectionId id, std::string message);  // counted into the backlog by the caller
  void SendSmall(ConnectionId id, std::string message, bool binary = false);  // counted here
  void Handled(ConnectionId id, size_t bytes);
  void Close(ConnectionId id);
  // The agent on `node` is about to dial a stream of this id. Until Forget, or until it has.
  void Expect(const std::string& stream, const std::string& node);
  void Forget(const std::string& stream);

  // ---- HttpServerHandler ----
  std::shared_ptr<void> OnConnection(const std::string& remote_address) override;
  TlsContext Tls() override { return tls_.context(); }
  HttpVerdict OnHead(HttpHead* head) override;
  void OnBadRequest(const std::string& remote_address, int code, const std::string& why) override;
  void OnBody(HttpHead head, std::function<void(LinkHttpResponse)> answer) override;
  void OnSocket(HttpHead head, std::shared_ptr<void> connection,
                std::shared_ptr<LinkSocket> socket) override;

 private:
  struct Counts;
  class Slot;
  struct Connection {
    ConnectionId id = 0;
    std::shared_ptr<void> slot;
    std::shared_ptr<LinkSocket> socket;
    std::string address;
    PeerCertificate peer;
    std::string stream;    // its id; empty for an agent's control connection
    bool greeted = false;  // an agent: it has said hello and was welcomed
    bool ended = false;    // a stream: its end was told
    bool renewal_told = false;
    bool undecodable = false;  // said once
    TimerId hello_timer = 0;
    DeltaReceiver<Report> reports;
  };

  // ---- requests: server_requests.cc ----
  HttpVerdict DecideStranger(HttpHead* head, Now now);
  HttpVerdict DecidePeer(HttpHead* head);
  HttpVerdict DecideJoin(const HttpHead& head, Now now);
  HttpVerdict DecideStream(const HttpHead& head);
  HttpVerdict DecideHook(HttpHead* head, Now now);
  HttpVerdict Refuse(int code, const HttpHead& head, const std::string& why);
  LinkHttpResponse Join(const HttpHead& head);
  LinkHttpResponse Renew(const HttpHead& head);

  // ---- sockets: server_connections.cc ----
  void OnMessage(ConnectionId id, std::string_view text, bool binary);
  void OnControl(Connection* connection, std::string_view text);
  void OnHello(Connection* connection, const LinkMessage& message);
  void OnReport(Connection* connection, const LinkMessage& message, size_t bytes);
  void OnInventory(Connection* connection, const LinkMessage& message, size_t bytes);
  void OnStreamMessage(Connection* connection, std::string_view text, bool binary);
  void OnClosed(ConnectionId id, const Status& why);
  void SendNow(Connection* connection, std::string message, bool binary = false);
  void Expel(Connection* connection, const std::string& event, const std::string& why);
  void Recheck();
  void RecheckSome();
  void TellRenewals();
  void WatchChanges();

  const LinkServerOptions options_;
  Enrollment* const enrollment_;
  IoThread* const io_;
  ConnectionEvents events_;
  ServerTls tls_;
  uint64_t seen_changes_ = 0;
  MonoTime checked_at_;
  std::optional<ConnectionId> rechecked_;  // up to this one, while more are to be
  const std::shared_ptr<Counts> counts_;
  RefusalLimiter refusals_{kMaxRefusalsPerMinute};
  ConnectionId next_id_ = 1;
  std::map<ConnectionId, Connection> connections_;
  std::map<std::string, ConnectionId> agents_;   // by node: those that were welcomed
  std::map<std::string, std::string> expected_;  // stream -> node
};

// One line for people who look for attacks: what was refused, to whom.
void AuditLink(const std::string& event, const std::string& address, const std::string& node,
               const std::string& why);

}  // namespace reconcile
