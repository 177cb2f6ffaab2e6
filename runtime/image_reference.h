#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// An image's name as Docker takes it apart: "registry:5000/team/app:v1" is name
// "registry:5000/team/app" and tag "v1"; with "@sha256:..." the tag is "sha256:...". Without either
// the tag is "latest".
struct ImageReference {
  std::string name;
  std::string tag;
};

inline constexpr size_t kMaxReferenceLength = 512;
inline constexpr size_t kMaxContainerNameLength = 255;

// Invalid when `text` holds anything that has no place in a reference, so that it can stand in a
// URL's path.
Result<ImageReference> ParseImageReference(std::string_view text);
// "nginx" -> "nginx:latest"; with a digest "name@sha256:...". `text` unchanged when it is invalid
// or an image id.
std::string NormalizeReference(std::string_view text);
// Docker's rule for names and ids: [a-zA-Z0-9][a-zA-Z0-9_.-]+
Status ValidateContainerName(std::string_view name);

}  // namespace reconcile
