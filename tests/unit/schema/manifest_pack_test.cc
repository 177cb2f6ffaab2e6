#include "schema/manifest_pack.h"

#include <gtest/gtest.h>

#include "schema/manifests.h"
#include "schema/packed.h"
#include "tests/support/kept_in_memory.h"

namespace reconcile {
namespace {

constexpr std::string_view kConfigMap =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";

ManifestFile FileOf(const std::string& path, std::string_view text, const std::string& id = "") {
  return {path, id.empty() ? "id of " + std::string(text) : id,
          std::make_shared<const std::string>(text)};
}

std::string Described(const ParsedManifests& parsed) {
  std::string text;
  for (const ObjectPtr& object : parsed.objects) {
    text += EncodeObjectJson(*object, EncodeFor::kStore) + "\n";
  }
  for (const ObjectDigest& digest : parsed.digests) {
    text += ToString(digest.key) + " " + digest.origin.file + ":" +
            std::to_string(digest.origin.line) + " " + std::string(digest.bytes) + "\n";
  }
  for (const auto* problems : {&parsed.problems.errors, &parsed.problems.warnings}) {
    for (const Problem& problem : *problems) {
      text += problem.ToString() + " " + std::string(InfoOf(problem.rule).id) + "\n";
    }
  }
  return text;
}

// With all that a manifest says of an object as its digest.
ParsedManifests Read(const std::vector<ManifestFile>& files, KeptManifests* kept,
                     std::vector<ManifestDocument>* documents = nullptr) {
  const auto digest = [](const Object& object, const FieldPlaces&) {
    return EncodeObjectJson(object, EncodeFor::kUser);
  };
  return ParseManifests(files, "default", {}, nullptr,
                        {.kept = kept, .digest = digest, .documents = documents});
}

TEST(PackWriter, NumbersOfAllSizesAreReadBack) {
  PackWriter out;
  const std::vector<int64_t> numbers = {0,   1,   -1,  63,      64,        -64,
                                        -65, 127, 128, 1 << 20, INT64_MAX, INT64_MIN};
  for (const int64_t number : numbers) out.Signed(number);
  out.Text("text");
  const std::string packed = out.Take();
  PackReader in(packed);
  for (const int64_t number : numbers) EXPECT_EQ(in.Signed(), number);
  EXPECT_EQ(in.Text(), "text");
  EXPECT_TRUE(in.ok() && in.AtEnd());
  EXPECT_EQ(in.Number(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(PackReader, WhatIsCutShortOrNoNumberFailsAndIsEmpty) {
  PackReader cut("\x05text");
  EXPECT_EQ(cut.Text(), "");
  EXPECT_FALSE(cut.ok());
  PackReader endless(std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11));
  EXPECT_EQ(endless.Number(), 0U);
  EXPECT_FALSE(endless.ok());
  PackReader many("\x03xy");
  EXPECT_EQ(many.Count(), 0U);
  EXPECT_FALSE(many.ok());
}

TEST(KeptManifests, FilesReadBeforeGiveTheSameDigestsAndProblemsAtTheirPathOfNow) {
  KeptInMemory kept;
  const std::string broken =
      std::string(kConfigMap) +
      "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {contianers: []}\n";
  const auto fresh = Read({FileOf("b.yaml", broken)}, nullptr);
  Read({FileOf("a.yaml", broken)}, &kept);
  EXPECT_EQ(kept.found_count, 0);
  const auto again = Read({FileOf("b.yaml", broken)}, &kept);
  EXPECT_EQ(kept.found_count, 1);
  EXPECT_EQ(Described(again), Described(fresh));
  EXPECT_NE(Described(again).find("b.yaml:9:"), std::string::npos) << Described(again);
  EXPECT_NE(Described(again).find("unknown-field"), std::string::npos) << Described(again);
}

// Where digests are wanted, there is one in the place of each object, and no object.
TEST(KeptManifests, DigestsStandForObjectsAndAreKeptInTheirPlace) {
  KeptInMemory kept;
  const std::string two = std::string(kConfigMap) +
                          "---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: n}\n"
                          "spec: {loadBalancerIP: 192.0.2.1, ports: [{port: 80}]}\n---\n"
                          "apiVersion: v1\nkind: Nothing\n";
  const auto read = [&](const std::string& path) {
    std::vector<ManifestDocument> documents;
    const ParsedManifests parsed = Read({FileOf(path, two)}, &kept, &documents);
    EXPECT_TRUE(parsed.objects.empty());
    std::string text = Described(parsed);
    for (const ManifestDocument& document : documents) text += document.kind + "\n";
    return text;
  };
  const std::string fresh = read("b.yaml");
  EXPECT_EQ(fresh.find("ConfigMap default/c b.yaml:1 {"), 0U) << fresh;
  EXPECT_NE(fresh.find("}\nService n/s b.yaml:6 {"), std::string::npos) << fresh;
  EXPECT_NE(fresh.find("accepted, not acted on"), std::string::npos) << fresh;
  EXPECT_EQ(kept.kept.size(), 1U);
  EXPECT_EQ(read("b.yaml"), fresh);
  EXPECT_EQ(kept.found_count, 1);
  EXPECT_NE(read("c.yaml").find("Service n/s c.yaml:6 {"), std::string::npos);
  EXPECT_EQ(kept.found_count, 2);
}

TEST(KeptManifests, WholeObjectsAreNeverKept) {
  KeptInMemory kept;
  const std::vector<ManifestFile> files = {FileOf("a.yaml", kConfigMap)};
  EXPECT_DEATH(ParseManifests(files, "default", {}, nullptr, {.kept = &kept}),
               "CHECK failed: reading.kept == nullptr");
  const ParsedManifests parsed = ParseManifests(files);
  EXPECT_DEATH(PackItems({ReadItem{.object = parsed.objects.at(0)}}),
               "CHECK failed: item.object == nullptr");
}

TEST(KeptManifests, TheSameBytesAreOneThingAsYamlAndAnotherAsJson) {
  KeptInMemory kept;
  const std::string text = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}";
  EXPECT_TRUE(Read({FileOf("a.yaml", text)}, &kept).problems.errors.empty());
  EXPECT_FALSE(Read({FileOf("a.json", text)}, &kept).problems.errors.empty());
  EXPECT_EQ(kept.found_count, 0);
}

TEST(KeptManifests, WhatCannotBeUnpackedIsReadAnew) {
  KeptInMemory kept;
  const std::string fresh = Described(Read({FileOf("a.yaml", kConfigMap)}, &kept));
  ASSERT_EQ(kept.kept.size(), 1U);
  const std::string good = kept.kept.begin()->second;
  kept.kept.begin()->second = "foreign";
  EXPECT_EQ(Described(Read({FileOf("a.yaml", kConfigMap)}, &kept)), fresh);
  EXPECT_EQ(kept.kept.begin()->second, good);
}

TEST(UnpackItems, WhatIsCutShortOrLongerIsNothing) {
  const std::string file = std::string(kConfigMap) +
                           "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {a: 1}\n"
                           "---\napiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\n";
  KeptInMemory kept;
  Read({FileOf("a.yaml", file)}, &kept);
  ASSERT_EQ(kept.kept.size(), 1U);
  const std::string good = kept.kept.begin()->second;
  const auto items = UnpackItems(good, "a.yaml");
  ASSERT_TRUE(items.has_value());
  ASSERT_EQ(items->size(), 4U);  // the first is of the file as a whole
  EXPECT_TRUE(items->at(1).digest.has_value());
  EXPECT_FALSE(items->at(2).problems.errors.empty());
  EXPECT_EQ(items->at(3).group, "example.com");
  EXPECT_EQ(PackItems(*items), good);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(UnpackItems(std::string_view(good).substr(0, size), "a.yaml").has_value());
    // Any result will do: the sanitizers watch.
    std::string changed = good;
    changed[size] = static_cast<char>(changed[size] ^ 0xFF);
    UnpackItems(changed, "a.yaml");
  }
  EXPECT_FALSE(UnpackItems(good + '\0', "a.yaml").has_value());
}

// FAULTS 25: nothing of a file that holds a Secret, or may, is kept.
TEST(KeptManifests, NothingIsKeptOfFilesThatMayHoldASecret) {
  const std::string secret =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2}\n";
  const std::string head = std::string(kConfigMap) + "---\n";
  for (const std::string& text :
       {secret, head + secret,
        head + "apiVersion: v1\nkind: List\nitems:\n- " +
            "{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {}}\n",
        head + "apiVersion: v1\nkind: secret\nmetadata: {name: s}\nstringData: {token: hunter2}\n",
        head + "apiVersion: v2\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2}\n",
        head + "apiVersion: v1\nkind: \"\\x53ecret\"\nmetadata: {name: s}\nstringData: {a: b}\n",
        head + "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\n",
        head + "stringData: {token: hunter2}\n", head + "kind: [Secret]\n", head + "a: b: c\n",
        head + "[hunter2]\n", std::string("kind: Secret\nkind: Secret\n")}) {
    KeptInMemory kept;
    Read({FileOf("a.yaml", text)}, &kept);
    EXPECT_TRUE(kept.kept.empty()) << text;
  }
  KeptInMemory kept;
  Read({FileOf("a.json", R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"}})")}, &kept);
  Read({FileOf("b.yaml", kConfigMap)}, &kept);
  EXPECT_EQ(kept.kept.size(), 1U);
}

TEST(ParseManifests, ReadsTheSameInTurnAndInAnyOrder) {
  // The last first: as far from "in turn" as it gets.
  class Backwards final : public Parallel {
   public:
    void ForEach(size_t count, const std::function<void(size_t)>& work) override {
      for (size_t i = count; i > 0; --i) work(i - 1);
    }
  };
  std::vector<ManifestFile> files;
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i % 40);
    files.push_back(FileOf("f" + std::to_string(i) + ".yaml",
                           "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c" + name + "}\n" +
                               (i % 7 == 0 ? "dota: {}\n" : "")));
  }
  Backwards backwards;
  const auto in_turn = ParseManifests(files);
  const auto other = ParseManifests(files, "default", {}, nullptr, {.parallel = &backwards});
  EXPECT_EQ(Described(other), Described(in_turn));
  EXPECT_NE(Described(in_turn).find("declared twice"), std::string::npos);
}

TEST(ParseManifests, WhatACheckFindsStandsAmongTheProblems) {
  const auto parsed = ParseManifests(
      {FileOf("a.yaml", kConfigMap)}, "default", {}, nullptr,
      {.check = [](const Object& object, Problems* problems) {
        problems->warnings.push_back(
            {object.metadata.origin.file, 1, 1, "seen " + object.metadata.name, Rule::kAdvice});
      }});
  ASSERT_EQ(parsed.problems.warnings.size(), 1U);
  EXPECT_EQ(parsed.problems.warnings[0].ToString(), "a.yaml:1:1: seen c");
}

}  // namespace
}  // namespace reconcile
