#include "schema/convert.h"

#include <algorithm>

#include "schema/convert_steps.h"
#include "schema/text.h"

namespace reconcile {

namespace {

struct OldVersion {
  std::string_view kind;
  std::string_view old_version;
  std::string_view new_version;
  std::string_view gone_in;  // the first release of Kubernetes that does not serve it
  void (*convert)(Conversion*);
};

constexpr std::string_view kApps = "apps/v1";
constexpr std::string_view kNetworking = "networking.k8s.io/v1";
constexpr std::string_view kRbac = "rbac.authorization.k8s.io/v1";
constexpr std::string_view kRbacBeta = "rbac.authorization.k8s.io/v1beta1";
constexpr std::string_view kRbacAlpha = "rbac.authorization.k8s.io/v1alpha1";

constexpr OldVersion kOldVersions[] = {
    {"Deployment", "extensions/v1beta1", kApps, "1.16", ConvertExtensionsDeployment},
    {"Deployment", "apps/v1beta1", kApps, "1.16", ConvertAppsV1Beta1Deployment},
    {"Deployment", "apps/v1beta2", kApps, "1.16", ConvertNothing},
    {"DaemonSet", "extensions/v1beta1", kApps, "1.16", ConvertExtensionsDaemonSet},
    {"DaemonSet", "apps/v1beta2", kApps, "1.16", ConvertNothing},
    {"ReplicaSet", "extensions/v1beta1", kApps, "1.16", ConvertExtensionsReplicaSet},
    {"ReplicaSet", "apps/v1beta2", kApps, "1.16", ConvertNothing},
    {"StatefulSet", "apps/v1beta1", kApps, "1.16", ConvertAppsV1Beta1StatefulSet},
    {"StatefulSet", "apps/v1beta2", kApps, "1.16", ConvertNothing},
    {"NetworkPolicy", "extensions/v1beta1", kNetworking, "1.16", ConvertNothing},
    {"Ingress", "extensions/v1beta1", kNetworking, "1.22", ConvertIngress},
    {"Ingress", "networking.k8s.io/v1beta1", kNetworking, "1.22", ConvertIngress},
    {"IngressClass", "networking.k8s.io/v1beta1", kNetworking, "1.22", ConvertNothing},
    {"CronJob", "batch/v2alpha1", "batch/v1", "1.21", ConvertNothing},
    {"CronJob", "batch/v1beta1", "batch/v1", "1.25", ConvertNothing},
    {"PodDisruptionBudget", "policy/v1beta1", "policy/v1", "1.25", ConvertPodDisruptionBudget},
    {"HorizontalPodAutoscaler", "autoscaling/v2beta1", "autoscaling/v2", "1.25",
     ConvertAutoscalerV2Beta1},
    {"HorizontalPodAutoscaler", "autoscaling/v2beta2", "autoscaling/v2", "1.26", ConvertNothing},
    {"StorageClass", "storage.k8s.io/v1beta1", "storage.k8s.io/v1", "1.22", ConvertNothing},
    {"Role", kRbacBeta, kRbac, "1.22", ConvertNothing},
    {"ClusterRole", kRbacBeta, kRbac, "1.22", ConvertNothing},
    {"RoleBinding", kRbacBeta, kRbac, "1.22", ConvertNothing},
    {"ClusterRoleBinding", kRbacBeta, kRbac, "1.22", ConvertNothing},
    {"Role", kRbacAlpha, kRbac, "1.22", ConvertNothing},
    {"ClusterRole", kRbacAlpha, kRbac, "1.22", ConvertNothing},
    {"RoleBinding", kRbacAlpha, kRbac, "1.22", ConvertBindingV1Alpha1},
    {"ClusterRoleBinding", kRbacAlpha, kRbac, "1.22", ConvertBindingV1Alpha1},
    {"PriorityClass", "scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1", "1.22", ConvertNothing},
    {"PriorityClass", "scheduling.k8s.io/v1alpha1", "scheduling.k8s.io/v1", "1.22", ConvertNothing},
    {"Lease", "coordination.k8s.io/v1beta1", "coordination.k8s.io/v1", "1.22", ConvertNothing},
    {"EndpointSlice", "discovery.k8s.io/v1beta1", "discovery.k8s.io/v1", "1.25",
     ConvertEndpointSlice},
};

const OldVersion* FindOldVersion(const Value& manifest) {
  const Value* version = manifest.Find("apiVersion");
  const Value* kind = manifest.Find("kind");
  if (version == nullptr || kind == nullptr || !version->IsString() || !kind->IsString()) {
    return nullptr;
  }
  for (const OldVersion& old : kOldVersions) {
    if (old.old_version == version->AsString() && old.kind == kind->AsString()) return &old;
  }
  return nullptr;
}

// autoscaling/v1 is still served; its objects are kept as v2.
std::optional<ConvertedManifest> ConvertServedVersion(const Value& manifest) {
  if (manifest.GetString("apiVersion") != "autoscaling/v1" ||
      manifest.GetString("kind") != "HorizontalPodAutoscaler") {
    return std::nullopt;
  }
  ConvertedManifest result{manifest, "", {}};
  Conversion conversion{&result, ""};
  Value* version = FindMember(&result.value, "apiVersion");
  Value renamed = Value::String("autoscaling/v2");
  renamed.mark = version->mark;
  *version = std::move(renamed);
  ConvertAutoscalerV1(&conversion);
  return result;
}

std::string WarningFor(const OldVersion& old, const std::string& kept) {
  std::string text = "deprecated: Kubernetes " + std::string(old.gone_in) +
                     " and newer do not serve " + std::string(old.old_version) + " for kind " +
                     std::string(old.kind) + "; write apiVersion: " + std::string(old.new_version);
  if (!kept.empty()) text += ", and " + kept + ", which the old version filled in";
  return text;
}

}  // namespace

std::optional<ConvertedManifest> ConvertOldVersion(const Value& manifest) {
  const OldVersion* old = FindOldVersion(manifest);
  if (old == nullptr) return ConvertServedVersion(manifest);
  ConvertedManifest result{manifest, "", {}};
  Conversion conversion{&result, ""};
  Value* version = FindMember(&result.value, "apiVersion");
  Value renamed = Value::String(std::string(old->new_version));
  renamed.mark = version->mark;
  *version = std::move(renamed);
  old->convert(&conversion);
  result.warning = WarningFor(*old, conversion.kept);
  return result;
}

void Conversion::Keep(std::string_view what) {
  if (!kept.empty()) kept += ", ";
  kept += what;
}

Value* FindMember(Value* map, std::string_view key) {
  if (map == nullptr || !map->IsMap()) return nullptr;
  for (Value::Member& member : map->AsMap()) {
    if (member.key == key) return member.value.IsNull() ? nullptr : &member.value;
  }
  return nullptr;
}

bool FillMember(Value* map, std::string_view key, Value value) {
  if (map == nullptr || !map->IsMap() || FindMember(map, key) != nullptr) return false;
  value.mark = map->mark;
  map->Set(std::string(key), std::move(value));
  return true;
}

Value* MakeMember(Value* map, std::string_view key) {
  FillMember(map, key, Value::MakeMap());
  Value* member = FindMember(map, key);
  return member != nullptr && member->IsMap() ? member : nullptr;
}

std::span<Value> ItemsOf(Value* list) {
  if (list == nullptr || !list->IsList()) return {};
  return list->AsList();
}

void RenameMember(Value* map, std::string_view from, std::string_view to) {
  if (FindMember(map, from) == nullptr) return;
  for (Value::Member& member : map->AsMap()) {
    if (member.key == from) member.key = std::string(to);
  }
}

std::optional<Value> TakeMember(Value* map, std::string_view key) {
  if (map == nullptr || !map->IsMap()) return std::nullopt;
  Value::Map& members = map->AsMap();
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Value::Member& member) { return member.key == key; });
  if (found == members.end()) return std::nullopt;
  Value value = std::move(found->value);
  members.erase(found);
  if (value.IsNull()) return std::nullopt;
  return value;
}

void RefuseNewer(Value* map, std::initializer_list<std::string_view> names,
                 Conversion* conversion) {
  for (const std::string_view name : names) {
    const Value* member = FindMember(map, name);
    if (member == nullptr) continue;
    conversion->Error(member->mark, "unknown field " + Quoted(name) +
                                        " in this old apiVersion; the new one has it: write "
                                        "apiVersion: " +
                                        conversion->root()->GetString("apiVersion"));
  }
}

void ConvertNothing(Conversion*) {}

}  // namespace reconcile
