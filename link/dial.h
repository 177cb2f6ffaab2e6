#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "link/http_types.h"
#include "link/io_thread.h"
#include "link/link_socket.h"
#include "link/tls_context.h"

namespace reconcile {

// A controller to speak to. Nothing is said to it before `check` has accepted the certificates that
// it showed (PEM, its own first).
struct DialTarget {
  std::string host;
  uint16_t port = 0;
  TlsContext tls;
  std::function<Status(const std::string& chain_pem)> check;
  int64_t step_ms = 10'000;  // for each of: address and connection, TLS, answer
};

struct DialAnswer {
  int code = 0;                        // HTTP's
  std::string body;                    // at most kMaxDialAnswerBytes
  std::shared_ptr<LinkSocket> socket;  // when a WebSocket was asked for and granted
};
inline constexpr size_t kMaxDialAnswerBytes = 128 << 10;

using DialDone = std::function<void(Result<DialAnswer>)>;
using HttpFields = std::vector<std::pair<std::string, std::string>>;

// Both on `io`, which must outlive them, and call `done` there, once. Unavailable, saying which
// step failed, when there is no answer; an answer is what the controller says, refusals too.
void DialPost(const DialTarget& target, const std::string& path, const HttpFields& fields,
              const std::string& body, IoThread* io, DialDone done);
void DialSocket(const DialTarget& target, const std::string& path, const SocketLimits& limits,
                IoThread* io, DialDone done);

}  // namespace reconcile
