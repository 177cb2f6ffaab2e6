#include "tests/unit/reconciler/world.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

constexpr int kMaxTurns = 5'000;

template <typename T>
void Finish(T* object, const std::string& name) {
  object->metadata.name = name;
  if (InfoOf(T::kKind).namespaced) object->metadata.namespace_name = "default";
  object->metadata.origin.file = name + ".yaml";
  object->metadata.origin.line = 1;
  ApplyDefaults(object);
}

}  // namespace

World::World() {
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "test";
  state.Put(cluster);
  for (const char* name : {"main", "second"}) {
    auto source = std::make_shared<Source>();
    source->metadata.name = name;
    source->metadata.uid = std::string("source-") + name;
    state.Put(source);
  }
}

void World::AddNode(const std::string& name, const std::string& cpu, const std::string& memory) {
  auto node = std::make_shared<Node>();
  node->metadata.name = name;
  node->metadata.uid = "node-" + name;
  node->metadata.labels["kubernetes.io/hostname"] = name;
  node->spec.pod_cidr = "10.42." + std::to_string(state.Objects(Kind::kNode).size()) + ".0/24";
  node->status.addresses = {
      {"InternalIP", "192.0.2." + std::to_string(state.Objects(Kind::kNode).size() + 1)}};
  node->status.allocatable = {{"cpu", *Quantity::Parse(cpu)}, {"memory", *Quantity::Parse(memory)}};
  SetCondition(&node->status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue},
               now.wall);
  state.Put(node);
}

void World::SetSilent(const std::string& name, bool silent) {
  Edit<Node>("", name, [&](Node* node) {
    SetCondition(&node->status.conditions,
                 {.type = "Ready",
                  .status = silent ? ConditionStatus::kUnknown : ConditionStatus::kTrue,
                  .reason = silent ? std::string(kNodeStatusUnknown) : "AgentReady"},
                 now.wall);
  });
}

void World::SetReady(const Pod& pod, bool ready) {
  Edit<Pod>(pod.metadata.namespace_name, pod.metadata.name, [&](Pod* edited) {
    edited->status.phase = PodPhase::kRunning;
    if (edited->status.pod_ip.empty()) {
      const uint32_t hash = Fnv1a32(pod.metadata.uid);
      edited->status.pod_ip =
          "10.42." + std::to_string(hash >> 8 & 255) + "." + std::to_string(hash & 255);
    }
    SetCondition(
        &edited->status.conditions,
        {.type = "Ready", .status = ready ? ConditionStatus::kTrue : ConditionStatus::kFalse},
        now.wall);
  });
}

bool World::Obey() {
  bool acted = false;
  for (const auto& pod : Pods()) {
    if (pod->spec.node_name.empty()) continue;
    if (pod->metadata.deletion_timestamp) {
      state.Delete(pod->key());
      acted = true;
    } else if (IsActive(*pod) && !IsReady(*pod)) {
      SetReady(*pod, true);
      acted = true;
    }
  }
  return acted;
}

Plan World::Take(const ObjectChanges& changes) {
  Plan plan = Reconcile(state, changes, now);
  state = Apply(state, plan.transaction);
  return plan;
}

ObjectChanges World::ChangesFor(const std::vector<ObjectPtr>& objects, Problems* problems) const {
  Problems own;
  const DesiredState desired =
      BuildDesired("main", "c0ffee", objects, state, problems == nullptr ? &own : problems);
  for (const Problem& problem : own.errors) ADD_FAILURE() << problem.ToString();
  return Diff(desired, state);
}

int World::Declare(const std::vector<ObjectPtr>& objects) {
  for (int turn = 1; turn < kMaxTurns; ++turn) {
    const Plan plan = Take(ChangesFor(objects));
    const bool acted = Obey();
    if (plan.transaction.empty() && !acted && !plan.more) return turn;
    Advance(turn_ms);
  }
  ADD_FAILURE() << "does not settle";
  return kMaxTurns;
}

int World::Settle(const ObjectChanges& changes) {
  for (int turn = 1; turn < kMaxTurns; ++turn) {
    const Plan plan = Take(changes);
    const bool acted = Obey();
    if (plan.transaction.empty() && !acted && !plan.more) return turn;
    Advance(turn_ms);
  }
  ADD_FAILURE() << "does not settle";
  return kMaxTurns;
}

void World::Advance(int64_t ms) {
  now.mono.ms += ms;
  now.wall.ms += ms;
}

std::vector<std::shared_ptr<const Pod>> World::Pods() const {
  std::vector<std::shared_ptr<const Pod>> pods;
  state.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) { pods.push_back(pod); });
  return pods;
}

std::vector<std::shared_ptr<const Pod>> World::ActivePods() const {
  auto pods = Pods();
  std::erase_if(pods, [](const auto& pod) { return !IsActive(*pod); });
  return pods;
}

std::map<std::string, int> World::Spread() const {
  std::map<std::string, int> spread;
  for (const auto& pod : ActivePods()) ++spread[pod->spec.node_name];
  return spread;
}

