#include "sim/sim_link.h"

#include <algorithm>

#include "sim/sim_wires.h"

namespace reconcile {
namespace {

constexpr int64_t kFirstDialMs = 2;
constexpr int64_t kSilenceMs = 15'000;  // then a side takes its connection for dead
constexpr int64_t kSilenceJitterMs = 5'000;

}  // namespace

namespace {

class EndedStream final : public PodStream {
 public:
  void Write(std::string_view) override {}
  void CloseInput() override {}
  void Resize(uint16_t, uint16_t) override {}
  void Taken(size_t) override {}
  void Cancel() override {}
};

}  // namespace

class SimNetwork::ControllerEnd final : public AgentLink {
 public:
  ControllerEnd(State* state, VirtualLoop* loop, const std::string& address)
      : state_(state), port_(std::make_shared<SimControllerPort>()) {
    port_->loop = loop;
    port_->address = address;
    state_->controllers[address] = port_;
  }
  ~ControllerEnd() override {
    port_->handler = {};
    for (auto& [node, host] : state_->hosts) {
      if (host.controller.lock() != port_) continue;
      host.controller_connection = 0;
      if (host.down.closed == 0) state_->CloseAgentSide(node, false);
    }
  }
  void SetHandler(Handler handler) override { port_->handler = std::move(handler); }
  Status Send(const std::string& node, const Assignment& assignment) override {
    RETURN_IF_ERROR(CheckConnected(node));
    state_->Send(node, Way::kDown, State::What::kAssignment, EncodeAssignment(assignment));
    return OkStatus();
  }
  Status AskInventory(const std::string& node) override {
    RETURN_IF_ERROR(CheckConnected(node));
    state_->Send(node, Way::kDown, State::What::kQuestion, Value());
    return OkStatus();
  }
  StreamHandle OpenLogs(const std::string&, const LogRequest&, LogSink sink) override {
    port_->loop->Post([sink = std::move(sink)] {
      sink.on_end(UnavailableError("the simulated network carries no log streams"));
    });
    return StreamHandle();
  }
  std::shared_ptr<PodStream> OpenPodStream(const std::string&, const PodStreamRequest&,
                                           PodStreamSink sink) override {
    port_->loop->Post([sink = std::move(sink)] {
      sink.on_end({UnavailableError("the simulated network carries no streams"), std::nullopt});
    });
    return std::make_shared<EndedStream>();
  }

 private:
  Status CheckConnected(const std::string& node) const {
    const State::Host& host = state_->hosts[node];
    if (host.controller_connection != 0 && host.controller.lock() == port_) return OkStatus();
    return UnavailableError("node " + node + " is not connected");
  }

  State* const state_;
  const std::shared_ptr<SimControllerPort> port_;
};

class SimNetwork::AgentEnd final : public ControllerLink {
 public:
  AgentEnd(State* state, std::string node, VirtualLoop* loop)
      : state_(state), node_(std::move(node)), port_(std::make_shared<SimAgentPort>()) {
    port_->loop = loop;
    if (state_->Chance(2 * state_->faults.other_release_per_mille)) {
      port_->release = state_->random.Below(2) == 0 ? 1 : -1;
    }
    State::Host& host = state_->hosts[node_];
    if (host.release) port_->release = *host.release;
    host.agent = port_;
    host.agent_connection = 0;
    host.failed_dials = 0;
    state_->Dial(node_, kFirstDialMs);
  }
  ~AgentEnd() override {
    port_->handler = {};
    State::Host& host = state_->hosts[node_];
    host.agent.reset();
    host.agent_connection = 0;
    if (host.up.closed == 0) state_->CloseControllerSide(node_, false);
  }
  void SetHandler(Handler handler) override { port_->handler = std::move(handler); }
  Status Send(const Report& report) override {
    RETURN_IF_ERROR(CheckConnected());
    if (state_->observer.on_sent) state_->observer.on_sent(report);
    state_->Send(node_, Way::kUp, State::What::kReport, EncodeReport(report));
    return OkStatus();
  }
  Status SendInventory(const Inventory& inventory) override {
    RETURN_IF_ERROR(CheckConnected());
    state_->Send(node_, Way::kUp, State::What::kInventory, EncodeInventory(inventory));
    return OkStatus();
  }

