#include "api/metrics_routes.h"

#include "api/list_stream.h"
#include "api/routes.h"
#include "api/usage_view.h"
#include "tests/unit/controller/controller_fixture.h"

namespace reconcile {
namespace {

constexpr int64_t kMebibyte = 1 << 20;
constexpr char kTable[] = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
using Query = std::map<std::string, std::string>;

// A host that runs two pods of one controller and tells what they use.
class MetricsRoutesTest : public ControllerTest {
 protected:
  MetricsRoutesTest() {
    source_.SetFiles("c1", {{"web.yaml", ControllerOf(2)}});
    Start();
    Connect();
    RunWhatIsAssigned();
    reads_.ShowHeartbeats([this] { return controller_->LastHeartbeats(); });
  }
  void Tell() {
    UsageReport usage{++number_, 10'000, {1'234'500, 900 * kMebibyte}, {10, 20}, {}};
    int64_t cpu_micros = 5'000;
    for (const auto& pod : link_.sent["host-1"].back().pods) {
      usage.pods.push_back(
          {pod->metadata.uid, NetworkUse{100, 200}, {{"main", {cpu_micros, 50 * kMebibyte}}}});
      cpu_micros += 695'100;
    }
    std::sort(usage.pods.begin(), usage.pods.end(),
              [](const PodUsage& a, const PodUsage& b) { return a.uid < b.uid; });
    Report report = WhatRuns("host-1");
    report.usage = std::make_shared<const UsageReport>(std::move(usage));
    Say(report);
  }
  ApiResponse Ask(const std::string& path, const Query& query = {}, const std::string& accept = "",
                  const std::string& method = "GET") {
    ApiRequest request;
    request.method = method;
    request.path = path;
    request.query = query;
    request.accept = accept;
    return HandleApi(controller_.get(), &reads_, request, loop_.now());
  }
  Value Json(const std::string& path, const Query& query = {}, const std::string& accept = "") {
    const Result<Value> value = ParseJson(Ask(path, query, accept).body);
    CHECK(value.ok());
    return *value;
  }
  size_t Count(const std::string& path, const Query& query = {}) {
    return Json(path, query).GetList("items").size();
  }

  const std::string folder_ = "/apis/metrics.k8s.io/v1beta1";
  int64_t number_ = 0;
  ResourceReads reads_{&store_, &loop_};
};

TEST_F(MetricsRoutesTest, ShowsNodesAsKubernetesDoes) {
  EXPECT_EQ(Count(folder_ + "/nodes"), 0U) << "nothing was told";
  Tell();
  const Value list = Json(folder_ + "/nodes");
  EXPECT_EQ(list.GetString("kind"), "NodeMetricsList");
  EXPECT_EQ(list.GetString("apiVersion"), "metrics.k8s.io/v1beta1");
  ASSERT_EQ(list.GetList("items").size(), 1U);
  const Value node = Json(folder_ + "/nodes/host-1");
  EXPECT_EQ(node.GetString("kind"), "NodeMetrics");
  EXPECT_EQ(node.Find("metadata")->GetString("name"), "host-1");
  EXPECT_EQ(node.GetString("window"), "10s");
  EXPECT_EQ(WriteJson(*node.Find("usage")), R"({"cpu":"1234500000n","memory":"921600Ki"})");
}

TEST_F(MetricsRoutesTest, ShowsPodsAndTheirContainers) {
  Tell();
  EXPECT_EQ(Count(folder_ + "/pods"), 2U);
  EXPECT_EQ(Count(folder_ + "/namespaces/default/pods"), 2U);
  EXPECT_EQ(Count(folder_ + "/namespaces/other/pods"), 0U);
  EXPECT_EQ(Count(folder_ + "/pods", {{"labelSelector", "app=web"}}), 2U);
  EXPECT_EQ(Count(folder_ + "/pods", {{"labelSelector", "app!=web"}}), 0U);
  EXPECT_EQ(Ask(folder_ + "/pods", {{"labelSelector", "app in"}}).code, 400);
  const Value list = Json(folder_ + "/pods");
  const std::string name = list.GetList("items")[0].Find("metadata")->GetString("name");
  EXPECT_EQ(Count(folder_ + "/pods", {{"fieldSelector", "metadata.name=" + name}}), 1U);
  const Value pod = Json(folder_ + "/namespaces/default/pods/" + name);
  EXPECT_EQ(pod.GetString("kind"), "PodMetrics");
  EXPECT_EQ(pod.Find("metadata")->Find("labels")->GetString("app"), "web");
  ASSERT_EQ(pod.GetList("containers").size(), 1U);
  EXPECT_EQ(WriteJson(pod.GetList("containers")[0]),
            R"({"name":"main","usage":{"cpu":"5m","memory":"51200Ki"}})");
}

TEST_F(MetricsRoutesTest, IsATableForThoseWhoAskForOne) {
  Tell();
  const Value table = Json(folder_ + "/namespaces/default/pods", {}, kTable);
  EXPECT_EQ(table.GetString("kind"), "Table");
  EXPECT_EQ(table.GetList("columnDefinitions").size(), 4U);
  ASSERT_EQ(table.GetList("rows").size(), 2U);
  const Value& row = table.GetList("rows")[1];
  EXPECT_EQ(row.GetList("cells")[1].AsString(), "700100000n");
  EXPECT_EQ(row.Find("object")->Find("metadata")->GetString("namespace"), "default");
}

TEST_F(MetricsRoutesTest, RefusesWhatThereIsNot) {
  Tell();
  EXPECT_EQ(Ask(folder_ + "/nodes/host-9").code, 404);
  EXPECT_EQ(Ask(folder_ + "/services").code, 404);
  EXPECT_EQ(Ask(folder_ + "/pods/web").code, 404) << "a pod is in a namespace";
  EXPECT_EQ(Ask(folder_ + "/namespaces/default/nodes").code, 404);
  EXPECT_EQ(Ask(folder_ + "/nodes", {{"watch", "true"}}).code, 405);
  EXPECT_EQ(Ask(folder_ + "/nodes", {}, "", "POST").code, 405);
  EXPECT_EQ(Ask(folder_ + "/nodes", {}, "text/html").code, 406);
}

TEST_F(MetricsRoutesTest, AnOldLookIsNotWhatIsUsedNow) {
  Tell();
  time_.RunFor(UsageHistory::kFreshMs + 1);
  EXPECT_EQ(Count(folder_ + "/nodes"), 0U);
  const ApiResponse answer = Ask(folder_ + "/nodes/host-1");
  EXPECT_EQ(answer.code, 404);
  EXPECT_NE(answer.body.find("no fresh look"), std::string::npos) << answer.body;
}

TEST_F(MetricsRoutesTest, TheOwnRouteHasTheCourseToo) {
  Tell();
  const std::string path = "/apis/reconcile.dev/v1/usage";
  const Value now = Json(path);
  ASSERT_EQ(now.GetList("nodes").size(), 1U);
  EXPECT_EQ(now.GetList("nodes")[0].Find("now")->GetInt("cpuMicros"), 1'234'500);
  EXPECT_EQ(now.GetList("nodes")[0].Find("capacity")->GetString("cpu"), "4");
  EXPECT_EQ(now.GetList("nodes")[0].Find("series"), nullptr);
  ASSERT_EQ(now.GetList("pods").size(), 2U);
  EXPECT_EQ(now.GetList("pods")[0].Find("now")->GetInt("sentBytes"), 200);
  const Value course = Json(path, {{"series", "true"}, {"namespace", "default"}});
  EXPECT_TRUE(course.GetList("nodes").empty());
  const Value::List& series = course.GetList("pods").at(1).GetList("series");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].GetInt("stepSeconds"), 15);
  ASSERT_EQ(series[1].GetList("points").size(), 60U);
  EXPECT_EQ(WriteJson(series[1].GetList("points").back()), "[700100,52428800,96,192]");
  EXPECT_TRUE(series[1].GetList("points").front().IsNull());
  EXPECT_EQ(Json(path, {{"node", "host-9"}}).GetList("pods").size(), 0U);
}

TEST_F(MetricsRoutesTest, SeriesOfTooManyPodsAreRefused) {
  Transaction transaction;
  for (size_t i = 0; i <= kMaxUsageSeries; ++i) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.namespace_name = "many";
    pod->metadata.name = "pod-" + std::to_string(i);
    pod->spec.node_name = "host-1";
    transaction.writes.push_back({pod->key(), pod});
  }
  ASSERT_TRUE(store_.Commit(transaction, store_.Snapshot()->revision()).ok());
  const std::string path = "/apis/reconcile.dev/v1/usage";
  EXPECT_EQ(Ask(path).code, 200);
  EXPECT_EQ(Ask(path, {{"series", "true"}}).code, 400);
  EXPECT_EQ(Ask(path, {{"series", "true"}, {"namespace", "default"}}).code, 200);
}

