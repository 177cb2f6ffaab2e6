#include <algorithm>
#include <map>
#include <set>

#include "base/ids.h"
#include "base/planted_bug.h"
#include "reconciler/declared.h"
#include "reconciler/desired.h"
#include "reconciler/owners.h"

namespace reconcile {
namespace {

constexpr size_t kMaxListedObjects = 100;
constexpr size_t kPlanHashLength = 12;

// Something that a commit takes away.
struct Removal {
  ObjectKey key;
  std::string uid;
  std::string what;            // empty: deleted; else "scaled to 0", "created anew", "scaled to 3"
  bool is_object = true;       // counts as an object removed; a smaller scale takes pods only
  bool workload_goes = false;  // nothing of it runs any more
  int64_t keeps_pods = 0;
  int64_t loses_pods = INT64_MAX;  // at most; what a rollout takes besides is not this commit's
};
using Removals = std::map<ObjectKey, Removal>;

std::optional<Removal> RemovalOf(const ObjectChange& change) {
  if (change.before == nullptr || change.before->metadata.deletion_timestamp) return std::nullopt;
  Removal removal{.key = change.key, .uid = change.before->metadata.uid, .what = {}};
  if (change.after == nullptr) {
    removal.workload_goes = IsWorkload(change.key.kind);
    return removal;
  }
  if (change.after->metadata.origin.source.empty()) {
    removal.what = "no longer declared";
    removal.is_object = false;
    return removal;
  }
  if (NeedsRecreation(change.key.kind, change.fields)) {
    removal.what = "created anew";
    return removal;
  }
  const std::optional<int32_t> before = DeclaredReplicas(*change.before);
  const std::optional<int32_t> after = DeclaredReplicas(*change.after);
  if (!before || !after || *after >= *before) return std::nullopt;
  removal.what = "scaled to " + std::to_string(*after);
  removal.is_object = *after == 0;
  removal.workload_goes = *after == 0;
  removal.keeps_pods = *after;
  if (*after > 0) removal.loses_pods = *before - *after;
  return removal;
}

Removals RemovalsOf(const ObjectChanges& changes) {
  Removals removals;
  for (const ObjectChange& change : changes) {
    if (auto removal = RemovalOf(change)) removals.emplace(change.key, std::move(*removal));
  }
  return removals;
}

// The same for the same removals, whatever runs meanwhile.
std::string PlanHash(const Removals& removals) {
  std::string text;
  for (const auto& [key, removal] : removals) {
    text += ToString(key) + '\n' + removal.uid + '\n' + removal.what + '\n';
  }
  return Sha256Hex(text).substr(0, kPlanHashLength);
}

struct Figures {
  int64_t removed_objects = 0;  // by this commit and within the window
  int64_t objects = 0;          // of the source, when the window began
  int64_t removed_now = 0;      // by this commit
  int64_t removed_pods = 0;
  int64_t pods = 0;
};

bool IsOf(const Object& object, const Source& source) {
  return object.metadata.origin.source == source.metadata.name;
}

void CountObjects(const Removals& removals, const ClusterState& state, const Source& source,
                  const BreakerLimits& limits, WallTime now, Figures* figures) {
  figures->removed_now = std::count_if(removals.begin(), removals.end(),
                                       [](const auto& entry) { return entry.second.is_object; });
  int64_t earlier = 0;
  const SourceStatus& status = source.status;
  for (size_t i = 0; i < status.prune_times.size() && i < status.prune_counts.size(); ++i) {
    if (now.ms - status.prune_times[i].ms < limits.window_ms) earlier += status.prune_counts[i];
  }
  figures->removed_objects = figures->removed_now + earlier;
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : state.Objects(kind)) figures->objects += IsOf(*object, source);
  }
  figures->objects += earlier;
}

// Pods on hosts that the source's workloads have, and those of them that would stop.
void CountPods(const Removals& removals, const ClusterState& state, const Source& source,
               Figures* figures) {
  const Owners owners(state);
  std::map<ObjectKey, int64_t> pods_of;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (!IsActive(*pod) || pod->spec.node_name.empty()) return;
    const ObjectPtr top = owners.TopOf(pod);
    if (IsOf(*top, source)) ++pods_of[top->key()];
  });
  for (const auto& [key, count] : pods_of) {
    figures->pods += count;
    const auto removal = removals.find(key);
    const bool namespace_goes = removals.contains({Kind::kNamespace, "", key.namespace_name});
    if (namespace_goes) {
      figures->removed_pods += count;
    } else if (removal != removals.end()) {
      const int64_t surplus = std::max<int64_t>(0, count - removal->second.keeps_pods);
      figures->removed_pods += std::min(surplus, removal->second.loses_pods);
    }
  }
}

bool IsTooLarge(int64_t part, int64_t whole, const BreakerLimits& limits) {
  return part >= limits.min_for_percent && part * 100 > whole * limits.max_percent;
}

