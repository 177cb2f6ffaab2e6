#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// PURE. `trees` is what the API's tree route answers. Text from outside is escaped.
std::string TreeText(const Value& trees, bool color);
// Whether all of them are healthy.
bool IsTreeHealthy(const Value& trees);

}  // namespace reconcile
