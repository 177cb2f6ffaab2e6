#include "link/messages.h"

#include <gtest/gtest.h>

#include "schema/codec.h"
#include "tests/unit/link/sample_messages.h"

namespace reconcile {
namespace {

template <typename T>
void ExpectSameObjects(const std::vector<std::shared_ptr<const T>>& a,
                       const std::vector<std::shared_ptr<const T>>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(EncodeObjectJson(*a[i], EncodeFor::kStore),
              EncodeObjectJson(*b[i], EncodeFor::kStore));
  }
}

TEST(AssignmentMessage, ArrivesAsItWasSent) {
  const Assignment sent = SampleAssignment();
  const Result<Assignment> got = ReadAssignment(*WriteAssignment(sent));
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->fence, sent.fence);
  EXPECT_EQ(got->node, sent.node);
  EXPECT_EQ(got->cluster_pod_cidr, sent.cluster_pod_cidr);
  EXPECT_EQ(got->node_pod_cidr, sent.node_pod_cidr);
  EXPECT_EQ(got->tombstones, sent.tombstones);
  ExpectSameObjects(got->pods, sent.pods);
  ExpectSameObjects(got->config_maps, sent.config_maps);
  ExpectSameObjects(got->secrets, sent.secrets);
  EXPECT_EQ(got->service_cidr, sent.service_cidr);
  EXPECT_EQ(got->cluster_domain, sent.cluster_domain);
  EXPECT_EQ(got->network_backend, sent.network_backend);
  EXPECT_EQ(got->heartbeat_ms, sent.heartbeat_ms);
  ExpectSameObjects(got->nodes.items(), sent.nodes.items());
  ExpectSameObjects(got->services.items(), sent.services.items());
  ExpectSameObjects(got->endpoint_slices.items(), sent.endpoint_slices.items());
  ExpectSameObjects(got->namespaces.items(), sent.namespaces.items());
  EXPECT_EQ(got->services[0]->spec, sent.services[0]->spec);
  EXPECT_EQ(got->endpoint_slices[0]->endpoints, sent.endpoint_slices[0]->endpoints);
  EXPECT_EQ(got->pods[0]->spec, sent.pods[0]->spec);
  EXPECT_EQ(got->pods[0]->metadata, sent.pods[0]->metadata);
  EXPECT_EQ(got->secrets[0]->data, sent.secrets[0]->data);
  EXPECT_EQ(got->config_maps[0]->binary_data, sent.config_maps[0]->binary_data);
}

TEST(AssignmentMessage, MayBeAlmostEmpty) {
  Assignment sent;
  sent.node = "host-1";
  const Result<Assignment> got = ReadAssignment(*WriteAssignment(sent));
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_TRUE(got->pods.empty());
  EXPECT_EQ(got->fence, Fence());
}

TEST(AssignmentMessage, OfMoreItemsThanAreReadIsNotWritten) {
  Assignment sent = SampleAssignment();
  const SharedList<Service>::Items items(kMaxMessageItems, sent.services[0]);
  sent.services = items;
  EXPECT_TRUE(CheckItems(sent).ok());
  SharedList<Service>::Items more = items;
  more.push_back(items[0]);
  sent.services = more;
  const Status status = WriteAssignment(sent).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalid);
  EXPECT_NE(status.message().find("20001 Services"), std::string::npos) << status.message();
}

