#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/value.h"
#include "link/own_list.h"
#include "link/shared_list.h"
#include "link/usage.h"
#include "schema/cluster_state.h"
#include "schema/images.h"
#include "schema/network.h"

namespace reconcile {

// Limits of a message; more is Invalid.
inline constexpr size_t kMaxMessageBytes = 32 << 20;  // of its JSON text
inline constexpr size_t kMaxMessageItems = 20'000;    // of each list
// How often an agent speaks when nothing happens, unless it is asked to do so more often.
inline constexpr int64_t kHeartbeatMs = 5'000;
inline constexpr int64_t kLeastHeartbeatMs = 500;  // more often is not asked for, and not done

// What an agent checks before it obeys (DESIGN 5, "What an agent obeys").
struct Fence {
  std::string cluster_id;
  std::string lineage;
  int64_t epoch = 0;      // of the controller that speaks
  Revision revision = 0;  // of the state the assignment was computed from
  // When the lineage began (wall time; 0: an older release), and the CA's signature of LineageText.
  int64_t lineage_began_ms = 0;
  std::string lineage_proof;
  friend bool operator==(const Fence&, const Fence&) = default;
};

// Everything one agent needs; complete, not a delta. Pods with a deletion timestamp are to be
// stopped and reported gone. `tombstones` name pods that were removed from the model and may be
// swept if they still run here.
struct Assignment {
  Fence fence;
  std::string node;
  std::string cluster_pod_cidr;
  std::string node_pod_cidr;
  std::vector<std::shared_ptr<const Pod>> pods;               // sorted by namespace and name
  std::vector<std::shared_ptr<const ConfigMap>> config_maps;  // only those the pods refer to
  std::vector<std::shared_ptr<const Secret>> secrets;
  std::vector<std::string> tombstones;  // pod uids

  // ---- The cluster's network, the same for every node, stripped to what hosts need ----
  // controller/network_lists.h says to what.
  std::string service_cidr;
  std::string cluster_domain;
  std::string network_backend;  // "vxlan" or "host-gw"
  // Those with a pod subnet and an InternalIP, this one too. Ready is their only condition.
  SharedList<Node> nodes;
  SharedList<Service> services;
  SharedList<EndpointSlice> endpoint_slices;
  SharedList<Namespace> namespaces;
  // While pods here are to be stopped: all agents that are heard send them no new connections any
  // more. Until then a pod that is an endpoint may be waited with (agent/pod_drain.h).
  bool is_drained = false;
  // How often the agent is to speak at least, so that its silence is noticed in time; 0: as it does
  // by itself (kHeartbeatMs).
  int64_t heartbeat_ms = 0;
};

// Something an agent wants recorded: becomes an Event on the pod (or on the node when pod_uid is
// empty).
struct AgentEvent {
  std::string pod_uid;
  std::string namespace_name;
  std::string pod_name;
  EventType type = EventType::kNormal;
  std::string reason;
  std::string message;
};
// The reason of one that says what somebody else had changed by hand, and that it is right again.
inline constexpr std::string_view kDriftCorrected = "DriftCorrected";

// How a pod's first start on a host went, in milliseconds since the host received the pod: clocks
// of hosts differ. Each stage is not before the one above it.
struct StartTimes {
  int64_t accepted_ms = 0;  // the assignment is on disk and obeyed
  int64_t sandbox_ms = 0;   // its sandbox runs
  int64_t attached_ms = 0;  // the sandbox has its address
  int64_t image_ms = 0;     // all its images are there
  int64_t created_ms = 0;   // all its containers are
  int64_t started_ms = 0;   // and all of them run
  int64_t network_ms = 0;   // and the only one, which owns its network, has its address
  int64_t ready_ms = 0;
  friend bool operator==(const StartTimes&, const StartTimes&) = default;
};

// Said once, when the pod is ready for the first time. Nothing is decided by it: it may be lost.
struct PodStart {
  std::string pod_uid;
  StartTimes times;
  friend bool operator==(const PodStart&, const PodStart&) = default;
};

struct PodReport {
  std::string namespace_name;
  std::string name;
  std::string uid;
  PodStatus status;
  bool gone = false;  // no container, sandbox or address of it is left on the host
};

// How a host's network is.
struct NetworkReport {
  // Of the newest assignment whose network the host's rules and DNS follow; 0: of none.
  Revision revision = 0;
  std::string backend;
  int64_t mtu = 0;  // of pods
  // Other hosts, whose pods' subnets are looked for now and then; those that did not answer.
  int64_t peers = 0;
  std::vector<std::string> unreached;
  std::vector<std::string> problems;  // what it lacks though it works, a sentence each
  friend bool operator==(const NetworkReport&, const NetworkReport&) = default;
};

// What an agent says: complete for the pods it has. Losing or repeating one does no harm; an older
// one (by agent_start, sequence) is ignored.
struct Report {
  std::string node;
  std::string agent_start;       // random, per start of the agent
  int64_t sequence = 0;          // grows within one start
  std::optional<Fence> applied;  // newest assignment taken; none before the first
  std::string held;              // why an assignment is being held (the 30 % rule); "" when none is
  NetworkReport network;
  int64_t heartbeat_ms = 0;  // the next word comes within so long; 0: kHeartbeatMs
  // The host's wall clock as this was said, milliseconds since 1970 (0: an older agent's, or before
  // 1970). No news by itself.
  int64_t clock_ms = 0;
  StringMap labels;  // the node's own: kubernetes.io/hostname, kubernetes.io/os, kubernetes.io/arch
  NodeStatus node_status;  // but for its images
  ImageList images;        // that the host has, as TellableImages gives them
  // Copies of a report share it, as do reports of one link between which it stays the same.
  OwnList<PodReport> pods;
  std::vector<AgentEvent> events;
  std::vector<PodStart> starts;  // of pods that became ready since the last report
  UsagePtr usage;  // the newest look at what they use; null before there is one. No news by itself
};

// What an agent runs, for a controller whose store lost it: the pods of the assignment in force,
// with the status that its reports give. No ConfigMaps, no Secrets.
struct Inventory {
  std::string node;
  std::optional<Fence> fence;  // of the assignment in force; none before the first
  std::string node_pod_cidr;
  std::vector<std::shared_ptr<const Pod>> pods;  // sorted by namespace and name
  SharedList<Service> services;                  // as the assignment has them
};

// JSON forms (Kubernetes objects inside as EncodeFor::kStore). Decoding is lenient to unknown
// fields (one release apart works) and strict on types; Invalid names the field.
Value EncodeAssignment(const Assignment& assignment);
Result<Assignment> DecodeAssignment(const Value& value);
Value EncodeReport(const Report& report);
Result<Report> DecodeReport(const Value& value);
Value EncodeInventory(const Inventory& inventory);
Result<Inventory> DecodeInventory(const Value& value);

// Invalid when one of its lists has more than kMaxMessageItems: nobody would read it.
Status CheckItems(const Assignment& assignment);

// The same as JSON text, as it travels. Write: Invalid beyond kMaxMessageBytes.
Result<std::string> WriteAssignment(const Assignment& assignment);
Result<Assignment> ReadAssignment(std::string_view text);
Result<std::string> WriteReport(const Report& report);
Result<Report> ReadReport(std::string_view text);
Result<std::string> WriteInventory(const Inventory& inventory);
Result<Inventory> ReadInventory(std::string_view text);

}  // namespace reconcile
