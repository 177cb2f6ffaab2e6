#include "api/write_routes.h"

#include "api/git_refusals.h"
#include "api/routes.h"
#include "reconciler/restart.h"
#include "schema/sets.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

constexpr const char* kWebText = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {a: b}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: app, image: 'test/app:1'}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
)";
constexpr const char* kWeb = "/apis/apps/v1/namespaces/default/deployments/web";
constexpr const char* kStrategic = "application/strategic-merge-patch+json";
constexpr const char* kMerge = "application/merge-patch+json";

class WriteRoutesTest : public testing::Test {
 protected:
  WriteRoutesTest() {
    ControllerOptions options;
    SourceSpec spec{"/repository", "main", "deploy"};
    options.sources = {{"main", spec}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    node->metadata.uid = "node-host-1";
    node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    Commit("c1", kWebText);
    CHECK(controller_->Start().ok());
    Settle();
    Put(node);
    Settle();
  }
  void Settle() { time_.RunFor(200); }
  void Commit(const std::string& id, const std::string& text) {
    FetchedCommit commit;
    commit.id = id;
    commit.files = {{"deploy/web.yaml", id, std::make_shared<std::string>(text)}};
    source_.SetCommit("/repository", commit);
  }
  void Put(const ObjectPtr& object) {
    Transaction all;
    all.writes.push_back({object->key(), object});
    CHECK(store_.Commit(all, store_.Snapshot()->revision()).ok());
  }
  ApiResponse Ask(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::string& type = "application/json", bool is_dry_run = false) {
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.content_type = type;
    request.query = {{"by", "ada"}, {"fieldManager", "kubectl-test"}};
    if (is_dry_run) request.query["dryRun"] = "All";
    ApiResponse answer = HandleApi(controller_.get(), &reads_, request, loop_.now());
    Settle();
    return answer;
  }
  ApiResponse Dry(const std::string& method, const std::string& path, const std::string& body,
                  const std::string& type = "application/json") {
    const Revision before = store_.Snapshot()->revision();
    ApiResponse answer = Ask(method, path, body, type, true);
    EXPECT_EQ(store_.Snapshot()->revision(), before) << "a dry run changes nothing";
    return answer;
  }
  static Value Json(const ApiResponse& response) {
    const Result<Value> body = ParseJson(response.body);
    CHECK(body.ok());
    return *body;
  }
  static std::string Message(const ApiResponse& response) {
    return Json(response).GetString("message");
  }
  std::shared_ptr<const Deployment> Web() {
    return controller_->State()->Find<Deployment>("default", "web");
  }
  std::vector<std::shared_ptr<const Pod>> Pods() {
    std::vector<std::shared_ptr<const Pod>> pods;
    controller_->State()->ForEach<Pod>(
        [&](const std::shared_ptr<const Pod>& pod) { pods.push_back(pod); });
    return pods;
  }
  // As if its host had told it.
  void Run(const Pod& pod) {
    auto running = std::make_shared<Pod>(pod);
    running->spec.node_name = "host-1";
    running->status.phase = PodPhase::kRunning;
    running->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    Put(running);
  }
  std::string PathOf(const Pod& pod) {
    return "/api/v1/namespaces/default/pods/" + pod.metadata.name;
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  ResourceReads reads_{&store_, &loop_};
};

TEST_F(WriteRoutesTest, WhatGitDeclaresIsRefusedWithItsPlace) {
  const std::string said =
      R"(deployments.apps "web" is forbidden: Git declares it: change deploy/web.yaml, line 6, in )"
      "/repository (main), and commit";
  const ApiResponse scaled = Ask("PATCH", kWeb, R"({"spec":{"replicas":3}})", kMerge);
  EXPECT_EQ(scaled.code, 403);
  EXPECT_EQ(
      scaled.body,
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":")" +
          std::string(R"(deployments.apps \"web\" is forbidden: Git declares it: change )") +
          R"(deploy/web.yaml, line 6, in /repository (main), and commit","reason":"Forbidden",)"
          R"("details":{"name":"web","group":"apps","kind":"deployments"},"code":403})");
  EXPECT_EQ(Message(Ask("DELETE", kWeb)),
            R"(deployments.apps "web" is forbidden: Git declares it: remove it from )"
            "deploy/web.yaml, line 6, in /repository (main), and commit");
  EXPECT_EQ(
      Message(Ask("PATCH", std::string(kWeb) + "/scale", R"({"spec":{"replicas":3}})", kMerge)),
      said);
  EXPECT_EQ(Message(Ask("PATCH", kWeb, R"([{"op":"remove","path":"/spec/replicas"}])",
                        "application/json-patch+json")),
            said);
  Value whole = Json(Ask("GET", kWeb));
  EXPECT_EQ(Ask("PUT", kWeb, WriteJson(whole)).code, 200) << "it is as it is";
  EXPECT_EQ(
      Message(Ask("PATCH", kWeb, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
                  "application/apply-patch+yaml")),
      said);
  EXPECT_EQ(Web()->spec.replicas, 2);
}

