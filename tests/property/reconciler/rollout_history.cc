#include "tests/property/reconciler/rollout_history.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "reconciler/eviction.h"
#include "reconciler/health.h"
#include "reconciler/pod_control.h"
#include "reconciler/rollback_on_deadline.h"
#include "schema/codec.h"
#include "schema/kept.h"

namespace reconcile {
namespace {

constexpr char kBroken[] = "img:broken";  // starts, and never is ready
constexpr int kMaxRecoveryTurns = 90;
constexpr int64_t kRecoveryStepMs = 60'000;
constexpr int kIdleTurns = 12;  // longer than any progress deadline here

ObjectPtr Reloaded(const Object& object) {
  Result<ObjectPtr> loaded = DecodeStored(EncodeObjectJson(object, EncodeFor::kStore));
  return loaded.ok() ? *loaded : nullptr;
}

std::shared_ptr<PodDisruptionBudget> MakeBudget(Generator* generator) {
  const auto budget = std::make_shared<PodDisruptionBudget>();
  budget->metadata.name = "web";
  budget->metadata.namespace_name = "default";
  budget->metadata.origin = {.file = "web.yaml", .line = 1};
  Value spec = Value::MakeMap();
  spec.Set(generator->OneIn(2) ? "minAvailable" : "maxUnavailable",
           Value::Int(generator->Int(0, 3)));
  Value labels = Value::MakeMap();
  labels.Set("app", Value::String("web"));
  Value selector = Value::MakeMap();
  selector.Set("matchLabels", std::move(labels));
  spec.Set("selector", std::move(selector));
  budget->others.Set("spec", std::move(spec));
  return budget;
}

IntOrString AnyShare(Generator* generator) {
  if (generator->OneIn(2)) return IntOrString::Int(generator->Int(0, 3));
  return IntOrString::String(std::to_string(25 * generator->Int(0, 4)) + "%");
}

}  // namespace

RolloutHistory::RolloutHistory(uint64_t seed) : generator_(seed) {
  const int hosts = generator_.Int(2, 5);
  for (int i = 1; i <= hosts; ++i) {
    hosts_.push_back("host-" + std::to_string(i));
    world_.AddNode(hosts_.back(), std::to_string(generator_.Int(2, 16)), "64Gi");
  }
  deployment_ = MakeDeployment("web", generator_.Int(0, 8), "img:1");
  deployment_->spec.strategy.rolling_update = {.max_surge = AnyShare(&generator_),
                                               .max_unavailable = AnyShare(&generator_)};
  deployment_->spec.min_ready_seconds = generator_.OneIn(2) ? generator_.Int(1, 60) : 0;
  deployment_->spec.progress_deadline_seconds = generator_.Int(61, 600);
  deployment_->spec.revision_history_limit = generator_.Int(0, 3);
  const std::string cpu = std::to_string(100 * generator_.Int(1, 20)) + "m";
  if (generator_.OneIn(2)) Request(&deployment_->spec.pod_template.spec, cpu, "64Mi");
  if (generator_.OneIn(3)) {
    deployment_->metadata.annotations[std::string(kRollbackOnDeadline)] = "true";
  }
  Declare();
  if (generator_.OneIn(3)) commit_.push_back(MakeBudget(&generator_));
}

void RolloutHistory::Declare() {
  std::erase_if(commit_, [](const ObjectPtr& object) { return object->kind == Kind::kDeployment; });
  commit_.push_back(deployment_);
}

void RolloutHistory::EditDeployment() {
  deployment_ = std::make_shared<Deployment>(*deployment_);
  DeploymentSpec& spec = deployment_->spec;
  Container& container = spec.pod_template.spec.containers.Edit()[0];
  switch (generator_.Int(1, 10)) {
    case 1:
    case 2:
    case 3:
    case 4:
      container.image = "img:" + std::to_string(generator_.Int(1, 4));
      ++counts["commit"];
      break;
    case 5:
      container.image = kBroken;
      ++counts["broken image"];
      break;
    case 6:
      Request(&spec.pod_template.spec,
              generator_.OneIn(3) ? "100" : std::to_string(100 * generator_.Int(1, 20)) + "m", "");
      ++counts["other requests"];
      break;
    case 7:
    case 8:
      spec.replicas = generator_.Int(0, 9);
      ++counts["scaled"];
      break;
    case 9:
      spec.paused = !spec.paused;
      ++counts["paused or resumed"];
      break;
    default:
      spec.strategy.rolling_update = {.max_surge = AnyShare(&generator_),
                                      .max_unavailable = AnyShare(&generator_)};
      ++counts["other strategy"];
  }
  Declare();
}

bool RolloutHistory::IsSilentHost(const std::string& name) const {
  const auto node = world_.state.Find<Node>("", name);
  return node != nullptr && IsSilent(*node);
}

bool RolloutHistory::NeverReady(const Pod& pod) const {
  return pod.spec.containers[0].image == kBroken;
}

void RolloutHistory::SetSilent(const std::string& name, bool silent) {
  world_.SetSilent(name, silent);
  ++counts[silent ? "host lost" : "host returned"];
  if (!silent) return;
  for (const auto& pod : world_.Pods()) {
    if (pod->spec.node_name == name && IsReady(*pod)) world_.SetReady(*pod, false);
  }
}

void RolloutHistory::Drain(const std::string& name) {
  world_.Edit<Node>("", name, [&](Node* node) {
    node->status.cordon.emplace();
    node->status.drain.emplace();
    if (generator_.OneIn(2)) node->status.drain->until = WallTime{world_.now.wall.ms + 30'000};
  });
  ++counts["drain"];
}

void RolloutHistory::TroubleHost(const std::string& name) {
  const auto node = world_.state.Find<Node>("", name);
  if (IsSilent(*node)) {
    if (generator_.OneIn(6)) SetSilent(name, false);
  } else if (generator_.OneIn(25)) {
    SetSilent(name, true);
  }
  if (node->status.cordon) {
    if (!generator_.OneIn(6)) return;
    world_.Edit<Node>("", name, [](Node* edited) {
      edited->status.cordon.reset();
      edited->status.drain.reset();
    });
  } else if (generator_.OneIn(50)) {
    world_.Edit<Node>("", name, [](Node* edited) { edited->status.cordon.emplace(); });
    ++counts["cordon"];
  } else if (generator_.OneIn(50)) {
    Drain(name);
  }
}

// Pods start, become ready or not, and stop, on the hosts that are heard.
void RolloutHistory::HostsAct(bool obedient) {
  for (const auto& pod : world_.Pods()) {
    if (pod->spec.node_name.empty() || IsSilentHost(pod->spec.node_name)) continue;
    if (pod->metadata.deletion_timestamp) {
      if (obedient || generator_.OneIn(2)) world_.state.Delete(pod->key());
    } else if (NeverReady(*pod)) {
      if (pod->status.phase == PodPhase::kPending) world_.SetReady(*pod, false);
    } else if (!IsReady(*pod)) {
      if (obedient || generator_.OneIn(2)) world_.SetReady(*pod, true);
    } else if (!obedient && generator_.OneIn(30)) {
      world_.SetReady(*pod, false);
      ++counts["probe failed"];
    }
  }
}

void RolloutHistory::SomethingHappens() {
  if (generator_.OneIn(4)) EditDeployment();
  for (const std::string& host : hosts_) TroubleHost(host);
  HostsAct(false);
  world_.Advance(generator_.OneIn(10) ? generator_.Int(0, 400'000) : generator_.Int(0, 20'000));
}

void RolloutHistory::Step() {
  SomethingHappens();
  TakeTurn(!generator_.OneIn(6));
}

ClusterState RolloutHistory::Loaded() const {
  ClusterState loaded;
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : world_.state.Objects(kind)) loaded.Put(object);
  }
  return loaded;
}

