#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "schema/cluster_state.h"
#include "sim/checkers.h"
#include "sim/workload.h"

namespace reconcile {

// "Deployment web" for a pod of its ReplicaSets, "Pod x" for a bare one.
std::string WorkloadOf(const Pod& pod, const ClusterState& state);

// At all times: the model declares exactly what one good commit declared, never an older one than
// before, and no pod is taken away that this commit wants as it is. Told of every state that became
// durable.
class ModelChecker {
 public:
  explicit ModelChecker(const Workload* workload) : workload_(workload) {}

  // `before` is null for the first state.
  void OnState(const ClusterState* before, const ClusterState& after);
  // Good commits that the model came to follow, and broken ones that it noticed.
  int64_t good_commits() const { return static_cast<int64_t>(followed_.size()); }
  int64_t broken_commits() const { return static_cast<int64_t>(refused_.size()); }
  // Number of the commit under which a pod came to be; 0 when there is no such pod.
  int64_t CreatedUnder(const std::string& pod_uid) const;
  const std::vector<std::string>& violations() const { return violations_.list(); }

 private:
  void CheckObjects(const Declaration& declaration, const ClusterState& state);
  void CheckPods(const Declaration& declaration, const ClusterState& before,
                 const ClusterState& after);
  bool MayGo(const Pod& pod, const Declaration& declaration, const ClusterState& before) const;

  const Workload* workload_;
  std::set<std::string> followed_;
  std::set<std::string> refused_;
  int64_t number_ = 0;                            // of the commit that the model follows
  std::map<std::string, int64_t> created_under_;  // pod uid -> number of a commit
  Violations violations_;
};

}  // namespace reconcile
