#include "reconciler/desired_memory.h"

#include <algorithm>

#include "reconciler/declared.h"
#include "reconciler/reference_table.h"
#include "reconciler/references.h"
#include "reconciler/referred.h"
#include "reconciler/service_addresses.h"
#include "schema/core.h"
#include "schema/network.h"
#include "schema/sets.h"
#include "schema/sync_wave.h"

namespace reconcile {
namespace {

// Whether it is the object that was parsed then, whose memory nothing else can have while a weak
// pointer holds on to it.
bool IsSame(const DesiredMemory::Parsed& known, const ObjectPtr& object) {
  return !known.object.owner_before(object) && !object.owner_before(known.object);
}

template <typename T>
bool SameKeys(const std::map<std::string, T>& a, const std::map<std::string, T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.first == y.first; });
}

std::set<std::string> PortNamesOf(const Object& object) {
  std::set<std::string> names;
  ForEachPortName(object, [&](std::string_view name) { names.emplace(name); });
  return names;
}

// Whether what names the object, or selects its pods, finds as much in `after` as in `before`.
// Whatever is there in addition is missed by nobody.
bool ServesAsMuch(const ObjectPtr& before, const ObjectPtr& after) {
  if (before == nullptr) return true;
  const StringMap* labels = PodLabelsOf(*before);
  const bool is_named = MayBeNamed(before->kind) || before->kind == Kind::kNamespace;
  if (labels == nullptr && !is_named) return true;
  if (after == nullptr || before->metadata.deletion_timestamp != after->metadata.deletion_timestamp)
    return false;
  if (labels != nullptr && *labels != *PodLabelsOf(*after)) return false;
  if (WaveOf(before->metadata) != WaveOf(after->metadata)) return false;
  if (labels != nullptr && PortNamesOf(*before) != PortNamesOf(*after)) return false;
  if (const auto set = As<StatefulSet>(before)) {  // its claims count
    return set->spec.others == As<StatefulSet>(after)->spec.others;
  }
  if (const auto service = As<Service>(before)) {
    return service->spec.ports == As<Service>(after)->spec.ports &&
           service->spec.type == As<Service>(after)->spec.type;
  }
  if (const auto map = As<ConfigMap>(before)) {
    return SameKeys(map->data, As<ConfigMap>(after)->data) &&
           SameKeys(map->binary_data, As<ConfigMap>(after)->binary_data);
  }
  const auto secret = As<Secret>(before);
  return secret == nullptr || SameKeys(secret->data, As<Secret>(after)->data);
}

// Null for what the references of a source's objects are not looked for in: its own, which count as
// it declares them, and controllers' pods.
ObjectPtr Foreign(const ObjectPtr& object, const std::string& source) {
  if (object == nullptr || object->metadata.origin.source == source) return nullptr;
  const bool controlled = ControllerOf(object->metadata) != nullptr;
  return controlled && PodLabelsOf(*object) != nullptr ? nullptr : object;
}

// Whether `declared`, which was without problems in `before`, is so in `after`: nobody else owns an
// object of it, nothing is changed that cannot be, and what it refers to is there.
bool HoldsIn(const DesiredState& declared, const ClusterState& before, const ClusterState& after) {
  bool holds = true;
  Problems problems;
  for (const Kind kind : kAllKinds) {
    if (kind == Kind::kEvent || kind == Kind::kCluster) continue;
    ClusterState::ForEachDifference(
        before, after, kind, [&](const ObjectPtr& old_object, const ObjectPtr& new_object) {
          const ObjectKey key = (old_object == nullptr ? new_object : old_object)->key();
          const auto found = declared.objects.find(key);
          if (kind == Kind::kSource) {  // what it declared may be taken over once it is gone
            holds = holds && old_object != nullptr && new_object != nullptr;
          } else if (found != declared.objects.end() && new_object != nullptr) {
            CheckAgainst(*found->second, *new_object, declared.source, after, &problems);
          }
          holds = holds && ServesAsMuch(Foreign(old_object, declared.source),
                                        Foreign(new_object, declared.source));
        });
  }
  return holds && problems.errors.empty();
}

