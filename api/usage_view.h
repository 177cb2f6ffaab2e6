#pragma once

#include "api/http.h"
#include "controller/controller.h"

namespace reconcile {

// GET /apis/reconcile.dev/v1/usage: what nodes and pods use now, and with `series=true` over the
// last minutes and the last hour. `node`, `namespace`, `pod` and `pods=false` narrow it; with
// series there may be no more than kMaxUsageSeries pods.
//   {"nodes": [{"name", "now": USE, "capacity": {"cpu", "memory", "pods"}, "series": [SERIES]}],
//    "pods": [{"namespace", "name", "node", "now": USE, "series": [SERIES]}]}
// USE: "cpuMicros" (millionths of a core), "memoryBytes" (working set), "receivedBytes" and
// "sentBytes" (a second), "at", and of a pod "containers"; null when nothing fresh was told.
// SERIES: {"stepSeconds", "began", "points": [[cpu, memory, received, sent] or null]}.
inline constexpr size_t kMaxUsageSeries = 500;
ApiResponse UsageRoute(const Controller& controller, const ApiRequest& request, Now now);

}  // namespace reconcile
