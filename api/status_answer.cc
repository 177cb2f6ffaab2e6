#include "api/status_answer.h"

#include "base/value.h"

namespace reconcile {
namespace {

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

ApiResponse StatusAnswer(int code, const std::string& message) {
  Value status = Value::MakeMap();
  status.Set("kind", Value::String("Status"));
  status.Set("apiVersion", Value::String("v1"));
  status.Set("metadata", Value::MakeMap());
  status.Set("status", Value::String("Failure"));
  status.Set("message", Value::String(message));
  status.Set("reason", Value::String(ReasonOf(code)));
  status.Set("code", Value::Int(code));
  ApiResponse answer;
  answer.code = code;
  answer.body = WriteJson(status);
  return answer;
}

}  // namespace reconcile
