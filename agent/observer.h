#pragma once

#include <cstdint>
#include <string_view>

#include "agent/probes.h"
#include "base/status.h"
#include "link/messages.h"

namespace reconcile {

// Hears of an agent's work as it is done, for metrics. Called on its loop, must not block; nothing
// is decided by it.
class AgentObserver {
 public:
  virtual ~AgentObserver() = default;

  // `kind` is one of kOperationKinds (agent/step.h).
  virtual void OnOperation(std::string_view kind, const Status& status, int64_t took_ms) = 0;
  // Not ok: it could not be asked, which says nothing of the program.
  virtual void OnProbe(ProbeKind kind, const Result<ProbeOutcome>& outcome) = 0;
  // Each that is made to be sent; `sent`: whether the link took it.
  virtual void OnReport(const Report& report, const Status& sent) = 0;
};

}  // namespace reconcile
