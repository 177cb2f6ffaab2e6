#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "reconciler/reconciler.h"
#include "schema/core.h"
#include "schema/network.h"
#include "schema/workload.h"

namespace reconcile {

// A cluster for tests: the model with the sources "main" and "second", a clock that moves when
// told, and hosts that do as told.
class World {
 public:
  World();

  // ---- Hosts ----
  void AddNode(const std::string& name, const std::string& cpu = "4",
               const std::string& memory = "8Gi");
  template <typename T>
  void Edit(const std::string& namespace_name, const std::string& name,
            const std::function<void(T*)>& edit) {
    const auto object = std::make_shared<T>(*state.Find<T>(namespace_name, name));
    edit(object.get());
    state.Put(object);
  }
  // A host that is not heard, or is again, as the controller marks it (controller/core_agents.cc).
  void SetSilent(const std::string& name, bool silent);
  void SetReady(const Pod& pod, bool ready);
  // Bound pods become Ready, going ones go. True when there was anything to do.
  bool Obey();

  // ---- Turns ----
  // One turn: applies its plan and returns it.
  Plan Take(const ObjectChanges& changes = {});
  // Makes `objects` what source "main" declares and takes turns, with obedient hosts, until nothing
  // is left to do. Returns the number of turns.
  int Declare(const std::vector<ObjectPtr>& objects);
  // What a commit with `objects` would change.
  ObjectChanges ChangesFor(const std::vector<ObjectPtr>& objects,
                           Problems* problems = nullptr) const;
  // Turns with obedient hosts until nothing is left to do.
  int Settle(const ObjectChanges& changes = {});
  void Advance(int64_t ms);

  // ---- Looking ----
  std::vector<std::shared_ptr<const Pod>> Pods() const;
  std::vector<std::shared_ptr<const Pod>> ActivePods() const;
  // Active pods by node.
  std::map<std::string, int> Spread() const;
  std::shared_ptr<const ReplicaSet> SetOf(const std::string& deployment) const;
  std::vector<std::shared_ptr<const ReplicaSet>> SetsOf(const std::string& deployment) const;
  std::vector<std::string> EventTexts() const;  // "Deployment default/web ScalingReplicaSet: ..."

  ClusterState state;
  Now now{{1'000'000}, {1'790'000'000'000}};
  int64_t turn_ms = 0;  // how long a turn of Declare and Settle takes
};

// ---- Manifests ----
PodTemplateSpec MakeTemplate(const std::string& app, const std::string& image = "img:1");
std::shared_ptr<Deployment> MakeDeployment(const std::string& name, int32_t replicas,
                                           const std::string& image = "img:1");
std::shared_ptr<ReplicaSet> MakeReplicaSet(const std::string& name, int32_t replicas);
std::shared_ptr<ReplicationController> MakeController(const std::string& name, int32_t replicas);
std::shared_ptr<Pod> MakePod(const std::string& name, const std::string& image = "img:1");
std::shared_ptr<ConfigMap> MakeConfigMap(const std::string& name, const std::string& value = "1");
std::shared_ptr<Service> MakeService(const std::string& name, const std::string& app);
std::shared_ptr<Namespace> MakeNamespace(const std::string& name);
std::shared_ptr<Node> MakeNode(const std::string& name, const StringMap& labels);
void Request(PodSpec* spec, const std::string& cpu, const std::string& memory);

// True when both hold the same objects.
bool SameState(const ClusterState& a, const ClusterState& b);

// What a plan writes, a line for each object.
std::string WritesText(const Plan& plan);

}  // namespace reconcile
