#pragma once

#include "controller/controller.h"
#include "link/http_types.h"

namespace reconcile {

// POST /hooks/NAME on the controller's port: a Git server's webhook for source NAME
// (Controller::TakeWebhook). Anything else is 404 or 405. For LinkServerOptions::on_hook; calls
// `answer` before it returns. `controller` must outlive the handler. Loop thread only.
LinkHttpHandler MakeWebhookHandler(Controller* controller);

}  // namespace reconcile