// A turn empties it and then creates anew what is declared there: for that it must be told all.
bool SomeNamespaceGoes(const ClusterState& state) {
  const ObjectMap& spaces = state.Objects(Kind::kNamespace);
  return std::any_of(spaces.begin(), spaces.end(), [](const auto& entry) {
    return entry.second->metadata.deletion_timestamp.has_value();
  });
}

// The first object in its namespace: more can be missing there than before.
bool OpensNamespace(const Object& added, const DesiredState& before) {
  const bool is_space = added.kind == Kind::kNamespace;
  const std::string& name = is_space ? added.metadata.name : added.metadata.namespace_name;
  return !name.empty() && !DeclaresIn(before, name);
}

// Whether what `after` has in place of what `before` had is without problems, and whatever refers
// to it finds as much as before. Where there are problems all are told, in one order: by a full
// build.
bool ServesStill(const DesiredState& before, const DesiredState& after, const ClusterState& state,
                 Problems* problems) {
  bool serves = true;
  ObjectMap::ForEachDifference(
      before.objects, after.objects,
      [&](const ObjectKey&, const ObjectPtr* old_object, const ObjectPtr* new_object) {
        const ObjectPtr now = new_object == nullptr ? nullptr : *new_object;
        serves = serves && !(old_object == nullptr && OpensNamespace(*now, before));
        serves = serves && ServesAsMuch(old_object == nullptr ? nullptr : *old_object, now);
        if (now != nullptr) CheckReferencesOf(*now, after, state, problems);
      });
  return serves && problems->errors.empty() && problems->warnings.empty();
}

bool IsInForce(const ObjectChange& change) {
  return change.type == ChangeType::kUnchanged &&
         MergeDeclared(*change.before, *change.after)->metadata == change.before->metadata;
}

// Waves wait for objects that are unchanged too.
void AddUntouched(const DesiredState& desired, const ClusterState& state, ObjectChanges* changes) {
  if (std::all_of(changes->begin(), changes->end(), IsInForce)) return;
  std::set<ObjectKey> told;
  for (const ObjectChange& change : *changes) told.insert(change.key);
  for (const auto& [key, declared] : desired.objects) {
    if (told.contains(key)) continue;
    const ObjectPtr known = state.Find(key);
    changes->push_back({.key = key, .before = known, .after = AsProtected(*known, declared)});
  }
  std::sort(changes->begin(), changes->end(),
            [](const ObjectChange& a, const ObjectChange& b) { return a.key < b.key; });
}

// Whether Services may have come to claim what others have, since they were all in force.
bool MayClash(const std::set<ObjectKey>& touched, const ClusterState& before,
              const ClusterState& after) {
  const auto service = touched.lower_bound({Kind::kService, "", ""});
  if (service != touched.end() && service->kind == Kind::kService) return true;
  bool differs = false;
  ClusterState::ForEachDifference(before, after, Kind::kService,
                                  [&](const ObjectPtr&, const ObjectPtr&) { differs = true; });
  return differs;
}

bool TakesNothing(const ObjectChanges& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const ObjectChange& change) {
    return change.after != nullptr && !change.after->metadata.origin.source.empty();
  });
}

}  // namespace

DesiredState DesiredMemory::Build(const std::string& source, const std::string& commit,
                                  const std::vector<ObjectPtr>& objects, const ClusterState& state,
                                  Problems* problems) {
  std::optional<DesiredState> desired = BuildFromLast(source, commit, objects, state);
  if (desired) return std::move(*desired);
  Problems own;
  desired = BuildDesired(source, commit, objects, state, &own);
  built_.reset();
  const bool clean = own.errors.empty() && own.warnings.empty();
  problems->errors.insert(problems->errors.end(), own.errors.begin(), own.errors.end());
  problems->warnings.insert(problems->warnings.end(), own.warnings.begin(), own.warnings.end());
  if (!clean) return std::move(*desired);
  built_ = Built{.parsed = {}, .desired = *desired, .state = state};
  built_->parsed.reserve(objects.size());
  for (const ObjectPtr& object : objects) built_->parsed.emplace_back(object);
  return std::move(*desired);
}

