#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "runtime/fake_runtime.h"
#include "schema/cluster_state.h"

namespace reconcile {

// At all times: at most one live container for each container of a pod, over all hosts. Told of
// every change that an engine makes.
class DoubleChecker {
 public:
  void OnChange(const std::string& host, const FakeChange& change, MonoTime now);
  const std::vector<std::string>& violations() const { return violations_; }

 private:
  std::map<std::string, std::set<std::string>> live_;  // "uid/container" -> engine ids
  std::vector<std::string> violations_;
};

// A host's live containers, as its engine has them.
struct HostContainers {
  std::string host;
  std::vector<ContainerInfo> containers;
};

// Once faults stop: what runs is exactly what Git declares. Every declared workload has its pods in
// the model, every pod runs exactly once on its node, and nothing else runs.
std::vector<std::string> CheckRunning(const ClusterState& state,
                                      const std::map<std::string, int>& declared,
                                      const std::vector<HostContainers>& hosts);

}  // namespace reconcile