TEST_F(WriteRoutesTest, WhatIsMadeForSomethingNamesThePlaceOfThat) {
  const std::string place = "deploy/web.yaml, line 6, in /repository (main), and commit";
  const auto pod = Pods().at(0);
  EXPECT_EQ(
      Message(Ask("PATCH", PathOf(*pod), R"({"metadata":{"labels":{"a":"b"}}})", kMerge)),
      "pods \"" + pod->metadata.name +
          "\" is forbidden: it is made for Deployment default/web, which Git declares: change " +
          place);
  const std::string set = ControllerOf(pod->metadata)->name;
  EXPECT_EQ(
      Message(Ask("DELETE", "/apis/apps/v1/namespaces/default/replicasets/" + set)),
      "replicasets.apps \"" + set +
          "\" is forbidden: it is made for Deployment default/web, which Git declares: change " +
          place);
  EXPECT_EQ(
      Message(
          Ask("PATCH", "/api/v1/nodes/host-1", R"({"metadata":{"labels":{"a":"b"}}})", kStrategic)),
      "nodes \"host-1\" is forbidden: no manifest declares it; to change it, commit a Node of "
      "this name to /repository (main), folder deploy");
}

TEST_F(WriteRoutesTest, NewObjectsAreSentToTheRepository) {
  const std::string body =
      R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"more"},"data":{"a":"b"}})";
  const std::string maps = "/api/v1/namespaces/default/configmaps";
  const std::string said =
      "configmaps \"more\" is forbidden: objects come from Git: commit its manifest to "
      "/repository (main), folder deploy";
  EXPECT_EQ(Message(Ask("POST", maps, body)), said);
  EXPECT_EQ(Message(Ask("PATCH", maps + "/more", body, "application/apply-patch+yaml")), said);
  EXPECT_EQ(Message(Ask("POST", "/api/v1/namespaces/default/events",
                        R"({"apiVersion":"v1","kind":"Event","metadata":{"name":"e"}})")),
            "events \"e\" is forbidden: the controller makes these, and nobody else");
  EXPECT_EQ(Ask("PATCH", maps + "/more", "{}", kMerge).code, 404);
  EXPECT_EQ(Ask("POST", maps, R"({"apiVersion":"v1","kind":"Pod"})").code, 400);
}

TEST_F(WriteRoutesTest, ACordonIsAnOperation) {
  const std::string node = "/api/v1/nodes/host-1";
  const std::string cordon = R"({"spec":{"unschedulable":true}})";
  EXPECT_TRUE(Json(Dry("PATCH", node, cordon, kStrategic)).Find("spec")->GetBool("unschedulable"));
  const Value shown = Json(Ask("PATCH", node, cordon, kStrategic));
  EXPECT_TRUE(shown.Find("spec")->GetBool("unschedulable"));
  auto now = controller_->State()->Find<Node>("", "host-1");
  ASSERT_TRUE(now->status.cordon);
  EXPECT_FALSE(now->spec.unschedulable) << "which is what Git says";
  EXPECT_EQ(now->status.cordon->by, "ada");
  EXPECT_EQ(now->status.cordon->reason, "kubectl-test");
  EXPECT_EQ(Ask("PATCH", node, cordon, kStrategic).code, 200) << "it is cordoned already";
  EXPECT_EQ(Ask("PATCH", node, R"({"spec":{"unschedulable":null}})", kStrategic).code, 200);
  EXPECT_FALSE(controller_->State()->Find<Node>("", "host-1")->status.cordon);
}