 private:
  Status CheckConnected() const {
    if (state_->hosts[node_].agent_connection != 0) return OkStatus();
    return UnavailableError("not connected");
  }

  State* const state_;
  const std::string node_;
  const std::shared_ptr<SimAgentPort> port_;
};

SimNetwork::SimNetwork(VirtualTime* time, uint64_t seed)
    : state_(std::make_shared<State>(time, seed)) {}

SimNetwork::~SimNetwork() = default;

void SimNetwork::SetObserver(Observer observer) { state_->observer = std::move(observer); }

std::unique_ptr<AgentLink> SimNetwork::MakeControllerEnd(VirtualLoop* loop,
                                                         const std::string& address) {
  return std::make_unique<ControllerEnd>(state_.get(), loop, address);
}

std::unique_ptr<ControllerLink> SimNetwork::MakeAgentEnd(const std::string& node,
                                                         VirtualLoop* loop) {
  return std::make_unique<AgentEnd>(state_.get(), node, loop);
}

void SimNetwork::SetFaults(LinkFaults faults) { state_->faults = faults; }

bool SimNetwork::Cut(const std::string& node) {
  State::Host& host = state_->hosts[node];
  const bool broke = host.agent_connection != 0;
  host.cut = true;
  state_->Break(node);
  return broke;
}

void SimNetwork::Mend(const std::string& node) { state_->hosts[node].cut = false; }

bool SimNetwork::Close(const std::string& node, Way way) {
  State::Line& line = state_->hosts[node].line(way);
  if (line.closed++ > 0) return false;
  const uint64_t closing = ++line.closings;
  const uint64_t connection = State::Receives(state_->hosts[node], way);
  if (connection == 0) return false;
  const int64_t notice_ms = state_->Between(kSilenceMs, kSilenceMs + kSilenceJitterMs);
  state_->wires.After(notice_ms, [state = state_.get(), node, way, closing, connection] {
    const State::Host& host = state->hosts[node];
    const State::Line& closed = way == Way::kDown ? host.down : host.up;
    const bool still = closed.closed > 0 && closed.closings == closing;
    if (!still || State::Receives(host, way) != connection) return;  // it heard, or it ended
    if (way == Way::kDown) {
      state->CloseAgentSide(node, true);
    } else {
      state->CloseControllerSide(node, true);
    }
  });
  return true;
}

void SimNetwork::Open(const std::string& node, Way way) {
  State::Line& line = state_->hosts[node].line(way);
  CHECK(line.closed > 0);
  if (--line.closed == 0) state_->ReadAll(node, way);
}

bool SimNetwork::SetSlowReader(const std::string& node, Way way, bool slow) {
  State::Line& line = state_->hosts[node].line(way);
  if (line.slow == slow) return false;
  line.slow = slow;
  const uint64_t reading = ++line.readings;
  if (slow) {
    state_->ReadOneByOne(node, way, reading);
  } else {
    state_->ReadAll(node, way);
  }
  return true;
}

void SimNetwork::SetRelease(const std::string& node, int release) {
  State::Host& host = state_->hosts[node];
  host.release = release;
  if (const auto agent = host.agent.lock()) agent->release = release;
}

bool SimNetwork::LeadTo(const std::string& node, const std::string& address) {
  State::Host& host = state_->hosts[node];
  if (host.address == address) return false;
  host.address = address;
  state_->Break(node);
  return true;
}

const LinkCounts& SimNetwork::counts() const { return state_->counts; }

bool SimNetwork::AllConnected() const {
  return std::all_of(state_->hosts.begin(), state_->hosts.end(), [](const auto& entry) {
    const State::Host& host = entry.second;
    return host.agent_connection != 0 && host.agent_connection == host.controller_connection &&
           host.address == kControllerAddress;
  });
}

}  // namespace reconcile
