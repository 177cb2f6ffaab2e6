#include "sim/other_release.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace reconcile {
namespace {

// Maps whose keys are people's.
constexpr std::array<std::string_view, 12> kFreeMaps = {
    "labels",       "annotations", "data",        "stringData", "binaryData", "matchLabels",
    "nodeSelector", "capacity",    "allocatable", "limits",     "requests",   "selector"};

bool IsFree(std::string_view key) {
  return std::find(kFreeMaps.begin(), kFreeMaps.end(), key) != kFreeMaps.end();
}

bool IsEmpty(const Value& value) {
  switch (value.type()) {
    case Value::Type::kNull:
      return true;
    case Value::Type::kBool:
      return !value.AsBool();
    case Value::Type::kInt:
      return value.AsInt() == 0;
    case Value::Type::kDouble:
      return false;
    case Value::Type::kString:
      return value.AsString().empty();
    case Value::Type::kList:
      return value.AsList().empty();
    case Value::Type::kMap:
      return value.AsMap().empty();
  }
  return false;
}

}  // namespace

void AddUnknownMembers(Value* message) {
  if (message->IsList()) {
    for (Value& item : message->AsList()) AddUnknownMembers(&item);
  }
  if (!message->IsMap()) return;
  for (Value::Member& member : message->AsMap()) {
    if (!IsFree(member.key)) AddUnknownMembers(&member.value);
  }
  message->Set("ofTheNextRelease", Value::MakeList({Value::Int(1), Value::String("x")}));
}

void LeaveOutEmptyMembers(Value* message) {
  if (!message->IsMap() || message->Find("kind") != nullptr) return;
  for (Value::Member& member : message->AsMap()) {
    if (member.value.IsMap()) LeaveOutEmptyMembers(&member.value);
    if (!member.value.IsList()) continue;
    for (Value& item : member.value.AsList()) LeaveOutEmptyMembers(&item);
  }
  std::erase_if(message->AsMap(), [](const Value::Member& member) {
    return !IsFree(member.key) && IsEmpty(member.value);
  });
}

}  // namespace reconcile
