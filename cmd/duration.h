#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// A duration as people write it, in milliseconds: a whole number and a unit, "90s", "30m", "24h",
// "7d"; several after each other add up ("1h30m"). Invalid for anything else and beyond 10 years.
Result<int64_t> ParseDuration(std::string_view text);

}  // namespace reconcile