std::vector<std::shared_ptr<const ReplicaSet>> World::SetsOf(const std::string& deployment) const {
  std::vector<std::shared_ptr<const ReplicaSet>> sets;
  state.ForEach<ReplicaSet>([&](const std::shared_ptr<const ReplicaSet>& set) {
    const OwnerReference* owner = ControllerOf(set->metadata);
    if (owner != nullptr && owner->name == deployment) sets.push_back(set);
  });
  return sets;
}

std::shared_ptr<const ReplicaSet> World::SetOf(const std::string& deployment) const {
  std::shared_ptr<const ReplicaSet> found;
  for (const auto& set : SetsOf(deployment)) {
    if (set->spec.replicas > 0) found = set;
  }
  return found;
}

std::vector<std::string> World::EventTexts() const {
  std::vector<std::string> texts;
  state.ForEach<Event>([&](const std::shared_ptr<const Event>& event) {
    const ObjectReference& object = event->involved_object;
    texts.push_back(object.kind + " " + object.name + " " + event->reason + ": " + event->message);
  });
  std::sort(texts.begin(), texts.end());
  return texts;
}

PodTemplateSpec MakeTemplate(const std::string& app, const std::string& image) {
  PodTemplateSpec pod_template;
  pod_template.metadata.labels["app"] = app;
  Container container;
  container.name = "main";
  container.image = image;
  pod_template.spec.containers.push_back(container);
  return pod_template;
}

std::shared_ptr<Deployment> MakeDeployment(const std::string& name, int32_t replicas,
                                           const std::string& image) {
  auto deployment = std::make_shared<Deployment>();
  deployment->spec.replicas = replicas;
  deployment->spec.selector.match_labels["app"] = name;
  deployment->spec.pod_template = MakeTemplate(name, image);
  Finish(deployment.get(), name);
  return deployment;
}

std::shared_ptr<ReplicaSet> MakeReplicaSet(const std::string& name, int32_t replicas) {
  auto set = std::make_shared<ReplicaSet>();
  set->spec.replicas = replicas;
  set->spec.selector.match_labels["app"] = name;
  set->spec.pod_template = MakeTemplate(name);
  Finish(set.get(), name);
  return set;
}

std::shared_ptr<ReplicationController> MakeController(const std::string& name, int32_t replicas) {
  auto controller = std::make_shared<ReplicationController>();
  controller->spec.replicas = replicas;
  controller->spec.pod_template = MakeTemplate(name);
  Finish(controller.get(), name);
  return controller;
}

std::shared_ptr<Pod> MakePod(const std::string& name, const std::string& image) {
  auto pod = std::make_shared<Pod>();
  const PodTemplateSpec pod_template = MakeTemplate(name, image);
  pod->metadata.labels = pod_template.metadata.labels;
  pod->spec = pod_template.spec;
  Finish(pod.get(), name);
  return pod;
}

std::shared_ptr<ConfigMap> MakeConfigMap(const std::string& name, const std::string& value) {
  auto map = std::make_shared<ConfigMap>();
  map->data["key"] = value;
  Finish(map.get(), name);
  return map;
}

std::shared_ptr<Service> MakeService(const std::string& name, const std::string& app) {
  auto service = std::make_shared<Service>();
  service->spec.selector["app"] = app;
  service->spec.ports.push_back({.name = "http", .port = 80, .target_port = {}});
  Finish(service.get(), name);
  return service;
}

std::shared_ptr<Namespace> MakeNamespace(const std::string& name) {
  auto space = std::make_shared<Namespace>();
  Finish(space.get(), name);
  return space;
}

std::shared_ptr<Node> MakeNode(const std::string& name, const StringMap& labels) {
  auto node = std::make_shared<Node>();
  node->metadata.labels = labels;
  Finish(node.get(), name);
  return node;
}

void Request(PodSpec* spec, const std::string& cpu, const std::string& memory) {
  for (Container& container : spec->containers.Edit()) {
    if (!cpu.empty()) container.resources.requests["cpu"] = *Quantity::Parse(cpu);
    if (!memory.empty()) container.resources.requests["memory"] = *Quantity::Parse(memory);
  }
}

bool SameState(const ClusterState& a, const ClusterState& b) {
  for (const Kind kind : kAllKinds) {
    const ObjectMap& left = a.Objects(kind);
    const ObjectMap& right = b.Objects(kind);
    const bool same = std::equal(left.begin(), left.end(), right.begin(), right.end(),
                                 [](const auto& x, const auto& y) {
                                   return x.first == y.first && EqualObjects(*x.second, *y.second);
                                 });
    if (!same) return false;
  }
  return true;
}

std::string WritesText(const Plan& plan) {
  std::string text;
  for (const Write& write : plan.transaction.writes) {
    text +=
        ToString(write.key) + " " +
        (write.object == nullptr ? "gone" : EncodeObjectJson(*write.object, EncodeFor::kStore)) +
        "\n";
  }
  return text;
}

}  // namespace reconcile