TEST_F(WriteRoutesTest, ANodeThatGitKeepsUnschedulableStaysSo) {
  auto node = std::make_shared<Node>(*controller_->State()->Find<Node>("", "host-1"));
  node->spec.unschedulable = true;
  node->metadata.origin = {"main", "nodes.yaml", 7};
  Put(node);
  const ApiResponse answer =
      Ask("PATCH", "/api/v1/nodes/host-1", R"({"spec":{"unschedulable":null}})", kStrategic);
  EXPECT_EQ(answer.code, 403);
  EXPECT_EQ(Message(answer),
            "nodes \"host-1\" is forbidden: node host-1 stays unschedulable: nodes.yaml:7 says so; "
            "take it out there");
}

TEST_F(WriteRoutesTest, ANodeIsDryRunAsItWasRead) {
  const auto host = controller_->State()->Find<Node>("", "host-1");
  ASSERT_NE(host, nullptr);
  auto node = std::make_shared<Node>(*host);
  node->spec.pod_cidr = "10.42.1.0/24";
  node->metadata.origin = {"main", "nodes.yaml", 7};
  Put(node);
  const ApiResponse answer = Dry("PATCH", "/api/v1/nodes/host-1",
                                 R"({"metadata":{"labels":{"disk":"fast"}}})", kStrategic);
  EXPECT_EQ(answer.code, 200) << answer.body;
}

std::string RestartPatch(const std::string& mark) {
  return R"({"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":")" +
         mark + R"("}}}}})";
}

