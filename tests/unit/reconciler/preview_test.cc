#include "reconciler/preview.h"

#include <gtest/gtest.h>

#include "reconciler/turn.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

std::string Word(PodFate fate) {
  switch (fate) {
    case PodFate::kCreate:
      return "create";
    case PodFate::kWait:
      return "wait";
    case PodFate::kRemove:
      return "remove";
    case PodFate::kKeep:
      return "keep";
    case PodFate::kUnschedulable:
      return "unplaced";
  }
  return "";
}

int Count(const Preview& preview, PodFate fate) {
  int count = 0;
  for (const PodPreview& pod : preview.pods) count += pod.fate == fate ? 1 : 0;
  return count;
}

Preview PreviewOf(const World& world, const std::vector<ObjectPtr>& objects) {
  return PreviewChanges(world.state, world.ChangesFor(objects), world.now);
}

World PreviewWorld() {
  World world;
  for (const char* name : {"host-1", "host-2", "host-3"}) world.AddNode(name);
  return world;
}

// What runs, by pod name, and where.
std::map<std::string, std::string> Running(const World& world) {
  std::map<std::string, std::string> running;
  for (const auto& pod : world.ActivePods()) running[pod->metadata.name] = pod->spec.node_name;
  return running;
}

void ExpectFulfilled(const Preview& preview, const std::map<std::string, std::string>& before,
                     const std::map<std::string, std::string>& after) {
  std::map<std::string, std::string> predicted = before;
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate == PodFate::kRemove) predicted.erase(pod.key.name);
  }
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate == PodFate::kCreate) predicted[pod.key.name] = pod.node;
  }
  EXPECT_EQ(predicted, after);
}

TEST(Preview, ScalingNamesTheNewPodsAndTheirHosts) {
  World world = PreviewWorld();
  world.Declare({MakeController("my-node", 2)});
  const auto before = Running(world);
  const Preview preview = PreviewOf(world, {MakeController("my-node", 5)});
  EXPECT_EQ(preview.pods.size(), 3u);
  EXPECT_EQ(Count(preview, PodFate::kCreate), 3);
  for (const PodPreview& pod : preview.pods) {
    EXPECT_EQ(ToString(pod.workload), "ReplicationController default/my-node");
    EXPECT_FALSE(pod.node.empty());
    EXPECT_NE(pod.explanation.find("3 of 3 nodes fit"), std::string::npos) << pod.explanation;
  }
  world.Declare({MakeController("my-node", 5)});
  ExpectFulfilled(preview, before, Running(world));
}

TEST(Preview, ARolloutShowsWhatIsReplacedAndWhereItGoes) {
  World world = PreviewWorld();
  world.Declare({MakeDeployment("web", 5, "img:1")});
  const auto before = Running(world);
  const Preview preview = PreviewOf(world, {MakeDeployment("web", 5, "img:2")});
  EXPECT_EQ(Count(preview, PodFate::kCreate), 5);
  EXPECT_EQ(Count(preview, PodFate::kRemove), 5);
  for (const PodPreview& pod : preview.pods) {
    EXPECT_EQ(ToString(pod.workload), "Deployment default/web");
    if (pod.fate == PodFate::kRemove) {
      EXPECT_EQ(pod.explanation, "replaced: its template changed");
    }
  }
  world.Declare({MakeDeployment("web", 5, "img:2")});
  ExpectFulfilled(preview, before, Running(world));
}

TEST(Preview, SaysWhyPodsAreRemoved) {
  World world = PreviewWorld();
  world.Declare({MakeDeployment("web", 3), MakeController("rc", 2), MakePod("job", "img:1")});
  const Preview preview = PreviewOf(world, {MakeDeployment("web", 1), MakePod("job", "img:2")});
  std::vector<std::string> lines;
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate == PodFate::kRemove)
      lines.push_back(ToString(pod.workload) + ": " + pod.explanation);
  }
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "Pod default/job: created anew: its declaration changed",
                       "ReplicationController default/rc: ReplicationController default/rc is no "
                       "longer declared",
                       "ReplicationController default/rc: ReplicationController default/rc is no "
                       "longer declared",
                       "Deployment default/web: scaled from 3 to 1",
                       "Deployment default/web: scaled from 3 to 1"}));
}

