#include "api/table.h"

#include "api/columns.h"
#include "schema/codec.h"
#include "schema/core.h"
#include "schema/network.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

constexpr WallTime kNow{1'700'000'000'000};

std::shared_ptr<Pod> MakePod(const std::string& name) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.namespace_name = "default";
  pod->metadata.creation_timestamp = WallTime{kNow.ms - 90'000};
  pod->spec.node_name = "host-1";
  pod->spec.containers.Edit().resize(1);
  pod->status.phase = PodPhase::kRunning;
  pod->status.pod_ip = "10.42.0.7";
  ContainerStatus container;
  container.ready = true;
  container.restart_count = 2;
  container.state.running = ContainerStateRunning();
  pod->status.container_statuses = {container};
  return pod;
}

TEST(Table, ShowsPodsAsKubectlDoes) {
  const Value table = EncodeTable(MakeTable(Kind::kPod, {MakePod("web-1")}, kNow));
  EXPECT_EQ(TableText(table, {}),
            "NAME    READY   STATUS    RESTARTS   AGE\n"
            "web-1   1/1     Running   2          90s\n");
  EXPECT_EQ(TableText(table, {.with_namespace = true, .wide = true}),
            "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP          NODE     NOMINATED "
            "NODE   READINESS GATES\n"
            "default     web-1   1/1     Running   2          90s   10.42.0.7   host-1   <none>    "
            "       <none>\n");
}

