#include "api/strategic_merge.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/json_patch.h"

namespace reconcile {
namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderOf = "$setElementOrder/";

struct MergedList {
  std::string_view field;
  std::string_view parent;  // the field that holds it; "*": any
  std::string_view key;     // ""; its elements are no maps, and each is there once
};
constexpr MergedList kMergedLists[] = {
    {"containers", "*", "name"},
    {"initContainers", "*", "name"},
    {"ephemeralContainers", "*", "name"},
    {"volumes", "spec", "name"},
    {"imagePullSecrets", "*", "name"},
    {"hostAliases", "*", "ip"},
    {"schedulingGates", "*", "name"},
    {"resourceClaims", "spec", "name"},
    {"topologySpreadConstraints", "*", "topologyKey"},
    {"env", "*", "name"},
    {"volumeMounts", "*", "mountPath"},
    {"volumeDevices", "*", "devicePath"},
    {"ports", "containers", "containerPort"},
    {"ports", "initContainers", "containerPort"},
    {"ports", "ephemeralContainers", "containerPort"},
    {"ports", "spec", "port"},
    {"secrets", "", "name"},
    {"conditions", "status", "type"},
    {"addresses", "status", "type"},
    {"ownerReferences", "*", "uid"},
    {"finalizers", "*", ""},
    {"podCIDRs", "*", ""},
};

const MergedList* FindMerged(std::string_view field, std::string_view parent) {
  for (const MergedList& list : kMergedLists) {
    if (list.field == field && (list.parent == "*" || list.parent == parent)) return &list;
  }
  return nullptr;
}

// What tells an element from others.
std::string KeyOf(const Value& element, std::string_view key) {
  if (key.empty()) return WriteJson(element);
  const Value* found = element.Find(key);
  return found == nullptr ? "" : WriteJson(*found);
}

Result<Value> MergeMaps(Value target, const Value& patch, std::string_view parent);

Status UnknownDirective(const std::string& text) {
  return InvalidError("the patch's directive $patch: " + text + " is none that is known here");
}

// Elements that `order` names, in its order, in the places that such elements have.
void Order(const Value& order, std::string_view key, Value::List* list) {
  std::map<std::string, size_t> rank;
  for (const Value& element : order.AsList()) rank.emplace(KeyOf(element, key), rank.size());
  std::vector<size_t> places;
  std::vector<std::pair<size_t, Value>> named;
  for (size_t i = 0; i < list->size(); ++i) {
    const auto found = rank.find(KeyOf((*list)[i], key));
    if (found == rank.end()) continue;
    places.push_back(i);
    named.emplace_back(found->second, (*list)[i]);
  }
  std::stable_sort(named.begin(), named.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < places.size(); ++i) (*list)[places[i]] = std::move(named[i].second);
}

bool ReplacesList(const Value& patch) {
  return std::any_of(patch.AsList().begin(), patch.AsList().end(),
                     [](const Value& element) { return element.GetString(kPatch) == "replace"; });
}

// One element of the patch for a list of maps.
Status MergeElement(const Value& element, const MergedList& merged, Value::List* list,
                    std::map<std::string, size_t>* places, std::set<std::string>* deleted) {
  if (!element.IsMap() || element.Find(merged.key) == nullptr) {
    return InvalidError("the patch has an element of " + std::string(merged.field) +
                        " without its merge key " + std::string(merged.key));
  }
  const std::string key = KeyOf(element, merged.key);
  const std::string directive = element.GetString(kPatch);
  if (directive == "delete") {
    deleted->insert(key);
    return OkStatus();
  }
  if (!directive.empty() && directive != "merge") return UnknownDirective(directive);
  const auto [place, is_new] = places->try_emplace(key, list->size());
  Result<Value> value =
      MergeMaps(is_new ? Value::MakeMap() : (*list)[place->second], element, merged.field);
  if (!value.ok()) return value.status();
  if (is_new) {
    list->push_back(std::move(value).value());
  } else {
    (*list)[place->second] = std::move(value).value();
  }
  return OkStatus();
}

Result<Value> MergeLists(Value target, const Value& patch, const MergedList& merged) {
  if (!target.IsList()) target = Value::MakeList();
  if (ReplacesList(patch)) {
    Value replaced = Value::MakeList();
    for (const Value& element : patch.AsList()) {
      if (element.GetString(kPatch) != "replace") replaced.Append(element);
    }
    return replaced;
  }
  Value::List& list = target.AsList();
  std::map<std::string, size_t> places;
  for (size_t i = 0; i < list.size(); ++i) places.emplace(KeyOf(list[i], merged.key), i);
  std::set<std::string> deleted;
  for (const Value& element : patch.AsList()) {
    if (!merged.key.empty()) {
      RETURN_IF_ERROR(MergeElement(element, merged, &list, &places, &deleted));
    } else if (places.emplace(KeyOf(element, ""), list.size()).second) {
      list.push_back(element);
    }
  }
  std::erase_if(list, [&](const Value& e) { return deleted.contains(KeyOf(e, merged.key)); });
  return target;
}

Result<Value> MergeMember(const Value* known, const Value::Member& member,
                          std::string_view parent) {
  const Value& patch = member.value;
  if (patch.IsMap()) {
    return MergeMaps(known != nullptr && known->IsMap() ? *known : Value::MakeMap(), patch,
                     member.key);
  }
  const MergedList* merged = patch.IsList() ? FindMerged(member.key, parent) : nullptr;
  if (merged == nullptr) return patch;
  return MergeLists(known == nullptr ? Value() : *known, patch, *merged);
}

// $deleteFromPrimitiveList/FIELD, before FIELD itself is merged.
void DeleteFromList(const Value::Member& directive, Value* target) {
  Value* const list = MutableMember(directive.key.substr(kDeleteFrom.size()), target);
  if (list == nullptr || !list->IsList() || !directive.value.IsList()) return;
  std::set<std::string> deleted;
  for (const Value& element : directive.value.AsList()) deleted.insert(WriteJson(element));
  std::erase_if(list->AsList(), [&](const Value& e) { return deleted.contains(WriteJson(e)); });
}

void SetOrder(const Value::Member& directive, std::string_view parent, Value* target) {
  const std::string field = directive.key.substr(kOrderOf.size());
  Value* const list = MutableMember(field, target);
  if (list == nullptr || !list->IsList() || !directive.value.IsList()) return;
  const MergedList* merged = FindMerged(field, parent);
  if (merged != nullptr) Order(directive.value, merged->key, &list->AsList());
}

void RetainKeys(const Value& keys, Value* target) {
  if (!keys.IsList()) return;
  std::set<std::string> kept;
  for (const Value& key : keys.AsList()) {
    if (key.IsString()) kept.insert(key.AsString());
  }
  std::erase_if(target->AsMap(), [&](const Value::Member& m) { return !kept.contains(m.key); });
}

Result<Value> MergeMaps(Value target, const Value& patch, std::string_view parent) {
  const std::string directive = patch.GetString(kPatch);
  if (directive == "delete") return Value::MakeMap();
  if (directive == "replace") {
    Value replaced = patch;
    EraseMember(kPatch, &replaced);
    return replaced;
  }
  if (!directive.empty() && directive != "merge") return UnknownDirective(directive);
  for (const Value::Member& member : patch.AsMap()) {
    if (member.key.starts_with(kDeleteFrom)) DeleteFromList(member, &target);
  }
  for (const Value::Member& member : patch.AsMap()) {
    if (member.key.starts_with('$')) continue;
    if (member.value.IsNull()) {
      EraseMember(member.key, &target);
      continue;
    }
    Result<Value> value = MergeMember(target.Find(member.key), member, parent);
    if (!value.ok()) return value.status();
    target.Set(member.key, std::move(value).value());
  }
  for (const Value::Member& member : patch.AsMap()) {
    if (member.key.starts_with(kOrderOf)) SetOrder(member, parent, &target);
  }
  if (const Value* keys = patch.Find(kRetainKeys)) RetainKeys(*keys, &target);
  return target;
}

}  // namespace

Result<Value> StrategicMergePatch(Value target, const Value& patch) {
  if (!patch.IsMap()) return InvalidError("a strategic merge patch is an object");
  if (!target.IsMap()) target = Value::MakeMap();
  return MergeMaps(std::move(target), patch, "");
}

}  // namespace reconcile
