#include "tests/unit/schema/yaml_testing.h"

namespace reconcile {
namespace {

std::string Repeated(std::string_view text, size_t times) {
  std::string repeated;
  repeated.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(YamlLimits, SixtyFourLevelsAreReadAndNoMore) {
  EXPECT_EQ(Yaml(Repeated("[", 64) + Repeated("]", 64)),
            Repeated("[", 64) + Repeated("]", 64) + "\n");
  EXPECT_EQ(Yaml(Repeated("[", 65) + Repeated("]", 65)), "1:65: nested deeper than 64\n");
  EXPECT_EQ(Yaml(Repeated("- ", 64) + "x").back(), '\n');
  EXPECT_EQ(Yaml(Repeated("- ", 65) + "x"), "1:129: nested deeper than 64\n");
}

TEST(YamlLimits, HundredThousandLevelsAreRefusedInEveryStyle) {
  for (const char* piece : {"[", "{a: ", "[a: ", "- ", "[{x: ", "[\n", "- [", "a: [", "? "}) {
    const std::string shown = Yaml(Repeated(piece, 100'000));
    ASSERT_FALSE(shown.empty());
    EXPECT_LT(shown.size(), 200U) << piece;  // one error
  }
  std::string indented;
  for (size_t i = 0; i < 2000; ++i) indented += std::string(i, ' ') + "a:\n";
  EXPECT_EQ(Yaml(indented), "65:65: nested deeper than 64\n");
}

TEST(YamlLimits, BracketsInsideTextAreNoDepth) {
  const std::string text = "a: |\n" + Repeated("  {[,\n", 300);
  EXPECT_EQ(Yaml(text).find("deeper"), std::string::npos);
}

TEST(YamlLimits, PendingBracketsAndCommasAreLimited) {
  EXPECT_EQ(Yaml("[" + Repeated("[],", 300'000) + "]"),
            "1:400001: more than 400000 brackets and commas in one value\n");
}

TEST(YamlLimits, FileSizeIsLimited) {
  ManifestLimits limits;
  limits.max_file_bytes = 5;
  EXPECT_EQ(Yaml("a: 1\n", limits), "{\"a\":1}\n");
  EXPECT_EQ(Yaml("a: 12\n", limits), "1:1: the file has 6 bytes; the limit is 5\n");
}

TEST(YamlLimits, DocumentsOfAFileAreLimited) {
  ManifestLimits limits;
  limits.max_documents_per_file = 2;
  EXPECT_EQ(Yaml("a: 1\n---\nb: 1\n", limits), "{\"a\":1}\n{\"b\":1}\n");
  const std::string shown = Yaml("a: 1\n---\nb: 1\n---\nc: 1\n---\nd: 1\n", limits);
  EXPECT_NE(shown.find("4:1: more than 2 documents in one file\n"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("\"d\""), std::string::npos);
}

TEST(YamlLimits, ValuesOfAFileAreLimited) {
  ManifestLimits limits;
  limits.max_nodes_per_file = 4;
  EXPECT_EQ(Yaml("a: [1]\n", limits), "{\"a\":[1]}\n");
  EXPECT_EQ(Yaml("a: [1, 2]\n", limits), "1:8: more than 4 values in one file\n");
  EXPECT_EQ(Yaml("a: [1]\n---\nb\n", limits), "{\"a\":[1]}\n3:1: more than 4 values in one file\n");
}

TEST(YamlLimits, ProblemsOfAFileAreLimited) {
  ManifestLimits limits;
  limits.max_problems = 3;
  EXPECT_EQ(ReadYaml(Repeated("a: 1\n", 10), limits).errors.size(), 3U);
  EXPECT_EQ(ReadYaml(Repeated("--- ]\n", 10), limits).errors.size(), 3U);
}

}  // namespace
}  // namespace reconcile
