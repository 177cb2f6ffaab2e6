#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

std::shared_ptr<const Pod> SamplePod(const std::string& name) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "shop";
  pod->metadata.uid = "uid-" + name;
  pod->metadata.labels = {{"app", "web"}};
  pod->metadata.deletion_timestamp = WallTime{1'790'000'000'000};
  pod->metadata.incarnation = 7;
  pod->spec.node_name = "host-1";
  Container container;
  container.name = "web";
  container.image = "web:1";
  container.args = {"--port", "80"};
  EnvVar variable;
  variable.name = "NAME";
  variable.value = "v\x01\u00e9";
  container.env = {variable};
  pod->spec.containers = {container};
  return pod;
}

PodStatus SampleStatus() {
  PodStatus status;
  status.phase = PodPhase::kRunning;
  status.host_ip = "192.0.2.1";
  status.pod_ip = "10.42.7.2";
  status.start_time = WallTime{1'790'000'001'000};
  status.conditions = {
      {"Ready", ConditionStatus::kFalse, "ContainersNotReady", "web waits", {}, {}}};
  ContainerStatus container;
  container.name = "web";
  container.restart_count = 3;
  container.state.waiting = ContainerStateWaiting{"ImagePullBackOff", "manifest unknown"};
  container.last_state.terminated = ContainerStateTerminated{};
  container.last_state.terminated->exit_code = 137;
  container.last_state.terminated->reason = "OOMKilled";
  status.container_statuses = {container};
  return status;
}

void AddSampleNetwork(Assignment* assignment) {
  assignment->service_cidr = "10.96.0.0/16";
  assignment->cluster_domain = "cluster.local";
  assignment->network_backend = "vxlan";
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->spec.pod_cidr = "10.42.7.0/24";
  node->status.addresses = {{"InternalIP", "192.0.2.1"}};
  assignment->nodes = {node};
  auto service = std::make_shared<Service>();
  service->metadata.namespace_name = "shop";
  service->metadata.name = "web";
  service->spec.cluster_ip = "10.96.3.4";
  service->spec.session_affinity = SessionAffinity::kClientIp;
  service->spec.session_affinity_timeout_seconds = 60;
  service->spec.ports = {{.name = "http", .port = 80, .target_port = IntOrString::Int(8080)}};
  assignment->services = {service};
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.namespace_name = "shop";
  slice->metadata.name = "web-abcde";
  slice->metadata.labels = {{kServiceNameLabel, "web"}};
  Endpoint endpoint;
  endpoint.addresses = {"10.42.7.2"};
  endpoint.conditions = {true, true, false};
  endpoint.node_name = "host-1";
  endpoint.target_ref = ObjectReference{.kind = "Pod", .namespace_name = "shop", .name = "web"};
  slice->endpoints = {endpoint};
  slice->ports = {{.name = "http", .port = 8080}};
  assignment->endpoint_slices = {slice};
  auto space = std::make_shared<Namespace>();
  space->metadata.name = "shop";
  assignment->namespaces = {space};
}

}  // namespace

Assignment SampleAssignment() {
  Assignment assignment;
  assignment.fence = {"cluster-1", "lineage-1", 4, 1234, 1'790'000'000'000, "c2lnbmVk"};
  assignment.node = "host-1";
  assignment.cluster_pod_cidr = "10.42.0.0/16";
  assignment.node_pod_cidr = "10.42.7.0/24";
  assignment.pods = {SamplePod("api"), SamplePod("web")};
  auto config = std::make_shared<ConfigMap>();
  config->metadata.name = "settings";
  config->metadata.namespace_name = "shop";
  config->data = {{"mode", "fast"}};
  config->binary_data = {{"blob", std::string("\0\xff\x80", 3)}};
  assignment.config_maps = {config};
  auto secret = std::make_shared<Secret>();
  secret->metadata.name = "password";
  secret->metadata.namespace_name = "shop";
  secret->data = {{"key", std::string("\xfe\0s", 3)}};
  assignment.secrets = {secret};
  assignment.tombstones = {"uid-gone", "uid-gone-too"};
  AddSampleNetwork(&assignment);
  assignment.heartbeat_ms = 1'000;
  return assignment;
}

Report SampleReport() {
  Report report;
  report.node = "host-1";
  report.agent_start = "start-1";
  report.sequence = 42;
  report.applied = Fence{"cluster-1", "lineage-1", 4, 1233, 5, "c2ln"};
  report.held = "it would stop 5 of 9 pods";
  report.heartbeat_ms = 1'000;
  report.clock_ms = 1'767'323'045'000;
  report.labels = {{"kubernetes.io/arch", "amd64"}, {"kubernetes.io/os", "linux"}};
  report.node_status.capacity = {{"cpu", *Quantity::Parse("4")},
                                 {"memory", *Quantity::Parse("8Gi")}};
  report.node_status.addresses = {{"InternalIP", "192.0.2.1"}};
  report.node_status.node_info.architecture = "amd64";
  report.images = std::make_shared<const std::vector<ContainerImage>>(std::vector<ContainerImage>{
      {{"shop/web:1", "shop/web@sha256:12"}, 187'000'000}, {{"web:latest"}, 3}});
  report.pods = {{"shop", "web", "uid-web", SampleStatus(), false},
                 {"shop", "old", "uid-old", PodStatus(), true}};
  report.events = {{"uid-web", "shop", "web", EventType::kWarning, "BackOff", "pulling\n\"web:1\""},
                   {"", "", "", EventType::kNormal, "Started", "the agent started"}};
  report.starts = {{"uid-web", {3, 80, 95, 95, 120, 190, 191, 195}}};
  report.usage = std::make_shared<const UsageReport>(
      UsageReport{9,
                  10'000,
                  {1'500'000, 900'000'000},
                  {10, 20},
                  {{"uid-host", std::nullopt, {{"app", {100, 5'000}}, {"log", {0, 6'000}}}},
                   {"uid-web", NetworkUse{30, 40}, {{"app", {700'000, 50'000'000}}}}}});
  return report;
}

Inventory SampleInventory() {
  Inventory inventory;
  inventory.node = "host-1";
  inventory.fence = Fence{"cluster-1", "lineage-1", 4, 1233, 5, "c2ln"};
  inventory.node_pod_cidr = "10.42.7.0/24";
  auto web = std::make_shared<Pod>(*SamplePod("web"));
  web->status = SampleStatus();
  inventory.pods = {SamplePod("api"), web};
  inventory.services = SampleAssignment().services;
  return inventory;
}

}  // namespace reconcile
