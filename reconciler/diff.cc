#include <algorithm>
#include <set>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/desired.h"
#include "schema/core.h"

namespace reconcile {
namespace {

bool IsRegistered(const Node& node) {
  return !node.spec.pod_cidr.empty() || !node.status.conditions.empty();
}

// Objects that stay in the model when Git declares them no more.
bool OutlivesDeclaration(const Object& object) {
  if (const Node* node = As<Node>(object)) return IsRegistered(*node);
  return object.kind == Kind::kNamespace && IsBuiltInNamespace(object.metadata.name);
}

ObjectChange Compare(const ObjectPtr& before, const ObjectPtr& after) {
  ObjectChange change{.key = after->key(), .before = before, .after = after};
  if (before == nullptr) {
    change.type = ChangeType::kCreate;
    return change;
  }
  change.fields = DeclaredDiff(*before, *after);
  if (before->metadata.deletion_timestamp) {
    // It is going; what Git declares comes when it is gone.
    change.fields.push_back(
        {.path = "metadata.deletionTimestamp",
         .before = '"' + FormatRfc3339(*before->metadata.deletion_timestamp) + '"',
         .after = ""});
  }
  change.type = change.fields.empty() ? ChangeType::kUnchanged : ChangeType::kChange;
  return change;
}

// Namespaces that cannot go with `source`: another has objects in them, or one is kept.
std::set<std::string> NamespacesInUse(const ClusterState& state, const std::string& source) {
  std::set<std::string> used;
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).namespaced || !InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : state.Objects(kind)) {
      const std::string& owner = object->metadata.origin.source;
      if (owner.empty()) continue;
      if (owner != source || !PruneProtectionOf(object->metadata).empty()) {
        used.insert(key.namespace_name);
      }
    }
  }
  return used;
}

// What becomes of an object of the source that the commit does not declare, if anything.
std::optional<ObjectChange> Prune(const ObjectPtr& before, const std::set<std::string>& used) {
  if (before->metadata.deletion_timestamp) return std::nullopt;
  if (!PruneProtectionOf(before->metadata).empty()) return std::nullopt;
  if (OutlivesDeclaration(*before)) {
    ObjectChange change = Compare(before, Undeclared(*before));
    change.type = ChangeType::kChange;
    return change;
  }
  const ObjectKey key = before->key();
  if (key.kind == Kind::kNamespace && used.contains(key.name)) return std::nullopt;
  return ObjectChange{.type = ChangeType::kDelete, .key = key, .before = before};
}

}  // namespace

std::string_view ToString(ChangeType type) {
  switch (type) {
    case ChangeType::kCreate:
      return "created";
    case ChangeType::kChange:
      return "changed";
    case ChangeType::kDelete:
      return "deleted";
    case ChangeType::kUnchanged:
      return "unchanged";
  }
  return "unchanged";
}

ObjectChanges DiffOf(const std::set<ObjectKey>& keys, const DesiredState& desired,
                     const ClusterState& observed, bool* left_over) {
  ObjectChanges changes;
  std::optional<std::set<std::string>> used;
  for (const ObjectKey& key : keys) {
    const ObjectPtr known = observed.Find(key);
    const auto declared = desired.objects.find(key);
    if (declared != desired.objects.end()) {
      const ObjectPtr& after = declared->second;
      changes.push_back(Compare(known, known == nullptr ? after : AsProtected(*known, after)));
      continue;
    }
    if (known == nullptr || known->metadata.origin.source != desired.source) continue;
    if (key.kind == Kind::kNamespace && !used) used = NamespacesInUse(observed, desired.source);
    if (auto change = Prune(known, used.value_or(std::set<std::string>()))) {
      changes.push_back(std::move(*change));
    } else {
      *left_over = true;
    }
  }
  return changes;
}

std::set<ObjectKey> KeysOf(const DesiredState& desired, const ClusterState& observed) {
  std::set<ObjectKey> keys;
  for (const auto& [key, object] : desired.objects) keys.insert(keys.end(), key);
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : observed.Objects(kind)) {
      if (object->metadata.origin.source == desired.source) keys.insert(key);
    }
  }
  return keys;
}

std::vector<ObjectPtr> KeptFromPruning(const DesiredState& desired, const ClusterState& observed) {
  std::vector<ObjectPtr> kept;
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : observed.Objects(kind)) {
      const ObjectMeta& metadata = object->metadata;
      if (metadata.annotations.empty() || metadata.origin.source != desired.source) continue;
      if (PruneProtectionOf(metadata).empty() || desired.objects.contains(key)) continue;
      kept.push_back(object);
    }
  }
  return kept;
}

ObjectChanges KeptFromChanging(const DesiredState& desired, const ClusterState& observed) {
  ObjectChanges kept;
  for (const auto& [key, declared] : desired.objects) {
    if (declared->metadata.annotations.empty()) continue;
    if (ChangeProtectionOf(declared->metadata).empty()) continue;
    const ObjectPtr known = observed.Find(key);
    if (known == nullptr) continue;
    const ObjectPtr after = AsProtected(*known, declared);
    if (after == declared || DeclaredDiff(*after, *declared).empty()) continue;
    kept.push_back(Compare(known, declared));
  }
  return kept;
}

ObjectChanges Diff(const DesiredState& desired, const ClusterState& observed) {
  bool left_over = false;
  return DiffOf(KeysOf(desired, observed), desired, observed, &left_over);
}

}  // namespace reconcile
