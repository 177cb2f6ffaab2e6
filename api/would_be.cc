#include "api/would_be.h"

#include "api/git_refusals.h"
#include "api/json_patch.h"
#include "api/served_kinds.h"
#include "api/user_view.h"
#include "reconciler/declared.h"
#include "reconciler/desired.h"
#include "schema/core.h"
#include "schema/job.h"

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
  // The one error of this rule: clients show a cause without a field as ": ".
  if (cause.field.empty() && problem.rule == Rule::kReference) cause.field = "metadata.namespace";
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

// A Job's own, which readers are shown (api/user_view.h).
void LeaveOutJobSelector(const ObjectPtr& before, Value* written) {
  const Job* job = before == nullptr ? nullptr : As<Job>(*before);
  Value* const spec = MutableMember("spec", written);
  if (job == nullptr || job->spec.selector || spec == nullptr || !spec->IsMap()) return;
  const Value* selector = spec->Find("selector");
  const Value* labels = selector == nullptr ? nullptr : selector->Find("matchLabels");
  if (labels != nullptr && labels->GetString(kJobUidLabel) == job->metadata.uid) {
    EraseMember("selector", spec);
  }
}

// What clients send back of what they were shown and no manifest may have.
void LeaveOutServerSet(const ObjectPtr& before, Value* written) {
  if (Value* const metadata = MutableMember("metadata", written)) {
    if (metadata->IsMap()) EraseMember("ownerReferences", metadata);
    if (metadata->IsMap()) EraseMember("generateName", metadata);
  }
  EraseMember("status", written);
  LeaveOutJobSelector(before, written);
  Value* const spec = MutableMember("spec", written);
  if (before == nullptr || spec == nullptr || !spec->IsMap()) return;
  if (before->kind == Kind::kNode) {
    for (const char* field : {"podCIDR", "podCIDRs"}) EraseMember(field, spec);
  }
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

// The object alone, and its namespace where that is of the same source: of those of its own source
// BuildDesired takes for there what it is given.
std::vector<ObjectPtr> DeclaredWith(const ObjectPtr& declared, const std::string& source,
                                    const ClusterState& state) {
  std::vector<ObjectPtr> objects = {declared};
  const auto home = state.Find<Namespace>("", declared->metadata.namespace_name);
  if (home != nullptr && home->metadata.origin.source == source &&
      !home->metadata.deletion_timestamp) {
    objects.push_back(home);
  }
  return objects;
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
    const std::string source = SourceFor(before, state);
    const DesiredState desired =
        BuildDesired(source, "", DeclaredWith(declared, source, state), state, &problems);
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
