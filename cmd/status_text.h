#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// PURE. `status` is what the API's status route answers.

// True when nothing is left to do: only then does what runs correspond to what Git declares.
bool IsConverged(const Value& status);

// For people. Text from outside is escaped.
std::string StatusText(const Value& status);

}  // namespace reconcile
