#include "schema/field_types.h"

#include <cmath>
#include <limits>
#include <optional>

#include "base/check.h"
#include "schema/field_reporter.h"
#include "schema/text.h"

namespace reconcile {

namespace {

std::string Written(const Value& value) {
  return value.source_text.empty() ? WriteJson(value) : value.source_text;
}

// `the number 8080`, `the map`; nothing but the type where values are hidden.
std::string Described(const Value& value, const FieldReporter& reporter) {
  if (value.IsNull()) return "null";
  const bool is_scalar = !value.IsMap() && !value.IsList();
  const bool is_number = value.IsInt() || value.type() == Value::Type::kDouble;
  std::string text = is_number ? "number" : std::string(ToString(value.type()));
  if (!is_scalar || reporter.hides_values) return "a " + text;
  return "the " + text + ' ' +
         (value.IsString() ? Quoted(value.AsString()) : ShortText(Written(value)));
}

void WrongType(const Value& value, const FieldPath& path, FieldReporter* reporter,
               std::string_view wanted, std::string_view hint = "") {
  std::string message = "must be " + std::string(wanted) + ", not " + Described(value, *reporter);
  if (!hint.empty()) message += "; " + std::string(hint);
  reporter->DecodeError(path, value.mark, message);
}

bool DecodeString(const Value& value, const FieldPath& path, FieldReporter* reporter,
                  std::string* target) {
  if (value.IsString()) {
    *target = value.AsString();
    return true;
  }
  std::string hint;
  if (value.IsNull()) {
    hint = "write \"\" for an empty one";
  } else if (!value.IsMap() && !value.IsList()) {
    hint = reporter->hides_values ? "quote it" : "quote it: " + Quoted(Written(value));
  }
  WrongType(value, path, reporter, "a string", hint);
  return false;
}

// An integer, also one that is written with a point or an exponent: kubectl sends 3.0 as 3.
std::optional<int64_t> IntegerIn(const Value& value) {
  if (value.IsInt()) return value.AsInt();
  if (value.type() != Value::Type::kDouble) return std::nullopt;
  constexpr double kBeyond = 9'007'199'254'740'992;  // from there not every integer is a double
  const double number = value.AsDouble();
  if (number != std::trunc(number) || std::abs(number) >= kBeyond) return std::nullopt;
  return static_cast<int64_t>(number);
}

template <typename T>
class ComparableType : public FieldType {
 public:
  bool Equal(const void* a, const void* b) const override { return Of(a) == Of(b); }