TEST(ReportMessage, ArrivesAsItWasSent) {
  const Report sent = SampleReport();
  const Result<Report> got = ReadReport(*WriteReport(sent));
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->node, sent.node);
  EXPECT_EQ(got->agent_start, sent.agent_start);
  EXPECT_EQ(got->sequence, sent.sequence);
  EXPECT_EQ(got->applied, sent.applied);
  EXPECT_EQ(got->held, sent.held);
  EXPECT_EQ(got->heartbeat_ms, sent.heartbeat_ms);
  EXPECT_EQ(got->clock_ms, sent.clock_ms);
  EXPECT_EQ(got->labels, sent.labels);
  EXPECT_EQ(got->node_status, sent.node_status);
  ASSERT_NE(got->usage, nullptr);
  EXPECT_EQ(*got->usage, *sent.usage);
  ASSERT_EQ(got->pods.size(), sent.pods.size());
  for (size_t i = 0; i < sent.pods.size(); ++i) {
    EXPECT_EQ(got->pods[i].namespace_name, sent.pods[i].namespace_name);
    EXPECT_EQ(got->pods[i].name, sent.pods[i].name);
    EXPECT_EQ(got->pods[i].uid, sent.pods[i].uid);
    EXPECT_EQ(got->pods[i].status, sent.pods[i].status);
    EXPECT_EQ(got->pods[i].gone, sent.pods[i].gone);
  }
  ASSERT_EQ(got->events.size(), sent.events.size());
  for (size_t i = 0; i < sent.events.size(); ++i) {
    EXPECT_EQ(got->events[i].pod_uid, sent.events[i].pod_uid);
    EXPECT_EQ(got->events[i].namespace_name, sent.events[i].namespace_name);
    EXPECT_EQ(got->events[i].pod_name, sent.events[i].pod_name);
    EXPECT_EQ(got->events[i].type, sent.events[i].type);
    EXPECT_EQ(got->events[i].reason, sent.events[i].reason);
    EXPECT_EQ(got->events[i].message, sent.events[i].message);
  }
}

TEST(ReportMessage, RefusesAUsageThatIsNone) {
  Value report = EncodeReport(SampleReport());
  report.Set("usage",
             *ParseJson(R"({"pods":[{"uid":"u","containers":[{"name":"a","cpu":"1"}]}]})"));
  EXPECT_EQ(DecodeReport(report).status().message(),
            "report.usage.pods[0].containers[0].cpu: a string, not a integer");
}

TEST(ReportMessage, SaysNothingOfStartsWhenThereAreNone) {
  Report report = SampleReport();
  EXPECT_EQ(DecodeReport(EncodeReport(report))->starts, report.starts);
  report.starts.clear();
  EXPECT_EQ(EncodeReport(report).Find("starts"), nullptr);
  EXPECT_TRUE(DecodeReport(EncodeReport(report))->starts.empty());
}

TEST(ReportMessage, SaysWhenNothingHasBeenApplied) {
  Report sent = SampleReport();
  sent.applied.reset();
  EXPECT_EQ(ReadReport(*WriteReport(sent))->applied, std::nullopt);
}

TEST(InventoryMessage, ArrivesAsItWasSent) {
  const Inventory sent = SampleInventory();
  const Result<Inventory> got = ReadInventory(*WriteInventory(sent));
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->node, sent.node);
  EXPECT_EQ(got->fence, sent.fence);
  EXPECT_EQ(got->node_pod_cidr, sent.node_pod_cidr);
  ExpectSameObjects(got->pods, sent.pods);
  EXPECT_EQ(got->pods[1]->metadata, sent.pods[1]->metadata);
  EXPECT_EQ(got->pods[1]->status, sent.pods[1]->status);
}

TEST(InventoryMessage, SaysWhenThereIsNoAssignmentYet) {
  Inventory sent;
  sent.node = "host-1";
  const Result<Inventory> got = ReadInventory(*WriteInventory(sent));
  ASSERT_TRUE(got.ok()) << got.status().ToString();
  EXPECT_EQ(got->fence, std::nullopt);
  EXPECT_TRUE(got->pods.empty());
}

TEST(Messages, PassOverFieldsOfANewerRelease) {
  Value assignment = EncodeAssignment(SampleAssignment());
  assignment.Set("volumes", Value::MakeList({Value::Int(1)}));
  EXPECT_TRUE(DecodeAssignment(assignment).ok());
  Value report = EncodeReport(SampleReport());
  report.Set("load", Value::Double(0.5));
  EXPECT_TRUE(DecodeReport(report).ok());
}

