// The lines of the list of faults that are about input; each test is named for its line.
#include "schema/manifests.h"
#include "schema/pod.h"
#include "tests/unit/schema/bounded_run.h"

namespace reconcile {
namespace {

constexpr long kMemoryBoundKib = 64 * 1024;

std::string Repeat(std::string_view text, size_t times) {
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

// Number of objects and the errors that a commit with this one file gives.
std::string Parse(const ManifestFile& file) {
  const ParsedManifests parsed = ParseManifests({file});
  std::string shown = std::to_string(parsed.objects.size()) + " objects\n";
  for (const Problem& error : parsed.problems.errors) shown += error.ToString() + "\n";
  return shown;
}

// The same in a child that may neither hang, crash nor take much memory.
std::string ParseBounded(const std::string& path, const std::string& text) {
  const ManifestFile file{path, "blob", std::make_shared<const std::string>(text)};
  const BoundedRun run = RunBounded([&] { return Parse(file); });
  EXPECT_TRUE(run.finished) << path;
  if (kMeasuresMemory) {
    EXPECT_LT(run.growth_kib, kMemoryBoundKib) << path;
  }
  return run.output;
}

std::string ConfigMapWith(std::string_view rest) {
  std::string text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n";
  return text.append(rest);
}

TEST(Faults, Line01_AFileOfOneCommaIsRefusedWithPosition) {
  EXPECT_EQ(ParseBounded("a.yaml", ","),
            "0 objects\na.yaml:1:1: unexpected text; the value before it is complete\n");
  EXPECT_EQ(ParseBounded("a.json", ",").substr(0, 23), "0 objects\na.json:1:1: n");
}

TEST(Faults, Line01_ANulByteIsRefusedWithPosition) {
  EXPECT_EQ(ParseBounded("a.yaml", std::string("a: 1\nb: \0", 9)),
            "0 objects\na.yaml:2:4: NUL byte: this is not a text file\n");
}

TEST(Faults, Line01_InvalidUtf8IsRefusedWithPosition) {
  EXPECT_EQ(ParseBounded("a.yaml", "a: 1\nb: \xc3("), "0 objects\na.yaml:2:4: not valid UTF-8\n");
  EXPECT_EQ(ParseBounded("a.json", "[\"\xff\"]").substr(0, 21), "0 objects\na.json:1:3:");
}

TEST(Faults, Line01_ATabIndentIsRefusedWithPosition) {
  EXPECT_EQ(ParseBounded("a.yaml", "a:\n\tb: 1\n"),
            "0 objects\na.yaml:2:1: a tab in the indentation; YAML takes spaces only\n");
}

TEST(Faults, Line01_AByteOrderMarkIsAccepted) {
  EXPECT_EQ(ParseBounded("a.yaml", "\xef\xbb\xbf" + ConfigMapWith("")), "1 objects\n");
}

TEST(Faults, Line02_AliasBombIsRefusedByItsBudget) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias +
            Repeat(", " + alias, 9) + "]\n";
  }
  EXPECT_EQ(ParseBounded("a.yaml", text),
            "0 objects\na.yaml:4:45: aliases expand to more than 10000 values in one file\n");
  EXPECT_EQ(ParseBounded("a.yaml", "a: &a '" + std::string(1 << 20, 'x') + "'\nb:\n" +
                                       Repeat("- *a\n", 5000)),
            "0 objects\na.yaml:5:3: aliases expand to more than 10000 values in one file\n");
}

TEST(Faults, Line02_CyclicAliasIsRefused) {
  EXPECT_EQ(ParseBounded("a.yaml", "a: &x\n  b: *x\n"),
            "0 objects\na.yaml:2:6: this alias stands inside what it names: a cycle\n");
}

TEST(Faults, Line03_DeepNestingIsRefusedByItsLimit) {
  constexpr size_t kDepth = 100'000;
  for (const char* piece : {"[", "{a: ", "{\"a\": ", "- ", "a: [", "[\n"}) {
    const std::string shown = ParseBounded("a.yaml", Repeat(piece, kDepth));
    EXPECT_EQ(shown.substr(0, 17), "0 objects\na.yaml:") << piece;
  }
  EXPECT_NE(ParseBounded("a.yaml", Repeat("[", kDepth)).find("nested deeper than 64"),
            std::string::npos);
  EXPECT_NE(ParseBounded("a.yaml", Repeat("{a: ", kDepth)).find("nested deeper than 64"),
            std::string::npos);
  EXPECT_NE(ParseBounded("a.yaml", Repeat("- ", kDepth)).find("nested deeper than 64"),
            std::string::npos);
  EXPECT_EQ(ParseBounded("a.json", Repeat("[", kDepth)),
            "0 objects\na.json:1:65: JSON nested deeper than 64\n");
  EXPECT_EQ(ParseBounded("a.json", Repeat("{\"a\":", kDepth)),
            "0 objects\na.json:1:321: JSON nested deeper than 64\n");
}

TEST(Faults, Line03_AFileOf100MegabytesIsRefusedByItsLimit) {
  const std::string text(100'000'000, ' ');
  EXPECT_EQ(ParseBounded("a.yaml", text),
            "0 objects\na.yaml:1:1: the file has 100000000 bytes; the limit is 3145728\n");
  EXPECT_EQ(ParseBounded("a.json", "[" + text + "]"),
            "0 objects\na.json:1:1: JSON of 100000002 bytes; the limit is 3145728\n");
}

TEST(Faults, Line03_TenThousandDocumentsAreRefusedByTheirLimit) {
  const std::string shown = ParseBounded("a.yaml", Repeat("---\na: 1\n", 10'000));
  EXPECT_NE(shown.find("a.yaml:2001:1: more than 1000 documents in one file\n"), std::string::npos);
}

TEST(Faults, Line04_DuplicateKeyNamesBothLines) {
  EXPECT_EQ(ParseBounded("a.yaml", ConfigMapWith("data:\n  k: 1\n  k: 2\n")),
            "0 objects\na.yaml:7:3: duplicate key 'k', first on line 6\n");
  EXPECT_EQ(ParseBounded("a.json", "{\"kind\": 1,\n\"kind\": 2}"),
            "0 objects\na.json:2:1: duplicate key 'kind', first on line 1\n");
}

std::string PodWith(std::string_view spec, std::string_view labels = "{}") {
  std::string text = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  labels: ";
  text.append(labels).append("\nspec:\n").append(spec);
  return text.append("  containers:\n  - name: a\n    image: nginx\n");
}

TEST(Faults, Line04_UnknownFieldNamesTheNearestKnownOne) {
  EXPECT_EQ(ParseBounded("a.yaml", PodWith("  restartPolcy: Always\n")),
            "0 objects\na.yaml:7:3: spec: unknown field \"restartPolcy\"; did you mean "
            "\"restartPolicy\"?\n");
}

TEST(Faults, Line04_ValidButUnsupportedFieldHasItsOwnMessage) {
  const std::string shown = ParseBounded("a.yaml", PodWith("  ephemeralContainers: [{}]\n"));
  EXPECT_EQ(shown.substr(0, shown.find(" here")),
            "0 objects\na.yaml:7:3: spec.ephemeralContainers: valid in Kubernetes, not yet "
            "supported");
}

TEST(Faults, Line05_StringFieldsTakeNoPlainBooleanOrNumber) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"no", "boolean no"},      {"on", "boolean on"},  {"0644", "number 0644"},
      {"0o644", "number 0o644"}, {"1e3", "number 1e3"}, {"12", "number 12"},
  };
  for (const auto& [written, shown] : cases) {
    EXPECT_EQ(ParseBounded("a.yaml", PodWith("", "{x: " + written + "}")),
              "0 objects\na.yaml:5:15: metadata.labels[x]: must be a string, not the " + shown +
                  "; quote it: \"" + written + "\"\n");
    EXPECT_EQ(ParseBounded("a.yaml", PodWith("", "{x: \"" + written + "\"}")), "1 objects\n");
  }
  EXPECT_EQ(ParseBounded("a.yaml", PodWith("", "{x: null}")), "1 objects\n");
}

