#pragma once

#include <string>
#include <vector>

#include "schema/other_fields.h"

namespace reconcile {

// The names in `imagePullSecrets` of a pod's spec or of a ServiceAccount, in their order.
std::vector<std::string> PullSecretsOf(const OtherFields& fields);

}  // namespace reconcile
