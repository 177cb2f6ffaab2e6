#pragma once

#include <map>
#include <string>
#include <vector>

#include "schema/kustomize/render.h"

namespace reconcile::kustomize::testing {

// Files by path; a value that begins with "->" is a symbolic link to what follows.
using Texts = std::map<std::string, std::string>;
std::vector<ManifestFile> FilesOf(const Texts& texts);

// Renders kustomization.yaml. The objects as one line of JSON each, members sorted, lines sorted.
std::string Rendered(const Texts& texts);
// What is wrong with it, a line each.
std::string ErrorsOf(const Texts& texts, const RenderLimits& limits = {});

// A value as canonical JSON.
std::string Canonical(const Value& value);

// A ConfigMap as YAML.
std::string ConfigMapText(const std::string& name);

}  // namespace reconcile::kustomize::testing
