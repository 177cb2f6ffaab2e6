#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/served_kinds.h"
#include "controller/controller.h"

namespace reconcile {

// metrics.k8s.io/v1beta1: what nodes and pods use, as `kubectl top` and autoscalers read it. Views
// of the newest looks; they are no objects, have no resource version, and cannot be watched.
// Source: kubernetes/metrics, pkg/apis/metrics/v1beta1.
inline constexpr GroupVersion kMetricsVersion = {"metrics.k8s.io", "v1beta1"};

// What discovery says of them.
struct MetricsResource {
  std::string_view plural;
  std::string_view kind;
  bool namespaced = false;
};
const std::vector<MetricsResource>& MetricsResources();

// None when the path is not the group's resources. A node or pod without a fresh look is not in a
// list, and NotFound by its name.
std::optional<ApiResponse> HandleMetrics(const Controller& controller, const ApiRequest& request,
                                         Now now);

// "1234567n", "51200Ki": as the kubelet's are written.
std::string CpuText(int64_t cpu_micros);
std::string MemoryText(int64_t bytes);

}  // namespace reconcile
