#include <algorithm>
#include <tuple>

#include "base/ids.h"
#include "base/log.h"
#include "base/planted_bug.h"
#include "controller/core.h"
#include "controller/recovery.h"
#include "controller/source_status.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kAskAgainMs = 5'000;

std::string Joined(const std::vector<std::string>& words, size_t most) {
  std::string text;
  for (size_t i = 0; i < words.size() && i < most; ++i) text += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > most) text += " and " + std::to_string(words.size() - most) + " more";
  return text;
}

int64_t NewestPodMs(const ClusterState& state) {
  int64_t newest_ms = 0;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    newest_ms = std::max(newest_ms, pod->metadata.creation_timestamp.value_or(WallTime()).ms);
  });
  return newest_ms;
}

const Condition* ReadyOf(const Source& source) {
  return FindCondition(source.status.conditions, "Ready");
}

}  // namespace

// What this model counts from now on was counted otherwise by those who went on from where it was
// saved: names and uids begin elsewhere.
void Controller::Core::BeginLineage(const ClusterState& state, Cluster* cluster, WriteSet* writes) {
  cluster->lineage =
      Sha256Hex(std::to_string(random_->Next()) + "/" + std::to_string(random_->Next()))
          .substr(0, 16);
  // Later than all that the CA signed and all that the model has, also when the clock went back
  // since.
  cluster->lineage_began_ms = std::max({loop_->now().wall.ms, cluster->lineage_began_ms + 1,
                                        options_.lineage_after_ms + 1, NewestPodMs(state) + 1});
  const int64_t first = FirstIncarnation(*cluster);
  for (const Kind kind : {Kind::kReplicaSet, Kind::kReplicationController, Kind::kDeployment}) {
    for (const auto& [key, object] : state.Objects(kind)) {
      const std::shared_ptr<Object> counted = object->Clone();
      counted->metadata.incarnation = first;
      (*writes)[key] = counted;
    }
  }
  const bool something_runs =
      !options_.expected_nodes.empty() || !state.Objects(Kind::kNode).empty();
  // A cluster that is quite new counts from one.
  if (something_runs) {
    cluster->metadata.incarnation = first;
  }
  cluster->recovering = something_runs;
  cluster->missing_nodes.clear();
}

// At every start: after the CA was rotated, the newer one has to have signed.
Status Controller::Core::SignLineage(Cluster* cluster) const {
  if (!options_.sign_lineage) return OkStatus();
  const LineageClaim claim{cluster->cluster_id, cluster->lineage, cluster->lineage_began_ms};
  Result<std::string> proof = options_.sign_lineage(claim);
  if (!proof.ok()) return proof.status().WithContext("cannot sign the store's lineage");
  cluster->lineage_proof = std::move(proof).value();
  return OkStatus();
}

bool Controller::Core::IsRecovering() const {
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  return cluster != nullptr && cluster->recovering;
}

// What the other controller had sent may reach a host after it told what it runs. Once it follows
// this one it cannot go back, and one that says so again and again is not believed for ever.
bool Controller::Core::FollowedFurther(const Heard& heard, const Fence& theirs) {
  constexpr int kMostMerged = 10;
  if (heard.follows_us || heard.times_merged >= kMostMerged) return false;
  const Fence& merged = *heard.merged;
  return theirs.lineage == merged.lineage &&
         std::tie(theirs.epoch, theirs.revision) > std::tie(merged.epoch, merged.revision);
}

bool Controller::Core::NeedsInventory(const Heard& heard) const {
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  if (!heard.applied || cluster == nullptr) return false;
  // Who says that it follows an earlier lineage where there never was one is not believed: what an
  // inventory tells goes into the model (FAULTS 15).
  const bool is_first = cluster->metadata.incarnation < cluster->lineage_began_ms;
  const Fence& theirs = *heard.applied;
  if (heard.merged && !FollowedFurther(heard, theirs)) return false;
  return !is_first && theirs.cluster_id == cluster->cluster_id &&
         theirs.lineage != cluster->lineage && theirs.lineage_began_ms < cluster->lineage_began_ms;
}

bool Controller::Core::FollowsUs(const Heard& heard) const {
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  return heard.applied && cluster != nullptr && heard.applied->lineage == cluster->lineage;
}

bool Controller::Core::IsSuperseded(const Heard& heard) const {
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  if (!heard.applied || cluster == nullptr) return false;
  const Fence& theirs = *heard.applied;
  return theirs.cluster_id == cluster->cluster_id && theirs.lineage != cluster->lineage &&
         theirs.lineage_began_ms > cluster->lineage_began_ms;
}

