#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/random.h"
#include "link/agent_link.h"
#include "sim/virtual_loop.h"

namespace reconcile {

// How bad the network is: chances per 1,000 messages.
struct LinkFaults {
  int lost_per_mille =
      0;  // a message vanishes, and with it, as on a TCP connection, the connection breaks
  int repeated_per_mille = 0;  // it arrives twice
  int delayed_per_mille = 0;   // it takes up to max_delay_ms
  int64_t max_delay_ms = 20'000;
};

// What became of messages: those that came late or twice, and those lost with their connection.
struct LinkCounts {
  int64_t lost = 0;
  int64_t repeated = 0;
  int64_t delayed = 0;
};

// The network between one controller and many agents, in virtual time. Messages travel encoded.
// Within one connection they keep their order, however long one takes; when a connection breaks,
// what was under way is gone. The network outlives the processes at its ends: each process takes an
// end and lets go of it when it dies.
class SimNetwork {
 public:
  SimNetwork(VirtualTime* time, uint64_t seed);
  ~SimNetwork();

  // The controller's end for a controller process on `loop`; destroying it breaks all connections.
  std::unique_ptr<AgentLink> MakeControllerEnd(VirtualLoop* loop);
  // An agent's end; it dials again by itself, `redial_ms` after each break.
  std::unique_ptr<ControllerLink> MakeAgentEnd(const std::string& node, VirtualLoop* loop);

  void SetFaults(LinkFaults faults);
  // Both ways, until Mend. False when there was no connection to break.
  bool Cut(const std::string& node);
  void Mend(const std::string& node);
  const LinkCounts& counts() const;
  bool AllConnected() const;

 private:
  struct State;
  class ControllerEnd;
  class AgentEnd;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
