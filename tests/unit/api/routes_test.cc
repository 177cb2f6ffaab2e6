#include "api/routes.h"

#include "api/log_query.h"
#include "schema/manifests.h"
#include "schema/text.h"
#include "sim/virtual_loop.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

class RoutesTest : public testing::Test {
 protected:
  RoutesTest() {
    ControllerOptions options;
    options.sources = {{"main", {"/repository", "", ""}}};
    controller_ =
        std::make_unique<Controller>(options, &loop_, &random_, &store_, &source_, &link_);
    source_.SetFiles(
        "c1", {{"config.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: words}\ndata: {a: b}\n"}});
    CHECK(controller_->Start().ok());
    time_.RunFor(10);
  }
  ApiResponse Ask(const std::string& method, const std::string& path,
                  const std::map<std::string, std::string>& query = {},
                  const std::string& body = "") {
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.body = body;
    return HandleApi(controller_.get(), &reads_, request, loop_.now());
  }
  Value Json(const ApiResponse& response) {
    const Result<Value> value = ParseJson(response.body);
    CHECK(value.ok());
    return *value;
  }

  static std::string PlanBody(const std::string& content_base64) {
    return R"({"commit": "worktree", "files": [{"path": "a.yaml", "blobId": "x", )"
           R"("contentBase64": ")" +
           content_base64 + "\"}]}";
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  InstantSource source_;
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  ResourceReads reads_{&store_, &loop_};
};

TEST_F(RoutesTest, ListsAndGetsObjectsOnKubernetesPaths) {
  const Value list = Json(Ask("GET", "/api/v1/namespaces/default/configmaps"));
  EXPECT_EQ(list.GetString("kind"), "ConfigMapList");
  ASSERT_EQ(list.GetList("items").size(), 1U);
  const Value object = Json(Ask("GET", "/api/v1/namespaces/default/configmaps/words"));
  EXPECT_EQ(object.GetString("kind"), "ConfigMap");
  EXPECT_EQ(object.Find("data")->GetString("a"), "b");
  EXPECT_EQ(Json(Ask("GET", "/api/v1/namespaces/default")).GetString("kind"), "Namespace");
}

