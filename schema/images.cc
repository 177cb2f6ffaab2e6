#include "schema/images.h"

#include <algorithm>

namespace reconcile {
namespace {

// What the names of Docker Hub's images may begin with; engines leave it out.
constexpr std::string_view kHubPrefixes[] = {"docker.io/library/", "index.docker.io/library/",
                                             "docker.io/", "index.docker.io/", "library/"};

std::string_view WithoutHub(std::string_view image) {
  for (const std::string_view prefix : kHubPrefixes) {
    if (image.starts_with(prefix)) return image.substr(prefix.size());
  }
  return image;
}

// Where the tag's colon is; npos without a tag. A colon before the last '/' is a port's.
size_t TagAt(std::string_view name) {
  const size_t colon = name.rfind(':');
  const size_t slash = name.rfind('/');
  const bool is_port =
      colon != std::string_view::npos && slash != std::string_view::npos && colon < slash;
  return is_port ? std::string_view::npos : colon;
}

void KeepTellableNames(std::vector<std::string>* names) {
  std::erase_if(*names, [](const std::string& name) {
    return name.empty() || name.size() > kMaxImageNameBytes;
  });
  if (names->size() > kMaxImageNames) names->resize(kMaxImageNames);
}

}  // namespace

bool SameImages(const ImageList& a, const ImageList& b) {
  if (a == b) return true;
  static const std::vector<ContainerImage> kNone;
  return (a ? *a : kNone) == (b ? *b : kNone);
}

std::string ListedImage(std::string_view image) {
  if (image.starts_with("sha256:")) return std::string(image);  // an id
  const std::string_view listed = WithoutHub(image);
  const size_t at = listed.find('@');
  const std::string_view name = listed.substr(0, at);
  const size_t tag = TagAt(name);
  if (at != std::string_view::npos) {
    return std::string(name.substr(0, tag)).append(listed.substr(at));
  }
  return tag == std::string_view::npos ? std::string(name) + ":latest" : std::string(name);
}

std::vector<ContainerImage> TellableImages(std::vector<ContainerImage> images) {
  for (ContainerImage& image : images) KeepTellableNames(&image.names);
  std::erase_if(images, [](const ContainerImage& image) { return image.names.empty(); });
  const auto by_name = [](const ContainerImage& a, const ContainerImage& b) {
    return a.names.front() < b.names.front();
  };
  std::sort(images.begin(), images.end(), [&](const ContainerImage& a, const ContainerImage& b) {
    return a.size_bytes != b.size_bytes ? a.size_bytes > b.size_bytes : by_name(a, b);
  });
  if (images.size() > kMaxNodeImages) images.resize(kMaxNodeImages);
  std::sort(images.begin(), images.end(), by_name);
  const auto is_same = [](const ContainerImage& a, const ContainerImage& b) {
    return a.names.front() == b.names.front();
  };
  images.erase(std::unique(images.begin(), images.end(), is_same), images.end());
  return images;
}

bool MayHaveMoreImages(const NodeStatus& status) {
  return status.images.empty() || status.images.size() >= kMaxNodeImages;
}

}  // namespace reconcile
