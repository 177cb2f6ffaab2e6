#pragma once

#include <string>
#include <string_view>

#include "base/value.h"

namespace reconcile {

// What WriteJson writes of a value, compact, appended to what is there: for what is written out
// without a tree of Values.
void AppendJson(const Value& value, std::string* json);
void AppendJsonString(std::string_view text, std::string* json);

}  // namespace reconcile