TEST(Preview, ARecreatedPodIsRemovedAndCreated) {
  World world = PreviewWorld();
  world.Declare({MakePod("job", "img:1")});
  const Preview preview = PreviewOf(world, {MakePod("job", "img:2")});
  ASSERT_EQ(preview.pods.size(), 2u);
  EXPECT_EQ(Word(preview.pods[0].fate), "remove");
  EXPECT_EQ(Word(preview.pods[1].fate), "create");
  EXPECT_EQ(preview.pods[0].key, preview.pods[1].key);
}

TEST(Preview, WhatDoesNotFitSaysWhyForEachHost) {
  World world;
  world.AddNode("host-1", "1");
  auto deployment = MakeDeployment("web", 3);
  Request(&deployment->spec.pod_template.spec, "500m", "");
  const Preview preview = PreviewOf(world, {deployment});
  EXPECT_EQ(Count(preview, PodFate::kCreate), 2);
  ASSERT_EQ(Count(preview, PodFate::kUnschedulable), 1);
  for (const PodPreview& pod : preview.pods) {
    if (pod.fate != PodFate::kUnschedulable) continue;
    EXPECT_EQ(pod.explanation,
              "0/1 nodes are available: 1 Insufficient cpu. host-1: needs 500m cpu, 0 free");
  }
}

// One replica that takes its variables from the ConfigMap or Secret.
std::shared_ptr<ReplicationController> Reads(const std::string& config, Kind kind,
                                             const std::string& key = "") {
  auto controller = MakeController("web", 2);
  Container& container = controller->spec.pod_template.spec.containers.Edit()[0];
  const bool is_secret = kind == Kind::kSecret;
  if (key.empty()) {
    EnvFromSource& from = container.env_from.emplace_back();
    (is_secret ? from.secret_ref : from.config_map_ref) = EnvFromRef{.name = config};
  } else {
    EnvVar& variable = container.env.emplace_back();
    variable.name = "A";
    EnvVarSource& from = variable.value_from.emplace();
    (is_secret ? from.secret_key_ref : from.config_map_key_ref) =
        KeySelector{.name = config, .key = key};
  }
  return controller;
}

TEST(Preview, ContainersWaitForWhatTheirVariablesComeFrom) {
  World world = PreviewWorld();
  const auto why = [&](const std::vector<ObjectPtr>& objects) {
    const Preview preview = PreviewOf(world, objects);
    EXPECT_EQ(preview.pods.size(), 2U);
    const PodPreview& pod = preview.pods.front();
    EXPECT_FALSE(pod.node.empty());
    return Word(pod.fate) + ": " + pod.explanation;
  };
  EXPECT_EQ(why({Reads("words", Kind::kConfigMap)}),
            "wait: containers wait: ConfigMap default/words is not there");
  EXPECT_EQ(why({Reads("words", Kind::kSecret)}),
            "wait: containers wait: Secret default/words is not there");
  EXPECT_EQ(why({Reads("words", Kind::kConfigMap, "a"), MakeConfigMap("words")}),
            "wait: containers wait: ConfigMap default/words has no key \"a\"");
  EXPECT_EQ(why({Reads("words", Kind::kConfigMap), MakeConfigMap("words")}).substr(0, 6), "create");
  const auto optional = Reads("words", Kind::kConfigMap);
  optional->spec.pod_template.spec.containers.Edit()[0].env_from[0].config_map_ref->optional = true;
  EXPECT_EQ(why({optional}).substr(0, 6), "create");
  const Preview preview = PreviewOf(world, {Reads("words", Kind::kConfigMap)});
  ASSERT_EQ(preview.courses.size(), 1U);
  EXPECT_EQ(preview.courses.front().after, 2);
  EXPECT_TRUE(preview.note.empty()) << "nothing else follows";
}

