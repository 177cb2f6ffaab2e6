#pragma once

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "link/messages.h"
#include "net/host_network.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// ---- What the agent knows of its host: the "seen" of Step ----

// An image reference's state on this host, as far as pulls and look-ups went.
struct ImageSeen {
  enum class State { kUnknown, kLooking, kPresent, kAbsent, kPulling, kPullFailed };
  State state = State::kUnknown;
  std::string image_id;  // kPresent
  std::string error;     // kPullFailed: the engine's words
  int32_t failures = 0;  // consecutive
  MonoTime retry_at;     // kPullFailed: not before (10 s doubling to 300 s, SEMANTICS 8.6)
};

// Memory of a container of a pod that the engine does not keep.
struct ContainerMemory {
  int32_t attempt = -1;       // newest attempt ever made; -1 none
  int32_t backoff_steps = 0;  // crashes since the last reset (SEMANTICS 8.5)
  MonoTime restart_at;        // not before
  std::string start_error;    // last failure to create or start, the engine's words
  ContainerStatus last_reported;
};

struct PodSeen {
  std::map<std::string, ContainerMemory> memory;  // by container name
  std::string address;                            // allocated; also in the sandbox's label
  bool attached = false;                          // the network is set up for sandbox_id
  std::string attached_sandbox_id;
  bool files_written = false;
  std::optional<MonoTime> stop_deadline;  // set when stopping began
};

struct Seen {
  std::map<std::string, ContainerInfo> containers;  // by id, only ours
  std::map<std::string, ImageSeen>
      images;  // by reference as the pod spells it (and per pull for Always)
  std::map<std::string, PodSeen> pods;  // by uid
  std::set<std::string> busy;           // keys of operations under way (Operation::key)
  std::string pause_image_id;           // empty until ensured
  bool network_ready = false;
  bool engine_up = false;  // containers is current
};

// ---- What it does: values, executed by Agent, results come back as Seen ----

struct EnsurePause {};
struct PrepareNetwork {
  HostNetworkConfig config;
};
struct LookAtImage {
  std::string reference;
};
struct PullImageOp {
  std::string reference;
};
struct WritePodFiles {  // resolv.conf, hosts, hostname
  std::string pod_uid;
  std::string hostname;
  std::string address;
};
struct RunSandbox {  // create and start the pause container
  std::string pod_uid;
  ContainerConfig config;
};
struct AttachNetwork {
  PodAttachment attachment;
  std::string sandbox_id;
};
struct RunContainer {  // create and start
  std::string pod_uid;
  std::string container;
  int32_t attempt = 0;
  ContainerConfig config;
};
struct StopContainerOp {
  std::string container_id;
  int64_t grace_seconds = 0;
};
struct RemoveContainerOp {
  std::string container_id;
};
struct DetachNetwork {
  std::string pod_uid;
  std::string address;
};
struct ForgetPod {  // remove its files and memory: the last operation of a pod's life
  std::string pod_uid;
};

struct Operation {
  // Unique for its object: no second operation with the same key starts while one is busy.
  std::string key;
  std::string reason;  // for a person
  std::variant<EnsurePause, PrepareNetwork, LookAtImage, PullImageOp, WritePodFiles, RunSandbox,
               AttachNetwork, RunContainer, StopContainerOp, RemoveContainerOp, DetachNetwork,
               ForgetPod>
      action;
};

// Resources of the host that Step needs for oom scores and the downward API.
struct HostFacts {
  std::string node_name;
  std::string host_ip;
  int64_t memory_bytes = 0;
};

struct StepResult {
  std::vector<Operation> operations;  // none whose key is in seen.busy
  std::vector<PodReport> pods;        // status of every pod here, assigned or leaving
  std::vector<AgentEvent> events;
  std::map<std::string, PodSeen> pod_memory;  // replaces seen.pods: what Step wants remembered
  std::optional<MonoTime> wake_at;  // earliest moment at which something changes by time alone
};

// PURE: what to do next on this host. Level-triggered: a second call with the same input gives the
// same answer, and on a settled host there are no operations. Containers of pods that are not in
// the assignment are stopped only under Agent's fence rules, which pass the pods that may go in
// `may_remove` (uids).
StepResult Step(const Assignment& assignment, const Seen& seen,
                const std::set<std::string>& may_remove, const HostFacts& host, Now now);

}  // namespace reconcile
