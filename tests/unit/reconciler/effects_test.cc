#include "reconciler/effects.h"

#include <gtest/gtest.h>

#include "reconciler/preview.h"
#include "tests/unit/reconciler/world.h"

namespace reconcile {
namespace {

// A cluster that is what `before` declares.
World SettledWorld(const std::vector<ObjectPtr>& before) {
  World world;
  for (const char* name : {"host-1", "host-2"}) world.AddNode(name);
  world.Declare(before);
  return world;
}

struct Seen {
  Preview preview;
  std::string effects;  // "path: effect", one line a field
};
Seen PreviewOfChange(const World& world, const std::vector<ObjectPtr>& after) {
  Seen seen{PreviewChanges(world.state, world.ChangesFor(after), world.now), ""};
  for (size_t i = 0; i < seen.preview.changes.size(); ++i) {
    const ObjectChange& change = seen.preview.changes[i];
    for (size_t j = 0; j < change.fields.size(); ++j) {
      seen.effects += change.fields[j].path + ": " +
                      std::string(ToString(seen.preview.effects[i].fields[j].effect)) + "\n";
    }
  }
  return seen;
}

std::string EffectsOfChange(const std::vector<ObjectPtr>& before,
                            const std::vector<ObjectPtr>& after) {
  return PreviewOfChange(SettledWorld(before), after).effects;
}

template <typename T>
std::shared_ptr<T> Edited(const std::shared_ptr<T>& object, const std::function<void(T*)>& edit) {
  auto copy = std::make_shared<T>(*object);
  edit(copy.get());
  return copy;
}

// A Node without a spec gets one: there is no change of a field in it then.
TEST(Effects, AFirstTaintOfANodeIsForPodsToCome) {
  const auto node = MakeNode("host-1", {{"disk", "ssd"}});
  const auto after = Edited<Node>(node, [](Node* tainted) { tainted->spec.unschedulable = true; });
  EXPECT_EQ(EffectsOfChange({node}, {after}).find("none"), std::string::npos)
      << EffectsOfChange({node}, {after});
  EXPECT_NE(EffectsOfChange({node}, {after}).find("next start"), std::string::npos);
}

TEST(Effects, ADeploymentRollsOutForItsTemplateAlone) {
  const auto web = MakeDeployment("web", 2);
  const auto after = Edited<Deployment>(web, [](Deployment* deployment) {
    deployment->metadata.labels["tier"] = "web";
    deployment->spec.replicas = 3;
    deployment->spec.min_ready_seconds = 1;
    deployment->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  });
  EXPECT_EQ(EffectsOfChange({web}, {after}),
            "metadata.labels[tier]: none\n"
            "spec.replicas: scale\n"
            "spec.template.spec.containers[main].image: rollout\n"
            "spec.minReadySeconds: in place\n");
}

TEST(Effects, APausedDeploymentRollsOutWhenItResumes) {
  const auto web = MakeDeployment("web", 2);
  const auto paused = Edited<Deployment>(web, [](Deployment* deployment) {
    deployment->spec.paused = true;
    deployment->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  });
  EXPECT_EQ(EffectsOfChange({web}, {paused}),
            "spec.template.spec.containers[main].image: none\nspec.paused: in place\n");
  const auto resumed =
      Edited<Deployment>(paused, [](Deployment* deployment) { deployment->spec.paused = false; });
  World world = SettledWorld({web});
  world.Declare({paused});
  const Seen seen = PreviewOfChange(world, {resumed});
  EXPECT_EQ(seen.effects, "spec.paused: rollout\n");
  EXPECT_EQ(seen.preview.pods.size(), 4U) << "two go, two come";
}

TEST(Effects, ReplicaSetsAndControllersKeepTheirPods) {
  const auto set = MakeReplicaSet("set", 2);
  const auto new_set = Edited<ReplicaSet>(set, [](ReplicaSet* changed) {
    changed->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  });
  EXPECT_EQ(EffectsOfChange({set}, {new_set}),
            "spec.template.spec.containers[main].image: next start\n");
  const auto rc = MakeController("rc", 2);
  const auto new_rc = Edited<ReplicationController>(rc, [](ReplicationController* changed) {
    changed->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  });
  World world = SettledWorld({rc});
  const Seen seen = PreviewOfChange(world, {new_rc});
  EXPECT_EQ(seen.effects, "spec.template.spec.containers[main].image: next start\n");
  EXPECT_TRUE(seen.preview.pods.empty());
}

TEST(Effects, APodComesAgainForItsSpecAndKeepsRunningForItsLabels) {
  const auto pod = MakePod("one");
  const auto after = Edited<Pod>(pod, [](Pod* changed) {
    changed->metadata.labels["tier"] = "web";
    changed->spec.containers.Edit()[0].image = "img:2";
  });
  World world = SettledWorld({pod});
  const Seen seen = PreviewOfChange(world, {after});
  EXPECT_EQ(seen.effects,
            "metadata.labels[tier]: in place\nspec.containers[main].image: recreate\n");
  EXPECT_EQ(seen.preview.pods.size(), 2U);
}

std::shared_ptr<Deployment> WithVariable(const std::string& config_map, const std::string& key) {
  auto web = MakeDeployment("web", 1);
  EnvVar& variable = web->spec.pod_template.spec.containers.Edit()[0].env.emplace_back();
  variable.name = "GREETING";
  variable.value_from.emplace().config_map_key_ref.emplace();
  variable.value_from->config_map_key_ref->name = config_map;
  variable.value_from->config_map_key_ref->key = key;
  return web;
}

TEST(Effects, AConfigMapIsReadAtTheNextStartOfThoseWhoUseTheKeyThatChanges) {
  const auto config = MakeConfigMap("config", "1");
  const std::string used = config->data.begin()->first;
  const auto changed = Edited<ConfigMap>(config, [&](ConfigMap* after) {
    after->data[used] = "2";
    after->data["other"] = "new";
  });
  const auto web = WithVariable("config", used);
  World world = SettledWorld({config, web});
  const Seen seen = PreviewOfChange(world, {changed, web});
  EXPECT_EQ(seen.effects, "data[" + used + "]: next start\ndata[other]: none\n");
  for (size_t i = 0; i < seen.preview.changes.size(); ++i) {
    if (seen.preview.changes[i].key.kind != Kind::kConfigMap) continue;
    const ChangeEffect& effect = seen.preview.effects[i];
    EXPECT_EQ(effect.strongest, Effect::kNextStart);
    ASSERT_EQ(effect.users.size(), 1U);
    EXPECT_EQ(effect.users[0], (ConfigUser{{Kind::kDeployment, "default", "web"}, true, false}));
  }
  EXPECT_TRUE(seen.preview.pods.empty());
}

TEST(Effects, APartOfAVolumeIsReadAtTheNextStartAndAWholeOneChangesInPlace) {
  const auto config = MakeConfigMap("config", "1");
  const auto changed =
      Edited<ConfigMap>(config, [](ConfigMap* after) { after->data.begin()->second = "2"; });
  const std::string whole = R"({"name":"v","mountPath":"/v"})";
  const std::string part = R"({"name":"v","mountPath":"/p","subPath":"a"})";
  for (const auto& [mounts, effect] : {std::pair(whole, "in place"), std::pair(part, "next start"),
                                       std::pair(whole + "," + part, "next start")}) {
    auto web = MakeDeployment("web", 1);
    PodSpec& spec = web->spec.pod_template.spec;
    spec.others.Set("volumes",
                    ParseJson(R"([{"name":"v","configMap":{"name":"config"}}])").value());
    spec.containers.Edit()[0].others.Set("volumeMounts", ParseJson("[" + mounts + "]").value());
    World world = SettledWorld({config, web});
    const Seen seen = PreviewOfChange(world, {changed, web});
    EXPECT_EQ(seen.effects, "data[" + config->data.begin()->first + "]: " + effect + "\n")
        << mounts;
  }
}

TEST(Effects, ACourseSaysHowManyPodsThereAreMeanwhile) {
  const auto web = MakeDeployment("web", 4);
  const auto after = Edited<Deployment>(web, [](Deployment* deployment) {
    deployment->spec.pod_template.spec.containers.Edit()[0].image = "img:2";
  });
  World world = SettledWorld({web, MakeController("rc", 2)});
  const Seen seen = PreviewOfChange(world, {after, MakeController("rc", 2)});
  ASSERT_EQ(seen.preview.courses.size(), 1U) << "the other has no course";
  const RolloutCourse& course = seen.preview.courses[0];
  EXPECT_EQ(ToString(course.workload), "Deployment default/web");
  EXPECT_EQ(course.before, 4);
  EXPECT_EQ(course.after, 4);
  EXPECT_EQ(course.most, 5) << "a quarter more";
  EXPECT_EQ(course.least_ready, 3) << "a quarter fewer";
}

TEST(Effects, ACourseOfWhatGoesEndsAtNothing) {
  World world = SettledWorld({MakeDeployment("web", 3)});
  const Seen seen = PreviewOfChange(world, {});
  ASSERT_EQ(seen.preview.courses.size(), 1U);
  EXPECT_EQ(ToString(seen.preview.courses[0].workload), "Deployment default/web");
  EXPECT_EQ(seen.preview.courses[0].before, 3);
  EXPECT_EQ(seen.preview.courses[0].after, 0);
}

TEST(Effects, HostsSayWhatIsRequestedOfThem) {
  const auto web = MakeDeployment("web", 2);
  Request(&web->spec.pod_template.spec, "500m", "64Mi");
  World world = SettledWorld({});
  const Seen seen = PreviewOfChange(world, {web});
  ASSERT_EQ(seen.preview.hosts.size(), 2U);
  for (const HostLoad& host : seen.preview.hosts) {
    EXPECT_EQ(host.pods_before, 0);
    EXPECT_EQ(host.pods_after, 1);
    EXPECT_EQ(host.resources.at("cpu").after_milli, 500);
    EXPECT_EQ(host.resources.at("cpu").allocatable_milli, 4'000);
  }
}

}  // namespace
}  // namespace reconcile
