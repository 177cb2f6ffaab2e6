#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// What was handed to a socket and is not written yet. Any thread.
struct SocketBacklog {
  std::atomic<size_t> messages = 0;
  std::atomic<size_t> bytes = 0;
};

struct SocketLimits {
  int64_t handshake_ms = 10'000;
  int64_t silent_ms = 10'000;  // a peer that answers nothing for so long is gone; pinged meanwhile
  size_t max_message_bytes = 0;  // of one that comes; more closes the connection
};

// One WebSocket over TLS. All of it on its IoThread, which also calls the handler.
class LinkSocket {
 public:
  struct Handler {
    // Each one holds back the reading of more (kMaxUnhandled...) until Handled(its size).
    std::function<void(std::string_view message, bool binary)> on_message;
    std::function<void(const Status& why)> on_closed;  // once, last; also after Close
    std::function<void()> on_drained;                  // everything sent is written
  };
  virtual ~LinkSocket() = default;

  virtual void Start(Handler handler) = 0;
  virtual void Handled(size_t bytes) = 0;
  // The caller has counted it into `backlog()` already; here it is counted out.
  virtual void Send(std::string message, bool binary) = 0;
  // Writes what was sent before, and says goodbye; the peer has silent_ms for it.
  virtual void Close() = 0;
  // At once and without a word. on_closed says why.
  virtual void Abort(const Status& why) = 0;
  virtual const std::shared_ptr<SocketBacklog>& backlog() const = 0;
};

// Messages, and their bytes, that a peer's handler has not dealt with yet: then no more are read.
inline constexpr size_t kMaxUnhandledMessages = 16;
inline constexpr size_t kMaxUnhandledBytes = 1 << 20;

}  // namespace reconcile
