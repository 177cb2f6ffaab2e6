#include "api/log_query.h"

#include <algorithm>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxDigits = 15;
constexpr int64_t kMaxTailLines = 1'000'000;

// Leaves `number` when the request does not name it.
Status ReadNumber(const ApiRequest& request, const std::string& name, const std::string& what,
                  int64_t least, int64_t* number) {
  const std::string text = request.Query(name);
  if (text.empty()) return OkStatus();
  const bool is_number =
      text.size() <= kMaxDigits && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || std::stoll(text) < least) {
    return InvalidError(name + ": '" + ShortText(text) + "' is not a " + what);
  }
  *number = std::stoll(text);
  return OkStatus();
}

}  // namespace

Result<LogRequest> ParseLogQuery(const ApiRequest& request) {
  LogRequest log;
  log.container = request.Query("container");
  log.previous = request.Query("previous") == "true";
  log.follow = request.Query("follow") == "true";
  log.timestamps = request.Query("timestamps") == "true";
  RETURN_IF_ERROR(ReadNumber(request, "tailLines", "line count", 0, &log.tail_lines));
  log.tail_lines = std::min(log.tail_lines, kMaxTailLines);
  RETURN_IF_ERROR(
      ReadNumber(request, "sinceSeconds", "count of seconds, 1 or more", 1, &log.since_seconds));
  RETURN_IF_ERROR(
      ReadNumber(request, "limitBytes", "count of bytes, 1 or more", 1, &log.limit_bytes));
  const std::string since = request.Query("sinceTime");
  if (since.empty()) return log;
  if (log.since_seconds >= 0) {
    return InvalidError("sinceSeconds and sinceTime exclude each other");
  }
  const Result<WallTime> time = ParseRfc3339(since);
  if (!time.ok()) return time.status().WithContext("sinceTime");
  log.since_time = *time;
  return log;
}

}  // namespace reconcile
