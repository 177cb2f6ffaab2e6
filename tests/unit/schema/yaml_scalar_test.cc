#include "schema/yaml_scalar.h"

#include <cmath>
#include <limits>

namespace reconcile {
namespace {

TEST(YamlScalar, BooleansAreThoseOfYaml11ButNotTheLetters) {
  for (const char* text : {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::Bool(true)) << text;
  }
  for (const char* text : {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::Bool(false)) << text;
  }
  for (const char* text : {"y", "Y", "n", "N", "tRUE", "yEs", "oN", "truely"}) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::String(text)) << text;
  }
}

TEST(YamlScalar, NullHasFiveSpellings) {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) {
    EXPECT_TRUE(ResolvePlainScalar(text).IsNull()) << text;
  }
  EXPECT_EQ(ResolvePlainScalar("nUll"), Value::String("nUll"));
  EXPECT_EQ(ResolvePlainScalar("none"), Value::String("none"));
}

TEST(YamlScalar, IntegersHaveFourBasesAndUnderscores) {
  const std::vector<std::pair<std::string, int64_t>> cases = {
      {"0", 0},
      {"7", 7},
      {"-7", -7},
      {"+7", 7},
      {"0644", 420},
      {"0o644", 420},
      {"0O644", 420},
      {"-0644", -420},
      {"0x1F", 31},
      {"0X1f", 31},
      {"-0x10", -16},
      {"0b101", 5},
      {"-0b1", -1},
      {"1_000", 1000},
      {"0x_ff", 255},
      {"00", 0},
      {"-0", 0},
      {"0_7", 7},
      {"123456789012", 123456789012},
      {"9223372036854775807", std::numeric_limits<int64_t>::max()},
      {"-9223372036854775808", std::numeric_limits<int64_t>::min()}};
  for (const auto& [text, number] : cases) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::Int(number)) << text;
  }
}

TEST(YamlScalar, FloatsAreDecimal) {
  const std::vector<std::pair<std::string, double>> cases = {
      {"1e3", 1000},
      {"1E3", 1000},
      {"1.5", 1.5},
      {"-1.5", -1.5},
      {"+1.5", 1.5},
      {".5", 0.5},
      {"5.", 5},
      {"-.5", -0.5},
      {"1.5e-3", 0.0015},
      {"1_0.5", 10.5},
      {"08", 8},
      {"09.5", 9.5},
      {"1e-999", 0},
      {"9223372036854775808", 9223372036854775808.0},
      {"-9223372036854775809", -9223372036854775808.0},
      {"0xffffffffffffffff", 18446744073709551615.0}};
  for (const auto& [text, number] : cases) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::Double(number)) << text;
  }
  EXPECT_TRUE(std::isnan(ResolvePlainScalar(".nan").AsDouble()));
  EXPECT_EQ(ResolvePlainScalar(".inf"), Value::Double(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(ResolvePlainScalar("+.Inf"), Value::Double(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(ResolvePlainScalar("-.INF"), Value::Double(-std::numeric_limits<double>::infinity()));
}

TEST(YamlScalar, EverythingElseIsAString) {
  for (const char* text : {"a",   "1.2.3", "10.0.0.1", "1:30", "2026-11-21", "2026-11-21T01:49:59Z",
                           "0o9", "0x",    "0xg",      "0b2",  "-",          "+",
                           ".",   "..",    "1e",       "e3",   "1e3e",       "+-1",
                           "--1", "inf",   "nan",      "-nan", "1 2",        "100m",
                           "1Gi", "25%",   "_1",       "._5",  "1e999",      "0x10000000000000000",
                           "<<",  "=",     "é"}) {
    EXPECT_EQ(ResolvePlainScalar(text), Value::String(text)) << text;
  }
  const std::string digits(5000, '1');
  EXPECT_EQ(ResolvePlainScalar(digits), Value::String(digits));
}

TEST(YamlScalar, KeepsWhatWasWritten) {
  const Value value = ResolvePlainScalar("0644");
  EXPECT_EQ(value.source_text, "0644");
  EXPECT_TRUE(value.plain);
}

TEST(YamlScalar, KeysAreSpelledAsKubectlSpellsThem) {
  EXPECT_EQ(CanonicalKey(ResolvePlainScalar("on")), "true");
  EXPECT_EQ(CanonicalKey(ResolvePlainScalar("false")), "false");
  EXPECT_EQ(CanonicalKey(ResolvePlainScalar("0644")), "420");
  EXPECT_EQ(CanonicalKey(ResolvePlainScalar("8080")), "8080");
  EXPECT_EQ(CanonicalKey(ResolvePlainScalar("1.10")), "1.1");
  EXPECT_EQ(CanonicalKey(Value::String("on")), "on");
  EXPECT_EQ(CanonicalKey(Value()), std::nullopt);
  EXPECT_EQ(CanonicalKey(Value::MakeList()), std::nullopt);
  EXPECT_EQ(CanonicalKey(Value::MakeMap()), std::nullopt);
}

}  // namespace
}  // namespace reconcile
