#include "schema/manifests.h"

#include <algorithm>
#include <tuple>

#include "base/random.h"

namespace reconcile {
namespace {

ManifestFile File(const std::string& path, const std::string& text) {
  return {path, "blob of " + text, std::make_shared<const std::string>(text)};
}

std::string ConfigMapText(const std::string& name, const std::string& namespace_name = "") {
  return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" +
         (namespace_name.empty() ? "" : "  namespace: " + namespace_name + "\n") +
         "data:\n  a: b\n";
}

std::vector<std::string> KeysOf(const ParsedManifests& parsed) {
  std::vector<std::string> keys;
  for (const ObjectPtr& object : parsed.objects) keys.push_back(ToString(object->key()));
  return keys;
}

std::vector<std::string> ErrorsOf(const ParsedManifests& parsed) {
  std::vector<std::string> errors;
  for (const Problem& error : parsed.problems.errors) errors.push_back(error.ToString());
  return errors;
}

using Strings = std::vector<std::string>;

TEST(ParseManifests, ReadsYamlYmlAndJsonAndPassesOverOtherFiles) {
  const ParsedManifests parsed = ParseManifests({
      File("a.yaml", ConfigMapText("one")),
      File("b/c.yml", ConfigMapText("two")),
      File("d.json", R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"three"}})"),
      File("README.md", "a: }"),
      File("yaml", "a: }"),
      File("x.yaml.bak", "a: }"),
      {"gone.yaml", "", nullptr},
  });
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  EXPECT_EQ(KeysOf(parsed),
            (Strings{"ConfigMap default/one", "ConfigMap default/two", "ConfigMap default/three"}));
}

TEST(ParseManifests, QuotesOnlyTheBeginningOfALongKey) {
  const std::string key(2'000'000, 'k');
  const ParsedManifests parsed = ParseManifests(
      {File("a.json", R"({"apiVersion":"v1","kind":"List",")" + key + R"(":1})"),
       File("b.json", R"({")" + key + R"(":1,")" + key + R"(":1})"),
       File("c.json", R"({"apiVersion":"v1","kind":"ConfigMap",")" + key + R"(":1})")});
  ASSERT_EQ(parsed.problems.errors.size(), 4U);
  for (const Problem& error : parsed.problems.errors) EXPECT_LT(error.message.size(), 600U);
}

TEST(ParseManifests, ObjectsKnowTheirPlaceAndNamespace) {
  const ParsedManifests parsed = ParseManifests(
      {File("all.yaml", "# head\n" + ConfigMapText("one") + "---\n" + ConfigMapText("two", "prod") +
                            "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n")},
      "team");
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  ASSERT_EQ(KeysOf(parsed),
            (Strings{"ConfigMap team/one", "ConfigMap prod/two", "Namespace prod"}));
  const std::vector<int> lines = {2, 9, 17};
  for (size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(parsed.objects[i]->metadata.origin.file, "all.yaml");
    EXPECT_EQ(parsed.objects[i]->metadata.origin.line, lines[i]);
    EXPECT_EQ(parsed.objects[i]->metadata.origin.source, "");
  }
}

TEST(ParseManifests, EmptyAndCommentOnlyFilesAreNothing) {
  const ParsedManifests parsed = ParseManifests(
      {File("a.yaml", ""), File("b.yaml", "# nothing\n---\n---\n"), File("c.json", " \n")});
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  EXPECT_TRUE(parsed.objects.empty());
}

TEST(ParseManifests, WhatIsNoManifestIsAnError) {
  const ParsedManifests parsed =
      ParseManifests({File("list.yaml", "- a\n"), File("text.yaml", "---\nhello\n"),
                      File("values.yaml", "x: 1\n"), File("list.json", "\n [1]")});
  EXPECT_TRUE(parsed.objects.empty());
  const Strings errors = ErrorsOf(parsed);
  const auto has = [&](const std::string& text) {
    return std::find(errors.begin(), errors.end(), text) != errors.end();
  };
  EXPECT_TRUE(has("list.json:2:2: a manifest is a map with apiVersion and kind, got list"));
  EXPECT_TRUE(has("list.yaml:1:1: a manifest is a map with apiVersion and kind, got list"));
  EXPECT_TRUE(has("text.yaml:2:1: a manifest is a map with apiVersion and kind, got string"));
  ASSERT_FALSE(errors.empty());
  EXPECT_EQ(errors.back().substr(0, 16), "values.yaml:1:1:");
}

