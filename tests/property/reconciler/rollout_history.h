#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/deployment.h"
#include "reconciler/settled.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {

// What one Deployment, with a budget now and then, lives through: commits, scaling, pauses, probes
// that fail, hosts that fall silent, return, are cordoned and drained. Each turn is planned twice:
// by a controller that went on, and by one that starts anew from what the store has kept.
class RolloutHistory {
 public:
  explicit RolloutHistory(uint64_t seed);

  // Something happens, and a turn is taken that may not come to be stored.
  void Step();
  // All that goes wrong ends, but for what is declared: an image that never is ready, pods that no
  // host can take, a pause. Then time enough for everything passes.
  void Recover();
  // Empty when the Deployment is as declared, or else says why it is not.
  std::string WhyUnreported() const;
  bool IsComplete() const;

  const std::vector<std::string>& violations() const { return violations_; }
  std::map<std::string, int> counts;  // what happened, how often

 private:
  // A set that has replicas, and what it remembers of the Deployment at its last scaling.
  struct ActiveSet {
    std::string uid;
    std::string name;
    std::optional<WallTime> created;
    int32_t replicas = 0;
    int32_t most_then = 0;  // replicas and surge
  };
  // The Deployment's sets and pods at one moment.
  struct View {
    int32_t declared = 0;  // replicas of all sets
    int active = 0;
    int available = 0;
    // By pod key the set's uid: of active pods those that are available, and those that are Ready
    // and not yet available.
    std::map<std::string, std::string> set_of_available;
    std::map<std::string, std::string> set_of_nearly;
    std::vector<ActiveSet> active_sets;
    bool is_scaling = false;  // a set knows another number of replicas than is declared
  };

  void Violation(const std::string& text) { violations_.push_back(text); }
  void Declare();
  void EditDeployment();
  void SomethingHappens();
  void TroubleHost(const std::string& name);
  void SetSilent(const std::string& name, bool silent);
  void Drain(const std::string& name);
  void HostsAct(bool obedient);
  bool IsSilentHost(const std::string& name) const;
  bool NeverReady(const Pod& pod) const;
  ClusterState Loaded() const;  // as a controller that starts finds it in the store
  bool TakeTurn(bool stored);   // whether anything was to be written
  void Store(const Plan& plan);
  View Look(const ClusterState& state) const;
  std::map<std::string, int32_t> SharesOf(const View& before) const;
  int TakenByShares(const View& before, const std::set<std::string>& evicted) const;
  void Check(const View& before, const Plan& plan, const ClusterState& after);
  void CheckAvailable(const View& before, const Plan& plan, const ClusterState& after_state,
                      const View& after);

  Generator generator_;
  World world_;
  Settled settled_;
  std::shared_ptr<Deployment> deployment_;  // as Git has it
  std::vector<ObjectPtr> commit_;
  std::vector<std::string> hosts_;
  std::vector<std::string> violations_;
};

}  // namespace reconcile
