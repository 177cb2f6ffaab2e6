#pragma once

#include "api/http.h"
#include "link/agent_link.h"

namespace reconcile {

// PURE. What a request of pods/log asks for, by Kubernetes' PodLogOptions: container, previous,
// follow, timestamps, tailLines (at most a million), sinceSeconds or sinceTime, limitBytes. Invalid
// when a value cannot be read.
Result<LogRequest> ParseLogQuery(const ApiRequest& request);

}  // namespace reconcile