TEST(ParseManifests, ListsAreTakenApart) {
  const std::string item = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")";
  const ParsedManifests parsed = ParseManifests(
      {File("a.json",
            "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"metadata\": {},\n\"items\": [\n" +
                item + "one\"}},\n{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" + item +
                "two\"}}]}\n]}"),
       File("b.yaml", "apiVersion: v1\nkind: List\n")});
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  EXPECT_EQ(KeysOf(parsed), (Strings{"ConfigMap default/one", "ConfigMap default/two"}));
  EXPECT_EQ(parsed.objects[0]->metadata.origin.line, 3);
  EXPECT_EQ(parsed.objects[1]->metadata.origin.line, 4);
}

TEST(ParseManifests, ListsAreReadStrictly) {
  const ParsedManifests parsed =
      ParseManifests({File("a.yaml", "apiVersion: v1\nkind: List\nitem: []\nitems: {}\n"),
                      File("b.yaml", "apiVersion: v1\nkind: List\nitems:\n- 5\n")});
  EXPECT_EQ(ErrorsOf(parsed),
            (Strings{"a.yaml:3:1: unknown field 'item' in a List; it has metadata and items",
                     "a.yaml:4:8: items of a List must be a list, got map",
                     "b.yaml:4:3: a manifest is a map with apiVersion and kind, got integer"}));
}

TEST(ParseManifests, WhatIsKeptWithoutEffectIsSaidOncePerKindAndFile) {
  const auto policy = [](const std::string& name) {
    return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name +
           "}\nspec: {podSelector: {}}\n";
  };
  const ParsedManifests parsed =
      ParseManifests({File("a.yaml", policy("x") + "---\n" + policy("y") + "---\n" + policy("z")),
                      File("b.yaml", policy("w"))});
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  ASSERT_EQ(parsed.problems.warnings.size(), 2U);
  EXPECT_EQ(
      parsed.problems.warnings[0].ToString(),
      "a.yaml:1:1: NetworkPolicy x and 2 more networkpolicies of this file are stored and shown, "
      "but not acted on: traffic between pods is not restricted yet");
  EXPECT_EQ(parsed.problems.warnings[1].ToString().substr(0, 40),
            "b.yaml:1:1: NetworkPolicy w is stored an");
}

TEST(ParseManifests, CustomResourcesOfIgnoredGroupsArePassedOverWithANotice) {
  const std::vector<ManifestFile> files = {File(
      "a.yaml",
      "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: x}\n---\n" +
          ConfigMapText("one") +
          "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
          "metadata: {name: y}\nspec: {group: monitoring.coreos.com}\n")};
  EXPECT_EQ(ErrorsOf(ParseManifests(files)).size(), 2U);
  ManifestCache cache;
  EXPECT_EQ(
      ErrorsOf(ParseManifests(files, "default", {}, &cache, {.ignore_groups = {"other.example"}}))
          .size(),
      2U);
  const ParsedManifests parsed =
      ParseManifests(files, "default", {}, &cache, {.ignore_groups = {"monitoring.coreos.com"}});
  EXPECT_EQ(ErrorsOf(parsed), Strings());
  EXPECT_EQ(parsed.objects.size(), 1U);
  ASSERT_EQ(parsed.problems.warnings.size(), 2U);
  EXPECT_EQ(parsed.problems.warnings[0].ToString(),
            "a.yaml:1:1: ServiceMonitor is passed over: its group "
            "\"monitoring.coreos.com\" is to be ignored");
  // A group of Kubernetes' own is never passed over.
  EXPECT_EQ(ErrorsOf(ParseManifests({File("b.yaml", "apiVersion: apps/v1\nkind: Deploymet\n")},
                                    "default", {}, nullptr, {.ignore_groups = {"apps"}}))
                .size(),
            1U);
}

