#pragma once

#include <string>
#include <vector>

#include "reconciler/reconciler.h"
#include "schema/core.h"
#include "schema/workload.h"

namespace reconcile {

// A settled cluster of a given size, made by the core itself: hosts that do at once as they are
// told.
struct BenchSize {
  int nodes = 0;
  int deployments = 0;  // of three replicas each
  int config_maps = 0;
};

class BenchWorld {
 public:
  explicit BenchWorld(const BenchSize& size);

  // What Git declares, as parsed; the pointers of what does not change stay.
  const std::vector<ObjectPtr>& declared() const { return declared_; }
  // Gives the Deployment of this number another image, as a commit would.
  void ChangeImage(int number);
  // Takes turns until nothing is left to do.
  void Settle();
  // Pods that are bound become ready, those that are going go. True when there were any.
  bool Obey(ClusterState* obeying) const;

  ClusterState state;
  Now now{{1'000'000}, {1'790'000'000'000}};

 private:
  std::vector<ObjectPtr> declared_;
  int images_ = 0;
};

// Pods of three replicas a workload that no host has yet.
std::vector<std::shared_ptr<const Pod>> PendingPods(int count);
std::shared_ptr<Node> BenchNode(int number);
std::string BenchNodeName(int number);

}  // namespace reconcile
