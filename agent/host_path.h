#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/host_files.h"

namespace reconcile {

// The names of a path as HostFiles takes it; Invalid for one that could lead out of the folder, or
// that is beyond a limit.
inline Result<std::vector<std::string>> SplitHostPath(std::string_view path) {
  std::vector<std::string> names;
  const auto refuse = [&](const std::string& why) {
    return InvalidError("path \"" + std::string(path) + "\" " + why);
  };
  if (path.find('\0') != std::string_view::npos) return refuse("holds a NUL byte");
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find('/', start), path.size());
    std::string name(path.substr(start, end - start));
    if (name.empty()) return refuse("is not relative, or has an empty name");
    if (name == "." || name == "..") return refuse("has a name \"" + name + "\"");
    if (name.size() > kMaxHostNameBytes) return refuse("has a name that is too long");
    names.push_back(std::move(name));
    start = end + 1;
  }
  if (names.size() > kMaxHostPathDepth) return refuse("is too deep");
  return names;
}

}  // namespace reconcile
