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
  bool is_deleted = false;     // the object itself goes
  bool comes_back = false;     // its pods start again
  bool workload_goes = false;  // nothing of it runs any more
  bool let_through = false;    // by an earlier look, which counted it
  int64_t keeps_pods = 0;
  int64_t loses_pods = INT64_MAX;  // at most; what a rollout takes besides is not this commit's
};
using Removals = std::map<ObjectKey, Removal>;

std::optional<Removal> RemovalOf(const ObjectChange& change) {
  if (change.before == nullptr || change.before->metadata.deletion_timestamp) return std::nullopt;
  Removal removal{.key = change.key, .uid = change.before->metadata.uid, .what = {}};
  if (change.after == nullptr) {
    removal.is_deleted = true;
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
    removal.comes_back = true;
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

std::string TextOf(const Removal& removal) {
  return ToString(removal.key) + '\n' + removal.uid + '\n' + removal.what + '\n';
}

std::string MarkOf(const Removal& removal) {
  return Sha256Hex(TextOf(removal)).substr(0, kPlanHashLength);
}

// True when some are new.
bool NoteLetThrough(const std::vector<std::string>& marks, Removals* removals) {
  if (marks.empty()) return !removals->empty();
  const std::set<std::string> known(marks.begin(), marks.end());
  bool some_new = false;
  for (auto& [key, removal] : *removals) {
    removal.let_through = known.contains(MarkOf(removal));
    some_new |= !removal.let_through;
  }
  return some_new;
}

// The same for the same removals, whatever runs meanwhile.
std::string PlanHash(const Removals& removals) {
  std::string text;
  for (const auto& [key, removal] : removals) text += TextOf(removal);
  return Sha256Hex(text).substr(0, kPlanHashLength);
}

struct Figures {
  RecentPrune now;      // by this commit
  RecentPrune earlier;  // within the window, together
  int64_t objects = 0;  // of the source, with those gone within the window
  int64_t pods = 0;     // likewise

  int64_t removed_objects() const { return int64_t{now.objects} + earlier.objects; }
  int64_t removed_pods() const { return int64_t{now.pods} + earlier.pods; }
};

void AddCount(int32_t* sum, int64_t amount) {
  *sum = static_cast<int32_t>(std::min<int64_t>(INT32_MAX, *sum + amount));
}

void AddPrune(const RecentPrune& prune, RecentPrune* sum) {
  AddCount(&sum->objects, prune.objects);
  AddCount(&sum->objects_gone, prune.objects_gone);
  AddCount(&sum->pods, prune.pods);
  AddCount(&sum->pods_gone, prune.pods_gone);
}

bool IsWithin(const RecentPrune& prune, int64_t window_ms, WallTime now) {
  return now.ms - prune.at.value_or(WallTime()).ms < window_ms;
}

bool TookNothing(const RecentPrune& prune) { return prune.objects == 0 && prune.pods == 0; }

bool IsOf(const Object& object, const Source& source) {
  return object.metadata.origin.source == source.metadata.name;
}

void CountObjects(const Removals& removals, const ClusterState& state, const Source& source,
                  Figures* figures) {
  for (const auto& [key, removal] : removals) {
    // Counted then, and as gone.
    if (removal.let_through) {
      figures->objects -= removal.is_deleted ? 1 : 0;
      continue;
    }
    AddCount(&figures->now.objects, removal.is_object ? 1 : 0);
    AddCount(&figures->now.objects_gone, removal.is_deleted ? 1 : 0);
  }
  for (const Kind kind : kAllKinds) {
    if (!InfoOf(kind).declarable) continue;
    for (const auto& [key, object] : state.Objects(kind)) figures->objects += IsOf(*object, source);
  }
  figures->objects += figures->earlier.objects_gone;
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
    const auto removal = removals.find(key);
    const bool let_through = removal != removals.end() && removal->second.let_through;
    if (let_through && removal->second.is_deleted) continue;
    figures->pods += count;
    if (let_through) continue;
    const auto space = removals.find({Kind::kNamespace, "", key.namespace_name});
    int64_t stopped = 0;
    if (space != removals.end() && !space->second.let_through) {
      stopped = count;
    } else if (removal != removals.end()) {
      const int64_t surplus = std::max<int64_t>(0, count - removal->second.keeps_pods);
      stopped = std::min(surplus, removal->second.loses_pods);
    }
    AddCount(&figures->now.pods, stopped);
    const bool back = removal != removals.end() && removal->second.comes_back;
    AddCount(&figures->now.pods_gone, back ? 0 : stopped);
  }
  figures->pods += figures->earlier.pods_gone;
}

Figures FiguresOf(const Removals& removals, const ClusterState& state, const Source& source,
                  const BreakerLimits& limits, WallTime now) {
  Figures figures;
  if (removals.empty()) return figures;
  for (const RecentPrune& prune : source.status.recent_prunes) {
    if (IsWithin(prune, limits.window_ms, now)) AddPrune(prune, &figures.earlier);
  }
  CountObjects(removals, state, source, &figures);
  CountPods(removals, state, source, &figures);
  return figures;
}

bool IsTooLarge(int64_t part, int64_t whole, const BreakerLimits& limits) {
  return part >= limits.min_for_percent && part * 100 > whole * limits.max_percent;
}

// Namespaces that would lose every workload that the source has there.
std::vector<std::string> EmptiedNamespaces(const Removals& removals, const ClusterState& state,
                                           const Source& source) {
  std::set<std::string> losing;
  for (const auto& [key, removal] : removals) {
    if (removal.workload_goes && !removal.let_through) losing.insert(key.namespace_name);
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

// What this commit takes of what there is, and apart from it what earlier ones took: the same
// object may have gone and come again.
std::string ShareOf(int64_t now, int64_t whole, const std::string& what, int64_t earlier,
                    const std::string& within) {
  const std::string text =
      std::to_string(now) + " of " + std::to_string(whole) + " " + what + " of this source";
  return earlier > 0 ? text + ", after " + std::to_string(earlier) + within : text;
}

// Which limit on objects or pods the figures pass; empty when none.
std::string WhyTooMany(const Figures& figures, const BreakerLimits& limits) {
  const std::string within = " within " + FormatAge(limits.window_ms);
  const std::string percent = "; the limit is " + std::to_string(limits.max_percent) + " %";
  const int64_t objects = figures.removed_objects();
  if (figures.now.objects > 0 && objects > limits.max_objects) {
    return "removes " + std::to_string(objects) + " objects" + within + "; the limit is " +
           std::to_string(limits.max_objects);
  }
  if (figures.now.objects > 0 && IsTooLarge(objects, figures.objects, limits)) {
    return "removes " +
           ShareOf(figures.now.objects, figures.objects, "objects", figures.earlier.objects,
                   within) +
           percent;
  }
  if (figures.now.pods > 0 && IsTooLarge(figures.removed_pods(), figures.pods, limits)) {
    return "stops " +
           ShareOf(figures.now.pods, figures.pods, "running pods", figures.earlier.pods, within) +
           percent;
  }
  return "";
}

// Why the removals are too many, each limit with its figures; empty when they are not.
std::string WhyHeld(const ObjectChanges& changes, const Removals& removals, const Figures& figures,
                    const ClusterState& state, const Source& source, const BreakerLimits& limits) {
  if (EmptiesTree(changes, source)) {
    return "declares nothing, while " + std::to_string(changes.size()) +
           (changes.size() == 1 ? " object of this source is" : " objects of this source are") +
           " in force";
  }
  if (removals.empty()) return "";
  const std::string too_many = WhyTooMany(figures, limits);
  if (!too_many.empty()) return too_many;
  const std::vector<std::string> emptied = EmptiedNamespaces(removals, state, source);
  if (emptied.empty()) return "";
  std::string names;
  for (const std::string& name : emptied) names += (names.empty() ? "'" : ", '") + name + "'";
  return "removes all workloads of namespace " + names;
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

std::vector<std::string> RemovalMarks(const ObjectChanges& changes) {
  std::vector<std::string> marks;
  for (const auto& [key, removal] : RemovalsOf(changes)) marks.push_back(MarkOf(removal));
  return marks;
}

BreakerVerdict CheckBreaker(const ObjectChanges& changes, const ClusterState& state,
                            const Source& source, const std::string& commit,
                            const std::vector<std::string>& confirmations,
                            const BreakerLimits& limits, WallTime now) {
  Removals removals = RemovalsOf(changes);
  const bool some_new = NoteLetThrough(source.status.let_through, &removals);
  if (!some_new && !removals.empty()) return {};
  const Figures figures = FiguresOf(removals, state, source, limits, now);
  const std::string why = WhyHeld(changes, removals, figures, state, source, limits);
  if (why.empty()) return {.held = {}, .counted = figures.now};
  HeldPrune held;
  held.commit = commit;
  held.plan_hash = PlanHash(removals);
  if (IsConfirmed(held.plan_hash, source, confirmations)) return {};
  held.reason = "commit " + commit.substr(0, kPlanHashLength) + " " + why +
                ". Nothing of it is applied. If it is meant: `reconcile confirm " + held.plan_hash +
                "`, or a commit with the trailer `Reconcile-Confirm: prune=" + held.plan_hash + "`";
  held.objects = Listed(removals);
  held.object_count = static_cast<int32_t>(removals.size());
  return {.held = std::move(held), .counted = {}};
}

void RememberPrune(const RecentPrune& counted, const BreakerLimits& limits, WallTime now,
                   SourceStatus* status) {
  std::vector<RecentPrune>& prunes = status->recent_prunes;
  std::erase_if(prunes,
                [&](const RecentPrune& prune) { return !IsWithin(prune, limits.window_ms, now); });
  // A stamp from the future (a clock set back) counts no longer than one window.
  for (RecentPrune& prune : prunes) prune.at = std::min(prune.at.value_or(now), now);
  if (TookNothing(counted)) return;
  prunes.push_back(counted);
  prunes.back().at = now;
  while (prunes.size() > kMaxRecentPrunes) {
    AddPrune(prunes[0], &prunes[1]);
    prunes.erase(prunes.begin());
  }
}

}  // namespace reconcile
