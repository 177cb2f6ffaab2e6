#include "api/columns.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "api/columns_kept.h"
#include "api/columns_network.h"
#include "api/columns_workload.h"
#include "reconciler/source_operations.h"
#include "schema/core.h"
#include "schema/sidecar.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

using Cells = std::vector<std::string>;

std::string Age(const ObjectMeta& metadata, WallTime now) {
  return metadata.creation_timestamp ? FormatAge(now.ms - metadata.creation_timestamp->ms)
                                     : "<unknown>";
}

std::string Fraction(int64_t part, int64_t whole) {
  return std::to_string(part) + "/" + std::to_string(whole);
}

// Nobody knows how it is: its host is silent.
bool IsLost(const Pod& pod) {
  const Condition* ready = FindCondition(pod.status.conditions, "Ready");
  return ready != nullptr && ready->reason == kNodeStatusUnknown;
}

// What keeps the pod's init containers from being done, as `kubectl get` says it; "" when they are.
std::string InitWord(const Pod& pod) {
  const Condition* initialized = FindCondition(pod.status.conditions, "Initialized");
  if (initialized != nullptr && initialized->status == ConditionStatus::kTrue) return "";
  const std::vector<Container>& inits = pod.spec.init_containers;
  const std::vector<ContainerStatus>& statuses = pod.status.init_container_statuses;
  for (size_t i = 0; i < std::min(inits.size(), statuses.size()); ++i) {
    const ContainerState& state = statuses[i].state;
    if (state.terminated && state.terminated->exit_code == 0) continue;
    if (IsSidecar(inits[i]) && statuses[i].started) continue;
    if (state.terminated && state.terminated->reason.empty()) {
      return "Init:ExitCode:" + std::to_string(state.terminated->exit_code);
    }
    if (state.terminated) return "Init:" + state.terminated->reason;
    const bool says_why = state.waiting && !state.waiting->reason.empty() &&
                          state.waiting->reason != "PodInitializing";
    if (says_why) return "Init:" + state.waiting->reason;
    return "Init:" + Fraction(static_cast<int64_t>(i), static_cast<int64_t>(inits.size()));
  }
  return "";
}

// "3 (5m ago)"; without a time when none is known.
std::string RestartsText(int restarts, const std::optional<WallTime>& last, WallTime now) {
  const std::string text = std::to_string(restarts);
  return restarts > 0 && last ? text + " (" + FormatAge(now.ms - last->ms) + " ago)" : text;
}

// How many of the conditions that the pod's readiness waits for are true.
std::string ReadinessGates(const Pod& pod) {
  const Value* gates = pod.spec.others.Find("readinessGates");
  if (gates == nullptr || !gates->IsList() || gates->AsList().empty()) return "<none>";
  int64_t open = 0;
  for (const Value& gate : gates->AsList()) {
    const Condition* condition =
        FindCondition(pod.status.conditions, gate.GetString("conditionType"));
    open += condition != nullptr && condition->status == ConditionStatus::kTrue ? 1 : 0;
  }
  return Fraction(open, static_cast<int64_t>(gates->AsList().size()));
}

Cells PodCells(const Pod& pod, WallTime now) {
  int ready = 0;
  int restarts = 0;
  std::optional<WallTime> last_restart;
  const bool initializing = !InitWord(pod).empty();
  const auto count = [&](const ContainerStatus& container, bool lasts) {
    ready += lasts && container.ready && !IsLost(pod) ? 1 : 0;
    // Of init containers while the pod is at them.
    if (!lasts && !initializing) return;
    restarts += container.restart_count;
    const auto& ended = container.last_state.terminated;
    if (ended) last_restart = std::max(last_restart, ended->finished_at);
  };
  for (const ContainerStatus& init : pod.status.init_container_statuses) {
    const auto& inits = pod.spec.init_containers;
    count(init, std::any_of(inits.begin(), inits.end(), [&](const Container& container) {
            return container.name == init.name && IsSidecar(container);
          }));
  }
  for (const ContainerStatus& container : pod.status.container_statuses) count(container, true);
  const auto lasting = static_cast<int64_t>(LastingContainersOf(pod.spec).size());
  return {pod.metadata.name,          Fraction(ready, lasting),
          PodStatusWord(pod),         RestartsText(restarts, last_restart, now),
          Age(pod.metadata, now),     OrNone(pod.status.pod_ip),
          OrNone(pod.spec.node_name), OrNone(pod.status.nominated_node_name),
          ReadinessGates(pod)};
}

