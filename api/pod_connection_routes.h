#pragma once

#include <string_view>

#include "api/http.h"
#include "api/served_kinds.h"
#include "controller/controller.h"

namespace reconcile {

// pods/exec, pods/attach and pods/portforward: a WebSocket by GET (api/exec_session.h,
// api/port_forward_session.h, api/spdy_port_forward.h). What can be said before there is one is
// answered by a Status, to a POST for SPDY too, which is how clients try again when a WebSocket was
// refused; a POST that nothing else is wrong with is told which client to use. Each session is
// logged as "audit": who, which pod and container, which command.
//   exec, attach   container, stdin, stdout, stderr, tty; exec: command, once for each word
//   portforward    ports, for the WebSocket without SPDY
bool IsPodConnection(std::string_view subresource);
ApiResponse HandlePodConnection(Controller* controller, const ResourcePath& resource,
                                const ApiRequest& request);

}  // namespace reconcile