// What the field of an accepted manifest holds.
int64_t GraceSeconds(const std::string& written) {
  const std::string text = PodWith("  terminationGracePeriodSeconds: " + written + "\n");
  const ParsedManifests parsed =
      ParseManifests({{"a.yaml", "", std::make_shared<const std::string>(text)}});
  return parsed.objects.empty()
             ? -1
             : As<Pod>(*parsed.objects[0])->spec.termination_grace_period_seconds;
}

TEST(Faults, Line05_IntegerFieldsTakeEveryBaseOfIntegersAlone) {
  EXPECT_EQ(GraceSeconds("0644"), 420);
  EXPECT_EQ(GraceSeconds("0o644"), 420);
  EXPECT_EQ(GraceSeconds("0x10"), 16);
  EXPECT_EQ(GraceSeconds("null"), 30);  // the default
  // kubectl sends these as integers.
  EXPECT_EQ(GraceSeconds("1e3"), 1000);
  EXPECT_EQ(GraceSeconds("1.0"), 1);
  for (const char* refused : {"no", "on", "1.5", "\"12\"", "'0'", "1e300", ".inf"}) {
    EXPECT_EQ(GraceSeconds(refused), -1) << refused;
  }
}

TEST(Faults, Line05_QuantitiesTakeNumbersAndText) {
  const auto memory_limit = [](const std::string& written) -> int64_t {
    const std::string text = PodWith("") + "    resources: {limits: {memory: " + written + "}}\n";
    const ParsedManifests parsed =
        ParseManifests({{"a.yaml", "", std::make_shared<const std::string>(text)}});
    if (parsed.objects.empty()) return -1;
    return As<Pod>(*parsed.objects[0])->spec.containers[0].resources.limits.at("memory").Units();
  };
  EXPECT_EQ(memory_limit("1e3"), 1000);
  EXPECT_EQ(memory_limit("\"12\""), 12);
  EXPECT_EQ(memory_limit("0644"), 420);
  EXPECT_EQ(memory_limit("128Mi"), 128 << 20);
  EXPECT_EQ(memory_limit("no"), -1);
  EXPECT_EQ(memory_limit("0o644"), 420);
}

TEST(Faults, Line05_BooleanFieldsTakeTheWordsOfYaml11) {
  EXPECT_EQ(ParseBounded("a.yaml", ConfigMapWith("immutable: on\n")), "1 objects\n");
  EXPECT_EQ(ParseBounded("a.yaml", ConfigMapWith("immutable: no\n")), "1 objects\n");
  EXPECT_EQ(ParseBounded("a.yaml", ConfigMapWith("immutable: \"no\"\n")).substr(0, 9), "0 objects");
  EXPECT_EQ(ParseBounded("a.yaml", ConfigMapWith("immutable: 0\n")).substr(0, 9), "0 objects");
}

}  // namespace
}  // namespace reconcile
