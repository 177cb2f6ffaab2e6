#include "reconciler/desired.h"

#include <algorithm>

#include "reconciler/declared.h"
#include "reconciler/references.h"
#include "reconciler/service_addresses.h"
#include "schema/sync_wave.h"

namespace reconcile {
namespace {

void RefuseSecondSource(const Object& object, const Origin& first, Problems* problems) {
  problems->errors.push_back(ProblemAt(object, "already declared by source '" + first.source +
                                                   "' at " + PlaceOf(first) +
                                                   "; an object can have one source only"));
}

// An object of a source that nobody follows any more is taken over.
void CheckOwner(const Object& object, const Object& known, const std::string& source,
                const ClusterState& state, Problems* problems) {
  const Origin& origin = known.metadata.origin;
  const bool followed = state.Find<Source>("", origin.source) != nullptr;
  if (!origin.source.empty() && origin.source != source && followed) {
    RefuseSecondSource(object, origin, problems);
  } else if (const OwnerReference* owner = ControllerOf(known.metadata)) {
    problems->errors.push_back(ProblemAt(object, "exists already and belongs to " + owner->kind +
                                                     " " + owner->name + "; use another name"));
  }
}

// A Pod is replaced when it changes, and an object that is going is created anew.
void CheckImmutable(const Object& object, const Object& known, Problems* problems) {
  if (object.kind == Kind::kPod || known.metadata.deletion_timestamp) return;
  if (!ChangeProtectionOf(object.metadata).empty()) return;  // nothing of it is changed
  const size_t before = problems->errors.size();
  // What the controller gave it is not declared to be otherwise.
  const bool is_given = known.kind == Kind::kService;
  ValidateUpdate(is_given ? *DeclaredPart(known, object) : known, object, problems);
  for (size_t i = before; i < problems->errors.size(); ++i) {
    Problem& problem = problems->errors[i];
    if (problem.line > 0) continue;
    problem.file = object.metadata.origin.file;
    problem.line = object.metadata.origin.line;
    problem.column = 1;
  }
}

void CheckReplicas(const Object& object, Problems* problems) {
  const std::optional<int32_t> replicas = DeclaredReplicas(object);
  if (!replicas || *replicas <= kMaxReplicasPerWorkload) return;
  problems->errors.push_back(
      ProblemAt(object, "spec.replicas " + std::to_string(*replicas) + " is more than " +
                            std::to_string(kMaxReplicasPerWorkload) + ", the most one object has"));
}

void CheckSize(const Object& object, Problems* problems) {
  const size_t bytes = EncodeObjectJson(object, EncodeFor::kStore).size();
  if (bytes <= kMaxDeclaredObjectBytes) return;
  problems->errors.push_back(ProblemAt(
      object, "takes " + std::to_string(bytes) + " bytes as it is stored, more than the " +
                  std::to_string(kMaxDeclaredObjectBytes) + " that an object may have"));
}

}  // namespace

void CheckAgainst(const Object& declared, const Object& known, const std::string& source,
                  const ClusterState& state, Problems* problems) {
  CheckOwner(declared, known, source, state, problems);
  CheckImmutable(declared, known, problems);
}

namespace {

// The object as the model is to have it: without what is the controller's own.
std::unique_ptr<Object> TakeDeclared(const Object& object, const std::string& source,
                                     Problems* problems) {
  std::unique_ptr<Object> declared = object.Clone();
  declared->metadata.origin.source = source;
  for (const std::string& what : StripServerOwned(declared.get())) {
    problems->warnings.push_back(
        ProblemAt(*declared, what + " is the controller's own; what is declared there is left out",
                  Rule::kAdvice));
  }
  CheckReplicas(*declared, problems);
  CheckSize(*declared, problems);
  return declared;
}

bool CheckDeclarable(const Object& object, Problems* problems) {
  if (InfoOf(object.kind).declarable) return true;
  problems->errors.push_back(
      ProblemAt(object, "cannot be declared in a manifest", Rule::kUnknownKind));
  return false;
}

}  // namespace

void CheckDeclared(const Object& declared, Problems* problems) {
  if (CheckDeclarable(declared, problems)) TakeDeclared(declared, "", problems);
}

void AddDesired(const ObjectPtr& object, const ClusterState& state, DesiredState* desired,
                Problems* problems) {
  const ObjectKey key = object->key();
  if (!CheckDeclarable(*object, problems)) return;
  const auto other = desired->objects.find(key);
  if (other != desired->objects.end()) {
    problems->errors.push_back(ProblemAt(
        *object, "declared twice; the other one is at " + PlaceOf(other->second->metadata.origin),
        Rule::kDuplicateObject));
    return;
  }
  const std::shared_ptr<Object> declared = TakeDeclared(*object, desired->source, problems);
  if (const ObjectPtr known = state.Find(key)) {
    CheckAgainst(*declared, *known, desired->source, state, problems);
  }
  if (WaveOf(declared->metadata) != 0) ++desired->waved;
  desired->objects.Set(key, declared);
}

DesiredState BuildDesired(const std::string& source, const std::string& commit,
                          const std::vector<ObjectPtr>& objects, const ClusterState& state,
                          Problems* problems) {
  DesiredState desired{.source = source, .commit = commit, .objects = {}, .waved = 0};
  // In the order of the places they stand at, so that problems do not depend on the input's order.
  std::vector<ObjectPtr> ordered = objects;
  std::stable_sort(ordered.begin(), ordered.end(), [](const ObjectPtr& a, const ObjectPtr& b) {
    const Origin& origin_a = a->metadata.origin;
    const Origin& origin_b = b->metadata.origin;
    if (origin_a.file != origin_b.file) return origin_a.file < origin_b.file;
    if (origin_a.line != origin_b.line) return origin_a.line < origin_b.line;
    return a->key() < b->key();
  });
  for (const ObjectPtr& object : ordered) AddDesired(object, state, &desired, problems);
  CheckReferences(desired, state, problems);
  return desired;
}

namespace {

void CheckOwnerOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                  const Claims& claims, Problems* problems) {
  const auto claimed = claims.find(object.key());
  if (claimed != claims.end() && claimed->second.source != desired.source) {
    RefuseSecondSource(object, claimed->second, problems);
  } else if (const ObjectPtr known = state.Find(object.key())) {
    CheckOwner(object, *known, desired.source, state, problems);
  }
}

}  // namespace

void CheckOwners(const DesiredState& desired, const ClusterState& state, const Claims& claims,
                 Problems* problems) {
  for (const auto& [key, object] : desired.objects) {
    CheckOwnerOf(*object, desired, state, claims, problems);
  }
  CheckClaims(desired, state, problems);
}

void CheckOwnersOf(const std::set<ObjectKey>& keys, const DesiredState& desired,
                   const ClusterState& state, const Claims& claims, Problems* problems) {
  std::set<ObjectKey> all = keys;
  for (const auto& [key, origin] : claims) all.insert(key);
  for (const ObjectKey& key : all) {
    const auto found = desired.objects.find(key);
    if (found == desired.objects.end()) continue;
    CheckOwnerOf(*found->second, desired, state, claims, problems);
  }
}

}  // namespace reconcile
