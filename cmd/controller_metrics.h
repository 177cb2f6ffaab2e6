#pragma once

#include <functional>
#include <string>

#include "api/api_server.h"
#include "base/metrics.h"
#include "controller/controller.h"
#include "store/store.h"

namespace reconcile {

// What a controller's process counts and shows. Loop thread only, but for what is said otherwise.
class ControllerMetrics final : public ControllerObserver {
 public:
  ControllerMetrics();

  void OnTurnBegin() override;
  void OnTurnEnd(TurnEnd end) override;
  void OnFetched(const std::string& source, const Status& status, int64_t took_ms) override;
  void OnConverged(const std::string& source, int64_t took_ms) override;
  void OnAgentConnected(const std::string& node) override;
  void OnAgentDisconnected(const std::string& node) override;
  void OnAgentReport(const std::string& node) override;

  // Any thread.
  void OnCommit(double seconds, const Status& status);  // of the store
  ApiServerOptions::OnAnswer OnApiRequest();
  void OnCutOff();
  void OnChanges(const std::vector<Change>& changes);

  // What is not counted but looked at, at a scrape.
  struct Look {
    const Controller* controller = nullptr;
    size_t loop_waiting = 0;
    size_t sources_waiting = 0;
    size_t watches = 0;
    size_t link_connections = 0;  // streams and what control takes
    std::string database_path;
    std::vector<std::pair<std::string, WallTime>> authorities;   // fingerprint, expiry
    std::vector<std::pair<std::string, WallTime>> certificates;  // node, expiry
  };
  std::string Text(const Look& look) const;

 private:
  Metrics metrics_;
  double turn_began_s_ = 0;
};

// PURE: the resource that a request is of, as metrics name it: a plural that is served, with its
// subresource ("pods/log"), the first part of another path that is served, or "other".
std::string ResourceLabel(const ApiRequest& request);

}  // namespace reconcile
