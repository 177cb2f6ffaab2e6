#include "schema/kustomize/resource.h"

#include <algorithm>
#include <array>
#include <utility>

namespace reconcile::kustomize {
namespace {

constexpr std::array<std::string_view, 31> kClusterScoped = {
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ComponentStatus",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "NodeMetrics",
    "PersistentVolume",
    "PodSecurityPolicy",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "SelfSubjectAccessReview",
    "SelfSubjectRulesReview",
    "StorageClass",
    "StorageVersion",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
    "ClusterTrustBundle",
    "VolumeAttributesClass",
};

}  // namespace

std::string ToString(const Id& id) {
  return id.kind + " " + (id.namespace_name.empty() ? "" : id.namespace_name + "/") + id.name;
}

bool IsClusterScoped(const Id& id) {
  const bool known = id.group.find('.') == std::string::npos || id.group.ends_with(".k8s.io");
  return known &&
         std::find(kClusterScoped.begin(), kClusterScoped.end(), id.kind) != kClusterScoped.end();
}

std::string EffectiveNamespace(const Id& id) {
  if (IsClusterScoped(id)) return "_";
  return id.namespace_name.empty() ? "default" : id.namespace_name;
}

bool IsSameObject(const Id& a, const Id& b) {
  return a.group == b.group && a.version == b.version && a.kind == b.kind && a.name == b.name &&
         EffectiveNamespace(a) == EffectiveNamespace(b);
}

bool IsObject(const Value& document) {
  const Id id = IdOf(document);
  return !id.version.empty() && !id.kind.empty() && !id.name.empty();
}

Id IdOf(const Value& document) {
  Id id;
  const std::string api_version = document.GetString("apiVersion");
  const size_t slash = api_version.find('/');
  id.group = slash == std::string::npos ? "" : api_version.substr(0, slash);
  id.version = slash == std::string::npos ? api_version : api_version.substr(slash + 1);
  id.kind = document.GetString("kind");
  if (const Value* metadata = document.Find("metadata"); metadata != nullptr) {
    const Value* name = metadata->Find("name");
    if (name != nullptr) id.name = ScalarText(*name);
    id.namespace_name = metadata->GetString("namespace");
  }
  return id;
}

Id Resource::CurrentId() const { return IdOf(value); }

std::vector<Id> Resource::AllIds() const {
  std::vector<Id> ids = previous;
  ids.push_back(CurrentId());
  return ids;
}

bool Resource::Was(const Id& id) const {
  return IsSameObject(CurrentId(), id) ||
         std::any_of(previous.begin(), previous.end(),
                     [&](const Id& each) { return IsSameObject(each, id); });
}

void Resource::RememberId() {
  Id id = CurrentId();
  if (previous.empty() || previous.back() != id) previous.push_back(std::move(id));
}

Value* FindMember(Value* value, std::string_view key) {
  if (!value->IsMap()) return nullptr;
  for (Value::Member& member : value->AsMap()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Value* FindOrAddMember(Value* value, std::string_view key, Mark mark) {
  if (Value* found = FindMember(value, key); found != nullptr) return found;
  value->AsMap().push_back({std::string(key), Value(), mark});
  value->AsMap().back().value.mark = mark;
  return &value->AsMap().back().value;
}

bool RemoveMember(Value* value, std::string_view key) {
  if (!value->IsMap()) return false;
  return std::erase_if(value->AsMap(),
                       [&](const Value::Member& member) { return member.key == key; }) > 0;
}

Value StringAt(std::string text, Mark mark) {
  Value value = Value::String(std::move(text));
  value.mark = mark;
  return value;
}

std::string ScalarText(const Value& value) {
  switch (value.type()) {
    case Value::Type::kString:
      return value.AsString();
    case Value::Type::kBool:
      return value.AsBool() ? "true" : "false";
    case Value::Type::kInt:
      return value.source_text.empty() ? std::to_string(value.AsInt()) : value.source_text;
    case Value::Type::kDouble:
      return value.source_text.empty() ? WriteJson(value) : value.source_text;
    case Value::Type::kNull:
    case Value::Type::kList:
    case Value::Type::kMap:
      break;
  }
  return "";
}

}  // namespace reconcile::kustomize
