#include <gtest/gtest.h>

#include "reconciler/desired_memory.h"
#include "reconciler/scheduler/usage_cache.h"
#include "reconciler/settled.h"
#include "schema/codec.h"
#include "schema/kept.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kHistories = 300;
constexpr int kTurnsOfHistory = 40;

std::string PlanText(const Plan& plan) {
  std::string text = WritesText(plan);
  for (const Reason& reason : plan.reasons) {
    text += ToString(reason.key) + " " + reason.reason + " " + reason.message + "\n";
  }
  return text + (plan.more ? "more\n" : "");
}

// What hosts, people and clocks do between turns.
class History {
 public:
  explicit History(uint64_t seed, bool clocks_jump = true)
      : clocks_jump_(clocks_jump),
        generator_(seed),
        world(generator_.MakeWorld()),
        commit(generator_.MakeCommit()) {}

  void Go() {
    switch (generator_.Int(1, 15)) {
      case 1:
      case 2:
        commit = generator_.Edit(commit);
        break;
      case 3:
        commit = generator_.MakeCommit();
        break;
      case 4:
      case 5:
        world.Obey();
        break;
      case 6:
        SomePod([&](const Pod& pod) { world.SetReady(pod, generator_.OneIn(2)); });
        break;
      case 7:
        SomePod([&](const Pod& pod) { world.state.Delete(pod.key()); });
        break;
      case 8:
        SomePod([&](const Pod& pod) { Finish(pod); });
        break;
      case 9:
        SomePod([&](const Pod& pod) { Orphan(pod); });
        break;
      case 10:
        SomeSet();
        break;
      case 11:
        SomeNode();
        break;
      case 12:
        SomeNamespace();
        break;
      case 13:
        world.Advance(generator_.Int(1, 700'000));
        break;
      case 14:
        if (clocks_jump_) world.now.wall.ms += generator_.Int(-3'600'000, 3'600'000);
        break;
      case 15:
        SomeBudget();
        break;
    }
    if (generator_.OneIn(3)) world.Advance(generator_.Int(0, 20'000));
  }
  // As the store does: written objects come back as others, and now and then nothing is written.
  void Commit(const Plan& plan) {
    if (generator_.OneIn(12)) return;
    for (const Write& write : plan.transaction.writes) {
      if (write.object == nullptr) {
        world.state.Delete(write.key);
      } else {
        world.state.Put(write.object->Clone());
      }
    }
  }
  bool OneIn(int n) { return generator_.OneIn(n); }

 private:
  template <typename Function>
  void SomePod(Function act) {
    const auto pods = world.Pods();
    if (pods.empty()) return;
    act(*pods[static_cast<size_t>(generator_.Int(0, static_cast<int>(pods.size()) - 1))]);
  }
  void Finish(const Pod& pod) {
    world.Edit<Pod>(pod.metadata.namespace_name, pod.metadata.name, [&](Pod* edited) {
      edited->status.phase = generator_.OneIn(2) ? PodPhase::kFailed : PodPhase::kSucceeded;
    });
  }
  void Orphan(const Pod& pod) {
    world.Edit<Pod>(pod.metadata.namespace_name, pod.metadata.name, [&](Pod* edited) {
      edited->metadata.owner_references.clear();
      if (generator_.OneIn(3)) edited->metadata.labels["app"] = "other";
    });
  }
  void SomeSet() {
    std::vector<std::shared_ptr<const ReplicaSet>> sets;
    world.state.ForEach<ReplicaSet>([&](const auto& set) { sets.push_back(set); });
    if (sets.empty()) return;
    const ReplicaSet& set =
        *sets[static_cast<size_t>(generator_.Int(0, static_cast<int>(sets.size()) - 1))];
    if (generator_.OneIn(3)) return world.state.Delete(set.key());
    world.Edit<ReplicaSet>(set.metadata.namespace_name, set.metadata.name, [&](ReplicaSet* edited) {
      if (generator_.OneIn(2)) {
        edited->metadata.owner_references.clear();
      } else {
        edited->spec.replicas = generator_.Int(0, 5);
      }
    });
  }
  void SomeNode() {
    const ObjectMap nodes = world.state.Objects(Kind::kNode);
    if (nodes.empty() || generator_.OneIn(3)) {
      return world.AddNode("late-" + std::to_string(generator_.Int(1, 3)));
    }
    const std::string name = nodes.begin()->first.name;
    if (generator_.OneIn(3)) return world.state.Delete({Kind::kNode, "", name});
    world.Edit<Node>("", name, [&](Node* node) {
      const int what = generator_.Int(0, 5);
      if (what < 2) {
        node->spec.unschedulable = !node->spec.unschedulable;
      } else if (what == 2) {
        node->spec.taints.clear();
        if (generator_.OneIn(3)) return;
        node->spec.taints.push_back({.key = "gone",
                                     .value = "",
                                     .effect = TaintEffect::kNoExecute,
                                     .time_added = std::nullopt});
      } else if (what == 3) {
        node->status.cordon.emplace();
        node->status.drain = {.until = std::nullopt, .force = generator_.OneIn(2)};
        if (generator_.OneIn(2)) node->status.drain->until = WallTime{world.now.wall.ms + 30'000};
      } else {
        const bool silent = generator_.OneIn(2);
        SetCondition(&node->status.conditions,
                     {.type = "Ready",
                      .status = silent ? ConditionStatus::kUnknown : ConditionStatus::kTrue,
                      .reason = silent ? std::string(kNodeStatusUnknown) : "AgentReady"},
                     world.now.wall);
      }
    });
  }
  // Of all pods, so that drains meet it.
  void SomeBudget() {
    const auto budget = std::make_shared<PodDisruptionBudget>();
    budget->metadata.name = "budget";
    budget->metadata.namespace_name = "default";
    if (generator_.OneIn(4)) return world.state.Delete(budget->key());
    Value spec = Value::MakeMap();
    spec.Set(generator_.OneIn(2) ? "minAvailable" : "maxUnavailable",
             generator_.OneIn(2) ? Value::Int(generator_.Int(0, 3)) : Value::String("50%"));
    spec.Set("selector", Value::MakeMap());
    budget->others.Set("spec", std::move(spec));
    world.state.Put(budget);
  }
  void SomeNamespace() {
    if (world.state.Find<Namespace>("", "default") == nullptr) return;
    world.Edit<Namespace>("", "default", [&](Namespace* space) {
      if (space->metadata.deletion_timestamp) {
        space->metadata.deletion_timestamp.reset();
      } else if (generator_.OneIn(3)) {
        space->metadata.deletion_timestamp = world.now.wall;
      }
    });
  }

  bool clocks_jump_;
  Generator generator_;

 public:
  World world;
  std::vector<ObjectPtr> commit;
};

std::string WakesText(const Settled& settled) {
  std::string text;
  for (const auto& [key, at] : settled.wakes) {
    text += "\n  " + ToString(key) + " at " + std::to_string(at.ms);
  }
  return text;
}

// A turn that looks only at what changed plans what one that looks at everything plans, down to the
// order of reasons and the next moment to wake. (That may come earlier where a stamp is from the
// future: the wait for it is counted from the last look.)
TEST(IncrementalProperty, PlansWhatAFullTurnPlans) {
  for (uint64_t seed = 0; seed < kHistories; ++seed) {
    SCOPED_TRACE(seed);
    const bool clocks_jump = seed % 2 == 1;
    History history(seed, clocks_jump);
    World& world = history.world;
    Settled settled;
    for (int turn = 0; turn < kTurnsOfHistory; ++turn) {
      history.Go();
      const ObjectChanges changes =
          history.OneIn(3) ? world.ChangesFor(history.commit) : ObjectChanges();
      const Plan full = Reconcile(world.state, changes, world.now);
      const Plan plan = Reconcile(world.state, changes, world.now, &settled);
      ASSERT_EQ(PlanText(plan), PlanText(full)) << "turn " << turn;
      if (clocks_jump && full.wake_at) {
        ASSERT_LE(plan.wake_at.value(), *full.wake_at) << "turn " << turn;
      } else if (!clocks_jump) {
        ASSERT_EQ(plan.wake_at, full.wake_at)
            << "turn " << turn << " at " << world.now.mono.ms << WakesText(settled);
      }
      history.Commit(plan);
    }
  }
}

// What is remembered of one cluster does no harm to another: a controller whose database was put
// back, say.
TEST(IncrementalProperty, PlansFromAnyStateWithWhatAnyOtherLeft) {
  for (uint64_t seed = 0; seed < kHistories / 3; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    History other(seed + kHistories);
    Settled settled;
    for (int turn = 0; turn < 8; ++turn) {
      for (History* of : {&history, &other}) {
        of->Go();
        World& world = of->world;
        const ObjectChanges changes = world.ChangesFor(of->commit);
        const Plan full = Reconcile(world.state, changes, world.now);
        const Plan plan = Reconcile(world.state, changes, world.now, &settled);
        ASSERT_EQ(full.transaction.writes.size(), plan.transaction.writes.size());
        ASSERT_TRUE(
            SameState(Apply(world.state, full.transaction), Apply(world.state, plan.transaction)));
        of->Commit(plan);
      }
    }
  }
}

std::string ProblemsText(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems.errors) text += "error: " + problem.ToString() + "\n";
  for (const Problem& problem : problems.warnings) text += "warning: " + problem.ToString() + "\n";
  return text;
}

std::string VerdictText(const BreakerVerdict& verdict) {
  const RecentPrune& counted = verdict.counted;
  return (verdict.held ? verdict.held->reason : "not held") + " " +
         std::to_string(counted.objects) + "/" + std::to_string(counted.pods);
}

// Something that Git does not say: an object of another source, of none, or gone.
void Meddle(History* history) {
  World& world = history->world;
  const Kind kind = history->OneIn(2) ? Kind::kConfigMap : Kind::kDeployment;
  const ObjectMap objects = world.state.Objects(kind);
  if (objects.empty()) return;
  const ObjectPtr object = objects.begin()->second;
  if (history->OneIn(3)) return world.state.Delete(object->key());
  const std::shared_ptr<Object> changed = object->Clone();
  if (history->OneIn(2)) {
    changed->metadata.origin.source = history->OneIn(2) ? "second" : "";
  } else {
    changed->metadata.labels["meddled"] = "yes";
  }
  world.state.Put(changed);
}

// Compares one look at a commit, with and without a memory.
void LookAtCommit(History* history, DesiredMemory* memory, Settled* settled) {
  World& world = history->world;
  Problems problems;
  Problems remembered;
  const DesiredState full = BuildDesired("main", "c0ffee", history->commit, world.state, &problems);
  const DesiredState desired =
      memory->Build("main", "c0ffee", history->commit, world.state, &remembered);
  ASSERT_EQ(ProblemsText(problems), ProblemsText(remembered));
  ASSERT_TRUE(std::equal(full.objects.begin(), full.objects.end(), desired.objects.begin(),
                         desired.objects.end(), [](const auto& a, const auto& b) {
                           return a.first == b.first && EqualObjects(*a.second, *b.second);
                         }));
  if (!problems.errors.empty()) return;
  CheckOwners(full, world.state, {}, &problems);
  const ObjectChanges changes = memory->Compare(desired, world.state, {}, &remembered);
  ASSERT_EQ(ProblemsText(problems), ProblemsText(remembered));
  if (!problems.errors.empty()) return;
  const ObjectChanges wanted = Diff(full, world.state);
  const auto source = world.state.Find<Source>("", "main");
  const auto verdict = [&](const ObjectChanges& of) {
    return VerdictText(CheckBreaker(of, world.state, *source, "c0ffee", {}, {}, world.now.wall));
  };
  ASSERT_EQ(verdict(wanted), verdict(changes));
  const Plan plan = Reconcile(world.state, changes, world.now, settled);
  ASSERT_EQ(PlanText(plan), PlanText(Reconcile(world.state, wanted, world.now)));
  history->Commit(plan);
}

// What is remembered of a source's last commits changes nothing but the time that the next takes.
TEST(IncrementalProperty, CommitsLeadToWhatTheyLeadToWithoutMemory) {
  for (uint64_t seed = 0; seed < kHistories; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    DesiredMemory memory;
    Settled settled;
    for (int turn = 0; turn < kTurnsOfHistory && !testing::Test::HasFatalFailure(); ++turn) {
      SCOPED_TRACE(turn);
      if (history.OneIn(2)) history.Go();
      if (history.OneIn(8)) Meddle(&history);
      LookAtCommit(&history, &memory, &settled);
    }
  }
}

TEST(IncrementalProperty, UsageOfNodesIsWhatItIsWhenCountedAnew) {
  for (uint64_t seed = 0; seed < kHistories / 3; ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    UsageCache cache;
    for (int turn = 0; turn < kTurnsOfHistory; ++turn) {
      history.Go();
      World& world = history.world;
      world.Take(world.ChangesFor(history.commit));
      cache.Update(world.state);
      const std::vector<NodeUsage> anew = UsageOf(world.state);
      ASSERT_EQ(cache.nodes().size(), anew.size());
      for (size_t i = 0; i < anew.size(); ++i) {
        const NodeUsage& node = cache.nodes()[i];
        ASSERT_EQ(node.node, anew[i].node);
        ASSERT_EQ(node.ready, anew[i].ready);
        ASSERT_EQ(node.pods, anew[i].pods);
        ASSERT_EQ(node.requested_milli, anew[i].requested_milli);
        ASSERT_EQ(node.siblings, anew[i].siblings);
        for (const auto& [uid, count] : node.siblings) {
          ASSERT_EQ(cache.SiblingsOf(uid).at(i), count);
        }
      }
    }
  }
}

}  // namespace
}  // namespace reconcile
