#include "api/plan_view.h"

#include "schema/codec.h"
#include "schema/core.h"
#include "schema/text.h"

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
  answer.unchanged = 1;
  answer.preview.pods.push_back(
      {PodFate::kCreate, {Kind::kPod, "default", "my-node-abcde"}, changed.key, "host-1", ""});
  return answer;
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

TEST(PlanView, APodWhoseHostIsNotCertainSaysSo) {
  Controller::PlanAnswer answer = MakeAnswer();
  EXPECT_EQ(EncodePlan(answer).GetList("pods")[0].Find("paced"), nullptr);
  answer.preview.pods[0].paced = true;
  EXPECT_TRUE(EncodePlan(answer).GetList("pods")[0].GetBool("paced"));
}

TEST(PlanView, EveryFieldSaysItsEffectAndWhatStaysIsCountedAlone) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.preview.effects = {
      {Effect::kScale, {{Effect::kScale, ""}, {Effect::kNone, ""}, {Effect::kNone, "nobody"}}, {}},
      {}};
  const Value plan = EncodePlan(answer);
  ASSERT_EQ(plan.GetList("changes").size(), 1U);
  const Value& change = plan.GetList("changes")[0];
  EXPECT_EQ(change.GetString("effect"), "scale");
  ASSERT_EQ(change.GetList("fields").size(), 3U);
  EXPECT_EQ(change.GetList("fields")[0].GetString("effect"), "scale");
  EXPECT_EQ(change.GetList("fields")[2].GetString("why"), "nobody");
}

TEST(PlanView, SaysTheWaveOfAChangeUnlessItIsZero) {
  Controller::PlanAnswer answer;
  for (const char* wave : {"3", "0"}) {
    const auto map = std::make_shared<ConfigMap>();
    map->metadata.name = std::string("map-") + wave;
    map->metadata.annotations["argocd.argoproj.io/sync-wave"] = wave;
    answer.preview.changes.push_back(
        {.type = ChangeType::kCreate, .key = map->key(), .before = nullptr, .after = map});
  }
  const Value plan = EncodePlan(answer);
  EXPECT_EQ(plan.GetList("changes")[0].GetInt("wave"), 3);
  EXPECT_EQ(plan.GetList("changes")[1].Find("wave"), nullptr);
}

TEST(PlanView, HostsSayTheirLoadInTheResourcesOwnUnits) {
  Controller::PlanAnswer answer = MakeAnswer();
  constexpr int64_t kMi = 1024 * 1024 * 1000;
  answer.preview.hosts.push_back(
      {.node = "host-1",
       .pods_before = 1,
       .pods_after = 2,
       .max_pods = 110,
       .resources = {{"cpu", {100, 250, 4'000}}, {"memory", {64 * kMi, 128 * kMi, 1024 * kMi}}}});
  const Value plan = EncodePlan(answer);
  EXPECT_EQ(WriteJson(plan.GetList("hosts")[0].GetList("resources")[0]),
            R"({"name":"cpu","before":"100m","after":"250m","allocatable":"4"})");
  EXPECT_EQ(WriteJson(plan.GetList("hosts")[0].GetList("resources")[1]),
            R"({"name":"memory","before":"64Mi","after":"128Mi","allocatable":"1Gi"})");
}

// FAULTS 25: a value never, that it changed always.
TEST(PlanView, ManifestsOfSecretsAreMaskedAndToldApart) {
  const auto before = std::make_shared<Secret>();
  before->metadata.name = "s";
  before->data = {{"changed", "hunter1"}, {"same", "hunter2"}};
  const auto after = std::make_shared<Secret>(*before);
  after->data["changed"] = "hunter3";
  before->metadata.annotations[std::string(kLastApplied)] = R"({"data":{"same":"aHVudGVyMg=="}})";
  after->metadata.annotations[std::string(kLastApplied)] = R"({"data":{"same":"hunter2"}})";
  Controller::PlanAnswer answer;
  answer.preview.changes.push_back({.type = ChangeType::kChange,
                                    .key = {Kind::kSecret, "default", "s"},
                                    .before = before,
                                    .after = after,
                                    .fields = DiffObjects(*before, *after)});
  const std::string text = WriteJson(EncodePlan(answer, true));
  EXPECT_NE(text.find(R"~("data":{"changed":"*** (before)","same":"***"})~"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"~("data":{"changed":"*** (after)","same":"***"})~"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("hunter"), std::string::npos);
  EXPECT_EQ(text.find(EncodeBase64("hunter2")), std::string::npos);
}

TEST(PlanView, NamesTheHold) {
  Controller::PlanAnswer answer = MakeAnswer();
  answer.held = HeldPrune{.plan_hash = "ab12", .reason = "would remove 9 of 10 objects"};
  EXPECT_EQ(EncodePlan(answer).Find("held")->GetString("planHash"), "ab12");
}

}  // namespace
}  // namespace reconcile
