#pragma once

#include <memory>

#include "api/api_gate.h"
#include "api/api_server.h"
#include "api/api_sockets.h"
#include "api/io_bridge.h"
#include "api/last_health.h"
#include "link/io_thread.h"

namespace reconcile {

// What a connection needs of its server, which outlives it.
struct ApiServerParts {
  ApiServerOptions options;
  EventLoop* loop = nullptr;  // of the handler
  std::shared_ptr<const ApiServer::Handler> handler;
  ApiGate* gate = nullptr;
  ApiSockets* sockets = nullptr;
  IoThread* io = nullptr;
  std::shared_ptr<IoBridge> bridge;
  std::shared_ptr<LastHealth> health;  // the sockets' thread alone
};

// Listens and serves on `parts->io`. Returns the port.
Result<uint16_t> ListenApi(std::shared_ptr<const ApiServerParts> parts);

}  // namespace reconcile
