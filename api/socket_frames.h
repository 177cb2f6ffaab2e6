#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "api/socket_session.h"
#include "base/status.h"

namespace reconcile {

// The messages of a session on the local socket, where no WebSocket is needed: after an HTTP
// request with this `Upgrade` and its answer 101, both sides send messages, each after its length
// (4 bytes, big endian). What they say is what a WebSocket's would (api/socket_session.h).
inline constexpr std::string_view kSocketFramesUpgrade = "reconcile-messages";

std::string SocketFrameHead(size_t message_bytes);

// Takes messages apart, however the bytes arrive.
class SocketFrameReader {
 public:
  // Invalid when a message is longer than kMaxSocketMessageBytes: nothing can be read after that.
  Status Feed(std::string_view bytes, const std::function<void(std::string_view)>& on_message);

 private:
  std::string rest_;
};

}  // namespace reconcile
