#include "api/health_routes.h"

#include <algorithm>

#include "api/refusal.h"
#include "api/served_kinds.h"

namespace reconcile {
namespace {

ApiResponse PlainText(int code, std::string text) {
  ApiResponse response;
  response.code = code;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

}  // namespace

std::optional<ApiResponse> HandleHealth(const ApiRequest& request,
                                        const std::function<std::vector<HealthCheck>()>& look) {
  const std::vector<std::string> parts = SplitPath(request.path);
  const bool is_health = !parts.empty() && parts.size() <= 2 &&
                         (parts[0] == "healthz" || parts[0] == "livez" || parts[0] == "readyz");
  if (!is_health) return std::nullopt;
  if (request.method != "GET") return RefusalResponse(MethodNotAllowed());
  const bool alone = parts.size() == 2;
  std::string lines;
  bool well = true;
  bool found = false;
  for (const HealthCheck& check : look()) {
    const bool counts = alone ? check.name == parts[1] : parts[0] == "readyz" || check.for_life;
    if (!counts || check.name == request.Query("exclude")) continue;
    found = true;
    well = well && check.why_not.empty();
    lines += check.why_not.empty() ? "[+]" + check.name + " ok\n"
                                   : "[-]" + check.name + " failed: " + check.why_not + "\n";
  }
  if (alone && !found) return RefusalResponse(UnknownPath());
  if (!well) return PlainText(500, lines + parts[0] + " check failed\n");
  if (request.query.count("verbose") == 0) return PlainText(200, "ok");
  return PlainText(200, lines + parts[0] + " check passed\n");
}

}  // namespace reconcile
