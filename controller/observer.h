#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace reconcile {

// Hears of a controller's work as it is done, for metrics. Called on its loop, must not block;
// nothing is decided by it.
class ControllerObserver {
 public:
  virtual ~ControllerObserver() = default;

  // kConflict: another commit came between, and the turn is taken again. kRefused: the store does
  // not write.
  enum class TurnEnd : uint8_t { kDone, kConflict, kRefused };
  virtual void OnTurnBegin() = 0;
  virtual void OnTurnEnd(TurnEnd end) = 0;

  virtual void OnFetched(const std::string& source, const Status& status, int64_t took_ms) = 0;
  // All that a commit brings runs, so long after somebody first saw it.
  virtual void OnConverged(const std::string& source, int64_t took_ms) = 0;

  virtual void OnAgentConnected(const std::string& node) = 0;
  virtual void OnAgentDisconnected(const std::string& node) = 0;
  virtual void OnAgentReport(const std::string& node) = 0;
};

}  // namespace reconcile
