// The simulator's checkers find what they are there for.
#include "sim/checkers.h"

#include "agent/containers.h"
#include "runtime/fake_runtime.h"
#include "schema/core.h"
#include "schema/manifests.h"
#include "schema/workload.h"
#include "sim/hook_checker.h"
#include "sim/model_checker.h"

namespace reconcile {
namespace {

FakeChange Change(const std::string& what, const std::string& id, std::string_view container,
                  int32_t exit_code = 137) {
  FakeChange change{what, {}};
  change.container.id = id;
  change.container.name = id;
  change.container.exit_code = exit_code;
  change.container.labels = {{std::string(kLabelPodUid), "uid"},
                             {std::string(kLabelContainer), std::string(container)}};
  return change;
}

TEST(RestartChecker, FindsAContainerThatWasEndedWithoutNeed) {
  RestartChecker checker([](const ContainerInfo&) { return true; });
  checker.OnChange("host-1", Change("start", "a", "main"), {});
  checker.OnChange("host-1", Change("die", "a", "main"), {});
  EXPECT_EQ(checker.violations().size(), 1U);
}

TEST(RestartChecker, ExcusesFaultsCrashesLostSandboxesAndPodsThatAreToGo) {
  bool wanted = true;
  RestartChecker checker([&](const ContainerInfo&) { return wanted; });
  checker.OnChange("host-1", Change("start", "killed", "main"), {});
  checker.During([&] { checker.OnChange("host-1", Change("die", "killed", "main"), {}); });
  checker.OnChange("host-1", Change("start", "crash", "main"), {});
  checker.OnChange("host-1", Change("die", "crash", "main", kCrashExitCode), {});
  checker.OnChange("host-1", Change("start", "sandbox", kSandboxContainer), {});
  checker.OnChange("host-1", Change("start", "inside", "main"), {});
  checker.During(
      [&] { checker.OnChange("host-1", Change("die", "sandbox", kSandboxContainer), {}); });
  checker.OnChange("host-1", Change("die", "inside", "main"), {});
  checker.OnChange("host-1", Change("start", "unwanted", "main"), {});
  wanted = false;
  checker.OnChange("host-1", Change("die", "unwanted", "main"), {});
  EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
}

TEST(DoubleChecker, FindsTwoLiveContainersOfOneSlot) {
  DoubleChecker checker;
  checker.OnChange("host-1", Change("start", "a", "main"), {});
  checker.OnChange("host-2", Change("start", "b", "main"), {});
  EXPECT_EQ(checker.violations().size(), 1U);
}

FakeChange Hooked(const std::string& what, const std::string& id, std::string_view command = "") {
  FakeChange change = Change(what, id, kMainName);
  change.container.labels[std::string(kLabelPreStop)] = "{}";
  change.container.state = ContainerRunState::kRunning;
  if (!command.empty()) change.command = {std::string(command)};
  return change;
}

TEST(HookChecker, FindsASignalBeforeThePreStopHook) {
  HookChecker checker;
  checker.OnChange("host-1", Hooked("exec-asked", "a", kPreStopCommand), {});
  checker.OnChange("host-1", Hooked("signal", "a"), {});
  checker.OnChange("host-1", Hooked("exec-asked", "b", kPostStartCommand), {});
  checker.OnChange("host-1", Hooked("signal", "b"), {1'000});
  EXPECT_TRUE(checker.violations().empty()) << "nobody knows yet whether it has ended";
  checker.OnChange("host-1", Hooked("signal", "b"), {60'000});
  checker.OnChange("host-1", Hooked("signal", "c"), {});
  EXPECT_EQ(checker.violations().size(), 2U);
}

TEST(HookChecker, FindsWhatLivesOn) {
  HookChecker checker;
  checker.OnChange("host-1", Hooked("exec-asked", "a", kPreStopCommand), {});
  checker.OnChange("host-1", Hooked("die", "a"), {6'000});
  checker.OnChange("host-1", Hooked("exec-asked", "b", kPreStopCommand), {});
  checker.OnChange("host-1", Hooked("exec-asked", "c", kPreStopCommand), {});
  checker.OnChange("host-1", Hooked("die", "b"), {600'000});
  EXPECT_EQ(checker.violations().size(), 1U);
  checker.AtEnd({600'000});
  EXPECT_EQ(checker.violations().size(), 2U);
}

TEST(HookChecker, FindsAPodThatIsReadyBeforeItsPostStartHookHasEnded) {
  ClusterState state;
  auto pod = std::make_shared<Pod>();
  Container container;
  container.env = {{"GENERATION", "1", std::nullopt}};
  container.resources.requests["cpu"] = Quantity::Parse("100m").value();
  container.others.Set("lifecycle", Value::MakeMap());
  pod->spec.containers = {container};
  ContainerStatus status;
  status.ready = true;
  status.container_id = "docker://a";
  pod->status.container_statuses = {status};
  state.Put(pod);
  HookChecker checker;
  checker.OnChange("host-1", Hooked("exec-ended", "a", kPostStartCommand), {});
  checker.OnState(state, {});
  EXPECT_TRUE(checker.violations().empty()) << checker.violations().front();
  HookChecker other;
  other.OnState(state, {});
  EXPECT_EQ(other.violations().size(), 1U);
}

// A workload whose newest commit is in the model, as if the controller had just applied it.
class ModelCheckerTest : public testing::Test {
 protected:
  ModelCheckerTest() : checker_(&workload_) { workload_.Change(); }

  static ClusterState Apply(const FetchedCommit& commit) {
    ClusterState state;
    for (const ObjectPtr& object : ParseManifests(commit.files).objects) state.Put(object);
    auto source = std::make_shared<Source>();
    source->metadata.name = "main";
    source->status.applied_commit = source->status.seen_commit = commit.id;
    SetCondition(&source->status.conditions, {.type = "Ready", .status = ConditionStatus::kTrue},
                 {});
    state.Put(source);
    return state;
  }

  Workload workload_{1};
  ModelChecker checker_;
};

TEST_F(ModelCheckerTest, AgreesWithWhatWasDeclared) {
  const ClusterState first = Apply(workload_.Commit());
  workload_.Change();
  const ClusterState second = Apply(workload_.Commit());
  checker_.OnState(nullptr, first);
  checker_.OnState(&first, second);
  EXPECT_TRUE(checker_.violations().empty()) << checker_.violations().front();
  EXPECT_EQ(checker_.good_commits(), 2);
}

TEST_F(ModelCheckerTest, FindsAModelThatFollowsABrokenCommit) {
  checker_.OnState(nullptr, Apply(workload_.BrokenCommit()));
  EXPECT_EQ(checker_.violations().size(), 1U);
}

TEST_F(ModelCheckerTest, FindsAModelThatGoesBack) {
  const ClusterState first = Apply(workload_.Commit());
  workload_.Change();
  checker_.OnState(nullptr, Apply(workload_.Commit()));
  checker_.OnState(nullptr, first);
  EXPECT_EQ(checker_.violations().size(), 1U);
}

TEST_F(ModelCheckerTest, FindsAConfigMapOfAnotherValue) {
  ClusterState state = Apply(workload_.Commit());
  auto config = std::make_shared<ConfigMap>(*state.Find<ConfigMap>("default", "config"));
  config->data["generation"] = "99";
  state.Put(config);
  checker_.OnState(nullptr, state);
  EXPECT_EQ(checker_.violations().size(), 1U);
}

TEST_F(ModelCheckerTest, FindsAnObjectThatABrokenCommitWouldHaveRemoved) {
  ClusterState state = Apply(workload_.Commit());
  const auto& [name, application] = *workload_.declared().applications.begin();
  const Kind kind = application.kind == "Pod"          ? Kind::kPod
                    : application.kind == "Deployment" ? Kind::kDeployment
                                                       : Kind::kReplicationController;
  state.Delete({kind, "default", name});
  checker_.OnState(nullptr, state);
  EXPECT_EQ(checker_.violations().size(), 1U);
}

TEST_F(ModelCheckerTest, FindsAPodThatWasTakenAwayWithoutNeed) {
  ClusterState after = Apply(workload_.Commit());
  while (after.Objects(Kind::kReplicationController).empty()) {
    workload_.Change();
    after = Apply(workload_.Commit());
  }
  const auto owner =
      As<ReplicationController>(after.Objects(Kind::kReplicationController).begin()->second);
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = "default";
  pod->metadata.name = "pod-1";
  pod->metadata.uid = "uid-1";
  pod->metadata.owner_references = {
      {.kind = "ReplicationController", .name = owner->metadata.name, .controller = true}};
  pod->spec = owner->spec.pod_template.spec;
  ClusterState before = after;
  before.Put(pod);
  checker_.OnState(nullptr, before);
  EXPECT_TRUE(checker_.violations().empty());
  checker_.OnState(&before, before);
  EXPECT_TRUE(checker_.violations().empty());
  checker_.OnState(&before, after);
  EXPECT_EQ(checker_.violations().size(), 1U);
}

// After a database was lost, what ran goes on, whether the new model knows it yet or not.
TEST_F(ModelCheckerTest, MissesWhatRanWhenADatabaseWasLost) {
  ClusterState lost = Apply(workload_.Commit());
  while (lost.Objects(Kind::kReplicationController).empty()) {
    workload_.Change();
    lost = Apply(workload_.Commit());
  }
  const auto owner =
      As<ReplicationController>(lost.Objects(Kind::kReplicationController).begin()->second);
  auto pod = std::make_shared<Pod>();
  pod->metadata.namespace_name = "default";
  pod->metadata.name = "pod-1";
  pod->metadata.uid = "uid-1";
  pod->metadata.owner_references = {
      {.kind = "ReplicationController", .name = owner->metadata.name, .controller = true}};
  pod->spec = owner->spec.pod_template.spec;
  lost.Put(pod);
  checker_.OnState(nullptr, lost);
  checker_.OnState(&lost, lost);
  checker_.OnLoss(lost);
  EXPECT_TRUE(checker_.IsMissed("uid-1"));
  EXPECT_FALSE(checker_.IsMissed("uid-2"));
  EXPECT_EQ(checker_.losses(), 1);
  auto going = std::make_shared<Pod>(*pod);
  going->metadata.deletion_timestamp = WallTime{1};
  ClusterState after = lost;
  after.Put(going);
  checker_.OnState(&lost, after);
  EXPECT_TRUE(checker_.Went("uid-1"));
  EXPECT_FALSE(checker_.IsMissed("uid-1")) << "it was asked to go since";
}

// An older copy may bring an older commit back.
TEST_F(ModelCheckerTest, LetsADatabaseThatWasPutBackFollowAnOlderCommit) {
  const ClusterState first = Apply(workload_.Commit());
  workload_.Change();
  const ClusterState second = Apply(workload_.Commit());
  checker_.OnState(nullptr, second);
  checker_.OnLoss(second);
  checker_.OnState(nullptr, first);
  EXPECT_TRUE(checker_.violations().empty()) << checker_.violations().front();
}

}  // namespace
}  // namespace reconcile