std::optional<DesiredState> DesiredMemory::BuildFromLast(const std::string& source,
                                                         const std::string& commit,
                                                         const std::vector<ObjectPtr>& objects,
                                                         const ClusterState& state) {
  if (!built_ || built_->desired.source != source) return std::nullopt;
  std::vector<Parsed>& known = built_->parsed;
  const auto [old_begin, new_begin] =
      std::mismatch(known.begin(), known.end(), objects.begin(), objects.end(), IsSame);
  auto old_end = known.end();
  auto new_end = objects.end();
  while (old_end != old_begin && new_end != new_begin && IsSame(*(old_end - 1), *(new_end - 1))) {
    --old_end;
    --new_end;
  }
  DesiredState desired = built_->desired;
  desired.commit = commit;
  for (auto gone = old_begin; gone != old_end; ++gone) {
    const auto found = desired.objects.find(gone->key);
    if (found != desired.objects.end() && WaveOf(found->second->metadata) != 0) --desired.waved;
    desired.objects.Erase(gone->key);
  }
  if (!HoldsIn(desired, built_->state, state)) return std::nullopt;
  Problems problems;
  for (auto added = new_begin; added != new_end; ++added) {
    AddDesired(*added, state, &desired, &problems);
  }
  if (!ServesStill(built_->desired, desired, state, &problems)) return std::nullopt;
  const std::vector<Parsed> added(new_begin, new_end);
  known.insert(known.erase(old_begin, old_end), added.begin(), added.end());
  built_->desired = desired;
  built_->state = state;
  return desired;
}

std::optional<std::set<ObjectKey>> DesiredMemory::Touched(const DesiredState& desired,
                                                          const ClusterState& state) const {
  if (!in_force_ || SomeNamespaceGoes(state)) return std::nullopt;
  std::set<ObjectKey> touched;
  ObjectMap::ForEachDifference(
      in_force_->desired, desired.objects,
      [&](const ObjectKey& key, const ObjectPtr*, const ObjectPtr*) { touched.insert(key); });
  const auto is_ours = [&](const ObjectPtr& object) {
    return object != nullptr && object->metadata.origin.source == desired.source;
  };
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).declarable) continue;
    ClusterState::ForEachDifference(
        in_force_->state, state, kind, [&](const ObjectPtr& before, const ObjectPtr& after) {
          const ObjectKey key = (before == nullptr ? after : before)->key();
          if (is_ours(before) || is_ours(after) || desired.objects.contains(key)) {
            touched.insert(key);
          }
        });
  }
  return touched;
}

ObjectChanges DesiredMemory::Compare(const DesiredState& desired, const ClusterState& state,
                                     const Claims& claims, Problems* problems) {
  bool left_over = false;
  ObjectChanges changes;
  const std::optional<std::set<ObjectKey>> touched = Touched(desired, state);
  if (touched) changes = DiffOf(*touched, desired, state, &left_over);
  if (touched && !left_over && TakesNothing(changes)) {
    CheckOwnersOf(*touched, desired, state, claims, problems);
    if (MayClash(*touched, in_force_->state, state)) CheckClaims(desired, state, problems);
    if (desired.waved > 0) AddUntouched(desired, state, &changes);
  } else {
    left_over = false;
    CheckOwners(desired, state, claims, problems);
    changes = DiffOf(KeysOf(desired, state), desired, state, &left_over);
  }
  const bool in_force = problems->errors.empty() && !left_over &&
                        std::all_of(changes.begin(), changes.end(), IsInForce);
  if (in_force) in_force_ = InForce{desired.objects, state};
  return changes;
}

}  // namespace reconcile
