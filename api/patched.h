#pragma once

#include <optional>

#include "api/refusal.h"

namespace reconcile {

// PURE. What `current`, an object as clients see it, becomes by the body of a PUT or PATCH, by its
// content type: JSON merge, JSON patch, strategic merge, or an apply, whose object takes the place
// of the current one as a whole: fields have no owners here, and a manifest in Git is whole. None
// when it cannot be read or done: `*refusal` says why.
std::optional<Value> Patched(const Value& current, const ApiRequest& request, Refusal* refusal);

// The body as an object; for POST and PUT.
std::optional<Value> BodyObject(const ApiRequest& request, Refusal* refusal);

}  // namespace reconcile
