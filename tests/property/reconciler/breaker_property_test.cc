#include <gtest/gtest.h>

#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kBreakerCases = 1'200;

// What a commit takes away, counted apart from the code.
struct Loss {
  int objects = 0;
  int owned = 0;
  int running = 0;
  int stopped = 0;
  bool empties = false;
};

Loss LossOf(const World& world, const std::vector<ObjectPtr>& commit) {
  Loss loss;
  std::map<ObjectKey, ObjectPtr> declared;
  for (const ObjectPtr& object : commit) declared[object->key()] = object;
  std::map<std::string, int> pods;
  for (const auto& pod : world.ActivePods()) {
    if (!pod->spec.node_name.empty()) ++pods[pod->metadata.labels.at("app")];
  }
  for (const Kind kind : kAllKinds) {
    for (const auto& [key, object] : world.state.Objects(kind)) {
      if (object->metadata.origin.source != "main") continue;
      ++loss.owned;
      const int runs = kind == Kind::kDeployment ? pods[key.name] : 0;
      loss.running += runs;
      if (!declared.contains(key)) {
        ++loss.objects;
        loss.stopped += runs;
      } else if (kind == Kind::kDeployment) {
        const int wanted = As<Deployment>(*declared[key])->spec.replicas;
        const int had = As<Deployment>(*object)->spec.replicas;
        if (wanted == 0 && had > 0) ++loss.objects;
        if (wanted < had) loss.stopped += std::max(0, runs - wanted);
      }
    }
  }
  loss.empties = commit.empty() && loss.owned > 0;
  return loss;
}

std::vector<ObjectPtr> AnyCommit(Generator* generator) {
  std::vector<ObjectPtr> commit;
  for (int i = 0; i < 14; ++i) {
    const std::string name = "app-" + std::to_string(i);
    if (generator->OneIn(2)) commit.push_back(MakeConfigMap(name));
    if (generator->OneIn(4)) commit.push_back(MakeDeployment(name, generator->Int(0, 4)));
  }
  if (generator->OneIn(20)) commit.clear();
  return commit;
}

TEST(BreakerProperty, NeverLetsMoreThanTheLimitsThrough) {
  int held_count = 0;
  for (uint64_t seed = 0; seed < kBreakerCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    world.Declare(AnyCommit(&generator));
    const std::vector<ObjectPtr> commit = AnyCommit(&generator);
    const BreakerLimits limits{.max_objects = generator.Int(2, 12),
                               .max_percent = generator.Int(10, 90),
                               .min_for_percent = generator.Int(1, 6)};
    Source source;
    source.metadata.name = "main";
    const ObjectChanges changes = world.ChangesFor(commit);
    const auto held =
        CheckBreaker(changes, world.state, source, "c0ffee", {}, limits, world.now.wall).held;
    const Loss loss = LossOf(world, commit);
    const auto too_large = [&](int part, int whole) {
      return part >= limits.min_for_percent && part * 100 > whole * limits.max_percent;
    };
    const bool beyond = loss.empties || loss.objects > limits.max_objects ||
                        too_large(loss.objects, loss.owned) ||
                        too_large(loss.stopped, loss.running);
    if (beyond) {
      ASSERT_TRUE(held.has_value()) << loss.objects << " of " << loss.owned;
    } else if (held) {
      ASSERT_NE(held->reason.find("all workloads of namespace"), std::string::npos) << held->reason;
    }
    if (!held) continue;
    ++held_count;
    source.status.held = held;
    source.status.held->confirmed = true;
    ASSERT_FALSE(
        CheckBreaker(changes, world.state, source, "c0ffee", {}, limits, world.now.wall).held);
  }
  EXPECT_GT(held_count, static_cast<int>(kBreakerCases) / 10);
  EXPECT_LT(held_count, static_cast<int>(kBreakerCases));
}

// However a person cuts it into commits: within an hour no more goes than one commit may take.
TEST(BreakerProperty, CommitsOfAnHourTogetherStayWithinTheLimits) {
  int held_count = 0;
  for (uint64_t seed = 0; seed < kBreakerCases / 4; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world;
    world.AddNode("host-1", "64", "64Gi");
    std::map<std::string, int> sizes;
    const auto commit = [&sizes] {
      std::vector<ObjectPtr> objects;
      for (int i = 0; i < 30; ++i) objects.push_back(MakeConfigMap("map-" + std::to_string(i)));
      for (const auto& [name, size] : sizes) objects.push_back(MakeDeployment(name, size));
      return objects;
    };
    for (int i = 0; i < 5; ++i) sizes["app-" + std::to_string(i)] = generator.Int(1, 5);
    world.Declare(commit());
    const int running = static_cast<int>(world.ActivePods().size());
    Source source;
    source.metadata.name = "main";
    int stopped = 0;
    for (int step = 0; step < 12; ++step) {
      world.Advance(generator.Int(0, 290'000));
      const std::map<std::string, int> before = sizes;
      const std::string app = "app-" + std::to_string(generator.Int(0, 4));
      if (!sizes.contains(app)) continue;
      sizes[app] -= generator.Int(1, 4);
      if (sizes[app] <= 0) sizes.erase(app);
      const BreakerVerdict verdict = CheckBreaker(world.ChangesFor(commit()), world.state, source,
                                                  "c0ffee", {}, BreakerLimits(), world.now.wall);
      if (verdict.held) {
        ++held_count;
        sizes = before;
        continue;
      }
      stopped += before.at(app) - (sizes.contains(app) ? sizes.at(app) : 0);
      RememberPrune(verdict.counted, BreakerLimits(), world.now.wall, &source.status);
      world.Declare(commit());
      ASSERT_TRUE(stopped < 5 || stopped * 2 <= running) << stopped << " of " << running;
    }
  }
  EXPECT_GT(held_count, 0);
}

}  // namespace
}  // namespace reconcile
