#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "cmd/agent_metrics.h"
#include "cmd/controller_metrics.h"
#include "cmd/metric_list.h"
#include "cmd/model_metrics.h"
#include "cmd/process_metrics.h"
#include "schema/core.h"
#include "schema/pod.h"
#include "schema/workload.h"

namespace reconcile {
namespace {

using testing::Test;

bool Has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

const Metric kTestCount = {"test_things_total", MetricType::kCounter, {"kind"}, "Things."};
const Metric kTestPlain = {"test_plain_total", MetricType::kCounter, {}, "Plain ones."};
const Metric kTestTime = {"test_time_seconds", MetricType::kHistogram, {}, "Times.", {0.1, 1}};
const Metric kTestState = {"test_state", MetricType::kGauge, {"name"}, "States."};

class MetricsTest : public Test {
 protected:
  Metrics metrics_{{&kTestCount, &kTestPlain, &kTestTime, &kTestState}};
};

TEST_F(MetricsTest, CountsAndObserves) {
  metrics_.Count(kTestCount, {"a"});
  metrics_.Count(kTestCount, {"a"}, 2);
  metrics_.Observe(kTestTime, {}, 0.5);
  metrics_.Set(kTestState, {"x"}, 7);
  metrics_.Set(kTestState, {"x"}, 6);
  const std::string text = metrics_.Text();
  EXPECT_TRUE(Has(text, "# TYPE test_things_total counter")) << text;
  EXPECT_TRUE(Has(text, "test_things_total{kind=\"a\"} 3")) << text;
  EXPECT_TRUE(Has(text, "test_time_seconds_bucket{le=\"0.1\"} 0")) << text;
  EXPECT_TRUE(Has(text, "test_time_seconds_bucket{le=\"1\"} 1")) << text;
  EXPECT_TRUE(Has(text, "test_time_seconds_bucket{le=\"+Inf\"} 1")) << text;
  EXPECT_TRUE(Has(text, "test_state{name=\"x\"} 6")) << text;
}

TEST_F(MetricsTest, WithoutLabelsIsThereAsZero) {
  const std::string text = metrics_.Text();
  EXPECT_TRUE(Has(text, "test_plain_total 0")) << text;
  EXPECT_TRUE(Has(text, "test_time_seconds_count 0")) << text;
  EXPECT_EQ(text.find("test_things_total"), std::string::npos) << text;
}

TEST_F(MetricsTest, ReadingsAreOfTheirScrapeAlone) {
  MetricReadings readings;
  readings.Add(kTestState, {"now"}, 1);
  EXPECT_TRUE(Has(metrics_.Text(readings), "test_state{name=\"now\"} 1"));
  EXPECT_EQ(metrics_.Text().find("test_state"), std::string::npos);
}

TEST_F(MetricsTest, WhatIsReadTakesThePlaceOfWhatWasCounted) {
  MetricReadings readings;
  readings.Add(kTestPlain, {}, 9);
  const std::string text = metrics_.Text(readings);
  EXPECT_TRUE(Has(text, "test_plain_total 9")) << text;
  EXPECT_FALSE(Has(text, "test_plain_total 0")) << text;
  EXPECT_EQ(text.find("# HELP test_plain_total"), text.rfind("# HELP test_plain_total")) << text;
}

TEST_F(MetricsTest, BeyondItsBoundAMetricCountsUnderOther) {
  for (size_t i = 0; i < kMaxSeriesOfMetric + 5; ++i) {
    metrics_.Count(kTestCount, {"kind-" + std::to_string(i)});
  }
  const std::string text = metrics_.Text();
  EXPECT_TRUE(Has(text, "test_things_total{kind=\"other\"} 5")) << text.size();
  MetricReadings readings;
  for (size_t i = 0; i < kMaxSeriesOfMetric + 5; ++i) {
    readings.Add(kTestState, {std::to_string(i)}, 1);
  }
  const std::string lines = metrics_.Text(readings);
  EXPECT_TRUE(Has(lines, "test_state{name=\"" + std::to_string(kMaxSeriesOfMetric - 1) + "\"} 1"));
  EXPECT_EQ(lines.find("test_state{name=\"" + std::to_string(kMaxSeriesOfMetric)),
            std::string::npos);
}

TEST_F(MetricsTest, LabelValuesStayOneLine) {
  metrics_.Count(kTestCount, {"a\nb\"c\\ \xff"});
  EXPECT_TRUE(Has(metrics_.Text(), "test_things_total{kind=\"a\\nb\\\"c\\\\ \xef\xbf\xbd\"} 1"));
}

// What docs/metrics.md says, word for word.
TEST(MetricDocuments, ListEveryMetric) {
  const std::string path = "docs/metrics.md";
  std::ifstream file(path);
  std::stringstream bytes;
  bytes << file.rdbuf();
  const std::string text = bytes.str();
  const size_t begin = text.find("<!-- metrics:");
  const size_t end = text.find("<!-- /metrics -->");
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos) << path;
  const size_t first = text.find("-->\n", begin) + 4;
  const std::string wanted = "\n" + MetricTables();
  if (std::getenv("RECONCILE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text.substr(0, first) << wanted << text.substr(end);
    return;
  }
  EXPECT_EQ(text.substr(first, end - first), wanted) << "RECONCILE_UPDATE_GOLDEN=1 writes it";
}

// https://prometheus.io/docs/practices/naming/, as far as promtool does not check it.
TEST(MetricDocuments, NamesFollowTheConventions) {
  for (const auto& list : {ControllerMetricList(), AgentMetricList()}) {
    std::set<std::string_view> names;
    for (const Metric* metric : list) {
      EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
      EXPECT_TRUE(metric->help.ends_with(".")) << metric->name;
      EXPECT_EQ(metric->type == MetricType::kCounter, metric->name.ends_with("_total"))
          << metric->name;
      EXPECT_EQ(metric->type == MetricType::kHistogram, !metric->bounds.empty()) << metric->name;
      EXPECT_TRUE(std::is_sorted(metric->bounds.begin(), metric->bounds.end())) << metric->name;
    }
  }
}

TEST(ProcessMetrics, AreReadFromProc) {
  Metrics metrics(AgentMetricList());
  MetricReadings readings;
  ReadProcessMetrics(&readings);
  const std::string text = metrics.Text(readings);
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_open_fds", "process_max_fds", "process_start_time_seconds",
                           "process_threads", "reconcile_build_info"}) {
    EXPECT_NE(text.find("\n" + std::string(name)), std::string::npos) << name << text;
  }
}

