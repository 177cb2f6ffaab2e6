#include "schema/shapes.h"

#include <gtest/gtest.h>

#include "schema/field_reporter.h"
#include "schema/field_types.h"
#include "tests/unit/schema/schema_testing.h"

namespace reconcile {

// What a table makes of fields that have no member.
struct KeptHere {
  OtherFields others;
  friend bool operator==(const KeptHere&, const KeptHere&) = default;
};

template <>
const StructTable& TableOf<KeptHere>() {
  static const StructTable table = [] {
    static const ShapeTable port = [] {
      ShapeTable t("Port");
      t.KeyedBy("name");
      t.Field("name", StringShape(), "").Required();
      t.Field("number", Int32Shape(), "");
      t.Field("protocol", OneOf({"TCP", "UDP"}), "").Default("TCP");
      return t;
    }();
    Table<KeptHere> t("KeptHere");
    t.Accepted("size", QuantityShape(), "nothing is measured");
    t.Accepted("mode", OneOf({"Fast", "Slow"}), "there is one speed").Default("Slow");
    t.Accepted("mounted", BoolShape(), "nothing is mounted").Default("true");
    t.Accepted("ports", ListOf(StructOf(port)), "");
    t.Accepted("extra", MapOf(ListOf(StringShape())), "");
    return t;
  }();
  return table;
}

namespace {

struct Read {
  KeptHere kept;
  std::string problems;
};

Read ReadManifest(const std::string& yaml) {
  Read read;
  Problems problems;
  const Value value = testing::Yaml(yaml);
  {
    FieldReporter reporter("m.yaml", &value, &problems);
    TableOf<KeptHere>().Decode(value, FieldPath(), &reporter, &read.kept);
  }
  for (const Problem& problem : problems.errors) read.problems += problem.ToString() + '\n';
  for (const Problem& problem : problems.warnings) read.problems += problem.ToString() + '\n';
  return read;
}

std::string Shown(const KeptHere& kept, EncodeFor purpose) {
  return WriteJson(TableOf<KeptHere>().Encode(&kept, purpose));
}

TEST(Shapes, WhatHasNoMemberIsKeptInCanonicalForm) {
  const Read read = ReadManifest(
      "extra: {b: [x], a: []}\nports: [{protocol: UDP, name: dns}, {name: web, number: 80}]\n"
      "size: 0.1\n");
  EXPECT_EQ(Shown(read.kept, EncodeFor::kUser),
            "{\"size\":\"100m\",\"ports\":[{\"name\":\"dns\",\"protocol\":\"UDP\"},"
            "{\"name\":\"web\",\"number\":80}],\"extra\":{\"a\":[],\"b\":[\"x\"]}}");
  EXPECT_EQ(read.kept.others.Find("size")->AsString(), "100m");
  EXPECT_EQ(read.kept.others.Find("mode"), nullptr);
}

TEST(Shapes, AreCheckedToTheBottom) {
  EXPECT_EQ(
      ReadManifest("ports:\n- {name: a, nmber: 1}\n- {number: x}\n- {name: b, protocol: TPC}\n"
                   "mode: Fats\nextra: [a]\nsize: 1Mb\n")
          .problems,
      "m.yaml:2:13: ports[a]: unknown field \"nmber\"; did you mean \"number\"?\n"
      "m.yaml:3:3: ports[1].name: required\n"
      "m.yaml:3:12: ports[1].number: must be an integer, not the string \"x\"; write it "
      "without quotes\n"
      "m.yaml:4:23: ports[b].protocol: \"TPC\" is none of \"TCP\", \"UDP\"; did you mean "
      "\"TCP\"?\n"
      "m.yaml:5:7: mode: \"Fats\" is none of \"Fast\", \"Slow\"; did you mean \"Fast\"?\n"
      "m.yaml:6:8: extra: must be a map, not a list\n"
      "m.yaml:7:7: size: '1Mb' is not a quantity like 500m, 1.5, 128Mi or 2e3\n");
}

TEST(Shapes, SayWhenNothingFollowsFromWhatWasAskedFor) {
  EXPECT_EQ(ReadManifest("size: 1\nmounted: false\nmode: Fast\nports: [{name: a}]\n").problems,
            "m.yaml:1:7: size: accepted, not acted on: nothing is measured\n"
            "m.yaml:2:10: mounted: accepted, not acted on: nothing is mounted\n"
            "m.yaml:3:7: mode: accepted, not acted on: there is one speed\n");
  EXPECT_EQ(ReadManifest("mounted: true\nmode: Slow\nsize: null\nports: []\n").problems, "");
}

TEST(Shapes, AWrittenDefaultIsKeptAndShownButNoDifference) {
  const KeptHere written = ReadManifest("mounted: true\nmode: Slow\nports: []\n").kept;
  EXPECT_EQ(Shown(written, EncodeFor::kUser), "{\"mode\":\"Slow\",\"mounted\":true,\"ports\":[]}");
  EXPECT_EQ(Shown(written, EncodeFor::kDiff), "{}");
}

TEST(Shapes, OthersAreEqualWhateverTheOrderTheyWereSetIn) {
  KeptHere a, b;
  a.others.Set("x", Value::Int(1));
  a.others.Set("y", Value::Int(2));
  b.others.Set("y", Value::Int(3));
  b.others.Set("x", Value::Int(1));
  EXPECT_FALSE(a == b);
  b.others.Set("y", Value::Int(2));
  EXPECT_TRUE(a == b);
  for (const char* name : {"x", "y"}) a.others.Set(name, Value());
  EXPECT_TRUE(a.others.empty());
  EXPECT_EQ(b.others.Find("x")->AsInt(), 1);
}

}  // namespace
}  // namespace reconcile