Cells DeploymentCells(const Deployment& deployment, WallTime now) {
  const DeploymentStatus& status = deployment.status;
  const PodSpec& spec = deployment.spec.pod_template.spec;
  return {deployment.metadata.name,
          Fraction(status.ready_replicas, deployment.spec.replicas),
          std::to_string(status.updated_replicas),
          std::to_string(status.available_replicas),
          Age(deployment.metadata, now),
          ContainerNames(spec),
          ContainerImages(spec),
          LabelsText(deployment.spec.selector.match_labels)};
}

template <typename T>
Cells ReplicaCells(const T& set, const std::string& selector, WallTime now) {
  const PodSpec& spec = set.spec.pod_template.spec;
  return {set.metadata.name,
          std::to_string(set.spec.replicas),
          std::to_string(set.status.replicas),
          std::to_string(set.status.ready_replicas),
          Age(set.metadata, now),
          ContainerNames(spec),
          ContainerImages(spec),
          selector};
}

std::string AddressOf(const Node& node, std::string_view type) {
  for (const NodeAddress& address : node.status.addresses) {
    if (address.type == type) return address.address;
  }
  return "<none>";
}

// Kubernetes' rule: what its labels say.
std::string RolesOf(const Node& node) {
  constexpr std::string_view kRolePrefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [label, value] : node.metadata.labels) {
    if (label.starts_with(kRolePrefix) && label.size() > kRolePrefix.size()) {
      roles.insert(label.substr(kRolePrefix.size()));
    }
    if (label == "kubernetes.io/role" && !value.empty()) roles.insert(value);
  }
  std::string text;
  for (const std::string& role : roles) text += (text.empty() ? "" : ",") + role;
  return OrNone(text);
}

Cells NodeCells(const Node& node, WallTime now) {
  std::string status = IsReady(node) ? "Ready" : IsRevoked(node) ? "Revoked" : "NotReady";
  if (IsUnschedulable(node)) status += ",SchedulingDisabled";
  for (const std::string_view type : {kMemoryPressure, kDiskPressure, kPidPressure}) {
    const Condition* pressure = FindCondition(node.status.conditions, type);
    const bool is_on = pressure != nullptr && pressure->status == ConditionStatus::kTrue;
    if (is_on) status += "," + std::string(type);
  }
  const NodeSystemInfo& info = node.status.node_info;
  return {node.metadata.name,
          status,
          RolesOf(node),
          Age(node.metadata, now),
          info.agent_version,
          AddressOf(node, "InternalIP"),
          "<none>",
          info.os_image,
          info.kernel_version,
          info.container_runtime_version,
          OrNone(node.spec.pod_cidr)};
}

Cells EventCells(const Event& event, WallTime now) {
  const auto age = [now](const std::optional<WallTime>& time) {
    return time ? FormatAge(now.ms - time->ms) : std::string("<unknown>");
  };
  std::string kind = event.involved_object.kind;
  for (char& c : kind) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return {age(event.last_timestamp),
          std::string(ToString(event.type)),
          event.reason,
          kind + "/" + event.involved_object.name,
          "",
          event.component + (event.host.empty() ? "" : ", " + event.host),
          event.message,
          age(event.first_timestamp),
          std::to_string(event.count),
          event.metadata.name};
}

