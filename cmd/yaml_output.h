#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// A value as YAML text in block style, texts of several lines too. Strings that would read back as
// something else are quoted; characters that cannot be seen are escaped in them.
std::string WriteYaml(const Value& value);

}  // namespace reconcile
