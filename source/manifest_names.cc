#include "source/manifest_names.h"

#include <algorithm>

#include "base/escape.h"
#include "base/utf8.h"
#include "schema/kustomize/files.h"

namespace reconcile {
namespace {

bool IsPlainText(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  return std::none_of(text.begin(), text.end(), is_control) &&
         FindInvalidUtf8(text) == std::string_view::npos;
}

// Calls `take` for each part between slashes until it says no; whether it never did.
template <typename Take>
bool ForEachPart(std::string_view path, Take take) {
  while (true) {
    const size_t slash = path.find('/');
    if (!take(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

bool IsDots(std::string_view part) { return part == "." || part == ".."; }

}  // namespace

bool IsManifestName(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

bool IsSourceName(std::string_view name) {
  return IsManifestName(name) || kustomize::IsKustomizationName(name);
}

bool IsHiddenName(std::string_view name) { return name.starts_with('.'); }

Result<std::string> CleanFolder(std::string_view folder) {
  const std::string shown = "folder \"" + EscapeForLog(folder.substr(0, 80)) + "\"";
  if (folder.size() > kMaxManifestPathBytes) {
    return InvalidError(shown + "... is longer than " + std::to_string(kMaxManifestPathBytes) +
                        " bytes");
  }
  if (!IsPlainText(folder)) {
    return InvalidError(shown + " has control characters or is not UTF-8");
  }
  std::string clean;
  const bool no_dots = ForEachPart(folder, [&](std::string_view part) {
    if (!clean.empty() && !part.empty()) clean += '/';
    clean += part;
    return !IsDots(part);
  });
  if (!no_dots) {
    return InvalidError(shown +
                        " has the part \".\" or \"..\": name a folder inside the "
                        "repository by its path from the root");
  }
  return clean;
}

bool IsSourcePath(std::string_view path) {
  return path.size() <= kMaxManifestPathBytes && IsPlainText(path) &&
         ForEachPart(path, [](std::string_view part) { return !part.empty() && !IsDots(part); });
}

bool IsReachedPath(std::string_view path) {
  if (path.size() > kMaxManifestPathBytes) return false;
  while (path.starts_with("../")) path.remove_prefix(3);
  return IsSourcePath(path);
}

std::optional<std::vector<std::string>> PartsFromRoot(const std::string& folder,
                                                      std::string_view path) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view part) {
    if (part == "..") {
      if (parts.empty()) return false;
      parts.pop_back();
    } else if (!part.empty()) {
      parts.emplace_back(part);
    }
    return true;
  };
  if (!ForEachPart(folder, add) || !ForEachPart(path, add)) return std::nullopt;
  return parts;
}

}  // namespace reconcile
