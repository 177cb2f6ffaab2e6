#include "reconciler/references.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/reference_table.h"
#include "schema/core.h"
#include "schema/kept.h"
#include "schema/sets.h"

namespace reconcile {
namespace {

// The object as it will be once the commit is applied.
ObjectPtr Resulting(const DesiredState& desired, const ClusterState& state, const ObjectKey& key) {
  const auto declared = desired.objects.find(key);
  if (declared != desired.objects.end()) return declared->second;
  ObjectPtr known = state.Find(key);
  const bool goes = known != nullptr && known->metadata.origin.source == desired.source;
  return goes ? nullptr : known;
}

// Whether `claim` is one that a StatefulSet's pods get, named <template>-<set>-<ordinal>.
bool IsClaimOf(const StatefulSet& set, std::string_view claim) {
  const Value* templates = set.spec.others.Find("volumeClaimTemplates");
  if (templates == nullptr) return false;
  return std::any_of(templates->AsList().begin(), templates->AsList().end(), [&](const Value& one) {
    const Value* metadata = one.Find("metadata");
    if (metadata == nullptr) return false;
    const std::string prefix = metadata->GetString("name") + '-' + set.metadata.name + '-';
    return claim.starts_with(prefix) && claim.size() > prefix.size() &&
           claim.find_first_not_of("0123456789", prefix.size()) == std::string_view::npos;
  });
}

bool IsClaimOfSet(const DesiredState& desired, const ClusterState& state, const ObjectKey& key) {
  if (key.kind != Kind::kPersistentVolumeClaim) return false;
  const ObjectKey first{Kind::kStatefulSet, key.namespace_name, ""};
  const auto is_claim = [&](const ObjectKey& set_key) {
    const auto set = As<StatefulSet>(Resulting(desired, state, set_key));
    return set != nullptr && IsClaimOf(*set, key.name);
  };
  for (auto at = desired.objects.lower_bound(first);
       at != desired.objects.end() && at->first.kind == first.kind &&
       at->first.namespace_name == first.namespace_name;
       ++at) {
    if (is_claim(at->first)) return true;
  }
  const ObjectMap& known = state.Objects(Kind::kStatefulSet);
  return std::any_of(known.begin(), known.end(), [&](const auto& entry) {
    return entry.first.namespace_name == key.namespace_name && is_claim(entry.first);
  });
}

bool HasPart(const Object& object, const std::string& part) {
  if (const auto* map = As<ConfigMap>(object)) {
    return map->data.contains(part) || map->binary_data.contains(part);
  }
  if (const auto* secret = As<Secret>(object)) return secret->data.contains(part);
  const auto* service = As<Service>(object);
  if (service == nullptr || service->spec.type == ServiceType::kExternalName) return true;
  return std::any_of(service->spec.ports.begin(), service->spec.ports.end(),
                     [&](const ServicePort& port) {
                       return port.name == part || std::to_string(port.port) == part;
                     });
}

// ": its containers wait until it is", or nothing.
std::string Outcome(const Reference& reference) {
  return reference.outcome.empty() ? "" : ": " + std::string(reference.outcome);
}

void CheckNamed(const DesiredState& desired, const ClusterState& state, const Object& object,
                Problems* problems) {
  const auto warn = [&](const std::string& message) {
    problems->warnings.push_back(ProblemAt(object, message, Rule::kReference));
  };
  for (const Reference& reference : ReferencesOf(object)) {
    const ObjectKey& key = reference.key;
    const ObjectPtr named = Resulting(desired, state, key);
    if (named == nullptr) {
      const bool is_elsewhere = InfoOf(key.kind).namespaced &&
                                key.namespace_name != object.metadata.namespace_name &&
                                !DeclaresIn(desired, key.namespace_name);
      if (is_elsewhere || IsBuiltIn(key) || IsClaimOfSet(desired, state, key)) continue;
      warn("uses " + ToString(key) + ", which is not declared" + Outcome(reference));
    } else if (!reference.part.empty() && !HasPart(*named, reference.part)) {
      const std::string what = key.kind == Kind::kService ? "port" : "key";
      warn("uses " + what + " '" + reference.part + "' of " + ToString(key) +
           ", which has no such " + what +
           (reference.outcome.empty() ? "" : ": its containers wait until it has"));
    }
  }
}

bool NamespaceIsThere(const DesiredState& desired, const ClusterState& state,
                      const std::string& name) {
  const ObjectPtr found = Resulting(desired, state, {Kind::kNamespace, "", name});
  if (IsBuiltInNamespace(name) || desired.objects.contains({Kind::kNamespace, "", name}))
    return true;
  return found != nullptr && !found->metadata.deletion_timestamp;
}

void CheckNamespace(const DesiredState& desired, const ClusterState& state, const Object& object,
                    Problems* problems) {
  const std::string& name = object.metadata.namespace_name;
  if (name.empty() || NamespaceIsThere(desired, state, name)) return;
  problems->errors.push_back(ProblemAt(
      object,
      "namespace '" + name + "' is neither declared in this commit nor there; add a Namespace '" +
          name + "' or use another one",
      Rule::kReference));
}

LabelSelector SelectorOf(const Value& selector) {
  LabelSelector result;
  if (const Value* labels = selector.Find("matchLabels")) {
    for (const Value::Member& label : labels->AsMap()) {
      result.match_labels[label.key] = label.value.AsString();
    }
  }
  for (const Value& expression : selector.GetList("matchExpressions")) {
    SelectorRequirement& requirement = result.match_expressions.emplace_back();
    requirement.key = expression.GetString("key");
    for (const SelectorOperator op : {SelectorOperator::kIn, SelectorOperator::kNotIn,
                                      SelectorOperator::kExists, SelectorOperator::kDoesNotExist}) {
      if (expression.GetString("operator") == ToString(op)) requirement.op = op;
    }
    for (const Value& value : expression.GetList("values")) {
      requirement.values.push_back(value.AsString());
    }
  }
  return result;
}

// The pods that an object selects: their namespace, and whether their labels are meant.
struct Selection {
  const Object& selector;
  std::function<bool(const StringMap&)> matches;
};

bool Selects(const Selection& selection, const Object& object) {
  const StringMap* labels = PodLabelsOf(object);
  return labels != nullptr &&
         object.metadata.namespace_name == selection.selector.metadata.namespace_name &&
         selection.matches(*labels);
}

// The declared objects that make pods. Kinds are the first order of keys, namespaces the second.
bool SelectsDeclared(const Selection& selection, const DesiredState& desired) {
  for (const Kind kind : kAllKinds) {
    const std::string& name = selection.selector.metadata.namespace_name;
    for (auto at = desired.objects.lower_bound({kind, name, ""});
         at != desired.objects.end() && at->first.kind == kind && at->first.namespace_name == name;
         ++at) {
      if (PodLabelsOf(*at->second) == nullptr) break;  // no object of the kind has any
      if (Selects(selection, *at->second)) return true;
    }
  }
  return false;
}

// A Service or a budget of no pods is of no use. A NetworkPolicy may well be there before them.
void CheckSelection(const DesiredState& desired, const ClusterState& state,
                    const Selection& selection, Problems* problems) {
  if (SelectsDeclared(selection, desired)) return;
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : state.Objects(kind)) {
      if (PodLabelsOf(*object) == nullptr) break;
      const bool others = object->metadata.origin.source != desired.source &&
                          ControllerOf(object->metadata) == nullptr;
      if (others && Selects(selection, *object)) return;
    }
  }
  problems->warnings.push_back(ProblemAt(
      selection.selector, "selects no pod: no declared pod or pod template carries its labels",
      Rule::kReference));
}

