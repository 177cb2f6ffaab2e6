#include "reconciler/changes.h"

#include <algorithm>

#include "base/ids.h"
#include "reconciler/declared.h"
#include "reconciler/pod_control.h"
#include "reconciler/references.h"
#include "reconciler/waves.h"

namespace reconcile {
namespace {

constexpr size_t kMaxFieldsInMessage = 5;
constexpr size_t kMaxValueInMessage = 60;

std::string FieldsText(const std::vector<FieldChange>& fields) {
  std::string text;
  for (size_t i = 0; i < fields.size() && i < kMaxFieldsInMessage; ++i) {
    const FieldChange& field = fields[i];
    if (i > 0) text += ", ";
    text += field.path;
    if (field.before.size() > kMaxValueInMessage || field.after.size() > kMaxValueInMessage)
      continue;
    text += " " + (field.before.empty() ? "unset" : field.before) + " -> " +
            (field.after.empty() ? "unset" : field.after);
  }
  if (fields.size() > kMaxFieldsInMessage) {
    text += " and " + std::to_string(fields.size() - kMaxFieldsInMessage) + " more";
  }
  return text;
}

void Say(Turn* turn, const ObjectKey& key, const std::string& reason, const std::string& message) {
  turn->Record({.key = key,
                .reason = reason,
                .message = message,
                .component = std::string(kSourceComponent)});
}

bool MayCreate(const Turn& turn, const ObjectKey& key) {
  return key.namespace_name.empty() || turn.IsOpen(key.namespace_name);
}

void Create(Turn* turn, const Object& declared) {
  const std::shared_ptr<Object> created = FreshDeclared(declared);
  ObjectMeta& metadata = created->metadata;
  metadata.creation_timestamp = turn->now().wall;
  if (created->kind == Kind::kNode) {
    // As the registering agent's node is called, whoever comes first.
    metadata.uid = DeriveUid({"node", turn->ClusterId(), metadata.name});
  } else {
    const std::string incarnation = std::to_string(turn->NextIncarnation());
    metadata.uid = DeriveUid({turn->ClusterId(), ToString(created->kind), metadata.namespace_name,
                              metadata.name, incarnation});
  }
  if (created->kind == Kind::kPod) {
    PreparePod(static_cast<Pod*>(created.get()), turn->PodStamp());
  }
  turn->Put(created);
  Say(turn, created->key(), "Created", "Declared at " + PlaceOf(metadata.origin));
}

void Recreate(Turn* turn, const Pod& current, const std::vector<FieldChange>& fields) {
  Say(turn, current.key(), "Replacing", "Removed to be created anew: " + FieldsText(fields));
  RemovePod(turn, current);
}

void Update(Turn* turn, const Object& current, const Object& declared,
            const std::vector<FieldChange>& fields) {
  const std::shared_ptr<Object> merged = MergeDeclared(current, declared);
  if (fields.empty()) {
    if (merged->metadata != current.metadata) turn->Put(merged);
    return;
  }
  const std::string where = declared.metadata.origin.file.empty()
                                ? "no longer declared"
                                : PlaceOf(declared.metadata.origin);
  turn->Put(merged);
  Say(turn, merged->key(), "Changed", FieldsText(fields) + " (" + where + ")");
}

}  // namespace

bool DeclareObject(Turn* turn, const Object& declared) {
  const ObjectKey key = declared.key();
  const ObjectPtr current = turn->state().Find(key);
  if (current == nullptr) {
    if (!MayCreate(*turn, key)) return true;
    Create(turn, declared);
    return false;
  }
  if (current->metadata.deletion_timestamp) return true;
  const std::vector<FieldChange> fields = DeclaredDiff(*current, declared);
  if (!NeedsRecreation(key.kind, fields)) {
    Update(turn, *current, declared, fields);
    return false;
  }
  Recreate(turn, *As<Pod>(*current), fields);
  return true;
}

void PruneObject(Turn* turn, const Object& planned) {
  const ObjectPtr current = turn->state().Find(planned.key());
  const bool same = current != nullptr && current->metadata.uid == planned.metadata.uid;
  if (!same || current->metadata.deletion_timestamp) return;
  Say(turn, current->key(), "Pruned",
      "Source " + planned.metadata.origin.source + " declares it no longer");
  if (const Pod* pod = As<Pod>(*current)) {
    RemovePod(turn, *pod);
  } else if (current->kind == Kind::kNamespace) {
    const std::shared_ptr<Object> going = current->Clone();
    going->metadata.deletion_timestamp = turn->now().wall;
    turn->Put(going);
  } else {
    turn->Delete(current->key());
  }
}

ObjectChanges ApplyChanges(Turn* turn, const ObjectChanges& changes, std::vector<WaveWait>* waits,
                           WaveRule waves) {
  ObjectChanges ordered = changes;
  std::sort(ordered.begin(), ordered.end(), ComesBefore);
  ObjectChanges waiting;
  waits->clear();
  const auto in_waves = InWaves(ordered);
  for (const ObjectChange& change : ordered) {
    const bool is_waved = !in_waves.empty() && in_waves.contains(SourceOf(change));
    // Without waves, what goes waits all the same: for the next turn.
    if (is_waved && (waves == WaveRule::kHold || change.after == nullptr)) continue;
    if (change.after == nullptr) {
      PruneObject(turn, *change.before);
    } else if (DeclareObject(turn, *change.after)) {
      waiting.push_back(change);
    }
  }
  if (waves == WaveRule::kIgnore) return waiting;
  for (const auto& [source, of_source] : in_waves) {
    if (!ApplyInWaves(turn, of_source, waits)) continue;
    for (const ObjectChange* change : of_source) waiting.push_back(*change);
  }
  return waiting;
}

}  // namespace reconcile
