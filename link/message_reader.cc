#include "link/message_reader.h"

namespace reconcile {
namespace {

std::string Name(Value::Type type) { return std::string(ToString(type)); }

}  // namespace

MessageReader::MessageReader(const Value& value, std::string path)
    : value_(value), path_(std::move(path)) {
  if (!value.IsMap()) status_ = InvalidError(path_ + ": a " + Name(value.type()) + ", not a map");
}

const Value* MessageReader::Find(std::string_view key, Value::Type type) {
  const Value* member = value_.Find(key);
  if (member == nullptr || member->IsNull() || !status_.ok()) return nullptr;
  if (member->type() == type) return member;
  Fail(key, "a " + Name(member->type()) + ", not a " + Name(type));
  return nullptr;
}

void MessageReader::Fail(std::string_view key, const std::string& why) {
  if (status_.ok()) status_ = InvalidError(path_ + "." + std::string(key) + ": " + why);
}

std::string MessageReader::ItemPath(std::string_view key, size_t index) const {
  return path_ + "." + std::string(key) + "[" + std::to_string(index) + "]";
}

std::string MessageReader::String(std::string_view key) {
  const Value* member = Find(key, Value::Type::kString);
  return member == nullptr ? std::string() : member->AsString();
}

std::string MessageReader::RequiredString(std::string_view key) {
  std::string text = String(key);
  if (text.empty()) Fail(key, "missing or empty");
  return text;
}

int64_t MessageReader::Count(std::string_view key) {
  const Value* member = Find(key, Value::Type::kInt);
  if (member == nullptr) return 0;
  if (member->AsInt() < 0) Fail(key, "negative");
  return std::max<int64_t>(member->AsInt(), 0);
}

bool MessageReader::Bool(std::string_view key) {
  const Value* member = Find(key, Value::Type::kBool);
  return member != nullptr && member->AsBool();
}

const Value* MessageReader::Map(std::string_view key) { return Find(key, Value::Type::kMap); }

const Value::List& MessageReader::List(std::string_view key) {
  static const Value::List kNone;
  const Value* member = Find(key, Value::Type::kList);
  if (member == nullptr) return kNone;
  if (member->AsList().size() <= kMaxMessageItems) return member->AsList();
  Fail(key, std::to_string(member->AsList().size()) + " items, more than " +
                std::to_string(kMaxMessageItems));
  return kNone;
}

StringMap MessageReader::Strings(std::string_view key) {
  StringMap strings;
  const Value* member = Map(key);
  if (member == nullptr) return strings;
  if (member->AsMap().size() > kMaxMessageItems) Fail(key, "too many members");
  for (const Value::Member& entry : member->AsMap()) {
    if (!entry.value.IsString()) {
      Fail(std::string(key) + "." + entry.key, "a " + Name(entry.value.type()) + ", not a string");
      break;
    }
    strings[entry.key] = entry.value.AsString();
  }
  return strings;
}

std::vector<std::string> MessageReader::StringList(std::string_view key) {
  std::vector<std::string> strings;
  for (const Value& item : List(key)) {
    if (!item.IsString()) {
      Fail(key, "holds a " + Name(item.type()) + ", not only strings");
      break;
    }
    strings.push_back(item.AsString());
  }
  return strings;
}

}  // namespace reconcile
