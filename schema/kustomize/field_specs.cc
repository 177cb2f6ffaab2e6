#include "schema/kustomize/field_specs.h"

#include <algorithm>
#include <array>

namespace reconcile::kustomize {
namespace {

using Names = std::vector<std::string_view>;

struct Step {
  std::string name;
  bool list = false;           // written with "[]"
  std::string_view remainder;  // of the path
};

Step FirstStep(std::string_view path) {
  Step step;
  size_t at = 0;
  for (; at < path.size() && path[at] != '/'; ++at) {
    if (path[at] == '\\' && at + 1 < path.size()) ++at;
    step.name += path[at];
  }
  step.remainder = at < path.size() ? path.substr(at + 1) : std::string_view();
  if (step.name.ends_with("[]")) {
    step.list = true;
    step.name.resize(step.name.size() - 2);
  }
  return step;
}

// Where the pod's template stands in each kind.
struct TemplatePlace {
  std::string_view group;
  std::string_view kind;
  std::string_view path;
};
constexpr std::array<TemplatePlace, 6> kTemplates = {{
    {"", "ReplicationController", "spec/template/"},
    {"", "Deployment", "spec/template/"},
    {"", "ReplicaSet", "spec/template/"},
    {"", "DaemonSet", "spec/template/"},
    {"apps", "StatefulSet", "spec/template/"},
    {"batch", "Job", "spec/template/"},
}};

std::vector<FieldSpec> MetadataFields(const std::string& field) {
  std::vector<FieldSpec> specs = {{"", "", "", "metadata/" + field, true}};
  for (const TemplatePlace& place : kTemplates) {
    specs.push_back(
        {place.group, "", place.kind, std::string(place.path) + "metadata/" + field, true});
  }
  specs.push_back({"batch", "", "CronJob", "spec/jobTemplate/metadata/" + field, true});
  specs.push_back(
      {"batch", "", "CronJob", "spec/jobTemplate/spec/template/metadata/" + field, true});
  return specs;
}

std::vector<FieldSpec> MakeSelectorFields() {
  std::vector<FieldSpec> specs = {
      {"", "v1", "Service", "spec/selector", true},
      {"", "v1", "ReplicationController", "spec/selector", true},
      {"", "", "Deployment", "spec/selector/matchLabels", true},
      {"", "", "ReplicaSet", "spec/selector/matchLabels", true},
      {"", "", "DaemonSet", "spec/selector/matchLabels", true},
      {"apps", "", "StatefulSet", "spec/selector/matchLabels", true},
      {"batch", "", "Job", "spec/selector/matchLabels", false},
      {"batch", "", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false},
      {"policy", "", "PodDisruptionBudget", "spec/selector/matchLabels", false},
      {"networking.k8s.io", "", "NetworkPolicy", "spec/podSelector/matchLabels", false},
      {"networking.k8s.io", "", "NetworkPolicy", "spec/ingress/from/podSelector/matchLabels",
       false},
      {"networking.k8s.io", "", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false},
  };
  const std::string pod = "spec/template/spec/";
  for (const std::string_view kind : {"Deployment", "StatefulSet"}) {
    for (const std::string affinity : {"podAffinity", "podAntiAffinity"}) {
      const std::string path = pod + "affinity/" + affinity + "/";
      specs.push_back({"apps", "", kind,
                       path + "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/"
                              "labelSelector/matchLabels"});
      specs.push_back(
          {"apps", "", kind,
           path + "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels"});
    }
    specs.push_back(
        {"apps", "", kind, pod + "topologySpreadConstraints/labelSelector/matchLabels"});
  }
  return specs;
}

struct PodPlace {
  std::string_view version;
  std::string_view kind;
  std::string_view path;  // to the pod's spec
};
constexpr std::array<PodPlace, 8> kConfigReaders = {{
    {"v1", "Pod", "spec/"},
    {"", "PodTemplate", "template/spec/"},
    {"", "Deployment", "spec/template/spec/"},
    {"", "ReplicaSet", "spec/template/spec/"},
    {"", "DaemonSet", "spec/template/spec/"},
    {"", "StatefulSet", "spec/template/spec/"},
    {"", "Job", "spec/template/spec/"},
    {"", "CronJob", "spec/jobTemplate/spec/template/spec/"},
}};
constexpr std::array<PodPlace, 7> kPodReaders = {{
    {"", "Pod", "spec/"},
    {"", "StatefulSet", "spec/template/spec/"},
    {"", "Deployment", "spec/template/spec/"},
    {"", "ReplicationController", "spec/template/spec/"},
    {"", "CronJob", "spec/jobTemplate/spec/template/spec/"},
    {"", "Job", "spec/template/spec/"},
    {"", "DaemonSet", "spec/template/spec/"},
}};

// Collects rows for one kind that is referred to.
class References {
 public:
  References(std::vector<NameReference>* rows, std::string_view group, std::string_view version,
             std::string_view kind)
      : rows_(rows), group_(group), version_(version), kind_(kind) {}