TEST_F(RoutesTest, EndpointsAreThoseOfTheSlices) {
  source_.SetFiles("c2", {{"service.yaml",
                           "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: "
                           "[{port: 80}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: "
                           "own}\nsubsets: [{addresses: [{ip: 192.0.2.7}]}]\n"}});
  time_.RunFor(120'000);
  const Value list = Json(Ask("GET", "/api/v1/namespaces/default/endpoints"));
  ASSERT_EQ(list.GetList("items").size(), 2U);
  const Value derived = Json(Ask("GET", "/api/v1/namespaces/default/endpoints/web"));
  EXPECT_EQ(derived.GetString("kind"), "Endpoints");
  const Value own = Json(Ask("GET", "/api/v1/namespaces/default/endpoints/own"));
  EXPECT_EQ(own.GetList("subsets").size(), 1U);
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/endpoints/none").code, 404);
}

TEST_F(RoutesTest, GivesATableWhenAskedForOne) {
  ApiRequest request;
  request.method = "GET";
  request.path = "/api/v1/configmaps";
  request.accept = "application/json;as=Table;v=v1;g=meta.k8s.io";
  const Value table = Json(HandleApi(controller_.get(), &reads_, request, loop_.now()));
  EXPECT_EQ(table.GetString("kind"), "Table");
  ASSERT_EQ(table.GetList("rows").size(), 1U);
}

TEST_F(RoutesTest, TellsWhatBecameOfTheLastCommits) {
  const Value history = Json(Ask("GET", "/apis/reconcile.dev/v1/history"));
  ASSERT_EQ(history.GetList("items").size(), 1U);
  const Value item = history.GetList("items")[0];
  EXPECT_EQ(item.GetString("revision"), "c1");
  EXPECT_EQ(item.GetString("source"), "main");
  EXPECT_EQ(item.GetString("result"), "Applied");
  EXPECT_TRUE(item.GetBool("inForce"));
  const Value* timing = item.Find("timing");
  ASSERT_NE(timing, nullptr);
  EXPECT_TRUE(timing->GetBool("ended"));
  EXPECT_EQ(timing->GetInt("pods"), 0);
  ASSERT_EQ(timing->GetList("stages").size(), 5U);
  EXPECT_EQ(timing->GetList("stages")[4].GetString("name"), "stored");
  EXPECT_EQ(Ask("GET", "/apis/reconcile.dev/v1/history", {{"source", "none"}}).code, 404);
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/history").code, 404);
}

TEST_F(RoutesTest, AnswersWhatIsNotThereWithAStatusObject) {
  const ApiResponse missing = Ask("GET", "/api/v1/namespaces/default/pods/none");
  EXPECT_EQ(missing.code, 404);
  EXPECT_EQ(Json(missing).GetString("kind"), "Status");
  const ApiResponse nonsense = Ask("GET", "/nonsense");
  EXPECT_EQ(nonsense.code, 404);
  EXPECT_NE(nonsense.body.find(R"("details":{})"), std::string::npos)
      << "kubectl debug reads them without a look whether they are there";
  EXPECT_EQ(Ask("GET", "/apis/reconcile.dev/v1/nonsense").code, 404);
}

TEST_F(RoutesTest, RefusesWritesToWhatGitDeclares) {
  EXPECT_EQ(Ask("POST", "/api/v1/namespaces/default/configmaps").code, 403);
}

// `kubectl autoscale` writes autoscaling/v1, and v2 is served.
TEST_F(RoutesTest, RefusesToCreateWhatGitOwnsInAnyVersion) {
  const ApiResponse answer =
      Ask("POST", "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers", {},
          R"({"kind": "HorizontalPodAutoscaler", "metadata": {"name": "web"}})");
  EXPECT_EQ(answer.code, 403);
  EXPECT_EQ(
      Json(answer).GetString("message"),
      "horizontalpodautoscalers.autoscaling \"web\" is forbidden: objects come from Git: commit "
      "its manifest to /repository");
  EXPECT_EQ(Ask("GET", "/apis/autoscaling/v1/horizontalpodautoscalers").code, 404);
  EXPECT_EQ(Ask("POST", "/apis/autoscaling/v1/namespaces/default/nonsense").code, 404);
}

TEST_F(RoutesTest, TellsStatusWithWhatIsNotConverged) {
  const Value status = Json(Ask("GET", "/apis/reconcile.dev/v1/status"));
  ASSERT_EQ(status.GetList("sources").size(), 1U);
  EXPECT_TRUE(status.GetList("unconverged").empty());
  EXPECT_TRUE(status.GetBool("settled"));
  EXPECT_TRUE(status.GetList("underWay").empty());
}

TEST_F(RoutesTest, WhoFollowsTheStatusIsToldTheCommitInForceAlone) {
  source_.SetFiles("c2", {{"a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"}});
  time_.RunFor(120'000);
  const auto commits = [](const Value& status) {
    std::string words;
    const Value source = status.GetList("sources")[0];
    const Value* const told = source.Find("status");
    for (const Value& entry : told->GetList("history")) {
      words += entry.GetString("commit") + ";";
    }
    return words;
  };
  EXPECT_EQ(commits(Json(Ask("GET", "/apis/reconcile.dev/v1/status"))), "c2;c1;");
  const auto followed = ParseJson(WriteClusterStatus(*controller_, StatusFor::kFollowed));
  ASSERT_TRUE(followed.ok());
  EXPECT_EQ(commits(*followed), "c2;");
  EXPECT_EQ(followed->GetList("sources")[0].Find("status")->GetString("appliedCommit"), "c2");
}

TEST_F(RoutesTest, IsNotSettledWhileTheStoreRefuses) {
  store_.set_unavailable(true);
  source_.SetFiles("c2", {});
  time_.RunFor(10);
  const Value status = Json(Ask("GET", "/apis/reconcile.dev/v1/status"));
  EXPECT_FALSE(status.GetBool("settled"));
  ASSERT_EQ(status.GetList("underWay").size(), 1U);
  EXPECT_TRUE(status.GetList("underWay")[0].AsString().starts_with("waiting for the store"));
  ASSERT_FALSE(status.GetList("unconverged").empty());
  EXPECT_TRUE(status.GetList("unconverged")[0].AsString().starts_with(
      "controller: its store refuses to write"));
}

TEST_F(RoutesTest, PlansWithTheTrailersOfTheCommit) {
  const auto held = [this](const std::string& confirmations) {
    const std::string body =
        R"({"commit": "c2", "files": [], "confirmations": [)" + confirmations + "]}";
    const Value answer = Json(Ask("POST", "/apis/reconcile.dev/v1/plan", {}, body));
    const Value* found = answer.Find("plan")->Find("held");
    return found == nullptr ? "" : found->GetString("planHash");
  };
  const std::string hash = held("");
  ASSERT_NE(hash, "");
  EXPECT_EQ(held("7, \"prune=000000000000\""), hash);
  EXPECT_EQ(held("\"prune=" + hash + "\""), "");
}

TEST_F(RoutesTest, PlansWhatIsPosted) {
  const Value answer = Json(
      Ask("POST", "/apis/reconcile.dev/v1/plan", {},
          PlanBody(EncodeBase64("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n"))));
  ASSERT_NE(answer.Find("plan"), nullptr);
  EXPECT_EQ(answer.Find("plan")->Find("summary")->GetInt("create"), 1);
  EXPECT_FALSE(answer.GetBool("noChange"));
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/plan", {}, "nonsense").code, 400);
}

// A Secret whose value somebody guesses, with a Deployment that would restart by another one.
std::string GuessText(const std::string& value) {
  return "apiVersion: v1\nkind: Secret\nmetadata: {name: key, labels: {guess: " + value +
         "}}\nstringData: {password: " + value +
         "}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations: "
         "{reconcile.dev/restart-on-change: 'true'}\nspec:\n  selector: {matchLabels: {app: web}}\n"
         "  template:\n    metadata: {labels: {app: web}}\n    spec:\n      containers:\n"
         "      - {name: main, image: 'app:1', envFrom: [{secretRef: {name: key}}]}\n";
}

TEST_F(RoutesTest, APlanTellsNobodyWhoMayNotReadSecretsWhetherAGuessIsRight) {
  source_.SetFiles("c2", {{"a.yaml", GuessText("right")}});
  time_.RunFor(120'000);
  const auto plan = [this](const std::string& role, const std::string& guess) {
    ApiRequest request;
    request.method = "POST";
    request.path = "/apis/reconcile.dev/v1/plan";
    request.query = {{"manifests", "true"}};
    request.body = PlanBody(EncodeBase64(GuessText(guess)));
    if (!role.empty()) request.user = ApiUser{"ada", {"reconcile:" + role}};
    return HandleApi(controller_.get(), &reads_, request, loop_.now()).body;
  };
  EXPECT_EQ(plan("operate", "right"), plan("operate", "wrong"));
  EXPECT_NE(plan("operate", "wrong").find("whoever may not read Secrets is not told"),
            std::string::npos)
      << plan("operate", "wrong");
  for (const char* role : {"", "admin"}) {
    EXPECT_NE(plan(role, "right"), plan(role, "wrong")) << role;
    EXPECT_NE(plan(role, "wrong").find("*** (after)"), std::string::npos) << role;
  }
}

TEST_F(RoutesTest, WhoMayNotReadSecretsLearnsOfNoFileByItsIdWhatIsInIt) {
  source_.SetFiles("c2", {{"a.yaml", GuessText("right")}});
  time_.RunFor(120'000);
  ApiRequest request;
  request.method = "POST";
  request.path = "/apis/reconcile.dev/v1/plan";
  request.body = R"({"files": [{"path": "a.yaml", "blobId": "c2a.yaml"}]})";
  const auto ask = [&] { return HandleApi(controller_.get(), &reads_, request, loop_.now()).body; };
  EXPECT_NE(Json(Ask("POST", request.path, {}, request.body)).Find("plan"), nullptr);
  request.user = ApiUser{"ada", {"reconcile:operate"}};
  EXPECT_EQ(ask(), R"({"need":["c2a.yaml"]})");
}

TEST_F(RoutesTest, PlansAnOverlayWhoseBaseIsReachedThroughALink) {
  const auto file = [](const std::string& path, const std::string& text, bool link = false) {
    return R"({"path": ")" + path + R"(", "blobId": "x", "contentBase64": ")" + EncodeBase64(text) +
           (link ? R"(", "symbolicLink": true})" : "\"}");
  };
  const std::string body =
      R"({"commit": "worktree", "files": [)" +
      file("kustomization.yaml", "namePrefix: prod-\nresources: [base]\n") + ", " +
      file("base", "../../base", true) + ", " +
      file("../../base/kustomization.yaml", "resources: [a.yaml]\n") + ", " +
      file("../../base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n") + "]}";
  const Value answer = Json(Ask("POST", "/apis/reconcile.dev/v1/plan", {}, body));
  ASSERT_NE(answer.Find("plan"), nullptr);
  EXPECT_TRUE(answer.Find("plan")->GetList("errors").empty()) << answer.GetString("text");
  EXPECT_NE(WriteJson(answer).find(R"("name":"prod-more","change":"created")"), std::string::npos)
      << answer.GetString("text");
}

TEST_F(RoutesTest, PlansBytesThatAreNotUtf8ToTheErrorThatTheCommitWillHave) {
  const std::string bytes = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m\xff}\n";
  const Value answer =
      Json(Ask("POST", "/apis/reconcile.dev/v1/plan", {}, PlanBody(EncodeBase64(bytes))));
  const ParsedManifests commit =
      ParseManifests({{"a.yaml", "x", std::make_shared<const std::string>(bytes)}});
  ASSERT_EQ(commit.problems.errors.size(), 1U);
  const Value::List& errors = answer.Find("plan")->GetList("errors");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].GetString("message"), commit.problems.errors[0].message);
  EXPECT_EQ(errors[0].GetInt("line"), commit.problems.errors[0].line);
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/plan", {}, PlanBody("?")).code, 400);
}

