#include "reconciler/facts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reconciler/desired.h"
#include "tests/support/kept_in_memory.h"

namespace reconcile {
namespace {

ManifestFile FileOf(const std::string& path, const std::string& text) {
  return {path, "id of " + text, std::make_shared<const std::string>(text)};
}

// Something of everything that may be wrong between objects, and right.
std::vector<ManifestFile> Tree() {
  const std::string pod_of =
      "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i:1, "
      "envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: missing}}], env: [{name: A, "
      "valueFrom: {configMapKeyRef: {name: settings, key: there}}}, {name: B, valueFrom: "
      "{configMapKeyRef: {name: settings, key: gone}}}, {name: C, valueFrom: {secretKeyRef: {name: "
      "login, key: password}}}, {name: D, valueFrom: {secretKeyRef: {name: login, key: gone}}}]}], "
      "volumes: [{name: a, persistentVolumeClaim: {claimName: data-db-0}}, {name: b, "
      "persistentVolumeClaim: {claimName: data-db-x}}]}}";
  return {
      FileOf("a/web.yaml",
             "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {selector: "
             "{matchLabels: {app: web}}, " +
                 pod_of + "}\n"),
      FileOf("a/services.yaml",
             "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, "
             "ports: [{name: http, port: 80}]}\n---\napiVersion: v1\nkind: Service\nmetadata: "
             "{name: nobody}\nspec: {selector: {app: nobody}, ports: [{port: 80}]}\n---\n"
             "apiVersion: v1\nkind: Service\nmetadata: {name: away}\nspec: {type: ExternalName, "
             "externalName: away.example.com}\n"),
      FileOf("a/ingress.yaml",
             "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i}\nspec: {rules: "
             "[{http: {paths: [{path: /a, pathType: Prefix, backend: {service: {name: web, port: "
             "{name: http}}}}, {path: /b, pathType: Prefix, backend: {service: {name: web, port: "
             "{number: 81}}}}, {path: /c, pathType: Prefix, backend: {service: {name: away, port: "
             "{number: 443}}}}]}}]}\n"),
      FileOf("b/db.yaml",
             "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {serviceName: "
             "none, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, "
             "spec: {containers: [{name: c, image: i:1}]}}, volumeClaimTemplates: [{metadata: "
             "{name: data}, spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: "
             "1Gi}}}}]}\n"),
      FileOf("b/budgets.yaml",
             "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: some}\nspec: "
             "{minAvailable: 1, selector: {matchExpressions: [{key: app, operator: In, values: "
             "[db, web]}]}}\n---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: "
             "{name: none}\nspec: {minAvailable: 1, selector: {matchExpressions: [{key: app, "
             "operator: DoesNotExist}]}}\n"),
      FileOf("b/settings.yaml",
             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {there: v}\n"),
      FileOf("b/login.yaml",
             "apiVersion: v1\nkind: Secret\nmetadata: {name: login}\nstringData: {password: "
             "hunter2}\n"),
      FileOf("c/kustomization.yaml", "namePrefix: k-\nresources: [map.yaml, far.yaml]\n"),
      FileOf("c/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"),
      FileOf("c/far.yaml",
             "apiVersion: v1\nkind: Pod\nmetadata: {name: far, namespace: nowhere}\nspec: "
             "{containers: [{name: c, image: i:1}], serviceAccountName: x}\n"),
  };
}

std::string Described(Problems problems, const std::vector<ManifestDocument>& documents,
                      bool with_places = true) {
  std::string text;
  for (const auto* list : {&problems.errors, &problems.warnings}) {
    for (const Problem& problem : *list) {
      text += (with_places ? problem.ToString() : problem.message) + " " +
              std::string(InfoOf(problem.rule).id) + "\n";
    }
  }
  for (const ManifestDocument& document : documents) {
    text += document.file + ":" + std::to_string(document.mark.line) + " " + document.kind + " " +
            document.namespace_name + "/" + document.name + (document.is_read ? "\n" : " unread\n");
  }
  return text;
}

// All that `validate` has to say, as it is said.
std::string Validated(const std::vector<ManifestFile>& files, KeptManifests* kept,
                      bool with_places = true) {
  std::vector<ManifestDocument> documents;
  ParsedManifests parsed = ParseManifests(
      files, "default", {}, nullptr,
      {.kept = kept, .check = CheckDeclared, .digest = PackFacts, .documents = &documents});
  EXPECT_TRUE(parsed.objects.empty());
  if (parsed.problems.errors.empty()) {
    EXPECT_TRUE(CheckTogether(parsed.digests, &parsed.problems));
  }
  return Described(std::move(parsed.problems), documents, with_places);
}

// The same by the objects themselves; what is wrong between them in another order, and at the
// objects' lines.
std::vector<std::string> SortedLines(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}
std::string ValidatedByObjects(const std::vector<ManifestFile>& files) {
  std::vector<ManifestDocument> documents;
  ParsedManifests parsed = ParseManifests(files, "default", {}, nullptr, {.documents = &documents});
  EXPECT_TRUE(parsed.digests.empty());
  BuildDesired("", "", parsed.objects, ClusterState(), &parsed.problems);
  return Described(std::move(parsed.problems), documents, false);
}

TEST(Facts, ColdFromWhatIsKeptAndByTheObjectsTheSameIsSaid) {
  KeptInMemory kept;
  const std::string without = Validated(Tree(), nullptr);
  EXPECT_EQ(Validated(Tree(), &kept), without);
  EXPECT_EQ(kept.found_count, 0);
  EXPECT_EQ(Validated(Tree(), &kept), without);
  EXPECT_EQ(kept.found_count, 6);  // nothing of what is rendered, nor of the Secret's file
  EXPECT_EQ(SortedLines(Validated(Tree(), nullptr, false)),
            SortedLines(ValidatedByObjects(Tree())));
  for (const char* said :
       {"there is no namespace \"nowhere\"", "uses Secret default/missing, which is not",
        "uses key 'gone' of ConfigMap default/settings", "uses key 'gone' of Secret default/login",
        "uses PersistentVolumeClaim default/data-db-x", "Service default/nobody: selects no pod",
        "PodDisruptionBudget default/none: selects no pod", "uses port '81' of Service default/web",
        "uses Service default/none", "but not acted on"}) {
    EXPECT_NE(without.find(said), std::string::npos) << said << "\n" << without;
  }
  for (const char* fine : {"data-db-0", "'password'", "'there'", "'443'", "default/some: "}) {
    EXPECT_EQ(without.find(fine), std::string::npos) << fine << "\n" << without;
  }
}

TEST(Facts, OneChangedFileIsReadAnewAmongTheKept) {
  KeptInMemory kept;
  std::vector<ManifestFile> files = Tree();
  Validated(files, &kept);
  files[5] =
      FileOf("b/settings.yaml",
             "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {gone: v}\n");
  const std::string changed = Validated(files, &kept);
  EXPECT_EQ(kept.found_count, 5);
  EXPECT_EQ(changed, Validated(files, nullptr));
  EXPECT_NE(changed.find("uses key 'there'"), std::string::npos) << changed;
}

TEST(Facts, DuplicatesAndLimitsAreSaidAsOfObjects) {
  std::vector<ManifestFile> files = Tree();
  files.push_back(FileOf("z.yaml", *files[5].bytes));
  KeptInMemory kept;
  for (int turn = 0; turn < 2; ++turn) {
    const std::string said = Validated(files, &kept);
    EXPECT_NE(said.find("z.yaml:1:1: ConfigMap default/settings is declared twice; the first is at "
                        "b/settings.yaml:1"),
              std::string::npos)
        << said;
    const ParsedManifests few = ParseManifests(Tree(), "default", {.max_objects = 3}, nullptr,
                                               {.kept = &kept, .digest = PackFacts});
    ASSERT_EQ(few.digests.size(), 3U);
    EXPECT_NE(few.problems.errors.at(0).message.find("more than 3 objects"), std::string::npos);
  }
}

TEST(Facts, OfASecretThereAreTheKeysAlone) {
  const ParsedManifests parsed =
      ParseManifests({Tree()[6]}, "default", {}, nullptr, {.kept = nullptr, .digest = PackFacts});
  ASSERT_EQ(parsed.digests.size(), 1U);
  EXPECT_NE(parsed.digests[0].bytes.find("password"), std::string_view::npos);
  EXPECT_EQ(parsed.digests[0].bytes.find("hunter2"), std::string_view::npos);
  const auto facts = UnpackFacts(parsed.digests[0]);
  ASSERT_TRUE(facts.has_value());
  EXPECT_EQ(facts->parts, std::vector<std::string_view>{"password"});
}

TEST(Facts, WhatIsCutShortOrLongerIsNothing) {
  const ParsedManifests parsed =
      ParseManifests(Tree(), "default", {}, nullptr, {.digest = PackFacts});
  ASSERT_EQ(parsed.digests.size(), 12U);
  for (ObjectDigest digest : parsed.digests) {
    const std::string good(digest.bytes);
    for (size_t size = 0; size < good.size(); ++size) {
      digest.bytes = std::string_view(good).substr(0, size);
      EXPECT_FALSE(UnpackFacts(digest).has_value());
      std::string changed = good;  // any result will do: the sanitizers watch
      changed[size] = static_cast<char>(changed[size] ^ 0xFF);
      digest.bytes = changed;
      UnpackFacts(digest);
    }
    const std::string longer = good + '\0';
    digest.bytes = longer;
    Problems problems;
    EXPECT_FALSE(CheckTogether({digest}, &problems));
    EXPECT_TRUE(problems.errors.empty() && problems.warnings.empty());
  }
}

}  // namespace
}  // namespace reconcile
