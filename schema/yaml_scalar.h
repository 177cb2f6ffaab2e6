#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"

namespace reconcile {

// Types a plain YAML scalar as kubectl's reader does (YAML 1.1 as in go-yaml v2, where `y` and `n`
// are strings and `0o` octals are known): null, booleans, integers in four bases with underscores,
// decimal floats, else a string. Integers beyond int64 become doubles. The result carries
// `source_text` and `plain`.
Value ResolvePlainScalar(std::string text);

// How kubectl would spell `scalar` as a map key: "true" for `on`, "420" for 0644. nullopt for null
// and for what is no scalar.
std::optional<std::string> CanonicalKey(const Value& scalar);

}  // namespace reconcile
