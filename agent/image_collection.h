#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "agent/host_sample.h"
#include "base/status.h"
#include "base/time.h"
#include "runtime/container_runtime.h"

namespace reconcile {

// Which images go when the file system that holds them fills. All PURE. Source: the kubelet's image
// garbage collection. Unlike there, an image that the agent did not pull is nobody's to remove: on
// a plain Docker host people have images of their own, which no registry gives back.

// Settings of an agent, the kubelet's defaults.
struct ImageLimits {
  int32_t high_percent = 85;        // in use from which images go; 100: none ever for that
  int32_t low_percent = 80;         // until so much is in use
  int64_t min_age_ms = 2 * 60'000;  // an image that came later stays
  friend bool operator==(const ImageLimits&, const ImageLimits&) = default;
};

// An image that the agent pulled, and that was not on the host before.
struct PulledImage {
  std::set<std::string> references;  // those it was pulled by, normalized
  WallTime last_used;
  MonoTime seen_since;  // by this run of the agent
  friend bool operator==(const PulledImage&, const PulledImage&) = default;
};
using PulledImages = std::map<std::string, PulledImage>;  // by id
inline constexpr size_t kMaxPulledImages = 1'000;         // what is beyond is not collected

// Adds what a pull brought: `reference` names it from now on, and no other image.
void NotePulled(const std::string& reference, const std::string& id, Now now, PulledImages* pulled);
// As they are kept on disk. Read: Invalid for anything else.
std::string WritePulledImages(const PulledImages& pulled);
Result<PulledImages> ReadPulledImages(const std::string& text, MonoTime now);

// What is to be freed so that `low_percent` are in use; 0 below `high_percent`.
int64_t BytesToFree(const ImageLimits& limits, const FileSystemSpace& images);

// What may not go: images that pods here name, or may be about to use.
struct WantedImages {
  std::set<std::string> references;  // normalized
  std::set<std::string> ids;
};

struct ImageRemoval {
  std::string id;
  std::vector<std::string> references;  // each is removed, the last takes the image; or its id
  int64_t size_bytes = 0;
};
// The least recently used first, until `bytes` are freed; what is used by any container stays.
std::vector<ImageRemoval> ChooseRemovals(const std::vector<HostImage>& images,
                                         const PulledImages& pulled, const WantedImages& wanted,
                                         int64_t bytes, int64_t min_age_ms, MonoTime now);

}  // namespace reconcile
