#include "api/table.h"

#include "api/columns.h"
#include "schema/codec.h"
#include "schema/core.h"
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
  pod->spec.containers.resize(1);
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
            "NAMESPACE   NAME    READY   STATUS    RESTARTS   AGE   IP          NODE\n"
            "default     web-1   1/1     Running   2          90s   10.42.0.7   host-1\n");
}

TEST(Table, StatusWordPrefersWhatAContainerWaitsFor) {
  auto pod = MakePod("web-1");
  pod->status.container_statuses[0].state = ContainerState();
  pod->status.container_statuses[0].state.waiting = ContainerStateWaiting{"CrashLoopBackOff", ""};
  EXPECT_EQ(PodStatusWord(*pod), "CrashLoopBackOff");
  pod->metadata.deletion_timestamp = kNow;
  EXPECT_EQ(PodStatusWord(*pod), "Terminating");
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
