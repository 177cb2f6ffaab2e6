#include "reconciler/declared.h"

#include <algorithm>
#include <set>

#include "reconciler/deployment.h"
#include "schema/core.h"
#include "schema/job.h"
#include "schema/kept.h"
#include "schema/sets.h"

namespace reconcile {
namespace {

constexpr char kNamespaceNameLabel[] = "kubernetes.io/metadata.name";

std::set<std::string> SplitKeys(const ObjectMeta& metadata, const char* annotation) {
  std::set<std::string> keys;
  const auto found = metadata.annotations.find(annotation);
  if (found == metadata.annotations.end()) return keys;
  const std::string& text = found->second;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    keys.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return keys;
}

std::string JoinKeys(const StringMap& map) {
  std::string text;
  for (const auto& [key, value] : map) text += (text.empty() ? "" : ",") + key;
  return text;
}

// The entries that others than Git put there.
StringMap Foreign(StringMap map, const std::set<std::string>& declared) {
  std::erase_if(map, [&](const auto& entry) { return declared.contains(entry.first); });
  map.erase(kDeclaredLabels);
  map.erase(kDeclaredAnnotations);
  return map;
}

void KeepOnly(const std::set<std::string>& declared, StringMap* map) {
  std::erase_if(*map, [&](const auto& entry) { return !declared.contains(entry.first); });
}

void EraseUnlessDeclared(const char* key, const StringMap& declared, StringMap* map) {
  if (!declared.contains(key)) map->erase(key);
}

std::vector<const char*> ServerOwnedAnnotations(Kind kind) {
  if (kind == Kind::kDeployment || kind == Kind::kReplicaSet) {
    return {kRevisionAnnotation, kDesiredAnnotation, kMaxAnnotation};
  }
  if (kind == Kind::kNode) return {kDeclaredLabels, kDeclaredAnnotations, kReportedLabels};
  return {};
}

// `before` without what Git did not declare; null when there is nothing such on its kind.
std::shared_ptr<Object> DeclaredView(const Object& before, const Object& after) {
  std::shared_ptr<Object> view;
  if (const Node* node = As<Node>(before)) {
    const auto bare = std::make_shared<Node>(*node);
    KeepOnly(SplitKeys(before.metadata, kDeclaredLabels), &bare->metadata.labels);
    KeepOnly(SplitKeys(before.metadata, kDeclaredAnnotations), &bare->metadata.annotations);
    bare->spec.pod_cidr = As<Node>(after)->spec.pod_cidr;
    view = bare;
  } else if (before.kind == Kind::kNamespace) {
    view = before.Clone();
    EraseUnlessDeclared(kNamespaceNameLabel, after.metadata.labels, &view->metadata.labels);
  } else if (before.kind == Kind::kDeployment) {
    view = before.Clone();
    view->metadata.annotations.erase(kRevisionAnnotation);
  } else if (const Pod* pod = As<Pod>(before)) {
    const auto unbound = std::make_shared<Pod>(*pod);
    unbound->spec.node_name = As<Pod>(after)->spec.node_name;
    view = unbound;
  }
  return view;
}

template <typename T>
bool SameSpec(const Object& a, const Object& b) {
  return As<T>(a)->spec == As<T>(b)->spec;
}

template <typename T>
bool SameData(const Object& a, const Object& b) {
  return As<T>(a)->data == As<T>(b)->data && As<T>(a)->immutable == As<T>(b)->immutable;
}

bool SameContent(const Object& a, const Object& b) {
  switch (a.kind) {
    case Kind::kNode:
      return SameSpec<Node>(a, b);
    case Kind::kPod:
      return SameSpec<Pod>(a, b);
    case Kind::kReplicationController:
      return SameSpec<ReplicationController>(a, b);
    case Kind::kReplicaSet:
      return SameSpec<ReplicaSet>(a, b);
    case Kind::kDeployment:
      return SameSpec<Deployment>(a, b);
    case Kind::kStatefulSet:
      return SameSpec<StatefulSet>(a, b);
    case Kind::kDaemonSet:
      return SameSpec<DaemonSet>(a, b);
    case Kind::kJob:
      return SameSpec<Job>(a, b);
    case Kind::kCronJob:
      return SameSpec<CronJob>(a, b);
    case Kind::kService:
      return SameSpec<Service>(a, b);
    case Kind::kConfigMap:
      return SameData<ConfigMap>(a, b) &&
             As<ConfigMap>(a)->binary_data == As<ConfigMap>(b)->binary_data;
    case Kind::kSecret:
      return SameData<Secret>(a, b) && As<Secret>(a)->type == As<Secret>(b)->type;
    case Kind::kNamespace:
    case Kind::kEvent:
    case Kind::kSource:
    case Kind::kCluster:
      return true;
    case Kind::kEndpoints:
    case Kind::kEndpointSlice:
    case Kind::kIngress:
    case Kind::kIngressClass:
    case Kind::kNetworkPolicy:
    case Kind::kPersistentVolume:
    case Kind::kPersistentVolumeClaim:
    case Kind::kStorageClass:
    case Kind::kServiceAccount:
    case Kind::kRole:
    case Kind::kClusterRole:
    case Kind::kRoleBinding:
    case Kind::kClusterRoleBinding:
    case Kind::kHorizontalPodAutoscaler:
    case Kind::kPodDisruptionBudget:
    case Kind::kResourceQuota:
    case Kind::kLimitRange:
    case Kind::kPriorityClass:
    case Kind::kLease:
      return static_cast<const KeptObject&>(a).others == static_cast<const KeptObject&>(b).others;
  }
  return true;
}

template <typename T>
void CopyStatus(const Object& before, Object* merged) {
  static_cast<T*>(merged)->status = As<T>(before)->status;
}

// What controllers and agents keep on an object that Git declares.
void KeepObserved(const Object& before, Object* merged) {
  switch (before.kind) {
    case Kind::kNamespace:
      static_cast<Namespace*>(merged)->phase = As<Namespace>(before)->phase;
      break;
    case Kind::kNode:
      CopyStatus<Node>(before, merged);
      static_cast<Node*>(merged)->spec.pod_cidr = As<Node>(before)->spec.pod_cidr;
      break;
    case Kind::kPod:
      CopyStatus<Pod>(before, merged);
      static_cast<Pod*>(merged)->spec.node_name = As<Pod>(before)->spec.node_name;
      break;
    case Kind::kReplicationController:
      CopyStatus<ReplicationController>(before, merged);
      break;
    case Kind::kReplicaSet:
      CopyStatus<ReplicaSet>(before, merged);
      break;
    case Kind::kDeployment:
      CopyStatus<Deployment>(before, merged);
      break;
    case Kind::kStatefulSet:  // these four have no status: nothing acts on them
    case Kind::kDaemonSet:
    case Kind::kJob:
    case Kind::kCronJob:
    case Kind::kService:
    case Kind::kConfigMap:
    case Kind::kSecret:
    case Kind::kEvent:
    case Kind::kSource:
    case Kind::kCluster:
    case Kind::kEndpoints:
    case Kind::kEndpointSlice:
    case Kind::kIngress:
    case Kind::kIngressClass:
    case Kind::kNetworkPolicy:
    case Kind::kPersistentVolume:
    case Kind::kPersistentVolumeClaim:
    case Kind::kStorageClass:
    case Kind::kServiceAccount:
    case Kind::kRole:
    case Kind::kClusterRole:
    case Kind::kRoleBinding:
    case Kind::kClusterRoleBinding:
    case Kind::kHorizontalPodAutoscaler:
    case Kind::kPodDisruptionBudget:
    case Kind::kResourceQuota:
    case Kind::kLimitRange:
    case Kind::kPriorityClass:
    case Kind::kLease:
      break;
  }
}

void KeepKey(const char* key, const StringMap& before, StringMap* merged) {
  const auto found = before.find(key);
  if (found != before.end()) merged->emplace(key, found->second);
}

void KeepForeignNodeMetadata(const ObjectMeta& before, ObjectMeta* merged) {
  merged->labels.merge(Foreign(before.labels, SplitKeys(before, kDeclaredLabels)));
  merged->annotations.merge(Foreign(before.annotations, SplitKeys(before, kDeclaredAnnotations)));
}

void RememberDeclared(const ObjectMeta& after, ObjectMeta* metadata) {
  if (!after.labels.empty()) metadata->annotations[kDeclaredLabels] = JoinKeys(after.labels);
  if (!after.annotations.empty()) {
    metadata->annotations[kDeclaredAnnotations] = JoinKeys(after.annotations);
  }
}

}  // namespace

std::vector<std::string> StripServerOwned(Object* declared) {
  std::vector<std::string> taken;
  ObjectMeta& metadata = declared->metadata;
  for (const char* key : ServerOwnedAnnotations(declared->kind)) {
    if (metadata.annotations.erase(key) > 0)
      taken.push_back(std::string("annotation '") + key + "'");
  }
  if (declared->kind == Kind::kNamespace) {
    const auto label = metadata.labels.find(kNamespaceNameLabel);
    if (label != metadata.labels.end() && label->second != metadata.name) {
      metadata.labels.erase(label);
      taken.push_back(std::string("label '") + kNamespaceNameLabel + "'");
    }
  }
  return taken;
}

std::vector<FieldChange> DeclaredDiff(const Object& before, const Object& after) {
  std::shared_ptr<Object> view = DeclaredView(before, after);
  const Object& seen = view == nullptr ? before : *view;
  const bool same = seen.metadata.labels == after.metadata.labels &&
                    seen.metadata.annotations == after.metadata.annotations &&
                    SameContent(seen, after);
  if (same) return {};
  // What an older release stored lacks the defaults that came since: no difference.
  if (view == nullptr) view = before.Clone();
  ApplyDefaults(view.get());
  return DiffObjects(*view, after);
}

std::shared_ptr<Object> MergeDeclared(const Object& before, const Object& after) {
  std::shared_ptr<Object> merged = after.Clone();
  ObjectMeta& metadata = merged->metadata;
  metadata = before.metadata;
  metadata.labels = after.metadata.labels;
  metadata.annotations = after.metadata.annotations;
  metadata.origin = after.metadata.origin;
  KeepObserved(before, merged.get());
  if (before.kind == Kind::kNode) {
    KeepForeignNodeMetadata(before.metadata, &metadata);
    RememberDeclared(after.metadata, &metadata);
  } else if (before.kind == Kind::kNamespace) {
    KeepKey(kNamespaceNameLabel, before.metadata.labels, &metadata.labels);
  } else if (before.kind == Kind::kDeployment) {
    KeepKey(kRevisionAnnotation, before.metadata.annotations, &metadata.annotations);
  }
  if (!SameContent(before, *merged)) ++metadata.generation;
  return merged;
}

std::shared_ptr<Object> FreshDeclared(const Object& after) {
  std::shared_ptr<Object> fresh = after.Clone();
  fresh->metadata = ObjectMeta();
  fresh->metadata.name = after.metadata.name;
  fresh->metadata.namespace_name = after.metadata.namespace_name;
  fresh->metadata.labels = after.metadata.labels;
  fresh->metadata.annotations = after.metadata.annotations;
  fresh->metadata.origin = after.metadata.origin;
  fresh->metadata.generation = 1;
  if (after.kind == Kind::kNode) RememberDeclared(after.metadata, &fresh->metadata);
  return fresh;
}

std::shared_ptr<Object> Undeclared(const Object& before) {
  std::shared_ptr<Object> bare = before.Clone();
  bare->metadata = ObjectMeta();
  bare->metadata.name = before.metadata.name;
  if (before.kind == Kind::kNode) static_cast<Node*>(bare.get())->spec.unschedulable = false;
  return bare;
}

void MergeReportedLabels(const StringMap& reported, ObjectMeta* metadata) {
  const std::set<std::string> declared = SplitKeys(*metadata, kDeclaredLabels);
  for (const std::string& label : SplitKeys(*metadata, kReportedLabels)) {
    if (!declared.contains(label)) metadata->labels.erase(label);
  }
  for (const auto& [label, value] : reported) {
    if (!declared.contains(label)) metadata->labels[label] = value;
  }
  metadata->annotations[kReportedLabels] = JoinKeys(reported);
}

std::optional<int32_t> DeclaredReplicas(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) return deployment->spec.replicas;
  if (const auto* set = As<ReplicaSet>(object)) return set->spec.replicas;
  if (const auto* rc = As<ReplicationController>(object)) return rc->spec.replicas;
  return std::nullopt;
}

