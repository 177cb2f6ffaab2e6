#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "link/agent_link.h"
#include "link/http_types.h"

namespace reconcile {

class Enrollment;

// Limits of what may come from outside. What is not named here: kMaxMessageBytes, kMaxLinkStreams.
inline constexpr size_t kMaxLinkConnections = 4096;      // open at once, streams included
inline constexpr size_t kMaxControlOfNode = 8;           // those being closed included; then 429
inline constexpr size_t kMaxStrangers = 1024;            // connections nobody has answered for yet
inline constexpr size_t kMaxStrangersPerAddress = 512;   // of these
inline constexpr size_t kMaxHttpHeaderBytes = 16 << 10;  // more is 431
inline constexpr size_t kMaxEnrollBodyBytes = 16 << 10;  // of POST /join and /renew; more is 413
inline constexpr size_t kMaxHookBodyBytes = 5 << 20;     // of POST /hooks/NAME; more is 413
inline constexpr size_t kMaxHooksUnderWay = 16;          // bodies held at once; more is 503
inline constexpr int kMaxRefusalsPerMinute = 20;         // of one address; then 429

struct LinkServerOptions {
  std::string listen_address = "0.0.0.0";
  uint16_t listen_port = 7443;      // 0: any free one
  std::vector<std::string> names;   // of the server's certificate: host names and addresses
  LinkHttpHandler on_hook;          // POST /hooks/NAME; none: 404
  int64_t handshake_ms = 10'000;    // for TLS, for a request's head, and for its body
  int64_t silent_ms = 10'000;       // a peer that says nothing for so long is gone
  int64_t recheck_ms = 20'000;      // certificates of open connections, and the server's own
  int64_t stream_open_ms = 10'000;  // an agent opens a stream that it was asked for within it
};

// The controller's end of the link over TLS 1.3: listens, and lets in who has a certificate of this
// cluster's CA. One thread of its own does the sockets; handlers and AgentLink are the given
// loop's.
//
//   GET  /healthz      the only one that anybody may ask
//   POST /join         a join token ("Authorization: Bearer TOKEN") and {"node","csr"}:
//                      a certificate
//   POST /renew        {"csr"}: a certificate for the one presented
//   GET  /link         WebSocket: assignments down, reports up (link/link_wire.h)
//   GET  /stream/ID    WebSocket: one stream that the agent was asked for
//   POST /hooks/NAME   handed to on_hook, which checks it
//
// Anything else, and anybody without a certificate, is refused before a body is read. What tells
// of an attack is logged as "audit".
class LinkServer final : public AgentLink {
 public:
  // Serves when this returns. Unavailable when the address cannot be listened on. All given must
  // outlive it; `enrollment` is called from its thread too.
  static Result<std::unique_ptr<LinkServer>> Start(LinkServerOptions options, EventLoop* loop,
                                                   Enrollment* enrollment);
  // Closes every connection. Call it when the loop does not run, or on the loop.
  ~LinkServer() override;

  uint16_t port() const;

  void SetHandler(Handler handler) override;
  Status Send(const std::string& node, const Assignment& assignment) override;
  Status AskInventory(const std::string& node) override;
  StreamHandle OpenLogs(const std::string& node, const LogRequest& request, LogSink sink) override;
  std::shared_ptr<PodStream> OpenPodStream(const std::string& node, const PodStreamRequest& request,
                                           PodStreamSink sink) override;

  // Messages of the connections that are open now. Loop thread only.
  LinkTraffic Traffic() const;

  struct State;

 private:
  explicit LinkServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
