#include "tests/unit/schema/yaml_testing.h"

namespace reconcile {
namespace {

TEST(YamlAlias, StandsForWhatItNames) {
  EXPECT_EQ(Yaml("a: &x {b: [1, 2]}\nc: *x\nd: &y text\ne: [*y, *x]\n*y : f\n"),
            R"({"a":{"b":[1,2]},"c":{"b":[1,2]},"d":"text","e":["text",{"b":[1,2]}],"text":"f"})"
            "\n");
  EXPECT_EQ(Yaml("- &x 0644\n- *x\n- &n ~\n- *n\n"), "[420,420,null,null]\n");
}

TEST(YamlAlias, FindsAnchorsInOpenAndClosedContainers) {
  EXPECT_EQ(Yaml("a:\n  - &p [1]\n  - b: &q {c: *p}\n    d: *q\n  - [*p, [*q]]\ne: *q\n"),
            R"({"a":[[1],{"b":{"c":[1]},"d":{"c":[1]}},[[1],[{"c":[1]}]]],"e":{"c":[1]}})"
            "\n");
}

TEST(YamlAlias, ALaterAnchorOfTheSameNameReplacesTheEarlier) {
  EXPECT_EQ(Yaml("- &x [1]\n- *x\n- &x [2]\n- *x\n"), "[[1],[1],[2],[2]]\n");
}

TEST(YamlAlias, StandsAtItsOwnPlace) {
  const YamlDocuments result = ReadYaml("a: &x\n  b: 1\nc: *x\n");
  const Value* copy = result.documents[0].Find("c");
  EXPECT_EQ(copy->mark.line, 3);
  EXPECT_EQ(copy->mark.column, 4);
}

const std::string kNoAnchor =
    "a value that begins with '*' is an alias, and no anchor (&) of its name stands before it: put "
    "the value in quotes if it is text\n";

TEST(YamlAlias, UnknownNamesAndOtherDocumentsAnchorsAreErrors) {
  EXPECT_EQ(Yaml("a: *nope\n"), "1:4: " + kNoAnchor);
  EXPECT_EQ(Yaml("a: &x 1\n---\nb: *x\n"), "{\"a\":1}\n3:4: " + kNoAnchor);
}

TEST(YamlAlias, CyclesAreErrors) {
  const std::string message = "this alias stands inside what it names: a cycle\n";
  EXPECT_EQ(Yaml("a: &x [*x]\n"), "1:8: " + message);
  EXPECT_EQ(Yaml("&x\na:\n  b: *x\n"), "3:6: " + message);
  EXPECT_EQ(Yaml("a: &x {<<: *x}\n"), "1:12: " + message);
}

TEST(YamlAlias, CollectionsCannotBeKeysThroughAnAlias) {
  EXPECT_EQ(Yaml("- &x [1]\n- *x : 1\n"), "2:3: a list or a map cannot be a key\n");
}

TEST(YamlMerge, AddsWhatTheMapDoesNotSay) {
  EXPECT_EQ(Yaml("base: &b {x: 1, y: 2}\nuse:\n  y: 3\n  <<: *b\n  z: 4\n"),
            R"({"base":{"x":1,"y":2},"use":{"y":3,"z":4,"x":1}})"
            "\n");
}

TEST(YamlMerge, TheFirstOfAListWins) {
  EXPECT_EQ(Yaml("- &a {x: 1}\n- &b {x: 2, y: 2}\n- {<<: [*a, *b, {z: 3}]}\n"),
            R"([{"x":1},{"x":2,"y":2},{"x":1,"y":2,"z":3}])"
            "\n");
}

TEST(YamlMerge, AnchorsBelowAMergeKeyCanBeNamed) {
  EXPECT_EQ(Yaml("a:\n  <<: &m {p: &q [1], r: &s 2}\n  t: 0\nb: *m\nc: [*q, *s]\n"),
            R"({"a":{"t":0,"p":[1],"r":2},"b":{"p":[1],"r":2},"c":[[1],2]})"
            "\n");
}

TEST(YamlMerge, TakesMapsOnly) {
  EXPECT_EQ(Yaml("<<: 5\n"), "1:5: the merge key << takes maps only, got integer\n");
  EXPECT_EQ(Yaml("a: {<<: [{}, x]}\n"), "1:14: the merge key << takes maps only, got string\n");
}

TEST(YamlMerge, TwiceInAMapIsADuplicateAndQuotedIsAnOrdinaryKey) {
  EXPECT_EQ(Yaml("<<: {a: 1}\n<<: {b: 1}\n"), "2:1: duplicate key '<<', first on line 1\n");
  EXPECT_EQ(Yaml("'<<': 1\n"), "{\"<<\":1}\n");
}

// Ten aliases of ten aliases of ...
std::string Bomb(int levels) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < levels; ++i) {
    const std::string name = "a" + std::to_string(i);
    const std::string alias = "*a" + std::to_string(i - 1);
    text += name + ": &" + name + " [" + alias;
    for (int j = 1; j < 10; ++j) text += ", " + alias;
    text += "]\n";
  }
  return text;
}

