#include "schema/kustomize/reach.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/kustomize/rendering.h"

namespace reconcile::kustomize::testing {
namespace {

std::string Names(const Texts& texts) {
  std::string names;
  for (const auto& [path, text] : texts) names += path + " ";
  return names;
}

Status Follow(const std::string& text, const ReachLimits& limits) {
  TextsReach reach(Texts{{"a.yaml", "x"}, {"b.yaml", "y"}});
  return FollowKustomizations(
      {{"kustomization.yaml", "", std::make_shared<const std::string>(text)}}, "", &reach, limits);
}

TEST(KustomizeReach, TakesEveryFileThatAFieldCanName) {
  const std::string text =
      "resources: [r.yaml, ../../base]\nbases: [./b]\ncomponents: [c]\n"
      "patches: [{path: p1}, {patch: 'x'}]\npatchesJson6902: [{path: p2}]\n"
      "patchesStrategicMerge: [p3, \"kind: x\\nmetadata: {}\"]\nreplacements: [{path: rep}]\n"
      "configMapGenerator: [{files: [f1, key=f2], envs: [e1], env: e2}]\n"
      "secretGenerator: [{files: [s1], envs: [s2]}]\n";
  Texts texts = {{"kustomization.yaml", text},
                 {"../../base/Kustomization", "resources: [../shared/x.yaml]\n"},
                 {"../../base/unused.yaml", ""},
                 {"../../shared/x.yaml", ""},
                 {"b/kustomization.yml", ""},
                 {"c/kustomization.yaml", ""},
                 {"unused.yaml", ""}};
  for (const char* name : {"r.yaml", "p1", "p2", "p3", "rep", "f1", "f2", "e1", "e2", "s1", "s2"}) {
    texts[name] = "";
  }
  Texts wanted = texts;
  wanted.erase("unused.yaml");
  wanted.erase("../../base/unused.yaml");
  EXPECT_EQ(Names(TextsReach(texts).Reached()), Names(wanted));
}

TEST(KustomizeReach, TakesTheLinksOnTheWayAndWhatTheyLeadTo) {
  EXPECT_EQ(Names(TextsReach(Texts{{"kustomization.yaml", "resources: [link, one.yaml, out]\n"},
                                   {"link", "->../base"},
                                   {"one.yaml", "->files/one.yaml"},
                                   {"files/one.yaml", ""},
                                   {"out", "->/etc"},
                                   {"../base/kustomization.yaml", "resources: [two.yaml]\n"},
                                   {"../base/two.yaml", ""}})
                      .Reached()),
            "../base/kustomization.yaml ../base/two.yaml files/one.yaml kustomization.yaml link "
            "one.yaml out ");
}

TEST(KustomizeReach, AFolderHasOnePathWhateverWayLeadsToIt) {
  const std::string source = "deploy/web";
  EXPECT_EQ(StepInto("", "a", source), "a");
  EXPECT_EQ(StepInto("a", "web", source), "a/web");
  EXPECT_EQ(StepInto("..", "web", source), "");
  EXPECT_EQ(StepInto("..", "deploy", source), "../deploy");
  EXPECT_EQ(StepInto("../..", "deploy", source), "..");
  EXPECT_EQ(StepInto("../..", "web", source), "../../web");
  EXPECT_EQ(StepInto("../a", "web", source), "../a/web");
  EXPECT_EQ(StepInto("../../..", "deploy", source), "../../../deploy");
  EXPECT_EQ(StepInto("..", "web", ""), "../web");
}

TEST(KustomizeReach, PassesOverWhatItCannotFollow) {
  EXPECT_EQ(Names(TextsReach(Texts{{"kustomization.yaml",
                                    "resources: [missing, ../../../x, /etc/passwd, circle, 1, "
                                    "'https://example.org/x.yaml', []]\npatches: 3\n"},
                                   {"circle", "->circle"}})
                      .Reached()),
            "circle kustomization.yaml ");
  EXPECT_EQ(Names(TextsReach(Texts{{"kustomization.yaml", "a: }"}}).Reached()),
            "kustomization.yaml ");
}

TEST(KustomizeReach, KustomizationsInACircleEnd) {
  EXPECT_EQ(Names(TextsReach(Texts{{"kustomization.yaml", "resources: [a, .]\n"},
                                   {"a/kustomization.yaml", "resources: [../a, ..]\n"}})
                      .Reached()),
            "a/kustomization.yaml kustomization.yaml ");
}

TEST(KustomizeReach, LimitsAreNamed) {
  const std::string text = "resources: [a.yaml, b.yaml]\n";
  const auto expect = [&](size_t ReachLimits::*limit, size_t fits, const std::string& name) {
    ReachLimits limits;
    limits.*limit = fits;
    EXPECT_TRUE(Follow(text, limits).ok()) << name;
    limits.*limit = fits - 1;
    const Status status = Follow(text, limits);
    EXPECT_EQ(status.code(), StatusCode::kInvalid);
    EXPECT_NE(status.message().find(name), std::string::npos) << status.ToString();
  };
  expect(&ReachLimits::max_reached_names, 2, "max_reached_names");
  expect(&ReachLimits::max_reached_looks, 2, "max_reached_looks");
  expect(&ReachLimits::max_kustomization_bytes, text.size(), "max_kustomization_bytes");
}

}  // namespace
}  // namespace reconcile::kustomize::testing