TEST(Table, SaysWhenAPodRestartedLastAndWhatItsReadinessWaitsFor) {
  auto pod = MakePod("web-1");
  pod->status.container_statuses[0].last_state.terminated =
      ContainerStateTerminated{.finished_at = WallTime{kNow.ms - 300'000}};
  Value gate = Value::MakeMap();
  gate.Set("conditionType", Value::String("example.com/ready"));
  pod->spec.others.Set("readinessGates", Value::MakeList({gate}));
  const std::vector<std::string> cells = CellsOf(*pod, kNow);
  EXPECT_EQ(cells[3], "2 (5m ago)");
  EXPECT_EQ(cells.back(), "0/1");
}

TEST(Table, StatusWordPrefersWhatAContainerWaitsFor) {
  auto pod = MakePod("web-1");
  pod->status.container_statuses[0].state = ContainerState();
  pod->status.container_statuses[0].state.waiting = ContainerStateWaiting{"CrashLoopBackOff", ""};
  EXPECT_EQ(PodStatusWord(*pod), "CrashLoopBackOff");
  pod->metadata.deletion_timestamp = kNow;
  EXPECT_EQ(PodStatusWord(*pod), "Terminating");
}

TEST(Table, APodAtItsInitContainersSaysWhichAndWhy) {
  auto pod = MakePod("web-1");
  pod->status.phase = PodPhase::kPending;
  pod->spec.init_containers.Edit().resize(3);
  for (size_t i = 0; i < 3; ++i) {
    pod->spec.init_containers.Edit()[i].name = "init-" + std::to_string(i);
    ContainerStatus init;
    init.name = pod->spec.init_containers[i].name;
    init.restart_count = 1;
    init.state.waiting = ContainerStateWaiting{"PodInitializing", ""};
    pod->status.init_container_statuses.push_back(init);
  }
  pod->spec.init_containers.Edit()[1].others.Set("restartPolicy", Value::String("Always"));
  pod->status.container_statuses[0].ready = false;
  pod->status.container_statuses[0].restart_count = 0;
  pod->status.container_statuses[0].state = {ContainerStateWaiting{"PodInitializing", ""}, {}, {}};
  auto& inits = pod->status.init_container_statuses;
  EXPECT_EQ(PodStatusWord(*pod), "Init:0/3");
  inits[0].state.waiting->reason = "CrashLoopBackOff";
  EXPECT_EQ(PodStatusWord(*pod), "Init:CrashLoopBackOff");
  inits[0].state = {{}, {}, ContainerStateTerminated{.exit_code = 2, .reason = "Error"}};
  EXPECT_EQ(PodStatusWord(*pod), "Init:Error");
  inits[0].state.terminated->reason.clear();
  EXPECT_EQ(PodStatusWord(*pod), "Init:ExitCode:2");
  inits[0].state.terminated->exit_code = 0;
  EXPECT_EQ(PodStatusWord(*pod), "Init:1/3");
  inits[1].state = {{}, ContainerStateRunning(), {}};
  inits[1].started = inits[1].ready = true;
  EXPECT_EQ(TableText(EncodeTable(MakeTable(Kind::kPod, {pod}, kNow)), {}),
            "NAME    READY   STATUS     RESTARTS   AGE\n"
            "web-1   1/2     Init:2/3   3          90s\n");
  inits[2].state = inits[0].state;
  EXPECT_EQ(PodStatusWord(*pod), "PodInitializing");
  // Once it is past them, what they are is no news.
  pod->status.conditions = {{.type = "Initialized", .status = ConditionStatus::kTrue}};
  inits[0].state = {ContainerStateWaiting{"PodInitializing", ""}, {}, {}};
  pod->status.container_statuses[0].state = {{}, ContainerStateRunning(), {}};
  pod->status.phase = PodPhase::kRunning;
  EXPECT_EQ(TableText(EncodeTable(MakeTable(Kind::kPod, {pod}, kNow)), {}),
            "NAME    READY   STATUS    RESTARTS   AGE\n"
            "web-1   1/2     Running   1          90s\n");
}

TEST(Table, APodOnASilentHostIsNotCalledReady) {
  auto pod = MakePod("web-1");
  pod->status.conditions = {{.type = "Ready",
                             .status = ConditionStatus::kFalse,
                             .reason = std::string(kNodeStatusUnknown)}};
  EXPECT_EQ(TableText(EncodeTable(MakeTable(Kind::kPod, {pod}, kNow)), {}),
            "NAME    READY   STATUS     RESTARTS   AGE\n"
            "web-1   0/1     NodeLost   2          90s\n");
}

TEST(Table, ANodesRolesAreWhatItsLabelsSay) {
  Node node;
  node.metadata.name = "host-1";
  EXPECT_EQ(CellsOf(node, kNow)[2], "<none>");
  node.metadata.labels = {{"kubernetes.io/role", "old"},
                          {"node-role.kubernetes.io/", ""},
                          {"node-role.kubernetes.io/edge", "true"},
                          {"node-role.kubernetes.io/control-plane", ""}};
  EXPECT_EQ(CellsOf(node, kNow)[2], "control-plane,edge,old");
}

std::shared_ptr<Service> MakeService(const std::string& name, ServiceType type) {
  auto service = std::make_shared<Service>();
  service->metadata.name = name;
  service->metadata.namespace_name = "default";
  service->metadata.creation_timestamp = WallTime{kNow.ms - 90'000};
  service->spec.type = type;
  service->spec.cluster_ip = "10.96.0.7";
  service->spec.ports = {{.name = "http", .port = 80, .target_port = {}}};
  return service;
}

TEST(Table, ShowsServicesAsKubectlDoes) {
  auto plain = MakeService("plain", ServiceType::kClusterIp);
  plain->spec.selector = {{"app", "web"}, {"tier", "front"}};
  plain->spec.external_ips = {"192.0.2.9"};
  auto balanced = MakeService("balanced", ServiceType::kLoadBalancer);
  balanced->spec.ports[0].node_port = 30080;
  balanced->spec.ports.push_back({.name = "dns",
                                  .protocol = Protocol::kUdp,
                                  .port = 53,
                                  .target_port = {},
                                  .node_port = 30053});
  auto ready = std::make_shared<Service>(*balanced);
  ready->metadata.name = "ready";
  ready->status.load_balancer_ingress = {{"192.0.2.1"}, {"192.0.2.2"}};
  auto away = MakeService("away", ServiceType::kExternalName);
  away->spec.cluster_ip.clear();
  away->spec.ports.clear();
  away->spec.external_name = "away.example.com";
  EXPECT_EQ(
      TableText(EncodeTable(MakeTable(Kind::kService, {plain, balanced, ready, away}, kNow)),
                {.with_namespace = false, .wide = true}),
      "NAME       TYPE           CLUSTER-IP   EXTERNAL-IP           PORT(S)                     AGE"
      "   SELECTOR\n"
      "plain      ClusterIP      10.96.0.7    192.0.2.9             80/TCP                      90s"
      "   app=web,tier=front\n"
      "balanced   LoadBalancer   10.96.0.7    <pending>             80:30080/TCP,53:30053/UDP   90s"
      "   <none>\n"
      "ready      LoadBalancer   10.96.0.7    192.0.2.1,192.0.2.2   80:30080/TCP,53:30053/UDP   90s"
      "   <none>\n"
      "away       ExternalName   <none>       away.example.com      <none>                      90s"
      "   <none>\n");
}

TEST(Table, ShowsEndpointsAsKubectlDoes) {
  auto endpoints = std::make_shared<Endpoints>();
  endpoints->metadata.name = "web";
  endpoints->metadata.creation_timestamp = WallTime{kNow.ms - 90'000};
  EndpointSubset subset;
  subset.ports = {{.name = "http", .port = 8080}};
  for (const char* ip : {"10.42.0.1", "10.42.0.2", "10.42.0.3", "10.42.0.4"}) {
    subset.addresses.push_back({.ip = ip});
  }
  endpoints->subsets = {subset};
  EXPECT_EQ(TableText(EncodeTable(MakeTable(Kind::kEndpoints, {endpoints}, kNow)), {}),
            "NAME   ENDPOINTS                                                  AGE\n"
            "web    10.42.0.1:8080,10.42.0.2:8080,10.42.0.3:8080 + 1 more...   90s\n");
  auto slice = std::make_shared<EndpointSlice>();
  slice->metadata.name = "web-x7k2p";
  slice->metadata.creation_timestamp = WallTime{kNow.ms - 90'000};
  slice->endpoints.resize(1);
  slice->endpoints[0].addresses = {"10.42.0.1"};
  EXPECT_EQ(TableText(EncodeTable(MakeTable(Kind::kEndpointSlice, {slice}, kNow)), {}),
            "NAME        ADDRESSTYPE   PORTS     ENDPOINTS   AGE\n"
            "web-x7k2p   IPv4          <unset>   10.42.0.1   90s\n");
}

TEST(Table, ShowsIngressesAsKubectlDoes) {
  const auto row = [](const std::string& spec) {
    const Result<ObjectPtr> ingress = DecodeStored(
        R"({"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"web"},)"
        R"("spec":)" +
        spec + "}");
    EXPECT_TRUE(ingress.ok()) << ingress.status().message();
    std::vector<std::string> cells = CellsOf(**ingress, kNow);
    cells.pop_back();  // its age
    return cells;
  };
  using Cells = std::vector<std::string>;
  EXPECT_EQ(row(R"({"defaultBackend":{"service":{"name":"web","port":{"number":80}}}})"),
            (Cells{"web", "<none>", "*", "", "80"}));
  EXPECT_EQ(
      row(R"({"ingressClassName":"nginx","rules":[{"host":"a.example"},{"host":"b.example"}],)"
          R"("tls":[{"hosts":["a.example"]}]})"),
      (Cells{"web", "nginx", "a.example,b.example", "", "80, 443"}));
}

std::vector<std::string> CellsOfJson(const std::string& json) {
  const Result<ObjectPtr> object = DecodeStored(json);
  EXPECT_TRUE(object.ok()) << object.status().message();
  return CellsOf(**object, kNow);
}

TEST(Table, AJobSaysHowItIsAndHowLongItTook) {
  const auto row = [](const std::string& status) {
    std::vector<std::string> cells = CellsOfJson(
        R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"once"},"spec":)"
        R"({"completions":2,"template":{"spec":{"containers":[{"name":"app","image":"a:1"}]}}},)"
        R"("status":)" +
        status + "}");
    cells.erase(cells.begin() + 4);  // its age
    return cells;
  };
  using Cells = std::vector<std::string>;
  EXPECT_EQ(row("{}"), (Cells{"once", "Pending", "0/2", "", "app", "a:1", "<none>"}));
  EXPECT_EQ(row(R"({"startTime":"2023-11-14T22:12:20Z","succeeded":1})")[3], "60s");
  const Cells done = row(
      R"({"startTime":"2023-11-14T22:12:20Z","completionTime":"2023-11-14T22:12:50Z","succeeded":2,)"
      R"("conditions":[{"type":"Complete","status":"True"}]})");
  EXPECT_EQ(done[1], "Complete");
  EXPECT_EQ(done[3], "30s");
}

TEST(Table, ACronJobSaysWhenItRanLastAndWhatRuns) {
  const std::vector<std::string> cells = CellsOfJson(
      R"({"apiVersion":"batch/v1","kind":"CronJob","metadata":{"name":"daily"},)"
      R"("spec":{"schedule":"0 0 * * *","jobTemplate":{"spec":{"template":{"spec":{}}}}},)"
      R"("status":{"active":[{"kind":"Job","name":"daily-1"}],)"
      R"("lastScheduleTime":"2023-11-14T22:08:20Z"}})");
  EXPECT_EQ(cells[4], "1");
  EXPECT_EQ(cells[5], "5m");
}

TEST(Table, AnAutoscalerSaysWhatItAimsAt) {
  const std::vector<std::string> cells = CellsOfJson(
      R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"web"},)"
      R"("spec":{"scaleTargetRef":{"kind":"Deployment","name":"web"},"maxReplicas":3,"metrics":)"
      R"([{"type":"Resource","resource":{"name":"cpu","target":{"averageUtilization":80}}},)"
      R"({"type":"Resource","resource":{"name":"memory","target":{"averageValue":"1Gi"}}}]}})");
  EXPECT_EQ(cells[2], "cpu: <unknown>/80%, memory: <unknown>/1Gi");
}

TEST(Table, ShowsThatANodeWasRevoked) {
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kFalse, .reason = std::string(kNodeRevoked)}};
  EXPECT_EQ(CellsOf(*node, kNow)[1], "Revoked");
}

TEST(Table, HasACellForEveryColumnOfEveryKind) {
  for (const Kind kind : kAllKinds) {
    const Result<ObjectPtr> object =
        DecodeStored(R"({"apiVersion":")" + std::string(InfoOf(kind).api_version) +
                     R"(","kind":")" + std::string(InfoOf(kind).name) + R"("})");
    ASSERT_TRUE(object.ok()) << ToString(kind);
    EXPECT_EQ(CellsOf(**object, kNow).size(), ColumnsOf(kind).size()) << ToString(kind);
  }
}

TEST(Table, ShowsControlCharactersInsteadOfSendingThem) {
  auto event = std::make_shared<Event>();
  event->message = "red \x1b[31m line\nnext";
  const std::string text = TableText(EncodeTable(MakeTable(Kind::kEvent, {event}, kNow)), {});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(text.find("red \\x1b[31m line\\nnext"), std::string::npos);
}

}  // namespace
}  // namespace reconcile
