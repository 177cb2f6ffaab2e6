#pragma once

#include <optional>
#include <string_view>

namespace reconcile {

// The double nearest to a decimal number ("-1.5e3", ".5", "5."; no leading '+'). Numbers too small
// for a double are 0; nullopt when `text` is not such a number or is beyond double's range.
std::optional<double> ParseDouble(std::string_view text);

}  // namespace reconcile