TEST_F(WriteRoutesTest, ARestartIsAnOperationThatLaterCommitsKeep) {
  const int64_t generation = Web()->metadata.generation;
  EXPECT_EQ(Dry("PATCH", kWeb, RestartPatch("2026-11-21T01:00:00Z"), kStrategic).code, 200);
  EXPECT_EQ(Ask("PATCH", kWeb, RestartPatch("2026-11-21T01:00:00Z"), kStrategic).code, 200);
  ASSERT_TRUE(Web()->status.restart);
  EXPECT_EQ(Web()->status.restart->by, "ada");
  EXPECT_EQ(Web()->metadata.generation, generation + 1);
  EXPECT_EQ(Web()->status.observed_generation, generation + 1);
  const std::string mark = Web()->spec.pod_template.metadata.annotations.at(kRestartedAt);
  EXPECT_EQ(mark, FormatRfc3339(*Web()->status.restart->at));
  std::string text = kWebText;
  text.replace(text.find("replicas: 2"), 11, "replicas: 3");
  Commit("c2", text);
  time_.RunFor(120'000);
  EXPECT_EQ(Web()->spec.replicas, 3);
  EXPECT_EQ(Web()->spec.pod_template.metadata.annotations.at(kRestartedAt), mark);
  EXPECT_TRUE(Web()->status.restart);
  Commit("c3", text);
  time_.RunFor(120'000);
  EXPECT_EQ(Web()->metadata.generation, generation + 2) << "nothing else was changed";
  EXPECT_EQ(Ask("PATCH", kWeb, RestartPatch(""), kStrategic).code, 403) << "that is no restart";
  EXPECT_EQ(Ask("PATCH", kWeb, RestartPatch("2026-11-22T01:00:00Z"), kStrategic).code, 200);
  EXPECT_NE(Web()->spec.pod_template.metadata.annotations.at(kRestartedAt), mark);
  EXPECT_EQ(Ask("PATCH", kWeb, RestartPatch(mark), kStrategic).code, 403)
      << "`kubectl rollout undo` goes back to the pods of the first restart";
}

TEST_F(WriteRoutesTest, WhatHasNoPodsIsNotRestarted) {
  auto set = std::make_shared<StatefulSet>();
  set->metadata.name = "db";
  set->metadata.namespace_name = "default";
  set->metadata.origin = {"main", "deploy/db.yaml", 1};
  Put(set);
  const ApiResponse answer = Ask("PATCH", "/apis/apps/v1/namespaces/default/statefulsets/db",
                                 RestartPatch("2026-11-21T01:00:00Z"), kStrategic);
  EXPECT_EQ(answer.code, 403);
  EXPECT_EQ(Message(answer),
            "statefulsets.apps \"db\" is forbidden: there is nothing to restart: no pods are made "
            "for it yet");
}

TEST_F(WriteRoutesTest, TheCommandLineRestartsToo) {
  ApiRequest request;
  request.method = "POST";
  request.path = "/apis/reconcile.dev/v1/restart";
  request.query = {{"namespace", "default"}, {"deployment", "web"}, {"reason", "it leaks"}};
  EXPECT_EQ(HandleApi(controller_.get(), &reads_, request, loop_.now()).code, 200);
  EXPECT_EQ(Web()->status.restart->reason, "it leaks");
  request.query["deployment"] = "none";
  EXPECT_EQ(HandleApi(controller_.get(), &reads_, request, loop_.now()).code, 404);
}

TEST_F(WriteRoutesTest, ADeletedPodIsMadeAnew) {
  const auto pod = Pods().at(0);
  Run(*pod);
  const std::string path = PathOf(*pod);
  EXPECT_EQ(Message(Ask("DELETE", path, R"({"preconditions":{"uid":"other"}})")),
            "Operation cannot be fulfilled on pods \"" + pod->metadata.name +
                "\": the UID in the precondition (other) does not match the UID in record (" +
                pod->metadata.uid + ")");
  EXPECT_EQ(Dry("DELETE", path, "").code, 200);
  const Value shown = Json(Ask("DELETE", path, R"({"gracePeriodSeconds":5})"));
  EXPECT_EQ(shown.GetString("kind"), "Pod");
  EXPECT_EQ(shown.Find("metadata")->GetInt("deletionGracePeriodSeconds"), 5);
  EXPECT_EQ(Pods().size(), 3U) << "one that goes, and one in its place";
  const auto until = *controller_->State()->Find(pod->key())->metadata.deletion_timestamp;
  EXPECT_EQ(Ask("DELETE", path, R"({"gracePeriodSeconds":60})").code, 200);
  EXPECT_EQ(*controller_->State()->Find(pod->key())->metadata.deletion_timestamp, until);
  EXPECT_EQ(Ask("DELETE", path, R"({"gracePeriodSeconds":0})").code, 200);
  EXPECT_LT(*controller_->State()->Find(pod->key())->metadata.deletion_timestamp, until)
      << "a shorter grace period counts";
  EXPECT_EQ(Ask("DELETE", "/api/v1/namespaces/default/pods/none").code, 404);
  EXPECT_EQ(Ask("DELETE", path, R"({"gracePeriodSeconds":"x"})").code, 400);
}

TEST_F(WriteRoutesTest, AnEvictionAsksTheBudget) {
  const auto pods = Pods();
  ASSERT_EQ(pods.size(), 2U);
  for (const auto& pod : pods) Run(*pod);
  Settle();
  const std::string path = PathOf(*pods[0]) + "/eviction";
  const std::string body = R"({"kind":"Eviction","apiVersion":"policy/v1","metadata":{"name":")" +
                           pods[0]->metadata.name + R"(","namespace":"default"}})";
  const ApiResponse held = Ask("POST", path, body);
  EXPECT_EQ(held.code, 429);
  EXPECT_EQ(held.retry_after_s, 0) << "the client asks again, not its library";
  EXPECT_EQ(Message(held),
            "Cannot evict pod as it would violate the pod's disruption budget: it would violate "
            "PodDisruptionBudget web, which needs 2 ready pods and has 2");
  EXPECT_EQ(Json(held).Find("details")->GetList("causes").at(0).GetString("reason"),
            "DisruptionBudget");
  EXPECT_EQ(Ask("POST", path, R"({"kind":"Eviction","metadata":{"name":"other"}})").code, 400);
  std::string text = kWebText;
  text.replace(text.find("minAvailable: 2"), 15, "minAvailable: 1");
  Commit("c2", text);
  time_.RunFor(120'000);
  EXPECT_EQ(Dry("POST", path, body).code, 201);
  EXPECT_EQ(Ask("POST", path, body).code, 201);
  EXPECT_TRUE(controller_->State()->Find(pods[0]->key())->metadata.deletion_timestamp);
}

