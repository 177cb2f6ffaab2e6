#include "api/plan_routes.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "api/plan_view.h"
#include "api/routes.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// {"commit": "...", "confirmations": ["prune=..."], "folder": "deploy",
//  "files": [{"path", "blobId", "contentBase64", "symbolicLink": false}]}
// A file without contentBase64 is one that the controller may have.
Result<Controller::PlanInput> DecodePlanInput(const Value& value) {
  Controller::PlanInput input;
  input.commit = value.GetString("commit");
  input.source_folder = value.GetString("folder");
  for (const Value& file : value.GetList("files")) {
    std::shared_ptr<std::string> bytes;
    if (file.Find("contentBase64") != nullptr) {
      bytes = std::make_shared<std::string>();
      if (!DecodeBase64(file.GetString("contentBase64"), bytes.get())) {
        return InvalidError("plan request: contentBase64 is not base64");
      }
    }
    input.files.push_back({file.GetString("path"), file.GetString("blobId"), std::move(bytes),
                           file.GetBool("symbolicLink")});
  }
  for (const Value& text : value.GetList("confirmations")) {
    if (text.IsString()) input.confirmations.push_back(text.AsString());
  }
  return input;
}

// An id tells what is in a file, and whether it is the one in force: who may not compare Secrets
// has to send what a plan is to be made of.
void TakeSecretsFor(const ApiRequest& request, Controller::PlanInput* input) {
  input->secrets = SecretsFor(request);
  if (input->secrets == Controller::SecretsInPlan::kCompared) return;
  for (ManifestFile& file : input->files) {
    if (file.bytes != nullptr) file.blob_id.clear();
  }
}

std::optional<Value> Needed(Value need) {
  Value value = Value::MakeMap();
  value.Set("need", std::move(need));
  return value;
}

// {"need": [...]}: the blob ids of files that came without their bytes and that the controller does
// not have; ask again with them. Nothing when it has all.
Result<std::optional<Value>> WhatIsNeeded(Controller* controller, const std::string& source,
                                          const Controller::PlanInput& input) {
  if (std::all_of(input.files.begin(), input.files.end(),
                  [](const ManifestFile& file) { return file.bytes != nullptr; })) {
    return std::optional<Value>();
  }
  Value need = Value::MakeList();
  if (input.secrets == Controller::SecretsInPlan::kKept) {
    for (const ManifestFile& file : input.files) {
      if (file.bytes == nullptr) need.Append(Value::String(file.blob_id));
    }
    return Needed(std::move(need));
  }
  // All of them: a kustomization among those that came with bytes counts too.
  const Result<std::vector<size_t>> lacking = controller->FilesToSend(source, input.files);
  if (!lacking.ok()) return lacking.status();
  for (const size_t i : *lacking) {
    if (input.files[i].bytes == nullptr) need.Append(Value::String(input.files[i].blob_id));
  }
  return need.AsList().empty() ? std::optional<Value>() : Needed(std::move(need));
}

struct PlanQuestion {
  Controller::PlanInput input;
  std::optional<Controller::PlanInput> base;
};

ApiResponse JsonResponse(const Value& value) {
  ApiResponse response;
  response.body = WriteJson(value);
  return response;
}

// What DecodePlanInput reads, and in "base" the same once more where it is to come first; or the
// answer when there is nothing to plan yet.
std::variant<PlanQuestion, ApiResponse> ReadQuestion(Controller* controller,
                                                     const ApiRequest& request) {
  const Result<Value> body = ParseJson(request.body, {.max_bytes = 112 << 20, .max_depth = 8});
  if (!body.ok()) return ErrorResponse(body.status().WithContext("plan request"));
  Result<Controller::PlanInput> input = DecodePlanInput(*body);
  if (!input.ok()) return ErrorResponse(input.status());
  TakeSecretsFor(request, &*input);
  const Result<std::optional<Value>> need =
      WhatIsNeeded(controller, request.Query("source"), *input);
  if (!need.ok()) return ErrorResponse(need.status());
  if (need->has_value()) return JsonResponse(**need);
  PlanQuestion question{*std::move(input), std::nullopt};
  const Value* first = body->Find("base");
  if (first == nullptr) return question;
  Result<Controller::PlanInput> base = DecodePlanInput(*first);
  if (!base.ok()) return ErrorResponse(base.status());
  TakeSecretsFor(request, &*base);
  const auto lacks = [](const ManifestFile& file) { return file.bytes == nullptr; };
  const bool whole = std::none_of(base->files.begin(), base->files.end(), lacks) &&
                     std::none_of(question.input.files.begin(), question.input.files.end(), lacks);
  if (!whole) {
    return ErrorResponse(InvalidError("plan request: with a base, all files need contentBase64"));
  }
  question.base = *std::move(base);
  return question;
}

Value PlanAnswerOf(Revision revision, const Controller::PlanAnswer& answer, bool manifests) {
  Value value = Value::MakeMap();
  value.Set("modelRevision", Value::Int(revision));
  value.Set("plan", EncodePlan(answer, manifests));
  return value;
}

}  // namespace

ApiResponse HandlePlan(Controller* controller, const ApiRequest& request) {
  auto question = ReadQuestion(controller, request);
  if (auto* answer = std::get_if<ApiResponse>(&question)) return std::move(*answer);
  const auto& [input, base] = std::get<PlanQuestion>(question);
  const Result<Controller::PlanAnswer> answer =
      controller->PlanManifests(request.Query("source"), input, base ? &*base : nullptr);
  if (!answer.ok()) return ErrorResponse(answer.status());
  return JsonResponse(
      PlanAnswerOf(controller->State()->revision(), *answer, request.Query("manifests") == "true"));
}

std::optional<ApiResponse> HandlePlanOfUser(Controller* controller, PlanDesk* desk,
                                            const ApiRequest& request) {
  constexpr std::string_view kPlan = "/apis/reconcile.dev/v1/plan";
  constexpr std::string_view kPlanNewest = "/apis/reconcile.dev/v1/plan-newest";
  const bool is_newest = request.path == kPlanNewest;
  if (!request.user || request.method != "POST" || !(is_newest || request.path == kPlan)) {
    return std::nullopt;
  }
  Result<Controller::PlanWork> work = InternalError("no plan was asked for");
  if (is_newest) {
    work = controller->PrepareNewest(request.Query("source"));
  } else {
    auto question = ReadQuestion(controller, request);
    if (auto* answer = std::get_if<ApiResponse>(&question)) return std::move(*answer);
    auto& [input, base] = std::get<PlanQuestion>(question);
    work = controller->PrepareManifests(request.Query("source"), std::move(input), std::move(base));
  }
  if (!work.ok()) return ErrorResponse(work.status());
  return desk->Answer(
      request, [work = *work](const auto& done) { done(work); },
      [is_newest, revision = controller->State()->revision(),
       manifests = request.Query("manifests") == "true"](const std::string& commit,
                                                         const Controller::PlanAnswer& answer) {
        Value value = PlanAnswerOf(revision, answer, manifests);
        if (!is_newest) return WriteJson(value);
        value.Set("commit", Value::String(commit));
        return SuccessResponse(std::move(value)).body;
      });
}

}  // namespace reconcile
