#include "api/routes.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "api/discovery_routes.h"
#include "api/enrollment_routes.h"
#include "api/git_refusals.h"
#include "api/health_routes.h"
#include "api/history_view.h"
#include "api/log_query.h"
#include "api/metrics_routes.h"
#include "api/network_view.h"
#include "api/node_operation_routes.h"
#include "api/openapi_routes.h"
#include "api/operation_routes.h"
#include "api/plan_routes.h"
#include "api/pod_connection_routes.h"
#include "api/refusal.h"
#include "api/scale_route.h"
#include "api/table.h"
#include "api/tree_view.h"
#include "api/usage_view.h"
#include "api/version_route.h"
#include "api/write_routes.h"
#include "schema/codec.h"
#include "schema/core.h"
#include "schema/text.h"

namespace reconcile {
namespace {

int HttpCode(StatusCode code) {
  switch (code) {
    case StatusCode::kOk:
      return 200;
    case StatusCode::kInvalid:
      return 400;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kConflict:
      return 409;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kInternal:
      return 500;
  }
  return 500;
}

ApiResponse Json(const Value& value) {
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

Value StatusValue(const std::string& status, Value more = Value::MakeMap()) {
  more.Set("kind", Value::String("Status"));
  more.Set("apiVersion", Value::String("v1"));
  more.Set("status", Value::String(status));
  return more;
}

bool WantsTable(const ApiRequest& request) {
  return request.accept.find("as=Table") != std::string::npos;
}

ApiResponse PodLog(Controller* controller, const ResourcePath& resource,
                   const ApiRequest& request) {
  const Result<LogRequest> log = ParseLogQuery(request);
  if (!log.ok()) return ErrorResponse(log.status());
  const auto pod = controller->State()->Find<Pod>(resource.namespace_name, resource.name);
  if (pod == nullptr) {
    return RefusalResponse(
        {404, "NotFound", "pods \"" + resource.name + "\" not found", resource.name, "", "pods"});
  }
  if (log->container.empty() && pod->spec.containers.size() > 1) {
    return ErrorResponse(
        InvalidError("pod " + resource.name + " has several containers; choose one with -c"));
  }
  ApiResponse response;
  response.content_type = "text/plain";
  response.stream = [controller, resource, log = *log](const LogSink& sink) {
    auto opened = controller->OpenLogs(resource.namespace_name, resource.name, log, sink);
    if (opened.ok()) return *opened;
    sink.on_end(opened.status());
    return StreamHandle();
  };
  return response;
}

Value EncodeSources(const ClusterState& state, StatusFor reader) {
  Value sources = Value::MakeList();
  state.ForEach<Source>([&](const std::shared_ptr<const Source>& source) {
    if (reader == StatusFor::kAsked) {
      sources.Append(EncodeObject(*source, EncodeFor::kUser));
      return;
    }
    Source shown = *source;
    std::vector<SourceRevision>& history = shown.status.history;
    std::erase_if(history, [&shown](const SourceRevision& revision) {
      return revision.commit != shown.status.applied_commit;
    });
    if (history.size() > 1) history.resize(1);
    sources.Append(EncodeObject(shown, EncodeFor::kUser));
  });
  return sources;
}

Value EncodeLines(const std::vector<std::string>& lines) {
  Value list = Value::MakeList();
  for (const std::string& line : lines) list.Append(Value::String(line));
  return list;
}

}  // namespace

std::string WriteClusterStatus(const Controller& controller, StatusFor reader) {
  const auto state = controller.State();
  int64_t ready = 0;
  state->ForEach<Pod>(
      [&](const std::shared_ptr<const Pod>& pod) { ready += IsReady(*pod) ? 1 : 0; });
  int64_t nodes = 0;
  state->ForEach<Node>(
      [&](const std::shared_ptr<const Node>& node) { nodes += IsRevoked(*node) ? 0 : 1; });
  Value value = Value::MakeMap();
  value.Set("sources", EncodeSources(*state, reader));
  value.Set("unconverged", EncodeLines(controller.Unconverged()));
  value.Set("notes", EncodeLines(controller.Notes()));
  value.Set("settled", Value::Bool(controller.Settled()));
  value.Set("underWay", EncodeLines(controller.UnderWay()));
  value.Set("nodes", Value::Int(nodes));
  value.Set("pods", Value::Int(static_cast<int64_t>(state->Objects(Kind::kPod).size())));
  value.Set("podsReady", Value::Int(ready));
  value.Set("revision", Value::Int(state->revision()));
  return WriteJson(value);
}

namespace {

ApiResponse StatusRoute(Controller* controller) {
  ApiResponse response;
  response.body = WriteClusterStatus(*controller, StatusFor::kAsked);
  return response;
}

ApiResponse NetworkRoute(Controller* controller, const ApiRequest& request) {
  const auto networks = controller->Networks();
  return Json(WantsTable(request) ? EncodeTable(NetworkTable(networks)) : EncodeNetworks(networks));
}

ApiResponse TreeRoute(Controller* controller, const ApiRequest& request) {
  const auto trees =
      EncodeTrees(*controller->State(),
                  {request.Query("kind"), request.Query("name"), request.Query("namespace")});
  return trees.ok() ? Json(*trees) : ErrorResponse(trees.status());
}

ApiResponse HistoryRoute(Controller* controller, const ApiRequest& request) {
  const auto history = controller->History(request.Query("source"));
  return history.ok() ? Json(EncodeHistory(*history)) : ErrorResponse(history.status());
}

ApiResponse RotateRoute(Controller* controller) {
  const Result<int64_t> rows = controller->RotateSecretKey();
  if (!rows.ok()) return ErrorResponse(rows.status());
  Value value = Value::MakeMap();
  value.Set("rows", Value::Int(*rows));
  return SuccessResponse(std::move(value));
}

ApiResponse OwnRoutes(Controller* controller, const ApiRequest& request, const std::string& verb,
                      Now now) {
  // Who has a CA answers these before (api/enrollment_routes.h).
  if (IsEnrollmentPath(request.path)) return HandleEnrollmentApi({}, request, {});
  if (verb == "status" && request.method == "GET") return StatusRoute(controller);
  if (verb == "history" && request.method == "GET") return HistoryRoute(controller, request);
  if (verb == "tree" && request.method == "GET") return TreeRoute(controller, request);
  if (verb == "usage" && request.method == "GET") return UsageRoute(*controller, request, now);
  if (verb == "network" && request.method == "GET") return NetworkRoute(controller, request);
  if (request.method != "POST") {
    return ErrorResponse(NotFoundError("no such path: " + request.method + " " + request.path));
  }
  if (const auto answer = HandleOperation(controller, request, verb)) return *answer;
  if (const auto answer = HandleNodeOperation(controller, request, verb, now)) return *answer;
  if (const auto answer = HandleWorkloadOperation(controller, request, verb)) return *answer;
  if (verb == "plan") return HandlePlan(controller, request);
  if (verb == "secrets/rotate") return RotateRoute(controller);
  Status status = NotFoundError("no such path: " + request.path);
  if (verb == "sync") status = controller->Sync(request.Query("source"));
  if (verb == "accept-host-key") {
    status = controller->AcceptHostKey(request.Query("source"), request.Query("fingerprint"));
  }
  if (verb == "remove-node") status = controller->RemoveNode(request.Query("node"));
  if (verb == "confirm") status = controller->Confirm(request.Query("plan"));
  return ResponseOf(status);
}

// A controller that cannot write plans nothing; a restart would not help.
std::vector<HealthCheck> HealthOf(const Controller& controller) {
  std::vector<HealthCheck> checks = {{.name = "ping", .for_life = true}, {.name = "store"}};
  for (const std::string& line : controller.UnderWay()) {
    if (line.starts_with("waiting for the store")) checks[1].why_not = "it refuses to write";
  }
  return checks;
}

ApiResponse ResourceRoute(Controller* controller, ResourceReads* reads,
                          const ResourcePath& resource, const ApiRequest& request, Now now) {
  if (resource.kind == Kind::kPod && IsPodConnection(resource.subresource)) {
    return HandlePodConnection(controller, resource, request);
  }
  if (request.method != "GET") return HandleWrite(controller, resource, request, now);
  if (resource.subresource == "scale" && HasScale(resource.kind)) {
    return HandleScale(resource, request, *controller->State());
  }
  if (resource.subresource == "log" && resource.kind == Kind::kPod) {
    return PodLog(controller, resource, request);
  }
  if (!resource.subresource.empty()) return RefusalResponse(UnknownPath());
  return reads->Read(resource, request);
}

// Git owns the kind, whatever the version of it that a client would create.
std::optional<ApiResponse> CreatedOtherwise(const ApiRequest& request, const ClusterState& state) {
  if (request.method != "POST") return std::nullopt;
  const std::optional<ResourcePath> resource = ParseOtherVersion(request.path);
  if (!resource || !resource->name.empty()) return std::nullopt;
  const Result<Value> body = ParseJson(request.body);
  const Value* metadata = body.ok() ? body->Find("metadata") : nullptr;
  const std::string name = metadata == nullptr ? "" : metadata->GetString("name");
  return RefusalResponse(CreatedInGit({resource->kind, resource->namespace_name, name}, state));
}

}  // namespace

ApiResponse ErrorResponse(const Status& status) {
  ApiResponse response;
  response.code = HttpCode(status.code());
  Value value = StatusValue("Failure");
  value.Set("reason", Value::String(std::string(ToString(status.code()))));
  value.Set("message", Value::String(status.message()));
  value.Set("code", Value::Int(response.code));
  response.body = WriteJson(value);
  return response;
}

ApiResponse HandleApi(Controller* controller, ResourceReads* reads, const ApiRequest& request,
                      Now now) {
  constexpr std::string_view kOwnPrefix = "/apis/reconcile.dev/v1/";
  const auto look = [controller] { return HealthOf(*controller); };
  if (const auto answer = HandleHealth(request, look)) return *answer;
  if (request.path == "/version" && request.method == "GET") return VersionRoute();
  if (const auto answer = HandleDiscovery(request)) return *answer;
  if (const auto answer = HandleOpenApi(request)) return *answer;
  if (const auto answer = HandleMetrics(*controller, request, now)) return *answer;
  if (const std::optional<ResourcePath> resource = ParseResourcePath(request.path)) {
    return ResourceRoute(controller, reads, *resource, request, now);
  }
  if (const auto refusal = CreatedOtherwise(request, *controller->State())) return *refusal;
  if (request.path.starts_with(kOwnPrefix)) {
    return OwnRoutes(controller, request, request.path.substr(kOwnPrefix.size()), now);
  }
  return RefusalResponse(UnknownPath());
}

ApiResponse SuccessResponse(Value more) { return Json(StatusValue("Success", std::move(more))); }

ApiResponse ResponseOf(const Status& status) {
  return status.ok() ? SuccessResponse() : ErrorResponse(status);
}

}  // namespace reconcile