bool RolloutHistory::TakeTurn(bool stored) {
  const View before = Look(world_.state);
  const ObjectChanges changes = world_.ChangesFor(commit_);
  const Plan plan = Reconcile(world_.state, changes, world_.now, &settled_);
  const ClusterState loaded = Loaded();
  const Plan anew = Reconcile(loaded, changes, world_.now);
  if (WritesText(plan) != WritesText(anew)) {
    Violation("a controller that starts here would do otherwise: it would write\n" +
              WritesText(anew) + "instead of\n" + WritesText(plan));
  }
  Check(before, plan, Apply(world_.state, plan.transaction));
  ++counts[stored ? "turn" : "turn that was not stored"];
  if (stored) Store(plan);
  return !plan.transaction.empty();
}

// What was written is read again: what is not in the stored form is lost.
void RolloutHistory::Store(const Plan& plan) {
  for (const Write& write : plan.transaction.writes) {
    if (write.object == nullptr) {
      world_.state.Delete(write.key);
      continue;
    }
    const ObjectPtr reloaded = Reloaded(*write.object);
    if (reloaded == nullptr)
      return Violation("what was stored of " + ToString(write.key) + " cannot be read");
    world_.state.Put(reloaded);
  }
}

RolloutHistory::View RolloutHistory::Look(const ClusterState& state) const {
  View view;
  const auto deployment = state.Find<Deployment>("default", "web");
  if (deployment == nullptr) return view;
  state.ForEach<ReplicaSet>([&](const std::shared_ptr<const ReplicaSet>& set) {
    view.declared += set->spec.replicas;
    if (set->spec.replicas == 0) return;
    const std::string& most = set->metadata.annotations.at(kMaxAnnotation);
    view.active_sets.push_back({.uid = set->metadata.uid,
                                .name = set->metadata.name,
                                .created = set->metadata.creation_timestamp,
                                .replicas = set->spec.replicas,
                                .most_then = std::stoi(most)});
    const auto desired = set->metadata.annotations.find(kDesiredAnnotation);
    const bool known = desired != set->metadata.annotations.end() &&
                       desired->second == std::to_string(deployment_->spec.replicas);
    if (!known) view.is_scaling = true;
  });
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    const OwnerReference* owner = ControllerOf(pod->metadata);
    if (!IsActive(*pod) || owner == nullptr) return;
    ++view.active;
    int64_t remaining_ms = 0;
    if (IsAvailable(*pod, deployment->spec.min_ready_seconds, world_.now.wall, &remaining_ms)) {
      ++view.available;
      view.set_of_available[ToString(pod->key())] = owner->uid;
    } else if (remaining_ms > 0) {
      view.set_of_nearly[ToString(pod->key())] = owner->uid;
    }
  });
  return view;
}