TEST_F(RoutesTest, ConfirmsAndSyncsWithClearErrors) {
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/confirm", {{"plan", "x"}}).code, 404);
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/sync", {{"source", "other"}}).code, 404);
  EXPECT_EQ(Ask("POST", "/apis/reconcile.dev/v1/sync").code, 200);
}

TEST_F(RoutesTest, CountsARevokedNodeAsNoHostAndRemovesIt) {
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  const std::string remove = "/apis/reconcile.dev/v1/remove-node";
  ASSERT_TRUE(store_.Commit({{{node->key(), node}}}, store_.Snapshot()->revision()).ok());
  EXPECT_EQ(Json(Ask("GET", "/apis/reconcile.dev/v1/status")).GetInt("nodes"), 1);
  EXPECT_EQ(Ask("POST", remove, {{"node", "host-1"}}).code, 409);
  auto revoked = std::make_shared<Node>(*node);
  revoked->status.conditions = {
      {.type = "Ready", .status = ConditionStatus::kFalse, .reason = std::string(kNodeRevoked)}};
  ASSERT_TRUE(store_.Commit({{{node->key(), revoked}}}, store_.Snapshot()->revision()).ok());
  EXPECT_EQ(Json(Ask("GET", "/apis/reconcile.dev/v1/status")).GetInt("nodes"), 0);
  EXPECT_EQ(Ask("POST", remove, {{"node", "host-1"}}).code, 200);
  EXPECT_EQ(Ask("POST", remove, {{"node", "host-1"}}).code, 404);
}

