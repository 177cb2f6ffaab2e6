#pragma once

#include "schema/other_fields.h"
#include "schema/pod.h"

namespace reconcile {

struct Namespace : ObjectOf<Namespace, Kind::kNamespace> {
  std::string phase = "Active";  // status.phase: Active or Terminating
};

struct ConfigMap : ObjectOf<ConfigMap, Kind::kConfigMap> {
  StringMap data;
  StringMap binary_data;  // decoded bytes; base64 outside
  bool immutable = false;
};

struct Secret : ObjectOf<Secret, Kind::kSecret> {
  std::string type = "Opaque";
  StringMap data;  // decoded bytes; base64 outside. stringData is merged in on reading.
  bool immutable = false;
};

struct NodeAddress {
  std::string type;  // InternalIP, Hostname
  std::string address;
  friend bool operator==(const NodeAddress&, const NodeAddress&) = default;
};
struct NodeSystemInfo {
  std::string machine_id;
  std::string boot_id;
  std::string kernel_version;
  std::string os_image;
  std::string container_runtime_version;  // "docker://20.10.24"
  std::string agent_version;              // kubeletVersion outside
  std::string operating_system;           // "linux"
  std::string architecture;               // "amd64"
  friend bool operator==(const NodeSystemInfo&, const NodeSystemInfo&) = default;
};
enum class TaintEffect { kUnset, kNoSchedule, kPreferNoSchedule, kNoExecute };
std::string_view ToString(TaintEffect effect);
// What keeps pods off a node, but for those that tolerate it (schema/tolerations.h).
struct Taint {
  std::string key;
  std::string value;
  TaintEffect effect = TaintEffect::kUnset;
  std::optional<WallTime> time_added;  // of kNoExecute; a manifest's, or the controller's
  bool IsSame(const Taint& other) const {
    return key == other.key && value == other.value && effect == other.effect;
  }
  friend bool operator==(const Taint&, const Taint&) = default;
};
struct NodeSpec {
  std::string pod_cidr;  // leased by the controller
  bool unschedulable = false;
  std::vector<Taint> taints;
  friend bool operator==(const NodeSpec&, const NodeSpec&) = default;
};
// Conditions of a Node besides Ready. LiveRestore, the agent's: containers outlive a crash of the
// engine. AssignmentAccepted, the controller's: the agent follows what it was sent.
inline constexpr std::string_view kLiveRestore = "LiveRestore";
inline constexpr std::string_view kAssignmentAccepted = "AssignmentAccepted";
// The agent's: the host is short of memory, disk or process ids, or was a moment ago.
inline constexpr std::string_view kMemoryPressure = "MemoryPressure";
inline constexpr std::string_view kDiskPressure = "DiskPressure";
inline constexpr std::string_view kPidPressure = "PIDPressure";
// Reasons of Ready conditions that are the controller's: of a node that a person revoked, which is
// none of the cluster's hosts; of a silent node and of its pods.
inline constexpr std::string_view kNodeRevoked = "NodeRevoked";
inline constexpr std::string_view kNodeStatusUnknown = "NodeStatusUnknown";

// What people told about a node by commands, on top of what Git says of it: who, why and when.
struct NodeCordon {  // `reconcile cordon`: new pods go elsewhere
  std::string by;
  std::string reason;
  std::optional<WallTime> at;
  friend bool operator==(const NodeCordon&, const NodeCordon&) = default;
};
struct NodeDrain {  // `reconcile drain`: its pods go too, as their budgets allow
  std::string by;
  std::string reason;
  std::optional<WallTime> at;
  std::optional<WallTime> until;       // when it is given up; none: never
  bool force = false;                  // also pods that nothing makes again
  bool ignore_daemon_sets = false;     // pods of DaemonSets stay
  bool delete_empty_dir_data = false;  // also pods that have data in emptyDir volumes
  friend bool operator==(const NodeDrain&, const NodeDrain&) = default;
};

// An image that a host has: its tags and digests, as engines list them (schema/images.h).
struct ContainerImage {
  std::vector<std::string> names;
  int64_t size_bytes = 0;
  friend bool operator==(const ContainerImage&, const ContainerImage&) = default;
};

struct NodeStatus {
  std::optional<NodeCordon> cordon;
  std::optional<NodeDrain> drain;  // under way
  ResourceList capacity;
  ResourceList allocatable;
  std::vector<Condition> conditions;  // Ready
  std::vector<NodeAddress> addresses;
  NodeSystemInfo node_info;
  std::vector<ContainerImage> images;  // the largest, at most kMaxNodeImages, by first name
  friend bool operator==(const NodeStatus&, const NodeStatus&) = default;
};
struct Node : ObjectOf<Node, Kind::kNode> {
  NodeSpec spec;
  NodeStatus status;
};
bool IsReady(const Node& node);
bool IsRevoked(const Node& node);
// New pods go elsewhere: Git says so, or a person.
bool IsUnschedulable(const Node& node);

enum class EventType { kNormal, kWarning };
std::string_view ToString(EventType type);
struct ObjectReference {
  std::string api_version;
  std::string kind;
  std::string namespace_name;
  std::string name;
  std::string uid;
  friend bool operator==(const ObjectReference&, const ObjectReference&) = default;
};
// core/v1 Event: why something was done or refused. Repeats are counted, not stored again.
struct Event : ObjectOf<Event, Kind::kEvent> {
  ObjectReference involved_object;
  std::string reason;   // CamelCase word
  std::string message;  // a sentence for a person
  EventType type = EventType::kNormal;
  std::string component;  // source.component: "scheduler", "agent", ...
  std::string host;       // source.host
  int32_t count = 1;
  std::optional<WallTime> first_timestamp;
  std::optional<WallTime> last_timestamp;
};

// A repository that the controller follows (reconcile.dev/v1). Spec comes from configuration,
// status from following.
// Credentials of a source, as names of files: the controller reads them at each fetch and stores
// nothing of them.
struct SourceCredentials {
  std::string token_file;
  std::string username_file;
  std::string password_file;
  std::string ca_file;
  std::string client_certificate_file;
  std::string client_key_file;
  std::string ssh_key_file;
  std::string known_hosts_file;
  friend bool operator==(const SourceCredentials&, const SourceCredentials&) = default;
};
struct SourceWebhookSpec {
  std::string secret_file;
  std::string provider;  // github, gitlab, gitea, generic; "" is generic
  friend bool operator==(const SourceWebhookSpec&, const SourceWebhookSpec&) = default;
};
struct SourceSpec {
  std::string repository;  // absolute path, https or ssh URL (source/repository_url.h)
  std::string revision;    // branch, tag, full reference or commit; "" is the repository's HEAD
  std::string path;        // folder inside it; "" is the root
  std::string semver;      // instead of a revision: the highest tag in this range
  std::vector<std::string> namespaces;  // that it may declare objects in; empty: all
  // Groups of custom resources that it may hold and that are passed over, with a notice.
  std::vector<std::string> ignore_groups;
  std::string interval;  // between looks at a remote one, "30s"; "" is the default
  // Sources whose newest commits are to be applied, and all that they declare healthy, before one
  // of this source is.
  std::vector<std::string> depends_on;
  bool suspend = false;  // what it declared stays, and nothing of it is changed
  std::string apply;     // "manual": a commit waits for `reconcile apply`; "auto" and "": none does
  SourceCredentials credentials;
  std::optional<SourceWebhookSpec> webhook;
  friend bool operator==(const SourceSpec&, const SourceSpec&) = default;
};
struct HeldPrune {  // the deletion breaker holds these (DESIGN 5)
  std::string commit;
  std::string plan_hash;  // what `reconcile confirm` and the trailer Reconcile-Confirm name
  std::string reason;     // which limit, with its figures
  std::vector<std::string> objects;  // "Deployment default/web", sorted; at most 100
  int32_t object_count = 0;
  bool confirmed = false;
  friend bool operator==(const HeldPrune&, const HeldPrune&) = default;
};
// What a commit took away, as the deletion breaker counts it. Objects and pods that came back, or
// stay without pods, are removed but not gone.
struct RecentPrune {
  std::optional<WallTime> at;
  int32_t objects = 0;       // deleted, scaled to zero or created anew
  int32_t objects_gone = 0;  // of these: no longer in the model
  int32_t pods = 0;          // running ones stopped
  int32_t pods_gone = 0;     // of these: not started again
  friend bool operator==(const RecentPrune&, const RecentPrune&) = default;
};
// What a commit changed when it came into force, in objects.
struct RevisionChanges {
  int32_t created = 0;
  int32_t changed = 0;
  int32_t deleted = 0;
  friend bool operator==(const RevisionChanges&, const RevisionChanges&) = default;
};
// How a commit that came into force went on.
struct RevisionOutcome {
  std::string result;  // Converged, or Replaced by another commit before it had
  std::optional<WallTime> at;
  // From the commit seen to its last pod ready, and pods until then; none where the controller was
  // started meanwhile.
  std::optional<int64_t> took_ms;
  std::optional<int64_t> pods_started;
  std::optional<int64_t> pods_stopped;
  friend bool operator==(const RevisionOutcome&, const RevisionOutcome&) = default;
};
// What became of a commit that a source was at.
struct SourceRevision {
  std::string commit;
  std::string author;
  std::string subject;
  std::optional<WallTime> committed_at;  // Git's
  std::optional<WallTime> at;            // since when the result is this
  std::string result;                    // Applied, Waiting, Held or Failed
  std::string message;  // why it waits, is held or failed; that it was rolled back to
  std::optional<RevisionChanges> changes;  // of an applied one
  std::optional<RevisionOutcome> outcome;  // likewise; none: under way, or not known
  friend bool operator==(const SourceRevision&, const SourceRevision&) = default;
};
// What people told about a source by commands, on top of its configuration
// (reconciler/source_operations.h): who, why and when.
struct SourceSuspension {  // `reconcile suspend`
  std::string by;
  std::string reason;
  std::optional<WallTime> at;
  friend bool operator==(const SourceSuspension&, const SourceSuspension&) = default;
};
struct SourceAcceptance {  // `reconcile apply`: this commit is wanted
  std::string commit;
  std::string by;
  std::optional<WallTime> at;
  friend bool operator==(const SourceAcceptance&, const SourceAcceptance&) = default;
};
struct SourcePin {  // `reconcile rollback`
  std::string commit;
  std::string from;  // newest at the revision then: another one there ends the pin
  std::string by;
  std::string reason;
  std::optional<WallTime> at;
  friend bool operator==(const SourcePin&, const SourcePin&) = default;
};
// The newest commit, when a person has to say that it is wanted.
struct SourceWaiting {
  std::string commit;
  std::string author;
  std::string subject;
  std::string problem;  // why it could not be applied; empty when it could
  friend bool operator==(const SourceWaiting&, const SourceWaiting&) = default;
};
struct SourceStatus {
  std::string seen_commit;     // newest commit looked at
  std::string applied_commit;  // the last good one, in force
  // The one that is in force since, while waves of it wait; empty when none does.
  std::string applying_commit;
  std::string applied_author;
  std::string applied_subject;
  std::string applied_reference;  // what named it: "main", "v1.2.3"; may be empty
  std::optional<WallTime> applied_at;
  std::vector<Condition> conditions;  // Ready, with file:line:column in its message
  std::optional<HeldPrune> held;
  std::optional<SourceSuspension> suspended;
  std::optional<SourceAcceptance> accepted;  // until it is applied
  std::optional<SourcePin> pin;
  std::optional<SourceWaiting> waiting;
  // What a commit means was configured otherwise when applied_commit was applied.
  bool read_otherwise = false;
  std::vector<RecentPrune> recent_prunes;  // within the breaker's window, oldest first
  // Of the removals that the breaker let through and counted, those that wait for their wave, each
  // as RemovalMarks (reconciler/desired.h) has it.
  std::vector<std::string> let_through;
  std::vector<SourceRevision> history;  // newest first
  friend bool operator==(const SourceStatus&, const SourceStatus&) = default;
};
struct Source : ObjectOf<Source, Kind::kSource> {
  SourceSpec spec;
  SourceStatus status;
};

// The singleton "cluster" (reconcile.dev/v1): identity that agents check (DESIGN 5, "What an agent
// obeys").
struct Cluster : ObjectOf<Cluster, Kind::kCluster> {
  std::string cluster_id;
  std::string lineage;
  int64_t lineage_began_ms = 0;  // wall time
  std::string lineage_proof;     // the CA's signature of it; "" without a CA
  // What agents run is still being learned: nothing is planned and nothing handed out.
  bool recovering = false;
  // Nodes that the last recovery did not hear of: their pod subnets are in use and not known.
  std::vector<std::string> missing_nodes;
  // Nodes that were revoked: what their hosts still run when they are let in again is to go. Until
  // such a host follows its assignment. Oldest first.
  std::vector<std::string> revoked_nodes;
  int64_t epoch = 0;                             // grows with every start of a controller
  std::string pod_cidr;                          // of the whole cluster, "10.42.0.0/16"
  std::string service_cidr = "10.96.0.0/16";     // Services' addresses
  std::string cluster_domain = "cluster.local";  // their names end with it
  std::string network_backend = "vxlan";  // or "host-gw": how pods of other hosts are reached
  // For how long pods without a toleration of their own stay on a host that is silent.
  int64_t unreachable_toleration_ms = 15'000;
};

}  // namespace reconcile
