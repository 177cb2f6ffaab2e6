#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/reconciler/world.h"

// Texts that people read, as a whole: regenerate with RECONCILE_UPDATE_GOLDEN=1 and read the diff.
namespace reconcile {
namespace {

void ExpectGolden(const std::string& name, const std::string& text) {
  const std::string path = "tests/golden/reconciler/" + name;
  if (std::getenv("RECONCILE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file.good()) << path;
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(text, expected.str()) << path;
}

class Story {
 public:
  explicit Story(World* world) : world_(world) {}
  // The reasons of all turns until the world is settled.
  void Tell(const std::string& title, const std::vector<ObjectPtr>& objects) {
    text_ += "== " + title + "\n";
    for (int turn = 0; turn < 100; ++turn) {
      const Plan plan = world_->Take(world_->ChangesFor(objects));
      for (const Reason& reason : plan.reasons) Add(reason);
      const bool acted = world_->Obey();
      if (plan.transaction.empty() && !acted) break;
      if (!plan.reasons.empty()) text_ += "-- hosts do as they are told\n";
    }
  }
  const std::string& text() const { return text_; }

 private:
  void Add(const Reason& reason) {
    text_ += ToString(reason.key) + " " + std::string(ToString(reason.type)) + " " + reason.reason +
             " (" + reason.component + "): " + reason.message + "\n";
  }
  World* world_;
  std::string text_;
};

TEST(Golden, ReasonsOfARollout) {
  World world;
  world.AddNode("host-1");
  world.AddNode("host-2");
  Story story(&world);
  story.Tell("create", {MakeDeployment("web", 2), MakeConfigMap("settings", "1")});
  story.Tell("new image, other value",
             {MakeDeployment("web", 2, "img:2"), MakeConfigMap("settings", "2")});
  story.Tell("scale down", {MakeDeployment("web", 1, "img:2"), MakeConfigMap("settings", "2")});
  story.Tell("remove", {MakeConfigMap("settings", "2")});
  ExpectGolden("rollout_reasons.txt", story.text());
}

TEST(Golden, ReasonsOfPodsThatDoNotFit) {
  World world;
  world.AddNode("host-1", "1", "1Gi");
  world.AddNode("host-2", "2", "2Gi");
  world.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = true; });
  Story story(&world);
  auto big = MakeController("big", 2);
  Request(&big->spec.pod_template.spec, "600m", "700Mi");
  auto picky = MakePod("picky");
  picky->spec.node_selector["disk"] = "ssd";
  story.Tell("only one fits", {big, picky});
  world.Edit<Node>("", "host-2", [](Node* node) { node->spec.unschedulable = false; });
  story.Tell("host-2 takes pods again", {big, picky});
  ExpectGolden("unplaced_reasons.txt", story.text());
}

TEST(Golden, WordsOfTheDeletionBreaker) {
  World world;
  world.AddNode("host-1");
  world.Declare({MakeDeployment("web", 3), MakePod("job"), MakeConfigMap("settings")});
  Source source;
  source.metadata.name = "main";
  std::string text;
  const auto tell = [&](const std::string& title, const std::vector<ObjectPtr>& objects) {
    text += "== " + title + "\n";
    const auto held = CheckBreaker(world.ChangesFor(objects), world.state, source,
                                   "0123456789abcdef0123", {}, {}, world.now.wall)
                          .held;
    if (!held) return;
    text += held->reason + "\n";
    for (const std::string& object : held->objects) text += "  " + object + "\n";
  };
  tell("empty tree", {});
  tell("no workload left", {MakeConfigMap("settings")});
  tell("scaled to zero", {MakeDeployment("web", 0), MakeConfigMap("settings")});
  tell("one workload less", {MakeDeployment("web", 3), MakeConfigMap("settings")});
  ExpectGolden("breaker.txt", text);
}

}  // namespace
}  // namespace reconcile