TEST(ParseManifests, ListsOfOneKindAreTakenApart) {
  const ParsedManifests parsed = ParseManifests(
      {File("a.yaml",
            "apiVersion: v1\nkind: ConfigMapList\nmetadata: {resourceVersion: '1'}\nitems:\n"
            "- metadata: {name: one}\n- {apiVersion: v1, kind: Secret, metadata: {name: two}}\n"
            "- metadata: {name: Three}\n"),
       File("b.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleList\nitems: null\n")});
  EXPECT_EQ(KeysOf(parsed), (Strings{"ConfigMap default/one", "Secret default/two"}));
  ASSERT_EQ(parsed.problems.errors.size(), 1U);
  EXPECT_EQ(parsed.problems.errors[0].line, 7);
}

TEST(ParseManifests, AFileOfSeveralJsonValuesIsSeveralDocuments) {
  const std::string one = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}})";
  const std::string two = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two"}})";
  EXPECT_EQ(KeysOf(ParseManifests({File("a.json", one + "\n" + two + "\n")})),
            (Strings{"ConfigMap default/one", "ConfigMap default/two"}));
  const ParsedManifests broken = ParseManifests({File("a.json", one + "\n{\"a\": }")});
  ASSERT_EQ(broken.problems.errors.size(), 1U);
  EXPECT_EQ(broken.problems.errors[0].ToString().substr(0, 12), "a.json:2:7: ");
}

TEST(ParseManifests, TheNamespaceOfWhatIsClusterWideCountsForNothing) {
  const ParsedManifests parsed =
      ParseManifests({File("a.yaml",
                           "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: "
                           "{name: r, namespace: n}\n")});
  EXPECT_EQ(KeysOf(parsed), Strings{"ClusterRole r"});
  ASSERT_EQ(parsed.problems.warnings.size(), 2U);
  EXPECT_EQ(
      parsed.problems.warnings[1].ToString(),
      "a.yaml:3:32: metadata.namespace: a ClusterRole is cluster-wide: this counts for nothing");
}

TEST(ParseManifests, WhatIsWrittenAndEmptyMissesWhatIsRequiredInside) {
  EXPECT_EQ(ErrorsOf(ParseManifests({File("a.yaml",
                                          "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
                                          "  containers: []\n")})),
            Strings{"a.yaml:5:15: spec.containers: required"});
}

TEST(ParseManifests, WhatIsWrongWithASecretsTextsStandsThere) {
  EXPECT_EQ(ErrorsOf(ParseManifests({File("a.yaml",
                                          "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                                          "stringData:\n  ok: x\n  \"bad key\": y\n")}))
                .at(0)
                .substr(0, 35),
            "a.yaml:6:14: stringData[bad key]: \"");
}

TEST(ParseManifests, ComposeFilesArePassedOverWithAWarning) {
  const ParsedManifests parsed =
      ParseManifests({File("docker-compose.yml",
                           "# Local.\nversion: '3'\nx-env: &env {A: b}\nservices:\n"
                           "  web: {image: nginx, environment: *env}\nvolumes: {v: }\n"),
                      File("a.yaml", ConfigMapText("one"))});
  EXPECT_EQ(ErrorsOf(parsed), Strings{});
  ASSERT_EQ(parsed.problems.warnings.size(), 1U);
  EXPECT_EQ(parsed.problems.warnings[0].ToString(),
            "docker-compose.yml:2:1: passed over: it is a Docker Compose file, not a manifest");
  EXPECT_EQ(KeysOf(parsed), Strings{"ConfigMap default/one"});
  // What lost its head is none, nor is what has anything else.
  for (const std::string text :
       {"services: []\n", "services: {}\n", "version: '3'\n", "services: {web: {}}\nspec: {}\n",
        "services: {web: {}}\nmetadata: {name: a}\n"}) {
    EXPECT_EQ(ErrorsOf(ParseManifests({File("a.yaml", text)})).size(), 1U) << text;
  }
}

