#include "link/link_server.h"

#include "base/log.h"
#include "base/random.h"
#include "link/server_state.h"

namespace reconcile {
namespace {

constexpr size_t kMaxBacklogMessages = 64;
constexpr size_t kMaxBacklogBytes = 1 << 20;

}  // namespace

bool LinkServer::State::IsFull(const SocketBacklog& backlog) {
  return backlog.messages >= kMaxBacklogMessages || backlog.bytes >= kMaxBacklogBytes;
}

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
  events.on_stream_message = [this](const std::string& stream, LinkMessage message) {
    PostToLoop([stream, message = std::move(message)](State* state) {
      state->OnStreamMessage(stream, message);
    });
  };
  events.on_stream_end = [this](const std::string& stream, PodStreamEnd end) {
    PostToLoop([stream, end = std::move(end)](State* state) { state->EndStream(stream, end); });
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
    EndStream(id, {UnavailableError("the connection to node " + node + " broke"), std::nullopt});
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
  if (agent.waiting || State::IsFull(*agent.backlog)) {
    return UnavailableError("node " + node + " reads slowly; ask again");
  }
  state_->Send(&agent, WriteBareMessage(link_type::kAskInventory));
  return OkStatus();
}

}  // namespace reconcile