std::shared_ptr<Pod> MakePod(const std::string& name, PodPhase phase) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = "shop";
  pod->metadata.name = name;
  pod->metadata.uid = "uid-" + name;
  pod->status.phase = phase;
  return pod;
}

std::string TextOf(const ClusterState& state) {
  MetricReadings readings;
  ReadModelMetrics(state, &readings);
  return Metrics(ControllerMetricList()).Text(readings);
}

TEST(ModelMetrics, ShowPodsSourcesNodesAndWhatIsMissing) {
  ClusterState state;
  const auto ready = MakePod("web-1", PodPhase::kRunning);
  ready->spec.node_name = "host-1";
  ready->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
  state.Put(ready);
  const auto stuck = MakePod("web-2", PodPhase::kPending);
  stuck->status.conditions = {{.type = "PodScheduled", .status = ConditionStatus::kFalse}};
  state.Put(stuck);
  auto web = std::make_shared<Deployment>();
  web->metadata.namespace_name = "shop";
  web->metadata.name = "web";
  web->spec.replicas = 2;
  web->status.ready_replicas = 1;
  state.Put(web);
  auto source = std::make_shared<Source>();
  source->metadata.name = "main";
  source->status.applied_commit = "abc";
  source->status.conditions = {{.type = "Ready", .status = ConditionStatus::kFalse}};
  state.Put(source);
  auto node = std::make_shared<Node>();
  node->metadata.name = "host-1";
  node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kUnknown}};
  state.Put(node);
  const std::string text = TextOf(state);
  for (const char* line : {"reconcile_pods{namespace=\"shop\",phase=\"Running\"} 1",
                           "reconcile_pods{namespace=\"shop\",phase=\"Pending\"} 1",
                           "reconcile_pods_ready{namespace=\"shop\"} 1",
                           "reconcile_pods_unschedulable 1", "reconcile_objects{kind=\"Pod\"} 2",
                           "reconcile_workload_missing_replicas{kind=\"Deployment\",name=\"web\","
                           "namespace=\"shop\"} 1",
                           "reconcile_source_ready{source=\"main\"} 0",
                           "reconcile_source_info{commit=\"abc\",source=\"main\"} 1",
                           "reconcile_node_condition{condition=\"Ready\",node=\"host-1\"} -1"}) {
    EXPECT_TRUE(Has(text, line)) << line << "\n" << text;
  }
}

