#pragma once

#include <string>

#include "api/http.h"

namespace reconcile {

// A Kubernetes Status object that tells of a failure, with the reason that Kubernetes gives for
// this HTTP code (k8s.io/apimachinery, StatusReason).
ApiResponse StatusAnswer(int code, const std::string& message);

}  // namespace reconcile
