#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "agent/hooks.h"
#include "agent/kept_hooks.h"
#include "agent/kept_probes.h"
#include "agent/probes.h"
#include "agent/registry_logins.h"
#include "agent/start_times.h"
#include "agent/volume_orders.h"
#include "base/time.h"
#include "link/messages.h"
#include "net/dns/resolv_conf.h"
#include "net/host_network.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// ---- What the agent knows of its host: the "seen" of Step ----

// An image's state on this host for those who pull it with the same Secrets, as far as pulls and
// look-ups went.
struct ImageSeen {
  enum class State { kUnknown, kPresent, kAbsent, kPullFailed };
  State state = State::kUnknown;
  std::string image_id;                 // kPresent
  std::vector<std::string> entrypoint;  // likewise
  std::vector<std::string> cmd;         // likewise
  std::string user;                     // likewise; "" is root
  std::string error;                    // of the last failed pull: the engine's words
  int32_t failures = 0;                 // consecutive failed pulls
  MonoTime failed_at;                   // the last of them
  MonoTime retry_at;                    // no pull before (10 s doubling to 300 s, SEMANTICS 8.6)
  std::optional<MonoTime> checked_at;   // when the look-up or pull began that found this
  std::optional<MonoTime> pulled_at;    // when the last successful pull began
  friend bool operator==(const ImageSeen&, const ImageSeen&) = default;
};

// Memory of a container of a pod that the engine does not keep. The sandbox has one too, under
// kSandboxContainer.
struct ContainerMemory {
  int32_t attempt = -1;          // newest attempt that ran or failed to start; -1 none
  int32_t backoff_steps = 0;     // crashes since the last reset (SEMANTICS 8.5), also in a label
  int32_t counted_attempt = -1;  // newest attempt whose end is in backoff_steps
  int32_t ended_attempt = -1;    // newest attempt that ended on its own; see EndCounts
  int32_t stopped_attempt = -1;  // newest attempt that was stopped for another to take its place
  int32_t done_in_sandbox = -1;  // of an init container: the newest sandbox that is past it
  int64_t backoff_ms = 0;        // the wait that ends at restart_at
  MonoTime restart_at;           // not before
  std::optional<MonoTime> image_wanted_since;  // a start waits for an image checked after this
  std::string announced;                       // last thing told of it as an event
  ContainerStatus last_reported;
  ProbesMemory probes;         // of the program that runs
  PostStartMemory post_start;  // likewise
  friend bool operator==(const ContainerMemory&, const ContainerMemory&) = default;
};

// When activeDeadlineSeconds end: by the pod's stamps, and by the clock that does not jump.
struct PodDeadline {
  WallTime at;
  MonoTime due;
  friend bool operator==(const PodDeadline&, const PodDeadline&) = default;
};

struct PodSeen {
  std::map<std::string, ContainerMemory> memory;  // by container name
  std::string address;              // allocated; also in the label of the network's owner
  std::string ended_owner_id;       // whose program ended when it was to run
  std::string attached_owner_id;    // whose network namespace holds the address;
                                    // "" unknown or none
  int64_t attached_process_id = 0;  // its process when it was attached; 0 unknown
  int attached_mtu = 0;             // of its devices; 0 unknown: an earlier run attached it
  std::string files_address;        // the address that the files on disk name; "" not
                                    // written yet
  bool has_resolver = false;        // a resolv.conf is among them; else the engine's copy serves
  std::optional<MonoTime> stop_deadline;  // set when stopping began
  int64_t stop_grace_seconds = 0;         // that the deadline was made from
  std::optional<MonoTime> drain_until;    // it is an endpoint: no stop before, unless it is drained
  std::optional<WallTime> start_time;     // when the pod was first seen here
  std::optional<PodDeadline> deadline;    // none: not reckoned yet by this run of the agent
  std::optional<PodStatus> terminal;      // Succeeded or Failed: the last word
  std::vector<Condition> conditions;      // last reported: they keep their transition times
  std::optional<StartWatch> start;        // while it starts for the first time
  // Volumes that are there, by name: what they were made from (VersionOf).
  std::map<std::string, std::string> volumes;
  std::string evicted;  // why it is to end as Failed; "" it is not
  BegunStops stops;     // of its containers
  friend bool operator==(const PodSeen&, const PodSeen&) = default;
};