std::string SourceMessage(const Source& source) {
  const Condition* ready = FindCondition(source.status.conditions, "Ready");
  std::string message = ready == nullptr ? "not read yet" : ready->message;
  if (ready != nullptr && ready->reason == kWaitsForApply) message.clear();  // it is a line below
  for (const std::string& line : OperationLines(source)) {
    message += (message.empty() ? "" : "; ") + line;
  }
  return message;
}

// "main@sha1:..." of the commit in force, "main" before there is one.
std::string RevisionInForce(const Source& source) {
  std::string revision = source.status.applied_reference;
  if (revision.empty()) {
    revision = source.spec.semver.empty() ? source.spec.revision : source.spec.semver;
  }
  if (revision.empty()) revision = "HEAD";
  const std::string& commit = source.status.applied_commit;
  return commit.empty() ? revision : revision + "@sha1:" + commit;
}

Cells SourceCells(const Source& source, WallTime now) {
  const Condition* ready = FindCondition(source.status.conditions, "Ready");
  return {source.metadata.name,
          RevisionInForce(source),
          IsSuspended(source) ? "True" : "False",
          ready == nullptr ? "Unknown" : std::string(ToString(ready->status)),
          SourceMessage(source),
          Age(source.metadata, now),
          source.spec.repository,
          source.spec.path.empty() ? "/" : source.spec.path};
}

template <typename Data>
std::string CountOf(const Data& data) {
  return std::to_string(data.size());
}

using ColumnsByKind = std::map<Kind, std::vector<TableColumn>>;

// Of the kinds that are shown here; the others have files of their own.
const ColumnsByKind& ApplicationColumns() {
  static const ColumnsByKind kColumns = {
      {Kind::kNamespace, {{"Name"}, {"Status"}, {"Age"}}},
      {Kind::kPod,
       {{"Name"},
        {"Ready"},
        {"Status"},
        {"Restarts"},
        {"Age"},
        {"IP", 1},
        {"Node", 1},
        {"Nominated Node", 1},
        {"Readiness Gates", 1}}},
      {Kind::kReplicationController,
       {{"Name"},
        {"Desired"},
        {"Current"},
        {"Ready"},
        {"Age"},
        {"Containers", 1},
        {"Images", 1},
        {"Selector", 1}}},
      {Kind::kReplicaSet,
       {{"Name"},
        {"Desired"},
        {"Current"},
        {"Ready"},
        {"Age"},
        {"Containers", 1},
        {"Images", 1},
        {"Selector", 1}}},
      {Kind::kDeployment,
       {{"Name"},
        {"Ready"},
        {"Up-to-date"},
        {"Available"},
        {"Age"},
        {"Containers", 1},
        {"Images", 1},
        {"Selector", 1}}},
      {Kind::kConfigMap, {{"Name"}, {"Data"}, {"Age"}}},
      {Kind::kSecret, {{"Name"}, {"Type"}, {"Data"}, {"Age"}}},
  };
  return kColumns;
}

const ColumnsByKind& SystemColumns() {
  static const ColumnsByKind kColumns = {
      {Kind::kNode,
       {{"Name"},
        {"Status"},
        {"Roles"},
        {"Age"},
        {"Version"},
        {"Internal-IP", 1},
        {"External-IP", 1},
        {"OS-Image", 1},
        {"Kernel-Version", 1},
        {"Container-Runtime", 1},
        {"Pod-CIDR", 1}}},
      {Kind::kEvent,
       {{"Last Seen"},
        {"Type"},
        {"Reason"},
        {"Object"},
        {"Subobject", 1},
        {"Source", 1},
        {"Message"},
        {"First Seen", 1},
        {"Count", 1},
        {"Name", 1}}},
      {Kind::kSource,
       {{"Name"},
        {"Revision"},
        {"Suspended"},
        {"Ready"},
        {"Message"},
        {"Age", 1},
        {"Repository", 1},
        {"Path", 1}}},
      {Kind::kCluster, {{"Name"}, {"Cluster-ID"}, {"Epoch"}, {"Pod-CIDR"}}},
  };
  return kColumns;
}

