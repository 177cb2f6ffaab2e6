#include "api/webhook_routes.h"

#include <string_view>
#include <utility>

namespace reconcile {
namespace {

constexpr std::string_view kHooks = "/hooks/";

LinkHttpResponse TakeHook(Controller* controller, const LinkHttpRequest& request) {
  if (!request.path.starts_with(kHooks)) return {.code = 404, .body = "no such path\n"};
  if (request.method != "POST") return {.code = 405, .body = "webhooks are posted\n"};
  WebhookAnswer answer =
      controller->TakeWebhook(request.path.substr(kHooks.size()), request.headers, request.body);
  return {.code = answer.code, .body = std::move(answer.text) + "\n"};
}

}  // namespace

LinkHttpHandler MakeWebhookHandler(Controller* controller) {
  return [controller](const LinkHttpRequest& request,
                      const std::function<void(LinkHttpResponse)>& answer) {
    answer(TakeHook(controller, request));
  };
}

}  // namespace reconcile
