#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// A value as YAML text in block style. Strings that would read back as something else are quoted.
std::string WriteYaml(const Value& value);

}  // namespace reconcile
