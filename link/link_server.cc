#include "link/link_server.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "base/random.h"
#include "link/local_link.h"
#include "link/server_connections.h"

namespace reconcile {
namespace {

// What may wait for one agent that reads slowly; beyond, only its newest assignment is kept.
constexpr size_t kMaxBacklogMessages = 64;
constexpr size_t kMaxBacklogBytes = 1 << 20;

bool IsFull(const SocketBacklog& backlog) {
  return backlog.messages >= kMaxBacklogMessages || backlog.bytes >= kMaxBacklogBytes;
}

}  // namespace

// The loop's half: all of it on the loop's thread.
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
    LogSink sink;
    ConnectionId connection = 0;  // 0: the agent has not dialed it yet
    size_t untaken_bytes = 0;
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
  void EndStream(const std::string& id, const Status& status);

  StreamHandle OpenLogs(const std::string& node, const LogRequest& request, LogSink sink);
  Status CheckRoom(const std::string& node) const;
  void CancelStream(const std::string& id);
  void TakenOfStream(const std::string& id, size_t bytes);

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

// ---- life ----

Result<uint16_t> LinkServer::State::Listen() {
  SystemRandom random;
  stream_prefix = std::to_string(random.Next()) + "-";
  ConnectionEvents events;
  events.on_agent = [this](const std::string& node, ConnectionId id, auto backlog) {
    PostToLoop([=](State* state) { state->OnAgent(node, id, backlog); });
  };
  events.on_agent_gone = [this](const std::string& node, ConnectionId id) {
    PostToLoop([=](State* state) { state->OnAgentGone(node, id); });
  };
  events.on_report = [this](ConnectionId id, size_t bytes, Report report) {
    PostToLoop([id, bytes, report = std::move(report)](State* state) {
      state->connections.Handled(id, bytes);
      state->OnReport(id, report);
    });
  };
  events.on_inventory = [this](ConnectionId id, size_t bytes, Inventory inventory) {
    PostToLoop([id, bytes, inventory = std::move(inventory)](State* state) {
      state->connections.Handled(id, bytes);
      state->OnInventory(id, inventory);
    });
  };
  events.on_resync = [this](ConnectionId id) {
    PostToLoop([id](State* state) { state->OnResync(id); });
  };
  events.on_drained = [this](ConnectionId id) {
    PostToLoop([id](State* state) { state->SendWaiting(id); });
  };
  events.on_stream = [this](const std::string& stream, ConnectionId id) {
    PostToLoop([=](State* state) { state->OnStream(stream, id); });
  };
  events.on_stream_bytes = [this](const std::string& stream, std::string text) {
    PostToLoop(
        [stream, text = std::move(text)](State* state) { state->OnStreamBytes(stream, text); });
  };
  events.on_stream_end = [this](const std::string& stream, Status status) {
    PostToLoop(
        [stream, status = std::move(status)](State* state) { state->EndStream(stream, status); });
  };
  events.on_hook = [this](LinkHttpRequest request, std::function<void(LinkHttpResponse)> answer) {
    PostToLoop([request = std::move(request), answer = std::move(answer)](State* state) {
      state->options.on_hook(request, answer);
    });
  };
  Result<uint16_t> listening = connections.Listen(std::move(events));
  if (!listening.ok()) return listening;
  port = *listening;
  io.Start();
  return listening;
}

LinkServer::LinkServer(std::shared_ptr<State> state) : state_(std::move(state)) {}

// On the loop or without it, so nobody else holds the state but for tasks that find it gone.
LinkServer::~LinkServer() {
  state_->io.Stop();
  state_->handler = {};
}

Result<std::unique_ptr<LinkServer>> LinkServer::Start(LinkServerOptions options, EventLoop* loop,
                                                      Enrollment* enrollment) {
  const auto state = std::make_shared<State>(std::move(options), loop, enrollment);
  const Result<uint16_t> port = state->Listen();
  if (!port.ok()) return port.status();
  return std::unique_ptr<LinkServer>(new LinkServer(state));
}

uint16_t LinkServer::port() const { return state_->port; }
void LinkServer::SetHandler(Handler handler) { state_->handler = std::move(handler); }

LinkTraffic LinkServer::Traffic() const {
  LinkTraffic traffic;
  for (const auto& [node, agent] : state_->agents) {
    ++traffic.connections;
    traffic.sent += agent.sent + (agent.waiting ? 1 : 0);
    traffic.received += agent.received;
  }
  for (const auto& [id, stream] : state_->streams) {
    ++(stream.connection == 0 ? traffic.opening : traffic.connections);
    traffic.sent += stream.sent;
    traffic.received += stream.received;
  }
  return traffic;
}

// ---- agents ----

LinkServer::State::Agent* LinkServer::State::FindAgent(ConnectionId connection) {
  for (auto& [node, agent] : agents) {
    if (agent.connection == connection) return &agent;
  }
  return nullptr;
}

void LinkServer::State::OnAgent(const std::string& name, ConnectionId connection,
                                std::shared_ptr<SocketBacklog> backlog) {
  Agent& agent = agents[name];
  agent = Agent();
  agent.connection = connection;
  agent.backlog = std::move(backlog);
  const auto on_connected = handler.on_connected;
  if (on_connected) on_connected(name);
}

void LinkServer::State::OnAgentGone(const std::string& node, ConnectionId connection) {
  const auto found = agents.find(node);
  if (found == agents.end() || found->second.connection != connection) return;
  agents.erase(found);
  std::vector<std::string> broken;
  for (const auto& [id, stream] : streams) {
    if (stream.node == node) broken.push_back(id);
  }
  for (const std::string& id : broken) {
    EndStream(id, UnavailableError("the connection to node " + node + " broke"));
  }
  const auto on_disconnected = handler.on_disconnected;
  if (on_disconnected) on_disconnected(node);
}

void LinkServer::State::OnReport(ConnectionId connection, const Report& report) {
  Agent* agent = FindAgent(connection);
  if (agent == nullptr) return;  // replaced meanwhile
  ++agent->received;
  const auto on_report = handler.on_report;
  if (on_report) on_report(report);
}

void LinkServer::State::OnInventory(ConnectionId connection, const Inventory& inventory) {
  Agent* agent = FindAgent(connection);
  if (agent == nullptr) return;
  ++agent->received;
  const auto on_inventory = handler.on_inventory;
  if (on_inventory) on_inventory(inventory);
}

void LinkServer::State::OnResync(ConnectionId connection) {
  Agent* agent = FindAgent(connection);
  if (agent == nullptr) return;
  ++agent->received;
  agent->assignments.Forget();
  if (!agent->last || agent->waiting) return;
  const Status sent = SendAssignment(agent, *agent->last);
  if (!sent.ok()) LogError("an assignment cannot be sent again", {{"why", sent.message()}});
}

void LinkServer::State::Send(Agent* agent, std::string message) {
  ++agent->backlog->messages;
  agent->backlog->bytes += message.size();
  ++agent->sent;
  connections.Send(agent->connection, std::move(message));
}

Status LinkServer::State::SendAssignment(Agent* agent, const Assignment& assignment) {
  if (agent->waiting || IsFull(*agent->backlog)) {
    // Level-triggered: who reads slowly gets the newest, not all of them. It must fit even so.
    const Result<std::string> text = WriteAssignment(assignment);
    if (!text.ok()) return text.status();
    agent->last = assignment;
    agent->waiting = true;
    // It may have drained just now.
    if (agent->backlog->messages == 0) SendWaiting(agent->connection);
    return OkStatus();
  }
  Result<std::string> text = agent->assignments.Write(assignment);
  if (!text.ok()) return text.status();
  agent->last = assignment;
  Send(agent, std::move(text).value());
  return OkStatus();
}

void LinkServer::State::SendWaiting(ConnectionId connection) {
  Agent* agent = FindAgent(connection);
  if (agent == nullptr || !agent->waiting) return;
  agent->waiting = false;
  Result<std::string> text = agent->assignments.Write(*agent->last);
  if (text.ok()) return Send(agent, std::move(text).value());
  LogError("an assignment cannot be sent", {{"why", text.status().message()}});
}

Status LinkServer::Send(const std::string& node, const Assignment& assignment) {
  const auto found = state_->agents.find(node);
  if (found == state_->agents.end()) {
    return UnavailableError("node " + node + " is not connected");
  }
  return state_->SendAssignment(&found->second, assignment);
}

Status LinkServer::AskInventory(const std::string& node) {
  const auto found = state_->agents.find(node);
  if (found == state_->agents.end()) {
    return UnavailableError("node " + node + " is not connected");
  }
  State::Agent& agent = found->second;
  if (agent.waiting || IsFull(*agent.backlog)) {
    return UnavailableError("node " + node + " reads slowly; ask again");
  }
  state_->Send(&agent, WriteBareMessage(link_type::kAskInventory));
  return OkStatus();
}

// ---- streams ----

StreamHandle LinkServer::OpenLogs(const std::string& node, const LogRequest& request,
                                  LogSink sink) {
  return state_->OpenLogs(node, request, std::move(sink));
}

Status LinkServer::State::CheckRoom(const std::string& node) const {
  const auto agent = agents.find(node);
  if (agent == agents.end()) return UnavailableError("node " + node + " is not connected");
  if (agent->second.waiting || IsFull(*agent->second.backlog)) {
    return UnavailableError("node " + node + " reads slowly; try again");
  }
  const auto open = std::count_if(streams.begin(), streams.end(),
                                  [&](const auto& entry) { return entry.second.node == node; });
  if (static_cast<size_t>(open) <= kMaxLogStreams) return OkStatus();  // with the one asked for
  return UnavailableError("more than " + std::to_string(kMaxLogStreams) +
                          " log streams are open to node " + node);
}

StreamHandle LinkServer::State::OpenLogs(const std::string& node, const LogRequest& request,
                                         LogSink sink) {
  const std::string id = stream_prefix + std::to_string(next_stream++);
  Stream& stream = streams[id];
  stream.node = node;
  stream.sink = std::move(sink);
  const Status refusal = CheckRoom(node);
  if (refusal.ok()) {
    connections.Expect(id, node);
    Send(&agents.at(node), WriteOpenLogs({id, request}));
    stream.open_timer = loop->After(options.stream_open_ms, [weak = weak_from_this(), id, node] {
      const auto state = weak.lock();
      if (state == nullptr) return;
      state->EndStream(id, UnavailableError("node " + node + " did not open the stream in time"));
    });
  } else {
    PostToLoop([id, refusal](State* state) { state->EndStream(id, refusal); });
  }
  const std::weak_ptr<State> weak = weak_from_this();
  return StreamHandle(
      [weak, id] {
        if (const auto state = weak.lock()) state->CancelStream(id);
      },
      [weak, id](size_t bytes) {
        if (const auto state = weak.lock()) state->TakenOfStream(id, bytes);
      });
}

void LinkServer::State::OnStream(const std::string& id, ConnectionId connection) {
  const auto found = streams.find(id);
  if (found == streams.end()) return connections.Close(connection);  // the reader has gone
  found->second.connection = connection;
  loop->Cancel(std::exchange(found->second.open_timer, 0));
}

void LinkServer::State::OnStreamBytes(const std::string& id, const std::string& bytes) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  Stream& stream = found->second;
  ++stream.received;
  connections.Handled(stream.connection, bytes.size());
  stream.untaken_bytes += bytes.size();
  if (bytes.size() > kMaxStreamFrameBytes || stream.untaken_bytes > kStreamWindowBytes) {
    AuditLink("closed a stream", "", stream.node, "it sent more than it may");
    return EndStream(
        id, InternalError("the agent on node " + stream.node + " sent more of a log than it may"));
  }
  const auto on_data = stream.sink.on_data;  // a copy: the sink may cancel
  if (on_data) on_data(bytes);
}

void LinkServer::State::EndStream(const std::string& id, const Status& status) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  const auto on_end = std::move(found->second.sink.on_end);
  CancelStream(id);
  if (on_end) on_end(status);
}

void LinkServer::State::CancelStream(const std::string& id) {
  const auto found = streams.find(id);
  if (found == streams.end()) return;
  loop->Cancel(found->second.open_timer);
  if (found->second.connection != 0) {
    connections.Close(found->second.connection);
  } else {
    connections.Forget(id);
  }
  streams.erase(found);
}

void LinkServer::State::TakenOfStream(const std::string& id, size_t bytes) {
  const auto found = streams.find(id);
  if (found == streams.end() || found->second.connection == 0) return;
  Stream& stream = found->second;
  const size_t taken = std::min(bytes, stream.untaken_bytes);
  if (taken == 0) return;
  stream.untaken_bytes -= taken;
  ++stream.sent;
  connections.SendSmall(stream.connection, WriteTaken(taken));
}

}  // namespace reconcile
