#include "schema/kustomize/render.h"

#include <gtest/gtest.h>

#include "tests/unit/schema/kustomize/rendering.h"

namespace reconcile::kustomize::testing {
namespace {

// Where each field of the one object comes from, as "file:line".
std::string PlaceOf(const Rendering& rendering, const Value& value) {
  const LineMap::Place place = rendering.lines.Find(value.mark.line);
  return place.file + ":" + std::to_string(place.line);
}

TEST(Kustomize, ValuesKnowTheFileAndLineThatTheyComeFrom) {
  const std::vector<ManifestFile> files = FilesOf({
      {"kustomization.yaml",
       "namespace: prod\nresources: [base.yaml]\npatches:\n- path: patch.yaml\n- patch: |-\n"
       "    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: one}\n    data:\n"
       "      inline: x\n"},
      {"base.yaml", "# first\n" + ConfigMapText("one")},
      {"patch.yaml",
       "---\n\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
       "data: {patched: y}\n"},
  });
  const FileTree tree(files);
  const Rendering rendering = Render(tree, "kustomization.yaml");
  ASSERT_EQ(rendering.documents.size(), 1U);
  const Value& object = rendering.documents[0];
  const Value& data = *object.Find("data");
  EXPECT_EQ(PlaceOf(rendering, object), "base.yaml:2");
  EXPECT_EQ(PlaceOf(rendering, *data.Find("a")), "base.yaml:7");
  EXPECT_EQ(PlaceOf(rendering, *data.Find("patched")), "patch.yaml:6");
  EXPECT_EQ(PlaceOf(rendering, *data.Find("inline")), "kustomization.yaml:10");
  EXPECT_EQ(PlaceOf(rendering, *object.Find("metadata")->Find("namespace")),
            "kustomization.yaml:1");
  EXPECT_EQ(rendering.used,
            (std::set<std::string>{"base.yaml", "kustomization.yaml", "patch.yaml"}));
}

TEST(Kustomize, RefusesWhatIsRemoteByNameAndSaysWhatToDo) {
  for (const std::string address :
       {"https://example.org/x.yaml", "github.com/owner/repository?ref=v1", "git@host:x.git",
        "ssh://git@host/x"}) {
    const std::string error =
        "\"" + address +
        "\" is a remote address, which is not fetched: commit a copy of it to "
        "this repository and name its path\n";
    EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "resources:\n- " + address + "\n"}}),
              "kustomization.yaml:2:3: " + error);
    EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "components:\n- " + address + "\n"}}),
              "kustomization.yaml:2:3: " + error);
  }
}

TEST(Kustomize, RefusesFieldsThatItDoesNotActOn) {
  for (const std::string field :
       {"generators", "transformers", "validators", "helmCharts", "helmGlobals", "openapi", "crds",
        "configurations", "vars", "buildMetadata"}) {
    const std::string errors = ErrorsOf({{"kustomization.yaml", field + ": [x]\n"}});
    EXPECT_NE(errors.find("kustomization.yaml:1:"), std::string::npos) << errors;
    EXPECT_NE(errors.find("the field \"" + field + "\" of kustomizations is not supported here: "),
              std::string::npos)
        << errors;
  }
}

TEST(Kustomize, NamesTheNearestFieldForOneThatIsUnknown) {
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "resource: []\nimages: [{nam: x}]\n"}}),
            "kustomization.yaml:2:11: unknown field \"nam\" in images; did you mean \"name\"?\n"
            "kustomization.yaml:2:10: an image needs a name\n"
            "kustomization.yaml:1:1: unknown field \"resource\" in a kustomization; did you mean "
            "\"resources\"?\n");
}

TEST(Kustomize, RefusesAnEmptyKustomization) {
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "# nothing\n"}}),
            "kustomization.yaml:1:1: this kustomization is empty; it needs resources or another "
            "field\n");
}