TEST(Preview, APodThatNeverRanIsNoStop) {
  World world = PreviewWorld();
  world.Declare({MakeController("runs", 1)});
  world.Edit<Node>("", "host-1", [](Node* node) { node->spec.unschedulable = true; });
  const auto stuck = MakePod("stuck");
  Request(&stuck->spec, "64", "1Gi");
  world.Declare({MakeController("runs", 1), stuck});
  const Preview preview = PreviewOf(world, {});
  ASSERT_EQ(preview.pods.size(), 2U);
  for (const PodPreview& pod : preview.pods) {
    EXPECT_EQ(pod.fate, PodFate::kRemove);
    EXPECT_EQ(pod.never_ran, pod.key.name == "stuck") << pod.key.name;
  }
}

TEST(Preview, OfAnUnchangedTreeIsEmpty) {
  World world = PreviewWorld();
  world.Declare({MakeDeployment("web", 3), MakeConfigMap("a")});
  const Preview preview = PreviewOf(world, {MakeDeployment("web", 3), MakeConfigMap("a")});
  EXPECT_TRUE(preview.pods.empty());
  EXPECT_EQ(preview.changes.size(), 2u);
}

TEST(Preview, WaitsOutMinReadySeconds) {
  World world = PreviewWorld();
  const auto declared = [](const std::string& image) {
    auto deployment = MakeDeployment("web", 3, image);
    deployment->spec.min_ready_seconds = 300;
    return deployment;
  };
  world.Settle(world.ChangesFor({declared("img:1")}));
  world.Advance(300'000);
  world.Settle();
  const Preview preview = PreviewOf(world, {declared("img:2")});
  EXPECT_EQ(Count(preview, PodFate::kCreate), 3);
  EXPECT_EQ(Count(preview, PodFate::kRemove), 3);
}

TEST(Preview, PodsOfSilentHostsStayWhereTheyAre) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeController("rc", 2)});
  world.Edit<Node>("", "host-1", [&](Node* node) {
    SetCondition(&node->status.conditions, {.type = "Ready", .status = ConditionStatus::kUnknown},
                 world.now.wall);
  });
  const Preview preview = PreviewOf(world, {MakeController("rc", 1)});
  EXPECT_EQ(Count(preview, PodFate::kRemove), 1);
  EXPECT_EQ(Count(preview, PodFate::kCreate), 0);
}

TEST(Preview, GoesOnOverManyTurns) {
  World world;
  for (int i = 0; i < 12; ++i) world.AddNode("host-" + std::to_string(i), "64", "64Gi");
  const Preview preview = PreviewOf(world, {MakeReplicaSet("web", 2 * kMaxCreatesPerTurn + 1)});
  EXPECT_EQ(Count(preview, PodFate::kCreate), 2 * kMaxCreatesPerTurn + 1);
}

