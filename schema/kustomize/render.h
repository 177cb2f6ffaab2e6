#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/kustomize/files.h"
#include "schema/kustomize/session.h"

namespace reconcile::kustomize {

// What a kustomization makes, or everything that is wrong with it.
struct Rendering {
  // One object each. Marks count lines of `lines`, which knows the file that each value came from:
  // a field that a patch set points into the patch. Empty when there is any error.
  std::vector<Value> documents;
  LineMap lines;
  Problems problems;           // with their files
  std::set<std::string> used;  // the files that were read, by path
};

// Of a kustomization file that is a symbolic link, behind its path.
inline constexpr std::string_view kLinkedKustomization =
    " is a symbolic link: a kustomization file is read where it lies; commit the file itself, or "
    "name the folder that it lies in";

// Renders the kustomization file at `path` as `kustomize build` of its folder does. PURE: reads
// nothing but `files`. Source of its rules:
// https://kubectl.docs.kubernetes.io/references/kustomize.
// Spends of `budget`, which renderings of one source share.
Rendering Render(const FileTree& files, const std::string& path, const ManifestLimits& limits,
                 RenderBudget* budget);
// The same with a budget of its own.
Rendering Render(const FileTree& files, const std::string& path, const ManifestLimits& limits = {},
                 const RenderLimits& render_limits = {});

}  // namespace reconcile::kustomize
