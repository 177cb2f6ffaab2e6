#include "schema/convert_steps.h"
#include "schema/text.h"

namespace reconcile {

namespace {

bool IsText(const Value* value, std::string_view text) {
  return value != nullptr && value->IsString() && value->AsString() == text;
}

Value StringAt(std::string_view text, Mark mark) {
  Value value = Value::String(std::string(text));
  value.mark = mark;
  return value;
}

Value MapAt(Mark mark) {
  Value value = Value::MakeMap();
  value.mark = mark;
  return value;
}

// serviceName and servicePort become service.name and service.port.number or .name.
void ConvertBackend(Value* backend, Conversion* conversion) {
  if (backend == nullptr || !backend->IsMap()) return;
  RefuseNewer(backend, {"service"}, conversion);
  std::optional<Value> name = TakeMember(backend, "serviceName");
  std::optional<Value> port = TakeMember(backend, "servicePort");
  if (!name && !port) return;
  Value service = MapAt(name ? name->mark : port->mark);
  if (name) service.Set("name", std::move(*name));
  if (port) {
    Value service_port = MapAt(port->mark);
    service_port.Set(port->IsString() ? "name" : "number", std::move(*port));
    service.Set("port", std::move(service_port));
  }
  backend->Set("service", std::move(service));
}

}  // namespace

void ConvertIngress(Conversion* conversion) {
  Value* spec = FindMember(conversion->root(), "spec");
  RefuseNewer(spec, {"defaultBackend"}, conversion);
  ConvertBackend(FindMember(spec, "backend"), conversion);
  RenameMember(spec, "backend", "defaultBackend");
  bool filled = false;
  for (Value& rule : ItemsOf(FindMember(spec, "rules"))) {
    for (Value& path : ItemsOf(FindMember(FindMember(&rule, "http"), "paths"))) {
      ConvertBackend(FindMember(&path, "backend"), conversion);
      filled |= FillMember(&path, "pathType", Value::String("ImplementationSpecific"));
    }
  }
  if (filled) conversion->Keep("pathType: ImplementationSpecific");
}

// An empty selector chose no pod in v1beta1; in v1 it chooses every one. The label is Kubernetes'
// own for this (policy.NonV1beta1MatchNoneSelector).
void ConvertPodDisruptionBudget(Conversion* conversion) {
  Value* selector = FindMember(FindMember(conversion->root(), "spec"), "selector");
  if (selector == nullptr || !selector->IsMap()) return;
  for (const Value::Member& member : selector->AsMap()) {
    const Value& part = member.value;
    const bool is_empty = part.IsNull() || (part.IsMap() && part.AsMap().empty()) ||
                          (part.IsList() && part.AsList().empty());
    if (!is_empty) return;
  }
  Value requirement = MapAt(selector->mark);
  requirement.Set(
      "key", StringAt("pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match", selector->mark));
  requirement.Set("operator", StringAt("Exists", selector->mark));
  Value none = MapAt(selector->mark);
  Value list = Value::MakeList();
  list.mark = selector->mark;
  list.Append(std::move(requirement));
  none.Set("matchExpressions", std::move(list));
  *selector = std::move(none);
  conversion->Keep("a selector that matches no pod (an empty one matches all pods in v1)");
}

// v1alpha1 names a subject's whole apiVersion, and takes the user "*" for everybody.
void ConvertBindingV1Alpha1(Conversion* conversion) {
  constexpr std::string_view kGroup = "rbac.authorization.k8s.io";
  for (Value& subject : ItemsOf(FindMember(conversion->root(), "subjects"))) {
    const std::optional<Value> version = TakeMember(&subject, "apiVersion");
    const Value* kind = FindMember(&subject, "kind");
    const bool is_user = IsText(kind, "User");
    if (is_user || IsText(kind, "Group")) {
      FillMember(&subject, "apiGroup", StringAt(kGroup, subject.mark));
    } else if (version && version->IsString() && !IsText(kind, "ServiceAccount")) {
      const std::string& text = version->AsString();
      const size_t slash = text.find('/');
      const std::string group = slash == std::string::npos ? "" : text.substr(0, slash);
      FillMember(&subject, "apiGroup", StringAt(group, version->mark));
    }
    if (!is_user || !IsText(FindMember(&subject, "name"), "*")) continue;
    const Mark mark = FindMember(&subject, "name")->mark;
    subject.Set("kind", StringAt("Group", mark));
    subject.Set("name", StringAt("system:authenticated", mark));
    conversion->Keep("the group system:authenticated for the user \"*\"");
  }
}

// Of an endpoint's topology, the host and the zone have fields of their own now.
void ConvertEndpointSlice(Conversion* conversion) {
  for (Value& endpoint : ItemsOf(FindMember(conversion->root(), "endpoints"))) {
    RefuseNewer(&endpoint, {"zone", "deprecatedTopology"}, conversion);
    std::optional<Value> topology = TakeMember(&endpoint, "topology");
    if (!topology || !topology->IsMap()) continue;
    const auto move = [&](std::string_view label, std::string_view field) {
      std::optional<Value> value = TakeMember(&*topology, label);
      if (!value || FindMember(&endpoint, field) != nullptr) return;
      endpoint.Set(std::string(field), std::move(*value));
    };
    move("kubernetes.io/hostname", "nodeName");
    move("topology.kubernetes.io/zone", "zone");
    if (!topology->AsMap().empty()) endpoint.Set("deprecatedTopology", std::move(*topology));
  }
}

}  // namespace reconcile