TEST(ModelMetrics, CountRestartsFailedPlacementsAndEvents) {
  Metrics metrics(ControllerMetricList());
  const auto before = MakePod("web-1", PodPhase::kRunning);
  before->status.container_statuses = {{.name = "app", .restart_count = 2}};
  const auto after = std::make_shared<Pod>(*before);
  after->status.container_statuses[0].restart_count = 5;
  const auto stuck = MakePod("web-2", PodPhase::kPending);
  stuck->status.conditions = {
      {.type = "PodScheduled", .status = ConditionStatus::kFalse, .message = "no host has room"}};
  auto event = std::make_shared<Event>();
  event->metadata.name = "e";
  event->reason = "BackOff";
  event->type = EventType::kWarning;
  event->count = 3;
  const auto change = [](const ObjectPtr& was, const ObjectPtr& is) {
    return Change{1, is->key(), was, is};
  };
  CountChanges({change(before, after),
                change(nullptr, stuck),
                change(stuck, stuck),
                change(nullptr, event),
                {1, after->key(), after, nullptr}},
               &metrics);
  const std::string text = metrics.Text();
  EXPECT_TRUE(Has(text, "reconcile_container_restarts_total{namespace=\"shop\"} 3")) << text;
  EXPECT_TRUE(Has(text, "reconcile_placement_failures_total 1")) << text;
  EXPECT_TRUE(Has(text, "reconcile_events_total{reason=\"BackOff\",type=\"Warning\"} 3")) << text;
}

TEST(AgentMetricsText, ShowsOperationsProbesReportsAndDns) {
  AgentMetrics metrics;
  metrics.OnOperation("pull_image", UnavailableError("no registry"), 1'500);
  metrics.OnProbe(ProbeKind::kLiveness, ProbeOutcome{.success = false});
  metrics.OnProbe(ProbeKind::kReadiness, UnavailableError("too much is under way"));
  Report report;
  report.held = "it would stop much";
  report.network.unreached = {"host-2"};
  AgentEvent drift;
  drift.reason = kDriftCorrected;
  report.events = {drift, AgentEvent(), drift};
  metrics.OnReport(report, UnavailableError("away"));  // it will be told again
  metrics.OnReport(report, OkStatus());
  DnsStatistics dns;
  dns.queries = 5;
  dns.tcp_queries = 2;
  dns.answers[3] = 4;
  const std::string text =
      metrics.Text({.queues = {{"loop", 3}}, .connected = true, .link_streams = 1, .dns = dns});
  for (const char* line :
       {"reconcile_agent_operations_total{operation=\"pull_image\",result=\"error\"} 1",
        "reconcile_agent_operation_duration_seconds_bucket{operation=\"pull_image\",le=\"2.5\"} 1",
        "reconcile_agent_probes_total{probe=\"liveness\",result=\"failure\"} 1",
        "reconcile_agent_probes_total{probe=\"readiness\",result=\"unknown\"} 1",
        "reconcile_agent_drifts_corrected_total 2",
        "reconcile_agent_reports_total{result=\"sent\"} 1", "reconcile_agent_assignment_held 1",
        "reconcile_agent_network_unreached_hosts 1", "reconcile_agent_link_connected 1",
        "reconcile_agent_queue_depth{queue=\"loop\"} 3",
        "reconcile_agent_dns_queries_total{protocol=\"udp\"} 3",
        "reconcile_agent_dns_answers_total{rcode=\"NXDOMAIN\"} 4"}) {
    EXPECT_TRUE(Has(text, line)) << line << "\n" << text;
  }
}

std::string LabelOf(const std::string& path) {
  ApiRequest request;
  request.method = "GET";
  request.path = path;
  return ResourceLabel(request);
}

TEST(ApiMetrics, ResourcesAreFewWhateverIsAsked) {
  EXPECT_EQ(LabelOf("/api/v1/namespaces/shop/pods/web-1"), "pods");
  EXPECT_EQ(LabelOf("/api/v1/namespaces/shop/pods/web-1/log"), "pods/log");
  for (const std::string session : {"exec", "attach", "portforward"}) {
    EXPECT_EQ(LabelOf("/api/v1/namespaces/shop/pods/web-1/" + session), "pods/" + session);
  }
  EXPECT_EQ(LabelOf("/api/v1/namespaces/shop/pods/web-1/nonsense"), "pods");
  EXPECT_EQ(LabelOf("/api/v1/nodes/host-1/proxy/metrics"), "nodes/proxy");
  EXPECT_EQ(LabelOf("/apis/apps/v1/deployments"), "deployments");
  EXPECT_EQ(LabelOf("/apis/reconcile.dev/v1/status"), "status");
  EXPECT_EQ(LabelOf("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
            "authorization.k8s.io");
  EXPECT_EQ(LabelOf("/apis/x.example/v1/whatever"), "other");
  EXPECT_EQ(LabelOf("/metrics"), "metrics");
  EXPECT_EQ(LabelOf("/wp-login.php"), "other");
}

}  // namespace
}  // namespace reconcile
