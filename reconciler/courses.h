#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/preview.h"
#include "schema/cluster_state.h"
#include "schema/workload.h"

namespace reconcile {

// Follows the pods of workloads from state to state of a preview. Only what changes costs time.
class Courses {
 public:
  explicit Courses(const ClusterState& begin) : begin_(begin) {}

  // One thing after the other: `after` is what `before` became.
  void Note(const ClusterState& before, const ClusterState& after);
  // Of every workload that had a pod change; sorted by workload.
  std::vector<RolloutCourse> Take() const;

 private:
  struct Count {
    int64_t pods = 0;
    int64_t ready = 0;
  };
  struct Course {
    Count begin;
    Count now;
    int64_t most = 0;
    int64_t least_ready = 0;
  };
  static void Add(const Pod& pod, int64_t times, Count* count);
  // Counts the pods there are at the beginning, when first there is a need to.
  void CountOnce();
  Course& Of(const ObjectKey& workload);
  const ObjectKey& WorkloadOf(const Pod& pod, const ClusterState& state);

  const ClusterState begin_;
  // By the uid of the pods' controllers, as they are first seen: owners may go before their pods.
  std::map<std::string, ObjectKey> workloads_;
  std::optional<std::map<ObjectKey, Count>> counts_;  // at the beginning
  std::map<ObjectKey, Course> courses_;
};

}  // namespace reconcile
