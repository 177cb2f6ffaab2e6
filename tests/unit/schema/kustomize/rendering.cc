#include "tests/unit/schema/kustomize/rendering.h"

#include <gtest/gtest.h>

#include <utility>

#include "tests/support/canonical_json.h"

namespace reconcile::kustomize::testing {

std::vector<ManifestFile> FilesOf(const Texts& texts) {
  std::vector<ManifestFile> files;
  for (const auto& [path, text] : texts) {
    const bool link = text.starts_with("->");
    files.push_back(
        {path, "", std::make_shared<const std::string>(link ? text.substr(2) : text), link});
  }
  return files;
}

Result<Reach::Type> TextsReach::Look(const std::string& path) {
  const auto found = texts_.find(path);
  if (found != texts_.end()) return found->second.starts_with("->") ? Type::kLink : Type::kFile;
  const bool is_above = path.empty() || path == ".." || path.ends_with("/..");
  const auto below = texts_.lower_bound(is_above && !path.empty() ? path : path + "/");
  const bool is_folder =
      path.empty() || (below != texts_.end() && below->first.starts_with(path + "/"));
  return is_folder ? Type::kFolder : Type::kNothing;
}

Result<std::shared_ptr<const std::string>> TextsReach::Take(const std::string& path) {
  const std::string& text = texts_.at(path);
  EXPECT_TRUE(taken_.emplace(path, text).second) << path << " is taken twice";
  return std::make_shared<const std::string>(text.starts_with("->") ? text.substr(2) : text);
}

Texts TextsReach::Reached(const ReachLimits& limits) {
  std::vector<ManifestFile> roots;
  Texts handed_on;
  for (const std::string_view name : kKustomizationNames) {
    const auto found = texts_.find(std::string(name));
    if (found == texts_.end()) continue;
    handed_on.insert(*found);
    roots.push_back({found->first, "", std::make_shared<const std::string>(found->second)});
  }
  const Status status = FollowKustomizations(roots, "", this, limits);
  EXPECT_TRUE(status.ok()) << status.ToString();
  handed_on.merge(std::exchange(taken_, {}));
  return handed_on;
}

std::string Rendered(const Texts& texts) {
  const std::vector<ManifestFile> files = FilesOf(texts);
  const FileTree tree(files);
  const Rendering rendering = Render(tree, "kustomization.yaml");
  for (const Problem& error : rendering.problems.errors) ADD_FAILURE() << error.ToString();
  return CanonicalJson(rendering.documents);
}

std::string ErrorsOf(const Texts& texts, const RenderLimits& limits) {
  const std::vector<ManifestFile> files = FilesOf(texts);
  const FileTree tree(files);
  const Rendering rendering = Render(tree, "kustomization.yaml", {}, limits);
  EXPECT_EQ(rendering.documents.empty(), true);
  std::string all;
  for (const Problem& error : rendering.problems.errors) all += error.ToString() + "\n";
  return all;
}

std::string ConfigMapText(const std::string& name) {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\ndata:\n  a: b\n";
}

}  // namespace reconcile::kustomize::testing
