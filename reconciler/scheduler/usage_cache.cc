#include "reconciler/scheduler/usage_cache.h"

namespace reconcile {

void UsageCache::Update(const ClusterState& state) {
  if (!state_) {
    state_ = state;
    return Rebuild();
  }
  bool others = false;
  ClusterState::ForEachDifference(*state_, state, Kind::kNode,
                                  [&](const ObjectPtr& before, const ObjectPtr& after) {
                                    others = others || before == nullptr || after == nullptr;
                                    if (after != nullptr) changed_.insert(after->metadata.name);
                                  });
  ClusterState::ForEachDifference(*state_, state, Kind::kPod,
                                  [&](const ObjectPtr& before, const ObjectPtr& after) {
                                    if (before != nullptr)
                                      changed_.insert(As<Pod>(*before)->spec.node_name);
                                    if (after != nullptr)
                                      changed_.insert(As<Pod>(*after)->spec.node_name);
                                  });
  const ClusterState held = std::move(*state_);  // until nothing refers to it any more
  state_ = state;
  if (others) return Rebuild();
  for (const std::string& name : changed_) {
    const auto number = numbers_.find(name);
    if (number != numbers_.end()) Recompute(number->second);
  }
  changed_.clear();
}

const std::map<size_t, int>& UsageCache::SiblingsOf(const std::string& uid) const {
  static const std::map<size_t, int> kNone;
  const auto found = siblings_.find(uid);
  return found == siblings_.end() ? kNone : found->second;
}

void UsageCache::Place(size_t node, const PodNeeds& needs) {
  NodeUsage& usage = nodes_[node];
  changed_.insert(usage.node->metadata.name);
  usage.Add(needs);
  if (!needs.siblings.empty()) siblings_[needs.siblings][node] = usage.SiblingsOf(needs);
  if (needs.affinities) affine_nodes_.insert(node);
  images_.AddUsed(node, needs.images);
}

void UsageCache::Rebuild() {
  changed_.clear();
  numbers_.clear();
  siblings_.clear();
  affine_nodes_.clear();
  images_.Clear();
  nodes_ = UsageOf(*state_);
  for (size_t i = 0; i < nodes_.size(); ++i) {
    numbers_[nodes_[i].node->metadata.name] = i;
    Note(i);
  }
}

void UsageCache::Recompute(size_t node) {
  const std::string name = nodes_[node].node->metadata.name;
  Forget(node);
  nodes_[node] = UsageOfNode(*state_->Find<Node>("", name), *state_);
  Note(node);
}

void UsageCache::Note(size_t node) {
  for (const auto& [uid, count] : nodes_[node].siblings) siblings_[uid][node] = count;
  if (!nodes_[node].affinities.empty()) affine_nodes_.insert(node);
  images_.Add(node, nodes_[node]);
}

void UsageCache::Forget(size_t node) {
  affine_nodes_.erase(node);
  images_.Remove(node, nodes_[node]);
  for (const auto& [uid, count] : nodes_[node].siblings) {
    const auto found = siblings_.find(uid);
    found->second.erase(node);
    if (found->second.empty()) siblings_.erase(found);
  }
}

}  // namespace reconcile
