#include "api/scrape_routes.h"

#include <gtest/gtest.h>

#include "api/authorization.h"
#include "schema/core.h"
#include "sim/virtual_loop.h"

namespace reconcile {
namespace {

// An agent that answers when the test says so.
class WaitingLink final : public AgentLink {
 public:
  void SetHandler(Handler) override {}
  Status Send(const std::string&, const Assignment&) override { return OkStatus(); }
  Status AskInventory(const std::string&) override { return OkStatus(); }
  StreamHandle OpenLogs(const std::string& node, const LogRequest& request,
                        LogSink new_sink) override {
    asked = node;
    EXPECT_TRUE(request.metrics);
    sink = std::move(new_sink);
    return StreamHandle([this] { ++cancelled; }, nullptr);
  }
  std::shared_ptr<PodStream> OpenPodStream(const std::string&, const PodStreamRequest&,
                                           PodStreamSink) override {
    ADD_FAILURE() << "no pod is asked for";
    return nullptr;
  }

  std::string asked;
  LogSink sink;
  int cancelled = 0;
};

class ScrapeRoutesTest : public testing::Test {
 protected:
  ScrapeRoutesTest() {
    auto state = std::make_shared<ClusterState>();
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    state->Put(node);
    places_ = {.own = [] { return "own_metrics 1\n"; },
               .link = &link_,
               .loop = &loop_,
               .state = state,
               .address = "c:6443",
               .patience_ms = 100};
  }
  std::optional<ApiResponse> Get(const std::string& path, const std::string& method = "GET") {
    ApiRequest request;
    request.method = method;
    request.path = path;
    return HandleScrape(request, places_);
  }
  // Begins the scrape of host-1.
  StreamHandle Scrape() {
    const auto answer = Get("/api/v1/nodes/host-1/proxy/metrics");
    EXPECT_TRUE(answer && answer->stream);
    return answer->stream({{.on_data = [this](std::string_view bytes) { text_ += bytes; },
                            .on_end = [this](const Status& status) { ends_.push_back(status); }}});
  }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  WaitingLink link_;
  MetricsPlaces places_;
  std::string text_;
  std::vector<Status> ends_;
};

TEST_F(ScrapeRoutesTest, OwnAreAnsweredAtOnce) {
  const auto answer = Get("/metrics");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "own_metrics 1\n");
  EXPECT_EQ(answer->content_type, "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(ScrapeRoutesTest, TellsAPrometheusWhomToScrape) {
  const auto answer = Get("/metrics/agents");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->content_type, "application/json");
  EXPECT_EQ(
      answer->body,
      R"([{"targets":["c:6443"],"labels":{"__metrics_path__":"/api/v1/nodes/host-1/proxy/metrics",)"
      R"("instance":"host-1","node":"host-1"}}])");
}

TEST_F(ScrapeRoutesTest, OtherPathsAreNotItsOwn) {
  EXPECT_FALSE(Get("/metrics/x"));
  EXPECT_FALSE(Get("/api/v1/nodes/host-1"));
  EXPECT_FALSE(Get("/api/v1/nodes/host-1/proxy/configz"));
  EXPECT_EQ(Get("/metrics", "POST")->code, 405);
  EXPECT_EQ(Get("/api/v1/nodes/host-9/proxy/metrics")->code, 404);
}

TEST_F(ScrapeRoutesTest, AnAgentsComeOverItsConnection) {
  Scrape();
  EXPECT_EQ(link_.asked, "host-1");
  link_.sink.on_data("agent_metrics 1\n");
  link_.sink.on_end(OkStatus());
  EXPECT_EQ(text_, "agent_metrics 1\n");
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_TRUE(ends_[0].ok());
  time_.RunFor(1'000);
  EXPECT_EQ(ends_.size(), 1u) << "its time was up later";
}

TEST_F(ScrapeRoutesTest, AnAgentThatIsAwayIsUnavailable) {
  Scrape();
  link_.sink.on_end(UnavailableError("node host-1 is not connected"));
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].code(), StatusCode::kUnavailable);
}

TEST_F(ScrapeRoutesTest, AnOlderReleaseThatKnowsNoSuchPodIsUnavailable) {
  Scrape();
  link_.sink.on_end(NotFoundError("no such pod on node host-1"));
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].code(), StatusCode::kUnavailable);
  EXPECT_NE(ends_[0].message().find("upgrade"), std::string::npos);
}

TEST_F(ScrapeRoutesTest, AnAgentThatSaysNothingIsGivenUp) {
  Scrape();
  time_.RunFor(1'000);
  ASSERT_EQ(ends_.size(), 1u);
  EXPECT_EQ(ends_[0].code(), StatusCode::kUnavailable);
  EXPECT_EQ(link_.cancelled, 1);
}

TEST_F(ScrapeRoutesTest, AReaderThatGoesEndsTheAgentsStream) {
  const StreamHandle handle = Scrape();
  handle.Cancel();
  EXPECT_EQ(link_.cancelled, 1);
  time_.RunFor(1'000);
  EXPECT_TRUE(ends_.empty());
}

// As Kubernetes: reading metrics takes a role for the whole cluster.
TEST_F(ScrapeRoutesTest, AreForWhoMayViewTheWholeCluster) {
  for (const char* path : {"/metrics", "/metrics/agents", "/api/v1/nodes/host-1/proxy/metrics"}) {
    ApiRequest request;
    request.method = "GET";
    request.path = path;
    const auto may = [&](const std::string& group) {
      return Authorize({.name = "u", .groups = {group}}, AccessOf(request));
    };
    EXPECT_TRUE(may("reconcile:view")) << path;
    EXPECT_TRUE(may("reconcile:admin")) << path;
    EXPECT_FALSE(may("reconcile:view:shop")) << path;
    EXPECT_FALSE(may("system:authenticated")) << path;
    EXPECT_FALSE(IsPublic("GET", path));
  }
  ApiRequest other;
  other.method = "GET";
  other.path = "/api/v1/nodes/host-1/proxy/run";
  EXPECT_FALSE(Authorize({.name = "u", .groups = {"reconcile:view"}}, AccessOf(other)));
}

}  // namespace
}  // namespace reconcile
