#include <algorithm>
#include <charconv>
#include <limits>
#include <map>

#include "reconciler/pod_control.h"

namespace reconcile {
namespace {

constexpr std::string_view kDeletionCost = "controller.kubernetes.io/pod-deletion-cost";

// All that the order looks at; smaller goes first.
struct Rank {
  bool assigned = false;
  int phase = 0;
  bool ready = false;
  int32_t cost = 0;
  int64_t fewer_siblings = 0;  // negated count of ready siblings on its node
  int ready_age = 0;           // of ready pods, in log2 buckets: small is recent
  int64_t fewer_restarts = 0;  // negated
  int created_age = 0;
  std::string uid;
};

int PhaseRank(PodPhase phase) {
  switch (phase) {
    case PodPhase::kPending:
      return 0;
    case PodPhase::kUnknown:
      return 1;
    case PodPhase::kRunning:
    case PodPhase::kSucceeded:
    case PodPhase::kFailed:
      return 2;
  }
  return 2;
}

int32_t DeletionCost(const Pod& pod) {
  const auto found = pod.metadata.annotations.find(std::string(kDeletionCost));
  if (found == pod.metadata.annotations.end()) return 0;
  const std::string& text = found->second;
  int32_t cost = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cost);
  return error == std::errc() && end == text.data() + text.size() ? cost : 0;
}

// Ages are compared in log2 buckets, so that a day more or less between weeks does not count.
int AgeBucket(const std::optional<WallTime>& stamp, WallTime now) {
  if (!stamp) return -1;
  int64_t seconds = std::max<int64_t>(0, (now.ms - stamp->ms) / 1000);
  int bucket = 0;
  for (; seconds > 0; seconds /= 2) ++bucket;
  return bucket;
}

Rank RankOf(const Pod& pod, const std::map<std::string, int64_t>& ready_on_node, WallTime now) {
  Rank rank;
  rank.assigned = !pod.spec.node_name.empty();
  rank.phase = PhaseRank(pod.status.phase);
  rank.ready = IsReady(pod);
  rank.cost = DeletionCost(pod);
  const auto siblings = ready_on_node.find(pod.spec.node_name);
  rank.fewer_siblings = siblings == ready_on_node.end() ? 0 : -siblings->second;
  if (rank.ready) {
    rank.ready_age =
        AgeBucket(FindCondition(pod.status.conditions, "Ready")->last_transition_time, now);
  }
  int64_t restarts = 0;
  for (const auto* statuses :
       {&pod.status.init_container_statuses, &pod.status.container_statuses}) {
    for (const ContainerStatus& container : *statuses) {
      restarts = std::max<int64_t>(restarts, container.restart_count);
    }
  }
  rank.fewer_restarts = -restarts;
  rank.created_age = AgeBucket(pod.metadata.creation_timestamp, now);
  rank.uid = pod.metadata.uid;
  return rank;
}

// Both are ready or neither is from the third rule on; only ready pods have a ready age, so the
// rules after it are for those that are not.
bool GoesFirst(const Rank& a, const Rank& b) {
  if (a.assigned != b.assigned) return !a.assigned;
  if (a.phase != b.phase) return a.phase < b.phase;
  if (a.ready != b.ready) return !a.ready;
  if (a.cost != b.cost) return a.cost < b.cost;
  if (a.fewer_siblings != b.fewer_siblings) return a.fewer_siblings < b.fewer_siblings;
  if (a.ready) return a.ready_age != b.ready_age ? a.ready_age < b.ready_age : a.uid < b.uid;
  if (a.fewer_restarts != b.fewer_restarts) return a.fewer_restarts < b.fewer_restarts;
  if (a.created_age != b.created_age) return a.created_age < b.created_age;
  return a.uid < b.uid;
}

}  // namespace

std::vector<PodPtr> ChooseVictims(std::vector<PodPtr> pods, const std::vector<PodPtr>& siblings,
                                  size_t count, WallTime now) {
  std::map<std::string, int64_t> ready_on_node;
  for (const PodPtr& pod : siblings) {
    if (IsReady(*pod) && !pod->spec.node_name.empty()) ++ready_on_node[pod->spec.node_name];
  }
  std::vector<std::pair<Rank, PodPtr>> ranked;
  ranked.reserve(pods.size());
  for (PodPtr& pod : pods) {
    Rank rank = RankOf(*pod, ready_on_node, now);
    ranked.emplace_back(std::move(rank), std::move(pod));
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return GoesFirst(a.first, b.first); });
  std::vector<PodPtr> victims;
  for (size_t i = 0; i < ranked.size() && i < count; ++i) {
    victims.push_back(std::move(ranked[i].second));
  }
  return victims;
}

}  // namespace reconcile
