#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace reconcile {

// What a WebSocket that a client opened is for. Sessions know nothing of sockets: routes make them,
// adapters feed them. All of it on the loop's thread.

// The longest message that a session is given; a client that sends more is cut off.
inline constexpr size_t kMaxSocketMessageBytes = 1 << 20;

// The session's way to its client.
class SessionPeer {
 public:
  virtual ~SessionPeer() = default;
  // A binary message. `written`, which may be empty, is called once the client's connection has
  // taken it, never inside this; not when the connection ends first.
  virtual void Send(std::string message, std::function<void()> written) = 0;
  // Ends the connection in good order once everything sent is written.
  virtual void Close() = 0;
};

class SocketSession {
 public:
  // The client has gone, or may stay no longer: ends what the session began, and says no more.
  virtual ~SocketSession() = default;
  // As long as `hold` is kept, the message counts against what is read of this client: a session
  // keeps it with whatever it has not passed on yet.
  virtual void OnMessage(std::string_view message, std::shared_ptr<void> hold) = 0;
};

// That a request becomes a session.
struct SocketUpgrade {
  std::string subprotocol;  // of those that the client offers
  // Called once, on the loop. The peer outlives the session.
  std::function<std::shared_ptr<SocketSession>(SessionPeer*)> start;
};

}  // namespace reconcile
