#include "reconciler/references.h"

#include <algorithm>
#include <set>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

// A use of a ConfigMap or Secret; `key` is empty when all of it is used.
struct Use {
  Kind kind;
  std::string name;
  std::string key;
  friend auto operator<=>(const Use&, const Use&) = default;
};

void AddKeyUse(Kind kind, const std::optional<KeySelector>& selector, std::set<Use>* uses) {
  if (selector && !selector->optional) uses->insert({kind, selector->name, selector->key});
}

void AddWholeUse(Kind kind, const std::optional<EnvFromRef>& reference, std::set<Use>* uses) {
  if (reference && !reference->optional) uses->insert({kind, reference->name, ""});
}

std::set<Use> UsesOf(const PodSpec& spec) {
  std::set<Use> uses;
  for (const Container& container : spec.containers) {
    for (const EnvFromSource& from : container.env_from) {
      AddWholeUse(Kind::kConfigMap, from.config_map_ref, &uses);
      AddWholeUse(Kind::kSecret, from.secret_ref, &uses);
    }
    for (const EnvVar& variable : container.env) {
      if (!variable.value_from) continue;
      AddKeyUse(Kind::kConfigMap, variable.value_from->config_map_key_ref, &uses);
      AddKeyUse(Kind::kSecret, variable.value_from->secret_key_ref, &uses);
    }
  }
  return uses;
}

// The object as it will be once the commit is applied.
ObjectPtr Resulting(const DesiredState& desired, const ClusterState& state, const ObjectKey& key) {
  const auto declared = desired.objects.find(key);
  if (declared != desired.objects.end()) return declared->second;
  ObjectPtr known = state.Find(key);
  const bool goes = known != nullptr && known->metadata.origin.source == desired.source;
  return goes ? nullptr : known;
}

bool HasKey(const Object& object, const std::string& key) {
  if (const auto* map = As<ConfigMap>(object)) {
    return map->data.contains(key) || map->binary_data.contains(key);
  }
  const auto* secret = As<Secret>(object);
  return secret != nullptr && secret->data.contains(key);
}

void CheckUses(const DesiredState& desired, const ClusterState& state, const Object& object,
               Problems* problems) {
  const PodSpec* spec = PodSpecOf(object);
  if (spec == nullptr) return;
  for (const Use& use : UsesOf(*spec)) {
    const ObjectKey key{use.kind, object.metadata.namespace_name, use.name};
    const ObjectPtr used = Resulting(desired, state, key);
    if (used == nullptr) {
      problems->warnings.push_back(ProblemAt(
          object,
          "uses " + ToString(key) + ", which is not declared: its containers wait until it is",
          Rule::kReference));
    } else if (!use.key.empty() && !HasKey(*used, use.key)) {
      problems->warnings.push_back(
          ProblemAt(object,
                    "uses key '" + use.key + "' of " + ToString(key) +
                        ", which has no such key: its containers wait until it has",
                    Rule::kReference));
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

bool Selects(const Service& service, const Object& object) {
  const StringMap* labels = PodLabelsOf(object);
  return labels != nullptr && object.metadata.namespace_name == service.metadata.namespace_name &&
         Matches(service.spec.selector, *labels);
}

// The declared objects that make pods. Kinds are the first order of keys, namespaces the second.
bool SelectsDeclared(const Service& service, const DesiredState& desired) {
  for (const Kind kind : kAllKinds) {
    const std::string& name = service.metadata.namespace_name;
    for (auto at = desired.objects.lower_bound({kind, name, ""});
         at != desired.objects.end() && at->first.kind == kind && at->first.namespace_name == name;
         ++at) {
      if (PodLabelsOf(*at->second) == nullptr) break;  // no object of the kind has any
      if (Selects(service, *at->second)) return true;
    }
  }
  return false;
}

void CheckService(const DesiredState& desired, const ClusterState& state, const Service& service,
                  Problems* problems) {
  if (service.spec.selector.empty() || SelectsDeclared(service, desired)) return;
  for (const Kind kind :
       {Kind::kPod, Kind::kReplicationController, Kind::kReplicaSet, Kind::kDeployment}) {
    for (const auto& [key, object] : state.Objects(kind)) {
      const bool others = object->metadata.origin.source != desired.source &&
                          ControllerOf(object->metadata) == nullptr;
      if (others && Selects(service, *object)) return;
    }
  }
  problems->warnings.push_back(
      ProblemAt(service, "selects no pod: no declared pod or pod template carries its labels",
                Rule::kReference));
}

}  // namespace

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
  CheckUses(desired, state, object, problems);
  if (const Service* service = As<Service>(object)) {
    CheckService(desired, state, *service, problems);
  }
}

void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  for (const auto& [key, object] : desired.objects) {
    CheckReferencesOf(*object, desired, state, problems);
  }
}

}  // namespace reconcile