TEST(YamlAlias, WhatTheyExpandToIsLimitedForAFile) {
  const std::string message = "aliases expand to more than 10000 values in one file\n";
  EXPECT_EQ(Yaml(Bomb(3)).find("aliases"), std::string::npos);
  const std::string shown = Yaml(Bomb(9));
  EXPECT_EQ(shown.substr(shown.find(": ") + 2), message);
  ManifestLimits limits;
  limits.max_alias_nodes = 4;
  EXPECT_EQ(Yaml("- &x [1]\n- *x\n- *x\n", limits), "[[1],[1],[1]]\n");
  EXPECT_EQ(Yaml("- &x [1]\n- *x\n- *x\n- *x\n", limits),
            "4:3: aliases expand to more than 4 values in one file\n");
  EXPECT_EQ(Yaml("- &x [1]\n- *x\n- *x\n---\n- &x 1\n- *x\n", limits),
            "[[1],[1],[1]]\n6:3: aliases expand to more than 4 values in one file\n");
}

TEST(YamlAlias, LongTextsCostMore) {
  ManifestLimits limits;
  limits.max_alias_nodes = 10;
  const std::string text = "- &x '" + std::string(2000, 'x') + "'\n- *x\n";
  EXPECT_EQ(Yaml(text + "- *x\n", limits),
            "3:3: aliases expand to more than 10 values in one file\n");
  EXPECT_EQ(Yaml(text, limits).find("expand"), std::string::npos);
}

TEST(YamlAlias, CopiesBelowMergeKeysCostToo) {
  ManifestLimits limits;
  limits.max_alias_nodes = 3;
  EXPECT_EQ(Yaml("<<: &x {a: 1, b: 2}\n", limits), "{\"a\":1,\"b\":2}\n");
  EXPECT_EQ(Yaml("<<: &x {a: 1, b: 2, c: 3}\n", limits),
            "1:5: aliases expand to more than 3 values in one file\n");
}

TEST(YamlAlias, DepthIsLimitedThroughThem) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 70; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_EQ(Yaml(text), "64:12: nested deeper than 64 through an alias\n");
}

TEST(YamlAlias, AnchorsAreLimited) {
  ManifestLimits limits;
  limits.max_alias_nodes = 2;
  EXPECT_EQ(Yaml("- &a 1\n- &b 2\n", limits), "[1,2]\n");
  EXPECT_EQ(Yaml("- &a 1\n- &b 2\n- &c 3\n", limits), "3:3: more than 2 anchors in a document\n");
  EXPECT_EQ(Yaml("- &a 1\n- &b 2\n- &c []\n", limits), "3:3: more than 2 anchors in a document\n");
  EXPECT_EQ(Yaml("- &a 1\n- &b 2\n- &c ~\n", limits), "3:3: more than 2 anchors in a document\n");
}

}  // namespace
}  // namespace reconcile
