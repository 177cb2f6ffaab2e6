#pragma once

#include "schema/copy_on_write_list.h"
#include "schema/object.h"
#include "schema/other_fields.h"
#include "schema/quantity.h"

namespace reconcile {

using ResourceList = std::map<std::string, Quantity>;  // "cpu", "memory", "pods"

enum class PullPolicy { kUnset, kAlways, kIfNotPresent, kNever };
enum class RestartPolicy { kAlways, kOnFailure, kNever };
enum class Protocol { kTcp, kUdp, kSctp };
enum class DnsPolicy { kClusterFirst, kClusterFirstWithHostNet, kDefault, kNone };
enum class PodPhase { kPending, kRunning, kSucceeded, kFailed, kUnknown };
enum class ConditionStatus { kTrue, kFalse, kUnknown };

std::string_view ToString(PullPolicy policy);  // Kubernetes' spelling; "" for kUnset
std::string_view ToString(RestartPolicy policy);
std::string_view ToString(Protocol protocol);
std::string_view ToString(DnsPolicy policy);
std::string_view ToString(PodPhase phase);
std::string_view ToString(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;
  std::string message;
  std::optional<WallTime> last_transition_time;
  std::optional<WallTime> last_update_time;  // Deployment only
  friend bool operator==(const Condition&, const Condition&) = default;
};
const Condition* FindCondition(const std::vector<Condition>& conditions, std::string_view type);
// Sets status, reason and message; moves last_transition_time only when the status changes. True
// when anything changed.
bool SetCondition(std::vector<Condition>* conditions, Condition condition, WallTime now);

struct KeySelector {  // configMapKeyRef, secretKeyRef
  std::string name;
  std::string key;
  bool optional = false;
  friend bool operator==(const KeySelector&, const KeySelector&) = default;
};
struct FieldSelector {  // fieldRef (SEMANTICS 11.5)
  std::string api_version = "v1";
  std::string field_path;
  friend bool operator==(const FieldSelector&, const FieldSelector&) = default;
};
struct EnvVarSource {  // exactly one is set
  std::optional<FieldSelector> field_ref;
  std::optional<KeySelector> config_map_key_ref;
  std::optional<KeySelector> secret_key_ref;
  OtherFields others;
  friend bool operator==(const EnvVarSource&, const EnvVarSource&) = default;
};
struct EnvVar {
  std::string name;
  std::string value;
  std::optional<EnvVarSource> value_from;
  friend bool operator==(const EnvVar&, const EnvVar&) = default;
};
struct EnvFromRef {
  std::string name;
  bool optional = false;
  friend bool operator==(const EnvFromRef&, const EnvFromRef&) = default;
};
struct EnvFromSource {
  std::string prefix;
  std::optional<EnvFromRef> config_map_ref;
  std::optional<EnvFromRef> secret_ref;
  friend bool operator==(const EnvFromSource&, const EnvFromSource&) = default;
};
struct ContainerPort {
  std::string name;
  int32_t container_port = 0;
  Protocol protocol = Protocol::kTcp;
  int32_t host_port = 0;  // the host's port that leads to it; 0: none
  std::string host_ip;    // the host's address that host_port is opened on; "": all
  friend bool operator==(const ContainerPort&, const ContainerPort&) = default;
};
struct ResourceRequirements {
  ResourceList limits;
  ResourceList requests;
  OtherFields others;
  friend bool operator==(const ResourceRequirements&, const ResourceRequirements&) = default;
};

struct Container {
  std::string name;
  std::string image;
  std::vector<std::string> command;  // the image's entrypoint when empty
  std::vector<std::string> args;     // the image's cmd when empty
  std::string working_dir;
  std::vector<ContainerPort> ports;
  std::vector<EnvFromSource> env_from;
  std::vector<EnvVar> env;
  ResourceRequirements resources;
  PullPolicy image_pull_policy = PullPolicy::kUnset;  // filled by defaults (SEMANTICS 8.6)
  OtherFields others;                                 // as tables_container.cc names them
  friend bool operator==(const Container&, const Container&) = default;
};

struct PodDnsOption {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const PodDnsOption&, const PodDnsOption&) = default;
};
struct PodDnsConfig {
  std::vector<std::string> nameservers;
  std::vector<std::string> searches;
  std::vector<PodDnsOption> options;
  friend bool operator==(const PodDnsConfig&, const PodDnsConfig&) = default;
};

