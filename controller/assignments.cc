#include "controller/assignments.h"

#include <algorithm>
#include <set>

#include "controller/pull_secrets.h"
#include "schema/codec.h"
#include "schema/sidecar.h"
#include "schema/volumes.h"

namespace reconcile {
namespace {

// Names of the ConfigMaps and Secrets that a pod's containers and volumes read, optional ones too,
// and of the Secrets with which its images are pulled.
struct References {
  std::set<std::string> config_maps;
  std::set<std::string> secrets;
};

References ReferencesOf(const Pod& pod, const ClusterState& state) {
  const PodSpec& spec = pod.spec;
  References references;
  for (std::string& name : PullSecretsOf(pod, state)) references.secrets.insert(std::move(name));
  AddVolumeReferences(spec, &references.config_maps, &references.secrets);
  for (const Container* container : AllContainersOf(spec)) {
    for (const EnvFromSource& from : container->env_from) {
      if (from.config_map_ref) references.config_maps.insert(from.config_map_ref->name);
      if (from.secret_ref) references.secrets.insert(from.secret_ref->name);
    }
    for (const EnvVar& variable : container->env) {
      if (!variable.value_from) continue;
      if (const auto& ref = variable.value_from->config_map_key_ref) {
        references.config_maps.insert(ref->name);
      }
      if (const auto& ref = variable.value_from->secret_key_ref)
        references.secrets.insert(ref->name);
    }
  }
  return references;
}

// What the agent needs of a pod: all but its status, which only the agent knows.
std::shared_ptr<const Pod> WithoutStatus(const Pod& pod) {
  auto stripped = std::make_shared<Pod>(pod);
  stripped->status = PodStatus();
  return stripped;
}

bool SameForAgent(const Pod& a, const Pod& b) {
  return &a == &b || (a.metadata.uid == b.metadata.uid &&
                      a.metadata.deletion_timestamp == b.metadata.deletion_timestamp &&
                      a.metadata.labels == b.metadata.labels &&
                      a.metadata.annotations == b.metadata.annotations && a.spec == b.spec);
}

template <typename T, typename Equal>
bool SameLists(const std::vector<T>& a, const std::vector<T>& b, Equal equal) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equal);
}

template <typename T>
void Collect(const ClusterState& state, const std::string& namespace_name,
             const std::set<std::string>& names,
             std::map<ObjectKey, std::shared_ptr<const T>>* found) {
  for (const std::string& name : names) {
    if (auto object = state.Find<T>(namespace_name, name)) found->emplace(object->key(), object);
  }
}

// What assignments say of the cluster; how much it has counted is no part of them.
bool SameCluster(const Cluster& a, const Cluster& b) {
  return a.cluster_id == b.cluster_id && a.lineage == b.lineage && a.epoch == b.epoch &&
         a.lineage_began_ms == b.lineage_began_ms && a.lineage_proof == b.lineage_proof &&
         a.pod_cidr == b.pod_cidr && a.service_cidr == b.service_cidr &&
         a.cluster_domain == b.cluster_domain && a.network_backend == b.network_backend;
}

// The nodes of pods that read one of these ConfigMaps and Secrets, or have one of these
// ServiceAccounts.
void AddReaders(const std::set<ObjectKey>& data, const ClusterState& state,
                std::set<std::string>* nodes) {
  std::set<std::string> namespaces;
  for (const ObjectKey& key : data) namespaces.insert(key.namespace_name);
  const ObjectMap& pods = state.Objects(Kind::kPod);
  for (const std::string& name : namespaces) {
    for (auto it = pods.lower_bound({Kind::kPod, name, ""});
         it != pods.end() && it->first.namespace_name == name; ++it) {
      const Pod& pod = *As<Pod>(*it->second);
      const References references = ReferencesOf(pod, state);
      const auto reads = [&](Kind kind, const std::set<std::string>& names) {
        return std::any_of(names.begin(), names.end(), [&](const std::string& word) {
          return data.contains({kind, name, word});
        });
      };
      if (reads(Kind::kConfigMap, references.config_maps) ||
          reads(Kind::kSecret, references.secrets) || data.contains(ServiceAccountOf(pod))) {
        nodes->insert(pod.spec.node_name);
      }
    }
  }
}

// An agent says something of each pod that it knows.
bool HasBegun(const Pod& pod) {
  return pod.metadata.deletion_timestamp || !pod.status.container_statuses.empty();
}

