#include "schema/known_kinds.h"

#include <vector>

#include "schema/text.h"

namespace reconcile {

namespace {

constexpr std::string_view kDefinition = "CustomResourceDefinition";
// Kinds of Kubernetes that a manifest may not yet declare here.
constexpr std::string_view kOtherKinds[] = {
    "APIService",
    "Binding",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "CertificateSigningRequest",
    "ComponentStatus",
    "ControllerRevision",
    kDefinition,
    "Event",
    "FlowSchema",
    "IPAddress",
    "List",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "PodSecurityPolicy",
    "PodTemplate",
    "PriorityLevelConfiguration",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceSlice",
    "DeviceClass",
    "RuntimeClass",
    "ServiceCIDR",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "VolumeAttributesClass",
};

std::string GroupOf(std::string_view api_version) {
  const size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? "" : std::string(api_version.substr(0, slash));
}

// Groups that belong to Kubernetes itself: no dot, or under k8s.io (but not those of its add-ons).
bool IsKubernetesGroup(const std::string& group) {
  constexpr std::string_view kSuffix = ".k8s.io";
  if (group.find('.') == std::string::npos) return true;
  if (group.size() <= kSuffix.size() || group.substr(group.size() - kSuffix.size()) != kSuffix) {
    return false;
  }
  return group.find('.') == group.size() - kSuffix.size() || group == "rbac.authorization.k8s.io" ||
         group == "flowcontrol.apiserver.k8s.io";
}

std::string UnknownKind(std::string_view api_version, std::string_view kind) {
  const std::string group = GroupOf(api_version);
  if (group == "kustomize.config.k8s.io") {
    return "a kustomization must be named kustomization.yaml, kustomization.yml or Kustomization";
  }
  if (!IsKubernetesGroup(group)) {
    return Quoted(kind) + " of " + Quoted(api_version) +
           " is not a kind of Kubernetes itself; custom resources are not supported here. To pass "
           "over those of this group, name " +
           Quoted(group) + " in the source's ignoreGroups, and validate with --ignore-group " +
           ShortText(group);
  }
  std::vector<std::string_view> names(std::begin(kOtherKinds), std::end(kOtherKinds));
  for (Kind known : kAllKinds) {
    if (InfoOf(known).declarable) names.push_back(InfoOf(known).name);
  }
  const std::string_view nearest = NearestWord(kind, names);
  return "unknown kind " + Quoted(kind) +
         (IsSimilar(kind, nearest) ? "; did you mean " + Quoted(nearest) + "?"
                                   : "; the nearest known kind is " + Quoted(nearest));
}

}  // namespace

std::optional<Kind> FindDeclarableKind(std::string_view api_version, std::string_view kind,
                                       std::string* problem, bool* in_kind) {
  *in_kind = true;
  const bool is_foreign = !IsKubernetesGroup(GroupOf(api_version));
  for (Kind candidate : kAllKinds) {
    const KindInfo& info = InfoOf(candidate);
    if (info.name != kind || !info.declarable || is_foreign) continue;
    if (info.api_version == api_version) return candidate;
    *in_kind = false;
    *problem = Quoted(api_version) + " is not served for kind " + std::string(kind) + "; use " +
               Quoted(info.api_version);
    return std::nullopt;
  }
  for (std::string_view other : kOtherKinds) {
    if (other != kind || is_foreign) continue;
    *problem = "kind " + std::string(kind) + " is valid in Kubernetes, not yet supported here";
    if (kind == kDefinition) {
      *problem +=
          "; to pass over it and its resources, name its spec.group in the source's "
          "ignoreGroups, and validate with --ignore-group GROUP";
    }
    if (kind == "Event") *problem += ": the system writes Events itself; leave it out";
    return std::nullopt;
  }
  *problem = UnknownKind(api_version, kind);
  return std::nullopt;
}

std::string CustomGroupOf(const Value& manifest) {
  const std::string group = GroupOf(manifest.GetString("apiVersion"));
  if (group == "apiextensions.k8s.io" && manifest.GetString("kind") == kDefinition) {
    const Value* spec = manifest.Find("spec");
    return spec == nullptr ? "" : spec->GetString("group");
  }
  return IsKubernetesGroup(group) || group == "kustomize.config.k8s.io" ? "" : group;
}

}  // namespace reconcile
