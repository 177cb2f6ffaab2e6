#include "schema/kustomize/named_paths.h"

#include <string_view>

namespace reconcile::kustomize {
namespace {

void AddText(const Value* value, std::vector<std::string>* names) {
  const bool is_path =
      value != nullptr && value->IsString() && value->AsString().find('\n') == std::string::npos;
  if (is_path) names->push_back(value->AsString());
}

// Items of lists that are paths themselves.
void AddItems(const Value& kustomization, std::string_view field, std::vector<std::string>* names) {
  for (const Value& item : kustomization.GetList(field)) AddText(&item, names);
}

void AddPathsOf(const Value& kustomization, std::string_view field,
                std::vector<std::string>* names) {
  for (const Value& item : kustomization.GetList(field)) {
    if (item.IsMap()) AddText(item.Find("path"), names);
  }
}

// A file of a generator may have its key before it.
void AddGenerated(const Value& kustomization, std::string_view generators,
                  std::vector<std::string>* names) {
  for (const Value& generator : kustomization.GetList(generators)) {
    if (!generator.IsMap()) continue;
    for (const std::string_view field : {"files", "envs"}) {
      for (const Value& item : generator.GetList(field)) {
        if (!item.IsString()) continue;
        const std::string& text = item.AsString();
        const size_t equals = field == "files" ? text.find('=') : std::string::npos;
        names->push_back(equals == std::string::npos ? text : text.substr(equals + 1));
      }
    }
    AddText(generator.Find("env"), names);
  }
}

}  // namespace

std::vector<std::string> NamedPaths(const Value& kustomization) {
  std::vector<std::string> names = SecretPaths(kustomization);
  if (!kustomization.IsMap()) return names;
  for (const std::string_view field : {"resources", "bases", "components"}) {
    AddItems(kustomization, field, &names);
  }
  AddPathsOf(kustomization, "replacements", &names);
  AddGenerated(kustomization, "configMapGenerator", &names);
  return names;
}

std::vector<std::string> SecretPaths(const Value& kustomization) {
  std::vector<std::string> names;
  if (!kustomization.IsMap()) return names;
  AddItems(kustomization, "patchesStrategicMerge", &names);
  AddPathsOf(kustomization, "patches", &names);
  AddPathsOf(kustomization, "patchesJson6902", &names);
  AddGenerated(kustomization, "secretGenerator", &names);
  return names;
}

}  // namespace reconcile::kustomize
