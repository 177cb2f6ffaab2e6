#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/field_reporter.h"

namespace reconcile {

// Where a field that the innermost struct of `inside` does not have belongs: in a struct around it,
// in its metadata, or in one struct below it, as "spec.template.spec.containers[]"; "" for the
// object itself. Nothing where no struct nearby has a field of that name, or several have. PURE.
std::optional<std::string> FindWhereFieldBelongs(std::string_view name, const InsideStruct& inside);

}  // namespace reconcile
