#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "reconciler/scheduler/image_places.h"
#include "reconciler/scheduler/node_usage.h"

namespace reconcile {

// What is on the nodes, kept from call to call: only nodes that something changed on are looked at
// again.
class UsageCache {
 public:
  // Brings `nodes` to what UsageOf(state) says.
  void Update(const ClusterState& state);

  const std::vector<NodeUsage>& nodes() const { return nodes_; }
  // Of the last Update.
  const ClusterState& state() const { return *state_; }
  // The number in nodes() of each name.
  const std::unordered_map<std::string, size_t>& numbers() const { return numbers_; }
  // The numbers of those that have pods with affinities.
  const std::set<size_t>& affine_nodes() const { return affine_nodes_; }
  // By these numbers.
  const ImagePlaces& images() const { return images_; }
  // By node, as its number in nodes(): how many pods of this controller are there, going ones not.
  const std::map<size_t, int>& SiblingsOf(const std::string& uid) const;
  // Counts a placement until the next Update, which finds the pod bound, or not.
  void Place(size_t node, const PodNeeds& needs);

 private:
  void Rebuild();
  void Recompute(size_t node);
  void Note(size_t node);
  void Forget(size_t node);

  std::optional<ClusterState> state_;  // what `nodes_` refers to
  std::vector<NodeUsage> nodes_;       // ordered by name
  std::unordered_map<std::string, size_t> numbers_;
  std::unordered_map<std::string, std::map<size_t, int>> siblings_;
  std::set<size_t> affine_nodes_;
  ImagePlaces images_;
  std::set<std::string> changed_;  // names
};

}  // namespace reconcile