// An operation that failed, and when it may be tried again.
struct OperationFailure {
  int32_t count = 0;  // consecutive
  MonoTime retry_at;
  StatusCode code = StatusCode::kInternal;
  std::string message;  // the engine's or the system's words
  friend bool operator==(const OperationFailure&, const OperationFailure&) = default;
};

struct Seen {
  std::map<std::string, ContainerInfo> containers;  // by id, only ours
  std::map<std::string, ImageSeen> images;          // by ImageKey
  std::map<std::string, PodSeen> pods;              // by uid
  std::set<std::string> busy;                       // keys of operations under way (Operation::key)
  std::map<std::string, OperationFailure> failed;   // by Operation::key
  std::set<std::string> pod_folders;                // uids of pods that have files on disk
  std::string pause_image_id;                       // empty until ensured
  std::optional<HostNetworkConfig> prepared;        // what the host's network was prepared for
  bool network_listed = false;                      // attached_addresses is current
  std::set<std::string> attached_addresses;
  std::string last_address;             // the newest one given to a pod
  bool engine_up = false;               // containers is current
  std::optional<MonoTime> received_at;  // the newest assignment, by this agent
  bool ends_saved = true;               // how pods ended is on disk: what else tells of it may go
  std::set<std::string> images_going;   // normalized references that are being removed
  KeptProbes probed_earlier;            // what an earlier run of the agent said of programs, by id
  KeptHooksById hooks_earlier;          // and of their hooks
  // What containers that have ended say of it (agent/end_messages.h), by id; "": nothing. Those
  // that were read are here.
  std::map<std::string, std::string> end_messages;
};

// ---- What it does: values, executed by Agent, results come back as Seen ----

struct EnsurePause {};
struct PrepareNetwork {
  HostNetworkConfig config;
};
struct LookAtImage {
  std::string reference;
  std::string image_key;  // of Seen::images
};
struct PullImageOp {
  std::string reference;
  std::string image_key;
  PullLogins logins;
};
struct WritePodFiles {  // resolv.conf, hosts, hostname
  std::string pod_uid;
  std::string hostname;
  std::string address;
  std::string aliases;  // lines of hosts
  PodDns dns;
  ClusterDns cluster_dns;
};
struct SetUpVolumes {  // make what is not there yet, or was made from something else
  std::string pod_uid;
  std::vector<VolumeOrder> orders;
  std::vector<std::string> versions;  // of each (VersionOf)
};
struct RunSandbox {  // create and start the pause container
  std::string pod_uid;
  int32_t attempt = 0;
  ContainerConfig config;
};
struct AttachNetwork {
  PodAttachment attachment;
  std::string owner_id;
};
struct RunContainer {  // create and start
  std::string pod_uid;
  std::string container;
  std::string image_key;  // of Seen::images; config.image is the image's id
  int32_t attempt = 0;
  ContainerConfig config;
  std::vector<AgentEvent> events;  // said when it is created
  std::vector<PartOrder> parts;    // mounted before it is created
  std::string seccomp_file;        // of HostFiles: its filter of system calls; "" another
};
struct StopContainerOp {
  std::string container_id;
  int64_t grace_seconds = 0;
  bool told = false;  // that it is being stopped, when its preStop hook began
};
struct RunHook {
  std::string pod_uid;
  std::string container;
  std::string container_id;
  std::string address;  // the pod's
  HookKind kind = HookKind::kPostStart;
  Hook hook;
  int64_t timeout_ms = 0;
};
struct RemoveContainerOp {
  std::string container_id;
  bool may_wait = false;  // of a pod that goes: what starts meanwhile is served first
};
struct DetachNetwork {
  std::string pod_uid;
  std::string address;
};
struct ProbeContainer {  // ask its program, or run the command in it
  std::string pod_uid;
  std::string container;
  std::string container_id;
  std::string address;  // the pod's
  ProbeKind kind = ProbeKind::kReadiness;
  Probe probe;
  MonoTime due;  // when it was to be done
};
struct ReadEndMessage {  // of a container that has ended
  std::string container_id;
  std::string file;       // relative to the agent's data folder
  bool from_log = false;  // its end instead, where the file says nothing
};
struct ForgetPod {  // remove its files and memory: the last operation of a pod's life
  std::string pod_uid;
};