// As long as a 32-bit number of seconds, like every other duration of a workload: 68 years.
inline constexpr int64_t kMaxGracePeriodSeconds = 2'147'483'647;

struct PodSpec {
  CopyOnWriteList<Container> containers;
  CopyOnWriteList<Container> init_containers;
  RestartPolicy restart_policy = RestartPolicy::kAlways;
  int64_t termination_grace_period_seconds = 30;  // at most kMaxGracePeriodSeconds
  StringMap node_selector;
  // In a manifest and a template: the node that pods go to, whatever the scheduler would say. In a
  // pod of the model: empty until it is bound; bound once.
  std::string node_name;
  std::string declared_node_name;  // of a pod of the model: what its manifest or template says
  bool host_network = false;
  DnsPolicy dns_policy = DnsPolicy::kClusterFirst;
  std::optional<PodDnsConfig> dns_config;
  std::string hostname;   // the pod's name when empty
  std::string subdomain;  // the headless Service under which hostname is found
  OtherFields others;     // as tables_pod.cc names them
  friend bool operator==(const PodSpec&, const PodSpec&) = default;
};

struct ContainerStateWaiting {
  std::string reason;
  std::string message;
  friend bool operator==(const ContainerStateWaiting&, const ContainerStateWaiting&) = default;
};
struct ContainerStateRunning {
  std::optional<WallTime> started_at;
  friend bool operator==(const ContainerStateRunning&, const ContainerStateRunning&) = default;
};
struct ContainerStateTerminated {
  int32_t exit_code = 0;
  int32_t signal = 0;
  std::string reason;  // Completed, Error, OOMKilled, ContainerCannotRun
  std::string message;
  std::optional<WallTime> started_at;
  std::optional<WallTime> finished_at;
  std::string container_id;
  friend bool operator==(const ContainerStateTerminated&,
                         const ContainerStateTerminated&) = default;
};
struct ContainerState {  // at most one is set
  std::optional<ContainerStateWaiting> waiting;
  std::optional<ContainerStateRunning> running;
  std::optional<ContainerStateTerminated> terminated;
  friend bool operator==(const ContainerState&, const ContainerState&) = default;
};
struct ContainerStatus {
  std::string name;
  ContainerState state;
  ContainerState last_state;
  bool ready = false;
  bool started = false;
  int32_t restart_count = 0;
  std::string image;
  std::string image_id;
  std::string container_id;  // "docker://<id>"
  friend bool operator==(const ContainerStatus&, const ContainerStatus&) = default;
};

struct PodIp {
  std::string ip;
  friend bool operator==(const PodIp&, const PodIp&) = default;
};
struct PodStatus {
  PodPhase phase = PodPhase::kPending;
  std::vector<Condition> conditions;  // PodScheduled, Initialized, ContainersReady, Ready
  std::string reason;
  std::string message;
  std::string host_ip;
  std::string pod_ip;
  std::vector<PodIp> pod_ips;  // that one again: readers who know of several look here alone
  std::optional<WallTime> start_time;
  std::vector<ContainerStatus> init_container_statuses;  // as the spec has them, sidecars too
  std::vector<ContainerStatus> container_statuses;
  std::string qos_class;
  std::string nominated_node_name;  // where room is made for it; "" nowhere
  friend bool operator==(const PodStatus&, const PodStatus&) = default;
};

struct Pod : ObjectOf<Pod, Kind::kPod> {
  PodSpec spec;
  PodStatus status;
};

struct PodTemplateSpec {
  ObjectMeta metadata;  // labels and annotations only
  PodSpec spec;
  friend bool operator==(const PodTemplateSpec&, const PodTemplateSpec&) = default;
};

// Phase not Succeeded or Failed and no deletion timestamp: the pods that controllers count
// (SEMANTICS, head).
bool IsActive(const Pod& pod);
bool IsTerminal(const Pod& pod);  // Succeeded or Failed
bool IsReady(const Pod& pod);     // condition Ready is True
// Requests, init containers reckoned in (SEMANTICS 9.4); a limit without one is one (17.4).
ResourceList RequestsOf(const PodSpec& spec);
std::string QosClassOf(const PodSpec& spec);  // SEMANTICS 18.1

}  // namespace reconcile