// Namespaces that would lose every workload that the source has there.
std::vector<std::string> EmptiedNamespaces(const Removals& removals, const ClusterState& state,
                                           const Source& source) {
  std::set<std::string> losing;
  for (const auto& [key, removal] : removals) {
    if (removal.workload_goes) losing.insert(key.namespace_name);
  }
  for (const Kind kind : kAllKinds) {
    if (!IsWorkload(kind)) continue;
    for (const auto& [key, object] : state.Objects(kind)) {
      if (!IsOf(*object, source) || object->metadata.deletion_timestamp) continue;
      const std::optional<int32_t> replicas = DeclaredReplicas(*object);
      if (replicas && *replicas == 0) continue;
      const auto removal = removals.find(key);
      if (removal == removals.end() || !removal->second.workload_goes) {
        losing.erase(key.namespace_name);
      }
    }
  }
  return {losing.begin(), losing.end()};
}

bool EmptiesTree(const ObjectChanges& changes, const Source& source) {
  if (changes.empty()) return false;
  return std::none_of(changes.begin(), changes.end(), [&](const ObjectChange& change) {
    return change.after != nullptr && IsOf(*change.after, source);
  });
}

std::string OutOf(int64_t part, int64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole);
}

// Why the removals are too many, each limit with its figures; empty when they are not.
std::string WhyHeld(const ObjectChanges& changes, const Removals& removals,
                    const ClusterState& state, const Source& source, const BreakerLimits& limits,
                    WallTime now) {
  if (EmptiesTree(changes, source)) {
    return "declares nothing, while " + std::to_string(changes.size()) +
           (changes.size() == 1 ? " object of this source is" : " objects of this source are") +
           " in force";
  }
  if (removals.empty()) return "";
  Figures figures;
  CountObjects(removals, state, source, limits, now, &figures);
  CountPods(removals, state, source, &figures);
  const std::string percent = std::to_string(limits.max_percent) + " %";
  if (figures.removed_now > 0 && figures.removed_objects > limits.max_objects) {
    return "removes " + std::to_string(figures.removed_objects) + " objects within " +
           FormatAge(limits.window_ms) + "; the limit is " + std::to_string(limits.max_objects);
  }
  if (figures.removed_now > 0 && IsTooLarge(figures.removed_objects, figures.objects, limits)) {
    return "removes " + OutOf(figures.removed_objects, figures.objects) +
           " objects of this source; the limit is " + percent;
  }
  if (IsTooLarge(figures.removed_pods, figures.pods, limits)) {
    return "stops " + OutOf(figures.removed_pods, figures.pods) +
           " running pods of this source; the limit is " + percent;
  }
  const std::vector<std::string> emptied = EmptiedNamespaces(removals, state, source);
  if (!emptied.empty()) {
    std::string names;
    for (const std::string& name : emptied) names += (names.empty() ? "'" : ", '") + name + "'";
    return "removes all workloads of namespace " + names;
  }
  return "";
}

bool IsConfirmed(const std::string& hash, const Source& source,
                 const std::vector<std::string>& confirmations) {
  const std::optional<HeldPrune>& held = source.status.held;
  if (PlantedBug("ignore-confirmation")) return false;
  if (held && held->confirmed && held->plan_hash == hash) return true;
  return std::any_of(confirmations.begin(), confirmations.end(), [&](const std::string& text) {
    return text == "prune=" + hash || text == hash;
  });
}

std::vector<std::string> Listed(const Removals& removals) {
  std::vector<std::string> lines;
  for (const auto& [key, removal] : removals) {
    lines.push_back(ToString(key) + (removal.what.empty() ? "" : " (" + removal.what + ")"));
  }
  std::sort(lines.begin(), lines.end());
  if (lines.size() > kMaxListedObjects) lines.resize(kMaxListedObjects);
  return lines;
}

}  // namespace

std::optional<HeldPrune> CheckBreaker(const ObjectChanges& changes, const ClusterState& state,
                                      const Source& source, const std::string& commit,
                                      const std::vector<std::string>& confirmations,
                                      const BreakerLimits& limits, WallTime now) {
  const Removals removals = RemovalsOf(changes);
  const std::string why = WhyHeld(changes, removals, state, source, limits, now);
  if (why.empty()) return std::nullopt;
  HeldPrune held;
  held.commit = commit;
  held.plan_hash = PlanHash(removals);
  if (IsConfirmed(held.plan_hash, source, confirmations)) return std::nullopt;
  held.reason = "commit " + commit.substr(0, kPlanHashLength) + " " + why +
                ". Nothing of it is applied. If it is meant: `reconcile confirm " + held.plan_hash +
                "`, or a commit with the trailer `Reconcile-Confirm: prune=" + held.plan_hash + "`";
  held.objects = Listed(removals);
  held.object_count = static_cast<int32_t>(removals.size());
  return held;
}

}  // namespace reconcile
