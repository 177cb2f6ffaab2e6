#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "link/link_server.h"
#include "link/server_connections.h"

namespace reconcile {

// The loop's half of a LinkServer: all of it on the loop's thread.
struct LinkServer::State : std::enable_shared_from_this<LinkServer::State> {
  State(LinkServerOptions server_options, EventLoop* controller_loop, Enrollment* enrollment)
      : options(std::move(server_options)),
        loop(controller_loop),
        connections(options, enrollment, &io) {}
  ~State() { io.Stop(); }

  // A welcomed agent.
  struct Agent {
    ConnectionId connection = 0;
    std::shared_ptr<SocketBacklog> backlog;
    DeltaSender<Assignment> assignments;
    std::optional<Assignment> last;  // as handed in: to be sent again when it lost track
    bool waiting = false;            // `last` is not sent yet: it reads slowly
    uint64_t sent = 0;
    uint64_t received = 0;
  };
  struct Stream {
    std::string node;
    bool is_log = false;  // its frames have no channel, and nothing is written into it
    PodStreamSink sink;
    ConnectionId connection = 0;     // 0: the agent has not dialed it yet
    size_t untaken_bytes = 0;        // of the output
    size_t untaken_input_bytes = 0;  // written, and not passed on by the agent yet
    std::string early_input;         // written before it was dialed
    bool input_closed = false;
    std::optional<TerminalSize> next_size;  // not sent yet
    bool size_under_way = false;
    TimerId open_timer = 0;
    uint64_t sent = 0;
    uint64_t received = 0;
  };

  Result<uint16_t> Listen();
  // Runs `task` on the loop, if this is still there.
  template <typename Task>
  void PostToLoop(Task task) {
    loop->Post([weak = weak_from_this(), task = std::move(task)]() mutable {
      if (const auto state = weak.lock()) task(state.get());
    });
  }
  // Whether as much waits for an agent that reads slowly as may: beyond, only its newest assignment
  // is kept.
  static bool IsFull(const SocketBacklog& backlog);
  Agent* FindAgent(ConnectionId connection);
  void Send(Agent* agent, std::string message);
  Status SendAssignment(Agent* agent, const Assignment& assignment);
  void SendWaiting(ConnectionId connection);

  void OnAgent(const std::string& name, ConnectionId connection,
               std::shared_ptr<SocketBacklog> backlog);
  void OnAgentGone(const std::string& node, ConnectionId connection);
  void OnReport(ConnectionId connection, const Report& report);
  void OnInventory(ConnectionId connection, const Inventory& inventory);
  void OnResync(ConnectionId connection);
  void OnStream(const std::string& id, ConnectionId connection);
  void OnStreamBytes(const std::string& id, const std::string& bytes);
  void OnStreamMessage(const std::string& id, const LinkMessage& message);
  void EndStream(const std::string& id, const PodStreamEnd& end);

  // server_streams.cc; `ask` writes the message that asks the agent for the stream of an id.
  class ServerStream;
  std::shared_ptr<PodStream> OpenStream(const std::string& node, Stream stream,
                                        const Status& checked,
                                        const std::function<std::string(const std::string&)>& ask);
  Status CheckRoom(const std::string& node) const;
  void CancelStream(const std::string& id);
  void TakenOfStream(const std::string& id, size_t bytes);
  void WriteToStream(const std::string& id, std::string_view bytes);
  void SendInput(Stream* stream, std::string_view bytes);
  void CloseInputOfStream(const std::string& id);
  void SendClosed(Stream* stream);
  void ResizeStream(const std::string& id, const TerminalSize& size);
  void SendSize(Stream* stream);

  const LinkServerOptions options;
  EventLoop* const loop;
  Handler handler;
  std::map<std::string, Agent> agents;    // by node
  std::map<std::string, Stream> streams;  // by id
  std::string stream_prefix;              // of this start: an id of an earlier one is unknown
  uint64_t next_stream = 1;
  uint16_t port = 0;
  IoThread io;
  ServerConnections connections;
};

}  // namespace reconcile