bool IsLaterWorkload(Kind kind) {
  return kind == Kind::kStatefulSet || kind == Kind::kDaemonSet || kind == Kind::kJob ||
         kind == Kind::kCronJob;
}

}  // namespace

std::string OrNone(const std::string& text) { return text.empty() ? "<none>" : text; }

std::string ContainerNames(const PodSpec& spec) {
  std::string text;
  for (const Container& container : spec.containers) {
    text += (text.empty() ? "" : ",") + container.name;
  }
  return text;
}

std::string ContainerImages(const PodSpec& spec) {
  std::string text;
  for (const Container& container : spec.containers) {
    text += (text.empty() ? "" : ",") + container.image;
  }
  return text;
}

std::string LabelsText(const StringMap& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return OrNone(text);
}

std::string PodStatusWord(const Pod& pod) {
  std::string word =
      pod.status.reason.empty() ? std::string(ToString(pod.status.phase)) : pod.status.reason;
  const std::string init_word = InitWord(pod);
  if (!init_word.empty()) word = init_word;
  for (const ContainerStatus& container : pod.status.container_statuses) {
    if (!init_word.empty()) break;
    if (container.state.waiting && !container.state.waiting->reason.empty()) {
      word = container.state.waiting->reason;
    } else if (container.state.terminated) {
      const ContainerStateTerminated& terminated = *container.state.terminated;
      word = !terminated.reason.empty() ? terminated.reason
                                        : "ExitCode:" + std::to_string(terminated.exit_code);
    }
  }
  if (IsLost(pod)) word = "NodeLost";  // Kubernetes' reason for it
  return pod.metadata.deletion_timestamp ? "Terminating" : word;
}

std::vector<TableColumn> ColumnsOf(Kind kind) {
  for (const ColumnsByKind* columns : {&ApplicationColumns(), &SystemColumns()}) {
    const auto found = columns->find(kind);
    if (found != columns->end()) return found->second;
  }
  if (IsNetworkKind(kind)) return NetworkColumns(kind);
  return IsLaterWorkload(kind) ? WorkloadColumns(kind) : KeptColumns(kind);
}

std::vector<std::string> CellsOf(const Object& object, WallTime now) {
  const std::string age = Age(object.metadata, now);
  if (const auto* name = As<Namespace>(object)) return {name->metadata.name, name->phase, age};
  if (const auto* node = As<Node>(object)) return NodeCells(*node, now);
  if (const auto* pod = As<Pod>(object)) return PodCells(*pod, now);
  if (const auto* controller = As<ReplicationController>(object)) {
    return ReplicaCells(*controller, LabelsText(controller->spec.selector), now);
  }
  if (const auto* set = As<ReplicaSet>(object)) {
    return ReplicaCells(*set, LabelsText(set->spec.selector.match_labels), now);
  }
  if (const auto* deployment = As<Deployment>(object)) return DeploymentCells(*deployment, now);
  if (const auto* map = As<ConfigMap>(object)) {
    return {map->metadata.name, std::to_string(map->data.size() + map->binary_data.size()), age};
  }
  if (const auto* secret = As<Secret>(object)) {
    return {secret->metadata.name, secret->type, CountOf(secret->data), age};
  }
  if (const auto* event = As<Event>(object)) return EventCells(*event, now);
  if (const auto* source = As<Source>(object)) return SourceCells(*source, now);
  if (const auto* cluster = As<Cluster>(object)) {
    return {cluster->metadata.name, cluster->cluster_id, std::to_string(cluster->epoch),
            cluster->pod_cidr};
  }
  if (IsNetworkKind(object.kind)) return NetworkCells(object, age);
  if (IsLaterWorkload(object.kind)) return WorkloadCells(object, age, now);
  return KeptCells(static_cast<const KeptObject&>(object), age);
}

}  // namespace reconcile
