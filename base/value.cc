#include "base/value.h"

#include "base/check.h"

namespace reconcile {

Value::Value() = default;
Value::Value(const Value&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(const Value&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;

Value Value::Bool(bool value) {
  Value result;
  result.content_ = value;
  return result;
}

Value Value::Int(int64_t value) {
  Value result;
  result.content_ = value;
  return result;
}

Value Value::Double(double value) {
  Value result;
  result.content_ = value;
  return result;
}

Value Value::String(std::string value) {
  Value result;
  result.content_ = std::move(value);
  return result;
}

bool operator==(const Value& a, const Value& b) { return a.content_ == b.content_; }

Value Value::MakeList() { return MakeList(List()); }

Value Value::MakeMap() { return MakeMap(Map()); }

Value Value::MakeList(List items) {
  Value result;
  result.content_ = std::move(items);
  return result;
}

Value Value::MakeMap(Map members) {
  Value result;
  result.content_ = std::move(members);
  return result;
}

bool Value::AsBool() const {
  CHECK(type() == Type::kBool);
  return std::get<bool>(content_);
}

int64_t Value::AsInt() const {
  CHECK(type() == Type::kInt);
  return std::get<int64_t>(content_);
}

double Value::AsDouble() const {
  if (type() == Type::kInt) return static_cast<double>(std::get<int64_t>(content_));
  CHECK(type() == Type::kDouble);
  return std::get<double>(content_);
}

const std::string& Value::AsString() const {
  CHECK(type() == Type::kString);
  return std::get<std::string>(content_);
}

const Value::List& Value::AsList() const {
  CHECK(type() == Type::kList);
  return std::get<List>(content_);
}

Value::List& Value::AsList() {
  CHECK(type() == Type::kList);
  return std::get<List>(content_);
}

const Value::Map& Value::AsMap() const {
  CHECK(type() == Type::kMap);
  return std::get<Map>(content_);
}

Value::Map& Value::AsMap() {
  CHECK(type() == Type::kMap);
  return std::get<Map>(content_);
}

const Value* Value::Find(std::string_view key) const {
  if (!IsMap()) return nullptr;
  for (const Member& member : AsMap()) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::string Value::GetString(std::string_view key, std::string_view fallback) const {
  const Value* value = Find(key);
  return value != nullptr && value->IsString() ? value->AsString() : std::string(fallback);
}

int64_t Value::GetInt(std::string_view key, int64_t fallback) const {
  const Value* value = Find(key);
  return value != nullptr && value->IsInt() ? value->AsInt() : fallback;
}

bool Value::GetBool(std::string_view key, bool fallback) const {
  const Value* value = Find(key);
  return value != nullptr && value->type() == Type::kBool ? value->AsBool() : fallback;
}

const Value::List& Value::GetList(std::string_view key) const {
  static const List empty;
  const Value* value = Find(key);
  return value != nullptr && value->IsList() ? value->AsList() : empty;
}

void Value::Set(std::string key, Value value) {
  for (Member& member : AsMap()) {
    if (member.key == key) {
      member.value = std::move(value);
      return;
    }
  }
  AsMap().push_back({std::move(key), std::move(value), {}});
}

void Value::Append(Value value) { AsList().push_back(std::move(value)); }

std::string_view ToString(Value::Type type) {
  switch (type) {
    case Value::Type::kNull:
      return "null";
    case Value::Type::kBool:
      return "boolean";
    case Value::Type::kInt:
      return "integer";
    case Value::Type::kDouble:
      return "number";
    case Value::Type::kString:
      return "string";
    case Value::Type::kList:
      return "list";
    case Value::Type::kMap:
      return "map";
  }
  return "unknown";
}

}  // namespace reconcile