void Controller::Core::AskInventory(const std::string& node, Heard* heard) {
  const MonoTime now = loop_->now().mono;
  if (!heard->connected || heard->inventory || !NeedsInventory(*heard)) return;
  if (heard->asked && now - heard->asked_at < kAskAgainMs) return;
  const Status asked = link_->AskInventory(node);
  if (!asked.ok())
    return LogDebug("inventory not asked", {{"node", node}, {"error", asked.message()}});
  heard->asked = true;
  heard->asked_at = now;
}

void Controller::Core::OnInventory(const Inventory& inventory) {
  Heard& heard = heard_[inventory.node];
  const auto cluster = store_->Snapshot()->Find<Cluster>("", "cluster");
  const bool ours = inventory.fence && cluster &&
                    inventory.fence->cluster_id == cluster->cluster_id &&
                    inventory.fence->lineage != cluster->lineage;
  if (!ours || !NeedsInventory(heard)) return;
  heard.inventory = inventory;
  LogInfo("learned what a node runs",
          {{"node", inventory.node}, {"pods", std::to_string(inventory.pods.size())}});
  RequestTurn();
}

std::vector<std::string> Controller::Core::Unheard() const {
  if (PlantedBug("plan-before-inventories")) return {};
  if (!IsRecovering() || loop_->now().mono >= started_at_ + options_.recovery_wait_ms) return {};
  return SilentNodes();
}

std::vector<std::string> Controller::Core::SilentNodes() const {
  std::set<std::string> nodes(options_.expected_nodes.begin(), options_.expected_nodes.end());
  const std::shared_ptr<const ClusterState> state = store_->Snapshot();
  for (const auto& [key, node] : state->Objects(Kind::kNode)) nodes.insert(key.name);
  for (const auto& [name, heard] : heard_) {
    if (heard.connected) nodes.insert(name);
  }
  std::erase_if(nodes, [&](const std::string& name) {
    if (IsRevokedNow(name)) return true;  // it is not let in
    const auto found = heard_.find(name);
    if (found == heard_.end()) return false;
    const Heard& heard = found->second;
    return heard.inventory || (heard.told ? !NeedsInventory(heard) : heard.merged.has_value());
  });
  return {nodes.begin(), nodes.end()};
}

void Controller::Core::MergeInventories(ClusterState* state, WriteSet* writes,
                                        std::vector<Reason>* reasons, Now now) {
  std::vector<const Inventory*> inventories;
  for (auto& [name, heard] : heard_) {
    if (!heard.inventory) continue;
    if (BeginsEmpty(name, *state)) {  // what it still runs was made elsewhere since
      for (const auto& pod : heard.inventory->pods) {
        AddTombstone(pod->metadata.uid, &heard.tombstones);
      }
      heard.to_tell = true;
    } else {
      inventories.push_back(&*heard.inventory);
    }
  }
  if (inventories.empty()) return;
  recovered_left_ = true;
  // What Git declares may be missing now that a host has said what it does not have.
  for (auto& [name, followed] : followed_) {
    followed.applied = false;
    followed.in_force_reached = false;
  }
  Learned learned = TakeInventories(inventories, state, writes, now);
  for (Reason& reason : learned.reasons) reasons->push_back(std::move(reason));
  for (const auto& [node, uids] : learned.surplus_uids) {
    Heard& heard = heard_[node];
    for (const std::string& uid : uids) AddTombstone(uid, &heard.tombstones);
    heard.to_tell = true;
  }
}

// What they told is durable.
void Controller::Core::NoteMerged(const ClusterState& state) {
  for (auto& [name, heard] : heard_) {
    if (!heard.inventory) continue;
    // What the same turn replaced was never in the model: nothing else tells that it may go.
    for (const auto& pod : heard.inventory->pods) {
      const ObjectPtr kept = state.Find(pod->key());
      if (kept != nullptr && kept->metadata.uid == pod->metadata.uid) continue;
      AddTombstone(pod->metadata.uid, &heard.tombstones);
      heard.to_tell = true;
    }
    heard.merged = heard.inventory->fence;
    ++heard.times_merged;
    heard.inventory.reset();
  }
}

// By its owner, or by the source that declares it.
bool Controller::Core::IsMadeAgain(const Pod& pod) const {
  if (ControllerOf(pod.metadata) != nullptr) return true;
  const auto followed = followed_.find(pod.metadata.origin.source);
  return followed != followed_.end() && !IsSuspendedNow(followed->second);
}

void Controller::Core::ForgetUnplaced(ClusterState* state, WriteSet* writes) const {
  if (SilentNodes().empty()) return;
  std::vector<ObjectKey> unplaced;
  state->ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->spec.node_name.empty() && IsMadeAgain(*pod)) unplaced.push_back(pod->key());
  });
  for (const ObjectKey& key : unplaced) DeleteBoth(key, state, writes);
}

