#include "reconciler/waves.h"

#include <algorithm>
#include <array>

#include "reconciler/changes.h"
#include "reconciler/declared.h"
#include "reconciler/health.h"
#include "schema/core.h"
#include "schema/sync_wave.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

using Changes = std::vector<const ObjectChange*>;
using ByWave = std::map<int32_t, Changes>;

// What becomes of a Node or a built-in Namespace that Git declares no more is a change too.
bool TakesAway(const ObjectChange& change) {
  if (change.after == nullptr) return true;
  return change.before != nullptr && change.after->metadata.origin.source.empty();
}

const Object* SubjectOf(const ObjectChange& change) {
  return TakesAway(change) ? change.before.get() : change.after.get();
}

constexpr Kind kServicePhase[] = {Kind::kService,      Kind::kEndpoints, Kind::kEndpointSlice,
                                  Kind::kIngressClass, Kind::kIngress,   Kind::kNetworkPolicy};
constexpr Kind kWorkloadPhase[] = {Kind::kPod,         Kind::kReplicationController,
                                   Kind::kReplicaSet,  Kind::kDeployment,
                                   Kind::kStatefulSet, Kind::kDaemonSet,
                                   Kind::kJob,         Kind::kCronJob};
constexpr Kind kWatchingPhase[] = {Kind::kHorizontalPodAutoscaler, Kind::kPodDisruptionBudget};

template <size_t kCount>
bool Contains(const Kind (&kinds)[kCount], Kind kind) {
  return std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
}

int FindPhase(Kind kind) {
  if (kind == Kind::kNamespace) return 0;
  if (!InfoOf(kind).namespaced && kind != Kind::kIngressClass) return 1;
  if (Contains(kServicePhase, kind)) return 3;
  if (Contains(kWorkloadPhase, kind)) return 4;
  return Contains(kWatchingPhase, kind) ? 5 : 2;
}

int PhaseOf(Kind kind) {
  static const std::array<int, kKindCount> phases = [] {
    std::array<int, kKindCount> found{};
    for (const Kind each : kAllKinds) found[static_cast<size_t>(each)] = FindPhase(each);
    return found;
  }();
  return phases[static_cast<size_t>(kind)];
}

// Whether the model is not yet as the change wants it.
bool IsDue(const Turn& turn, const ObjectChange& change) {
  const ObjectPtr current = turn.state().Find(change.key);
  if (change.after == nullptr) {
    return current != nullptr && current->metadata.uid == change.before->metadata.uid &&
           !current->metadata.deletion_timestamp;
  }
  if (current == nullptr || current->metadata.deletion_timestamp) return true;
  // What stays without being declared, a Node or a built-in Namespace, is let go all the same.
  const std::string& owner = change.after->metadata.origin.source;
  const bool is_let_go = owner.empty() && !current->metadata.origin.source.empty();
  return is_let_go || !DeclaredDiff(*current, *change.after).empty();
}

std::string OfWave(const ObjectKey& key, int32_t wave) {
  return ToString(key) + " of wave " + std::to_string(wave);
}

// Why what comes after this wave has to wait: "Deployment shop/db of wave 1: 0 of 1 pods are
// ready".
std::string WhyWaveIsUnfinished(const ClusterState& state, int32_t wave, const Changes& declared) {
  std::string why;
  int more = 0;
  for (const ObjectChange* change : declared) {
    const ObjectPtr object = state.Find(change->key);
    const std::string unfinished =
        object == nullptr ? "not there yet" : WhyUnfinished(*object, state);
    if (unfinished.empty()) continue;
    if (why.empty()) {
      why = OfWave(change->key, wave) + ": " + unfinished;
    } else {
      ++more;
    }
  }
  return more == 0 ? why : why + " (and " + std::to_string(more) + " more)";
}

template <typename T>
void CountPods(const Turn& turn, const T& owner, int64_t* count) {
  for (const auto& pod : turn.OwnedBy<Pod>(owner.metadata.uid)) {
    *count += IsActive(*pod) || pod->metadata.deletion_timestamp ? 1 : 0;
  }
}

// Pods of a workload that run or are being stopped.
int64_t PodsOf(const Turn& turn, const Object& workload) {
  int64_t count = 0;
  CountPods(turn, workload, &count);
  for (const auto& set : turn.OwnedBy<ReplicaSet>(workload.metadata.uid)) {
    CountPods(turn, *set, &count);
  }
  return count;
}

void ScaleToZero(Turn* turn, const Object& workload) {
  const std::shared_ptr<Object> scaled = workload.Clone();
  if (workload.kind == Kind::kDeployment) {
    static_cast<Deployment*>(scaled.get())->spec.replicas = 0;
  } else if (workload.kind == Kind::kReplicaSet) {
    static_cast<ReplicaSet*>(scaled.get())->spec.replicas = 0;
  } else {
    static_cast<ReplicationController*>(scaled.get())->spec.replicas = 0;
  }
  ++scaled->metadata.generation;
  turn->Put(scaled);
  turn->Record(
      {.key = workload.key(),
       .reason = "Pruning",
       .message = "Source " + workload.metadata.origin.source +
                  " declares it no longer; its pods go first, as lower waves wait for them",
       .component = std::string(kSourceComponent)});
}