TEST(ParseManifests, TheSameObjectTwiceNamesBothPlaces) {
  const ParsedManifests parsed =
      ParseManifests({File("b.yaml", "---\n" + ConfigMapText("one", "default")),
                      File("a.yaml", ConfigMapText("one") + "---\n" + ConfigMapText("one", "x"))});
  EXPECT_EQ(ErrorsOf(parsed),
            Strings{"b.yaml:2:1: ConfigMap default/one is declared twice; the first is at "
                    "a.yaml:1"});
  EXPECT_EQ(KeysOf(parsed), (Strings{"ConfigMap default/one", "ConfigMap x/one"}));
}

TEST(ParseManifests, JsonErrorsCarryTheirPosition) {
  const ParsedManifests parsed = ParseManifests(
      {File("a.json", "{\n  \"a\": 1,\n  \"a\": 2}"), File("b.json", "\xef\xbb\xbf{\"a\": }")});
  ASSERT_EQ(parsed.problems.errors.size(), 2U);
  EXPECT_EQ(parsed.problems.errors[0].ToString(), "a.json:3:3: duplicate key 'a', first on line 2");
  EXPECT_EQ(parsed.problems.errors[1].ToString().substr(0, 12), "b.json:1:7: ");
}

TEST(ParseManifests, ProblemsAreSortedAndDoNotDependOnTheOrderOfFiles) {
  std::vector<ManifestFile> files;
  for (int i = 0; i < 8; ++i) {
    const std::string name = "f" + std::to_string(i) + ".yaml";
    files.push_back(File(name, i % 2 == 0 ? "a: }\n---\nb: [\n---\nc: 1\nc: 2\n"
                                          : ConfigMapText("same") + "---\n" +
                                                ConfigMapText("n" + std::to_string(i))));
  }
  const ParsedManifests expected = ParseManifests(files);
  ASSERT_GT(expected.problems.errors.size(), 10U);
  EXPECT_TRUE(std::is_sorted(expected.problems.errors.begin(), expected.problems.errors.end(),
                             [](const Problem& a, const Problem& b) {
                               return std::tie(a.file, a.line, a.column) <
                                      std::tie(b.file, b.line, b.column);
                             }));
  SeededRandom random(9);
  for (int round = 0; round < 20; ++round) {
    for (size_t i = files.size() - 1; i > 0; --i) std::swap(files[i], files[random.Below(i + 1)]);
    const ParsedManifests parsed = ParseManifests(files);
    ASSERT_EQ(ErrorsOf(parsed), ErrorsOf(expected));
    ASSERT_EQ(KeysOf(parsed), KeysOf(expected));
  }
}

TEST(ParseManifests, ProblemsAreLimitedAndTheRestCounted) {
  ManifestLimits limits;
  limits.max_problems = 3;
  std::vector<ManifestFile> files;
  for (int i = 0; i < 5; ++i) files.push_back(File(std::to_string(i) + ".yaml", "a: }\n"));
  const ParsedManifests parsed = ParseManifests(files, "default", limits);
  ASSERT_EQ(parsed.problems.errors.size(), 4U);
  EXPECT_EQ(parsed.problems.errors[2].file, "2.yaml");
  EXPECT_EQ(parsed.problems.errors[3].message, "2 more errors are not shown");
  EXPECT_EQ(parsed.problems.errors[3].rule, Rule::kLimit);
}

TEST(ParseManifests, ObjectsAreLimited) {
  ManifestLimits limits;
  limits.max_objects = 2;
  std::vector<ManifestFile> files;
  for (int i = 0; i < 2; ++i) {
    files.push_back(File(std::to_string(i) + ".yaml", ConfigMapText("c" + std::to_string(i))));
  }
  EXPECT_EQ(ErrorsOf(ParseManifests(files, "default", limits)), Strings());
  files.push_back(File("2.yaml", ConfigMapText("c2") + "---\n" + ConfigMapText("c3")));
  const ParsedManifests parsed = ParseManifests(files, "default", limits);
  EXPECT_EQ(ErrorsOf(parsed), Strings{"2.yaml:1:1: more than 2 objects in one source"});
  EXPECT_EQ(parsed.objects.size(), 2U);
}

