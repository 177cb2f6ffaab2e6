#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/service_health.h"

namespace reconcile {

struct HealthServerOptions {
  std::string network_namespace_path;  // as KernelNetworkOptions has it
  size_t max_connections = 128;        // of all ports; the oldest goes for a new one
  int64_t connection_ms = 5'000;       // from its beginning to its end
};

// Answers at the healthCheckNodePorts of the host's own address, on a thread of its own that begins
// with the first of them; listens on nothing else. Any thread may call, one at a time.
class HealthServer {
 public:
  explicit HealthServer(HealthServerOptions options);
  ~HealthServer();  // ends connections, ports and thread
  HealthServer(const HealthServer&) = delete;
  HealthServer& operator=(const HealthServer&) = delete;

  // From now on it answers so at `address`, an IPv4 one, for rules that follow the model; a
  // sentence for each port that it could not listen on, and is to be called again for.
  std::vector<std::string> Serve(const std::string& address,
                                 const std::map<uint16_t, ServiceHealth>& healths);
  // The host's rules do not follow the model, until the next Serve.
  void FallBehind();

 private:
  struct State;
  const HealthServerOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
