#include "api/operation_routes.h"

#include "api/plan_view.h"
#include "api/routes.h"
#include "api/saved_plan.h"

namespace reconcile {
namespace {

Controller::Told ToldIn(const ApiRequest& request) {
  return {request.Query("by"), request.Query("reason")};
}

// Says to what the source is rolled back still.
ApiResponse ResumeRoute(Controller* controller, const ApiRequest& request) {
  const std::string source = request.Query("source");
  const Status resumed = controller->Resume(source, ToldIn(request));
  if (!resumed.ok()) return ErrorResponse(resumed);
  Value value = Value::MakeMap();
  const auto known = controller->State()->Find<Source>("", source);
  if (known->status.pin) value.Set("rolledBackTo", Value::String(known->status.pin->commit));
  return SuccessResponse(std::move(value));
}

ApiResponse RollBackRoute(Controller* controller, const ApiRequest& request) {
  const std::string source = request.Query("source");
  const std::string to = request.Query("to");
  const Result<SourcePin> pin = request.Query("find") == "true"
                                    ? controller->FindRollBack(source, to)
                                    : controller->RollBack(source, to, ToldIn(request));
  if (!pin.ok()) return ErrorResponse(pin.status());
  Value value = Value::MakeMap();
  value.Set("commit", Value::String(pin->commit));
  value.Set("from", Value::String(pin->from));
  const auto known = controller->State()->Find<Source>("", source);
  value.Set("repository", Value::String(known->spec.repository));
  return SuccessResponse(std::move(value));
}

ApiResponse PlanNewestRoute(Controller* controller, const ApiRequest& request) {
  std::string commit;
  const auto answer = controller->PlanNewest(request.Query("source"), &commit);
  if (!answer.ok()) return ErrorResponse(answer.status());
  Value value = Value::MakeMap();
  value.Set("commit", Value::String(commit));
  value.Set("modelRevision", Value::Int(controller->State()->revision()));
  value.Set("plan", EncodePlan(*answer, request.Query("manifests") == "true"));
  return SuccessResponse(std::move(value));
}

Status Differs(const SavedPlan& saved, const std::vector<std::string>& differences) {
  std::string text = "the plan of commit " + saved.commit.substr(0, 12) +
                     " would not do any more what it says; nothing is applied";
  for (const std::string& line : differences) text += "\n  " + line;
  return ConflictError(text + "\nSave it again and look at it: `reconcile --dry-run --save FILE`");
}

ApiResponse ApplyRoute(Controller* controller, const ApiRequest& request) {
  const Result<SavedPlan> saved = ReadSavedPlan(request.body);
  if (!saved.ok()) return ErrorResponse(saved.status());
  const Status may = controller->MayAccept(saved->source, saved->commit);
  if (!may.ok()) return ErrorResponse(may);
  std::string commit;
  const auto answer = controller->PlanNewest(saved->source, &commit);
  if (!answer.ok()) return ErrorResponse(answer.status());
  const std::vector<std::string> differences = PlanDifferences(saved->plan, EncodePlan(*answer));
  if (!differences.empty()) return ErrorResponse(Differs(*saved, differences));
  const Status accepted = controller->Accept(saved->source, saved->commit, ToldIn(request));
  if (!accepted.ok()) return ErrorResponse(accepted);
  Value value = Value::MakeMap();
  value.Set("commit", Value::String(commit));
  if (answer->held) value.Set("held", Value::String(answer->held->reason));
  return SuccessResponse(std::move(value));
}

}  // namespace

std::optional<ApiResponse> HandleOperation(Controller* controller, const ApiRequest& request,
                                           const std::string& verb) {
  const std::string source = request.Query("source");
  if (verb == "suspend") return ResponseOf(controller->Suspend(source, ToldIn(request)));
  if (verb == "resume") return ResumeRoute(controller, request);
  if (verb == "rollback") return RollBackRoute(controller, request);
  if (verb == "plan-newest") return PlanNewestRoute(controller, request);
  if (verb == "apply") return ApplyRoute(controller, request);
  return std::nullopt;
}

}  // namespace reconcile
