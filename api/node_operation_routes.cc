#include "api/node_operation_routes.h"

#include <charconv>

#include "api/routes.h"
#include "reconciler/drain.h"

namespace reconcile {
namespace {

constexpr int64_t kMaxDrainMs = 7 * 86'400'000LL;

NodeDrain DrainIn(const ApiRequest& request) {
  NodeDrain drain;
  drain.force = request.Query("force") == "true";
  drain.ignore_daemon_sets = request.Query("ignoreDaemonSets") == "true";
  drain.delete_empty_dir_data = request.Query("deleteEmptyDirData") == "true";
  return drain;
}

ApiResponse DrainRoute(Controller* controller, const ApiRequest& request,
                       const Controller::Told& told, Now now) {
  NodeDrain drain = DrainIn(request);
  const std::string timeout = request.Query("timeoutMs");
  if (!timeout.empty()) {
    int64_t timeout_ms = 0;
    const char* end = timeout.data() + timeout.size();
    const auto read = std::from_chars(timeout.data(), end, timeout_ms);
    const bool is_number = read.ec == std::errc() && read.ptr == end;
    if (!is_number || timeout_ms <= 0 || timeout_ms > kMaxDrainMs) {
      return ErrorResponse(InvalidError("timeoutMs: '" + timeout + "' is not from 1 to " +
                                        std::to_string(kMaxDrainMs)));
    }
    drain.until = WallTime{now.wall.ms + timeout_ms};
  }
  return ResponseOf(controller->Drain(request.Query("node"), std::move(drain), told));
}

ApiResponse DrainStatusRoute(Controller* controller, const ApiRequest& request) {
  const std::string name = request.Query("node");
  const auto state = controller->State();
  const auto node = state->Find<Node>("", name);
  if (node == nullptr) return ErrorResponse(NotFoundError("no node is named '" + name + "'"));
  Value pods = Value::MakeList();
  for (const DrainWait& wait : DrainWaitsOf(name, DrainIn(request), *state)) {
    Value pod = Value::MakeMap();
    pod.Set("pod", Value::String(wait.pod.namespace_name + "/" + wait.pod.name));
    pod.Set("why", Value::String(wait.why));
    pod.Set("blocked", Value::Bool(wait.is_blocked));
    pods.Append(std::move(pod));
  }
  Value value = Value::MakeMap();
  value.Set("draining", Value::Bool(node->status.drain.has_value()));
  value.Set("unschedulable", Value::Bool(IsUnschedulable(*node)));
  value.Set("pods", std::move(pods));
  return SuccessResponse(std::move(value));
}

}  // namespace

std::optional<ApiResponse> HandleNodeOperation(Controller* controller, const ApiRequest& request,
                                               const std::string& verb, Now now) {
  const std::string node = request.Query("node");
  const Controller::Told told{request.Query("by"), request.Query("reason")};
  if (verb == "cordon") return ResponseOf(controller->Cordon(node, told));
  if (verb == "uncordon") return ResponseOf(controller->Uncordon(node, told));
  if (verb == "drain") return DrainRoute(controller, request, told, now);
  if (verb == "drain-status") return DrainStatusRoute(controller, request);
  return std::nullopt;
}

}  // namespace reconcile
