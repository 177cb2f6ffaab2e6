#include "cmd/yaml_output.h"

#include <gtest/gtest.h>

#include "schema/manifests.h"

namespace reconcile {
namespace {

Value ValueOf(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  EXPECT_TRUE(value.ok()) << value.status().message();
  return value.ok() ? *value : Value();
}

TEST(YamlOutput, IsInBlocksAndQuotesWhatWouldReadBackOtherwise) {
  EXPECT_EQ(WriteYaml(ValueOf(R"({"a": {"b": [1, "1", {"c": true, "d": []}, [2.5, null]]},
                                  "e: f": "", "g": {}, "h": "x: y", "i": "plain words"})")),
            "a:\n"
            "  b:\n"
            "    - 1\n"
            "    - \"1\"\n"
            "    - c: true\n"
            "      d: []\n"
            "    - - 2.5\n"
            "      - null\n"
            "\"e: f\": \"\"\n"
            "g: {}\n"
            "h: \"x: y\"\n"
            "i: plain words\n");
  EXPECT_EQ(WriteYaml(ValueOf("[]")), "[]\n");
}

TEST(YamlOutput, TextsOfSeveralLinesAreWrittenLineByLine) {
  EXPECT_EQ(WriteYaml(ValueOf(R"({"data": {"one": "a\n  b\n\nc\n", "none": "a\nb", "two": "a\n\n",
                                           "last": "x"}, "list": ["a\nb\n"]})")),
            "data:\n"
            "  one: |\n"
            "    a\n"
            "      b\n"
            "\n"
            "    c\n"
            "  none: |-\n"
            "    a\n"
            "    b\n"
            "  two: |+\n"
            "    a\n"
            "\n"
            "  last: x\n"
            "list:\n"
            "  - |\n"
            "    a\n"
            "    b\n");
}

TEST(YamlOutput, WhatCannotBeSeenIsEscaped) {
  EXPECT_EQ(WriteYaml(Value::String("a\xe2\x80\xae"
                                    "b\nc")),
            "\"a\\u202eb\\nc\"\n");
  EXPECT_EQ(WriteYaml(Value::String("a\xe2\x80\xae"
                                    "b")),
            "\"a\\u202eb\"\n");
  EXPECT_EQ(WriteYaml(Value::String("a\x1b[2J\n")), "\"a\\u001b[2J\\n\"\n");
}

TEST(YamlOutput, ReadsBackAsWhatItWas) {
  for (const char* json :
       {R"({"a": "\n a\n"})", R"({"a": "  a\nb"})", R"({"a": "a\r\nb"})", R"({"a": "\ta\n\tb"})",
        R"({"a": "# a\n# b\n"})", R"({"a": "---\nb"})", R"({"a": "a \nb \n\n\n"})",
        R"({"a": "\n"})", R"({"a": ["\n\n", "x\n"], "b": "%a\n"})",
        R"({"<<": "a", "~": "null"})"}) {
    const Value value = ValueOf(json);
    const YamlDocuments read = ReadYaml(WriteYaml(value));
    ASSERT_EQ(read.documents.size(), 1U) << WriteYaml(value);
    EXPECT_TRUE(read.documents.front() == value) << WriteYaml(value);
  }
}

}  // namespace
}  // namespace reconcile