// What an operation is called in metrics, in the order of Operation::action.
inline constexpr std::array<std::string_view, 16> kOperationKinds = {
    "ensure_pause_image", "prepare_network", "look_at_image",    "pull_image",
    "write_files",        "set_up_volumes",  "start_sandbox",    "attach_network",
    "start_container",    "stop_container",  "run_hook",         "remove_container",
    "detach_network",     "probe",           "read_end_message", "forget_pod"};
struct Operation {
  // Unique for its object: no second operation with the same key starts while one is busy. Those of
  // a pod begin with PodKeyPrefix(uid).
  std::string key;
  std::string reason;  // for a person
  std::variant<EnsurePause, PrepareNetwork, LookAtImage, PullImageOp, WritePodFiles, SetUpVolumes,
               RunSandbox, AttachNetwork, RunContainer, StopContainerOp, RunHook, RemoveContainerOp,
               DetachNetwork, ProbeContainer, ReadEndMessage, ForgetPod>
      action;
  // The pod it is for, for events; empty names for the host's own.
  std::string namespace_name;
  std::string pod_name;
  std::string pod_uid;

  std::string_view kind() const { return kOperationKinds[action.index()]; }
};
static_assert(std::variant_size_v<decltype(Operation::action)> == kOperationKinds.size());
std::string PodKeyPrefix(const std::string& pod_uid);  // "pod/<uid>/"

// What Step needs of the host: for oom scores, the downward API and bind mounts.
struct HostFacts {
  std::string node_name;
  std::string host_ip;
  int64_t memory_bytes = 0;
  int mtu = 1500;
  std::string pods_path;  // absolute: files of a pod are in <pods_path>/<uid>
  // Absolute, of the program that waits for the network in a pod's only container (start.c). Empty:
  // it cannot be used here, and each pod has a sandbox.
  std::string start_program_path;
  ResourceList allocatable;  // to pods
  bool has_apparmor = false;
  bool is_short_of_disk = false;  // what nobody needs goes
};

struct StepResult {
  std::vector<Operation> operations;          // none whose key is in seen.busy
  std::vector<PodReport> pods;                // status of every pod assigned here
  std::vector<AgentEvent> events;             // each said once: pod_memory remembers
  std::vector<PodStart> starts;               // of pods that became ready, each said once
  std::map<std::string, PodSeen> pod_memory;  // replaces seen.pods: what Step wants remembered
  std::string last_address;                   // replaces seen.last_address
  bool reads_ends = false;            // pods lack what is about to be read of why containers ended
  std::optional<MonoTime> wake_at;    // earliest moment at which something changes by time alone
  std::optional<MonoTime> probes_at;  // when AskAgain has something to ask
};

// PURE: what to do next on this host. Level-triggered: a second call with the same input gives the
// same answer, and on a settled host there are no operations. Containers of pods that are not in
// the assignment are stopped only under Agent's fence rules, which pass the pods that may go in
// `may_remove` (uids). While the engine is down there are neither operations nor reports.
StepResult Step(const Assignment& assignment, const Seen& seen,
                const std::set<std::string>& may_remove, const HostFacts& host, Now now);

// PURE: the probes that are due as the last Step has planned them, which is all that time alone
// does to a settled host: a Step looks at everything. Plans them anew in `pods` (Seen::pods).
struct ProbesAsked {
  std::vector<Operation> operations;
  std::optional<MonoTime> again_at;
};
ProbesAsked AskAgain(const Assignment& assignment, const std::set<std::string>& busy,
                     std::map<std::string, PodSeen>* pods, MonoTime now);

}  // namespace reconcile
