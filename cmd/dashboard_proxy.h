#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"

namespace reconcile {

// Passes a browser's requests on to the controller's Unix socket, which is this host's owner's. On
// 127.0.0.1 alone, and for one browser: who opens `url` first has a cookie, and whoever has not is
// refused, as is every request that another site made a browser send. Its own threads.
class DashboardProxy {
 public:
  static constexpr int kMaxConnections = 24;  // at once; more wait

  // Serves when this returns. `port` 0 is any free one. Unavailable when it cannot be listened on.
  static Result<std::unique_ptr<DashboardProxy>> Start(const std::string& socket_path,
                                                       uint16_t port);
  ~DashboardProxy();  // ends all connections

  // With the secret, which is good once.
  const std::string& url() const;

 private:
  struct State;
  explicit DashboardProxy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace reconcile
