#include "schema/yaml_scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/numbers.h"

namespace reconcile {
namespace {

constexpr std::array<std::string_view, 5> kNullWords = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 9> kTrueWords = {"true", "True", "TRUE", "yes", "Yes",
                                                        "YES",  "on",   "On",   "ON"};
constexpr std::array<std::string_view, 9> kFalseWords = {"false", "False", "FALSE", "no", "No",
                                                         "NO",    "off",   "Off",   "OFF"};

template <size_t kCount>
bool IsOneOf(std::string_view text, const std::array<std::string_view, kCount>& words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

int BaseOf(std::string_view* digits) {
  if (digits->size() < 2 || (*digits)[0] != '0') return 10;
  const char prefix = (*digits)[1];
  int base = 8;
  if (prefix == 'x' || prefix == 'X') base = 16;
  if (prefix == 'b' || prefix == 'B') base = 2;
  const bool spelled = base != 8 || prefix == 'o' || prefix == 'O';
  digits->remove_prefix(spelled ? 2 : 1);
  return base;
}

// `text` has no underscores. nullopt when it is no integer of at most 64 bits.
std::optional<Value> ResolveInteger(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int base = BaseOf(&text);
  uint64_t magnitude = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, magnitude, base);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude <= kMax) {
    const auto number = static_cast<int64_t>(magnitude);
    return Value::Int(negative ? -number : number);
  }
  if (negative && magnitude == kMax + 1) return Value::Int(std::numeric_limits<int64_t>::min());
  const auto number = static_cast<double>(magnitude);
  return Value::Double(negative ? -number : number);
}

std::optional<Value> ResolveFloat(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  // Keeps "inf" and "nan" out, which ParseDouble knows.
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  const std::optional<double> number = ParseDouble(text);
  if (!number) return std::nullopt;
  return Value::Double(*number);
}

std::optional<Value> ResolveSpecialFloat(std::string_view text) {
  constexpr std::array<std::string_view, 3> kNan = {".nan", ".NaN", ".NAN"};
  constexpr std::array<std::string_view, 3> kInfinity = {".inf", ".Inf", ".INF"};
  if (IsOneOf(text, kNan)) return Value::Double(std::numeric_limits<double>::quiet_NaN());
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!IsOneOf(text, kInfinity)) return std::nullopt;
  const double infinity = std::numeric_limits<double>::infinity();
  return Value::Double(negative ? -infinity : infinity);
}

std::optional<Value> ResolveNumber(std::string_view text) {
  constexpr size_t kLongestNumber = 400;  // digits of the largest double, and some
  if (text.empty() || text.size() > kLongestNumber) return std::nullopt;
  if (std::string_view("+-.0123456789").find(text[0]) == std::string_view::npos) {
    return std::nullopt;
  }
  if (std::optional<Value> special = ResolveSpecialFloat(text)) return special;
  std::string plain(text);
  if (text[0] != '.') plain.erase(std::remove(plain.begin(), plain.end(), '_'), plain.end());
  if (std::optional<Value> integer = ResolveInteger(plain)) return integer;
  return ResolveFloat(plain);
}

Value ResolveType(const std::string& text) {
  if (IsOneOf(text, kNullWords)) return Value();
  if (IsOneOf(text, kTrueWords)) return Value::Bool(true);
  if (IsOneOf(text, kFalseWords)) return Value::Bool(false);
  if (std::optional<Value> number = ResolveNumber(text)) return *number;
  return Value::String(text);
}

}  // namespace

Value ResolvePlainScalar(std::string text) {
  Value value = ResolveType(text);
  value.source_text = std::move(text);
  value.plain = true;
  return value;
}

std::optional<std::string> CanonicalKey(const Value& scalar) {
  switch (scalar.type()) {
    case Value::Type::kString:
      return scalar.AsString();
    case Value::Type::kBool:
      return scalar.AsBool() ? "true" : "false";
    case Value::Type::kInt:
      return std::to_string(scalar.AsInt());
    case Value::Type::kDouble: {
      std::array<char, 40> buffer;
      const auto result =
          std::to_chars(buffer.data(), buffer.data() + buffer.size(), scalar.AsDouble());
      return std::string(buffer.data(), result.ptr);
    }
    case Value::Type::kNull:
    case Value::Type::kList:
    case Value::Type::kMap:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace reconcile
