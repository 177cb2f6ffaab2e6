#include "reconciler/declared.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>
#include <utility>

#include "reconciler/deployment.h"
#include "reconciler/restart.h"
#include "reconciler/rollback_on_deadline.h"
#include "reconciler/service_addresses.h"
#include "schema/all_kinds.h"
#include "schema/field_table.h"

namespace reconcile {
namespace {

constexpr char kNamespaceNameLabel[] = "kubernetes.io/metadata.name";

std::set<std::string> SplitKeys(const ObjectMeta& metadata, const char* annotation) {
  std::set<std::string> keys;
  const auto found = metadata.annotations.find(annotation);
  if (found == metadata.annotations.end()) return keys;
  const std::string& text = found->second;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    keys.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return keys;
}

// An annotation and its value.
struct Protection {
  const char* name;
  const char* value;
};
constexpr char kFluxReconcile[] = "kustomize.toolkit.fluxcd.io/reconcile";

// The first of them that `metadata` has, as "name: value".
template <size_t kCount>
std::string FirstOf(const Protection (&protections)[kCount], const ObjectMeta& metadata) {
  for (const Protection& row : protections) {
    if (SplitKeys(metadata, row.name).contains(row.value)) {
      return std::string(row.name) + ": " + row.value;
    }
  }
  return "";
}

std::string JoinKeys(const StringMap& map) {
  std::string text;
  for (const auto& [key, value] : map) text += (text.empty() ? "" : ",") + key;
  return text;
}

// The entries that others than Git put there.
StringMap Foreign(StringMap map, const std::set<std::string>& declared) {
  std::erase_if(map, [&](const auto& entry) { return declared.contains(entry.first); });
  map.erase(kDeclaredLabels);
  map.erase(kDeclaredAnnotations);
  return map;
}

void KeepOnly(const std::set<std::string>& declared, StringMap* map) {
  std::erase_if(*map, [&](const auto& entry) { return !declared.contains(entry.first); });
}

void EraseUnlessDeclared(const char* key, const StringMap& declared, StringMap* map) {
  if (!declared.contains(key)) map->erase(key);
}

// What the controller notes on a Deployment.
constexpr std::array kKeptOfDeployments = {kRevisionAnnotation, kRolledBackFrom, kRolledBackTo};

std::vector<const char*> ServerOwnedAnnotations(Kind kind) {
  if (kind == Kind::kDeployment || kind == Kind::kReplicaSet) {
    return {kRevisionAnnotation, kDesiredAnnotation, kMaxAnnotation, kRolledBackFrom,
            kRolledBackTo};
  }
  if (kind == Kind::kNode) return {kDeclaredLabels, kDeclaredAnnotations, kReportedLabels};
  return {};
}

const Taint* FindSame(const std::vector<Taint>& taints, const Taint& taint) {
  const auto found = std::find_if(taints.begin(), taints.end(),
                                  [&](const Taint& other) { return other.IsSame(taint); });
  return found == taints.end() ? nullptr : &*found;
}

// When the controller first saw a taint is no difference to what Git declares.
void HideStamps(const std::vector<Taint>& declared, std::vector<Taint>* taints) {
  for (Taint& taint : *taints) {
    const Taint* same = FindSame(declared, taint);
    if (same == nullptr || !same->time_added) taint.time_added.reset();
  }
}

// `before` without what Git did not declare; null when there is nothing such on its kind.
std::shared_ptr<Object> DeclaredView(const Object& before, const Object& after) {
  std::shared_ptr<Object> view;
  if (const Node* node = As<Node>(before)) {
    const auto bare = std::make_shared<Node>(*node);
    KeepOnly(SplitKeys(before.metadata, kDeclaredLabels), &bare->metadata.labels);
    KeepOnly(SplitKeys(before.metadata, kDeclaredAnnotations), &bare->metadata.annotations);
    bare->spec.pod_cidr = As<Node>(after)->spec.pod_cidr;
    HideStamps(As<Node>(after)->spec.taints, &bare->spec.taints);
    view = bare;
  } else if (before.kind == Kind::kNamespace) {
    view = before.Clone();
    EraseUnlessDeclared(kNamespaceNameLabel, after.metadata.labels, &view->metadata.labels);
  } else if (const Deployment* deployment = As<Deployment>(before)) {
    const auto bare = std::make_shared<Deployment>(*deployment);
    for (const char* key : kKeptOfDeployments) bare->metadata.annotations.erase(key);
    HideRestart(*As<Deployment>(after), bare.get());
    view = bare;
  } else if (const Pod* pod = As<Pod>(before)) {
    const auto unbound = std::make_shared<Pod>(*pod);
    unbound->spec.node_name = std::exchange(unbound->spec.declared_node_name, "");
    view = unbound;
  } else if (const Service* service = As<Service>(before)) {
    const auto bare = std::make_shared<Service>(*service);
    HideAllocated(*As<Service>(after), bare.get());
    view = bare;
  }
  return view;
}

// Whether what Git says is the same, apart from metadata: SameFields(a, b) for each kind. Most have
// a spec, and nothing else that Git says.

template <typename T>
bool SameFields(const T& a, const T& b) {
  return a.spec == b.spec;
}
bool SameFields(const ConfigMap& a, const ConfigMap& b) {
  return a.data == b.data && a.binary_data == b.binary_data && a.immutable == b.immutable;
}
bool SameFields(const Secret& a, const Secret& b) {
  return a.data == b.data && a.type == b.type && a.immutable == b.immutable;
}
bool SameFields(const EndpointSlice& a, const EndpointSlice& b) {
  return a.address_type == b.address_type && a.endpoints == b.endpoints && a.ports == b.ports;
}
bool SameFields(const Endpoints& a, const Endpoints& b) { return a.subsets == b.subsets; }
template <Kind kKept>
bool SameFields(const Kept<kKept>& a, const Kept<kKept>& b) {
  return a.others == b.others;
}
bool SameFields(const PodDisruptionBudget& a, const PodDisruptionBudget& b) {
  return a.others == b.others;
}
// Nothing of these is declared.
bool SameFields(const Namespace&, const Namespace&) { return true; }
bool SameFields(const Event&, const Event&) { return true; }
bool SameFields(const Source&, const Source&) { return true; }
bool SameFields(const Cluster&, const Cluster&) { return true; }

bool SameContent(const Object& a, const Object& b) {
  return WithType(
      a, [&](const auto& typed) { return SameFields(typed, static_cast<decltype(typed)>(b)); });
}

// What controllers and agents keep on an object that Git declares: Keep(before, merged) for each
// kind that has such.

void Keep(const Namespace& before, Namespace* merged) { merged->phase = before.phase; }
void Keep(const Node& before, Node* merged) {
  merged->status = before.status;
  merged->spec.pod_cidr = before.spec.pod_cidr;
  for (Taint& taint : merged->spec.taints) {
    const Taint* known = FindSame(before.spec.taints, taint);
    if (known != nullptr && !taint.time_added) taint.time_added = known->time_added;
  }
}
void Keep(const Pod& before, Pod* merged) {
  merged->status = before.status;
  merged->spec.node_name = before.spec.node_name;
  merged->spec.declared_node_name = before.spec.declared_node_name;
}
void Keep(const ReplicationController& before, ReplicationController* merged) {
  merged->status = before.status;
}
void Keep(const ReplicaSet& before, ReplicaSet* merged) { merged->status = before.status; }
void Keep(const Deployment& before, Deployment* merged) {
  merged->status = before.status;
  KeepRestart(before, merged);
}
void Keep(const Service& before, Service* merged) {
  merged->status = before.status;
  KeepAllocated(before, merged);
}
void Keep(const PodDisruptionBudget& before, PodDisruptionBudget* merged) {
  merged->status = before.status;
}
void Keep(const Object&, Object*) {}

void KeepObserved(const Object& before, Object* merged) {
  WithType(before, [&](const auto& typed) {
    Keep(typed, static_cast<std::remove_cvref_t<decltype(typed)>*>(merged));
  });
}

void KeepKey(const char* key, const StringMap& before, StringMap* merged) {
  const auto found = before.find(key);
  if (found != before.end()) merged->emplace(key, found->second);
}

void KeepForeignNodeMetadata(const ObjectMeta& before, ObjectMeta* merged) {
  merged->labels.merge(Foreign(before.labels, SplitKeys(before, kDeclaredLabels)));
  merged->annotations.merge(Foreign(before.annotations, SplitKeys(before, kDeclaredAnnotations)));
}

void RememberDeclared(const ObjectMeta& after, ObjectMeta* metadata) {
  if (!after.labels.empty()) metadata->annotations[kDeclaredLabels] = JoinKeys(after.labels);
  if (!after.annotations.empty()) {
    metadata->annotations[kDeclaredAnnotations] = JoinKeys(after.annotations);
  }
}

template <typename T>
const PodTemplateSpec* TemplateIn(const T& object) {
  if constexpr (requires { object.spec.pod_template; }) {
    return &object.spec.pod_template;
  } else if constexpr (requires { object.spec.job_template; }) {
    return &object.spec.job_template.spec.pod_template;
  } else {
    return nullptr;
  }
}

// Null for kinds whose objects make no pods.
const PodTemplateSpec* PodTemplateOf(const Object& object) {
  return WithType(object, [](const auto& typed) { return TemplateIn(typed); });
}

}  // namespace

std::vector<std::string> StripServerOwned(Object* declared) {
  std::vector<std::string> taken;
  ObjectMeta& metadata = declared->metadata;
  for (const char* key : ServerOwnedAnnotations(declared->kind)) {
    if (metadata.annotations.erase(key) > 0)
      taken.push_back(std::string("annotation '") + key + "'");
  }
  if (declared->kind == Kind::kNamespace) {
    const auto label = metadata.labels.find(kNamespaceNameLabel);
    if (label != metadata.labels.end() && label->second != metadata.name) {
      metadata.labels.erase(label);
      taken.push_back(std::string("label '") + kNamespaceNameLabel + "'");
    }
  }
  return taken;
}

std::vector<FieldChange> DeclaredDiff(const Object& before, const Object& after) {
  std::shared_ptr<Object> view = DeclaredView(before, after);
  const Object& seen = view == nullptr ? before : *view;
  const bool same = seen.metadata.labels == after.metadata.labels &&
                    seen.metadata.annotations == after.metadata.annotations &&
                    SameContent(seen, after);
  if (same) return {};
  // What an older release stored lacks the defaults that came since: no difference.
  if (view == nullptr) view = before.Clone();
  ApplyDefaults(view.get());
  return DiffObjects(*view, after);
}

std::shared_ptr<const Object> DeclaredPart(const Object& before, const Object& after) {
  std::shared_ptr<Object> part = DeclaredView(before, after);
  if (part == nullptr) part = before.Clone();
  ApplyDefaults(part.get());
  return part;
}

std::shared_ptr<Object> MergeDeclared(const Object& before, const Object& after) {
  std::shared_ptr<Object> merged = after.Clone();
  ObjectMeta& metadata = merged->metadata;
  metadata = before.metadata;
  metadata.labels = after.metadata.labels;
  metadata.annotations = after.metadata.annotations;
  metadata.origin = after.metadata.origin;
  KeepObserved(before, merged.get());
  if (before.kind == Kind::kNode) {
    KeepForeignNodeMetadata(before.metadata, &metadata);
    RememberDeclared(after.metadata, &metadata);
  } else if (before.kind == Kind::kNamespace) {
    KeepKey(kNamespaceNameLabel, before.metadata.labels, &metadata.labels);
  } else if (before.kind == Kind::kDeployment) {
    for (const char* key : kKeptOfDeployments) {
      KeepKey(key, before.metadata.annotations, &metadata.annotations);
    }
  }
  if (!SameContent(before, *merged)) ++metadata.generation;
  return merged;
}

std::shared_ptr<Object> FreshDeclared(const Object& after) {
  std::shared_ptr<Object> fresh = after.Clone();
  fresh->metadata = ObjectMeta();
  fresh->metadata.name = after.metadata.name;
  fresh->metadata.namespace_name = after.metadata.namespace_name;
  fresh->metadata.labels = after.metadata.labels;
  fresh->metadata.annotations = after.metadata.annotations;
  fresh->metadata.origin = after.metadata.origin;
  fresh->metadata.generation = 1;
  if (after.kind == Kind::kNode) RememberDeclared(after.metadata, &fresh->metadata);
  return fresh;
}

std::string PruneProtectionOf(const ObjectMeta& metadata) {
  // Argo CD's options are a list: "Prune=false,Validate=false".
  constexpr Protection kProtections[] = {{"argocd.argoproj.io/sync-options", "Prune=false"},
                                         {"kustomize.toolkit.fluxcd.io/prune", "disabled"},
                                         {kFluxReconcile, "disabled"},
                                         {"helm.sh/resource-policy", "keep"}};
  return FirstOf(kProtections, metadata);
}

std::string ChangeProtectionOf(const ObjectMeta& declared) {
  constexpr Protection kProtections[] = {{kFluxReconcile, "disabled"},
                                         {"kustomize.toolkit.fluxcd.io/ssa", "IfNotPresent"}};
  return FirstOf(kProtections, declared);
}

std::shared_ptr<const Object> AsProtected(const Object& before,
                                          const std::shared_ptr<const Object>& declared) {
  if (before.metadata.deletion_timestamp) return declared;
  if (ChangeProtectionOf(declared->metadata).empty()) return declared;
  std::shared_ptr<Object> kept = DeclaredView(before, *declared);
  if (kept == nullptr) kept = before.Clone();
  kept->metadata.origin = declared->metadata.origin;
  const auto found = declared->metadata.annotations.find(kFluxReconcile);
  if (found != declared->metadata.annotations.end()) {
    kept->metadata.annotations[kFluxReconcile] = found->second;
  }
  return kept;
}

std::shared_ptr<Object> Undeclared(const Object& before) {
  std::shared_ptr<Object> bare = before.Clone();
  bare->metadata = ObjectMeta();
  bare->metadata.name = before.metadata.name;
  if (before.kind == Kind::kNode) {
    NodeSpec& spec = static_cast<Node*>(bare.get())->spec;
    spec.unschedulable = false;
    spec.taints.clear();
  }
  return bare;
}

void MergeReportedLabels(const StringMap& reported, ObjectMeta* metadata) {
  const std::set<std::string> declared = SplitKeys(*metadata, kDeclaredLabels);
  for (const std::string& label : SplitKeys(*metadata, kReportedLabels)) {
    if (!declared.contains(label)) metadata->labels.erase(label);
  }
  for (const auto& [label, value] : reported) {
    if (!declared.contains(label)) metadata->labels[label] = value;
  }
  metadata->annotations[kReportedLabels] = JoinKeys(reported);
}

std::optional<int32_t> DeclaredReplicas(const Object& object) {
  if (const auto* deployment = As<Deployment>(object)) return deployment->spec.replicas;
  if (const auto* set = As<ReplicaSet>(object)) return set->spec.replicas;
  if (const auto* rc = As<ReplicationController>(object)) return rc->spec.replicas;
  return std::nullopt;
}

bool AwaitsPods(const Object& object) {
  return object.kind == Kind::kPod || DeclaredReplicas(object).value_or(0) > 0;
}

const PodSpec* PodSpecOf(const Object& object) {
  if (const auto* pod = As<Pod>(object)) return &pod->spec;
  const PodTemplateSpec* pods = PodTemplateOf(object);
  return pods == nullptr ? nullptr : &pods->spec;
}

const StringMap* PodLabelsOf(const Object& object) {
  if (const auto* pod = As<Pod>(object)) return &pod->metadata.labels;
  const PodTemplateSpec* pods = PodTemplateOf(object);
  return pods == nullptr ? nullptr : &pods->metadata.labels;
}

const std::vector<Kind>& KindsOfPods() {
  static const std::vector<Kind> kinds = [] {
    std::vector<Kind> found;
    std::copy_if(kAllKinds.begin(), kAllKinds.end(), std::back_inserter(found),
                 [](Kind kind) { return PodLabelsOf(*NewObject(kind)) != nullptr; });
    return found;
  }();
  return kinds;
}

bool IsWorkload(Kind kind) {
  return kind == Kind::kDeployment || kind == Kind::kReplicaSet ||
         kind == Kind::kReplicationController || kind == Kind::kPod;
}

bool NeedsRecreation(Kind kind, const std::vector<FieldChange>& fields) {
  return kind == Kind::kPod && std::any_of(fields.begin(), fields.end(), [](const auto& field) {
           return field.path.starts_with("spec");
         });
}

}  // namespace reconcile