void CheckSelections(const DesiredState& desired, const ClusterState& state, const Object& object,
                     Problems* problems) {
  if (const Service* service = As<Service>(object)) {
    if (service->spec.selector.empty()) return;
    CheckSelection(
        desired, state,
        {object, [&](const StringMap& labels) { return Matches(service->spec.selector, labels); }},
        problems);
  } else if (const auto* budget = As<PodDisruptionBudget>(object)) {
    const Value* spec = budget->others.Find("spec");
    const Value* selector = spec == nullptr ? nullptr : spec->Find("selector");
    if (selector == nullptr) return;
    const LabelSelector wanted = SelectorOf(*selector);
    CheckSelection(desired, state,
                   {object, [&](const StringMap& labels) { return Matches(wanted, labels); }},
                   problems);
  }
}

}  // namespace

bool DeclaresIn(const DesiredState& desired, const std::string& namespace_name) {
  if (desired.objects.contains({Kind::kNamespace, "", namespace_name})) return true;
  return std::any_of(kAllKinds.begin(), kAllKinds.end(), [&](Kind kind) {
    const auto at = desired.objects.lower_bound({kind, namespace_name, ""});
    return at != desired.objects.end() && at->first.kind == kind &&
           at->first.namespace_name == namespace_name;
  });
}

std::string PlaceOf(const Origin& origin) {
  return origin.file + ":" + std::to_string(origin.line);
}

Problem ProblemAt(const Object& object, const std::string& message, Rule rule) {
  const Origin& origin = object.metadata.origin;
  return {.file = origin.file,
          .line = origin.line,
          .column = origin.line > 0 ? 1 : 0,
          .message = ToString(object.key()) + ": " + message,
          .rule = rule};
}

void CheckReferencesOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                       Problems* problems) {
  CheckNamespace(desired, state, object, problems);
  CheckNamed(desired, state, object, problems);
  CheckSelections(desired, state, object, problems);
}

void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems,
                     Parallel* parallel) {
  constexpr size_t kObjectsOfAPart = 256;
  std::vector<const Object*> objects;
  for (const auto& [key, object] : desired.objects) objects.push_back(object.get());
  std::vector<Problems> found((objects.size() + kObjectsOfAPart - 1) / kObjectsOfAPart);
  const auto check = [&](size_t part) {
    const size_t end = std::min(objects.size(), (part + 1) * kObjectsOfAPart);
    for (size_t i = part * kObjectsOfAPart; i < end; ++i) {
      CheckReferencesOf(*objects[i], desired, state, &found[part]);
    }
  };
  InTurn in_turn;
  (parallel == nullptr ? &in_turn : parallel)->ForEach(found.size(), check);
  for (Problems& part : found) {
    std::move(part.errors.begin(), part.errors.end(), std::back_inserter(problems->errors));
    std::move(part.warnings.begin(), part.warnings.end(), std::back_inserter(problems->warnings));
  }
}

}  // namespace reconcile