// Takes a workload away in two steps, so that it is there as long as its pods are: nothing else
// tells which wave they are of.
void Retire(Turn* turn, const ObjectChange& change) {
  const ObjectPtr current = turn->state().Find(change.key);
  const std::optional<int32_t> replicas = DeclaredReplicas(*current);
  if (replicas && *replicas > 0) {
    ScaleToZero(turn, *current);
  } else if (!replicas || PodsOf(*turn, *current) == 0) {
    PruneObject(turn, *change.before);
  }
}

void TakeAway(Turn* turn, const ObjectChange& change, bool is_last) {
  if (change.after != nullptr) {
    DeclareObject(turn, *change.after);
  } else if (is_last) {
    PruneObject(turn, *change.before);
  } else {
    Retire(turn, change);
  }
}

class Waves {
 public:
  Waves(Turn* turn, const Changes& changes) : turn_(turn), source_(SourceOf(*changes.front())) {
    for (const ObjectChange* change : changes) {
      (TakesAway(*change) ? removals_ : declared_)[WaveOf(*change)].push_back(change);
    }
  }

  // True while something is left to do. `*wait` is set when that waits for another wave.
  bool Apply(std::string* wait) {
    const bool left = Declare(wait);
    for (auto wave = removals_.begin(); wave != removals_.end();) {
      std::erase_if(wave->second, [&](const auto* change) { return !IsDue(*turn_, *change); });
      wave = wave->second.empty() ? removals_.erase(wave) : std::next(wave);
    }
    if (removals_.empty()) return left;
    if (!wait->empty()) return true;
    if (!unfinished_.empty()) {
      *wait = "pruning waits for " + unfinished_;
      return true;
    }
    return Prune(wait) || left;
  }

 private:
  bool Declare(std::string* wait) {
    bool left = false;
    for (const auto& [wave, changes] : declared_) {
      if (unfinished_.empty()) {
        for (const ObjectChange* change : changes) left |= DeclareObject(turn_, *change->after);
        unfinished_ = WhyWaveIsUnfinished(turn_->state(), wave, changes);
        continue;
      }
      for (const ObjectChange* change : changes) {
        if (!IsDue(*turn_, *change)) {
          DeclareObject(turn_, *change->after);  // it may stand elsewhere in its file
          continue;
        }
        left = true;
        if (wait->empty()) *wait = "wave " + std::to_string(wave) + " waits for " + unfinished_;
      }
    }
    return left;
  }

  bool Prune(std::string* wait) {
    const int32_t last = removals_.begin()->first;
    for (auto wave = removals_.rbegin(); wave != removals_.rend(); ++wave) {
      const std::string going = WhatGoesAbove(wave->first);
      if (!going.empty()) {
        *wait = "pruning of wave " + std::to_string(wave->first) + " waits for " + going;
        return true;
      }
      for (const ObjectChange* change : wave->second) {
        TakeAway(turn_, *change, wave->first == last);
      }
    }
    return false;
  }

  // The first object of a higher wave that is being taken away and not gone.
  std::string WhatGoesAbove(int32_t wave) const {
    for (auto above = removals_.upper_bound(wave); above != removals_.end(); ++above) {
      for (const ObjectChange* change : above->second) {
        if (change->after != nullptr || !IsDue(*turn_, *change)) continue;
        const int64_t pods = PodsOf(*turn_, *turn_->state().Find(change->key));
        return OfWave(change->key, above->first) + ": " + std::to_string(pods) +
               (pods == 1 ? " pod of it is" : " pods of it are") + " still there";
      }
    }
    for (const Kind kind : {Kind::kNamespace, Kind::kPod}) {  // those that take time to go
      for (const auto& [key, object] : turn_->state().Objects(kind)) {
        const ObjectMeta& metadata = object->metadata;
        if (!metadata.deletion_timestamp || metadata.origin.source != source_) continue;
        const int32_t above = reconcile::WaveOf(metadata);
        if (above > wave) return OfWave(key, above) + ": " + WhyUnhealthy(*object, turn_->state());
      }
    }
    return "";
  }

  Turn* turn_;
  const std::string source_;
  ByWave declared_;
  ByWave removals_;
  std::string unfinished_;  // why the lowest wave that is not finished is not
};

}  // namespace

bool ComesBefore(const ObjectChange& a, const ObjectChange& b) {
  const bool a_goes = a.after == nullptr;
  const bool b_goes = b.after == nullptr;
  if (a_goes != b_goes) return b_goes;
  const int phase_a = PhaseOf(a.key.kind);
  const int phase_b = PhaseOf(b.key.kind);
  if (phase_a != phase_b) return a_goes ? phase_a > phase_b : phase_a < phase_b;
  return a.key < b.key;
}

int32_t WaveOf(const ObjectChange& change) { return WaveOf(SubjectOf(change)->metadata); }

const std::string& SourceOf(const ObjectChange& change) {
  return SubjectOf(change)->metadata.origin.source;
}

std::map<std::string, Changes> InWaves(const ObjectChanges& changes) {
  std::map<std::string, Changes> sources;
  for (const ObjectChange& change : changes) {
    if (WaveOf(change) != 0) sources[SourceOf(change)];
  }
  if (sources.empty()) return sources;
  for (const ObjectChange& change : changes) {
    const auto found = sources.find(SourceOf(change));
    if (found != sources.end()) found->second.push_back(&change);
  }
  return sources;
}

bool ApplyInWaves(Turn* turn, const Changes& changes, std::vector<WaveWait>* waits) {
  std::string wait;
  const bool left = Waves(turn, changes).Apply(&wait);
  if (!wait.empty()) waits->push_back({SourceOf(*changes.front()), std::move(wait)});
  return left;
}

}  // namespace reconcile
