#include "bench/core_bench_world.h"

#include "base/check.h"
#include "schema/codec.h"

namespace reconcile {
namespace {

std::string Numbered(const std::string& prefix, int number) {
  const std::string digits = std::to_string(number);
  return prefix + std::string(5 - std::min<size_t>(5, digits.size()), '0') + digits;
}

template <typename T>
void Finish(T* object, const std::string& name, int line) {
  object->metadata.name = name;
  object->metadata.namespace_name = "default";
  object->metadata.origin = {.source = "", .file = name + ".yaml", .line = line};
  ApplyDefaults(object);
}

PodTemplateSpec TemplateOf(const std::string& name, const std::string& image) {
  PodTemplateSpec pod_template;
  pod_template.metadata.labels = {{"app", name}, {"tier", "web"}};
  Container container;
  container.name = "main";
  container.image = image;
  container.resources.requests = {{"cpu", *Quantity::Parse("10m")},
                                  {"memory", *Quantity::Parse("16Mi")}};
  container.env.push_back({.name = "GREETING", .value = "hello", .value_from = {}});
  pod_template.spec.containers.push_back(container);
  return pod_template;
}

std::shared_ptr<Deployment> DeploymentOf(int number, const std::string& image) {
  const std::string name = Numbered("web-", number);
  auto deployment = std::make_shared<Deployment>();
  deployment->spec.replicas = 3;
  deployment->spec.selector.match_labels["app"] = name;
  deployment->spec.pod_template = TemplateOf(name, image);
  Finish(deployment.get(), name, 1);
  return deployment;
}

}  // namespace

std::string BenchNodeName(int number) { return Numbered("host-", number); }

std::shared_ptr<Node> BenchNode(int number) {
  auto node = std::make_shared<Node>();
  node->metadata.name = BenchNodeName(number);
  node->metadata.uid = "node-" + node->metadata.name;
  node->metadata.labels["kubernetes.io/hostname"] = node->metadata.name;
  node->spec.pod_cidr =
      "10." + std::to_string(number / 250) + "." + std::to_string(number % 250) + ".0/24";
  node->status.allocatable = {{"cpu", *Quantity::Parse("8")},
                              {"memory", *Quantity::Parse("16Gi")},
                              {"pods", *Quantity::Parse("110")}};
  node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  return node;
}

BenchWorld::BenchWorld(const BenchSize& size) {
  auto cluster = std::make_shared<Cluster>();
  cluster->metadata.name = "cluster";
  cluster->cluster_id = "bench";
  cluster->lineage = "bench-lineage";
  cluster->pod_cidr = "10.0.0.0/8";
  cluster->service_cidr = "172.20.0.0/16";
  state.Put(cluster);
  auto source = std::make_shared<Source>();
  source->metadata.name = "main";
  source->metadata.uid = "source-main";
  state.Put(source);
  for (int i = 0; i < size.nodes; ++i) state.Put(BenchNode(i));
  for (int i = 0; i < size.deployments; ++i) declared_.push_back(DeploymentOf(i, "web:1"));
  for (int i = 0; i < size.config_maps; ++i) {
    auto map = std::make_shared<ConfigMap>();
    map->data["key"] = "value of " + std::to_string(i);
    Finish(map.get(), Numbered("settings-", i), 1);
    declared_.push_back(map);
  }
  Problems problems;
  const DesiredState desired = BuildDesired("main", "c0ffee", declared_, state, &problems);
  CHECK(problems.errors.empty());
  const Plan plan = Reconcile(state, Diff(desired, state), now);
  state = Apply(state, plan.transaction);
  Settle();
}

void BenchWorld::ChangeImage(int number) {
  declared_[static_cast<size_t>(number)] =
      DeploymentOf(number, "web:" + std::to_string(2 + images_++));
}

bool BenchWorld::Obey(ClusterState* obeying) const {
  bool acted = false;
  const ClusterState before = *obeying;
  before.ForEach<Pod>([&](const std::shared_ptr<const Pod>& pod) {
    if (pod->spec.node_name.empty()) return;
    if (pod->metadata.deletion_timestamp) {
      obeying->Delete(pod->key());
      acted = true;
    } else if (!IsReady(*pod)) {
      auto ready = std::make_shared<Pod>(*pod);
      ready->status.phase = PodPhase::kRunning;
      ready->status.container_statuses = {{.name = "main", .ready = true}};
      SetCondition(&ready->status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue},
                   now.wall);
      obeying->Put(ready);
      acted = true;
    }
  });
  return acted;
}

void BenchWorld::Settle() {
  for (;;) {
    const Plan plan = Reconcile(state, {}, now);
    state = Apply(state, plan.transaction);
    if (!Obey(&state) && plan.transaction.empty() && !plan.more) return;
  }
}

std::vector<std::shared_ptr<const Pod>> PendingPods(int count) {
  std::vector<std::shared_ptr<const Pod>> pods;
  for (int i = 0; i < count; ++i) {
    const std::string owner = Numbered("web-", i / 3);
    auto pod = std::make_shared<Pod>();
    const PodTemplateSpec pod_template = TemplateOf(owner, "web:1");
    pod->metadata.name = Numbered("web-", i);
    pod->metadata.namespace_name = "default";
    pod->metadata.uid = "uid-of-" + pod->metadata.name;
    pod->metadata.creation_timestamp = WallTime{1'790'000'000'000 + i / 500};
    pod->metadata.owner_references = {{.api_version = "apps/v1",
                                       .kind = "ReplicaSet",
                                       .name = owner,
                                       .uid = "uid-of-" + owner,
                                       .controller = true}};
    pod->spec = pod_template.spec;
    pods.push_back(pod);
  }
  return pods;
}

}  // namespace reconcile