TEST(Kustomize, StaysInsideTheRepository) {
  const auto errors = [](const std::string& path, const Texts& more = {}) {
    Texts texts = more;
    texts["kustomization.yaml"] = "resources:\n- " + path + "\n";
    return ErrorsOf(texts);
  };
  EXPECT_EQ(errors("../x.yaml"),
            "kustomization.yaml:2:3: the path \"../x.yaml\" leads out of "
            "the repository, or to nothing in it\n");
  EXPECT_EQ(errors("/etc/passwd"),
            "kustomization.yaml:2:3: the path \"/etc/passwd\" is absolute; name a path inside the "
            "repository, relative to this file\n");
  EXPECT_EQ(errors("out.yaml", {{"out.yaml", "->/etc/passwd"}}),
            "kustomization.yaml:2:3: the path \"out.yaml\" leads through the symbolic link "
            "out.yaml, which points to an absolute path: it leaves the repository\n");
  EXPECT_EQ(errors("a/out/x.yaml", {{"a/out", "->../../.."}}),
            "kustomization.yaml:2:3: the path \"a/out/x.yaml\" leads out of the repository, or to "
            "nothing in it\n");
  EXPECT_EQ(errors("a", {{"a", "->b"}, {"b", "->a"}}),
            "kustomization.yaml:2:3: the path \"a\" has symbolic links without end\n");
}

TEST(Kustomize, FollowsSymbolicLinksInsideTheRepository) {
  EXPECT_EQ(Rendered({{"kustomization.yaml", "resources: [link.yaml, folder]\n"},
                      {"link.yaml", "->real/one.yaml"},
                      {"folder", "->./real/../base"},
                      {"real/one.yaml", ConfigMapText("one")},
                      {"base/kustomization.yaml", "resources: [two.yaml]\n"},
                      {"base/two.yaml", ConfigMapText("two")}}),
            R"({"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"one"}})"
            "\n"
            R"({"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"two"}})"
            "\n");
}

TEST(Kustomize, ReadsBasesBesideTheSourcesFolder) {
  EXPECT_EQ(Rendered({{"kustomization.yaml", "resources: [../../base]\n"},
                      {"../../base/kustomization.yaml", "resources: [one.yaml]\n"},
                      {"../../base/one.yaml", ConfigMapText("one")}}),
            R"({"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"one"}})"
            "\n");
}

TEST(Kustomize, RefusesAKustomizationThatContainsItself) {
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "resources: [a]\n"},
                      {"a/kustomization.yaml", "resources: [../b]\n"},
                      {"b/kustomization.yaml", "resources: [../a]\n"}}),
            "b/kustomization.yaml:1:13: this kustomization contains itself, by way of "
            "a/kustomization.yaml\n");
}

TEST(Kustomize, BoundsDepthAndCount) {
  Texts texts = {{"kustomization.yaml", "resources: [a]\n"}};
  std::string folder = "a";
  for (int i = 0; i < 4; ++i, folder += "/a") {
    texts[folder + "/kustomization.yaml"] = i < 3 ? "resources: [a]\n" : "namePrefix: x\n";
  }
  RenderLimits limits;
  limits.max_depth = 3;
  EXPECT_EQ(ErrorsOf(texts, limits),
            "a/a/kustomization.yaml:1:13: kustomizations lie more than 3 deep in each other\n");
  limits = {};
  limits.max_kustomizations = 2;
  EXPECT_EQ(ErrorsOf(texts, limits),
            "a/kustomization.yaml:1:13: more than 2 kustomizations in one source; one "
            "that is used twice counts twice\n");
  limits = {};
  limits.max_bytes = 20;
  EXPECT_NE(ErrorsOf(texts, limits).find("MiB of files"), std::string::npos);
}

TEST(Kustomize, RenderingsOfOneSourceShareABudget) {
  const std::vector<ManifestFile> files =
      FilesOf({{"a/kustomization.yaml", "resources: [one.yaml]\n"},
               {"a/one.yaml", ConfigMapText("one")},
               {"b/kustomization.yaml", "resources: [../a]\n"}});
  const FileTree tree(files);
  RenderBudget spent;
  EXPECT_EQ(Render(tree, "a/kustomization.yaml", {}, &spent).documents.size(), 1U);
  EXPECT_EQ(Render(tree, "b/kustomization.yaml", {}, &spent).documents.size(), 1U);
  EXPECT_EQ(spent.kustomizations, 3U);
  const auto second = [&](RenderBudget budget) {
    Render(tree, "a/kustomization.yaml", {}, &budget);
    const Rendering rendering = Render(tree, "b/kustomization.yaml", {}, &budget);
    EXPECT_TRUE(rendering.documents.empty());
    return rendering.problems.errors.empty() ? "" : rendering.problems.errors[0].ToString();
  };
  EXPECT_EQ(second({.limits = {.max_kustomizations = 1}}),
            "b/kustomization.yaml:1:1: more than 1 kustomizations in one source; one that is used "
            "twice counts twice");
  EXPECT_EQ(second({.limits = {.max_bytes = spent.bytes - 1}}),
            "a/one.yaml:1:1: the kustomizations of this source have more than 0 MiB of files; "
            "files that are used twice count twice");
}

