#include "schema/object.h"

#include <algorithm>

#include "base/check.h"
#include "schema/text.h"

namespace reconcile {

namespace {

constexpr std::string_view kOwnGroup = "reconcile.dev/v1";

constexpr std::string_view kNoPods = "no pods are made for it yet";
constexpr std::string_view kNoIngress = "nothing leads in from outside yet";
constexpr std::string_view kNoPolicies = "traffic between pods is not restricted yet";
constexpr std::string_view kNoVolumes = "volumes are not made or bound to claims yet";
constexpr std::string_view kNoApiAccess = "API access inside the cluster is not served";
constexpr std::string_view kOnlyPullSecrets =
    "only its imagePullSecrets are: API access inside the cluster is not served";

constexpr std::array<KindInfo, kAllKinds.size()> kKinds = {{
    {Kind::kNamespace, "Namespace", "v1", "namespaces", "namespace", "ns", false, true},
    {Kind::kNode, "Node", "v1", "nodes", "node", "no", false, true},
    {Kind::kPod, "Pod", "v1", "pods", "pod", "po", true, true},
    {Kind::kReplicationController, "ReplicationController", "v1", "replicationcontrollers",
     "replicationcontroller", "rc", true, true},
    {Kind::kReplicaSet, "ReplicaSet", "apps/v1", "replicasets", "replicaset", "rs", true, true},
    {Kind::kDeployment, "Deployment", "apps/v1", "deployments", "deployment", "deploy", true, true},
    {Kind::kStatefulSet, "StatefulSet", "apps/v1", "statefulsets", "statefulset", "sts", true, true,
     kNoPods},
    {Kind::kDaemonSet, "DaemonSet", "apps/v1", "daemonsets", "daemonset", "ds", true, true,
     kNoPods},
    {Kind::kJob, "Job", "batch/v1", "jobs", "job", "", true, true, kNoPods},
    {Kind::kCronJob, "CronJob", "batch/v1", "cronjobs", "cronjob", "cj", true, true,
     "no Jobs and no pods are made for it yet"},
    {Kind::kService, "Service", "v1", "services", "service", "svc", true, true},
    {Kind::kConfigMap, "ConfigMap", "v1", "configmaps", "configmap", "cm", true, true},
    {Kind::kSecret, "Secret", "v1", "secrets", "secret", "", true, true},
    {Kind::kEvent, "Event", "v1", "events", "event", "ev", true, false},
    {Kind::kSource, "Source", kOwnGroup, "sources", "source", "", false, false},
    {Kind::kCluster, "Cluster", kOwnGroup, "clusters", "cluster", "", false, false},
    {Kind::kEndpoints, "Endpoints", "v1", "endpoints", "endpoints", "ep", true, true},
    {Kind::kEndpointSlice, "EndpointSlice", "discovery.k8s.io/v1", "endpointslices",
     "endpointslice", "", true, true},
    {Kind::kIngress, "Ingress", "networking.k8s.io/v1", "ingresses", "ingress", "ing", true, true,
     kNoIngress},
    {Kind::kIngressClass, "IngressClass", "networking.k8s.io/v1", "ingressclasses", "ingressclass",
     "", false, true, kNoIngress},
    {Kind::kNetworkPolicy, "NetworkPolicy", "networking.k8s.io/v1", "networkpolicies",
     "networkpolicy", "netpol", true, true, kNoPolicies},
    {Kind::kPersistentVolume, "PersistentVolume", "v1", "persistentvolumes", "persistentvolume",
     "pv", false, true, kNoVolumes},
    {Kind::kPersistentVolumeClaim, "PersistentVolumeClaim", "v1", "persistentvolumeclaims",
     "persistentvolumeclaim", "pvc", true, true, kNoVolumes},
    {Kind::kStorageClass, "StorageClass", "storage.k8s.io/v1", "storageclasses", "storageclass",
     "sc", false, true, kNoVolumes},
    {Kind::kServiceAccount, "ServiceAccount", "v1", "serviceaccounts", "serviceaccount", "sa", true,
     true, kOnlyPullSecrets},
    {Kind::kRole, "Role", "rbac.authorization.k8s.io/v1", "roles", "role", "", true, true,
     kNoApiAccess},
    {Kind::kClusterRole, "ClusterRole", "rbac.authorization.k8s.io/v1", "clusterroles",
     "clusterrole", "", false, true, kNoApiAccess},
    {Kind::kRoleBinding, "RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings",
     "rolebinding", "", true, true, kNoApiAccess},
    {Kind::kClusterRoleBinding, "ClusterRoleBinding", "rbac.authorization.k8s.io/v1",
     "clusterrolebindings", "clusterrolebinding", "", false, true, kNoApiAccess},
    {Kind::kHorizontalPodAutoscaler, "HorizontalPodAutoscaler", "autoscaling/v2",
     "horizontalpodautoscalers", "horizontalpodautoscaler", "hpa", true, true,
     "replicas do not follow the load yet"},
    {Kind::kPodDisruptionBudget, "PodDisruptionBudget", "policy/v1", "poddisruptionbudgets",
     "poddisruptionbudget", "pdb", true, true},
    {Kind::kResourceQuota, "ResourceQuota", "v1", "resourcequotas", "resourcequota", "quota", true,
     true, "namespaces have no quotas yet"},
    {Kind::kLimitRange, "LimitRange", "v1", "limitranges", "limitrange", "limits", true, true,
     "its limits and defaults are not applied yet"},
    {Kind::kPriorityClass, "PriorityClass", "scheduling.k8s.io/v1", "priorityclasses",
     "priorityclass", "pc", false, true},
    {Kind::kLease, "Lease", "coordination.k8s.io/v1", "leases", "lease", "", true, true,
     "nobody takes or renews Leases here"},
}};

}  // namespace

const KindInfo& InfoOf(Kind kind) {
  const KindInfo& info = kKinds[static_cast<size_t>(kind)];
  CHECK(info.kind == kind);
  return info;
}

std::string_view ToString(Kind kind) { return InfoOf(kind).name; }

std::optional<Kind> FindKind(std::string_view api_version, std::string_view name) {
  for (const KindInfo& info : kKinds) {
    if (info.name == name && info.api_version == api_version) return info.kind;
  }
  return std::nullopt;
}

std::optional<Kind> FindKindByWord(std::string_view word) {
  if (word.empty()) return std::nullopt;
  for (const KindInfo& info : kKinds) {
    for (std::string_view name : {info.singular, info.plural, info.short_name}) {
      if (EqualIgnoringCase(name, word)) return info.kind;
    }
  }
  return std::nullopt;
}

std::string ToString(const ObjectKey& key) {
  std::string text(ToString(key.kind));
  text += ' ';
  if (!key.namespace_name.empty()) text += key.namespace_name + '/';
  return text + key.name;
}

const OwnerReference* ControllerOf(const ObjectMeta& metadata) {
  for (const OwnerReference& owner : metadata.owner_references) {
    if (owner.controller) return &owner;
  }
  return nullptr;
}

}  // namespace reconcile
