#include "tests/property/reconciler/generator.h"

#include <set>

#include "schema/codec.h"

namespace reconcile {
namespace {

std::string AnyImage(Generator* generator) { return "img:" + std::to_string(generator->Int(1, 3)); }

IntOrString AnyAmount(Generator* generator) {
  if (generator->OneIn(2)) return IntOrString::Int(generator->Int(0, 3));
  return IntOrString::String(std::to_string(25 * generator->Int(0, 4)) + "%");
}

}  // namespace

World Generator::MakeWorld() {
  World world;
  const int hosts = OneIn(10) ? 0 : Int(1, 4);
  for (int i = 1; i <= hosts; ++i) {
    world.AddNode("host-" + std::to_string(i), std::to_string(Int(1, 8)),
                  std::to_string(Int(1, 16)) + "Gi");
  }
  return world;
}

void Generator::MaybeRequest(PodSpec* spec) {
  if (OneIn(2)) return;
  Request(spec, std::to_string(100 * Int(1, 20)) + "m", std::to_string(64 * Int(1, 30)) + "Mi");
}

std::shared_ptr<Deployment> Generator::MakeAnyDeployment(const std::string& name) {
  auto deployment = MakeDeployment(name, Int(0, 8), AnyImage(this));
  MaybeRequest(&deployment->spec.pod_template.spec);
  if (OneIn(6)) {
    deployment->spec.strategy = {.type = DeploymentStrategyType::kRecreate, .rolling_update = {}};
  } else {
    deployment->spec.strategy.rolling_update = {.max_surge = AnyAmount(this),
                                                .max_unavailable = AnyAmount(this)};
  }
  if (OneIn(3)) {
    EnvFromSource& from =
        deployment->spec.pod_template.spec.containers.Edit()[0].env_from.emplace_back();
    from.config_map_ref = EnvFromRef{.name = "app-" + std::to_string(Int(0, 5)), .optional = true};
    if (OneIn(2)) deployment->metadata.annotations["reconcile.dev/restart-on-change"] = "true";
  }
  deployment->spec.revision_history_limit = Int(0, 3);
  deployment->spec.min_ready_seconds = OneIn(4) ? Int(1, 60) : 0;
  deployment->spec.paused = OneIn(10);
  return deployment;
}

std::shared_ptr<Service> Generator::MakeAnyService(const std::string& name) {
  auto service = MakeService(name, "app-" + std::to_string(Int(0, 5)));
  constexpr ServiceType kTypes[] = {ServiceType::kClusterIp, ServiceType::kNodePort,
                                    ServiceType::kLoadBalancer, ServiceType::kExternalName};
  ServiceSpec& spec = service->spec;
  // An address once there must not change: the name decides.
  if (name.ends_with('5')) {
    spec.cluster_ip = kHeadlessIp;
  } else {
    spec.type = kTypes[Int(0, 3)];
  }
  if (spec.type == ServiceType::kExternalName) spec.external_name = "away.example.com";
  if (OneIn(4)) spec.ports.push_back({.name = "more", .port = 81, .target_port = {}});
  if (OneIn(4)) spec.ports[0].target_port = IntOrString::String("web");
  spec.publish_not_ready_addresses = OneIn(6);
  if (spec.type == ServiceType::kLoadBalancer && OneIn(3)) {
    spec.external_traffic_policy = TrafficPolicy::kLocal;
  }
  ApplyDefaults(service.get());
  return service;
}

ObjectPtr Generator::MakeObject(const std::string& name) {
  switch (Int(0, 8)) {
    case 7:
    case 8:
      return MakeAnyService(name);
    case 0:
      return MakeConfigMap(name, std::to_string(Int(1, 3)));
    case 1: {
      auto controller = MakeController(name, Int(0, 6));
      MaybeRequest(&controller->spec.pod_template.spec);
      return controller;
    }
    case 2: {
      auto set = MakeReplicaSet(name, Int(0, 6));
      MaybeRequest(&set->spec.pod_template.spec);
      return set;
    }
    case 3: {
      auto pod = MakePod(name, AnyImage(this));
      MaybeRequest(&pod->spec);
      return pod;
    }
    case 4:
      return MakeNode("host-" + std::to_string(Int(1, 4)), {{"disk", OneIn(2) ? "ssd" : "hdd"}});
    default:
      return MakeAnyDeployment(name);
  }
}

std::vector<ObjectPtr> Generator::MakeCommit() {
  std::vector<ObjectPtr> commit;
  std::set<ObjectKey> keys;
  const int count = Int(0, 6);
  for (int i = 0; i < count; ++i) {
    // A name belongs to one kind of workload here: two with one selector would share pods.
    ObjectPtr object = MakeObject("app-" + std::to_string(i));
    if (keys.insert(object->key()).second) commit.push_back(std::move(object));
  }
  return commit;
}

std::vector<ObjectPtr> Generator::Edit(std::vector<ObjectPtr> commit) {
  if (commit.empty() || OneIn(8)) return MakeCommit();
  const size_t index = static_cast<size_t>(Int(0, static_cast<int>(commit.size()) - 1));
  if (OneIn(5)) {
    commit.erase(commit.begin() + static_cast<ptrdiff_t>(index));
    return commit;
  }
  if (const auto deployment = As<Deployment>(commit[index])) {
    auto changed = std::make_shared<Deployment>(*deployment);
    if (OneIn(2)) changed->spec.replicas = Int(0, 8);
    if (OneIn(2)) changed->spec.pod_template.spec.containers.Edit()[0].image = AnyImage(this);
    commit[index] = changed;
  } else if (commit[index]->kind == Kind::kConfigMap) {
    commit[index] = MakeConfigMap(commit[index]->metadata.name, std::to_string(Int(1, 3)));
  } else if (const auto pod = As<Pod>(commit[index])) {
    auto changed = std::make_shared<Pod>(*pod);
    changed->spec.containers.Edit()[0].image = AnyImage(this);
    commit[index] = changed;
  } else if (const auto controller = As<ReplicationController>(commit[index])) {
    auto changed = std::make_shared<ReplicationController>(*controller);
    changed->spec.replicas = Int(0, 6);
    commit[index] = changed;
  } else if (commit[index]->kind == Kind::kService) {
    commit[index] = MakeAnyService(commit[index]->metadata.name);
  }
  return commit;
}

}  // namespace reconcile
