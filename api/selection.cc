#include "api/selection.h"

#include <algorithm>

#include "schema/core.h"
#include "schema/selector_text.h"
#include "schema/text.h"

namespace reconcile {
namespace {

using FieldReader = std::string (*)(const Object&);

struct SelectableField {
  std::string_view name;
  FieldReader read;
};

std::string BoolText(bool value) { return value ? "true" : "false"; }

// Only called for objects of the kind.
template <typename T>
const T& CastTo(const Object& object) {
  return static_cast<const T&>(object);
}

std::string OtherText(const Pod& pod, std::string_view name, const std::string& otherwise) {
  const Value* value = pod.spec.others.Find(name);
  return value != nullptr && value->IsString() ? value->AsString() : otherwise;
}

// By which Kubernetes selects pods.
const std::vector<SelectableField>& PodFields() {
  static const std::vector<SelectableField> kFields = {
      {"spec.nodeName", [](const Object& o) { return CastTo<Pod>(o).spec.node_name; }},
      {"spec.restartPolicy",
       [](const Object& o) { return std::string(ToString(CastTo<Pod>(o).spec.restart_policy)); }},
      {"spec.schedulerName",
       [](const Object& o) {
         return OtherText(CastTo<Pod>(o), "schedulerName", "default-scheduler");
       }},
      {"spec.serviceAccountName",
       [](const Object& o) { return OtherText(CastTo<Pod>(o), "serviceAccountName", ""); }},
      {"spec.hostNetwork",
       [](const Object& o) { return BoolText(CastTo<Pod>(o).spec.host_network); }},
      {"status.phase",
       [](const Object& o) { return std::string(ToString(CastTo<Pod>(o).status.phase)); }},
      {"status.podIP", [](const Object& o) { return CastTo<Pod>(o).status.pod_ip; }},
      {"status.nominatedNodeName",
       [](const Object& o) { return CastTo<Pod>(o).status.nominated_node_name; }},
  };
  return kFields;
}

const std::vector<SelectableField>& EventFields() {
  static const std::vector<SelectableField> kFields = {
      {"involvedObject.kind",
       [](const Object& o) { return CastTo<Event>(o).involved_object.kind; }},
      {"involvedObject.namespace",
       [](const Object& o) { return CastTo<Event>(o).involved_object.namespace_name; }},
      {"involvedObject.name",
       [](const Object& o) { return CastTo<Event>(o).involved_object.name; }},
      {"involvedObject.uid", [](const Object& o) { return CastTo<Event>(o).involved_object.uid; }},
      {"involvedObject.apiVersion",
       [](const Object& o) { return CastTo<Event>(o).involved_object.api_version; }},
      {"involvedObject.resourceVersion", [](const Object&) { return std::string(); }},
      {"involvedObject.fieldPath", [](const Object&) { return std::string(); }},
      {"reason", [](const Object& o) { return CastTo<Event>(o).reason; }},
      {"reportingComponent", [](const Object& o) { return CastTo<Event>(o).component; }},
      {"source", [](const Object& o) { return CastTo<Event>(o).component; }},
      {"type", [](const Object& o) { return std::string(ToString(CastTo<Event>(o).type)); }},
  };
  return kFields;
}

const std::vector<SelectableField>& FieldsOf(Kind kind) {
  static const std::vector<SelectableField> kNone;
  static const std::vector<SelectableField> kSecret = {
      {"type", [](const Object& o) { return CastTo<Secret>(o).type; }}};
  static const std::vector<SelectableField> kNamespace = {
      {"status.phase", [](const Object& o) { return CastTo<Namespace>(o).phase; }}};
  static const std::vector<SelectableField> kNode = {
      {"spec.unschedulable",
       [](const Object& o) { return BoolText(IsUnschedulable(CastTo<Node>(o))); }}};
  static const std::vector<SelectableField> kReplicaSet = {
      {"status.replicas",
       [](const Object& o) { return std::to_string(CastTo<ReplicaSet>(o).status.replicas); }}};
  static const std::vector<SelectableField> kReplicationController = {
      {"status.replicas", [](const Object& o) {
         return std::to_string(CastTo<ReplicationController>(o).status.replicas);
       }}};
  if (kind == Kind::kPod) return PodFields();
  if (kind == Kind::kEvent) return EventFields();
  if (kind == Kind::kSecret) return kSecret;
  if (kind == Kind::kNamespace) return kNamespace;
  if (kind == Kind::kNode) return kNode;
  if (kind == Kind::kReplicaSet) return kReplicaSet;
  return kind == Kind::kReplicationController ? kReplicationController : kNone;
}

std::string NameOf(const Object& object) { return object.metadata.name; }
std::string NamespaceOf(const Object& object) { return object.metadata.namespace_name; }

// An event of a node names it for its uid too, as a kubelet does.
std::string KubeletUidOf(const Object& object) {
  const ObjectReference& involved = CastTo<Event>(object).involved_object;
  return involved.kind == "Node" ? involved.name : involved.uid;
}

// "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4"
bool LooksLikeUid(std::string_view text) { return text.size() == 36 && text[8] == '-'; }

// Null when objects of the kind are not selected by the field.
FieldReader FindField(Kind kind, std::string_view name) {
  if (name == "metadata.name") return NameOf;
  if (name == "metadata.namespace" && InfoOf(kind).namespaced) return NamespaceOf;
  for (const SelectableField& field : FieldsOf(kind)) {
    if (field.name == name) return field.read;
  }
  return nullptr;
}

// Without the backslashes before `,`, `=` and `\`.
Result<std::string> Unescaped(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
      const bool is_escape =
          i < text.size() && (text[i] == ',' || text[i] == '=' || text[i] == '\\');
      if (!is_escape) return InvalidError("field selector: a lone backslash in " + Quoted(text));
    }
    plain += text[i];
  }
  return plain;
}

}  // namespace

