#include "api/preview_routes.h"

#include <memory>
#include <utility>

#include "api/paced_output.h"
#include "api/plan_view.h"
#include "api/refusal.h"
#include "api/routes.h"

namespace reconcile {
namespace {

constexpr std::string_view kPath = "/apis/reconcile.dev/v1/preview";
constexpr size_t kMaxManifestBytes = 1 << 20;

std::string WritePreview(const std::string& commit, const Controller::PlanAnswer& answer,
                         const std::function<std::string(const Value&)>& write_text) {
  Value plan = EncodePlan(answer);
  Value value = Value::MakeMap();
  value.Set("commit", Value::String(commit));
  value.Set("text", Value::String(write_text(plan)));
  value.Set("plan", std::move(plan));
  return WriteJson(value);
}

ApiResponse RevisionPreview(Controller* controller, const ApiRequest& request,
                            const std::function<std::string(const Value&)>& write_text) {
  ApiResponse response;
  response.stream = [controller, write_text, source = request.Query("source"),
                     revision = request.Query("revision")](const LogSink& sink) {
    const auto stream = std::make_shared<PacedOutput>(sink);
    controller->PlanRevision(source, revision,
                             [stream, write_text](const Result<Controller::RevisionPlan>& plan) {
                               // The head may be out by now: a failure is in the words alone.
                               stream->Write(std::make_shared<const std::string>(
                                   plan.ok() ? WritePreview(plan->commit, plan->answer, write_text)
                                             : ErrorResponse(plan.status()).body));
                               stream->End(OkStatus());
                             });
    return stream->handle();
  };
  return response;
}

ApiResponse AdditionPreview(Controller* controller, const ApiRequest& request,
                            const std::function<std::string(const Value&)>& write_text) {
  if (request.body.size() > kMaxManifestBytes) {
    return RefusalResponse(413,
                           "more than 1 MiB of manifests: commit them to a branch, and look "
                           "at the plan of that");
  }
  const Result<Value> body =
      ParseJson(request.body, {.max_bytes = kMaxManifestBytes, .max_depth = 4});
  if (!body.ok()) return ErrorResponse(body.status().WithContext("preview"));
  const auto answer =
      controller->PlanAddition(request.Query("source"), body->GetString("manifests"));
  if (!answer.ok()) return ErrorResponse(answer.status());
  ApiResponse response;
  response.body = WritePreview("", *answer, write_text);
  return response;
}

}  // namespace

std::optional<ApiResponse> HandlePreview(
    Controller* controller, const ApiRequest& request,
    const std::function<std::string(const Value&)>& write_text) {
  if (request.path != kPath) return std::nullopt;
  if (request.method == "GET") return RevisionPreview(controller, request, write_text);
  if (request.method == "POST") return AdditionPreview(controller, request, write_text);
  return RefusalResponse(MethodNotAllowed());
}

}  // namespace reconcile
