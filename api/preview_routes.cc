#include "api/preview_routes.h"

#include <utility>

#include "api/plan_view.h"
#include "api/refusal.h"
#include "api/routes.h"

namespace reconcile {
namespace {

constexpr std::string_view kPath = "/apis/reconcile.dev/v1/preview";
constexpr size_t kMaxManifestBytes = 1 << 20;

PlanDesk::Write Writer(const std::function<std::string(const Value&)>& write_text) {
  return [write_text](const std::string& commit, const Controller::PlanAnswer& answer) {
    Value plan = EncodePlan(answer);
    Value value = Value::MakeMap();
    value.Set("commit", Value::String(commit));
    value.Set("text", Value::String(write_text(plan)));
    value.Set("plan", std::move(plan));
    return WriteJson(value);
  };
}

ApiResponse RevisionPreview(Controller* controller, PlanDesk* desk, const ApiRequest& request,
                            const std::function<std::string(const Value&)>& write_text) {
  const auto prepare = [controller, source = request.Query("source"),
                        revision = request.Query("revision"),
                        secrets = SecretsFor(request)](auto done) {
    controller->PrepareRevision(source, revision, secrets, std::move(done));
  };
  return desk->Answer(request, prepare, Writer(write_text));
}

ApiResponse AdditionPreview(Controller* controller, PlanDesk* desk, const ApiRequest& request,
                            const std::function<std::string(const Value&)>& write_text) {
  if (request.body.size() > kMaxManifestBytes) {
    return RefusalResponse(413,
                           "more than 1 MiB of manifests: commit them to a branch, and look "
                           "at the plan of that");
  }
  const Result<Value> body =
      ParseJson(request.body, {.max_bytes = kMaxManifestBytes, .max_depth = 4});
  if (!body.ok()) return ErrorResponse(body.status().WithContext("preview"));
  const Result<Controller::PlanWork> work = controller->PrepareAddition(
      request.Query("source"), body->GetString("manifests"), SecretsFor(request));
  if (!work.ok()) return ErrorResponse(work.status());
  return desk->Answer(
      request, [work = *work](const auto& done) { done(work); }, Writer(write_text));
}

}  // namespace

std::optional<ApiResponse> HandlePreview(
    Controller* controller, PlanDesk* desk, const ApiRequest& request,
    const std::function<std::string(const Value&)>& write_text) {
  if (request.path != kPath) return std::nullopt;
  if (request.method == "GET") return RevisionPreview(controller, desk, request, write_text);
  if (request.method == "POST") return AdditionPreview(controller, desk, request, write_text);
  return RefusalResponse(MethodNotAllowed());
}

}  // namespace reconcile