// How many bytes of a message pods take, with the ConfigMaps and Secrets that they read, each
// counted once.
class MessageBudget {
 public:
  MessageBudget(const ObjectSizes& sizes, const ClusterState& state)
      : sizes_(sizes), state_(state) {}

  void Add(const Pod& pod) {
    for (const ObjectKey& key : NewOf(pod)) {
      counted_.insert(key);
      bytes_ += SizeOf(key);
    }
  }
  bool HasRoomFor(const Pod& pod) const {
    size_t bytes = bytes_;
    for (const ObjectKey& key : NewOf(pod)) bytes += SizeOf(key);
    return bytes <= kUsableMessageBytes;
  }
  bool Fits() const { return bytes_ <= kUsableMessageBytes; }
  template <typename Objects>
  void AddAll(const Objects& objects) {
    for (const auto& object : objects) bytes_ += SizeOf(object->key());
  }

 private:
  static constexpr size_t kUsableMessageBytes = kMaxMessageBytes - (256 << 10);  // tombstones etc.

  size_t SizeOf(const ObjectKey& key) const {
    const auto found = sizes_.find(key);
    return found == sizes_.end() ? 0 : found->second + 1;  // a comma
  }
  std::vector<ObjectKey> NewOf(const Pod& pod) const {
    const References references = ReferencesOf(pod, state_);
    std::vector<ObjectKey> keys = {pod.key()};
    const std::string& space = pod.metadata.namespace_name;
    for (const auto& name : references.config_maps) keys.push_back({Kind::kConfigMap, space, name});
    for (const auto& name : references.secrets) keys.push_back({Kind::kSecret, space, name});
    std::erase_if(keys, [&](const ObjectKey& key) { return counted_.contains(key); });
    return keys;
  }

  const ObjectSizes& sizes_;
  const ClusterState& state_;
  size_t bytes_ = 0;
  std::set<ObjectKey> counted_;
};

}  // namespace

NodePods PodsOn(const std::string& node, const ClusterState& state) {
  NodePods pods;
  state.pods_by_node().ForEach(
      node, [&](const ObjectKey& key) { pods.push_back(As<Pod>(state.Find(key))); });
  return pods;
}

std::optional<std::set<std::string>> NodesConcerned(const ClusterState& before,
                                                    const ClusterState& after) {
  const auto then = before.Find<Cluster>("", "cluster");
  const auto now = after.Find<Cluster>("", "cluster");
  if (then == nullptr || now == nullptr || !SameCluster(*then, *now)) return std::nullopt;
  std::set<std::string> nodes;
  const auto add = [&](const ObjectPtr& old_object, const ObjectPtr& new_object) {
    if (const auto pod = As<Pod>(old_object)) nodes.insert(pod->spec.node_name);
    if (const auto pod = As<Pod>(new_object)) nodes.insert(pod->spec.node_name);
    if (const auto node = As<Node>(old_object)) nodes.insert(node->metadata.name);
    if (const auto node = As<Node>(new_object)) nodes.insert(node->metadata.name);
  };
  ClusterState::ForEachDifference(before, after, Kind::kPod, add);
  ClusterState::ForEachDifference(before, after, Kind::kNode, add);
  std::set<ObjectKey> data;
  for (const Kind kind : {Kind::kConfigMap, Kind::kSecret, Kind::kServiceAccount}) {
    ClusterState::ForEachDifference(
        before, after, kind, [&](const ObjectPtr& old_object, const ObjectPtr& new_object) {
          data.insert((old_object == nullptr ? new_object : old_object)->key());
        });
  }
  AddReaders(data, after, &nodes);
  return nodes;
}

Assignment AssignmentOf(const std::string& node, const NodePods& pods, const NetworkLists& network,
                        const ClusterState& state) {
  Assignment assignment;
  const std::shared_ptr<const Cluster> cluster = state.Find<Cluster>("", "cluster");
  CHECK(cluster != nullptr);
  assignment.fence = {cluster->cluster_id, cluster->lineage,          cluster->epoch,
                      state.revision(),    cluster->lineage_began_ms, cluster->lineage_proof};
  assignment.node = node;
  assignment.cluster_pod_cidr = cluster->pod_cidr;
  if (const auto object = state.Find<Node>("", node)) {
    assignment.node_pod_cidr = object->spec.pod_cidr;
  }
  SetNetwork(network, *cluster, &assignment);
  std::map<ObjectKey, std::shared_ptr<const ConfigMap>> config_maps;
  std::map<ObjectKey, std::shared_ptr<const Secret>> secrets;
  for (const std::shared_ptr<const Pod>& pod : pods) {
    assignment.pods.push_back(WithoutStatus(*WithPullSecrets(pod, state)));
    const References references = ReferencesOf(*pod, state);
    Collect(state, pod->metadata.namespace_name, references.config_maps, &config_maps);
    Collect(state, pod->metadata.namespace_name, references.secrets, &secrets);
  }
  for (const auto& [key, object] : config_maps) assignment.config_maps.push_back(object);
  for (const auto& [key, object] : secrets) assignment.secrets.push_back(object);
  return assignment;
}