TEST_F(MetricsRoutesTest, NodesTellTheirHeartbeatsAndHaveLeases) {
  time_.RunFor(2'000);
  const WallTime heard{loop_.now().wall.ms};
  Tell();
  time_.RunFor(4'000);
  const std::string stamp = FormatRfc3339(heard);
  const Value node = Json("/api/v1/nodes/host-1");
  const Value::List& conditions = node.Find("status")->GetList("conditions");
  ASSERT_FALSE(conditions.empty());
  for (const Value& condition : conditions) {
    EXPECT_EQ(condition.GetString("lastHeartbeatTime"), stamp);
  }
  const Value nodes = Json("/api/v1/nodes");
  const Value& first = nodes.GetList("items").at(0);
  EXPECT_EQ(first.Find("status")->GetList("conditions")[0].GetString("lastHeartbeatTime"), stamp);
  const Value lease = Json("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/host-1");
  EXPECT_EQ(lease.Find("spec")->GetString("holderIdentity"), "host-1");
  EXPECT_EQ(lease.Find("spec")->GetInt("leaseDurationSeconds"), 15);
  const Result<WallTime> renewed = ParseRfc3339(lease.Find("spec")->GetString("renewTime"));
  ASSERT_TRUE(renewed.ok());
  EXPECT_EQ(renewed->ms, heard.ms);
  EXPECT_EQ(lease.Find("spec")->GetString("renewTime").size(),
            std::string("2026-01-31T12:00:00.000000Z").size());
  EXPECT_EQ(Count("/apis/coordination.k8s.io/v1/leases"), 1U);
  EXPECT_EQ(Count("/apis/coordination.k8s.io/v1/namespaces/default/leases"), 0U);
  EXPECT_EQ(Ask("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/host-9").code, 404);
  EXPECT_EQ(controller_->State()->Objects(Kind::kLease).size(), 0U) << "they are views";
}

// Longer lists are streams; their heartbeats would be missing.
TEST_F(MetricsRoutesTest, ListsOfManyNodesTellTheirHeartbeatsToo) {
  Tell();
  const auto heard = controller_->LastHeartbeats().heard;
  ASSERT_TRUE(heard.contains("host-1"));
  const auto model = controller_->State()->Find<Node>("", "host-1");
  Transaction transaction;
  for (size_t i = 0; i < kMostObjectsAtOnce; ++i) {
    auto node = std::make_shared<Node>(*model);
    node->metadata.name = "other-" + std::to_string(i);
    node->metadata.uid = "uid-of-" + node->metadata.name;
    transaction.writes.push_back({node->key(), node});
  }
  ASSERT_TRUE(store_.Commit(transaction, store_.Snapshot()->revision()).ok());
  ApiRequest request;
  request.method = "GET";
  request.path = "/api/v1/nodes";
  request.user = ApiUser{"anna", {"reconcile:view"}};
  const ApiResponse answer = HandleApi(controller_.get(), &reads_, request, loop_.now());
  EXPECT_FALSE(answer.stream);
  const Result<Value> nodes = ParseJson(answer.body);
  ASSERT_TRUE(nodes.ok()) << answer.body;
  ASSERT_GT(nodes->GetList("items").size(), kMostObjectsAtOnce);
  for (const Value& node : nodes->GetList("items")) {
    if (node.Find("metadata")->GetString("name") != "host-1") continue;
    const Value::List& conditions = node.Find("status")->GetList("conditions");
    EXPECT_FALSE(conditions.empty());
    for (const Value& condition : conditions) {
      EXPECT_EQ(condition.GetString("lastHeartbeatTime"), FormatRfc3339(heard.at("host-1")));
    }
  }
}

TEST_F(MetricsRoutesTest, TheVersionIsOfThisProgram) {
  const Value version = Json("/version");
  EXPECT_EQ(version.GetString("minor"), "33");
  EXPECT_TRUE(version.GetString("platform").starts_with("linux/"));
#if defined(__aarch64__)
  EXPECT_EQ(version.GetString("platform"), "linux/arm64");
#endif
  EXPECT_EQ(version.GetString("goVersion"), "");
  EXPECT_NE(version.GetString("compiler"), "");
}

}  // namespace
}  // namespace reconcile