 protected:
  static const T& Of(const void* source) { return *static_cast<const T*>(source); }
};

class StringType final : public ComparableType<std::string> {
 public:
  std::string Name() const override { return "string"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    DecodeString(value, path, reporter, static_cast<std::string*>(target));
  }
  Value Encode(const void* source, EncodeFor) const override { return Value::String(Of(source)); }
  void Write(const void* source, EncodeFor, std::string* json) const override {
    AppendJsonString(Of(source), json);
  }
  bool IsZero(const void* source) const override { return Of(source).empty(); }
};

class BoolType final : public ComparableType<bool> {
 public:
  std::string Name() const override { return "boolean"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    if (value.type() == Value::Type::kBool) {
      *static_cast<bool*>(target) = value.AsBool();
    } else {
      WrongType(value, path, reporter, "true or false",
                value.IsString() ? "write it without quotes" : "");
    }
  }
  Value Encode(const void* source, EncodeFor) const override { return Value::Bool(Of(source)); }
  bool IsZero(const void* source) const override { return !Of(source); }
};

template <typename T>
class IntegerType final : public ComparableType<T> {
 public:
  std::string Name() const override { return "integer"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    const std::optional<int64_t> number = IntegerIn(value);
    if (!number) {
      WrongType(value, path, reporter, "an integer",
                value.IsString() ? "write it without quotes" : "");
    } else if (*number < std::numeric_limits<T>::min() || *number > std::numeric_limits<T>::max()) {
      reporter->DecodeError(path, value.mark,
                            "must be an integer of " + std::to_string(sizeof(T) * 8) +
                                " bits, not " + std::to_string(*number));
    } else {
      *static_cast<T*>(target) = static_cast<T>(*number);
    }
  }
  Value Encode(const void* source, EncodeFor) const override {
    return Value::Int(this->Of(source));
  }
  bool IsZero(const void* source) const override { return this->Of(source) == 0; }
};

class Int64AsString final : public ComparableType<int64_t> {
 public:
  std::string Name() const override { return "string"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    std::string text;
    if (!DecodeString(value, path, reporter, &text)) return;
    errno = 0;
    char* end = nullptr;
    const int64_t number = std::strtoll(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || errno != 0) {
      WrongType(value, path, reporter, "a decimal number in quotes");
      return;
    }
    *static_cast<int64_t*>(target) = number;
  }
  Value Encode(const void* source, EncodeFor) const override {
    return Value::String(std::to_string(Of(source)));
  }
  bool IsZero(const void* source) const override { return Of(source) == 0; }
};

void DecodeQuantity(const Value& value, const FieldPath& path, FieldReporter* reporter,
                    Quantity* target) {
  std::string text;
  if (value.IsString()) {
    text = Trimmed(value.AsString());  // as the API server does
  } else if (value.IsInt()) {
    text = std::to_string(value.AsInt());
  } else if (value.type() == Value::Type::kDouble) {
    text = Written(value);
  } else {
    WrongType(value, path, reporter, "a quantity such as 500m or 128Mi");
    return;
  }
  Result<Quantity> quantity = Quantity::Parse(text);
  if (quantity.ok()) {
    *target = *quantity;
  } else {
    reporter->DecodeError(path, value.mark, quantity.status().message());
  }
}

class QuantityType final : public ComparableType<Quantity> {
 public:
  std::string Name() const override { return "Quantity"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    DecodeQuantity(value, path, reporter, static_cast<Quantity*>(target));
  }
  Value Encode(const void* source, EncodeFor) const override {
    return Value::String(Of(source).ToString());
  }
  bool IsZero(const void*) const override { return false; }
};

class IntOrStringType final : public ComparableType<IntOrString> {
 public:
  std::string Name() const override { return "IntOrString"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    if (value.IsString()) {
      *static_cast<IntOrString*>(target) = IntOrString::String(value.AsString());
    } else if (const std::optional<int64_t> number = IntegerIn(value);
               number && *number >= std::numeric_limits<int32_t>::min() &&
               *number <= std::numeric_limits<int32_t>::max()) {
      *static_cast<IntOrString*>(target) = IntOrString::Int(static_cast<int32_t>(*number));
    } else {
      WrongType(value, path, reporter, "an integer or a string");
    }
  }
  Value Encode(const void* source, EncodeFor) const override {
    return Of(source).is_string ? Value::String(Of(source).text) : Value::Int(Of(source).number);
  }
  bool IsZero(const void* source) const override {
    return !Of(source).is_string && Of(source).number == 0;
  }
};

class TimeType final : public ComparableType<WallTime> {
 public:
  std::string Name() const override { return "Time"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    if (!value.IsString()) return WrongType(value, path, reporter, "a time in quotes");
    Result<WallTime> time = ParseRfc3339(value.AsString());
    if (time.ok()) {
      *static_cast<WallTime*>(target) = *time;
    } else {
      reporter->DecodeError(path, value.mark, time.status().message());
    }
  }
  Value Encode(const void* source, EncodeFor) const override {
    return Value::String(FormatRfc3339(Of(source)));
  }
  bool IsZero(const void*) const override { return false; }
};

// Reads a map whose keys are the user's; `decode_entry` reads one value into the map's.
template <typename Map, typename DecodeEntry>
void DecodeMap(const Value& value, const FieldPath& path, FieldReporter* reporter, Map* target,
               DecodeEntry decode_entry) {
  if (!RequireMap(value, path, reporter)) return;
  for (const Value::Member& member : value.AsMap()) {
    decode_entry(member.value, FieldPath::Key(path, member.key), reporter, &(*target)[member.key]);
  }
}

class StringMapType : public ComparableType<StringMap> {
 public:
  std::string Name() const override { return "map[string]string"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    DecodeMap(value, path, reporter, static_cast<StringMap*>(target),
              [](const Value& entry, const FieldPath& entry_path, FieldReporter* errors,
                 std::string* text) {
                // `key:` with nothing after it is the empty string, as Go's JSON reads it.
                text->clear();
                if (!entry.IsNull()) DecodeString(entry, entry_path, errors, text);
              });
  }
  Value Encode(const void* source, EncodeFor) const override {
    Value::Map members;
    for (const auto& [key, text] : Of(source))
      members.push_back({key, Value::String(text), Mark{}});
    return Value::MakeMap(std::move(members));
  }
  bool IsZero(const void* source) const override { return Of(source).empty(); }
  FieldShape shape() const final { return FieldShape::kMap; }
};

class Base64Map final : public StringMapType {
 public:
  std::string Name() const override { return "map[string]base64"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    DecodeMap(value, path, reporter, static_cast<StringMap*>(target),
              [](const Value& entry, const FieldPath& entry_path, FieldReporter* errors,
                 std::string* bytes) {
                std::string text;
                bytes->clear();
                if (entry.IsNull() || !DecodeString(entry, entry_path, errors, &text)) return;
                if (!DecodeBase64(text, bytes)) {
                  errors->DecodeError(entry_path, entry.mark,
                                      "must be base64; plain text belongs under stringData (of a "
                                      "Secret) or data (of a ConfigMap)");
                }
              });
  }
  Value Encode(const void* source, EncodeFor) const override {
    Value::Map members;
    for (const auto& [key, bytes] : Of(source)) {
      members.push_back({key, Value::String(EncodeBase64(bytes)), Mark{}});
    }
    return Value::MakeMap(std::move(members));
  }
};

class ResourceListType final : public ComparableType<ResourceList> {
 public:
  std::string Name() const override { return "map[string]Quantity"; }
  void Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
              void* target) const override {
    DecodeMap(value, path, reporter, static_cast<ResourceList*>(target), DecodeQuantity);
  }
  Value Encode(const void* source, EncodeFor) const override {
    Value::Map members;
    for (const auto& [key, quantity] : Of(source)) {
      members.push_back({key, Value::String(quantity.ToString()), Mark{}});
    }
    return Value::MakeMap(std::move(members));
  }
  bool IsZero(const void* source) const override { return Of(source).empty(); }
  FieldShape shape() const override { return FieldShape::kMap; }
};

template <typename Type>
const FieldType& Single() {
  static const Type type;
  return type;
}

}  // namespace

