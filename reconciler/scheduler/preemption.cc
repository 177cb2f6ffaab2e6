#include "reconciler/scheduler/preemption.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

#include "reconciler/disruption.h"
#include "reconciler/scheduler/filters.h"
#include "reconciler/scheduler/priority.h"
#include "reconciler/scheduler/scheduler.h"
#include "reconciler/scheduler/usage_cache.h"

namespace reconcile {
namespace {

using PodPtr = std::shared_ptr<const Pod>;

constexpr size_t kMaxCandidates = 100;  // nodes that are compared for one pod
constexpr int kMaxTrials = 200;         // of rules about other pods, in one call

// What has not started has run for the least time. Source: kube-scheduler's GetPodStartTime.
int64_t StartOf(const Pod& pod) {
  return pod.status.start_time ? pod.status.start_time->ms : INT64_MAX;
}

// A node as a pod finds it that may push others out.
struct Room {
  NodeUsage kept;             // without those of lower priority and those that are going
  std::vector<PodPtr> lower;  // of lower priority, not going
  std::vector<PodPtr> going;
};

class Preemptor {
 public:
  explicit Preemptor(const ClusterState& state)
      : state_(state), priorities_(state), decided_(state) {}

  std::vector<Preemption> Take(const std::vector<PodPtr>& unplaced) {
    std::vector<std::pair<int64_t, PodPtr>> ordered;
    for (const PodPtr& pod : unplaced) ordered.emplace_back(priorities_.Of(pod->spec), pod);
    std::stable_sort(ordered.begin(), ordered.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Preemption> all;
    std::set<std::string> hopeless;
    for (const auto& [priority, pod] : ordered) {
      const OwnerReference* owner = ControllerOf(pod->metadata);
      const std::string kind = owner == nullptr ? "" : owner->uid;
      if (!kind.empty() && hopeless.contains(kind)) continue;  // its siblings ask for the same
      std::optional<Preemption> found = For(pod, priority);
      if (!found) {
        hopeless.insert(kind);
        continue;
      }
      for (const PodPtr& victim : found->victims) Lose(*victim);
      Reserve(*pod, found->node);
      all.push_back(std::move(*found));
    }
    return all;
  }

 private:
  struct Candidate {
    std::string node;
    std::vector<PodPtr> victims;
    std::tuple<int64_t, int64_t, int64_t, size_t, int64_t> cost;  // the least is chosen
  };

  void Lose(const Pod& victim) {
    gone_.insert(victim.key());
    for (const auto& budget : BudgetsOf(victim, state_)) --AllowedBy(*budget);
  }

  void Reserve(const Pod& pod, const std::string& node) {
    const auto bound = std::make_shared<Pod>(pod);
    bound->spec.node_name = node;
    reserved_[node].push_back(NeedsOf(*bound));
    if (reserved_[node].back().affinities) have_affinities_ = true;
    rooms_.erase(node);
    decided_.Put(bound);
  }

  // Of the pods that could go: for most that find no room there are none.
  int64_t Lowest() {
    if (lowest_) return *lowest_;
    lowest_ = INT64_MAX;
    state_.ForEach<Pod>([&](const PodPtr& pod) {
      if (pod->spec.node_name.empty() || IsTerminal(*pod)) return;
      lowest_ = std::min(*lowest_, priorities_.Of(pod->spec));
    });
    return *lowest_;
  }

  // How many of its pods a budget lets go still.
  int32_t& AllowedBy(const PodDisruptionBudget& budget) {
    const auto [left, is_new] = allowed_.try_emplace(budget.key());
    if (is_new) left->second = BudgetStatusOf(budget, state_).disruptions_allowed;
    return left->second;
  }

  std::optional<Preemption> For(const PodPtr& pod, int64_t priority) {
    // Of one that goes to the node that its manifest names nobody chooses where.
    if (!pod->spec.declared_node_name.empty()) return std::nullopt;
    if (!priorities_.MayPreempt(pod->spec) || priority <= Lowest()) return std::nullopt;
    const PodNeeds needs = PendingNeedsOf(*pod);
    const auto nominated = state_.Find<Node>("", pod->status.nominated_node_name);
    if (nominated != nullptr && Waits(needs, Look(*nominated, priority))) {
      return Preemption{pod, nominated->metadata.name, {}};
    }
    std::optional<Candidate> best;
    std::optional<Preemption> waiting;
    size_t candidates = 0;
    state_.ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
      if (waiting || candidates >= kMaxCandidates) return;
      const Room& room = Look(*node, priority);
      if (Waits(needs, room)) {
        waiting = Preemption{pod, node->metadata.name, {}};
        return;
      }
      if (room.lower.empty() || !WhyNot(needs, room.kept).empty()) return;
      std::optional<Candidate> candidate = CandidateOf(needs, room);
      if (!candidate) return;
      ++candidates;
      if (!best || candidate->cost < best->cost) best = std::move(candidate);
    });
    if (waiting || !best) return waiting;
    return Preemption{pod, best->node, std::move(best->victims)};
  }

  // Looked at once for all pods of a priority, until a decision changes it: of pods that nothing
  // helps there may be many, and each asks every node.
  const Room& Look(const Node& node, int64_t priority) {
    const auto [known, is_new] = rooms_[node.metadata.name].try_emplace(priority);
    if (is_new) known->second = RoomOn(node, priority);
    return known->second;
  }

