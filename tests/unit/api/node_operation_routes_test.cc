#include "api/node_operation_routes.h"

#include "api/routes.h"
#include "schema/workload.h"
#include "sim/virtual_loop.h"
#include "source/fake_source.h"
#include "store/memory_store.h"
#include "tests/support/fake_agent_link.h"

namespace reconcile {
namespace {

class NodeOperationRoutesTest : public testing::Test {
 protected:
  NodeOperationRoutesTest() {
    auto node = std::make_shared<Node>();
    node->metadata.name = "host-1";
    node->metadata.uid = "node-host-1";
    node->spec.pod_cidr = "10.42.0.0/24";
    node->status.conditions = {{.type = "Ready", .status = ConditionStatus::kTrue}};
    controller_ = std::make_unique<Controller>(ControllerOptions(), &loop_, &random_, &store_,
                                               &source_, &link_);
    CHECK(controller_->Start().ok());
    Settle();
    Put({node, PodNamed("bare")});
  }
  void Settle() { time_.RunFor(100); }
  void Put(const std::vector<ObjectPtr>& objects) {
    Transaction all;
    for (const ObjectPtr& object : objects) all.writes.push_back({object->key(), object});
    CHECK(store_.Commit(all, store_.Snapshot()->revision()).ok());
  }
  static std::shared_ptr<Pod> PodNamed(const std::string& name) {
    auto pod = std::make_shared<Pod>();
    pod->metadata.name = name;
    pod->metadata.namespace_name = "default";
    pod->metadata.uid = "uid-of-" + name;
    pod->spec.node_name = "host-1";
    pod->status.phase = PodPhase::kRunning;
    return pod;
  }
  Value Post(const std::string& verb, std::map<std::string, std::string> query = {}) {
    ApiRequest request;
    request.method = "POST";
    request.path = "/apis/reconcile.dev/v1/" + verb;
    query.emplace("node", "host-1");
    query["by"] = "ada";
    query["reason"] = "kernel update";
    request.query = query;
    const ApiResponse response = HandleApi(controller_.get(), &reads_, request, loop_.now());
    Settle();
    const Result<Value> body = ParseJson(response.body);
    CHECK(body.ok());
    return *body;
  }
  std::shared_ptr<const Node> NodeNow() { return controller_->State()->Find<Node>("", "host-1"); }

  VirtualTime time_;
  VirtualLoop loop_{&time_};
  SeededRandom random_{1};
  MemoryStore store_;
  FakeSource source_{&loop_};
  FakeAgentLink link_;
  std::unique_ptr<Controller> controller_;
  ResourceReads reads_{&store_, &loop_};
};

TEST_F(NodeOperationRoutesTest, ACordonIsStoredWithWhoWhenAndWhyUntilItIsEnded) {
  EXPECT_EQ(Post("cordon").GetString("status"), "Success");
  ASSERT_TRUE(NodeNow()->status.cordon);
  EXPECT_EQ(NodeNow()->status.cordon->by, "ada");
  EXPECT_EQ(NodeNow()->status.cordon->reason, "kernel update");
  EXPECT_TRUE(NodeNow()->status.cordon->at);
  EXPECT_TRUE(IsUnschedulable(*NodeNow()));
  EXPECT_EQ(Post("cordon").GetString("message"),
            "node host-1 is cordoned already, by ada: kernel update");
  EXPECT_EQ(Post("uncordon").GetString("status"), "Success");
  EXPECT_FALSE(IsUnschedulable(*NodeNow()));
  const Value again = Post("uncordon");
  EXPECT_EQ(again.GetString("message"), "node host-1 is not cordoned");
  EXPECT_EQ(again.GetInt("code"), 409) << "the command is content with that";
  EXPECT_EQ(Post("cordon", {{"node", "host-9"}}).GetString("message"),
            "no node is named 'host-9'; `reconcile get nodes` lists them");
}

TEST_F(NodeOperationRoutesTest, WhatGitSaysOfANodeIsTakenBackThere) {
  auto node = std::make_shared<Node>(*NodeNow());
  node->spec.unschedulable = true;
  node->metadata.origin = {"main", "nodes.yaml", 7};
  Put({node});
  EXPECT_EQ(Post("uncordon").GetString("message"),
            "node host-1 stays unschedulable: nodes.yaml:7 says so; take it out there");
}

TEST_F(NodeOperationRoutesTest, ADrainThatNeedsToBeAskedForChangesNothing) {
  const std::string said = Post("drain").GetString("message");
  EXPECT_EQ(
      said,
      "node host-1 is not drained, and nothing is changed:\n  cannot delete Pods that declare "
      "no controller (use --force to override): default/bare");
  EXPECT_FALSE(NodeNow()->status.cordon);
  EXPECT_FALSE(NodeNow()->status.drain);
  for (const char* timeout : {"0", "-1", "x", "99999999999999"}) {
    EXPECT_EQ(Post("drain", {{"force", "true"}, {"timeoutMs", timeout}}).GetString("status"),
              "Failure");
  }
  EXPECT_FALSE(NodeNow()->status.drain);
}

TEST_F(NodeOperationRoutesTest, ADrainSaysWhatItWaitsForAndEndsWithUncordon) {
  const std::map<std::string, std::string> flags = {{"force", "true"}, {"timeoutMs", "60000"}};
  EXPECT_EQ(Post("drain", flags).GetString("status"), "Success");
  const Value status = Post("drain-status", flags);
  EXPECT_TRUE(status.GetBool("draining"));
  EXPECT_TRUE(status.GetBool("unschedulable"));
  ASSERT_EQ(status.GetList("pods").size(), 1U);
  EXPECT_EQ(status.GetList("pods")[0].GetString("pod"), "default/bare");
  EXPECT_EQ(status.GetList("pods")[0].GetString("why"), "is stopping");
  ASSERT_TRUE(NodeNow()->status.drain);
  EXPECT_TRUE(NodeNow()->status.cordon);
  EXPECT_EQ(NodeNow()->status.drain->by, "ada");
  EXPECT_EQ(Post("uncordon").GetString("status"), "Success");
  EXPECT_FALSE(Post("drain-status", flags).GetBool("draining"));
  EXPECT_FALSE(Post("drain-status", flags).GetBool("unschedulable"));
  // Its time is over.
  EXPECT_EQ(Post("drain", flags).GetString("status"), "Success");
  time_.RunFor(61'000);
  EXPECT_FALSE(NodeNow()->status.drain);
  EXPECT_TRUE(NodeNow()->status.cordon);
}

}  // namespace
}  // namespace reconcile