TEST_F(RoutesTest, ALogOfAPodOnNoHostIsNotFound) {
  source_.SetFiles("c2", {{"pod.yaml",
                           "apiVersion: v1\nkind: Pod\nmetadata: {name: lonely}\n"
                           "spec: {containers: [{name: app, image: 'a:1'}]}\n"}});
  time_.RunFor(10);
  const ApiResponse response = Ask("GET", "/api/v1/namespaces/default/pods/lonely/log");
  ASSERT_TRUE(response.stream) << response.body;
  std::optional<Status> end;
  response.stream({[](std::string_view) {}, [&](Status status) { end = std::move(status); }});
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(end->code(), StatusCode::kNotFound);
  EXPECT_NE(end->message().find("is on no host yet"), std::string::npos);
}

TEST_F(RoutesTest, RefusesALogOfAPodThatIsNotThereOrABadTail) {
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/pods/none/log").code, 404);
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/pods/none/log", {{"tailLines", "x"}}).code, 400);
  EXPECT_EQ(Ask("GET", "/api/v1/namespaces/default/pods/none/log", {{"sinceTime", "x"}}).code, 400);
}

TEST(LogQuery, ReadsWhatKubernetesHas) {
  const auto parse = [](const std::map<std::string, std::string>& query) {
    ApiRequest request;
    for (const auto& [name, value] : query) request.query[name] = value;
    return ParseLogQuery(request);
  };
  const Result<LogRequest> all = parse(
      {{"container", "web"}, {"follow", "true"}, {"sinceSeconds", "60"}, {"limitBytes", "9"}});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->container, "web");
  EXPECT_EQ(all->since_seconds, 60);
  EXPECT_EQ(all->limit_bytes, 9);
  EXPECT_EQ(all->tail_lines, -1);
  EXPECT_EQ(parse({{"tailLines", "99999999"}})->tail_lines, 1'000'000);
  EXPECT_EQ(parse({{"sinceTime", "2026-01-02T03:04:05Z"}})->since_time->ms, 1'767'323'045'000);
  EXPECT_FALSE(parse({{"sinceTime", "2026-01-02T03:04:05Z"}, {"sinceSeconds", "1"}}).ok());
  EXPECT_FALSE(parse({{"limitBytes", "0"}}).ok());
  EXPECT_FALSE(parse({{"sinceSeconds", "-1"}}).ok());
  EXPECT_FALSE(parse({{"tailLines", "1234567890123456"}}).ok());
}

}  // namespace
}  // namespace reconcile