TEST(ParseManifests, JsonHasTheSameLimits) {
  ManifestLimits limits;
  limits.max_file_bytes = 10;
  limits.max_depth = 3;
  limits.max_nodes_per_file = 3;
  const ParsedManifests parsed = ParseManifests(
      {File("a.json", "[1,2,3,4,5]"), File("b.json", "[[[[]]]]"), File("c.json", "[1,2,3]")},
      "default", limits);
  EXPECT_EQ(ErrorsOf(parsed), (Strings{"a.json:1:1: JSON of 11 bytes; the limit is 10",
                                       "b.json:1:4: JSON nested deeper than 3",
                                       "c.json:1:6: JSON of more than 3 values"}));
}

std::string Shown(const ParsedManifests& parsed) {
  std::string text;
  for (const ObjectPtr& object : parsed.objects) {
    text += EncodeObjectJson(*object, EncodeFor::kStore) + "\n";
  }
  for (const Problem& problem : parsed.problems.errors) text += problem.ToString() + "\n";
  for (const Problem& problem : parsed.problems.warnings) text += problem.ToString() + "\n";
  return text;
}

TEST(ManifestCache, WhatDidNotChangeIsNotReadAgain) {
  std::vector<ManifestFile> files = {File("a.yaml", ConfigMapText("a", "default")),
                                     File("b.yaml", ConfigMapText("b", "default"))};
  ManifestCache cache;
  const ParsedManifests first = ParseManifests(files, "default", {}, &cache);
  EXPECT_EQ(cache.files(), 2U);
  files[1] = File("b.yaml", ConfigMapText("c", "default"));
  // Other bytes in the same place, and the same bytes in another.
  files[0].bytes = std::make_shared<const std::string>(*files[0].bytes);
  const ParsedManifests second = ParseManifests(files, "default", {}, &cache);
  ASSERT_EQ(second.objects.size(), 2U);
  EXPECT_EQ(second.objects[0], first.objects[0]);  // the very same object
  EXPECT_EQ(second.objects[1]->metadata.name, "c");
  // A file that is gone is forgotten.
  files.pop_back();
  EXPECT_EQ(ParseManifests(files, "default", {}, &cache).objects.size(), 1U);
  EXPECT_EQ(cache.files(), 1U);
}

TEST(ManifestCache, ChangesNothingOfWhatIsSaid) {
  const std::vector<ManifestFile> pool = {
      File("a.yaml", ConfigMapText("a", "default")),
      File("a.yaml", ConfigMapText("b", "default")),
      File("a.yaml", "- a\n--- \nnonsense: [\n---\n" + ConfigMapText("a", "default")),
      File("b.yaml", ConfigMapText("a", "default")),
      File("b.yaml",
           "apiVersion: v1\nkind: List\nitem: 1\nitems:\n- 7\n- {apiVersion: v1, kind: "
           "ConfigMap, metadata: {name: b}}\n"),
      File("c.json", "{\"apiVersion\": \"v1\", \"kind\": \"Nothing\"}"),
      File("d.txt", "passed over"),
  };
  ManifestCache cache;
  for (size_t chosen = 0; chosen < size_t{1} << pool.size(); ++chosen) {
    std::vector<ManifestFile> files;
    for (size_t i = 0; i < pool.size(); ++i) {
      if ((chosen >> i & 1) != 0) files.push_back(pool[i]);
    }
    EXPECT_EQ(Shown(ParseManifests(files, "default", {}, &cache)), Shown(ParseManifests(files)))
        << chosen;
  }
}

TEST(ManifestCache, KeepsNoMoreThanItsLimit) {
  const std::string filling(ManifestCache::kMaxBytes / 4, 'x');
  std::vector<ManifestFile> files;
  for (int i = 0; i < 9; ++i) {
    files.push_back(File(std::to_string(i) + ".yaml",
                         "# " + filling + "\n" + ConfigMapText(std::to_string(i), "x")));
  }
  ManifestCache cache;
  const std::string expected = Shown(ParseManifests(files));
  EXPECT_EQ(Shown(ParseManifests(files, "default", {}, &cache)), expected);
  EXPECT_EQ(cache.files(), 3U);
  EXPECT_EQ(Shown(ParseManifests(files, "default", {}, &cache)), expected);
}

}  // namespace
}  // namespace reconcile
