#include "sim/sim_link.h"

#include <algorithm>
#include <set>

namespace reconcile {
namespace {

constexpr int64_t kTravelMs = 2;
constexpr int64_t kRedialMs = 500;
constexpr int64_t kRedialJitterMs = 1'000;

}  // namespace

// One process's end: where what arrives is handed over.
struct ControllerPort {
  VirtualLoop* loop = nullptr;
  AgentLink::Handler handler;
};
struct AgentPort {
  VirtualLoop* loop = nullptr;
  ControllerLink::Handler handler;
};

struct SimNetwork::State : std::enable_shared_from_this<SimNetwork::State> {
  // A connection: what was sent on an older one never arrives.
  struct Connection {
    std::weak_ptr<AgentPort> agent;
    uint64_t number = 0;       // 0: not connected
    int64_t last_down_ms = 0;  // arrival of the newest message each way: order is kept
    int64_t last_up_ms = 0;
    bool cut = false;
  };

  State(VirtualTime* virtual_time, uint64_t seed)
      : time(virtual_time), wires(virtual_time), random(seed) {}

  bool Chance(int per_mille) { return random.Below(1000) < static_cast<uint64_t>(per_mille); }
  int64_t ArrivalMs(int64_t* last_ms, bool* delayed);
  void Dial(const std::string& node, int64_t delay_ms);
  void Connect(const std::string& node);
  void Break(const std::string& node);
  void Deliver(const std::string& node, int64_t* last_ms, std::function<void()> hand_over);
  void SendDown(const std::string& node, const Assignment& assignment);
  void SendUp(const std::string& node, const Report& report);
  void SendQuestion(const std::string& node);
  void SendInventory(const std::string& node, const Inventory& inventory);

  VirtualTime* time;
  VirtualLoop wires;
  SeededRandom random;
  LinkFaults faults;
  LinkCounts counts;
  uint64_t next_connection = 1;
  std::weak_ptr<ControllerPort> controller;
  std::map<std::string, Connection> connections;
};

int64_t SimNetwork::State::ArrivalMs(int64_t* last_ms, bool* delayed) {
  int64_t delay_ms = kTravelMs;
  *delayed = Chance(faults.delayed_per_mille);
  if (*delayed) {
    delay_ms += static_cast<int64_t>(random.Below(static_cast<uint64_t>(faults.max_delay_ms)));
  }
  *last_ms = std::max(*last_ms, time->now().mono.ms + delay_ms);
  return *last_ms;
}

void SimNetwork::State::Dial(const std::string& node, int64_t delay_ms) {
  wires.After(delay_ms, [this, node] { Connect(node); });
}

void SimNetwork::State::Connect(const std::string& node) {
  Connection& connection = connections[node];
  const auto agent = connection.agent.lock();
  if (agent == nullptr || connection.number != 0) return;
  const auto port = controller.lock();
  const bool possible = port != nullptr && port->handler.on_connected && !connection.cut &&
                        agent->handler.on_connected;
  if (!possible) {
    Dial(node, kRedialMs + static_cast<int64_t>(random.Below(kRedialJitterMs)));
    return;
  }
  connection.number = next_connection++;
  connection.last_down_ms = connection.last_up_ms = 0;
  port->loop->Post([port, node] {
    if (port->handler.on_connected) port->handler.on_connected(node);
  });
  agent->loop->Post([agent] {
    if (agent->handler.on_connected) agent->handler.on_connected();
  });
}

void SimNetwork::State::Break(const std::string& node) {
  Connection& connection = connections[node];
  if (connection.number == 0) return;
  connection.number = 0;
  if (const auto port = controller.lock()) {
    port->loop->Post([port, node] {
      if (port->handler.on_disconnected) port->handler.on_disconnected(node);
    });
  }
  Dial(node, kRedialMs + static_cast<int64_t>(random.Below(kRedialJitterMs)));
}

void SimNetwork::State::Deliver(const std::string& node, int64_t* last_ms,
                                std::function<void()> hand_over) {
  if (Chance(faults.lost_per_mille)) {
    ++counts.lost;
    Break(node);
    return;
  }
  const uint64_t number = connections[node].number;
  // Only what arrives counts: a connection that breaks takes what is under way with it.
  const auto arrive = [this, node, number, hand_over = std::move(hand_over)](int64_t* count) {
    if (connections[node].number != number) return;
    if (count != nullptr) ++*count;
    hand_over();
  };
  bool delayed = false;
  const int64_t arrival_ms = ArrivalMs(last_ms, &delayed);
  wires.At({arrival_ms}, [=, this] { arrive(delayed ? &counts.delayed : nullptr); });
  if (Chance(faults.repeated_per_mille)) {
    const int64_t again_ms = ArrivalMs(last_ms, &delayed);
    wires.At({again_ms}, [=, this] { arrive(&counts.repeated); });
  }
}

void SimNetwork::State::SendDown(const std::string& node, const Assignment& assignment) {
  const std::string bytes = WriteJson(EncodeAssignment(assignment));
  Connection& connection = connections[node];
  Deliver(node, &connection.last_down_ms, [weak = connection.agent, bytes] {
    const auto agent = weak.lock();
    if (agent == nullptr) return;
    agent->loop->Post([agent, bytes] {
      const Result<Value> value = ParseJson(bytes);
      CHECK(value.ok());
      Result<Assignment> decoded = DecodeAssignment(*value);
      CHECK(decoded.ok());
      if (agent->handler.on_assignment) agent->handler.on_assignment(*decoded);
    });
  });
}

void SimNetwork::State::SendUp(const std::string& node, const Report& report) {
  const std::string bytes = WriteJson(EncodeReport(report));
  Deliver(node, &connections[node].last_up_ms, [weak = controller, bytes] {
    const auto port = weak.lock();
    if (port == nullptr) return;
    port->loop->Post([port, bytes] {
      const Result<Value> value = ParseJson(bytes);
      CHECK(value.ok());
      const Result<Report> decoded = DecodeReport(*value);
      CHECK(decoded.ok());
      if (port->handler.on_report) port->handler.on_report(*decoded);
    });
  });
}

void SimNetwork::State::SendQuestion(const std::string& node) {
  Connection& connection = connections[node];
  Deliver(node, &connection.last_down_ms, [weak = connection.agent] {
    const auto agent = weak.lock();
    if (agent == nullptr) return;
    agent->loop->Post([agent] {
      if (agent->handler.on_inventory_asked) agent->handler.on_inventory_asked();
    });
  });
}

void SimNetwork::State::SendInventory(const std::string& node, const Inventory& inventory) {
  const std::string bytes = WriteJson(EncodeInventory(inventory));
  Deliver(node, &connections[node].last_up_ms, [weak = controller, bytes] {
    const auto port = weak.lock();
    if (port == nullptr) return;
    port->loop->Post([port, bytes] {
      const Result<Inventory> decoded = ReadInventory(bytes);
      CHECK(decoded.ok());
      if (port->handler.on_inventory) port->handler.on_inventory(*decoded);
    });
  });
}

class SimNetwork::ControllerEnd final : public AgentLink {
 public:
  ControllerEnd(State* state, VirtualLoop* loop)
      : state_(state), port_(std::make_shared<ControllerPort>()) {
    port_->loop = loop;
    state_->controller = port_;
  }
  ~ControllerEnd() override {
    port_->handler = {};
    state_->controller.reset();
    for (auto& [node, connection] : state_->connections) state_->Break(node);
  }
  void SetHandler(Handler handler) override { port_->handler = std::move(handler); }
  Status Send(const std::string& node, const Assignment& assignment) override {
    RETURN_IF_ERROR(CheckConnected(node));
    state_->SendDown(node, assignment);
    return OkStatus();
  }
  Status AskInventory(const std::string& node) override {
    RETURN_IF_ERROR(CheckConnected(node));
    state_->SendQuestion(node);
    return OkStatus();
  }
  StreamHandle OpenLogs(const std::string&, const LogRequest&, LogSink sink) override {
    port_->loop->Post([sink = std::move(sink)] {
      sink.on_end(UnavailableError("the simulated network carries no log streams"));
    });
    return StreamHandle();
  }

