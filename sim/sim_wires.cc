#include "sim/sim_wires.h"

#include <algorithm>

#include "sim/other_release.h"

namespace reconcile {
namespace {

constexpr int64_t kTravelMs = 2;
constexpr int64_t kFirstRedialMs = 500;
constexpr int64_t kMostRedialMs = 15'000;
constexpr size_t kMostWaiting = 4;  // in a line; then the newest of a kind takes an older's place
constexpr int64_t kFirstStaleMs = 200;
constexpr int64_t kMostStaleMs = 30'000;
constexpr size_t kMostRecent = 3;
constexpr int64_t kFastestSlowReadMs = 500;
constexpr int64_t kSlowestReadMs = 6'000;

}  // namespace

int64_t SimNetwork::State::Between(int64_t least_ms, int64_t most_ms) {
  return least_ms + static_cast<int64_t>(random.Below(static_cast<uint64_t>(most_ms - least_ms)));
}

// ---- connections ----

void SimNetwork::State::Dial(const std::string& node, int64_t delay_ms) {
  const uint64_t dial = ++hosts[node].dial;
  wires.After(delay_ms, [this, node, dial] {
    if (hosts[node].dial == dial) Connect(node);
  });
}

void SimNetwork::State::DialLater(const std::string& node) {
  const int failures = std::min(hosts[node].failed_dials++, 10);
  const int64_t most_ms = std::min(kMostRedialMs, kFirstRedialMs << failures);
  Dial(node, Between(most_ms / 2, most_ms + 1));
}

void SimNetwork::State::Connect(const std::string& node) {
  Host& host = hosts[node];
  const auto agent = host.agent.lock();
  if (agent == nullptr || host.agent_connection != 0) return;
  const auto port = controllers[host.address].lock();
  const bool possible = port != nullptr && port->handler.on_connected && !host.cut &&
                        host.down.closed == 0 && host.up.closed == 0 && agent->handler.on_connected;
  if (!possible) return DialLater(node);
  CloseControllerSide(node, false);
  host.failed_dials = 0;
  host.controller = port;
  host.agent_connection = host.controller_connection = next_connection++;
  for (Line* line : {&host.down, &host.up}) {
    line->last_ms = 0;
    line->waiting.clear();
  }
  port->loop->Post([port, node] {
    if (port->handler.on_connected) port->handler.on_connected(node);
  });
  agent->loop->Post([agent] {
    if (agent->handler.on_connected) agent->handler.on_connected();
  });
}

void SimNetwork::State::CloseControllerSide(const std::string& node, bool say) {
  Host& host = hosts[node];
  if (host.controller_connection == 0) return;
  if (say) Send(node, Way::kDown, What::kGoodbye, Value());
  host.controller_connection = 0;
  LeaveBehind(node, Way::kUp);
  if (const auto port = host.controller.lock()) {
    port->loop->Post([port, node] {
      if (port->handler.on_disconnected) port->handler.on_disconnected(node);
    });
  }
}

void SimNetwork::State::CloseAgentSide(const std::string& node, bool say) {
  Host& host = hosts[node];
  if (host.agent_connection == 0) return;
  if (say) Send(node, Way::kUp, What::kGoodbye, Value());
  host.agent_connection = 0;
  LeaveBehind(node, Way::kDown);
  DialLater(node);
}

void SimNetwork::State::Break(const std::string& node) {
  CloseControllerSide(node, false);
  CloseAgentSide(node, false);
}

// ---- messages ----

int64_t SimNetwork::State::ArrivalMs(Line* line, bool* delayed) {
  int64_t delay_ms = kTravelMs;
  *delayed = Chance(faults.delayed_per_mille);
  if (*delayed) delay_ms += Between(0, faults.max_delay_ms);
  line->last_ms = std::max(line->last_ms, time->now().mono.ms + delay_ms);
  return line->last_ms;
}

void SimNetwork::State::Send(const std::string& node, Way way, What what, Value value) {
  Host& host = hosts[node];
  if (what != What::kGoodbye && Chance(faults.lost_per_mille)) {
    ++counts.lost;
    return Break(node);
  }
  Message message{what, way, nullptr, 0, host.agent, host.controller};
  message.connection = way == Way::kUp ? host.agent_connection : host.controller_connection;
  const auto agent = host.agent.lock();
  const int newer = agent == nullptr ? 0 : way == Way::kUp ? agent->release : -agent->release;
  if (newer > 0) AddUnknownMembers(&value);
  if (newer < 0) LeaveOutEmptyMembers(&value);
  if (newer != 0 && what != What::kGoodbye) ++counts.other_release;
  message.text = std::make_shared<const std::string>(WriteJson(value));
  Line& line = host.line(way);
  if (what != What::kGoodbye) {
    line.recent.push_back(message);
    if (line.recent.size() > kMostRecent) line.recent.pop_front();
  }
  // Only what arrives counts: a connection that breaks takes what is under way with it.
  bool delayed = false;
  const int64_t arrival_ms = ArrivalMs(&line, &delayed);
  int64_t* count = delayed ? &counts.delayed : nullptr;
  wires.At({arrival_ms}, [=, this] { Arrive(node, message, count); });
  if (what == What::kGoodbye || !Chance(faults.repeated_per_mille)) return;
  wires.At({ArrivalMs(&line, &delayed)}, [=, this] { Arrive(node, message, &counts.repeated); });
}

void SimNetwork::State::Arrive(const std::string& node, const Message& message, int64_t* count) {
  Host& host = hosts[node];
  if (Receives(host, message.way) != message.connection) return Refuse(node, message);
  if (count != nullptr) ++*count;
  Line& line = host.line(message.way);
  if (line.closed == 0 && !line.slow && line.waiting.empty()) return HandOver(node, message);
  ++(line.closed != 0 ? counts.stuck : counts.read_late);
  Wait(&line, message);
}

void SimNetwork::State::Refuse(const std::string& node, const Message& message) {
  Host& host = hosts[node];
  if (message.way == Way::kUp && host.agent_connection == message.connection &&
      host.down.closed == 0) {
    CloseAgentSide(node, false);
  }
  if (message.way == Way::kDown && host.controller_connection == message.connection &&
      host.up.closed == 0) {
    CloseControllerSide(node, false);
  }
}

void SimNetwork::State::Wait(Line* line, const Message& message) {
  if (line->waiting.size() >= kMostWaiting) {
    const auto older =
        std::find_if(line->waiting.rbegin(), line->waiting.rend(),
                     [&](const Message& waiting) { return waiting.what == message.what; });
    if (older != line->waiting.rend()) {
      line->waiting.erase(std::next(older).base());
      ++counts.superseded;
    }
  }
  line->waiting.push_back(message);
}

void SimNetwork::State::ReadOneByOne(const std::string& node, Way way, uint64_t reading) {
  Line& line = hosts[node].line(way);
  if (!line.slow || line.readings != reading) return;
  if (line.closed == 0 && !line.waiting.empty()) {
    const Message message = line.waiting.front();
    line.waiting.pop_front();
    HandOver(node, message);
  }
  wires.After(Between(kFastestSlowReadMs, kSlowestReadMs),
              [=, this] { ReadOneByOne(node, way, reading); });
}

void SimNetwork::State::ReadAll(const std::string& node, Way way) {
  Line& line = hosts[node].line(way);
  if (line.slow || line.closed != 0) return;
  const std::deque<Message> waiting = std::move(line.waiting);
  line.waiting.clear();
  for (const Message& message : waiting) HandOver(node, message);
}

void SimNetwork::State::LeaveBehind(const std::string& node, Way way) {
  Line& line = hosts[node].line(way);
  for (const Message& message : line.recent) {
    if (!Chance(faults.stale_per_mille)) continue;
    wires.After(Between(kFirstStaleMs, kMostStaleMs), [=, this] { ArriveStale(node, message); });
  }
  line.recent.clear();
}

// It reaches the process for which it was meant, if that has another connection by now.
void SimNetwork::State::ArriveStale(const std::string& node, const Message& message) {
  Host& host = hosts[node];
  const uint64_t connection = Receives(host, message.way);
  if (connection == 0 || connection == message.connection) return;
  const auto agent = message.agent.lock();
  const bool same_agent = agent != nullptr && agent == host.agent.lock();
  if (message.way == Way::kDown) {
    if (!same_agent) return;
    counts.stale_assignments += message.what == What::kAssignment ? 1 : 0;
    return HandDown(agent, message);
  }
  const auto controller = message.controller.lock();
  if (controller == nullptr || controller != host.controller.lock()) return;
  if (message.what == What::kReport) {
    ++counts.stale_reports;
    if (!same_agent) ++counts.reports_of_older_starts;
  }
  HandUp(controller, message);
}

void SimNetwork::State::HandOver(const std::string& node, const Message& message) {
  Host& host = hosts[node];
  if (Receives(host, message.way) != message.connection) return;
  if (message.what == What::kGoodbye) {
    return message.way == Way::kDown ? CloseAgentSide(node, false)
                                     : CloseControllerSide(node, false);
  }
  if (message.way == Way::kDown) {
    if (const auto agent = host.agent.lock()) HandDown(agent, message);
  } else if (const auto controller = host.controller.lock()) {
    HandUp(controller, message);
  }
}

void SimNetwork::State::HandDown(const std::shared_ptr<SimAgentPort>& port,
                                 const Message& message) {
  port->loop->Post([port, message] {
    if (message.what == What::kQuestion) {
      if (port->handler.on_inventory_asked) port->handler.on_inventory_asked();
      return;
    }
    const Result<Assignment> assignment = ReadAssignment(*message.text);
    CHECK(assignment.ok());
    if (port->handler.on_assignment) port->handler.on_assignment(*assignment);
  });
}

void SimNetwork::State::HandUp(const std::shared_ptr<SimControllerPort>& port,
                               const Message& message) {
  port->loop->Post([this, port, message] {
    if (message.what == What::kInventory) {
      const Result<Inventory> inventory = ReadInventory(*message.text);
      CHECK(inventory.ok());
      if (port->handler.on_inventory) port->handler.on_inventory(*inventory);
      return;
    }
    const Result<Report> report = ReadReport(*message.text);
    CHECK(report.ok());
    if (!port->handler.on_report) return;
    port->handler.on_report(*report);
    if (observer.on_arrived) observer.on_arrived(port->address, *report);
  });
}

}  // namespace reconcile
