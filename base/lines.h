#pragma once

#include <string_view>
#include <vector>

namespace reconcile {

// The lines of a text, without their breaks. A break at the end begins no further line. Borrow the
// text.
std::vector<std::string_view> SplitLines(std::string_view text);

}  // namespace reconcile