// Each case sets one member to something it cannot be.
TEST(Messages, RefuseMembersOfAWrongTypeByName) {
  const std::pair<const char*, const char*> report_cases[] = {{"node", "1"},
                                                              {"node", "\"\""},
                                                              {"agentStart", "[]"},
                                                              {"sequence", "\"1\""},
                                                              {"sequence", "-1"},
                                                              {"sequence", "1.5"},
                                                              {"sequence", "1e30"},
                                                              {"applied", "1"},
                                                              {"held", "{}"},
                                                              {"labels", "[]"},
                                                              {"labels", "{\"a\":1}"},
                                                              {"nodeStatus", "[]"},
                                                              {"nodeStatus", "{}"},
                                                              {"pods", "{}"},
                                                              {"pods", "[1]"},
                                                              {"pods", "[{}]"},
                                                              {"events", "1"},
                                                              {"events", "[1]"},
                                                              {"events", "[{\"type\":\"Odd\"}]"}};
  for (const auto& [key, json] : report_cases) {
    Value value = EncodeReport(SampleReport());
    value.Set(key, *ParseJson(json));
    const Status status = DecodeReport(value).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << key << " " << json;
    EXPECT_EQ(status.message().find(std::string("report.") + key), 0U) << status.message();
  }
  const std::pair<const char*, const char*> assignment_cases[] = {
      {"fence", "null"},
      {"fence", "{\"epoch\":-1}"},
      {"fence", "{\"clusterId\":1}"},
      {"node", "null"},
      {"clusterPodCidr", "1"},
      {"nodePodCidr", "true"},
      {"pods", "\"x\""},
      {"pods", "[[]]"},
      {"configMaps", "[null]"},
      {"tombstones", "[1]"},
      {"tombstones", "{}"},
      {"secrets", "[{\"kind\":\"Odd\"}]"}};
  for (const auto& [key, json] : assignment_cases) {
    Value value = EncodeAssignment(SampleAssignment());
    value.Set(key, *ParseJson(json));
    const Status status = DecodeAssignment(value).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << key << " " << json;
    EXPECT_EQ(status.message().find(std::string("assignment.") + key), 0U) << status.message();
  }
}

TEST(Messages, RefuseAnInventoryOfAWrongTypeByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"node", "\"\""},     {"fence", "1"},   {"fence", "{\"lineageBegan\":-1}"},
      {"nodePodCidr", "1"}, {"pods", "[{}]"}, {"pods", "{}"}};
  for (const auto& [key, json] : cases) {
    Value value = EncodeInventory(SampleInventory());
    value.Set(key, *ParseJson(json));
    const Status status = DecodeInventory(value).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalid) << key << " " << json;
    EXPECT_EQ(status.message().find(std::string("inventory.") + key), 0U) << status.message();
  }
}

TEST(Messages, RefuseAnObjectOfAnotherKind) {
  Value value = EncodeAssignment(SampleAssignment());
  value.Set("pods", *value.Find("configMaps"));
  const Status status = DecodeAssignment(value).status();
  EXPECT_EQ(status.message(), "assignment.pods[0]: a ConfigMap, not a Pod");
}

TEST(Messages, RefuseWhatIsNoMap) {
  for (const char* json : {"[]", "1", "null", "\"x\""}) {
    EXPECT_EQ(ReadReport(json).status().code(), StatusCode::kInvalid) << json;
    EXPECT_EQ(ReadAssignment(json).status().code(), StatusCode::kInvalid) << json;
    EXPECT_EQ(ReadInventory(json).status().code(), StatusCode::kInvalid) << json;
  }
  EXPECT_EQ(ReadReport("{").status().code(), StatusCode::kInvalid);
}

TEST(Messages, RefuseListsBeyondTheLimit) {
  Assignment assignment;
  assignment.node = "host-1";
  assignment.tombstones.assign(kMaxMessageItems, "uid");
  EXPECT_TRUE(DecodeAssignment(EncodeAssignment(assignment)).ok());
  assignment.tombstones.push_back("uid");
  const Status status = DecodeAssignment(EncodeAssignment(assignment)).status();
  EXPECT_EQ(status.message(), "assignment.tombstones: 20001 items, more than 20000");
}

TEST(Messages, RefuseTextBeyondTheLimit) {
  Report report;
  report.node = "host-1";
  report.held = std::string(kMaxMessageBytes, 'x');
  EXPECT_EQ(WriteReport(report).status().code(), StatusCode::kInvalid);
  const std::string text = "{\"node\":\"" + report.held + "\"}";
  EXPECT_EQ(ReadReport(text).status().code(), StatusCode::kInvalid);
}

}  // namespace
}  // namespace reconcile
