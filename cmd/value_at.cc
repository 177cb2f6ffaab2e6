#include "cmd/value_at.h"

#include <algorithm>

namespace reconcile {

const Value* ValueAt(const Value& value, std::string_view path) {
  const Value* at = &value;
  while (at != nullptr && !path.empty()) {
    const size_t end = std::min(path.find('.'), path.size());
    at = at->Find(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return at;
}

std::string TextOf(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return "";
    case Value::Type::kString:
      return value.AsString();
    case Value::Type::kBool:
    case Value::Type::kInt:
    case Value::Type::kDouble:
    case Value::Type::kList:
    case Value::Type::kMap:
      return WriteJson(value);
  }
  return "";
}

std::string TextAt(const Value& value, std::string_view path) {
  const Value* at = ValueAt(value, path);
  return at == nullptr || at->IsList() || at->IsMap() ? "" : TextOf(*at);
}

int64_t IntAt(const Value& value, std::string_view path, int64_t fallback) {
  const Value* at = ValueAt(value, path);
  return at != nullptr && at->IsInt() ? at->AsInt() : fallback;
}

const Value::List& ListAt(const Value& value, std::string_view path) {
  static const Value::List kNone;
  const Value* at = ValueAt(value, path);
  return at != nullptr && at->IsList() ? at->AsList() : kNone;
}

const Value* ConditionOf(const Value& object, std::string_view type) {
  for (const Value& condition : ListAt(object, "status.conditions")) {
    if (condition.GetString("type") == type) return &condition;
  }
  return nullptr;
}

std::string NameWithNamespace(const Value& object) {
  const std::string namespace_name = TextAt(object, "metadata.namespace");
  return (namespace_name.empty() ? "" : namespace_name + "/") + TextAt(object, "metadata.name");
}

}  // namespace reconcile
