#include "cmd/wait_for.h"

namespace reconcile {
namespace {

Value JsonOf(const std::string& json) {
  const Result<Value> value = ParseJson(json);
  CHECK(value.ok());
  return *value;
}

// "met", or why not, with "!" before what is hopeless.
std::string Waits(const std::string& goal_text, const std::string& json) {
  const Result<WaitGoal> goal = ParseWaitGoal(goal_text);
  if (!goal.ok()) return goal.status().message();
  const Value object = json.empty() ? Value() : JsonOf(json);
  const WaitState state = StateOf(*goal, json.empty() ? nullptr : &object);
  return state.met ? "met" : (state.hopeless ? "!" : "") + state.why;
}

TEST(WaitGoal, RefusesWhatItDoesNotKnow) {
  for (const char* text : {"", "condition=", "ready", "jsonpath=.a", "jsonpath={.a}b"}) {
    EXPECT_EQ(ParseWaitGoal(text).status().code(), StatusCode::kInvalid) << text;
  }
}

TEST(WaitGoal, IsMetByACondition) {
  const std::string ready = R"({"metadata": {"generation": 2}, "status": {"conditions": [
      {"type": "Ready", "status": "False", "message": "1 of 2"},
      {"type": "Old", "status": "True", "observedGeneration": 1}]}})";
  EXPECT_EQ(Waits("condition=Ready", ready), "Ready is False: 1 of 2");
  EXPECT_EQ(Waits("condition=Ready=false", ready), "met");
  EXPECT_EQ(Waits("condition=Done", ready), "it has no condition Done yet");
  EXPECT_EQ(Waits("condition=Old", ready), "its change was not looked at yet");
  EXPECT_EQ(Waits("condition=Ready", ""), "there is none");
}

TEST(WaitGoal, IsMetByDeletionAndCreation) {
  EXPECT_EQ(Waits("delete", ""), "met");
  EXPECT_EQ(Waits("delete", R"({"metadata": {}})"), "nothing deletes it yet");
  EXPECT_EQ(Waits("delete", R"({"metadata": {"deletionTimestamp": "2026-01-02T03:04:05Z"}})"),
            "it is being deleted");
  EXPECT_EQ(Waits("create", ""), "there is none");
  EXPECT_EQ(Waits("create", "{}"), "met");
}

TEST(WaitGoal, IsMetByWhatAPathLeadsTo) {
  const std::string pod = R"({"status": {"phase": "Running"}})";
  EXPECT_EQ(Waits("jsonpath={.status.phase}=Running", pod), "met");
  EXPECT_EQ(Waits("jsonpath={.status.phase}=Succeeded", pod), "it is \"Running\"");
  EXPECT_EQ(Waits("jsonpath={.status.phase}", pod), "met");
  EXPECT_EQ(Waits("jsonpath={.status.podIP}", pod), "JSONPath: podIP is not found");
}

std::string Rollout(const std::string& kind, const std::string& spec, const std::string& status) {
  return Waits("rollout", "{\"kind\": \"" + kind + "\", \"metadata\": {\"generation\": 2}, " +
                              "\"spec\": {" + spec + "}, \"status\": {" + status + "}}");
}

TEST(WaitGoal, IsMetByARolloutAsKubectlTakesIt) {
  const std::string seen = R"("observedGeneration": 2, )";
  EXPECT_EQ(Rollout("Deployment", "", R"("observedGeneration": 1)"),
            "its change was not looked at yet");
  const auto deployment = [&](const std::string& counts) {
    return Rollout("Deployment", R"("replicas": 3)", seen + counts);
  };
  EXPECT_EQ(deployment(R"("updatedReplicas": 1)"), "1 of 3 new pods have been made");
  EXPECT_EQ(deployment(R"("updatedReplicas": 3, "replicas": 4)"), "1 old pods are still there");
  EXPECT_EQ(deployment(R"("updatedReplicas": 3, "replicas": 3, "availableReplicas": 2)"),
            "2 of 3 new pods are available");
  EXPECT_EQ(deployment(R"("updatedReplicas": 3, "replicas": 3, "availableReplicas": 3)"), "met");
  EXPECT_EQ(deployment(R"("conditions": [{"type": "Progressing", "status": "False",
                           "reason": "ProgressDeadlineExceeded", "message": "600 s"}])"),
            "!the rollout made no progress in time: 600 s");
  EXPECT_EQ(Rollout("DaemonSet", "", seen + R"("desiredNumberScheduled": 2,
                     "updatedNumberScheduled": 2, "numberAvailable": 1)"),
            "1 of 2 new pods are available");
  EXPECT_EQ(
      Rollout("StatefulSet", R"("replicas": 2)", seen + R"("readyReplicas": 2, "updatedReplicas": 1,
                     "updateRevision": "b", "currentRevision": "a")"),
      "1 of 2 pods are of the new template");
  EXPECT_EQ(Rollout("StatefulSet", R"("replicas": 2,
                     "updateStrategy": {"rollingUpdate": {"partition": 1}})",
                    seen + R"("readyReplicas": 2, "updatedReplicas": 1)"),
            "met");
  EXPECT_EQ(Rollout("ReplicationController", R"("replicas": 2)",
                    seen + R"("replicas": 2, "readyReplicas": 1)"),
            "1 of 2 pods are ready");
  EXPECT_EQ(Rollout("Service", "", R"("observedGeneration": 2)"), "!a Service is not rolled out");
}

}  // namespace
}  // namespace reconcile
