#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "link/delta_channel.h"
#include "link/dial.h"
#include "link/link_wire.h"

namespace reconcile {

using ConnectionId = uint64_t;  // chosen by the caller; never 0, never used again

// What a LinkDialer's sockets bring. Called on the IoThread.
struct DialerEvents {
  // A control connection was welcomed, or a stream is open.
  std::function<void(ConnectionId, std::shared_ptr<SocketBacklog>)> on_up;
  // It could not be opened (`code` is HTTP's when the controller answered), or it ended.
  std::function<void(ConnectionId, int code, Status why)> on_down;
  // `bytes` are to be Handled().
  std::function<void(ConnectionId, size_t bytes, Assignment)> on_assignment;
  std::function<void(ConnectionId, size_t bytes, LinkMessage)> on_message;  // everything else
  std::function<void(ConnectionId, std::string frame)> on_frame;  // binary: its bytes likewise
};

// The sockets of a LinkDialer. Its functions may be called from any thread; their work is done on
// the IoThread.
class DialerConnections {
 public:
  // Both must outlive it. `events` are set before anything is opened.
  explicit DialerConnections(IoThread* io) : io_(io) {}
  void SetEvents(DialerEvents events) { events_ = std::move(events); }

  // Dials, says hello as `node`, and waits to be welcomed.
  void OpenControl(ConnectionId id, const DialTarget& target, const SocketLimits& limits,
                   const std::string& node);
  void OpenStream(ConnectionId id, const DialTarget& target, const SocketLimits& limits,
                  const std::string& stream);
  // What is sent before it is open follows then. Counted into the backlog here.
  void Send(ConnectionId id, std::string message, bool binary);
  void Handled(ConnectionId id, size_t bytes);
  void Finish(ConnectionId id);  // once everything is sent
  void Drop(ConnectionId id);    // at once; on_down is not called

 private:
  struct Connection {
    std::string node;  // of a control connection
    std::shared_ptr<LinkSocket> socket;
    std::vector<std::pair<std::string, bool>> early;  // sent before it was open
    bool finished = false;
    bool greeted = false;  // welcomed; a stream needs no welcome
    TimerId welcome_timer = 0;
    Status refused;  // as the controller said
    DeltaReceiver<Assignment> assignments;
  };

  void Open(ConnectionId id, Connection connection, const DialTarget& target,
            const SocketLimits& limits, const std::string& path);
  void OnDialed(ConnectionId id, int64_t step_ms, const Result<DialAnswer>& answer);
  void OnMessage(ConnectionId id, std::string_view text, bool binary);
  void OnWelcome(ConnectionId id, Connection* connection, const LinkMessage& message);
  void OnAssignment(ConnectionId id, Connection* connection, const LinkMessage& message,
                    size_t bytes);
  void SendNow(Connection* connection, std::string message, bool binary);
  void Down(ConnectionId id, int code, const Status& why);

  IoThread* const io_;
  DialerEvents events_;
  std::map<ConnectionId, Connection> connections_;  // the IoThread's
};

}  // namespace reconcile
