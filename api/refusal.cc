#include "api/refusal.h"

namespace reconcile {
namespace {

// k8s.io/apimachinery, StatusReason.
const char* ReasonOf(int code) {
  switch (code) {
    case 400:
    case 431:
      return "BadRequest";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 406:
      return "NotAcceptable";
    case 413:
      return "RequestEntityTooLarge";
    case 415:
      return "UnsupportedMediaType";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    case 504:
      return "Timeout";
    default:
      return "InternalError";
  }
}

}  // namespace

Value StatusObject(const Refusal& refusal) {
  Value status = Value::MakeMap();
  status.Set("kind", Value::String("Status"));
  status.Set("apiVersion", Value::String("v1"));
  status.Set("metadata", Value::MakeMap());
  status.Set("status", Value::String("Failure"));
  status.Set("message", Value::String(refusal.message));
  status.Set("reason", Value::String(refusal.reason));
  Value details = Value::MakeMap();
  if (!refusal.name.empty()) details.Set("name", Value::String(refusal.name));
  if (!refusal.group.empty()) details.Set("group", Value::String(refusal.group));
  if (!refusal.kind.empty()) details.Set("kind", Value::String(refusal.kind));
  Value causes = Value::MakeList();
  for (const Refusal::Cause& cause : refusal.causes) {
    Value value = Value::MakeMap();
    value.Set("reason", Value::String(cause.reason));
    value.Set("message", Value::String(cause.message));
    if (!cause.field.empty()) value.Set("field", Value::String(cause.field));
    causes.Append(std::move(value));
  }
  if (!causes.AsList().empty()) details.Set("causes", std::move(causes));
  // `kubectl debug` looks into those of a 404 unasked.
  if (!details.AsMap().empty() || refusal.code == 404) status.Set("details", std::move(details));
  status.Set("code", Value::Int(refusal.code));
  return status;
}

ApiResponse RefusalResponse(const Refusal& refusal) {
  ApiResponse response;
  response.code = refusal.code;
  response.body = WriteJson(StatusObject(refusal));
  return response;
}

ApiResponse RefusalResponse(int code, const std::string& message) {
  return RefusalResponse({code, ReasonOf(code), message});
}

Refusal BadRequest(std::string message) { return {400, "BadRequest", std::move(message)}; }

Refusal UnknownPath() {
  return {404, "NotFound", "the server could not find the requested resource"};
}

Refusal MethodNotAllowed() {
  return {405, "MethodNotAllowed",
          "the server does not allow this method on the requested resource; what Git declares is "
          "changed in Git"};
}

Refusal NotAcceptable() {
  return {406, "NotAcceptable",
          "only the following media types are accepted: application/json, and "
          "application/json;as=Table;g=meta.k8s.io;v=v1 for objects"};
}

Refusal Expired(std::string message) { return {410, "Expired", std::move(message)}; }

}  // namespace reconcile
