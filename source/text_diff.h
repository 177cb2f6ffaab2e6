#pragma once

#include <string>

#include "base/status.h"

namespace reconcile {

// A unified diff of two texts, as `git diff` writes it, under the names that are given; empty when
// they are equal. A name that is empty stands for a text that is not there. Any thread. Internal
// when libgit2 cannot.
Result<std::string> UnifiedDiff(const std::string& before_name, const std::string& before,
                                const std::string& after_name, const std::string& after);

}  // namespace reconcile
