#include "tests/unit/schema/kustomize/rendering.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace reconcile::kustomize::testing {
namespace {

Value Sorted(const Value& value) {
  Value sorted = value;
  if (value.IsList()) {
    for (Value& item : sorted.AsList()) item = Sorted(item);
  } else if (value.IsMap()) {
    for (Value::Member& member : sorted.AsMap()) member.value = Sorted(member.value);
    std::sort(sorted.AsMap().begin(), sorted.AsMap().end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
  }
  return sorted;
}

}  // namespace

std::vector<ManifestFile> FilesOf(const Texts& texts) {
  std::vector<ManifestFile> files;
  for (const auto& [path, text] : texts) {
    const bool link = text.starts_with("->");
    files.push_back(
        {path, "", std::make_shared<const std::string>(link ? text.substr(2) : text), link});
  }
  return files;
}

std::string Canonical(const Value& value) { return WriteJson(Sorted(value)); }

std::string Rendered(const Texts& texts) {
  const std::vector<ManifestFile> files = FilesOf(texts);
  const FileTree tree(files);
  const Rendering rendering = Render(tree, "kustomization.yaml");
  for (const Problem& error : rendering.problems.errors) ADD_FAILURE() << error.ToString();
  std::vector<std::string> lines;
  for (const Value& document : rendering.documents) lines.push_back(Canonical(document));
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
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