TEST_F(WriteRoutesTest, ManyPodsGoBySelector) {
  for (const auto& pod : Pods()) Run(*pod);
  ApiRequest request;
  request.method = "DELETE";
  request.path = "/api/v1/namespaces/default/pods";
  request.query = {{"labelSelector", "app=none"}};
  ApiResponse answer = HandleApi(controller_.get(), &reads_, request, loop_.now());
  EXPECT_TRUE(Json(answer).GetList("items").empty());
  request.query["labelSelector"] = "app=web";
  answer = HandleApi(controller_.get(), &reads_, request, loop_.now());
  EXPECT_EQ(Json(answer).GetList("items").size(), 2U);
  for (const auto& pod : Pods()) EXPECT_TRUE(pod->metadata.deletion_timestamp);
  EXPECT_EQ(Ask("DELETE", "/apis/apps/v1/namespaces/default/deployments").code, 403);
}

TEST_F(WriteRoutesTest, ADryRunSaysWhatTheObjectWouldBe) {
  const Value scaled = Json(Dry("PATCH", kWeb, R"({"spec":{"replicas":5}})", kStrategic));
  EXPECT_EQ(scaled.Find("spec")->GetInt("replicas"), 5);
  EXPECT_EQ(scaled.Find("metadata")->GetInt("generation"), Web()->metadata.generation + 1);
  EXPECT_EQ(scaled.Find("metadata")->GetString("uid"), Web()->metadata.uid);
  const Value applied =
      Json(Dry("PATCH", kWeb,
               "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: "
               "{matchLabels: {app: web}}\n  template: {metadata: {labels: {app: web}}, spec: "
               "{containers: [{name: app, image: 'test/app:2'}]}}\n",
               "application/apply-patch+yaml"));
  EXPECT_EQ(applied.Find("spec")->GetInt("replicas"), 1) << "by default: an apply is whole";
  const ApiResponse made = Dry(
      "POST", "/api/v1/namespaces/default/services",
      R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"ports":[{"port":80}]}})");
  EXPECT_EQ(made.code, 201);
  EXPECT_EQ(Json(made).Find("spec")->GetString("type"), "ClusterIP");
  EXPECT_EQ(Dry("DELETE", kWeb, "").code, 200);
  EXPECT_EQ(Json(Dry("PATCH", std::string(kWeb) + "/scale", R"({"spec":{"replicas":5}})", kMerge))
                .Find("spec")
                ->GetInt("replicas"),
            5);
}

// A namespace of the same source as what is in it.
TEST_F(WriteRoutesTest, ADryRunFindsTheNamespaceThatGitDeclares) {
  Commit("c2", std::string(kWebText) +
                   "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\napiVersion: "
                   "v1\nkind: ConfigMap\nmetadata: {name: words, namespace: shop}\ndata: {a: b}\n");
  time_.RunFor(120'000);
  const std::string maps = "/api/v1/namespaces/shop/configmaps";
  const ApiResponse changed = Dry("PATCH", maps + "/words", R"({"data":{"a":"c"}})", kMerge);
  EXPECT_EQ(changed.code, 200) << changed.body;
  constexpr const char* kMap = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}})";
  EXPECT_EQ(Dry("POST", maps, kMap).code, 201);
  const ApiResponse nowhere = Dry("POST", "/api/v1/namespaces/nowhere/configmaps", kMap);
  EXPECT_EQ(nowhere.code, 422);
  const Value said = Json(nowhere);
  EXPECT_EQ(said.Find("details")->GetList("causes").at(0).GetString("field"), "metadata.namespace");
}