Result<Selection> Selection::Parse(Kind kind, const std::string& label_selector,
                                   const std::string& field_selector) {
  Selection selection;
  Result<LabelSelector> labels = ParseLabelSelector(label_selector);
  if (!labels.ok()) return labels.status();
  selection.labels_ = std::move(labels).value();
  RETURN_IF_ERROR(selection.ParseFields(kind, field_selector));
  return selection;
}

bool Selection::Selects(const Object& object) const {
  return Matches(labels_, object.metadata.labels) &&
         std::all_of(fields_.begin(), fields_.end(), [&](const FieldRequirement& field) {
           return (field.read(object) == field.value) == field.is_equal;
         });
}

void Selection::RequireName(const std::string& name) { fields_.push_back({NameOf, name, true}); }

// Requirements are cut at commas that no backslash stands before.
Status Selection::ParseFields(Kind kind, const std::string& text) {
  if (text.size() > kMaxSelectorBytes) {
    return InvalidError("a selector is at most " + std::to_string(kMaxSelectorBytes) + " bytes");
  }
  std::string requirement;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != ',') {
      requirement += text[i];
      if (text[i] == '\\' && i + 1 < text.size()) requirement += text[++i];
      continue;
    }
    if (!requirement.empty()) RETURN_IF_ERROR(AddField(kind, requirement));
    requirement.clear();
  }
  return OkStatus();
}

Status Selection::AddField(Kind kind, const std::string& requirement) {
  const size_t at = requirement.find('=');
  if (at == std::string::npos) {
    return InvalidError("field selector: " + Quoted(requirement) + " has no =, == or !=");
  }
  const bool is_unequal = at > 0 && requirement[at - 1] == '!';
  const bool is_double = !is_unequal && at + 1 < requirement.size() && requirement[at + 1] == '=';
  const std::string field = requirement.substr(0, at - (is_unequal ? 1 : 0));
  const Result<std::string> value =
      Unescaped(std::string_view(requirement).substr(at + (is_double ? 2 : 1)));
  if (!value.ok()) return value.status();
  FieldReader read = FindField(kind, field);
  // kubectl 1.20 asks so for the events of a node.
  const bool by_node_name =
      kind == Kind::kEvent && field == "involvedObject.uid" && !LooksLikeUid(*value);
  if (by_node_name) read = KubeletUidOf;
  if (read == nullptr) {
    return InvalidError("field label not supported: " + ShortText(field) + ", of " +
                        std::string(InfoOf(kind).plural));
  }
  fields_.push_back({read, *value, !is_unequal});
  return OkStatus();
}

}  // namespace reconcile