void RolloutHistory::Check(const View& before, const Plan& plan, const ClusterState& after_state) {
  const View after = Look(after_state);
  const Fenceposts posts = FencepostsOf(*deployment_);
  const int32_t most = std::max(deployment_->spec.replicas + posts.surge, before.declared);
  if (after.declared > most) {
    Violation("the sets have " + std::to_string(after.declared) + " replicas, more than " +
              std::to_string(most));
  }
  if (after.active > after.declared) {
    Violation(std::to_string(after.active) + " pods are there that do not go, more than the " +
              std::to_string(after.declared) + " that the sets have");
  }
  CheckAvailable(before, plan, after_state, after);
}

// What each set has after scaling in mid-rollout: its share of replicas and surge of now, measured
// by those of its last scaling, and no more change than there is to give; the largest has the rest
// (SEMANTICS 2.7). A set may shrink even when all of them together grow: a rollout that has not
// used its surge has sets that are small by it.
std::map<std::string, int32_t> RolloutHistory::SharesOf(const View& before) const {
  const int32_t replicas = deployment_->spec.replicas;
  const int32_t most = replicas > 0 ? replicas + FencepostsOf(*deployment_).surge : 0;
  const int32_t change = most - before.declared;
  std::vector<ActiveSet> sets = before.active_sets;
  std::sort(sets.begin(), sets.end(), [&](const ActiveSet& a, const ActiveSet& b) {
    if (a.replicas != b.replicas) return a.replicas > b.replicas;
    const ActiveSet& first = change > 0 ? b : a;
    const ActiveSet& second = change > 0 ? a : b;
    return std::tie(first.created, first.name) < std::tie(second.created, second.name);
  });
  std::map<std::string, int32_t> shares;
  int32_t rest = change;
  for (const ActiveSet& set : sets) {
    const double scaled = static_cast<double>(set.replicas) * most / set.most_then;
    const int32_t wanted = static_cast<int32_t>(std::lround(scaled)) - set.replicas;
    int32_t given = change > 0 ? std::min(wanted, rest) : std::max(wanted, rest);
    if (rest == 0) given = 0;
    shares[set.uid] = set.replicas + given;
    rest -= given;
  }
  int32_t& largest = shares[sets.front().uid];
  largest = std::max(0, largest + rest);
  return shares;
}

