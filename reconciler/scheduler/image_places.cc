#include "reconciler/scheduler/image_places.h"

#include <algorithm>

namespace reconcile {
namespace {

// Of what a host says, so that no sum passes the end of its type.
constexpr int64_t kMostCountedBytes = 1LL << 40;

using Nodes = std::vector<std::pair<size_t, int64_t>>;

Nodes::iterator PlaceOf(size_t node, Nodes* nodes) {
  return std::lower_bound(nodes->begin(), nodes->end(), std::pair(node, INT64_MIN));
}

}  // namespace

int64_t ImageLocalityScore(int64_t weighted_bytes, size_t containers) {
  const int64_t most = kMostImageBytes * std::max<int64_t>(static_cast<int64_t>(containers), 1);
  const int64_t counted = std::clamp(weighted_bytes, kLeastImageBytes, most);
  constexpr int kKibibytes = 10;  // the product fits
  return kMaxScore * ((counted - kLeastImageBytes) >> kKibibytes) /
         ((most - kLeastImageBytes) >> kKibibytes);
}

void ImagePlaces::Put(size_t node, ImageId image, int64_t bytes) {
  Image& placed = places_[image];
  auto at = PlaceOf(node, &placed.nodes);
  const bool known = at != placed.nodes.end() && at->first == node;
  if (known && at->second >= bytes) return;
  if (known) {
    at->second = bytes;
  } else {
    placed.nodes.insert(at, {node, bytes});
  }
  placed.version = ++changes_;
}

void ImagePlaces::Add(size_t node, const NodeUsage& usage) {
  for (const auto& [image, bytes] : usage.images) Put(node, image, bytes);
}

void ImagePlaces::Remove(size_t node, const NodeUsage& usage) {
  for (const auto& [image, bytes] : usage.images) {
    const auto found = places_.find(image);
    if (found == places_.end()) continue;
    Nodes& nodes = found->second.nodes;
    const auto at = PlaceOf(node, &nodes);
    if (at == nodes.end() || at->first != node) continue;
    nodes.erase(at);
    found->second.version = ++changes_;
    if (nodes.empty()) places_.erase(found);
  }
}

void ImagePlaces::AddUsed(size_t node, const std::vector<ImageId>& images) {
  for (const ImageId image : images) Put(node, image, 0);
}

std::vector<int32_t> ImagePlaces::Scores(const std::vector<ImageId>& images, size_t nodes) const {
  std::vector<int64_t> bytes_on;
  for (const ImageId image : images) {
    const auto found = places_.find(image);
    if (found == places_.end()) continue;
    const Nodes& places = found->second.nodes;
    int64_t largest = 0;
    for (const auto& [node, bytes] : places) largest = std::max(largest, bytes);
    if (largest == 0) continue;  // nobody has told its size
    bytes_on.resize(nodes);
    for (const auto& [node, bytes] : places) {
      const int64_t counted = std::min(bytes > 0 ? bytes : largest, kMostCountedBytes);
      bytes_on[node] += counted * static_cast<int64_t>(places.size()) / static_cast<int64_t>(nodes);
    }
  }
  std::vector<int32_t> scores;
  if (bytes_on.empty()) return scores;
  if (*std::max_element(bytes_on.begin(), bytes_on.end()) <= kLeastImageBytes) return scores;
  scores.reserve(nodes);
  for (const int64_t bytes : bytes_on) {
    scores.push_back(static_cast<int32_t>(ImageLocalityScore(bytes, images.size())));
  }
  return scores;
}

size_t ImagePlaces::CountOn(size_t node, const std::vector<ImageId>& images) const {
  return static_cast<size_t>(std::count_if(images.begin(), images.end(), [&](ImageId image) {
    const auto found = places_.find(image);
    return found != places_.end() &&
           std::binary_search(found->second.nodes.begin(), found->second.nodes.end(),
                              std::pair(node, int64_t{0}),
                              [](const auto& a, const auto& b) { return a.first < b.first; });
  }));
}

uint64_t ImagePlaces::VersionOf(const std::vector<ImageId>& images) const {
  uint64_t version = 0;
  for (const ImageId image : images) {
    const auto found = places_.find(image);
    if (found != places_.end()) version = std::max(version, found->second.version);
  }
  return version;
}

}  // namespace reconcile
