#pragma once

#include <string>
#include <string_view>

#include "schema/workload.h"

namespace reconcile {

inline constexpr size_t kMaxSelectorBytes = 16 << 10;

// Reads a selector as `kubectl -l` and the API's labelSelector take it: requirements separated by
// commas, each `KEY`, `!KEY`, `KEY=VALUE`, `KEY==VALUE`, `KEY!=VALUE`, `KEY in (A, B)` or
// `KEY notin (A, B)`; an empty text selects everything. Invalid says what is wrong and where. Keys
// and values follow the rules for labels. Each requirement becomes a match expression.
// Source: apimachinery pkg/labels Parse, without `<` and `>`, which labels of pods do not know.
Result<LabelSelector> ParseLabelSelector(std::string_view text);

// The selector as such a text, matchLabels first; "" when it selects everything. What
// ParseLabelSelector reads from it selects the same.
std::string FormatLabelSelector(const LabelSelector& selector);

}  // namespace reconcile