// How many available pods may go because people scale in mid-rollout, or edit the surge of one that
// is paused: each set has its share then, and whether its pods are available does not count
// (SEMANTICS 2.7, 2.8; as in Kubernetes). Pods that are Ready may all be left in their place.
int RolloutHistory::TakenByShares(const View& before, const std::set<std::string>& evicted) const {
  const bool shares_out = before.is_scaling || deployment_->spec.paused;
  if (!shares_out || before.active_sets.size() < 2) return 0;
  const auto count = [&](const std::map<std::string, std::string>& pods, const std::string& set) {
    return static_cast<int>(std::count_if(pods.begin(), pods.end(), [&](const auto& pod) {
      return pod.second == set && evicted.count(pod.first) == 0;
    }));
  };
  int taken = 0;
  for (const auto& [set, share] : SharesOf(before)) {
    const int left = std::max(0, share - count(before.set_of_nearly, set));
    taken += std::max(0, count(before.set_of_available, set) - left);
  }
  return taken;
}

// Pods that taints and drains take away are not the rollout's, nor are those that scaling takes. Of
// the others none that is available goes when the Deployment then has less than it promises. Of
// pods that are Ready one that is not yet available may be left in the place of one that is
// (SEMANTICS 3.2 does not look at minReadySeconds).
void RolloutHistory::CheckAvailable(const View& before, const Plan& plan,
                                    const ClusterState& after_state, const View& after) {
  std::set<std::string> evicted;
  int gone = 0;
  for (const Reason& reason : plan.reasons) {
    const bool drives_away = reason.reason == "TaintManagerEviction" || reason.reason == "Evicted";
    if (!drives_away || !evicted.insert(ToString(reason.key)).second) continue;
    gone += before.set_of_available.count(ToString(reason.key)) > 0 ? 1 : 0;
  }
  for (const Reason& reason : plan.reasons) {
    if (reason.reason == "DeploymentRollback") ++counts["rolled back"];
  }
  counts["evicted while available"] += gone;
  std::set<std::string> robbed;
  for (const auto& [key, set] : before.set_of_available) {
    if (after.set_of_available.count(key) == 0) robbed.insert(set);
  }
  int spared = 0;
  for (const auto& [key, set] : after.set_of_nearly) spared += robbed.count(set) > 0 ? 1 : 0;
  const Fenceposts posts = FencepostsOf(*deployment_);
  const int minimum = deployment_->spec.replicas - posts.unavailable;
  gone += TakenByShares(before, evicted);
  const int least = std::min(before.available - gone, minimum);
  if (after.available + spared >= least) return;
  std::string text = "of " + std::to_string(before.available) + " available pods " +
                     std::to_string(after.available) + " are left, at least " +
                     std::to_string(least) + " of " + std::to_string(deployment_->spec.replicas) +
                     " were promised:";
  after_state.ForEach<ReplicaSet>([&](const auto& set) {
    text += " " + set->metadata.name + " " + std::to_string(set->spec.replicas) + "/" +
            std::to_string(set->status.available_replicas);
  });
  for (const Reason& reason : plan.reasons) text += "\n  " + reason.reason + " " + reason.message;
  Violation(text);
}