Assignment WithNetwork(const Assignment& sent, const NetworkLists& network,
                       const ClusterState& state) {
  Assignment assignment = sent;
  assignment.fence.revision = state.revision();
  const std::shared_ptr<const Cluster> cluster = state.Find<Cluster>("", "cluster");
  CHECK(cluster != nullptr);
  SetNetwork(network, *cluster, &assignment);
  return assignment;
}

Assignment AssignmentFor(const std::string& node, const ClusterState& state) {
  return AssignmentOf(node, PodsOn(node, state), NetworkOf(state), state);
}

ObjectSizes MeasureObjects(const Assignment& assignment) {
  ObjectSizes sizes;
  const auto measure = [&](const auto& objects) {
    for (const auto& object : objects) {
      sizes[object->key()] = EncodeObjectJson(*object, EncodeFor::kStore).size();
    }
  };
  measure(assignment.pods);
  measure(assignment.config_maps);
  measure(assignment.secrets);
  measure(assignment.nodes);
  measure(assignment.services);
  measure(assignment.endpoint_slices);
  measure(assignment.namespaces);
  return sizes;
}

std::optional<Assignment> FitAssignment(const Assignment& assignment, const ObjectSizes& sizes,
                                        const NodePods& pods, const ClusterState& state) {
  MessageBudget budget(sizes, state);
  budget.AddAll(assignment.nodes);
  budget.AddAll(assignment.services);
  budget.AddAll(assignment.endpoint_slices);
  budget.AddAll(assignment.namespaces);
  for (const std::shared_ptr<const Pod>& pod : pods) {
    if (HasBegun(*pod)) budget.Add(*pod);
  }
  if (!budget.Fits()) return std::nullopt;
  NodePods fitting;
  for (const std::shared_ptr<const Pod>& pod : pods) {
    if (!HasBegun(*pod)) {
      if (!budget.HasRoomFor(*pod)) continue;
      budget.Add(*pod);
    }
    fitting.push_back(pod);
  }
  Assignment part = AssignmentOf(
      assignment.node, fitting,
      {assignment.nodes, assignment.services, assignment.endpoint_slices, assignment.namespaces},
      state);
  part.tombstones = assignment.tombstones;
  part.heartbeat_ms = assignment.heartbeat_ms;
  return part;
}

std::string LargestObjects(const ObjectSizes& sizes) {
  constexpr size_t kShown = 3;
  std::vector<std::pair<ObjectKey, size_t>> sorted(sizes.begin(), sizes.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string text;
  for (size_t i = 0; i < sorted.size() && i < kShown; ++i) {
    text += (i == 0 ? "" : ", ") + ToString(sorted[i].first) + " (" +
            std::to_string(sorted[i].second) + " bytes)";
  }
  return text;
}

bool SameForAgent(const Assignment& a, const Assignment& b) {
  const auto same_data = [](const auto& x, const auto& y) {
    return x == y || (x->metadata.uid == y->metadata.uid && x->data == y->data);
  };
  const auto same_map = [&](const auto& x, const auto& y) {
    return same_data(x, y) && x->binary_data == y->binary_data;
  };
  return a.fence.lineage == b.fence.lineage && a.fence.epoch == b.fence.epoch &&
         a.node_pod_cidr == b.node_pod_cidr && a.cluster_pod_cidr == b.cluster_pod_cidr &&
         a.tombstones == b.tombstones && a.is_drained == b.is_drained &&
         a.heartbeat_ms == b.heartbeat_ms && SameNetwork(a, b) &&
         SameLists(a.pods, b.pods,
                   [](const auto& x, const auto& y) { return SameForAgent(*x, *y); }) &&
         SameLists(a.config_maps, b.config_maps, same_map) &&
         SameLists(a.secrets, b.secrets, same_data);
}

}  // namespace reconcile
