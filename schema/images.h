#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "schema/core.h"

namespace reconcile {

// As many as a kubelet tells of (nodeStatusMaxImages, MaxNamesPerImageInNodeStatus).
inline constexpr size_t kMaxNodeImages = 50;
inline constexpr size_t kMaxImageNames = 5;
inline constexpr size_t kMaxImageNameBytes = 512;

// The images of a host; copies share one list, which nobody changes. Null: nothing was told.
using ImageList = std::shared_ptr<const std::vector<ContainerImage>>;
// Whether both say the same.
bool SameImages(const ImageList& a, const ImageList& b);

// PURE. The image that a manifest names, as an engine lists it: without Docker Hub's own prefixes,
// with the tag `latest` when there is none, and without its tag when a digest decides
// ("docker.io/library/nginx" is "nginx:latest", "shop@sha256:..." stays).
std::string ListedImage(std::string_view image);

// PURE. Of these images what a node's status has: the largest kMaxNodeImages, of each the first
// kMaxImageNames names that are no longer than kMaxImageNameBytes. Sorted by first name; one
// without a name is left out.
std::vector<ContainerImage> TellableImages(std::vector<ContainerImage> images);

// PURE. Whether an image may be on the node without its status having it: nothing was told, or no
// more could be.
bool MayHaveMoreImages(const NodeStatus& status);

}  // namespace reconcile
