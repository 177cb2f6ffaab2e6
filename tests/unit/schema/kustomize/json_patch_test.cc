// What JSON patches refuse, as kustomize v5.5.0 does, and where their values come from. What they
// make is in tests/golden/kustomize.
#include "schema/kustomize/json_patch.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/kustomize/rendering.h"

namespace reconcile::kustomize::testing {
namespace {

constexpr const char* kObject =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\nlist: [a, b]\nnothing: null\n";

// Of one patch of one object, its operations a line each.
Texts Patched(const std::vector<std::string>& operations,
              const std::string& field = "patches:\n- target: {name: one}\n") {
  std::string text = "resources: [one.yaml]\n" + field + "  patch: |-\n";
  for (const std::string& operation : operations) text += "    - {" + operation + "}\n";
  return {{"kustomization.yaml", text}, {"one.yaml", kObject}};
}

std::string Refusal(const std::vector<std::string>& operations) {
  return ErrorsOf(Patched(operations));
}

TEST(KustomizeJsonPatch, NeedsAllButTheLastStepOfAPath) {
  for (const std::string operation :
       {"op: add, path: /x/y, value: 1", "op: replace, path: /x/y, value: 1",
        "op: test, path: /x/y, value: null", "op: copy, from: /x/y, path: /z",
        "op: move, from: /x/y, path: /z", "op: remove, path: /x/y"}) {
    EXPECT_NE(Refusal({operation}).find("the object has nothing at \"x\""), std::string::npos)
        << operation;
  }
  EXPECT_EQ(
      Refusal({"op: add, path: /nothing/y, value: 1"}),
      "kustomization.yaml:5:3: JSON patch: add \"/nothing/y\": what it stands in is no map or "
      "list\n");
}

TEST(KustomizeJsonPatch, RemovesAndMovesOnlyWhatIsThere) {
  EXPECT_EQ(Refusal({"op: remove, path: /x"}),
            "kustomization.yaml:5:3: JSON patch: remove \"/x\": the object has nothing at \"x\"\n");
  EXPECT_EQ(Refusal({"op: move, from: /x, path: /y"}),
            "kustomization.yaml:5:3: JSON patch: move \"/y\": the object has nothing at \"x\"\n");
  EXPECT_EQ(
      Refusal({"op: test, path: /x, value: 1"}),
      "kustomization.yaml:5:3: JSON patch: test \"/x\": the object has another value there\n");
}

TEST(KustomizeJsonPatch, NeedsAnElementThatAListHas) {
  for (const std::string step : {"2", "-3", "x", "+-1", "+", "-"}) {
    for (const std::string operation : {"replace", "test", "remove"}) {
      EXPECT_NE(Refusal({"op: " + operation + ", path: /list/" + step + ", value: null"})
                    .find("the object has nothing at \"" + step + "\""),
                std::string::npos)
          << operation << " " << step;
    }
  }
  EXPECT_EQ(Refusal({"op: add, path: /list/3, value: c"}),
            "kustomization.yaml:5:3: JSON patch: add \"/list/3\": there is no place \"3\" in this "
            "list\n");
}

TEST(KustomizeJsonPatch, OnlyReplacesAnObjectAsAWhole) {
  EXPECT_EQ(Refusal({"op: add, path: \"\", value: {}"}),
            "kustomization.yaml:5:3: JSON patch: add: only replace can change an object as a "
            "whole\n");
  for (const std::string operation :
       {"op: copy, from: \"\", path: /x", "op: move, from: \"\", path: /x",
        "op: test, path: \"\", value: {}"}) {
    EXPECT_NE(Refusal({operation}).find("cannot be copied, moved or tested as a whole"),
              std::string::npos)
        << operation;
  }
}

TEST(KustomizeJsonPatch, RefusesAPatchWithoutOperations) {
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml",
                       "resources: [one.yaml]\npatches:\n- {target: {name: one}, patch: '[]'}\n"},
                      {"one.yaml", kObject}}),
            "kustomization.yaml:3:1: a JSON patch is a list of maps with op and path, one at "
            "least\n");
}

TEST(KustomizeJsonPatch, TestsAnnotationsOneByOne) {
  for (const std::string operation : {"op: test, path: /metadata, value: {name: one}",
                                      "op: test, path: /metadata/annotations, value: null",
                                      "op: test, path: /metadata/annotations, value: {}"}) {
    EXPECT_NE(Refusal({operation}).find("annotations cannot be tested as a whole"),
              std::string::npos)
        << operation;
  }
  // Those that are removed are so until the patch ends.
  EXPECT_NE(Rendered(Patched({"op: remove, path: /metadata/annotations",
                              "op: test, path: /metadata, value: {name: one}"})),
            "");
  EXPECT_EQ(Refusal({"op: remove, path: /metadata/annotations",
                     "op: add, path: /metadata/annotations/a, value: b"}),
            "kustomization.yaml:6:3: JSON patch: add \"/metadata/annotations/a\": the object has "
            "nothing at \"annotations\"\n");
}

TEST(KustomizeJsonPatch, FieldOfJsonPatchesKnowsAnnotationsOfChangedObjectsOnly) {
  const std::string field =
      "patchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: one}\n";
  const std::string operation = "op: add, path: /metadata/annotations/a, value: b";
  EXPECT_EQ(ErrorsOf(Patched({operation}, field)),
            "kustomization.yaml:5:3: JSON patch: add \"/metadata/annotations/a\": the object has "
            "nothing at \"annotations\"\n");
  EXPECT_EQ(ErrorsOf(Patched({"op: test, path: /metadata, value: {}"}, field)),
            "kustomization.yaml:5:3: JSON patch: test \"/metadata\": the object has another value "
            "there\n");
  EXPECT_NE(Rendered(Patched({operation}, "namePrefix: p-\n" + field)).find(R"("a":"b")"),
            std::string::npos);
}

// kustomize leaves its own notes in what is copied.
TEST(KustomizeJsonPatch, CopiesAnnotationsAsTheyAre) {
  EXPECT_EQ(
      Rendered(Patched({"op: add, path: /metadata/annotations/a, value: b",
                        "op: copy, from: /metadata/annotations, path: /data",
                        "op: copy, from: /metadata, path: /other", "op: remove, path: /list"})),
      R"({"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":)"
      R"({"annotations":{"a":"b"},"name":"one"},"nothing":null,)"
      R"("other":{"annotations":{"a":"b"},"name":"one"}})"
      "\n");
}

TEST(KustomizeJsonPatch, ValuesOfAbsentMembersKnowTheirPlace) {
  const std::vector<ManifestFile> files =
      FilesOf(Patched({"op: replace, path: /x, value: 1", "op: copy, from: /y, path: /z",
                       "op: add, path: /metadata/annotations/a, value: 3"}));
  const FileTree tree(files);
  const Rendering rendering = Render(tree, "kustomization.yaml");
  ASSERT_EQ(rendering.documents.size(), 1U);
  const Value& object = rendering.documents[0];
  EXPECT_EQ(rendering.lines.Find(object.Find("x")->mark.line).line, 5);
  EXPECT_EQ(rendering.lines.Find(object.Find("z")->mark.line).line, 6);
  const Value& annotation = *object.Find("metadata")->Find("annotations")->Find("a");
  EXPECT_EQ(rendering.lines.Find(annotation.mark.line).line, 7);
  EXPECT_EQ(annotation.AsString(), "3");
}

}  // namespace
}  // namespace reconcile::kustomize::testing
