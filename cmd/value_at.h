#pragma once

#include <string>
#include <string_view>

#include "base/value.h"

namespace reconcile {

// PURE. Readers of objects as the API answers them, where anything may be absent.

// The member at a path of names, "status.podIP"; null when there is none. Names have no dots.
const Value* ValueAt(const Value& value, std::string_view path);
// The same as text: numbers and booleans as they are written, "" for what is no scalar.
std::string TextAt(const Value& value, std::string_view path);
int64_t IntAt(const Value& value, std::string_view path, int64_t fallback = 0);
const Value::List& ListAt(const Value& value, std::string_view path);  // empty when absent
// A scalar as it is written; lists and maps as compact JSON.
std::string TextOf(const Value& value);

// The condition of a type, out of status.conditions; null when there is none.
const Value* ConditionOf(const Value& object, std::string_view type);
// "default/web", or "host-1" of what is in no namespace.
std::string NameWithNamespace(const Value& object);

}  // namespace reconcile
