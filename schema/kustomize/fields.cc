#include "schema/kustomize/fields.h"

#include <algorithm>

#include "schema/text.h"

namespace reconcile::kustomize {

Fields::Fields(Session* session, const Value& value, std::string_view where)
    : session_(session), value_(value), where_(where) {
  if (!value_.IsMap()) {
    session_->Error(value_.mark, std::string(where_) + " must be a map, got " +
                                     std::string(ToString(value_.type())));
  }
}

const Value* Fields::Find(std::string_view name) {
  asked_.push_back(name);
  const Value* found = value_.Find(name);
  return found == nullptr || found->IsNull() ? nullptr : found;
}

void Fields::WrongType(std::string_view name, const Value& value, std::string_view wanted) {
  session_->Error(value.mark, std::string(name) + " must be " + std::string(wanted) + ", got " +
                                  std::string(ToString(value.type())) +
                                  (value.plain && wanted == "a string" ? "; quote it" : ""));
}

Text Fields::String(std::string_view name) {
  const Value* value = Find(name);
  if (value == nullptr) return {};
  if (value->IsString()) return {value->AsString(), value->mark};
  WrongType(name, *value, "a string");
  return {};
}

bool Fields::Bool(std::string_view name) {
  const Value* value = Find(name);
  if (value == nullptr) return false;
  if (value->type() == Value::Type::kBool) return value->AsBool();
  WrongType(name, *value, "true or false");
  return false;
}

int64_t Fields::Int(std::string_view name, int64_t fallback) {
  const Value* value = Find(name);
  if (value == nullptr) return fallback;
  if (value->IsInt()) return value->AsInt();
  WrongType(name, *value, "an integer");
  return fallback;
}

std::vector<Text> Fields::Strings(std::string_view name) {
  std::vector<Text> texts;
  for (const Value& item : List(name)) {
    if (item.IsString()) {
      texts.push_back({item.AsString(), item.mark});
    } else {
      WrongType("an entry of " + std::string(name), item, "a string");
    }
  }
  return texts;
}

Value::Map Fields::StringMap(std::string_view name) {
  const Value* value = Find(name);
  if (value == nullptr) return {};
  if (!value->IsMap()) {
    WrongType(name, *value, "a map");
    return {};
  }
  Value::Map members;
  for (const Value::Member& member : value->AsMap()) {
    if (member.value.IsString()) {
      members.push_back(member);
    } else {
      WrongType(Quoted(member.key) + " of " + std::string(name), member.value, "a string");
    }
  }
  return members;
}

const Value::List& Fields::List(std::string_view name) {
  static const Value::List empty;
  const Value* value = Find(name);
  if (value == nullptr) return empty;
  if (value->IsList()) return value->AsList();
  WrongType(name, *value, "a list");
  return empty;
}

void Fields::Finish() {
  if (!value_.IsMap()) return;
  for (const Value::Member& member : value_.AsMap()) {
    if (std::find(asked_.begin(), asked_.end(), member.key) != asked_.end()) continue;
    const std::string_view nearest = NearestWord(member.key, asked_);
    session_->Error(
        member.key_mark,
        "unknown field " + Quoted(member.key) + " in " + std::string(where_) +
            (IsSimilar(member.key, nearest) ? "; did you mean " + Quoted(nearest) + "?" : ""));
  }
}

}  // namespace reconcile::kustomize
