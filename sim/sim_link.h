#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "link/agent_link.h"
#include "sim/virtual_loop.h"

namespace reconcile {

// Where agents find the controller, unless they are led elsewhere.
inline constexpr std::string_view kControllerAddress = "controller";

// How bad the network is: chances per 1,000 messages.
struct LinkFaults {
  int lost_per_mille =
      0;  // a message vanishes, and with it, as on a TCP connection, the connection breaks
  int repeated_per_mille = 0;  // it arrives twice
  int delayed_per_mille = 0;   // it takes up to max_delay_ms
  int stale_per_mille = 0;     // it arrives once more, over a later connection
  int64_t max_delay_ms = 20'000;
  // Chance per 1,000 starts of an agent that it is of the next release, and as many that it is of
  // the last one.
  int other_release_per_mille = 0;
};

// What became of messages. Each counts what reached somebody, or would have.
struct LinkCounts {
  int64_t lost = 0;
  int64_t repeated = 0;
  int64_t delayed = 0;
  int64_t stuck = 0;              // they waited until a way was open again
  int64_t read_late = 0;          // they waited for a slow reader
  int64_t superseded = 0;         // a newer one took their place while they waited
  int64_t stale_assignments = 0;  // they arrived over a later connection
  int64_t stale_reports = 0;
  int64_t reports_of_older_starts = 0;  // of an agent that has started again since
  int64_t other_release = 0;            // they were written as the next or the last release would
};

enum class Way {
  kDown,  // from the controller to an agent
  kUp,
};

// The network between controllers and many agents, in virtual time. Messages travel encoded. Within
// one connection they keep their order, however long one takes; when a connection breaks, what was
// under way is gone, or arrives over a later one. The network outlives the processes at its ends:
// each process takes an end and lets go of it when it dies.
class SimNetwork {
 public:
  // Reports as agents send them, and as they reach the controller of an address.
  struct Observer {
    std::function<void(const Report&)> on_sent;
    std::function<void(const std::string& address, const Report&)> on_arrived;
  };

  SimNetwork(VirtualTime* time, uint64_t seed);
  ~SimNetwork();
  void SetObserver(Observer observer);

  // The controller's end for a controller process on `loop`; destroying it breaks all connections.
  std::unique_ptr<AgentLink> MakeControllerEnd(
      VirtualLoop* loop, const std::string& address = std::string(kControllerAddress));
  // An agent's end; it dials again by itself after each break, later and later.
  std::unique_ptr<ControllerLink> MakeAgentEnd(const std::string& node, VirtualLoop* loop);

  void SetFaults(LinkFaults faults);
  // The connection breaks, and there is no other until Mend. False when there was none to break.
  bool Cut(const std::string& node);
  void Mend(const std::string& node);
  // What travels one way is stuck, until Open was called as often. Who hears nothing for a while
  // takes the connection for dead; no other is made. False when no connection noticed.
  bool Close(const std::string& node, Way way);
  void Open(const std::string& node, Way way);
  // Who reads what travels one way takes seconds for each message; few wait, the newest of each
  // kind.
  // False when it is so already.
  bool SetSlowReader(const std::string& node, Way way, bool slow);
  // From now on the node's agent is of the next release (1), beside the controller's, of the last
  // one (-1) or of the same (0), whatever the faults say.
  void SetRelease(const std::string& node, int release);
  // From now on the node's agent finds another controller; its connection breaks. False when
  // nothing changes.
  bool LeadTo(const std::string& node, const std::string& address);
  const LinkCounts& counts() const;
  // Every agent, to the controller of kControllerAddress.
  bool AllConnected() const;

 private:
  struct State;
  class ControllerEnd;
  class AgentEnd;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
