#include "controller/commit_traces.h"

#include <algorithm>

#include "reconciler/health.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr int kMaxOwners = 8;  // above a pod

// The topmost owner of a pod, by references alone: the objects need not be looked through.
ObjectKey TopOwner(const Pod& pod, const ClusterState& state) {
  ObjectKey key = pod.key();
  const ObjectMeta* metadata = &pod.metadata;
  ObjectPtr held;
  for (int i = 0; i < kMaxOwners; ++i) {
    const OwnerReference* owner = ControllerOf(*metadata);
    if (owner == nullptr) break;
    const auto kind = std::find_if(kAllKinds.begin(), kAllKinds.end(),
                                   [&](Kind k) { return ToString(k) == owner->kind; });
    if (kind == kAllKinds.end()) break;
    held = state.Find({*kind, key.namespace_name, owner->name});
    if (held == nullptr || held->metadata.uid != owner->uid) break;
    key = held->key();
    metadata = &held->metadata;
  }
  return key;
}

bool HasPods(int64_t generation, const ReplicaSetStatus& status, int32_t wanted) {
  return status.observed_generation >= generation && status.replicas >= wanted;
}

// Whether all pods that the object is to have were made, as it is declared now.
bool IsRolledOut(const ObjectKey& key, const ClusterState& state) {
  const ObjectPtr object = state.Find(key);
  if (object == nullptr) return key.kind != Kind::kPod;  // a Pod may be about to be made anew
  if (const auto* deployment = As<Deployment>(*object)) {
    const DeploymentStatus& status = deployment->status;
    return status.observed_generation >= deployment->metadata.generation &&
           (deployment->spec.paused || status.updated_replicas >= deployment->spec.replicas);
  }
  if (const auto* set = As<ReplicaSet>(*object)) {
    return HasPods(set->metadata.generation, set->status, set->spec.replicas);
  }
  if (const auto* controller = As<ReplicationController>(*object)) {
    return HasPods(controller->metadata.generation, controller->status, controller->spec.replicas);
  }
  return key.kind != Kind::kPod || !object->metadata.deletion_timestamp;
}

// Pods that are ready without their agent's word, and those of which nothing more is to come. True
// when none is left to wait for.
bool AllRun(const ClusterState& state, MonoTime now, CommitTrace* trace) {
  bool all = true;
  for (auto at = trace->pods.begin(); at != trace->pods.end();) {
    TracedPod& traced = at->second;
    const auto pod = state.Find<Pod>(traced.namespace_name, traced.name);
    const bool gone = pod == nullptr || pod->metadata.uid != at->first ||
                      pod->metadata.deletion_timestamp || !IsActive(*pod);
    if (!traced.reported && gone) {
      at = trace->pods.erase(at);
      continue;
    }
    if (!traced.reported && IsReady(*pod)) traced.reported = now;
    all = all && traced.reported;
    ++at;
  }
  return all && std::all_of(trace->objects.begin(), trace->objects.end(),
                            [&](const ObjectKey& key) { return IsRolledOut(key, state); });
}

// Whether what the source declares is as it is to be. One thing that was not is looked at first: to
// look at everything takes its time.
bool IsHealthy(const std::string& source, const ClusterState& state,
               std::optional<ObjectKey>* unhealthy) {
  const auto is_unhealthy = [&](const ObjectPtr& object) {
    return object != nullptr && object->metadata.origin.source == source &&
           !WhyUnhealthy(*object, state).empty();
  };
  if (*unhealthy && is_unhealthy(state.Find(**unhealthy))) return false;
  for (const Kind kind :
       {Kind::kDeployment, Kind::kReplicaSet, Kind::kReplicationController, Kind::kPod}) {
    for (const auto& [key, object] : state.Objects(kind)) {
      if (!is_unhealthy(object)) continue;
      *unhealthy = key;
      return false;
    }
  }
  return true;
}

}  // namespace

void CommitTraces::Asked(const std::string& source, bool looking, MonoTime now) {
  OfSource& of = sources_[source];
  if (looking) {
    if (!of.asked_again) of.asked_again = now;
    return;
  }
  of.asked = of.asked_again.value_or(now);
  of.asked_again.reset();
}

void CommitTraces::Fetched(const std::string& source, const std::string& commit, bool in_force,
                           MonoTime now) {
  OfSource& of = sources_[source];
  if (of.newest && of.newest->commit == commit) return;
  of.newest.reset();
  if (in_force) return;
  of.newest.emplace();
  of.newest->commit = commit;
  of.newest->seen = of.asked;
  of.newest->fetched = now;
}

void CommitTraces::Parsed(const std::string& source, MonoTime now) {
  std::optional<CommitTrace>& newest = sources_[source].newest;
  if (newest && !newest->parsed) newest->parsed = now;
}

void CommitTraces::End(OfSource* of, bool ended) {
  if (!of->applying) return;
  of->ended.emplace_back(of->applying->commit, SummarizeTrace(*of->applying, ended));
  if (of->ended.size() > kMaxPerSource) of->ended.pop_front();
  of->applying.reset();
}