template <>
const FieldType& ScalarType<std::string>() {
  return Single<StringType>();
}
template <>
const FieldType& ScalarType<bool>() {
  return Single<BoolType>();
}
template <>
const FieldType& ScalarType<int32_t>() {
  return Single<IntegerType<int32_t>>();
}
template <>
const FieldType& ScalarType<int64_t>() {
  return Single<IntegerType<int64_t>>();
}
template <>
const FieldType& ScalarType<Quantity>() {
  return Single<QuantityType>();
}
template <>
const FieldType& ScalarType<IntOrString>() {
  return Single<IntOrStringType>();
}
template <>
const FieldType& ScalarType<WallTime>() {
  return Single<TimeType>();
}
template <>
const FieldType& ScalarType<StringMap>() {
  return Single<StringMapType>();
}
template <>
const FieldType& ScalarType<ResourceList>() {
  return Single<ResourceListType>();
}

const FieldType& Int64AsStringType() { return Single<Int64AsString>(); }
const FieldType& Base64MapType() { return Single<Base64Map>(); }

bool RequireMap(const Value& value, const FieldPath& path, FieldReporter* reporter) {
  if (!value.IsMap()) WrongType(value, path, reporter, "a map");
  return value.IsMap();
}

bool RequireList(const Value& value, const FieldPath& path, FieldReporter* reporter) {
  if (!value.IsList()) {
    WrongType(value, path, reporter, "a list",
              "put each element on a line of its own after \"- \"");
  }
  return value.IsList();
}

std::string NoneOf(const std::string& text, const std::vector<std::string_view>& choices) {
  std::string message = Quoted(text) + " is none of " + QuotedList(choices);
  const std::string_view nearest = NearestWord(text, choices);
  if (IsSimilar(text, nearest)) message += "; did you mean " + Quoted(nearest) + "?";
  return message;
}

void EnumTypeBase::Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
                          void* target) const {
  std::string text;
  if (!DecodeString(value, path, reporter, &text)) return;
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!text.empty() && names_[i] == text) return Set(target, i);
  }
  reporter->DecodeError(path, value.mark, NoneOf(text, Choices()));
}

Value EnumTypeBase::Encode(const void* source, EncodeFor) const {
  return Value::String(std::string(names_[Get(source)]));
}

void EnumTypeBase::Write(const void* source, EncodeFor, std::string* json) const {
  AppendJsonString(names_[Get(source)], json);
}

bool EnumTypeBase::IsZero(const void* source) const { return names_[Get(source)].empty(); }

std::vector<std::string_view> EnumTypeBase::Choices() const {
  std::vector<std::string_view> choices;
  for (std::string_view name : names_) {
    if (!name.empty()) choices.push_back(name);
  }
  return choices;
}

void ListTypeBase::Decode(const Value& value, const FieldPath& path, FieldReporter* reporter,
                          void* target) const {
  if (!RequireList(value, path, reporter)) return;
  Clear(target);
  for (size_t i = 0; i < value.AsList().size(); ++i) {
    const Value& element = value.AsList()[i];
    const std::string_view label = table() == nullptr ? "" : table()->LabelOf(element);
    // A broken element keeps its place, so that later ones keep their index.
    element_.Decode(element, FieldPath::Item(path, i, label), reporter, Append(target));
  }
}

Value ListTypeBase::Encode(const void* source, EncodeFor purpose) const {
  Value::List elements;
  for (size_t i = 0; i < Count(source); ++i) {
    elements.push_back(element_.Encode(At(source, i), purpose));
  }
  return Value::MakeList(std::move(elements));
}

void ListTypeBase::Write(const void* source, EncodeFor purpose, std::string* json) const {
  *json += '[';
  for (size_t i = 0; i < Count(source); ++i) {
    if (i > 0) *json += ',';
    element_.Write(At(source, i), purpose, json);
  }
  *json += ']';
}

bool ListTypeBase::Equal(const void* a, const void* b) const {
  if (Count(a) != Count(b)) return false;
  for (size_t i = 0; i < Count(a); ++i) {
    if (!element_.Equal(At(a, i), At(b, i))) return false;
  }
  return true;
}

}  // namespace reconcile