// Two hosts of different sizes; what was there before grew step by step.
TEST(Preview, ARolloutOverUnevenHostsEndsAsPredictedWhateverTheHostsPace) {
  for (const int64_t turn_ms : {kPreviewTurnMs, 3 * kPreviewTurnMs}) {
    SCOPED_TRACE(turn_ms);
    World world;
    world.turn_ms = turn_ms;
    world.AddNode("host-1", "6");
    world.AddNode("host-2", "3");
    const auto declared = [](int replicas, const std::string& image) {
      auto deployment = MakeDeployment("web", replicas, image);
      Request(&deployment->spec.pod_template.spec, "700m", "");
      return deployment;
    };
    for (const int replicas : {2, 5, 8}) {
      world.Declare({declared(replicas, "img:1")});
      world.Advance(600'000);
    }
    const auto before = Running(world);
    const Preview preview = PreviewOf(world, {declared(8, "img:2")});
    EXPECT_EQ(Count(preview, PodFate::kCreate), 8);
    EXPECT_EQ(preview.note, "");
    world.Declare({declared(8, "img:2")});
    ExpectFulfilled(preview, before, Running(world));
  }
}

TEST(Preview, WhatIsDecidedBeforeHostsDidAnythingIsCertain) {
  World world = PreviewWorld();
  world.Declare({MakeDeployment("web", 6), MakeController("rc", 2), MakeDeployment("old", 2)});
  const Preview preview = PreviewOf(world, {MakeDeployment("web", 2), MakeController("rc", 5)});
  EXPECT_EQ(preview.pods.size(), 9U);
  for (const PodPreview& pod : preview.pods) EXPECT_FALSE(pod.paced) << ToString(pod.key);
}

// Where other paces cannot be tried to the end, what they decide is not certain.
TEST(Preview, MarksWhatHostsDecide) {
  World world = PreviewWorld();
  const auto declared = [](const std::string& image) {
    auto deployment = MakeDeployment("web", 4, image);
    deployment->spec.strategy.rolling_update = {.max_surge = IntOrString::Int(1),
                                                .max_unavailable = IntOrString::Int(0)};
    return deployment;
  };
  world.Declare({declared("img:1")});
  const ObjectChanges changes = world.ChangesFor({declared("img:2")});
  const Preview preview = PreviewChanges(world.state, changes, world.now, {.max_turns = 4});
  int certain = 0;
  int paced = 0;
  for (const PodPreview& pod : preview.pods) ++(pod.paced ? paced : certain);
  EXPECT_EQ(certain, 1) << "the first new pod";
  EXPECT_GT(paced, 1);
}

TEST(Preview, SaysWhenItsTurnsAreUsedUp) {
  World world = PreviewWorld();
  world.Declare({MakeDeployment("web", 8, "img:1")});
  const ObjectChanges changes = world.ChangesFor({MakeDeployment("web", 8, "img:2")});
  EXPECT_EQ(PreviewChanges(world.state, changes, world.now, {.max_turns = 2}).note,
            "this plan looks 2 turns ahead, and more would change after them: what follows is not "
            "shown");
  EXPECT_EQ(PreviewChanges(world.state, changes, world.now).note, "");
}

TEST(Preview, ALargeModelIsLookedAtForFewerTurns) {
  World world = PreviewWorld();
  auto deployment = MakeDeployment("web", 2 * kMinPreviewTurns, "img:1");
  deployment->spec.strategy.rolling_update = {.max_surge = IntOrString::Int(1),
                                              .max_unavailable = IntOrString::Int(0)};
  for (const char* name : {"host-4", "host-5"}) world.AddNode(name);
  const ObjectChanges first = world.ChangesFor({deployment});
  const Preview preview = PreviewChanges(world.state, first, world.now, {.max_object_turns = 1});
  EXPECT_EQ(preview.note, "") << "it takes a few turns only";
  world.Declare({deployment});
  deployment = Mutable(*deployment);
  deployment->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  const ObjectChanges rollout = world.ChangesFor({deployment});
  EXPECT_NE(PreviewChanges(world.state, rollout, world.now, {.max_object_turns = 1}).note, "");
}

TEST(Preview, StopsWhenTimePassesAndNothingIsWritten) {
  World world = PreviewWorld();
  auto deployment = MakeDeployment("web", 2);
  deployment->spec.min_ready_seconds = 10;
  world.Settle(world.ChangesFor({deployment}));
  // A clock set back: the pods are Ready since tomorrow, and each look ahead waits ten seconds.
  world.now.wall.ms -= 86'400'000;
  const ObjectChanges changes = world.ChangesFor({deployment});
  EXPECT_EQ(PreviewChanges(world.state, changes, world.now, {.max_turns = 10}).note, "");
}

TEST(Preview, ADeploymentExportedWithItsRevisionSettles) {
  World world = PreviewWorld();
  auto deployment = MakeDeployment("web", 2);
  deployment->metadata.annotations["deployment.kubernetes.io/revision"] = "7";
  EXPECT_EQ(PreviewOf(world, {deployment}).note, "");
  world.Declare({deployment});
  EXPECT_TRUE(world.Take(world.ChangesFor({deployment})).transaction.empty());
  EXPECT_TRUE(PreviewOf(world, {deployment}).pods.empty());
}

}  // namespace
}  // namespace reconcile
