#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/observer.h"
#include "base/metrics.h"
#include "net/dns/server.h"

namespace reconcile {

// What an agent's process counts and shows. Loop thread only.
class AgentMetrics final : public AgentObserver {
 public:
  AgentMetrics();

  void OnOperation(std::string_view kind, const Status& status, int64_t took_ms) override;
  void OnProbe(ProbeKind kind, const Result<ProbeOutcome>& outcome) override;
  void OnReport(const Report& report, const Status& sent) override;

  // What is not counted but looked at, at a scrape.
  struct Look {
    std::vector<std::pair<std::string, size_t>> queues;  // name, what waits there
    bool connected = false;
    size_t link_streams = 0;
    std::optional<DnsStatistics> dns;
  };
  std::string Text(const Look& look) const;

 private:
  Metrics metrics_;
};

}  // namespace reconcile