bool Controller::Core::RecoveredSources(ClusterState* state, WriteSet* writes, SourceTurn* sources,
                                        Now now) {
  const ClusterState before = *state;
  const WriteSet written = *writes;
  ForgetUnplaced(state, writes);
  for (auto& [name, followed] : followed_) {
    const bool builds = followed.commit && !followed.desired;
    if (builds && followed.parsed.problems.errors.empty()) BuildFrom(&followed);
  }
  *sources = ChangesToApply(state, writes, now);
  std::vector<ObjectPtr> hindered;
  std::vector<std::string> why;
  for (const auto& [name, followed] : followed_) {
    const auto source = state->Find<Source>("", name);
    const Condition* ready = source ? ReadyOf(*source) : nullptr;
    if (followed.commit && ready != nullptr && ready->status == ConditionStatus::kTrue) continue;
    const bool suspended = IsSuspendedNow(followed);
    // What it declared is in the model already, when that was restored.
    if (suspended && source != nullptr && !source->status.applied_commit.empty()) continue;
    // It may lack what another one brings, a namespace say.
    const bool parsed = followed.commit && followed.parsed.problems.errors.empty();
    const bool lacks = parsed && !followed.desired && followed.fetch_error.empty();
    if (lacks && !sources->changing.empty()) continue;
    why.push_back("source " + name + " (" +
                  (suspended ? "suspended, so that nobody knows what it declared; `reconcile "
                               "resume` it, or take `suspend` out of its configuration"
                   : ready != nullptr && ready->status != ConditionStatus::kTrue
                       ? CutText(ready->message, kMaxConditionBytes)
                       : "not read yet") +
                  ")");
    if (source != nullptr) hindered.push_back(source);
  }
  recovery_hindered_ = Joined(why, 3);
  if (why.empty()) return true;
  *state = before;
  *writes = written;
  std::vector<Reason> reasons;
  for (const ObjectPtr& source : hindered) {
    const ObjectPtr known = state->Find(source->key());
    if (known == nullptr || As<Source>(known)->status != As<Source>(source)->status) {
      PutBoth(source, state, writes);
    }
    for (const Reason& reason : sources->reasons) {
      if (reason.key == source->key()) reasons.push_back(reason);
    }
  }
  *sources = SourceTurn();
  sources->reasons = std::move(reasons);
  return false;
}

void Controller::Core::EndRecovery(ClusterState* state, WriteSet* writes) const {
  const auto cluster = std::make_shared<Cluster>(*state->Find<Cluster>("", "cluster"));
  cluster->recovering = false;
  cluster->missing_nodes.clear();
  for (const std::string& name : options_.expected_nodes) {
    const auto heard = heard_.find(name);
    const bool told =
        heard != heard_.end() && heard->second.told && !WaitsForInventory(heard->second);
    if (!told && state->Find<Node>("", name) == nullptr) cluster->missing_nodes.push_back(name);
  }
  LogInfo("recovery is over", {{"missing", Joined(cluster->missing_nodes, 20)}});
  PutBoth(cluster, state, writes);
}

void Controller::Core::SettleRecovered(ClusterState* state, WriteSet* writes) {
  if (!recovered_left_) return;
  // What this turn brought in is offered to its owners first: nobody adopts what is a source's.
  for (const auto& [name, heard] : heard_) {
    if (heard.inventory) return;
  }
  std::set<std::string> sources;
  for (const auto& [name, followed] : followed_) {
    if (!followed.applied) return;
    sources.insert(name);
  }
  for (const std::string& heir : GiveRecovered(sources, state, writes)) {
    followed_.at(heir).applied = false;
    RequestTurn();
  }
}

// Nothing else may ask for the turn in which it settles: reports without news do not.
void Controller::Core::LookForRecovered() {
  if (!recovered_left_) return;
  recovered_left_ = HasRecovered(*store_->Snapshot());
  const bool all_applied = std::all_of(followed_.begin(), followed_.end(),
                                       [](const auto& item) { return item.second.applied; });
  if (recovered_left_ && all_applied && !followed_.empty()) RequestTurn();
}

std::vector<std::string> Controller::Core::RecoveryWork() const {
  if (!IsRecovering()) return {};
  const std::string what =
      "recovery: learning what hosts run, and nothing is changed until then; waits for ";
  const std::vector<std::string> unheard = Unheard();
  if (!unheard.empty()) {
    const int64_t left_ms = started_at_ + options_.recovery_wait_ms - loop_->now().mono;
    return {what + "node " + Joined(unheard, 10) + ", for at most " + FormatAge(left_ms) + " more"};
  }
  if (!recovery_hindered_.empty()) return {what + recovery_hindered_};
  return {what + "its next turn"};
}

}  // namespace reconcile
