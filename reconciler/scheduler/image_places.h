#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reconciler/scheduler/node_usage.h"
#include "reconciler/scheduler/scores.h"

namespace reconcile {

// Which nodes have which images, and what that counts when a pod is placed (SEMANTICS 19.3).
// Source: kube-scheduler's plugin imagelocality. A node has what it reports, and also what a pod
// that is bound to it uses: it is pulled there before another pod is placed for its sake. So a
// plan, which pulls nothing, places as the commit will.

inline constexpr int64_t kImageLocalityWeight = 1;
// What all images of a pod that are on a node count for nothing up to, and no more beyond for each
// container.
inline constexpr int64_t kLeastImageBytes = 23LL << 20;
inline constexpr int64_t kMostImageBytes = 1000LL << 20;

// `weighted_bytes` are those of the pod's images that are on the node, each by the share of nodes
// that have it: one that few have draws few, so that pods do not heap up. 0 to kMaxScore.
int64_t ImageLocalityScore(int64_t weighted_bytes, size_t containers);

// Nodes are named by their numbers.
class ImagePlaces {
 public:
  void Clear() { places_.clear(); }
  // The node has all that `usage` says, or has it no longer.
  void Add(size_t node, const NodeUsage& usage);
  void Remove(size_t node, const NodeUsage& usage);
  // A pod was placed there that uses these.
  void AddUsed(size_t node, const std::vector<ImageId>& images);

  // The score of each of `nodes` nodes for a pod with these images, one for each container; empty
  // when none of them has any.
  std::vector<int32_t> Scores(const std::vector<ImageId>& images, size_t nodes) const;
  // How many of these images the node has.
  size_t CountOn(size_t node, const std::vector<ImageId>& images) const;
  // Grows when Scores for these may have become others.
  uint64_t VersionOf(const std::vector<ImageId>& images) const;

 private:
  struct Image {
    std::vector<std::pair<size_t, int64_t>> nodes;  // sorted, each with its bytes; 0: not known
    uint64_t version = 0;
  };
  void Put(size_t node, ImageId image, int64_t bytes);

  std::unordered_map<ImageId, Image> places_;
  uint64_t changes_ = 0;
};

}  // namespace reconcile
