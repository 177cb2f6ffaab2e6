// Every folder of tests/golden/kustomize renders to what kustomize v5.5.0 makes of it
// (expected.yaml, written by tests/golden/kustomize_compare --update), whatever the order.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/canonical_json.h"
#include "tests/unit/schema/kustomize/rendering.h"

namespace reconcile::kustomize::testing {
namespace {

constexpr const char* kFolder = "tests/golden/kustomize";

std::vector<std::string> GoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Texts ReadFolder(const std::filesystem::path& folder) {
  Texts texts;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    texts[entry.path().lexically_relative(folder).string()] = {std::istreambuf_iterator<char>(in),
                                                               std::istreambuf_iterator<char>()};
  }
  return texts;
}

class KustomizeGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(KustomizeGolden, RendersAsKustomizeDoes) {
  const Texts texts = ReadFolder(std::filesystem::path(kFolder) / GetParam());
  const YamlDocuments wanted = ReadYaml(texts.at("expected.yaml"));
  ASSERT_TRUE(wanted.errors.empty());
  EXPECT_FALSE(wanted.documents.empty());
  EXPECT_EQ(Rendered(texts), CanonicalJson(wanted.documents));
}

// What a source hands over beside its manifests is all that a kustomization reads.
TEST_P(KustomizeGolden, WhatIsReachedIsEnough) {
  const Texts texts = ReadFolder(std::filesystem::path(kFolder) / GetParam());
  const Texts reached = TextsReach(texts).Reached();
  EXPECT_FALSE(reached.contains("expected.yaml"));
  EXPECT_EQ(Rendered(reached), Rendered(texts));
}

INSTANTIATE_TEST_SUITE_P(Features, KustomizeGolden, ::testing::ValuesIn(GoldenNames()),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace reconcile::kustomize::testing