 private:
  Status CheckConnected(const std::string& node) {
    if (state_->connections[node].number != 0) return OkStatus();
    return UnavailableError("node " + node + " is not connected");
  }

  State* const state_;
  const std::shared_ptr<ControllerPort> port_;
};

class SimNetwork::AgentEnd final : public ControllerLink {
 public:
  AgentEnd(State* state, std::string node, VirtualLoop* loop)
      : state_(state), node_(std::move(node)), port_(std::make_shared<AgentPort>()) {
    port_->loop = loop;
    State::Connection& connection = state_->connections[node_];
    connection.agent = port_;
    connection.number = 0;
    state_->Dial(node_, kTravelMs);
  }
  ~AgentEnd() override {
    port_->handler = {};
    state_->connections[node_].agent.reset();
    state_->Break(node_);
  }
  void SetHandler(Handler handler) override { port_->handler = std::move(handler); }
  Status Send(const Report& report) override {
    RETURN_IF_ERROR(CheckConnected());
    state_->SendUp(node_, report);
    return OkStatus();
  }
  Status SendInventory(const Inventory& inventory) override {
    RETURN_IF_ERROR(CheckConnected());
    state_->SendInventory(node_, inventory);
    return OkStatus();
  }

 private:
  Status CheckConnected() {
    return state_->connections[node_].number != 0 ? OkStatus() : UnavailableError("not connected");
  }

  State* const state_;
  const std::string node_;
  const std::shared_ptr<AgentPort> port_;
};

SimNetwork::SimNetwork(VirtualTime* time, uint64_t seed)
    : state_(std::make_shared<State>(time, seed)) {}

SimNetwork::~SimNetwork() = default;

std::unique_ptr<AgentLink> SimNetwork::MakeControllerEnd(VirtualLoop* loop) {
  return std::make_unique<ControllerEnd>(state_.get(), loop);
}

std::unique_ptr<ControllerLink> SimNetwork::MakeAgentEnd(const std::string& node,
                                                         VirtualLoop* loop) {
  return std::make_unique<AgentEnd>(state_.get(), node, loop);
}

void SimNetwork::SetFaults(LinkFaults faults) { state_->faults = faults; }

bool SimNetwork::Cut(const std::string& node) {
  State::Connection& connection = state_->connections[node];
  const bool broke = connection.number != 0;
  connection.cut = true;
  state_->Break(node);
  return broke;
}

void SimNetwork::Mend(const std::string& node) { state_->connections[node].cut = false; }

const LinkCounts& SimNetwork::counts() const { return state_->counts; }

bool SimNetwork::AllConnected() const {
  return std::all_of(state_->connections.begin(), state_->connections.end(),
                     [](const auto& entry) { return entry.second.number != 0; });
}

}  // namespace reconcile
