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
// before, and no pod is taken away that this commit wants as it is, but from silent or tainted
// hosts. Told of every state that became durable.
class ModelChecker {
 public:
  // `runs` says whether a container of the pod of this uid is live.
  explicit ModelChecker(
      const Workload* workload,
      std::function<bool(const std::string& uid)> runs = [](const auto&) { return true; })
      : workload_(workload), runs_(std::move(runs)) {}
  // Whether a taint may have driven the pod out that is to go in `after`.
  using IsDrivenOut = std::function<bool(const Pod& pod, const ClusterState& after)>;
  void SetDrivenOut(IsDrivenOut is_driven_out) { is_driven_out_ = std::move(is_driven_out); }

  // `before` is null for the first state.
  void OnState(const ClusterState* before, const ClusterState& after);
  // The database is lost or replaced by an older copy: the next state is the first of a lineage.
  // What ran goes on.
  void OnLoss(const ClusterState& lost);
  // Whether a pod that is not in the model, since that was lost, is to go on running even so.
  bool IsMissed(const std::string& uid) const;
  // Whether the pod was removed from the model, or asked to go, by any lineage.
  bool Went(const std::string& uid) const { return went_.contains(uid); }
  int losses() const { return losses_; }
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
  // WorkloadOf, also when its owners are not rebuilt yet.
  std::string WorkloadIn(const Pod& pod, const ClusterState& state) const;
  bool MayGo(const Pod& pod, const std::string& workload, const Declaration& declaration) const;
  // What a lost database excuses: the pod never ran, it was gone before, it was not placed in the
  // copy that was put back, or there are too many.
  bool IsExcused(const Pod& pod, const std::string& workload, const Declaration& declaration,
                 const ClusterState& before, const ClusterState& after) const;
  void OnRemoved(const Pod& pod, const std::string& workload, const Declaration& declaration,
                 const ClusterState& before, const ClusterState& after);

  struct Missed {
    std::shared_ptr<const Pod> pod;
    std::string workload;
  };

  const Workload* workload_;
  std::function<bool(const std::string& uid)> runs_;
  IsDrivenOut is_driven_out_ = [](const auto&, const auto&) { return false; };
  int losses_ = 0;
  std::map<std::string, Missed> missed_;  // what ran when a database was lost, by uid
  std::set<std::string> went_;            // uids of pods that were removed, or were asked to go
  std::set<std::string> followed_;
  std::set<std::string> refused_;
  int64_t number_ = 0;                            // of the commit that the model follows
  std::map<std::string, int64_t> created_under_;  // pod uid -> number of a commit
  Violations violations_;
};

}  // namespace reconcile
