#include "api/would_be.h"

#include "api/git_refusals.h"
#include "api/json_patch.h"
#include "api/served_kinds.h"
#include "reconciler/declared.h"
#include "reconciler/desired.h"
#include "schema/core.h"

namespace reconcile {
namespace {

constexpr size_t kMaxCauses = 50;

const char* ReasonOfRule(Rule rule) {
  switch (rule) {
    case Rule::kMissingField:
      return "FieldValueRequired";
    case Rule::kUnsupportedField:
      return "FieldValueNotSupported";
    case Rule::kWrongType:
      return "FieldValueTypeInvalid";
    case Rule::kDuplicateKey:
    case Rule::kDuplicateObject:
      return "FieldValueDuplicate";
    case Rule::kReference:
      return "FieldValueNotFound";
    case Rule::kInvalidValue:
    case Rule::kSyntax:
    case Rule::kLimit:
    case Rule::kNotAManifest:
    case Rule::kUnknownKind:
    case Rule::kUnknownField:
    case Rule::kNotActedOn:
    case Rule::kAdvice:
    case Rule::kPassedOver:
    case Rule::kKustomization:
      return "FieldValueInvalid";
  }
  return "FieldValueInvalid";
}

// "spec.replicas: must not be negative" of a Problem, which may name the object first.
Refusal::Cause CauseOf(const Problem& problem, const std::string& subject) {
  std::string_view text = problem.message;
  if (text.starts_with(subject + ": ")) text.remove_prefix(subject.size() + 2);
  Refusal::Cause cause{.reason = ReasonOfRule(problem.rule), .message = std::string(text)};
  const size_t colon = text.find(": ");
  const std::string_view path = text.substr(0, colon);
  if (colon != std::string_view::npos && path.find(' ') == std::string_view::npos) {
    cause.field = std::string(path);
    cause.message = std::string(text.substr(colon + 2));
  }
  return cause;
}

Refusal InvalidObject(const ObjectKey& key, const Problems& problems) {
  const GroupVersion version = GroupVersionOf(key.kind);
  std::string kind(ToString(key.kind));
  if (!version.group.empty()) kind += "." + std::string(version.group);
  std::string text;
  Refusal refusal = RefusalOf(key, 422, "Invalid", "");
  refusal.kind = std::string(ToString(key.kind));
  for (const Problem& problem : problems.errors) {
    if (refusal.causes.size() == kMaxCauses) break;
    Refusal::Cause cause = CauseOf(problem, ToString(key));
    text += (text.empty() ? "" : ", ") + (cause.field.empty() ? "" : cause.field + ": ") +
            cause.message;
    refusal.causes.push_back(std::move(cause));
  }
  if (problems.errors.size() > 1) text = "[" + text + "]";
  refusal.message = kind + " \"" + key.name + "\" is invalid: " + text;
  return refusal;
}

// What clients send back of what they were shown and no manifest may have.
void LeaveOutServerSet(const ObjectPtr& before, Value* written) {
  if (Value* const metadata = MutableMember("metadata", written)) {
    if (metadata->IsMap()) EraseMember("ownerReferences", metadata);
    if (metadata->IsMap()) EraseMember("generateName", metadata);
  }
  EraseMember("status", written);
  Value* const spec = MutableMember("spec", written);
  if (before == nullptr || spec == nullptr || !spec->IsMap()) return;
  if (before->kind == Kind::kNode) EraseMember("podCIDR", spec);
  const Pod* pod = As<Pod>(*before);
  if (pod != nullptr && pod->spec.declared_node_name.empty() &&
      spec->GetString("nodeName") == pod->spec.node_name) {
    EraseMember("nodeName", spec);
  }
}

// The source that declares it, or may.
std::string SourceFor(const ObjectPtr& before, const ClusterState& state) {
  if (before != nullptr && !before->metadata.origin.source.empty()) {
    return before->metadata.origin.source;
  }
  std::string name;
  state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (name.empty()) name = source->metadata.name;
  });
  return name;
}

}  // namespace

ObjectPtr WouldBe(const ObjectKey& key, const ObjectPtr& before, Value written,
                  const ClusterState& state, WallTime now, Refusal* refusal) {
  LeaveOutServerSet(before, &written);
  Problems problems;
  std::shared_ptr<Object> declared = DecodeManifest(written, "", &problems);
  if (declared != nullptr) {
    declared->metadata.namespace_name = key.namespace_name;
    declared->metadata.origin = before == nullptr ? Origin() : before->metadata.origin;
    const DesiredState desired =
        BuildDesired(SourceFor(before, state), "", {declared}, state, &problems);
    const auto found = desired.objects.find(key);
    if (problems.errors.empty() && found != desired.objects.end()) {
      if (before != nullptr) return MergeDeclared(*before, *found->second);
      const std::shared_ptr<Object> fresh = FreshDeclared(*found->second);
      fresh->metadata.creation_timestamp = now;
      return fresh;
    }
  }
  *refusal = InvalidObject(key, problems);
  return nullptr;
}

}  // namespace reconcile
