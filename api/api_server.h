#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/api_sockets.h"
#include "api/http.h"
#include "base/event_loop.h"
#include "base/status.h"

namespace reconcile {

class Enrollment;
class UserRegistry;

inline constexpr uint16_t kDefaultApiPort = 6443;

// Limits of what may come from outside, settable for the tests that reach them.
struct ApiServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = kDefaultApiPort;  // 0: any free one
  std::vector<std::string> names;   // of the server's certificate: host names and addresses

  size_t max_connections = 4096;          // open at once; more are closed
  size_t max_strangers = 1024;            // of these: nobody has said yet who it is
  size_t max_strangers_of_address = 512;  // of these
  size_t max_connections_of_user = 2048;  // more is 429
  size_t max_head_bytes = 32 << 10;       // more is 431
  size_t max_body_bytes = 3 << 20;        // more is 413 (what etcd's users are used to)
  size_t max_bodies_bytes = 64 << 20;     // that are being read or worked on; then 429
  size_t max_unread_bytes = 4 << 20;      // of a stream without credits; then its reader is cut off
  int max_refusals_per_minute = 20;       // of one address; then 429
  int64_t requests_per_second = 1000;     // of one user, on the average; then 429
  int64_t requests_at_once = 2000;

  int64_t step_ms = 10'000;       // for the handshake, a head, a body: each
  int64_t idle_ms = 90'000;       // between the requests of a user
  int64_t answer_ms = 60'000;     // for the handler; then 504
  int64_t first_word_ms = 2'000;  // a stream's head waits so long for what an error would change
  int64_t write_ms = 30'000;      // for a reader to take one write
  int64_t patient_ms = 600'000;   // the same, of a stream with credits: a person reads the log
  int64_t recheck_ms = 20'000;    // identities of open streams, and the server's own certificate
  // A client of a WebSocket that is silent for so long, pings too, is gone; so is one whose input
  // nobody has taken any of for so long.
  int64_t socket_silent_ms = 90'000;
  ApiSocketLimits sockets;

  // For metrics, on the sockets' thread. `on_request`: a request's head was read; what it returns
  // is told, once, the code that it is answered with, refused ones too. Null: nobody is told.
  using OnAnswer = std::function<void(const ApiRequest&, int code)>;
  std::function<OnAnswer()> on_request = {};
  std::function<void()> on_cut_off = {};  // a stream's reader was too slow
};

// Serves the API over TLS 1.3 to whoever has an identity of this cluster: HTTP/1.1, connections
// kept alive, one request after the other. One thread of its own does the sockets; `handler` runs
// on `loop`, with ApiRequest::user set. /healthz, /livez and /readyz answer everybody.
//
// A request that its handler makes a session of becomes a WebSocket; more than its limits are 429.
//
// Who has no identity, or one that does not hold, is refused before a body is read. Streams come in
// chunks, never compressed; a reader that takes too little is cut off.
class ApiServer {
 public:
  using Handler = std::function<ApiResponse(const ApiRequest&)>;
  // Serves when this returns. Unavailable when the address cannot be listened on. All given must
  // outlive it.
  static Result<std::unique_ptr<ApiServer>> Start(const ApiServerOptions& options, EventLoop* loop,
                                                  Enrollment* enrollment, UserRegistry* users,
                                                  Handler handler);
  // Closes every connection. Streams end on the loop, which must still come to it.
  ~ApiServer();

  uint16_t port() const;

  struct State;

 private:
  explicit ApiServer(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