void CommitTraces::Stored(const std::string& source, const std::string& commit,
                          const ObjectChanges& changes, MonoTime planned, MonoTime now) {
  OfSource& of = sources_[source];
  if (!of.newest || of.newest->commit != commit) return;
  if (!of.newest->stored) {
    End(&of, false);
    of.newest->planned = planned;
    of.newest->stored = now;
    of.applying = of.newest;
  }
  if (!of.applying || of.applying->commit != commit) return;
  for (const ObjectChange& change : changes) {
    const bool made = change.type == ChangeType::kCreate || change.type == ChangeType::kChange;
    if (made && change.after->metadata.origin.source == source) {
      of.applying->objects.insert(change.key);
    } else if (change.type == ChangeType::kDelete &&
               change.before->metadata.origin.source == source) {
      of.applying->deleted.insert(change.key);
    }
  }
}

void CommitTraces::TakeWrites(const Transaction& transaction, const ClusterState& before,
                              const ClusterState& after, MonoTime now) {
  const bool any = std::any_of(sources_.begin(), sources_.end(),
                               [](const auto& entry) { return entry.second.applying.has_value(); });
  if (!any) return;
  for (const Write& write : transaction.writes) {
    if (write.key.kind != Kind::kPod) continue;
    const auto pod = As<Pod>(write.object);
    const auto old = As<Pod>(before.Find(write.key));
    const bool same = pod != nullptr && old != nullptr && old->metadata.uid == pod->metadata.uid;
    if (old != nullptr && !old->metadata.deletion_timestamp &&
        (!same || pod->metadata.deletion_timestamp)) {
      CountStopped(TopOwner(*old, before));
    }
    if (pod != nullptr && !same) AddPod(*pod, TopOwner(*pod, after), now);
  }
}

void CommitTraces::CountStopped(const ObjectKey& owner) {
  for (auto& [name, of] : sources_) {
    if (!of.applying) continue;
    const bool its = of.applying->objects.contains(owner) || of.applying->deleted.contains(owner);
    of.applying->pods_stopped += its ? 1 : 0;
  }
}

void CommitTraces::AddPod(const Pod& pod, const ObjectKey& owner, MonoTime now) {
  for (auto& [name, of] : sources_) {
    if (!of.applying || !of.applying->objects.contains(owner)) continue;
    ++of.applying->pods_started;
    if (of.applying->pods.size() >= kMaxTracedPods) continue;
    TracedPod traced;
    traced.namespace_name = pod.metadata.namespace_name;
    traced.name = pod.metadata.name;
    traced.due = now;
    of.applying->pods.emplace(pod.metadata.uid, std::move(traced));
  }
}

void CommitTraces::Assigned(const Assignment& assignment, MonoTime now) {
  for (auto& [name, of] : sources_) {
    if (!of.applying) continue;
    for (const auto& pod : assignment.pods) {
      const auto traced = of.applying->pods.find(pod->metadata.uid);
      if (traced == of.applying->pods.end() || traced->second.assigned) continue;
      traced->second.assigned = now;
      traced->second.node = assignment.node;
    }
  }
}

void CommitTraces::Heard(const Report& report, MonoTime now) {
  for (const PodStart& start : report.starts) {
    for (auto& [name, of] : sources_) {
      if (!of.applying) continue;
      const auto traced = of.applying->pods.find(start.pod_uid);
      if (traced == of.applying->pods.end() || traced->second.reported) continue;
      traced->second.times = start.times;
      traced->second.reported = now;
    }
  }
}

std::vector<CommitTraces::Ended> CommitTraces::Settle(const ClusterState& state, MonoTime now) {
  std::vector<Ended> ended;
  for (auto& [name, of] : sources_) {
    if (!of.applying) continue;
    const auto source = state.Find<Source>("", name);
    const bool waits = source != nullptr && source->status.applying_commit == of.applying->commit;
    if (waits || !AllRun(state, now, &*of.applying)) continue;
    const MonoTime seen = of.applying->seen;
    const bool starts_none = of.applying->pods_started == 0;
    const bool waited = of.applying->waits_for.has_value();
    if (starts_none && !IsHealthy(name, state, &of.applying->waits_for)) continue;
    End(&of, true);
    const TraceSummary& summary = of.ended.back().second;
    ended.push_back({name, of.ended.back().first, summary, waited ? now - seen : summary.total_ms});
  }
  return ended;
}

bool CommitTraces::IsOnItsWay(const std::string& source, const std::string& commit) const {
  const auto found = sources_.find(source);
  return found != sources_.end() && found->second.applying &&
         found->second.applying->commit == commit;
}

std::optional<TraceSummary> CommitTraces::Find(const std::string& source,
                                               const std::string& commit) const {
  const auto found = sources_.find(source);
  if (found == sources_.end()) return std::nullopt;
  const OfSource& of = found->second;
  if (of.applying && of.applying->commit == commit) return SummarizeTrace(*of.applying, false);
  for (auto at = of.ended.rbegin(); at != of.ended.rend(); ++at) {
    if (at->first == commit) return at->second;
  }
  if (of.newest && of.newest->commit == commit) return SummarizeTrace(*of.newest, false);
  return std::nullopt;
}

}  // namespace reconcile