// Each replacement copies all that is there into itself: 2^n values without a bound.
TEST(Kustomize, BoundsObjectsThatDouble) {
  std::string text = "resources: [one.yaml]\nreplacements:\n";
  for (int i = 0; i < 60; ++i) {
    text +=
        "- source: {kind: ConfigMap, fieldPath: data}\n  targets:\n  - select: {kind: "
        "ConfigMap}\n    fieldPaths: [data.x" +
        std::to_string(i) + "]\n    options: {create: true}\n";
  }
  const std::string errors =
      ErrorsOf({{"kustomization.yaml", text}, {"one.yaml", ConfigMapText("one")}});
  EXPECT_NE(errors.find("this makes an object of more than 300000 values"), std::string::npos)
      << errors;
}

// What is copied into all objects may be long, however few values it is.
TEST(Kustomize, BoundsTextThatIsCopied) {
  const std::string text(100'000, 'x');
  Texts texts;
  std::string resources = "resources: [a, web.yaml";
  texts["a/kustomization.yaml"] = "namePrefix: a-\nresources: [base.yaml]\n";
  texts["a/base.yaml"] = ConfigMapText("base");
  texts["web.yaml"] =
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: "
      "{containers: [{name: a, image: i}, {name: b, image: i}, {name: c, image: i}]}}}\n";
  for (int i = 0; i < 4; ++i) {
    const std::string name = "c" + std::to_string(i);
    resources += ", " + name + ".yaml";
    texts[name + ".yaml"] = ConfigMapText(name);
  }
  resources += "]\n";
  RenderLimits limits;
  limits.max_steps = 15'000;  // 240 kB
  texts["kustomization.yaml"] = resources;
  EXPECT_NE(Rendered(texts), "");
  for (const std::string& field : std::vector<std::string>{
           "commonAnnotations: {a: " + text + "}", "commonLabels: {a: " + text + "}",
           "labels: [{pairs: {a: " + text + "}}]", "namePrefix: " + text, "nameSuffix: " + text,
           "namespace: " + text, "images: [{name: i, newTag: " + text + "}]",
           "configMapGenerator: [{name: a1}, {name: a2}, {name: a3}]\ngeneratorOptions: "
           "{annotations: {a: " +
               text + "}}",
           "configMapGenerator: [{name: a1, files: [f]}, {name: a2, files: [f]}, {name: a3, files: "
           "[f]}]",
           "patches: [{target: {kind: ConfigMap}, patch: '[{op: add, path: /data/x, value: " +
               text + "}]'}]",
           "patches: [{target: {kind: ConfigMap}, patch: '{kind: Any, metadata: {name: any}, data: "
           "{x: " +
               text + "}}'}]"}) {
    texts["f"] = text;
    texts["kustomization.yaml"] = resources + field + "\n";
    const std::string errors = ErrorsOf(texts, limits);
    EXPECT_NE(errors.find("costs more than 15000 steps, one for each value and for each 16 bytes "
                          "of text that are copied: make it smaller"),
              std::string::npos)
        << field.substr(0, 60) << ": " << errors.substr(0, 500);
    EXPECT_NE(Rendered(texts), "");
  }
}

TEST(Kustomize, BoundsTheTextOfAnObject) {
  std::string text = "resources: [one.yaml]\npatches:\n- target: {kind: ConfigMap}\n  patch: |-\n";
  for (int i = 0; i < 5000; ++i) {
    text += "    - {op: copy, from: /data/a, path: /data/a" + std::to_string(i) + "}\n";
  }
  const std::string large = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: '" +
                            std::string(1 << 20, 'x') + "'}\n";
  const std::string errors = ErrorsOf({{"kustomization.yaml", text}, {"one.yaml", large}});
  EXPECT_NE(errors.find("this makes an object of more than 300000 values, where 16 bytes of text "
                        "count as one"),
            std::string::npos)
      << errors.substr(0, 500);
}

TEST(Kustomize, PatternsThatWouldBacktrackDoNot) {
  EXPECT_NE(Rendered({{"kustomization.yaml",
                       "resources: [one.yaml]\npatches:\n- target: {name: \"(a+)+b\"}\n  patch: "
                       "'[{\"op\":\"remove\",\"path\":\"/data\"}]'\n"},
                      {"one.yaml", ConfigMapText(std::string(200, 'a'))}}),
            "");
}

TEST(Kustomize, SaysWhatIsWrongWithAPatch) {
  const auto errors = [](const std::string& patches) {
    return ErrorsOf({{"kustomization.yaml", "resources: [one.yaml]\npatches:\n" + patches},
                     {"one.yaml", ConfigMapText("one")}});
  };
  EXPECT_EQ(errors("- patch: |-\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: "
                   "two}\n"),
            "kustomization.yaml:4:1: there is no ConfigMap two of v1 to patch here\n");
  EXPECT_EQ(errors("- target: {name: one}\n  patch: |-\n    - op: remove\n      path: /data/z\n"),
            "kustomization.yaml:5:3: JSON patch: remove \"/data/z\": the object has nothing at "
            "\"z\"\n");
  EXPECT_EQ(errors("- target: {name: \"(\"}\n  patch: '[{op: remove, path: /data}]'\n"),
            "kustomization.yaml:3:11: the regular expression \"(\" of this selector: missing ): "
            "(\n");
  EXPECT_EQ(errors("- target: {name: one}\n  patch: '[{\"op\":\"remove\",\"path\":\"/metadata\"}]'"
                   "\n"),
            "kustomization.yaml:4:1: this patch leaves an object without apiVersion, kind or "
            "name\n");
  for (const std::string patch : {"{data: {a: c}}", "{metadata: {name: one}}", "{kind: ConfigMap}",
                                  "{op: remove, path: /data}"}) {
    EXPECT_EQ(errors("- target: {name: one}\n  patch: '" + patch + "'\n"),
              "kustomization.yaml:4:1: a patch that is a part of an object needs kind and "
              "metadata.name, even where a target says which objects it patches; any will do\n");
  }
  EXPECT_EQ(errors("- {}\n"), "kustomization.yaml:3:3: a patch needs either path or patch\n");
}

TEST(Kustomize, WhatIsNotHereIsNoNewsWhereABaseIsMissing) {
  const std::string rest =
      "patches:\n- patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: two}}'\n"
      "patchesJson6902:\n- target: {version: v1, kind: ConfigMap, name: two}\n"
      "  patch: '[{op: remove, path: /data}]'\n"
      "replicas: [{name: web, count: 2}]\n"
      "configMapGenerator: [{name: three, behavior: merge, literals: [a=b]}]\n"
      "replacements:\n- source: {kind: ConfigMap, name: two}\n"
      "  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]\n";
  const auto errors = [&](const std::string& more) {
    return ErrorsOf({{"kustomization.yaml", "resources: [one.yaml" + more + "]\n" + rest},
                     {"one.yaml", ConfigMapText("one")}});
  };
  const std::string without = errors("");
  EXPECT_EQ(std::count(without.begin(), without.end(), '\n'), 5) << without;
  EXPECT_EQ(errors(", ../base"),
            "kustomization.yaml:1:23: the path \"../base\" leads out of the repository, or to "
            "nothing in it\n");
}

TEST(Kustomize, WhatSelectsNothingIsWarnedOf) {
  const auto warnings = [](const Texts& texts) {
    const std::vector<ManifestFile> files = FilesOf(texts);
    const FileTree tree(files);
    std::string all;
    for (const Problem& warning : Render(tree, "kustomization.yaml").problems.warnings) {
      all += warning.ToString() + "\n";
    }
    return all;
  };
  const std::string entries =
      "patches:\n- target: {name: two}\n  patch: '[{op: remove, path: /data}]'\n"
      "- target: {name: three}\n"
      "  patch: '{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}'\n"
      "images: [{name: nginx, newTag: '2'}]\n";
  const Texts unmatched = {{"kustomization.yaml", "resources: [one.yaml]\n" + entries},
                           {"one.yaml", ConfigMapText("one")}};
  EXPECT_EQ(warnings(unmatched),
            "kustomization.yaml:3:11: this target selects no object that is here: the patch "
            "changes nothing\n"
            "kustomization.yaml:5:11: this target selects no object that is here: the patch "
            "changes nothing\n"
            "kustomization.yaml:7:10: no container here has an image \"nginx\": this entry changes "
            "nothing\n");
  const std::string pod =
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: "
      "'nginx:1'}]}\n";
  EXPECT_EQ(warnings({{"kustomization.yaml", "resources: [all.yaml]\n" + entries},
                      {"all.yaml", ConfigMapText("two") + "---\n" + ConfigMapText("three") + pod}}),
            "");
  // What a component is for is not everywhere.
  EXPECT_EQ(warnings({{"kustomization.yaml", "resources: [one.yaml]\ncomponents: [extra]\n"},
                      {"extra/kustomization.yaml",
                       "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n" + entries},
                      {"one.yaml", ConfigMapText("one")}}),
            "");
}

TEST(Kustomize, RefusesSelectorsThatKubernetesRefuses) {
  for (const std::string selector :
       {"a=b=c", "a===b", "a=b c", "a=b/c", "a=-1", "a in (b c)", "a/b/c", "-a", "/a", "A_/b",
        "a > x", "a > -1", "a >", "> 1", "a <> 1", "a b", "a!", "=a", "a,,b"}) {
    for (const std::string field : {"labelSelector", "annotationSelector"}) {
      EXPECT_NE(ErrorsOf({{"kustomization.yaml",
                           "resources: [one.yaml]\npatches:\n- target: {" + field + ": \"" +
                               selector + "\"}\n  patch: '[{op: remove, path: /data}]'\n"},
                          {"one.yaml", ConfigMapText("one")}})
                    .find(" in a selector; it has the form \"a=b,c in (d,e),!f,g>1\"\n"),
                std::string::npos)
          << selector;
    }
  }
}

// Each of two objects that became different ones was called so.
TEST(Kustomize, APatchOfAFormerNameMustMeanOneObject) {
  const std::string config = ConfigMapText("one");
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "resources: [a, b]\npatches:\n- path: patch.yaml\n"},
                      {"a/kustomization.yaml", "namespace: a\nresources: [one.yaml]\n"},
                      {"b/kustomization.yaml", "namespace: b\nresources: [one.yaml]\n"},
                      {"a/one.yaml", config},
                      {"b/one.yaml", config},
                      {"patch.yaml", config}}),
            "patch.yaml:1:1: this patch names more than one object, ConfigMap a/one and ConfigMap "
            "b/one, by what they are or were called; give it a target\n");
}

