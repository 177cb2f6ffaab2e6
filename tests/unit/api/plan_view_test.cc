#include "api/plan_view.h"

#include "schema/core.h"

namespace reconcile {
namespace {

Controller::PlanAnswer MakeAnswer() {
  Controller::PlanAnswer answer;
  ObjectChange changed;
  changed.type = ChangeType::kChange;
  changed.key = {Kind::kReplicationController, "default", "my-node"};
  changed.fields = {{"spec.replicas", "2", "3", false},
                    {"metadata.labels.tier", "", "\"web\"", false},
                    {"metadata.labels.old", "\"x\"", "", false}};
  answer.preview.changes.push_back(changed);
  ObjectChange same;
  same.key = {Kind::kService, "default", "frontend"};
  answer.preview.changes.push_back(same);
  answer.preview.pods.push_back(
      {PodFate::kCreate, {Kind::kPod, "default", "my-node-abcde"}, changed.key, "host-1", ""});
  return answer;
}

TEST(PlanView, ShowsChangesPodsAndASummary) {
  EXPECT_EQ(PlanText(MakeAnswer(), {}),
            "~ ReplicationController default/my-node  changed\n"
            "    ~ spec.replicas: 2 -> 3\n"
            "    + metadata.labels.tier: \"web\"\n"
            "    - metadata.labels.old: \"x\"\n"
            "\n"
            "Pods:\n"
            "  ReplicationController default/my-node\n"
            "    + my-node-abcde  on host-1\n"
            "\n"
            "Plan: 0 to create, 1 to change, 0 to delete, 1 unchanged; 1 pod starts, 0 stop\n");
}

TEST(PlanView, SaysWhenNothingWouldChange) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.preview.changes.erase(answer.preview.changes.begin());
  answer.preview.pods.clear();
  EXPECT_TRUE(IsNoChange(answer));
  EXPECT_EQ(PlanText(answer, {}), "No changes: the cluster is what this declares.\n");
}

TEST(PlanView, ShowsErrorsInsteadOfAPlan) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.problems.errors.push_back({"web.yaml", 3, 7, "unknown field"});
  const std::string text = PlanText(answer, {});
  EXPECT_EQ(text.find("my-node"), std::string::npos);
  EXPECT_NE(text.find("error: web.yaml:3:7: unknown field"), std::string::npos);
  EXPECT_NE(text.find("\n1 error: this would not be applied"), std::string::npos);
}

TEST(PlanView, EscapesWhatATerminalWouldObey) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.preview.changes[0].fields = {{"data.x", "", "\"\x1b]0;title\x07\"", false}};
  EXPECT_EQ(PlanText(answer, {}).find('\x1b'), std::string::npos);
}

TEST(PlanView, JsonNamesEveryPodItsFateAndItsHost) {
  const Value plan = EncodePlan(MakeAnswer());
  ASSERT_EQ(plan.GetList("pods").size(), 1U);
  const Value& pod = plan.GetList("pods")[0];
  EXPECT_EQ(pod.GetString("fate"), "create");
  EXPECT_EQ(pod.GetString("node"), "host-1");
  EXPECT_EQ(pod.GetString("name"), "my-node-abcde");
  EXPECT_EQ(plan.Find("summary")->GetInt("podsStart"), 1);
  EXPECT_EQ(plan.Find("summary")->GetInt("unchanged"), 1);
}

TEST(PlanView, NamesTheHold) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.held = HeldPrune{.plan_hash = "ab12", .reason = "would remove 9 of 10 objects"};
  EXPECT_NE(PlanText(answer, {}).find("held: would remove 9 of 10 objects"), std::string::npos);
  EXPECT_EQ(EncodePlan(answer).Find("held")->GetString("planHash"), "ab12");
}

}  // namespace
}  // namespace reconcile
