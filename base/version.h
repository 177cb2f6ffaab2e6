#pragma once

#include <string_view>

namespace reconcile {

// Of this program, as `reconcile version` prints it.
inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace reconcile
