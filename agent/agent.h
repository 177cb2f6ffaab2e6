#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/host_files.h"
#include "agent/image_collection.h"
#include "agent/observer.h"
#include "agent/pressure.h"
#include "agent/prober.h"
#include "agent/use_counters.h"
#include "base/event_loop.h"
#include "base/random.h"
#include "link/agent_link.h"
#include "net/host_network.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// Below its HostFiles: the newest assignment that the agent obeys, sealed.
inline constexpr std::string_view kAssignmentFile = "assignment";
// Likewise: the fence of an assignment of another lineage that was accepted and is not obeyed yet,
// or of a later one that differs from the first in nothing that is kept there.
inline constexpr std::string_view kLineageFile = "lineage";
// Likewise: the images that the agent pulled, sealed; they alone are ever removed.
inline constexpr std::string_view kImagesFile = "images";
// Likewise: the program that waits for the network in a pod's only container.
inline constexpr std::string_view kStartProgramFile = "start";

struct AgentOptions {
  std::string node_name;
  std::string host_ip;
  StringMap node_labels;  // from configuration, added to the automatic ones
  std::string machine_id;
  std::string boot_id;
  int64_t heartbeat_ms = kHeartbeatMs;  // unless the controller asks for more
  int64_t resync_ms = 60'000;           // full list of containers, besides the event stream
  int max_parallel_operations = 16;
  int mtu = 1500;
  // The host's address and MTU as they are now, asked now and then; an empty address is none at the
  // moment. None: they stay.
  struct Underlay {
    std::string address;
    int mtu = 0;
  };
  std::function<Underlay()> read_underlay;
  // Gives the text of the host's resolv.conf, for pods (dnsPolicy Default): asked whenever a pod's
  // files are written. Without a server in it that a pod can reach, pods get the engine's copy.
  std::function<std::string()> read_resolv_conf;
  // When the host is short of something. The memory and the processes of the host, asked every
  // pressure_every_ms; none: those are not watched.
  PressureLimits pressure;
  ImageLimits images;
  int64_t pressure_every_ms = 10'000;  // as the kubelet looks (--housekeeping-interval)
  std::function<HostUse()> read_host_use;
  // Reads what these containers and the host have used, elsewhere, and says it later on the loop;
  // likewise every pressure_every_ms. None: nobody is told what is used.
  std::function<void(std::vector<CountedContainer>, std::function<void(UseCounters)>)> read_use;
  // StartProgram() (runtime/start_program.h). Empty: each pod has a sandbox.
  std::string start_program;
  // Whether `proof` is the cluster CA's signature of `text`; without it no other lineage of the
  // cluster is ever followed.
  std::function<bool(std::string_view text, const std::string& proof)> verify;
  AgentObserver* observer = nullptr;  // outlives the agent; null: nobody is told
  // What a controller is given that asks for metrics: at most kStreamWindowBytes. None: there are
  // none.
  std::function<std::string()> read_metrics;
};

// The loop on a host: takes assignments, looks at the engine, runs Step, executes operations,
// reports. Restores its last assignment from disk at start, adopts its containers, and goes on
// alone when the controller is away. Owns nothing it is given; all must outlive it. Loop thread
// only.
class Agent {
 public:
  Agent(AgentOptions options, EventLoop* loop, Random* random, ContainerRuntime* runtime,
        HostNetwork* network, HostFiles* files, Prober* prober, ControllerLink* link);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // Begins. Call once.
  void Start();
  // True when nothing is under way and Step has no operations: for tests and the simulator.
  bool Settled() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace reconcile
