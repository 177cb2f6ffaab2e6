#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"

namespace reconcile {

// Where a value stands in its text. Lines and columns count from 1; 0 means "not from a text".
struct Mark {
  int line = 0;
  int column = 0;
};

// The tree that YAML and JSON are read into, and that typed things are written out from. Maps keep
// their order and never hold a key twice. A plain value type; copying, comparing, writing and
// destroying recurse as deep as the value, which readers limit.
class Value {
 public:
  enum class Type { kNull, kBool, kInt, kDouble, kString, kList, kMap };
  struct Member;
  using List = std::vector<Value>;
  using Map = std::vector<Member>;

  Value();  // null
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  static Value Bool(bool value);
  static Value Int(int64_t value);
  static Value Double(double value);
  static Value String(std::string value);
  static Value MakeList();
  static Value MakeList(List items);
  static Value MakeMap();
  static Value MakeMap(Map members);

  Type type() const { return static_cast<Type>(content_.index()); }
  bool IsNull() const { return type() == Type::kNull; }
  bool IsMap() const { return type() == Type::kMap; }
  bool IsList() const { return type() == Type::kList; }
  bool IsString() const { return type() == Type::kString; }
  bool IsInt() const { return type() == Type::kInt; }

  // Each CHECKs the type: look before you ask. AsDouble takes an int too.
  bool AsBool() const;
  int64_t AsInt() const;
  double AsDouble() const;
  const std::string& AsString() const;
  const List& AsList() const;
  List& AsList();
  const Map& AsMap() const;
  Map& AsMap();

  // The member named `key`, or nullptr when absent or when this is not a map.
  const Value* Find(std::string_view key) const;
  // Lenient readers for trusted replies (Docker's): the fallback when absent or of another type.
  std::string GetString(std::string_view key, std::string_view fallback = "") const;
  int64_t GetInt(std::string_view key, int64_t fallback = 0) const;
  bool GetBool(std::string_view key, bool fallback = false) const;
  const List& GetList(std::string_view key) const;  // empty when absent
  // Sets or replaces a member. CHECKs that this is a map.
  void Set(std::string key, Value value);
  void Append(Value value);  // CHECKs that this is a list

  Mark mark;  // where the value starts
  // The scalar as written, before typing, and whether it was a plain (unquoted) YAML scalar: a
  // string field takes a plain `0644` as "0644"'s caller decides. Empty for values not from YAML.
  std::string source_text;
  bool plain = false;

  // Marks and source texts do not count; the order of a map's members does.
  friend bool operator==(const Value& a, const Value& b);

 private:
  // In the order of Type.
  using Content = std::variant<std::monostate, bool, int64_t, double, std::string, List, Map>;
  Content content_;
};

struct Value::Member {
  std::string key;
  Value value;
  Mark key_mark;
  friend bool operator==(const Member& a, const Member& b) {
    return a.key == b.key && a.value == b.value;
  }
};

// Limits for reading JSON from outside.
struct JsonLimits {
  size_t max_bytes = 16 << 20;
  int max_depth = 64;
  size_t max_values = 4'000'000;  // scalars, lists and maps
};

// Strict RFC 8259; a duplicate key is an error, as is a number beyond double's range. An integer
// beyond int64 becomes a double. Errors are Invalid and begin with "line:column: ". Marks are set.
Result<Value> ParseJson(std::string_view text, const JsonLimits& limits = {});
// The same for values one after another, with white space between them or nothing, as kubectl and
// jq read them; at least one and at most `max_count`. The limits hold for all of them together.
Result<std::vector<Value>> ParseJsonSequence(std::string_view text, const JsonLimits& limits,
                                             size_t max_count);
// Compact when `indent` is 0. Doubles are written shortest, always with a point or an exponent, so
// that they stay doubles when read again; infinities and NaN as null. Control characters are
// escaped; invalid UTF-8 is written as U+FFFD.
std::string WriteJson(const Value& value, int indent = 0);

// "map", "list", "string" ... as error messages name them.
std::string_view ToString(Value::Type type);

}  // namespace reconcile
