#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "sim/sim_link.h"

namespace reconcile {

// One process's end: where what arrives is handed over.
struct SimControllerPort {
  VirtualLoop* loop = nullptr;
  std::string address;
  AgentLink::Handler handler;
};
struct SimAgentPort {
  VirtualLoop* loop = nullptr;
  int release = 0;  // 1: the next one, -1: the last one
  ControllerLink::Handler handler;
};

// What SimNetwork is: connections, and messages on their way.
struct SimNetwork::State {
  enum class What { kAssignment, kQuestion, kReport, kInventory, kGoodbye };
  struct Message {
    What what = What::kGoodbye;
    Way way = Way::kDown;
    std::shared_ptr<const std::string> text;
    uint64_t connection = 0;
    std::weak_ptr<SimAgentPort> agent;  // the processes between which it travels
    std::weak_ptr<SimControllerPort> controller;
  };
  // One way of a connection.
  struct Line {
    int64_t last_ms = 0;  // arrival of the newest message: order is kept
    int closed = 0;       // by so many faults
    uint64_t closings = 0;
    bool slow = false;
    uint64_t readings = 0;        // the newest slow reader
    std::deque<Message> waiting;  // they cannot pass, or are not read yet
    std::deque<Message> recent;   // some may arrive again, over a later connection
  };
  // Each side has its own mind about whether there is a connection: the number of the one that it
  // knows, or 0.
  struct Host {
    std::weak_ptr<SimAgentPort> agent;
    std::string address = std::string(kControllerAddress);  // whom it dials
    std::weak_ptr<SimControllerPort> controller;            // whom its connection reached
    uint64_t agent_connection = 0;
    uint64_t controller_connection = 0;
    std::optional<int> release;  // of every agent of it; none: by chance
    bool cut = false;
    uint64_t dial = 0;  // the newest try
    int failed_dials = 0;
    Line down;
    Line up;
    Line& line(Way way) { return way == Way::kDown ? down : up; }
  };

  State(VirtualTime* virtual_time, uint64_t seed)
      : time(virtual_time), wires(virtual_time), random(seed) {}

  bool Chance(int per_mille) { return random.Below(1000) < static_cast<uint64_t>(per_mille); }
  int64_t Between(int64_t least_ms, int64_t most_ms);
  static uint64_t Receives(const Host& host, Way way) {
    return way == Way::kDown ? host.agent_connection : host.controller_connection;
  }

  void Dial(const std::string& node, int64_t delay_ms);
  void DialLater(const std::string& node);
  void Connect(const std::string& node);
  // Both sides learn of it at once.
  void Break(const std::string& node);
  // One side takes the connection for dead; `say`: and tells the other, if that can be told.
  void CloseAgentSide(const std::string& node, bool say);
  void CloseControllerSide(const std::string& node, bool say);

  void Send(const std::string& node, Way way, What what, Value value);
  int64_t ArrivalMs(Line* line, bool* delayed);
  void Arrive(const std::string& node, const Message& message, int64_t* count);
  // Its receiver does not know the connection any more: nor does the sender from now on.
  void Refuse(const std::string& node, const Message& message);
  void Wait(Line* line, const Message& message);
  void ReadOneByOne(const std::string& node, Way way, uint64_t reading);
  void ReadAll(const std::string& node, Way way);
  // What was sent last on a connection that ends now may come once more.
  void LeaveBehind(const std::string& node, Way way);
  void ArriveStale(const std::string& node, const Message& message);
  void HandOver(const std::string& node, const Message& message);
  static void HandDown(const std::shared_ptr<SimAgentPort>& port, const Message& message);
  void HandUp(const std::shared_ptr<SimControllerPort>& port, const Message& message);

  VirtualTime* time;
  VirtualLoop wires;
  SeededRandom random;
  Observer observer;
  LinkFaults faults;
  LinkCounts counts;
  uint64_t next_connection = 1;
  std::map<std::string, std::weak_ptr<SimControllerPort>> controllers;  // by address
  std::map<std::string, Host> hosts;
};

}  // namespace reconcile