  References& In(std::string_view group, std::string_view kind, std::string path) {
    rows_->push_back({group_, version_, kind_, {group, "", kind, std::move(path)}});
    return *this;
  }
  template <typename Places>
  References& InPods(const Places& places, const Names& fields) {
    for (const PodPlace& place : places) {
      for (const std::string_view field : fields) {
        rows_->push_back(
            {group_,
             version_,
             kind_,
             {"", place.version, place.kind, std::string(place.path) + std::string(field)}});
      }
    }
    return *this;
  }

 private:
  std::vector<NameReference>* rows_;
  std::string_view group_;
  std::string_view version_;
  std::string_view kind_;
};

void AddConfigReferences(std::vector<NameReference>* rows) {
  References(rows, "", "v1", "ConfigMap")
      .InPods(kConfigReaders,
              {"volumes/configMap/name", "containers/env/valueFrom/configMapKeyRef/name",
               "initContainers/env/valueFrom/configMapKeyRef/name",
               "containers/envFrom/configMapRef/name", "initContainers/envFrom/configMapRef/name",
               "volumes/projected/sources/configMap/name"})
      .In("", "Node", "spec/configSource/configMap")
      .In("", "Role", "rules/resourceNames")
      .In("", "ClusterRole", "rules/resourceNames")
      .In("", "Ingress",
          "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap");
  References(rows, "", "v1", "Secret")
      .InPods(kConfigReaders,
              {"volumes/secret/secretName", "containers/env/valueFrom/secretKeyRef/name",
               "initContainers/env/valueFrom/secretKeyRef/name",
               "containers/envFrom/secretRef/name", "initContainers/envFrom/secretRef/name",
               "imagePullSecrets/name", "volumes/projected/sources/secret/name"})
      .In("", "Ingress", "spec/tls/secretName")
      .In("", "Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret")
      .In("", "Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret")
      .In("", "Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret")
      .In("", "ServiceAccount", "imagePullSecrets/name")
      .In("", "StorageClass", "parameters/secretName")
      .In("", "StorageClass", "parameters/adminSecretName")
      .In("", "StorageClass", "parameters/userSecretName")
      .In("", "StorageClass", "parameters/secretRef")
      .In("", "Role", "rules/resourceNames")
      .In("", "ClusterRole", "rules/resourceNames")
      .In("", "PersistentVolume", "spec/azureFile/secretName");
}

void AddObjectReferences(std::vector<NameReference>* rows) {
  for (const std::string_view kind :
       {"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"}) {
    References(rows, "", "", kind).In("", "HorizontalPodAutoscaler", "spec/scaleTargetRef/name");
  }
  const std::string_view rbac = "rbac.authorization.k8s.io";
  const std::string_view webhooks = "admissionregistration.k8s.io";
  References(rows, "", "v1", "Service")
      .In("apps", "StatefulSet", "spec/serviceName")
      .In("", "Ingress", "spec/rules/http/paths/backend/serviceName")
      .In("", "Ingress", "spec/backend/serviceName")
      .In("", "Ingress", "spec/rules/http/paths/backend/service/name")
      .In("", "Ingress", "spec/defaultBackend/service/name")
      .In("apiregistration.k8s.io", "APIService", "spec/service/name")
      .In(webhooks, "ValidatingWebhookConfiguration", "webhooks/clientConfig/service")
      .In(webhooks, "MutatingWebhookConfiguration", "webhooks/clientConfig/service");
  References(rows, rbac, "", "Role").In(rbac, "RoleBinding", "roleRef/name");
  References(rows, rbac, "", "ClusterRole")
      .In(rbac, "RoleBinding", "roleRef/name")
      .In(rbac, "ClusterRoleBinding", "roleRef/name");
  References(rows, "", "v1", "ServiceAccount")
      .In(rbac, "RoleBinding", "subjects")
      .In(rbac, "ClusterRoleBinding", "subjects")
      .InPods(kPodReaders, {"serviceAccountName"});
  References(rows, "", "v1", "PersistentVolumeClaim")
      .InPods(kPodReaders, {"volumes/persistentVolumeClaim/claimName"});
  References(rows, "", "v1", "PersistentVolume")
      .In("", "PersistentVolumeClaim", "spec/volumeName")
      .In("", "ClusterRole", "rules/resourceNames");
  References(rows, "storage.k8s.io", "v1", "StorageClass")
      .In("", "PersistentVolume", "spec/storageClassName")
      .In("", "PersistentVolumeClaim", "spec/storageClassName")
      .In("", "StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName");
  References(rows, "scheduling.k8s.io", "v1", "PriorityClass")
      .InPods(kPodReaders, {"priorityClassName"});
}

}  // namespace

bool IsSelected(const Id& id, std::string_view group, std::string_view version,
                std::string_view kind) {
  return (group.empty() || id.group == group) && (version.empty() || id.version == version) &&
         (kind.empty() || id.kind == kind);
}

const std::vector<FieldSpec>& LabelFields() {
  static const std::vector<FieldSpec> specs = [] {
    std::vector<FieldSpec> made = MetadataFields("labels");
    made.push_back(
        {"apps", "", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true});
    return made;
  }();
  return specs;
}

const std::vector<FieldSpec>& AnnotationFields() {
  static const std::vector<FieldSpec> specs = MetadataFields("annotations");
  return specs;
}

const std::vector<FieldSpec>& SelectorFields() {
  static const std::vector<FieldSpec> specs = MakeSelectorFields();
  return specs;
}

const std::vector<FieldSpec>& ReplicaFields() {
  static const std::vector<FieldSpec> specs = {
      {"", "", "Deployment", "spec/replicas", true},
      {"", "", "ReplicationController", "spec/replicas", true},
      {"", "", "ReplicaSet", "spec/replicas", true},
      {"", "", "StatefulSet", "spec/replicas", true},
  };
  return specs;
}

const std::vector<FieldSpec>& NamespaceFields() {
  static const std::vector<FieldSpec> specs = {
      {"", "", "Namespace", "metadata/name", true},
      {"apiregistration.k8s.io", "", "APIService", "spec/service/namespace", true},
      {"apiextensions.k8s.io", "", "CustomResourceDefinition",
       "spec/conversion/webhook/clientConfig/service/namespace", false},
  };
  return specs;
}

const std::vector<NameReference>& NameReferences() {
  static const std::vector<NameReference> rows = [] {
    std::vector<NameReference> made;
    AddConfigReferences(&made);
    AddObjectReferences(&made);
    return made;
  }();
  return rows;
}

void ForEachField(Value* value, std::string_view path, bool create, Mark mark,
                  const std::function<void(Value*)>& change) {
  if (path.empty()) return change(value);
  if (value->IsList()) {
    for (Value& item : value->AsList()) ForEachField(&item, path, create, mark, change);
    return;
  }
  if (!value->IsMap()) return;
  const Step step = FirstStep(path);
  Value* member = FindMember(value, step.name);
  if (member == nullptr || member->IsNull()) {
    if (!create || step.list) return;
    member = FindOrAddMember(value, step.name, mark);
    if (!step.remainder.empty()) {
      *member = Value::MakeMap();
      member->mark = mark;
    }
  }
  ForEachField(member, step.remainder, create, mark, change);
}

}  // namespace reconcile::kustomize