TEST_F(WriteRoutesTest, ADryRunSaysWhatIsWrongByField) {
  const ApiResponse answer =
      Dry("PATCH", kWeb, R"({"spec":{"replicas":-1,"colour":"red"}})", kMerge);
  EXPECT_EQ(answer.code, 422);
  const Value said = Json(answer);
  EXPECT_EQ(said.GetString("reason"), "Invalid");
  const Value::List& causes = said.Find("details")->GetList("causes");
  ASSERT_EQ(causes.size(), 2U) << answer.body;
  EXPECT_EQ(causes[0].GetString("field"), "spec");
  EXPECT_NE(causes[0].GetString("message").find("colour"), std::string::npos);
  EXPECT_EQ(causes[1].GetString("field"), "spec.replicas");
  EXPECT_TRUE(said.GetString("message").starts_with("Deployment.apps \"web\" is invalid: [spec: "));
  const ApiResponse frozen = Dry(
      "PATCH", kWeb,
      R"({"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}}}}})",
      kMerge);
  EXPECT_EQ(frozen.code, 422);
  EXPECT_EQ(Json(frozen).Find("details")->GetList("causes").at(0).GetString("field"),
            "spec.selector.matchLabels[app]");
  EXPECT_EQ(Dry("PATCH", kWeb, R"({"metadata":{"resourceVersion":"1"}})", kMerge).code, 409);
  EXPECT_EQ(Dry("PATCH", kWeb, R"({"metadata":{"name":"x"}})", kMerge).code, 400);
  EXPECT_EQ(Dry("PATCH", kWeb, "{", kMerge).code, 400);
  EXPECT_EQ(Dry("PATCH", kWeb, R"([{"op":"remove","path":"/spec/colour"}])",
                "application/json-patch+json")
                .code,
            422);
}

// Readers get of a Service more than is kept (api/user_view.h).
TEST_F(WriteRoutesTest, AServicePutAsItWasReadIsNoChange) {
  constexpr const char* kService = "/api/v1/namespaces/default/services/web";
  Commit("c2",
         std::string(kWebText) +
             "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: "
             "80}]}\n");
  time_.RunFor(120'000);
  const std::string read = Ask("GET", kService).body;
  ASSERT_NE(read.find("\"ipFamilyPolicy\""), std::string::npos) << read;
  const ApiResponse put = Ask("PUT", kService, read);
  EXPECT_EQ(put.code, 200) << put.body;
  EXPECT_EQ(put.body, read);
  EXPECT_EQ(Ask("PATCH", kService, R"([{"op":"test","path":"/spec/ipFamilies/0","value":"IPv4"}])",
                "application/json-patch+json")
                .code,
            200)
      << "a patch is of what was read";
  EXPECT_EQ(Ask("PATCH", kService, R"({"spec":{"type":"NodePort"}})", kMerge).code, 403);
  const Value would = Json(Dry("PATCH", kService, R"({"spec":{"type":"NodePort"}})", kMerge));
  EXPECT_EQ(would.Find("spec")->GetString("type"), "NodePort") << WriteJson(would);
}

TEST_F(WriteRoutesTest, AScaleIsShown) {
  const Value scale = Json(Ask("GET", std::string(kWeb) + "/scale"));
  EXPECT_EQ(scale.GetString("kind"), "Scale");
  EXPECT_EQ(scale.Find("spec")->GetInt("replicas"), 2);
  EXPECT_EQ(scale.Find("status")->GetString("selector"), "app=web");
  EXPECT_EQ(Ask("GET", std::string(kWeb) + "/size").code, 404);
  EXPECT_EQ(Ask("PATCH", std::string(kWeb) + "/status", "{}", kMerge).code, 404);
}

TEST(GitRefusals, NameEachRepositoryThatMayDeclareTheObject) {
  ClusterState state;
  for (const auto& [name, space] :
       {std::pair("a", "shop"), std::pair("b", "other"), std::pair("c", "")}) {
    auto source = std::make_shared<Source>();
    source->metadata.name = name;
    source->spec.repository = std::string("https://git.example/") + name;
    if (*space != '\0') source->spec.namespaces = {space};
    state.Put(source);
  }
  EXPECT_EQ(CreatedInGit({Kind::kConfigMap, "shop", "x"}, state).message,
            "configmaps \"x\" is forbidden: objects come from Git: commit its manifest to "
            "https://git.example/a; or to https://git.example/c");
  auto map = std::make_shared<ConfigMap>();
  map->metadata.name = "x";
  map->metadata.namespace_name = "shop";
  map->metadata.origin = {"a", "../base/x.yaml", 3};
  auto source = std::make_shared<Source>(*state.Find<Source>("", "a"));
  source->spec.path = "deploy/prod";
  state.Put(source);
  EXPECT_EQ(ChangedInGit(*map, state).message,
            "configmaps \"x\" is forbidden: Git declares it: change deploy/base/x.yaml, line 3, in "
            "https://git.example/a, and commit");
}

}  // namespace
}  // namespace reconcile
