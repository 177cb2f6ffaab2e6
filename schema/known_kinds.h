#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/value.h"
#include "schema/object.h"

namespace reconcile {

// The kind that a manifest with this apiVersion and kind declares; or nothing, and then what is
// wrong and what to do in `problem`. `in_kind` is set when the kind, not the apiVersion, is at
// fault.
std::optional<Kind> FindDeclarableKind(std::string_view api_version, std::string_view kind,
                                       std::string* problem, bool* in_kind);

// The group of a custom resource, or the group that a CustomResourceDefinition is for; empty for
// what is neither.
std::string CustomGroupOf(const Value& manifest);

}  // namespace reconcile
