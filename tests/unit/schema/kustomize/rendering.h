#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/kustomize/reach.h"
#include "schema/kustomize/render.h"

namespace reconcile::kustomize::testing {

// Files by path; a value that begins with "->" is a symbolic link to what follows.
using Texts = std::map<std::string, std::string>;
std::vector<ManifestFile> FilesOf(const Texts& texts);

// A repository of such files; notes what is asked of it.
class TextsReach final : public Reach {
 public:
  explicit TextsReach(Texts texts) : texts_(std::move(texts)) {}
  Result<Type> Look(const std::string& path) override;
  Result<std::shared_ptr<const std::string>> Take(const std::string& path) override;
  // What FollowKustomizations takes from its kustomization.yaml on, with that itself.
  Texts Reached(const ReachLimits& limits = {});

 private:
  Texts texts_;
  Texts taken_;
};

// Renders kustomization.yaml. The objects as canonical_json.h writes them.
std::string Rendered(const Texts& texts);
// What is wrong with it, a line each.
std::string ErrorsOf(const Texts& texts, const RenderLimits& limits = {});

// A ConfigMap as YAML.
std::string ConfigMapText(const std::string& name);

}  // namespace reconcile::kustomize::testing