const PodSpec* PodSpecOf(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) return &deployment->spec.pod_template.spec;
  if (const auto* set = As<ReplicaSet>(object)) return &set->spec.pod_template.spec;
  if (const auto* rc = As<ReplicationController>(object)) return &rc->spec.pod_template.spec;
  if (const auto* pod = As<Pod>(object)) return &pod->spec;
  return nullptr;
}

const StringMap* PodLabelsOf(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) {
    return &deployment->spec.pod_template.metadata.labels;
  }
  if (const auto* set = As<ReplicaSet>(object)) return &set->spec.pod_template.metadata.labels;
  if (const auto* rc = As<ReplicationController>(object)) {
    return &rc->spec.pod_template.metadata.labels;
  }
  if (const auto* pod = As<Pod>(object)) return &pod->metadata.labels;
  return nullptr;
}

bool IsWorkload(Kind kind) {
  return kind == Kind::kDeployment || kind == Kind::kReplicaSet ||
         kind == Kind::kReplicationController || kind == Kind::kPod;
}

bool NeedsRecreation(Kind kind, const std::vector<FieldChange>& fields) {
  return kind == Kind::kPod && std::any_of(fields.begin(), fields.end(), [](const auto& field) {
           return field.path.starts_with("spec");
         });
}

}  // namespace reconcile
