#pragma once

#include <string>
#include <vector>

#include "agent/fake_host_files.h"
#include "net/fake_network.h"
#include "runtime/fake_runtime.h"
#include "schema/cluster_state.h"
#include "sim/model_checker.h"
#include "sim/workload.h"

namespace reconcile {

// A host as it is, whatever its agent says.
struct HostView {
  std::string name;
  const FakeEngine* engine;
  const FakeNetwork* devices;
  const FakeHostFiles* files;
  bool has_sandboxes = true;  // of every pod; otherwise the only container owns a pod's network
};

// Once faults stop: what runs is exactly what people declared, image and environment included, or
// carries the right reason. `unconverged` is what the controller says of it. Empty when all is
// well.
std::vector<std::string> CheckDeclared(const ClusterState& state, const Workload& workload,
                                       const ModelChecker& model,
                                       const std::vector<HostView>& hosts,
                                       const std::vector<std::string>& unconverged);

// Once faults stop: every pod on a host has one address of its own, a device in its sandbox and a
// route, and nothing of pods that are gone is left.
std::vector<std::string> CheckNetwork(const ClusterState& state,
                                      const std::vector<HostView>& hosts);

// Once faults stop: volumes hold what their ConfigMap does now, and nothing of pods that are gone
// is left.
std::vector<std::string> CheckVolumes(const ClusterState& state, const Workload& workload,
                                      const std::vector<HostView>& hosts);

// What a program says at its end, and that what the model tells of an end is of that very
// container, or nothing: a power failure may have taken it along.
std::string LastWordsOf(const std::string& container_id);
std::vector<std::string> CheckMessages(const ClusterState& state);

// Whether every pod of the model is one that can run.
bool AllCanRun(const ClusterState& state);

}  // namespace reconcile
