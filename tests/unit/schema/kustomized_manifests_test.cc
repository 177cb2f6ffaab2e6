#include "schema/kustomized_manifests.h"

#include <gtest/gtest.h>

#include "tests/support/kept_in_memory.h"

namespace reconcile {
namespace {

ManifestFile File(const std::string& path, const std::string& text) {
  return {path, "", std::make_shared<const std::string>(text)};
}

ManifestFile ConfigMapFile(const std::string& path, const std::string& name) {
  return File(path, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n");
}

// Objects with their places, then errors and warnings, a line each.
std::string Shown(const std::vector<ManifestFile>& files, ManifestCache* cache = nullptr) {
  const ParsedManifests parsed = ParseManifests(files, "default", {}, cache);
  std::string shown;
  for (const ObjectPtr& object : parsed.objects) {
    const Origin& origin = object->metadata.origin;
    shown += ToString(object->key()) + " " + origin.file + ":" + std::to_string(origin.line) + "\n";
  }
  for (const Problem& error : parsed.problems.errors) shown += "error: " + error.ToString() + "\n";
  for (const Problem& warning : parsed.problems.warnings) {
    shown += "warning: " + warning.ToString() + "\n";
  }
  return shown;
}

TEST(KustomizedManifests, AKustomizationOfTheSourcesFolderIsAllThatIsLoaded) {
  EXPECT_EQ(Shown({File("kustomization.yaml", "namePrefix: p-\nresources: [a.yaml]\n"),
                   ConfigMapFile("a.yaml", "a"), ConfigMapFile("b.yaml", "b"),
                   File("c/broken.yaml", "a: }"), File("d/Chart.yaml", "name: d\n")}),
            "ConfigMap default/p-a a.yaml:1\n");
  EXPECT_EQ(Shown({File("Kustomization", "resources: [a.yaml]\n"), ConfigMapFile("a.yaml", "a"),
                   ConfigMapFile("b.yaml", "b")}),
            "ConfigMap default/a a.yaml:1\n");
}

TEST(KustomizedManifests, WithoutOneEachTopmostIsRenderedAndTheRestIsReadAsItIs) {
  EXPECT_EQ(Shown({ConfigMapFile("raw.yaml", "raw"), ConfigMapFile("plain/x.yaml", "x"),
                   File("web/kustomization.yaml", "resources: [a.yaml, deep]\n"),
                   ConfigMapFile("web/a.yaml", "a"), ConfigMapFile("web/unused.yaml", "unused"),
                   File("web/deep/kustomization.yml", "resources: [b.yaml]\n"),
                   ConfigMapFile("web/deep/b.yaml", "b")}),
            "ConfigMap default/a web/a.yaml:1\nConfigMap default/b web/deep/b.yaml:1\n"
            "ConfigMap default/x plain/x.yaml:1\nConfigMap default/raw raw.yaml:1\n");
}

TEST(KustomizedManifests, WhatAKustomizationUsesIsNotLoadedForItself) {
  EXPECT_EQ(Shown({File("base/kustomization.yaml", "resources: [a.yaml]\n"),
                   ConfigMapFile("base/a.yaml", "a"), ConfigMapFile("shared.yaml", "shared"),
                   File("extra/kustomization.yaml",
                        "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                        "commonLabels: {x: y}\n"),
                   File("prod/kustomization.yaml",
                        "namePrefix: p-\nresources: [../base]\ncomponents: [../extra]\n"
                        "configMapGenerator:\n- name: files\n  files: [../shared.yaml]\n"
                        "  options: {disableNameSuffixHash: true}\n")}),
            "ConfigMap default/p-a base/a.yaml:1\n"
            "ConfigMap default/p-files prod/kustomization.yaml:5\n");
}

TEST(KustomizedManifests, KustomizationsInACircleAreAnErrorBesideOthers) {
  const std::string shown = Shown({File("a/kustomization.yaml", "resources: [../b]\n"),
                                   File("b/kustomization.yaml", "resources: [../a]\n"),
                                   File("c/kustomization.yaml", "resources: [c.yaml]\n"),
                                   ConfigMapFile("c/c.yaml", "c")});
  EXPECT_NE(shown.find("ConfigMap default/c c/c.yaml:1\n"), std::string::npos) << shown;
  EXPECT_NE(shown.find("error: b/kustomization.yaml:1:13: this kustomization contains itself"),
            std::string::npos)
      << shown;
}

TEST(KustomizedManifests, ManyKustomizationsOfASourceAreBoundedTogether) {
  std::vector<ManifestFile> files;
  for (int i = 0; i < 5001; ++i) {
    files.push_back(File("f" + std::to_string(10'000 + i) + "/kustomization.yaml",
                         "configMapGenerator: [{name: c" + std::to_string(i) + "}]\n"));
  }
  EXPECT_NE(Shown(files).find("error: f15000/kustomization.yaml:1:1: more than 5000 kustomizations "
                              "in one source"),
            std::string::npos);
  files.pop_back();
  EXPECT_EQ(Shown(files).find("error: "), std::string::npos);
}

TEST(KustomizedManifests, ErrorsPointAtTheLineThatBroughtTheField) {
  EXPECT_EQ(
      Shown({File("kustomization.yaml",
                  "resources: [a.yaml]\npatches:\n- path: patch.yaml\n- target: {kind: ConfigMap}\n"
                  "  patch: |-\n    - op: add\n      path: /inline\n      value: 1\n"),
             ConfigMapFile("a.yaml", "a"),
             File("patch.yaml",
                  "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {}\n")}),
      "error: kustomization.yaml:6:3: unknown field \"inline\"; the nearest known field is "
      "\"kind\"\n"
      "error: patch.yaml:5:1: unknown field \"datum\"; the nearest known field is \"data\"\n");
}

TEST(KustomizedManifests, WhatIsWrongWithABaseIsToldOnceForAllThatUseIt) {
  EXPECT_EQ(Shown({File("base/kustomization.yaml", "resources: [gone.yaml, a.yaml]\n"),
                   ConfigMapFile("base/a.yaml", "a"),
                   File("dev/kustomization.yaml", "resources: [../base]\nnamePrefix: d-\n"),
                   File("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n")}),
            "error: base/kustomization.yaml:1:13: there is no file \"gone.yaml\" in the repository "
            "(looked for base/gone.yaml)\n");
  EXPECT_EQ(Shown({File("base/kustomization.yaml", "resources: [a.yaml]\n"),
                   File("base/a.yaml",
                        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndatum: {}\n"),
                   File("dev/kustomization.yaml", "resources: [../base]\nnamePrefix: d-\n"),
                   File("prod/kustomization.yaml", "resources: [../base]\nnamePrefix: p-\n")}),
            "error: base/a.yaml:4:1: unknown field \"datum\"; the nearest known field is "
            "\"data\"\n");
}

TEST(KustomizedManifests, AFolderWithTwoKustomizationsIsAnError) {
  EXPECT_EQ(Shown({File("kustomization.yaml", "namePrefix: a\n"),
                   File("kustomization.yml", "namePrefix: b\n")}),
            "error: kustomization.yml:1:1: this folder has more than one kustomization file, also "
            "kustomization.yaml\n");
}

TEST(KustomizedManifests, AHelmChartIsAnErrorThatSaysWhatToDo) {
  EXPECT_EQ(Shown({File("charts/web/Chart.yaml", "name: web\n"),
                   File("charts/web/templates/a.yaml", "{{ if }}\n"),
                   File("charts/web/charts/sub/Chart.yaml", "name: sub\n"),
                   ConfigMapFile("b.yaml", "b")}),
            "ConfigMap default/b b.yaml:1\n"
            "error: charts/web/Chart.yaml:1:1: this folder is a Helm chart, which is not rendered "
            "here: commit what `helm template NAME charts/web > manifests.yaml` prints, in a "
            "folder without a chart, and let the source's path lead there\n");
}

TEST(KustomizedManifests, SymbolicLinksAndFilesOutsideAreNoManifests) {
  ManifestFile link = File("link.yaml", "a.yaml");
  link.symbolic_link = true;
  EXPECT_EQ(Shown({link, ConfigMapFile("a.yaml", "a"), ConfigMapFile("../b.yaml", "b")}),
            "ConfigMap default/a a.yaml:1\n");
}

TEST(KustomizedManifests, AnOverlayReachesItsBaseBesideTheSourcesFolder) {
  EXPECT_EQ(Shown({File("kustomization.yaml", "namePrefix: p-\nresources: [../../base]\n"),
                   File("../../base/kustomization.yaml", "resources: [a.yaml]\n"),
                   ConfigMapFile("../../base/a.yaml", "a")}),
            "ConfigMap default/p-a ../../base/a.yaml:1\n");
}

// A source in the folder deploy: "../../../deploy/base" and "../../base" are one.
TEST(KustomizedManifests, AWayAroundTheSourcesFolderLeadsToTheSameFiles) {
  const std::vector<ManifestFile> files = {
      File("overlays/prod/kustomization.yaml", "resources: [../../../deploy/base]\n"),
      File("base/kustomization.yaml", "resources: [a.yaml, ../../deploy/b.yaml]\n"),
      ConfigMapFile("base/a.yaml", "a"), ConfigMapFile("b.yaml", "b")};
  const ParsedManifests parsed =
      ParseManifests(files, "default", {}, nullptr, {.source_folder = "deploy"});
  for (const Problem& error : parsed.problems.errors) ADD_FAILURE() << error.ToString();
  EXPECT_EQ(parsed.objects.size(), 2U);
}

TEST(KustomizedManifests, AKustomizationThatIsALinkIsRefusedByName) {
  ManifestFile link = File("web/kustomization.yaml", "../k.yaml");
  link.symbolic_link = true;
  const std::string why =
      " is a symbolic link: a kustomization file is read where it lies; commit the file itself, or "
      "name the folder that it lies in\n";
  EXPECT_EQ(Shown({link, ConfigMapFile("web/a.yaml", "a"), ConfigMapFile("b.yaml", "b")}),
            "ConfigMap default/b b.yaml:1\nerror: web/kustomization.yaml:1:1: this file" + why);
  EXPECT_EQ(Shown({link, File("kustomization.yaml", "resources: [web]\n")}),
            "error: kustomization.yaml:1:13: web/kustomization.yaml" + why);
}

TEST(KustomizedManifests, NothingThatIsRenderedIsKept) {
  std::vector<ManifestFile> files = {
      File("k/kustomization.yaml",
           "resources: [a.yaml]\nsecretGenerator: [{name: s, literals: [x=canary], "
           "envs: [e.yaml]}]\npatches: [{path: p.yaml, target: {kind: Secret}}]\n"),
      ConfigMapFile("k/a.yaml", "canary"), File("k/e.yaml", "y=canary\n"),
      File("k/p.yaml", "[{op: add, path: /data/z, value: Y2FuYXJ5}]\n"),
      ConfigMapFile("plain.yaml", "plain")};
  for (size_t i = 0; i < files.size(); ++i) files[i].blob_id = std::string(40, 'a') + files[i].path;
  KeptInMemory kept;
  for (int turn = 0; turn < 2; ++turn) {
    const ParsedManifests parsed =
        ParseManifests(files, "default", {}, nullptr,
                       {.kept = &kept, .digest = [](const Object& object, const FieldPlaces&) {
                          return EncodeObjectJson(object, EncodeFor::kStore);
                        }});
    EXPECT_TRUE(parsed.problems.errors.empty()) << parsed.problems.errors[0].ToString();
    EXPECT_EQ(parsed.digests.size(), 3U);
  }
  ASSERT_EQ(kept.kept.size(), 1U);
  const std::string all = kept.kept.begin()->first + kept.kept.begin()->second;
  EXPECT_NE(all.find("plain"), std::string::npos);
  EXPECT_EQ(all.find("canary"), std::string::npos);
  EXPECT_EQ(all.find("Y2FuYXJ5"), std::string::npos);
}

TEST(KustomizedManifests, ProblemsOfGeneratedSecretsQuoteNothingOfThem) {
  const std::string shown = Shown(
      {File("kustomization.yaml",
            "secretGenerator: [{name: s, literals: ['can ary=1', 'canary', 'a=1', 'a=canary'], "
            "envs: [e]}]\n"),
       File("e", "canary\ncanary+/=\ncanary==\n")});
  EXPECT_NE(shown.find("error: e:1:1: "), std::string::npos) << shown;
  EXPECT_EQ(shown.find("can"), shown.find("cannot")) << shown;
  EXPECT_EQ(shown.find("canary"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("can ary"), std::string::npos) << shown;
}

// A value where a file is meant.
TEST(KustomizedManifests, WhatASecretGeneratorTakesForAFileIsNotQuoted) {
  for (const std::string& entry :
       {std::string("files: [password=hunter2]"), std::string("files: [hunter2]"),
        std::string("envs: [PASSWORD=hunter2]"), std::string("env: hunter2"),
        std::string("files: [password=/hunter2]"), std::string("files: [password=../hunter2]"),
        std::string("files: [password=https://hunter2]"), std::string("envs: [folder/hunter2]"),
        std::string("files: [password=link/hunter2]")}) {
    ManifestFile link = File("link", "/hunter2");
    link.symbolic_link = true;
    const std::string shown =
        Shown({File("kustomization.yaml", "secretGenerator:\n- name: s\n  " + entry + "\n"),
               File("folder/hunter2/x", ""), link});
    EXPECT_NE(shown.find("error: kustomization.yaml:3:"), std::string::npos) << shown;
    EXPECT_NE(shown.find("a file of this secretGenerator is not there (its name is not shown)"),
              std::string::npos)
        << shown;
    EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
  }
}

// Whoever shows lines could not know of the others that they are a Secret's.
TEST(KustomizedManifests, ProblemsOfASecretHaveALineOnlyWhereItSaysThatItIsOne) {
  const std::string shown = Shown(
      {File("kustomization.yaml",
            "resources: [s.yaml, c.yaml]\nreplacements:\n- source: {kind: ConfigMap, fieldPath: "
            "data.value}\n  targets:\n  - select: {kind: Secret}\n    fieldPaths: [data.here]\n"),
       File("s.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  here: aGVyZQ==\n"
            "  there: '?'\n"),
       File("c.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {value: hunter2}\n")});
  EXPECT_NE(shown.find("error: c.yaml: "), std::string::npos) << shown;
  EXPECT_NE(shown.find("error: s.yaml:6:"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("hunter2"), std::string::npos) << shown;
}

TEST(KustomizedManifests, WhatASourceChecksIsCheckedOfRenderedObjectsToo) {
  std::vector<ManifestDocument> documents;
  const auto check = [](const Object& object, Problems* problems) {
    problems->errors.push_back({object.metadata.origin.file, object.metadata.origin.line, 1,
                                "checked " + object.metadata.name});
  };
  const ParsedManifests parsed = ParseManifests(
      {File("kustomization.yaml", "namePrefix: p-\nresources: [a.yaml]\n"),
       File("a.yaml", "# first\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")},
      "default", {}, nullptr, {.check = check, .documents = &documents});
  ASSERT_EQ(parsed.problems.errors.size(), 1U);
  EXPECT_EQ(parsed.problems.errors[0].ToString(), "a.yaml:2:1: checked p-a");
  ASSERT_EQ(documents.size(), 1U);
  EXPECT_EQ(documents[0].file + " " + documents[0].name, "a.yaml p-a");
  EXPECT_EQ(documents[0].mark.line, 2);
}

TEST(KustomizedManifests, CustomResourcesOfIgnoredGroupsArePassedOver) {
  const ParsedManifests parsed = ParseManifests(
      {File("kustomization.yaml", "resources: [a.yaml]\n"),
       File("a.yaml", "\napiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n")},
      "default", {}, nullptr, {.ignore_groups = {"example.org"}});
  EXPECT_TRUE(parsed.problems.errors.empty()) << parsed.problems.errors[0].ToString();
  ASSERT_EQ(parsed.problems.warnings.size(), 1U);
  EXPECT_TRUE(
      parsed.problems.warnings[0].ToString().starts_with("a.yaml:2:1: Thing is passed over"))
      << parsed.problems.warnings[0].ToString();
}

TEST(KustomizedManifests, TheCacheChangesNothing) {
  std::vector<ManifestFile> files = {File("k/kustomization.yaml", "resources: [a.yaml]\n"),
                                     ConfigMapFile("k/a.yaml", "a"), ConfigMapFile("b.yaml", "b")};
  ManifestCache cache;
  EXPECT_EQ(Shown(files, &cache), Shown(files));
  EXPECT_EQ(cache.files(), 1U);
  files[0] = File("k/kustomization.yaml", "namePrefix: p-\nresources: [a.yaml]\n");
  EXPECT_EQ(Shown(files, &cache),
            "ConfigMap default/p-a k/a.yaml:1\nConfigMap default/b "
            "b.yaml:1\n");
  files.erase(files.begin());
  EXPECT_EQ(Shown(files, &cache), "ConfigMap default/b b.yaml:1\nConfigMap default/a k/a.yaml:1\n");
}

}  // namespace
}  // namespace reconcile