TEST(Kustomize, SaysWhatIsWrongWithAGenerator) {
  const auto errors = [](const std::string& generator, const Texts& more = {}) {
    Texts texts = more;
    texts["kustomization.yaml"] = "configMapGenerator:\n- name: one\n  " + generator + "\n";
    return ErrorsOf(texts);
  };
  EXPECT_EQ(errors("literals: [novalue]"),
            "kustomization.yaml:3:14: a literal has the form key=value\n");
  EXPECT_EQ(errors("files: [gone.txt]"),
            "kustomization.yaml:3:11: there is no file \"gone.txt\" in the repository (looked for "
            "gone.txt)\n");
  EXPECT_EQ(errors("behavior: merge"),
            "kustomization.yaml:2:3: there is no ConfigMap one to merge into or replace; leave "
            "out the behavior\n");
  EXPECT_EQ(errors("envs: [e]", {{"e", "A=1\nHOME\n"}}).substr(0, 26),
            "e:2:1: this line has no va");
  EXPECT_EQ(errors("literals: [a=1, a=2]"),
            "kustomization.yaml:3:19: the key \"a\" of \"one\" is given twice\n");
}

TEST(Kustomize, RefusesOneObjectTwice) {
  EXPECT_EQ(ErrorsOf({{"kustomization.yaml", "resources: [a.yaml, b.yaml]\n"},
                      {"a.yaml", ConfigMapText("one")},
                      {"b.yaml", "\n" + ConfigMapText("one")}}),
            "b.yaml:2:1: ConfigMap one is in this kustomization twice; the first is at "
            "a.yaml:1\n");
}

// What kustomize passes through as it is, although Kubernetes' strategic merge has a meaning for
// it.
TEST(Kustomize, KnowsTheDirectivesOfStrategicMerge) {
  EXPECT_EQ(
      Rendered({{"kustomization.yaml",
                 "resources: [a.yaml]\npatches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: "
                 "Deployment\n    metadata:\n      name: web\n      "
                 "$deleteFromPrimitiveList/finalizers: [a]\n    spec:\n      strategy: "
                 "{$retainKeys: [type], type: Recreate}\n"},
                {"a.yaml",
                 "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, "
                 "finalizers: [a, b]}\nspec: {strategy: {type: RollingUpdate, "
                 "rollingUpdate: {maxSurge: 1}}}\n"}}),
      R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"finalizers":["b"],"name":"web"},)"
      R"("spec":{"strategy":{"type":"Recreate"}}})"
      "\n");
}

}  // namespace
}  // namespace reconcile::kustomize::testing
