#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "reconciler/pod_control.h"
#include "reconciler/reconciler.h"
#include "schema/cluster_state.h"
#include "schema/core.h"

namespace reconcile {

// How fast the hosts of a preview are: how many turns a pod takes to become Ready, and to go.
struct Pace {
  enum class By {
    kAll,       // every pod takes the most there is
    kPod,       // each its own, of one turn to the most
    kWorkload,  // each workload its own, likewise
  };
  By by = By::kAll;
  uint64_t seed = 0;
  int most_to_start = 1;
  int most_to_go = 1;

  int TurnsOf(const Pod& pod) const;
};

// Hosts that do as they are told: after some turns what is bound becomes Ready, as far as what its
// variables come from is there, and what is asked to go is gone. Hosts that are not Ready do
// nothing. Copies go on apart from each other.
class ObedientHosts {
 public:
  explicit ObedientHosts(const ClusterState& state);

  const ClusterState& state() const { return state_; }
  void SetPace(const Pace& pace) { pace_ = pace; }

  // True when anything was written.
  bool Take(const Plan& plan);
  // Whether any pod is to become Ready or to go.
  bool HaveWork() const { return !due_.empty(); }
  // One turn of the hosts. True when any had something to do, or has in a further turn.
  bool Act(WallTime now);

 private:
  struct Work {
    std::string uid;
    bool goes = false;
    int turns = 0;  // that it has been due
  };
  void Note(const PodPtr& pod);
  bool IsOnReadyNode(const Pod& pod) const;
  bool ActOn(const PodPtr& pod, Work* work, WallTime now);

  ClusterState state_;
  Pace pace_;
  std::map<ObjectKey, Work> due_;
};

// What a bound pod's containers wait for that hosts cannot give; empty when they start.
std::string WhyItWaits(const Pod& pod, const ClusterState& state);

}  // namespace reconcile
