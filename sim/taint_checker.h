#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/core.h"
#include "sim/checkers.h"
#include "sim/workload.h"

namespace reconcile {

// A pod that is on a host with a NoExecute taint of ours, does not tolerate it for ever, and is not
// asked to go.
struct UnderTaint {
  std::string pod;
  std::string uid;
  std::string node;
  int64_t added_ms = 0;         // the taint's stamp: which one it is
  int64_t stay_ms = 0;          // how long it may stay
  bool waits_for_host = false;  // nothing makes it again, and its host is silent
  auto Key() const { return std::tuple(uid, node, added_ms); }
};
std::vector<UnderTaint> PodsUnderTaints(const ClusterState& state);

// At all times: no pod is placed where a taint keeps it away, none that tolerates one for a while
// is driven out before that is over, and none stays longer.
class TaintChecker {
 public:
  // Of every state that became durable: what is under a taint for the first time, to be looked at
  // again when its time is over. `clock_ms` is how far the controller's clock is off.
  std::vector<UnderTaint> OnState(const ClusterState* before, const ClusterState& after,
                                  MonoTime now, int64_t clock_ms);
  // Whether a pod that is there no longer, or is asked to go, in `after` may be so because of a
  // taint. When the clock was set since, nothing is too early.
  bool MayGo(const Pod& pod, const ClusterState& after, MonoTime now, int64_t clock_ms);
  // Its time is long over, and the controller was there all the while.
  void CheckGone(const UnderTaint& pod, const ClusterState& state);

  int64_t driven_out() const { return driven_out_; }
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  struct Seen {
    MonoTime since;
    int64_t clock_ms = 0;
  };
  void CheckPlaced(const ClusterState& before, const ClusterState& after);

  std::map<std::tuple<std::string, std::string, int64_t>, Seen> seen_;  // by UnderTaint::Key
  int64_t driven_out_ = 0;
  Violations violations_;
};

}  // namespace reconcile