  Room RoomOn(const Node& node, int64_t priority) const {
    Room room{.kept = EmptyUsageOf(node), .lower = {}, .going = {}};
    if (const auto others = reserved_.find(node.metadata.name); others != reserved_.end()) {
      for (const PodNeeds& needs : others->second) room.kept.Add(needs);
    }
    state_.pods_by_node().ForEach(node.metadata.name, [&](const ObjectKey& key) {
      const auto pod = As<Pod>(state_.Find(key));
      if (IsTerminal(*pod)) return;
      if (pod->metadata.deletion_timestamp || gone_.contains(key)) {
        room.going.push_back(pod);
      } else if (priorities_.Of(pod->spec) < priority) {
        room.lower.push_back(pod);
      } else {
        room.kept.Add(NeedsOf(*pod));
      }
    });
    return room;
  }

  // Whether the pod fits once what is going is gone.
  bool Waits(const PodNeeds& needs, const Room& room) {
    if (room.going.empty()) return false;
    NodeUsage usage = room.kept;
    for (const PodPtr& pod : room.lower) usage.Add(NeedsOf(*pod));
    return WhyNot(needs, usage).empty() && RulesHold(needs, room, {});
  }

  std::optional<Candidate> CandidateOf(const PodNeeds& needs, const Room& room) {
    if (!RulesHold(needs, room, room.lower)) return std::nullopt;
    std::vector<PodPtr> victims = VictimsOf(needs, room);
    if (victims.empty()) return std::nullopt;
    Candidate candidate{.node = room.kept.node->metadata.name, .victims = {}, .cost = {}};
    const auto broken = static_cast<int64_t>(BreakingBudgets(victims).size());
    int64_t highest = INT64_MIN;
    int64_t sum = 0;
    int64_t started = INT64_MAX;
    for (const PodPtr& victim : victims) {
      const int64_t priority = priorities_.Of(victim->spec);
      if (priority > highest) started = INT64_MAX;
      highest = std::max(highest, priority);
      if (priority == highest) started = std::min(started, StartOf(*victim));
      sum += priority - INT32_MIN;  // so that each of them counts
    }
    candidate.cost = {broken, highest, sum, victims.size(), -started};
    candidate.victims = std::move(victims);
    return candidate;
  }

  // Those of lower priority that cannot stay beside the pod.
  std::vector<PodPtr> VictimsOf(const PodNeeds& needs, const Room& room) {
    std::vector<PodPtr> spared_first = room.lower;
    const std::set<std::string> breaking = BreakingBudgets(room.lower);
    std::stable_sort(spared_first.begin(), spared_first.end(), [&](const auto& a, const auto& b) {
      const auto rank = [&](const Pod& pod) {
        return std::tuple(!breaking.contains(pod.metadata.uid), -priorities_.Of(pod.spec),
                          StartOf(pod));
      };
      return rank(*a) < rank(*b);
    });
    NodeUsage usage = room.kept;
    std::vector<PodPtr> victims = spared_first;
    for (const PodPtr& pod : spared_first) {
      NodeUsage with = usage;
      with.Add(NeedsOf(*pod));
      if (!WhyNot(needs, with).empty()) continue;
      std::vector<PodPtr> others = victims;
      std::erase(others, pod);
      if (!RulesHold(needs, room, others)) continue;
      usage = std::move(with);
      victims = std::move(others);
    }
    return victims;
  }

  // Uids of those whose going breaks a budget, when all of them go.
  std::set<std::string> BreakingBudgets(const std::vector<PodPtr>& pods) {
    std::set<std::string> breaking;
    std::map<ObjectKey, int32_t> left;
    for (const PodPtr& pod : pods) {
      for (const auto& budget : BudgetsOf(*pod, state_)) {
        const auto of_budget = left.try_emplace(budget->key(), AllowedBy(*budget)).first;
        if (--of_budget->second < 0) breaking.insert(pod->metadata.uid);
      }
    }
    return breaking;
  }

  // What the pod says of others, and they of it, with `victims` and what is going there gone.
  bool RulesHold(const PodNeeds& needs, const Room& room, const std::vector<PodPtr>& victims) {
    if (!have_affinities_) {
      trial_usage_.Update(state_);
      have_affinities_ = !trial_usage_.affine_nodes().empty();
    }
    if (needs.spreads.empty() && !needs.affinities && !*have_affinities_) return true;
    if (trials_++ >= kMaxTrials) return false;
    ClusterState trial = decided_;
    for (const auto* gone : {&room.going, &victims}) {
      for (const PodPtr& pod : *gone) trial.Delete(pod->key());
    }
    const auto pod = std::make_shared<Pod>(*needs.pod);
    return Place({pod}, trial, &trial_usage_)[0].node == room.kept.node->metadata.name;
  }

  const ClusterState& state_;
  const Priorities priorities_;
  std::set<ObjectKey> gone_;                               // victims of pods that came before
  ClusterState decided_;                                   // with the pods bound that came before
  std::map<ObjectKey, int32_t> allowed_;                   // by budget, without these victims
  std::map<std::string, std::vector<PodNeeds>> reserved_;  // by node, for those
  std::unordered_map<std::string, std::map<int64_t, Room>> rooms_;  // by node and priority
  std::optional<int64_t> lowest_;
  UsageCache trial_usage_;
  std::optional<bool> have_affinities_;
  int trials_ = 0;
};

}  // namespace

std::vector<Preemption> PreemptFor(const std::vector<PodPtr>& unplaced, const ClusterState& state) {
  if (unplaced.empty()) return {};
  return Preemptor(state).Take(unplaced);
}

}  // namespace reconcile
