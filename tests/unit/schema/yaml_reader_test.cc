#include "tests/unit/schema/yaml_testing.h"

namespace reconcile {
namespace {

TEST(YamlReader, ReadsBlockAndFlowStyles) {
  EXPECT_EQ(Yaml("a: 1\nb:\n  - x\n  - y: [1, {z: null}]\nc: {d: 'e', \"f\": 0.5}\n"),
            R"({"a":1,"b":["x",{"y":[1,{"z":null}]}],"c":{"d":"e","f":0.5}})"
            "\n");
}

TEST(YamlReader, ReadsJson) {
  EXPECT_EQ(Yaml("{\n\t\"a\": [1, true, null, \"x\\ny\"],\n\t\"b\":{\"c\":\"\\u00e9\"}}\n"),
            "{\"a\":[1,true,null,\"x\\ny\"],\"b\":{\"c\":\"é\"}}\n");
}

TEST(YamlReader, QuotedAndBlockScalarsStayStrings) {
  EXPECT_EQ(Yaml("- \"12\"\n- 'true'\n- \"\"\n- |\n  12\n- >-\n  yes\n- ! 5\n- !!str 5\n"),
            "[\"12\",\"true\",\"\",\"12\\n\",\"yes\",\"5\",\"5\"]\n");
  const YamlDocuments result = ReadYaml("- '12'\n- 12\n");
  EXPECT_FALSE(result.documents[0].AsList()[0].plain);
  EXPECT_TRUE(result.documents[0].AsList()[1].plain);
  EXPECT_EQ(result.documents[0].AsList()[1].source_text, "12");
}

TEST(YamlReader, BlockScalarsKeepTheirLines) {
  EXPECT_EQ(Yaml("a: |\n  x\n   y\n\n  z\n\nb: >\n  x\n  y\n\n  z\nc: |+\n  x\n\nd: |-\n  {[\n"),
            R"({"a":"x\n y\n\nz\n","b":"x y\nz\n","c":"x\n\n","d":"{["})"
            "\n");
}

TEST(YamlReader, WindowsLineEndsAndAByteOrderMarkAreAccepted) {
  EXPECT_EQ(Yaml("\xef\xbb\xbf"
                 "a: 1\r\nb:\r\n  - x\r\n  - |\r\n    y\r\n    z\r\n"),
            "{\"a\":1,\"b\":[\"x\",\"y\\nz\\n\"]}\n");
  EXPECT_EQ(Yaml("\xef\xbb\xbf: 1"), "1:1: a key is missing or null\n");
}

TEST(YamlReader, DocumentsAreSeparateAndEmptyOnesLeftOut) {
  EXPECT_EQ(Yaml("# only a comment\n"), "");
  EXPECT_EQ(Yaml(""), "");
  EXPECT_EQ(Yaml("  \n\n"), "");
  EXPECT_EQ(Yaml("---\n---\n# c\n---\n~\n---\na: 1\n---\n- b\n"), "{\"a\":1}\n[\"b\"]\n");
  EXPECT_EQ(Yaml("a: 1\n...\n# c\nb: 2\n...\n---\nc: 3"), "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n");
  EXPECT_EQ(Yaml("%YAML 1.1\n---\na: 1\n"), "{\"a\":1}\n");
}

TEST(YamlReader, MarksCountLinesAndCharacters) {
  const YamlDocuments result =
      ReadYaml("# c\n\"é\":\n  - ü: x  # c\n    [q]: y\n---\n  a: {b: 1}\n");
  ASSERT_EQ(result.errors.size(), 1U);  // a list as key
  EXPECT_EQ(result.errors[0].line, 4);
  EXPECT_EQ(result.errors[0].column, 5);
  ASSERT_EQ(result.documents.size(), 1U);
  EXPECT_EQ(result.documents[0].mark.line, 6);
  EXPECT_EQ(result.documents[0].mark.column, 3);
  const Value::Member& member = result.documents[0].AsMap()[0];
  EXPECT_EQ(member.key_mark.column, 3);
  EXPECT_EQ(member.value.mark.column, 6);
  EXPECT_EQ(member.value.AsMap()[0].value.mark.column, 10);
  EXPECT_EQ(Yaml("é: \"ü\"  x\n").substr(0, 5), "1:9: ");
}

TEST(YamlReader, OmittedValuesStandAtTheirKeyOrDash) {
  const YamlDocuments result =
      ReadYaml("a:\nb: ~\nc:\n  - x\n  -\n  - null\nd: {e, f: }\ng:\n\n\n");
  ASSERT_EQ(result.errors.size(), 0U);
  const Value& root = result.documents[0];
  const auto mark_of = [&](std::string_view key) { return root.Find(key)->mark; };
  EXPECT_EQ(mark_of("a").line, 1);
  EXPECT_EQ(mark_of("a").column, 1);
  EXPECT_EQ(mark_of("b").line, 2);
  EXPECT_EQ(mark_of("b").column, 4);
  EXPECT_EQ(root.Find("c")->AsList()[1].mark.line, 5);
  EXPECT_EQ(root.Find("c")->AsList()[1].mark.column, 3);
  EXPECT_EQ(root.Find("c")->AsList()[2].mark.line, 6);
  EXPECT_EQ(root.Find("c")->AsList()[2].mark.column, 5);
  EXPECT_EQ(root.Find("d")->Find("e")->mark.column, 5);
  EXPECT_EQ(root.Find("d")->Find("f")->mark.column, 8);
  EXPECT_EQ(mark_of("g").line, 8);
  EXPECT_EQ(root.Find("b")->source_text, "~");
  EXPECT_EQ(root.Find("a")->source_text, "");
}

TEST(YamlReader, DuplicateKeysNameBothLines) {
  EXPECT_EQ(Yaml("a: 1\nb: 2\n'a': 3\nb: 4\n"),
            "3:1: duplicate key 'a', first on line 1\n4:1: duplicate key 'b', first on line 2\n");
  EXPECT_EQ(Yaml("x:\n  - {a: 1, a: 2}\n"), "2:12: duplicate key 'a', first on line 2\n");
  EXPECT_EQ(Yaml("a: {b: 1}\nc: {b: 1}\n"), "{\"a\":{\"b\":1},\"c\":{\"b\":1}}\n");
}

TEST(YamlReader, KeysThatWouldChangeTheirSpellingAreRefused) {
  EXPECT_EQ(Yaml("on: 1\n"),
            "1:1: the key 'on' reads as the boolean true; put it in quotes if it is text\n");
  EXPECT_EQ(Yaml("0644: 1\n1.10: 2\n"),
            "1:1: the key '0644' reads as the integer 420; put it in quotes if it is text\n"
            "2:1: the key '1.10' reads as the number 1.1; put it in quotes if it is text\n");
  EXPECT_EQ(Yaml("8080: a\ntrue: b\n1.5: c\n'on': d\n"),
            R"({"8080":"a","true":"b","1.5":"c","on":"d"})"
            "\n");
  EXPECT_EQ(Yaml("~: 1\n"), "1:1: a key is missing or null\n");
  EXPECT_EQ(Yaml("!!int '5': 1\n"), "{\"5\":1}\n");
  EXPECT_EQ(Yaml("{{ .Values.name }}: 1\n"),
            "1:1: a list or a map cannot be a key; if this is a template, render it first\n");
  EXPECT_EQ(Yaml("a: {{ .Values.name }}\n"),
            "1:5: a list or a map cannot be a key; if this is a template, render it first\n");
}

TEST(YamlReader, TagsOtherThanTheJsonTypesAreRefused) {
  EXPECT_EQ(Yaml("[!!int '5', !!float 5, !!bool yes, !!null '', !!map {}, !!seq [], ! {}]\n"),
            "[5,5.0,true,null,{},[],{}]\n");
  EXPECT_EQ(Yaml("- !!binary aGk=\n- !foo x\n- !!set {a}\n- !!omap []\n"),
            "1:3: the tag '!!binary' is not supported\n2:3: this tag is not supported\n"
            "3:3: the tag '!!set' is not supported on a map\n"
            "4:3: the tag '!!omap' is not supported on a list\n");
  EXPECT_EQ(Yaml("!!int x\n"), "1:1: the value does not fit the tag '!!int'\n");
}

TEST(YamlReader, TabsInTheIndentationAreNamed) {
  const std::string message = "a tab in the indentation; YAML takes spaces only\n";
  EXPECT_EQ(Yaml("a:\n\tb: 1\n"), "2:1: " + message);
  EXPECT_EQ(Yaml("a:\n\tfoo\n"), "2:1: " + message);
  EXPECT_EQ(Yaml("a:\n  - b\n \t- c\n"), "3:2: " + message);
  EXPECT_EQ(Yaml("a:\n\t- *x\n").substr(0, 5), "2:1: ");
  EXPECT_EQ(Yaml("a:\tb\nc: [\n\td,\n\te]\nf: |\n  \tg\n"),
            "{\"a\":\"b\",\"c\":[\"d\",\"e\"],\"f\":\"\\tg\\n\"}\n");
}

TEST(YamlReader, WhatTheParserWouldLetPassIsRefused) {
  EXPECT_EQ(Yaml("\"foo\" bar\n"),
            "\"foo\"\n1:7: unexpected text; the value before it is complete\n");
  EXPECT_EQ(Yaml(","), "1:1: unexpected text; the value before it is complete\n");
  EXPECT_EQ(Yaml("a: 'x\n\n"), "1:4: the quote that begins here is never closed\n");
  EXPECT_EQ(Yaml("? \"x\n"), "1:3: the quote that begins here is never closed\n");
  EXPECT_EQ(Yaml("k: v\nword"), "2:1: a ':' is missing after what begins here\n");
}

TEST(YamlReader, ReadingGoesOnBehindABrokenDocument) {
  EXPECT_EQ(Yaml("a: }\n---\nb: 1\n---\nc: [\n---\nd: 2\nd: 3\n---\ne: 4\n"),
            "{\"b\":1}\n{\"e\":4}\n1:4: this bracket closes none that is open\n"
            "6:1: a ',' or the closing ']' of a list is missing before this\n"
            "8:1: duplicate key 'd', first on line 7\n");
}

TEST(YamlReader, SyntaxErrorsStandWhereTheyAre) {
  EXPECT_EQ(Yaml("a: 1\n  b: 2\n"),
            "2:3: this line is indented further than the one before it, whose key has its value "
            "already: begin it in the same column, or leave the value of that key to the lines "
            "below it\n");
  EXPECT_EQ(Yaml("a: b: c\n"),
            "1:5: a ':' that cannot stand here, behind a key and its value: put the value in "
            "quotes if the ':' belongs to it\n");
  EXPECT_EQ(Yaml("a: \"\\q\"\n"),
            "1:7: there is no such escape: in double quotes '\\' begins one; write '\\\\', or use "
            "single quotes\n");
  EXPECT_EQ(Yaml("a: @b\n"),
            "1:4: no value can begin with this character: put the value in quotes\n");
}

TEST(YamlReader, WrongIndentationIsNamed) {
  const std::string fits =
      "the indentation of this line fits none of the lines above it: begin it in the column of "
      "those that it belongs to\n";
  EXPECT_EQ(Yaml("a:\n    b: 1\n  c: 2\n"), "3:3: " + fits);
  EXPECT_EQ(Yaml("a:\n  b:\n    - c\n   - d\n"), "4:4: " + fits);
  EXPECT_EQ(Yaml("a:\n  - b\n\n  # more\n  c: d\n"),
            "5:3: a list item ('- ') is expected in the column of the list items above: indent "
            "this line further if it belongs to an item, or less if the list has ended\n");
  EXPECT_EQ(Yaml("a: 1\n- b\n"),
            "2:1: a list item ('- ') in the column of keys: begin the list below the key that it "
            "is the value of\n");
  EXPECT_EQ(Yaml("a: - b\n"),
            "1:4: a list item ('- ') cannot begin here: a list begins on a line of its own, below "
            "its key\n");
}

TEST(YamlReader, BracketsQuotesAndStarsAreNamed) {
  EXPECT_EQ(Yaml("a: [b, c\nd: e\n"),
            "2:2: a ',' or the closing ']' of a list is missing before this\n");
  EXPECT_EQ(Yaml("a: {b: c\nd: e}\n").find("not valid YAML"), std::string::npos);
  EXPECT_EQ(Yaml("host: *.example.com\n"),
            "1:7: a value that begins with '*' is an alias, and no anchor (&) of its name stands "
            "before it: put the value in quotes if it is text\n");
  EXPECT_EQ(Yaml("a: | b\n"),
            "1:6: behind '|' or '>' nothing but '+', '-' and a digit may stand: the text begins on "
            "the next line\n");
}

TEST(YamlReader, ShownTextStaysOnOneShortLine) {
  const std::string shown =
      Yaml("\"" + std::string(100, 'x') + "\\n\": 1\n\"" + std::string(100, 'x') + "\\n\": 1\n");
  EXPECT_EQ(shown, "2:1: duplicate key '" + std::string(64, 'x') + "...', first on line 1\n");
  EXPECT_EQ(Yaml("\"a\\nb\": 1\n\"a\\nb\": 1\n"), "2:1: duplicate key 'a\\nb', first on line 1\n");
}

}  // namespace
}  // namespace reconcile