void RolloutHistory::Recover() {
  const std::string gone = hosts_.size() > 2 && generator_.OneIn(3) ? hosts_[0] : "";
  for (const std::string& host : hosts_) {
    world_.Edit<Node>("", host, [](Node* node) {
      node->status.cordon.reset();
      node->status.drain.reset();
    });
    if (IsSilentHost(host) != (host == gone)) SetSilent(host, host == gone);
  }
  if (deployment_->spec.paused && !generator_.OneIn(4)) {
    deployment_ = std::make_shared<Deployment>(*deployment_);
    deployment_->spec.paused = false;
    Declare();
  }
  int idle = 0;
  for (int turn = 0; turn < kMaxRecoveryTurns && idle < kIdleTurns; ++turn) {
    idle = TakeTurn(true) ? 0 : idle + 1;
    HostsAct(true);
    world_.Advance(kRecoveryStepMs);
  }
  TakeTurn(true);
  const Plan again = Reconcile(world_.state, world_.ChangesFor(commit_), world_.now);
  if (!again.transaction.empty()) {
    Violation("nothing happens any more, and yet it writes\n" + WritesText(again));
  }
}

bool RolloutHistory::IsComplete() const {
  const auto deployment = world_.state.Find<Deployment>("default", "web");
  const int32_t replicas = deployment_->spec.replicas;
  int32_t newest = 0;
  for (const auto& pod : world_.ActivePods()) {
    const PodSpec& spec = deployment_->spec.pod_template.spec;
    const bool is_newest = pod->spec.containers[0].image == spec.containers[0].image &&
                           pod->spec.containers[0].resources == spec.containers[0].resources;
    if (!is_newest || !IsReady(*pod)) return false;
    ++newest;
  }
  return newest == replicas && deployment->status.available_replicas == replicas;
}

std::string RolloutHistory::WhyUnreported() const {
  const auto deployment = world_.state.Find<Deployment>("default", "web");
  const Condition* progressing = FindCondition(deployment->status.conditions, "Progressing");
  const std::string reason = progressing == nullptr ? "none" : progressing->reason;
  const std::string told = WhyUnhealthy(*deployment, world_.state);
  if (IsComplete()) {
    // Without replicas one that is held at another template has no pod that shows it.
    const bool held = deployment_->spec.replicas == 0 && !WhyRolledBack(*deployment).empty();
    if (held) return "";
    if (!told.empty()) return "it is complete, and counts as unhealthy: " + told;
    const bool says_so = reason == "NewReplicaSetAvailable" || deployment->spec.paused;
    return says_so ? "" : "it is complete, and Progressing has the reason " + reason;
  }
  if (deployment->spec.paused) {
    return reason == "DeploymentPaused" || reason == "ProgressDeadlineExceeded"
               ? ""
               : "it is paused, and Progressing has the reason " + reason;
  }
  if (told.empty()) return "it is not complete, and counts as healthy";
  // Once complete, pods that are missing later start no clock, as in Kubernetes.
  if (reason != "ProgressDeadlineExceeded" && reason != "NewReplicaSetAvailable") {
    return "it is not complete, and Progressing has the reason " + reason;
  }
  bool has_cause =
      !WhyRolledBack(*deployment).empty() ||
      NeverReady(*MakePod("web", deployment_->spec.pod_template.spec.containers[0].image));
  for (const auto& pod : world_.ActivePods()) {
    if (!pod->spec.node_name.empty()) continue;
    const Condition* scheduled = FindCondition(pod->status.conditions, "PodScheduled");
    const bool says = scheduled != nullptr && scheduled->status == ConditionStatus::kFalse &&
                      scheduled->message.find("nodes are available") != std::string::npos;
    if (!says) return "pod " + pod->metadata.name + " has no host and does not say why";
    has_cause = true;
  }
  return has_cause ? "" : "it is not complete, and nothing is in its way: " + told;
}

}  // namespace reconcile
