#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "schema/codec.h"
#include "schema/pod.h"

namespace reconcile {

// What Git declares about an object, apart from what controllers and agents add to it: the
// revision annotation of a Deployment, the name label of a Namespace, where a Pod runs, the labels
// that a Node's agent reports.

// The keys of a Node's labels and annotations that Git declares are remembered on it, so that
// they can be taken away again.
inline constexpr char kDeclaredLabels[] = "reconcile.dev/declared-labels";
inline constexpr char kDeclaredAnnotations[] = "reconcile.dev/declared-annotations";
// The keys of a Node's labels that its agent reported last, for the same purpose.
inline constexpr char kReportedLabels[] = "reconcile.dev/reported-labels";

// Takes away from `declared` the labels and annotations that only the controller writes: declared
// (an exported manifest has them), each side would put its own value back for ever. Returns what it
// took, as "annotation 'deployment.kubernetes.io/revision'".
std::vector<std::string> StripServerOwned(Object* declared);

// How `before`, an object of the model, differs from `after`, as declared. Empty when it does not.
std::vector<FieldChange> DeclaredDiff(const Object& before, const Object& after);

// `before`, an object of the model, without what Git did not declare of it.
std::shared_ptr<const Object> DeclaredPart(const Object& before, const Object& after);

// `after` as it replaces `before` in the model: with its identity, status and what others added.
// The generation grows when the spec changed (SEMANTICS 1.6).
std::shared_ptr<Object> MergeDeclared(const Object& before, const Object& after);

// `after` as a new object of the model, without identity: no status, nothing server-set.
std::shared_ptr<Object> FreshDeclared(const Object& after);

// What remains of an object that cannot go (a registered Node, a built-in Namespace) when Git
// declares it no more.
std::shared_ptr<Object> Undeclared(const Object& before);

// The annotation by which people keep an object that Git declares no more, as "name: value": Argo
// CD's sync option Prune=false, Flux's prune: disabled and reconcile: disabled, Helm's
// resource-policy: keep. Empty without.
std::string PruneProtectionOf(const ObjectMeta& metadata);

// The annotation by which people keep an object that Git declares as it is once it is there, as
// "name: value": Flux's reconcile: disabled and ssa: IfNotPresent. Empty without.
std::string ChangeProtectionOf(const ObjectMeta& declared);
// `declared` as the model is to have it where `before` is there: by such an annotation, nothing but
// where it stands is new, and of reconcile: disabled the annotation itself, which keeps the object
// from being pruned too.
std::shared_ptr<const Object> AsProtected(const Object& before,
                                          const std::shared_ptr<const Object>& declared);

// Sets the labels that a Node's agent reports and takes away those that it reported before and does
// not report any more. What Git declares stays as it is.
void MergeReportedLabels(const StringMap& reported, ObjectMeta* metadata);

// Replicas that a workload declares; nothing for other kinds.
std::optional<int32_t> DeclaredReplicas(const Object& object);
// Whether the object is healthy only with pods that run (health.h).
bool AwaitsPods(const Object& object);
// The pod spec that a workload or Pod declares; null for other kinds.
const PodSpec* PodSpecOf(const Object& object);
const StringMap* PodLabelsOf(const Object& object);
// The kinds whose objects have pod labels.
const std::vector<Kind>& KindsOfPods();
// Deployment, ReplicaSet, ReplicationController and Pod.
bool IsWorkload(Kind kind);
// True when a change of these fields replaces the object: a Pod's spec cannot change.
bool NeedsRecreation(Kind kind, const std::vector<FieldChange>& fields);

}  // namespace reconcile
