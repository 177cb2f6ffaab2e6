#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "link/certificates.h"
#include "link/http_types.h"
#include "link/io_thread.h"
#include "link/link_socket.h"
#include "link/tls_context.h"

namespace reconcile {

// What is known of a request before its body is read.
struct HttpHead {
  LinkHttpRequest request;  // without a body
  bool wants_socket = false;
  std::string chain_pem;                // what the client showed as its certificate; empty for none
  std::optional<PeerCertificate> peer;  // the handler's: what it made of that
  std::shared_ptr<void> hold;           // the handler's: kept as long as the request is
};

// What to do with it.
struct HttpVerdict {
  enum class Do { kAnswer, kReadBody, kOpenSocket };
  Do what = Do::kAnswer;
  LinkHttpResponse answer;    // for kAnswer
  size_t max_body_bytes = 0;  // for kReadBody; more is 413
  SocketLimits socket;        // for kOpenSocket
};
inline HttpVerdict Answer(int code, std::string body) {
  return {HttpVerdict::Do::kAnswer, {code, "text/plain", std::move(body) + "\n"}, 0, {}};
}

struct HttpServerOptions {
  std::string address;
  uint16_t port = 0;
  int64_t step_ms = 10'000;  // for the handshake, the head, the body, the answer: each
  size_t max_header_bytes = 0;
};

// Decides about requests. Called on the server's IoThread.
class HttpServerHandler {
 public:
  virtual ~HttpServerHandler() = default;
  // Whether a connection from there may be made at all. What it returns is held for as long as the
  // connection is open; nullptr closes it at once.
  virtual std::shared_ptr<void> OnConnection(const std::string& remote_address) = 0;
  virtual TlsContext Tls() = 0;  // for the next handshake
  virtual HttpVerdict OnHead(HttpHead* head) = 0;
  // A request that cannot be read or is too large; it is answered with `code` (0: not at all).
  virtual void OnBadRequest(const std::string& remote_address, int code,
                            const std::string& why) = 0;
  // `answer` may be called from any thread, once; an answer that takes longer than step_ms is 503.
  virtual void OnBody(HttpHead head, std::function<void(LinkHttpResponse)> answer) = 0;
  virtual void OnSocket(HttpHead head, std::shared_ptr<void> connection,
                        std::shared_ptr<LinkSocket> socket) = 0;
};

// HTTP/1.1 over TLS for one request a connection, on `io`. Both must outlive what it begins.
// Unavailable when the address cannot be listened on. Returns the port.
Result<uint16_t> ListenHttp(const HttpServerOptions& options, HttpServerHandler* handler,
                            IoThread* io);

}  // namespace reconcile
