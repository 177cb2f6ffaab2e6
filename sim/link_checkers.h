#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "link/messages.h"
#include "schema/cluster_state.h"
#include "sim/checkers.h"

namespace reconcile {

// At all times: an agent never goes back in what it obeys, whatever happens to it: not to an
// earlier lineage, nor, within one, to an earlier epoch or revision. Told of every report as agents
// send it.
class FenceChecker {
 public:
  void OnSent(const Report& report, MonoTime now);
  // The lineage that a node obeyed last; "" before it obeyed any.
  std::string LineageOf(const std::string& node) const;
  // Nodes that came to follow a later lineage than their first.
  int64_t lineages_followed() const { return lineages_followed_; }
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  struct Obeyed {
    Fence newest;
    std::set<std::string> left;  // lineages
  };

  std::map<std::string, Obeyed> nodes_;
  int64_t lineages_followed_ = 0;
  Violations violations_;
};

// At all times: what an agent says is in the model soon after it reached the controller. Told of
// every report that a controller's process took, and asked a while later.
class ReportChecker {
 public:
  // `process` numbers the controller's processes. What older ones of the same start say counts for
  // nothing. The number of this report for Check; 0 when it is such an older one.
  uint64_t OnArrived(uint64_t process, const Report& report);
  // Whether `state` has it, unless another came since. While a controller learns what agents ran by
  // another lineage, their reports wait.
  void Check(const std::string& node, uint64_t number, const ClusterState& state, MonoTime now);
  int64_t checked() const { return checked_; }
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  struct Newest {
    uint64_t process = 0;
    uint64_t number = 0;
    Report report;
  };

  std::map<std::string, Newest> nodes_;
  uint64_t reports_ = 0;
  int64_t checked_ = 0;
  Violations violations_;
};

}  // namespace reconcile
