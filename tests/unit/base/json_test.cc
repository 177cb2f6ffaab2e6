#include <cmath>
#include <limits>

#include "base/random.h"
#include "base/value.h"

namespace reconcile {
namespace {

std::string ErrorOf(std::string_view text, const JsonLimits& limits = {}) {
  const Result<Value> result = ParseJson(text, limits);
  return result.ok() ? "parsed" : result.status().message();
}

Value Parsed(std::string_view text) {
  const Result<Value> result = ParseJson(text);
  EXPECT_TRUE(result.ok()) << text << ": " << result.status().ToString();
  return result.ok() ? *result : Value();
}

TEST(Json, ReadsEveryType) {
  const Value value = Parsed(R"({"n":null,"t":true,"i":-7,"d":0.5,"s":"x","l":[1,[]],"m":{}})");
  ASSERT_TRUE(value.IsMap());
  EXPECT_TRUE(value.Find("n")->IsNull());
  EXPECT_TRUE(value.Find("t")->AsBool());
  EXPECT_EQ(value.Find("i")->AsInt(), -7);
  EXPECT_EQ(value.Find("d")->AsDouble(), 0.5);
  EXPECT_EQ(value.Find("s")->AsString(), "x");
  EXPECT_EQ(value.Find("l")->AsList().size(), 2U);
  EXPECT_TRUE(value.Find("m")->IsMap());
}

TEST(Json, IntegersKeepAllTheirDigits) {
  EXPECT_EQ(Parsed("9223372036854775807").AsInt(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Parsed("-9223372036854775808").AsInt(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(WriteJson(Parsed("9223372036854775807")), "9223372036854775807");
}

TEST(Json, IntegersBeyond64BitsBecomeDoubles) {
  EXPECT_EQ(Parsed("9223372036854775808").AsDouble(), 9223372036854775808.0);
  EXPECT_EQ(Parsed("18446744073709551615").type(), Value::Type::kDouble);
  EXPECT_EQ(Parsed("100000000000000000000000").AsDouble(), 1e23);
}

TEST(Json, DoublesSurviveTheirText) {
  for (const double number :
       {0.1, 1.0, 1e300, -2.5e-300, 5e-324, 1.7976931348623157e308, 3.141592653589793}) {
    const Value again = Parsed(WriteJson(Value::Double(number)));
    EXPECT_EQ(again.type(), Value::Type::kDouble);
    EXPECT_EQ(again.AsDouble(), number);
  }
  EXPECT_EQ(WriteJson(Value::Double(0.1)), "0.1");
  EXPECT_EQ(WriteJson(Value::Double(1)), "1.0");
}

TEST(Json, NumbersWithoutAFiniteValueAreRefusedOrWrittenAsNull) {
  EXPECT_EQ(ErrorOf("[1e999]"), "1:2: the number here is out of range");
  EXPECT_EQ(Parsed("1e-999").AsDouble(), 0.0);
  EXPECT_EQ(WriteJson(Value::Double(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(WriteJson(Value::Double(std::nan(""))), "null");
}

TEST(Json, MarksNameLineAndColumnInCharacters) {
  const Value value = Parsed("{\n  \"é\": \"ü\", \"b\" : [1,\n true]}");
  const Value::Map& map = value.AsMap();
  EXPECT_EQ(value.mark.line, 1);
  EXPECT_EQ(map[0].key_mark.line, 2);
  EXPECT_EQ(map[0].key_mark.column, 3);
  EXPECT_EQ(map[0].value.mark.column, 8);
  EXPECT_EQ(map[1].key_mark.column, 13);
  EXPECT_EQ(map[1].value.mark.column, 19);
  EXPECT_EQ(map[1].value.AsList()[0].mark.column, 20);
  EXPECT_EQ(map[1].value.AsList()[1].mark.line, 3);
  EXPECT_EQ(map[1].value.AsList()[1].mark.column, 2);
}

TEST(Json, MarksAreRightBehindStringsFullOfBracketsAndEscapes) {
  const Value value = Parsed(R"(["}],:\"\\", {"a\"b": 1}, 2])");
  const Value::List& items = value.AsList();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_EQ(items[0].AsString(), "}],:\"\\");
  EXPECT_EQ(items[1].mark.column, 14);
  EXPECT_EQ(items[1].AsMap()[0].key, "a\"b");
  EXPECT_EQ(items[1].AsMap()[0].value.mark.column, 23);
  EXPECT_EQ(items[2].mark.column, 27);
}

TEST(Json, DuplicateKeyNamesBothLines) {
  EXPECT_EQ(ErrorOf("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}"),
            "3:2: duplicate key 'a', first on line 1");
  EXPECT_EQ(ErrorOf(R"({"a": 1, "\u0061": 2})"), "1:10: duplicate key 'a', first on line 1");
}

TEST(Json, DuplicateKeyIsFoundInLargeMaps) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += "\"k" + std::to_string(i) + "\": 0,\n";
  EXPECT_EQ(ErrorOf(text + "\"k3\": 0}"), "1001:1: duplicate key 'k3', first on line 4");
  EXPECT_EQ(ErrorOf(text + "\"k999\": 0}"), "1001:1: duplicate key 'k999', first on line 1000");
  EXPECT_EQ(ErrorOf(text + "\"k\": 0}"), "parsed");
}

TEST(Json, SameKeyInDifferentMapsIsFine) {
  EXPECT_EQ(ErrorOf(R"([{"a": {"a": 1}}, {"a": 2}])"), "parsed");
}

TEST(Json, DepthIsLimited) {
  const std::string at_limit = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(ErrorOf(at_limit), "parsed");
  EXPECT_EQ(ErrorOf("[" + at_limit + "]"), "1:65: JSON nested deeper than 64");
  EXPECT_EQ(ErrorOf(std::string(100'000, '[')), "1:65: JSON nested deeper than 64");
}

TEST(Json, SizeIsLimited) {
  JsonLimits limits;
  limits.max_bytes = 10;
  EXPECT_EQ(ErrorOf("[1,2,3,45]", limits), "parsed");
  EXPECT_EQ(ErrorOf("[1,2,3,456]", limits), "1:1: JSON of 11 bytes; the limit is 10");
}

TEST(Json, NumberOfValuesIsLimited) {
  JsonLimits limits;
  limits.max_values = 5;
  EXPECT_EQ(ErrorOf("[1, {\"a\": []}, 2]", limits), "parsed");
  EXPECT_EQ(ErrorOf("[1, {\"a\": []}, 2, 3]", limits), "1:19: JSON of more than 5 values");
  EXPECT_EQ(ErrorOf("[1, 2, [[3]]]", limits), "1:10: JSON of more than 5 values");
}

TEST(Json, RefusesWhatRfc8259Refuses) {
  for (const char* text :
       {"{'a': 1}", "[1,]", "{\"a\":1,}", "[01]", "[+1]", "[.5]", "[1.]", "[NaN]", "[Infinity]",
        "// c\n1", "[\"\t\"]", "[\"\\x\"]", "[\"\\ud800\"]", "[\"\xff\"]", "[\"\xc0\xaf\"]",
        "{1:2}", "[1 2]", "nul", "\xef\xbb\xbf[]"}) {
    EXPECT_NE(ErrorOf(text), "parsed") << text;
  }
}

TEST(Json, ErrorsStandWhereTheTextGoesWrong) {
  EXPECT_EQ(ErrorOf("{\n \"a\": x}").substr(0, 5), "2:7: ");
  EXPECT_EQ(ErrorOf("[1] [2]"), "1:5: more text after the end of the JSON value");
  EXPECT_EQ(ErrorOf("[1, 2"), "1:6: the JSON text ends too early");
  EXPECT_EQ(ErrorOf(""), "1:1: the JSON text ends too early");
}

TEST(Json, WritesCompactAndIndented) {
  const Value value = Parsed(R"({"a":[1,{"b":null}],"c":{},"d":[]})");
  EXPECT_EQ(WriteJson(value), R"({"a":[1,{"b":null}],"c":{},"d":[]})");
  EXPECT_EQ(WriteJson(value, 2),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": {},\n"
            "  \"d\": []\n}");
}

TEST(Json, EscapesControlCharactersAndRepairsUtf8) {
  EXPECT_EQ(WriteJson(Value::String("\"\\\n\r\t\x01\x7f")), R"("\"\\\n\r\t\u0001\u007f")");
  EXPECT_EQ(WriteJson(Value::String("a\xffz")), "\"a\xef\xbf\xbdz\"");
  EXPECT_EQ(WriteJson(Value::String("\xed\xa0\x80")), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(WriteJson(Value::String("\xc2\x9b")), R"("\u009b")");
  EXPECT_EQ(WriteJson(Value::String("é€😀")), "\"é€😀\"");
  EXPECT_EQ(WriteJson(Value::String(std::string("\0", 1))), R"("\u0000")");
}

Value RandomValue(SeededRandom* random, int depth) {
  switch (random->Below(depth > 5 ? 5 : 7)) {
    case 0:
      return Value();
    case 1:
      return Value::Bool(random->Below(2) == 1);
    case 2:
      return Value::Int(static_cast<int64_t>(random->Next()));
    case 3:
      return Value::Double(static_cast<double>(random->Next()) / 1e7 - 1e10);
    case 4: {
      std::string text;
      for (uint64_t i = random->Below(12); i > 0; --i) {
        text += static_cast<char>(random->Below(128));
      }
      return Value::String(text + (random->Below(4) == 0 ? "€" : ""));
    }
    case 5: {
      Value list = Value::MakeList();
      for (uint64_t i = random->Below(5); i > 0; --i) list.Append(RandomValue(random, depth + 1));
      return list;
    }
    default: {
      Value map = Value::MakeMap();
      for (uint64_t i = random->Below(5); i > 0; --i) {
        map.Set("k\n" + std::to_string(random->Below(100)), RandomValue(random, depth + 1));
      }
      return map;
    }
  }
}

TEST(Json, WhatIsWrittenReadsBackTheSame) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    SeededRandom random(seed);
    const Value value = RandomValue(&random, 0);
    for (const int indent : {0, 2}) {
      const Result<Value> again = ParseJson(WriteJson(value, indent));
      ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.status().ToString();
      ASSERT_EQ(*again, value) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace reconcile
