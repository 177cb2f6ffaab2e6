#include "base/value.h"

namespace reconcile {
namespace {

TEST(Value, IsNullUntilGivenSomething) {
  EXPECT_TRUE(Value().IsNull());
  EXPECT_EQ(Value::Bool(true).type(), Value::Type::kBool);
  EXPECT_EQ(Value::Int(1).type(), Value::Type::kInt);
  EXPECT_EQ(Value::Double(1).type(), Value::Type::kDouble);
  EXPECT_EQ(Value::String("").type(), Value::Type::kString);
  EXPECT_EQ(Value::MakeList().type(), Value::Type::kList);
  EXPECT_EQ(Value::MakeMap().type(), Value::Type::kMap);
}

TEST(Value, SetReplacesInPlaceAndKeepsOrder) {
  Value map = Value::MakeMap();
  map.Set("b", Value::Int(1));
  map.Set("a", Value::Int(2));
  map.Set("b", Value::Int(3));
  ASSERT_EQ(map.AsMap().size(), 2U);
  EXPECT_EQ(map.AsMap()[0].key, "b");
  EXPECT_EQ(map.GetInt("b"), 3);
}

TEST(Value, LenientReadersFallBackOnAbsenceAndOnAnotherType) {
  Value map = Value::MakeMap();
  map.Set("number", Value::Int(7));
  map.Set("text", Value::String("x"));
  map.Set("flag", Value::Bool(true));
  map.Set("items", Value::MakeList({Value::Int(1)}));
  EXPECT_EQ(map.GetString("text"), "x");
  EXPECT_EQ(map.GetString("number", "none"), "none");
  EXPECT_EQ(map.GetInt("text", 5), 5);
  EXPECT_EQ(map.GetInt("absent", 6), 6);
  EXPECT_TRUE(map.GetBool("flag"));
  EXPECT_TRUE(map.GetBool("text", true));
  EXPECT_EQ(map.GetList("items").size(), 1U);
  EXPECT_TRUE(map.GetList("text").empty());
  EXPECT_TRUE(Value::Int(1).GetString("text").empty());
}

TEST(Value, EqualityLooksAtContentAlone) {
  Value a = Value::MakeList({Value::Int(1), Value::String("x")});
  Value b = a;
  b.mark = {3, 4};
  b.AsList()[0].source_text = "0x1";
  b.AsList()[0].plain = true;
  EXPECT_EQ(a, b);
  b.Append(Value());
  EXPECT_NE(a, b);
  EXPECT_NE(Value::Int(1), Value::Double(1));
}

TEST(Value, MapsInAnotherOrderDiffer) {
  Value a = Value::MakeMap();
  a.Set("x", Value::Int(1));
  a.Set("y", Value::Int(2));
  Value b = Value::MakeMap();
  b.Set("y", Value::Int(2));
  b.Set("x", Value::Int(1));
  EXPECT_NE(a, b);
}

TEST(Value, MovedContentIsNotCopied) {
  Value text = Value::String(std::string(100, 'x'));
  const char* bytes = text.AsString().data();
  const Value moved = std::move(text);
  EXPECT_EQ(moved.AsString().data(), bytes);
}

TEST(ValueDeathTest, AskingForAnotherTypeIsAProgrammersError) {
  EXPECT_DEATH(Value::Int(1).AsString(), "CHECK failed");
  EXPECT_DEATH(Value::String("x").AsInt(), "CHECK failed");
  EXPECT_DEATH(Value().AsMap(), "CHECK failed");
}

TEST(Value, TypesAreNamedAsMessagesNameThem) {
  EXPECT_EQ(ToString(Value::Type::kNull), "null");
  EXPECT_EQ(ToString(Value::Type::kBool), "boolean");
  EXPECT_EQ(ToString(Value::Type::kInt), "integer");
  EXPECT_EQ(ToString(Value::Type::kDouble), "number");
  EXPECT_EQ(ToString(Value::Type::kString), "string");
  EXPECT_EQ(ToString(Value::Type::kList), "list");
  EXPECT_EQ(ToString(Value::Type::kMap), "map");
}

}  // namespace
}  // namespace reconcile
