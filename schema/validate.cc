#include "schema/validate.h"

#include "base/check.h"
#include "schema/field_table.h"
#include "schema/names.h"
#include "schema/text.h"

namespace reconcile {

namespace {

constexpr size_t kMaxAnnotationBytes = 256 << 10;

// Reports every required field that has no value, in `source` and the structs inside it.
void ValidateRequired(const StructTable& table, const void* source, const FieldPath& path,
                      FieldReporter* reporter) {
  for (const FieldInfo& field : table.fields()) {
    if (!field.IsKept() || !field.IsDeclarable()) continue;
    const void* member = field.Get(source);
    const FieldPath member_path(path, field.name);
    const bool is_unset =
        field.type->IsZero(member) || (field.type->shape() == FieldShape::kStruct
                                           ? field.type->Equal(member, field.Get(table.initial()))
                                           : field.is_shaped && table.IsDefault(field, source));
    if (field.is_required && is_unset) {
      reporter->Error(member_path, "required");
      continue;
    }
    const StructTable* inner = field.type->table();
    if (inner == nullptr) continue;
    for (size_t i = 0; i < field.type->Count(member); ++i) {
      const void* element = field.type->At(member, i);
      if (field.type->shape() != FieldShape::kList) {
        ValidateRequired(*inner, element, member_path, reporter);
        continue;
      }
      const FieldInfo* key = inner->Find(inner->key());
      const Value name =
          key == nullptr ? Value() : key->type->Encode(key->Get(element), EncodeFor::kUser);
      ValidateRequired(*inner, element,
                       FieldPath::Item(member_path, i, name.IsString() ? name.AsString() : ""),
                       reporter);
    }
  }
}

std::string CheckName(Kind kind, const std::string& name) {
  switch (kind) {
    case Kind::kNamespace:
    case Kind::kStatefulSet:  // its pods' host names begin with it
      return CheckDnsLabel(name);
    case Kind::kService:
      return CheckServiceName(name);
    case Kind::kNode:
    case Kind::kPod:
    case Kind::kReplicationController:
    case Kind::kReplicaSet:
    case Kind::kDeployment:
    case Kind::kDaemonSet:
    case Kind::kJob:
    case Kind::kCronJob:
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
    case Kind::kHorizontalPodAutoscaler:
    case Kind::kPodDisruptionBudget:
    case Kind::kResourceQuota:
    case Kind::kLimitRange:
    case Kind::kPriorityClass:
    case Kind::kLease:
      return CheckDnsSubdomain(name);
    case Kind::kRole:
    case Kind::kClusterRole:
    case Kind::kRoleBinding:
    case Kind::kClusterRoleBinding:
      return CheckPathSegment(name);
  }
  CHECK(false);
}

void ValidateMetadata(const Object& object, FieldReporter* reporter) {
  const FieldPath root;
  const FieldPath path(root, "metadata");
  const ObjectMeta& metadata = object.metadata;
  const KindInfo& info = InfoOf(object.kind);
  if (!metadata.name.empty()) {
    ReportIf(CheckName(object.kind, metadata.name), FieldPath(path, "name"), reporter);
  }
  if (!metadata.namespace_name.empty()) {
    const FieldPath namespace_path(path, "namespace");
    if (info.namespaced) {
      ReportIf(CheckDnsLabel(metadata.namespace_name), namespace_path, reporter);
    } else {
      reporter->Error(namespace_path,
                      "a " + std::string(info.name) + " is cluster-wide: leave this out");
    }
  }
  ValidateLabels(metadata.labels, FieldPath(path, "labels"), reporter);
  ValidateAnnotations(metadata.annotations, FieldPath(path, "annotations"), reporter);
}

void ValidateByKind(const Object& object, FieldReporter* reporter) {
  const FieldPath root;
  switch (object.kind) {
    case Kind::kPod:
      return ValidatePodSpec(static_cast<const Pod&>(object).spec, FieldPath(root, "spec"),
                             reporter);
    case Kind::kReplicationController:
      return ValidateReplicationController(static_cast<const ReplicationController&>(object),
                                           reporter);
    case Kind::kReplicaSet:
      return ValidateReplicaSet(static_cast<const ReplicaSet&>(object), reporter);
    case Kind::kDeployment:
      return ValidateDeployment(static_cast<const Deployment&>(object), reporter);
    case Kind::kStatefulSet:
      return ValidateStatefulSet(static_cast<const StatefulSet&>(object), reporter);
    case Kind::kDaemonSet:
      return ValidateDaemonSet(static_cast<const DaemonSet&>(object), reporter);
    case Kind::kJob:
      return ValidateJob(static_cast<const Job&>(object), reporter);
    case Kind::kCronJob:
      return ValidateCronJob(static_cast<const CronJob&>(object), reporter);
    case Kind::kService:
      return ValidateService(static_cast<const Service&>(object), reporter);
    case Kind::kConfigMap:
      return ValidateConfigMap(static_cast<const ConfigMap&>(object), reporter);
    case Kind::kSecret:
      return ValidateSecret(static_cast<const Secret&>(object), reporter);
    case Kind::kNamespace:
    case Kind::kNode:
    case Kind::kEvent:
    case Kind::kSource:
    case Kind::kCluster:
      return;
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
      return ValidateKept(static_cast<const KeptObject&>(object), reporter);
  }
  CHECK(false);
}

}  // namespace

void ValidateObject(const Object& object, FieldReporter* reporter) {
  ValidateRequired(TableOf(object.kind), StructOf(object), FieldPath(), reporter);
  ValidateMetadata(object, reporter);
  ValidateByKind(object, reporter);
}

void ValidateLabels(const StringMap& labels, const FieldPath& path, FieldReporter* reporter) {
  for (const auto& [key, value] : labels) {
    ReportIf(CheckQualifiedName(key), FieldPath::Key(path, key), reporter);
    ReportIf(CheckLabelValue(value), FieldPath::Key(path, key), reporter);
  }
}

void ValidateAnnotations(const StringMap& annotations, const FieldPath& path,
                         FieldReporter* reporter) {
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) {
    std::string lower = key;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    ReportIf(CheckQualifiedName(lower), FieldPath::Key(path, key), reporter);
    bytes += key.size() + value.size();
  }
  if (bytes > kMaxAnnotationBytes) {
    reporter->Error(path, "holds " + std::to_string(bytes) + " bytes; the limit is " +
                              std::to_string(kMaxAnnotationBytes));
  }
}

void ReportIf(const std::string& wrong, const FieldPath& path, FieldReporter* reporter) {
  if (!wrong.empty()) reporter->Error(path, wrong);
}

void RequireNotNegative(int64_t value, const FieldPath& path, FieldReporter* reporter) {
  if (value < 0) {
    reporter->Error(path, "must be 0 or more, not " + std::to_string(value));
  }
}

void RequireAtMost(int64_t most, int64_t value, const FieldPath& path, FieldReporter* reporter) {
  if (value > most) {
    reporter->Error(path,
                    "must be at most " + std::to_string(most) + ", not " + std::to_string(value));
  }
}

void RequirePort(int32_t port, const FieldPath& path, FieldReporter* reporter) {
  if (port < 1 || port > 65535) {
    reporter->Error(path, "must be a port from 1 to 65535, not " + std::to_string(port));
  }
}

}  // namespace reconcile
