#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reconciler/declared.h"
#include "reconciler/deployment.h"
#include "reconciler/preview.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/scheduler/node_usage.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kCases = 400;
constexpr uint64_t kPairs = 2'000;  // of what is and what is wanted
constexpr int kCommits = 4;
constexpr int kMaxSettlingTurns = 5'000;

// minReadySeconds over: nothing waits for time any more.
void SettleInTime(World* world, const std::vector<ObjectPtr>& commit) {
  for (int i = 0; i < 20; ++i) {
    world->Declare(commit);
    world->Advance(61'000);
  }
  world->Declare(commit);
}

TEST(PlanProperty, AppliedAndPlannedAgainIsEmpty) {
  for (uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    for (int i = 0; i < kCommits; ++i) {
      world.Declare(commit);
      const ObjectChanges changes = world.ChangesFor(commit);
      for (const ObjectChange& change : changes) {
        ASSERT_EQ(change.type, ChangeType::kUnchanged) << ToString(change.key);
      }
      ASSERT_TRUE(world.Take(changes).transaction.empty());
      ASSERT_TRUE(world.Take().transaction.empty());
      commit = generator.Edit(commit);
    }
  }
}

TEST(PlanProperty, OrderOfInputDoesNotMatter) {
  for (uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    world.Declare(generator.MakeCommit());
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    ObjectChanges changes = world.ChangesFor(commit);
    const Plan plan = Reconcile(world.state, changes, world.now);
    generator.Shuffle(&commit);
    ObjectChanges shuffled = world.ChangesFor(commit);
    generator.Shuffle(&shuffled);
    const Plan other = Reconcile(world.state, shuffled, world.now);
    ASSERT_EQ(plan.transaction.writes.size(), other.transaction.writes.size());
    ASSERT_TRUE(
        SameState(Apply(world.state, plan.transaction), Apply(world.state, other.transaction)));
  }
}

// Every uid stands for one object for ever, and no pod takes the name of one that was before.
TEST(PlanProperty, UidsAndPodNamesAreNeverUsedAgain) {
  for (uint64_t seed = 0; seed < kCases / 2; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    std::map<std::string, ObjectKey> by_uid;
    std::map<std::string, std::string> pod_uids;
    for (int turn = 0; turn < 12; ++turn) {
      world.Take(world.ChangesFor(commit));
      std::set<std::string> present;
      for (const Kind kind : kAllKinds) {
        if (kind == Kind::kCluster) continue;
        for (const auto& [key, object] : world.state.Objects(kind)) {
          const std::string& uid = object->metadata.uid;
          ASSERT_FALSE(uid.empty()) << ToString(key);
          ASSERT_TRUE(present.insert(uid).second) << ToString(key);
          ASSERT_EQ(by_uid.emplace(uid, key).first->second, key);
          if (kind != Kind::kPod || ControllerOf(object->metadata) == nullptr) continue;
          ASSERT_EQ(pod_uids.emplace(key.name, uid).first->second, uid) << ToString(key);
        }
      }
      if (generator.OneIn(2)) world.Obey();
      if (generator.OneIn(3)) commit = generator.Edit(commit);
    }
  }
}

TEST(PlanProperty, NothingIsOrphanedByDeletions) {
  for (uint64_t seed = 0; seed < kCases / 2; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    world.Take(world.ChangesFor(generator.MakeCommit()));
    if (generator.OneIn(2)) world.Obey();
    const std::vector<ObjectPtr> commit = generator.MakeCommit();
    world.Declare(commit);
    for (const Kind kind : kAllKinds) {
      for (const auto& [key, object] : world.state.Objects(kind)) {
        for (const OwnerReference& owner : object->metadata.owner_references) {
          const auto found = FindKind(owner.api_version, owner.kind);
          ASSERT_TRUE(found.has_value());
          const ObjectPtr present = world.state.Find({*found, key.namespace_name, owner.name});
          ASSERT_NE(present, nullptr) << ToString(key);
          ASSERT_EQ(present->metadata.uid, owner.uid);
        }
      }
    }
    world.Declare({});
    for (const Kind kind : {Kind::kPod, Kind::kReplicaSet, Kind::kReplicationController,
                            Kind::kDeployment, Kind::kConfigMap}) {
      ASSERT_TRUE(world.state.Objects(kind).empty()) << ToString(kind);
    }
  }
}

// Whatever runs in the end is as many pods as declared, of the declared image, or says why not.
TEST(PlanProperty, SettlesOnWhatIsDeclared) {
  for (uint64_t seed = 0; seed < kCases / 4; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    for (int i = 0; i < 2; ++i) {
      SettleInTime(&world, commit);
      commit = generator.Edit(commit);
    }
    SettleInTime(&world, commit);
    std::map<std::string, int> unplaced;
    for (const auto& pod : world.ActivePods()) {
      if (pod->spec.node_name.empty()) ++unplaced[pod->metadata.labels.at("app")];
    }
    for (const ObjectPtr& object : commit) {
      const auto deployment = As<Deployment>(object);
      const std::string& name = object->metadata.name;
      if (deployment == nullptr || deployment->spec.paused || unplaced[name] > 0) continue;
      int count = 0;
      for (const auto& pod : world.Pods()) {
        if (pod->metadata.labels.at("app") != name) continue;
        ++count;
        ASSERT_EQ(pod->spec, [&] {
          PodSpec spec = deployment->spec.pod_template.spec;
          spec.node_name = pod->spec.node_name;
          return spec;
        }());
      }
      ASSERT_EQ(count, deployment->spec.replicas) << name;
    }
  }
}

// Turns at the pace of a preview, waiting for each moment that the plan names.
void SettleAtPreviewPace(World* world, const std::vector<ObjectPtr>& commit) {
  for (int turn = 0; turn < kMaxSettlingTurns; ++turn) {
    const Plan plan = world->Take(world->ChangesFor(commit));
    const bool acted = world->Obey();
    const bool written =
        std::any_of(plan.transaction.writes.begin(), plan.transaction.writes.end(),
                    [](const Write& write) { return write.key.kind != Kind::kEvent; });
    if (written || acted || plan.more) {
      world->Advance(kPreviewTurnMs);
    } else if (plan.wake_at) {
      world->Advance(*plan.wake_at - world->now.mono);
    } else {
      return;
    }
  }
  ADD_FAILURE() << "does not settle";
}

// What an effect says of a workload is what becomes of its pods.
void ExpectEffectsToFit(const Preview& preview) {
  for (size_t i = 0; i < preview.changes.size(); ++i) {
    const ObjectChange& change = preview.changes[i];
    if (change.type != ChangeType::kChange || !IsWorkload(change.key.kind)) continue;
    int removed = 0;
    int unplaced = 0;
    for (const PodPreview& pod : preview.pods) {
      if (pod.workload != change.key) continue;
      removed += pod.fate == PodFate::kRemove ? 1 : 0;
      unplaced += pod.fate == PodFate::kUnschedulable ? 1 : 0;
    }
    const auto course = std::find_if(preview.courses.begin(), preview.courses.end(),
                                     [&](const auto& c) { return c.workload == change.key; });
    const int64_t pods = course == preview.courses.end() ? 0 : course->before;
    SCOPED_TRACE(ToString(change.key));
    const Effect effect = preview.effects[i].strongest;
    const bool may_restart = RestartsOnChange(change.after->metadata);
    if (effect < Effect::kScale && !may_restart) {
      ASSERT_EQ(removed, 0);
    }
    if (effect == Effect::kRecreate) {
      ASSERT_GE(removed, 1);
    }
    if (effect == Effect::kRollOut && unplaced == 0) {
      ASSERT_EQ(removed, pods);
    }
    if (const auto* deployment = As<Deployment>(*change.after); deployment != nullptr && pods > 0) {
      const auto* old = As<Deployment>(*change.before);
      const int32_t most = std::max(deployment->spec.replicas + FencepostsOf(*deployment).surge,
                                    old->spec.replicas + FencepostsOf(*old).surge);
      ASSERT_LE(course->most, most);
    }
  }
}

void ExpectLoads(const Preview& preview, const ClusterState& state) {
  std::map<std::string, const HostLoad*> predicted;
  for (const HostLoad& host : preview.hosts) predicted[host.node] = &host;
  for (const NodeUsage& usage : UsageOf(state)) {
    const auto host = predicted.find(usage.node->metadata.name);
    ASSERT_NE(host, predicted.end());
    ASSERT_EQ(host->second->pods_after, usage.pods);
    for (const auto& [resource, milli] : usage.requested_milli) {
      ASSERT_EQ(host->second->resources.at(resource).after_milli, milli) << resource;
    }
  }
}

// What is to be created, changed and deleted is so, and nothing is left to do.
void ExpectCarriedOut(const Preview& preview, const World& after,
                      const std::vector<ObjectPtr>& commit) {
  for (const ObjectChange& change : preview.changes) {
    const ObjectPtr object = after.state.Find(change.key);
    if (change.after == nullptr) {
      ASSERT_EQ(object, nullptr) << ToString(change.key);
    } else {
      ASSERT_NE(object, nullptr) << ToString(change.key);
      ASSERT_TRUE(DeclaredDiff(*object, *change.after).empty()) << ToString(change.key);
    }
  }
  const ObjectChanges again = after.ChangesFor(commit);
  ASSERT_TRUE(std::all_of(again.begin(), again.end(), [](const ObjectChange& change) {
    return change.type == ChangeType::kUnchanged;
  }));
  const Preview second = PreviewChanges(after.state, again, after.now);
  ASSERT_TRUE(std::all_of(second.pods.begin(), second.pods.end(), [](const PodPreview& pod) {
    return pod.fate == PodFate::kUnschedulable;
  }));
}

TEST(PlanProperty, PreviewPredictsWhatObedientHostsRun) {
  for (uint64_t seed = 0; seed < kPairs; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = generator.MakeCommit();
    SettleInTime(&world, commit);
    commit = generator.Edit(commit);
    std::map<std::string, std::string> predicted;
    for (const auto& pod : world.ActivePods()) {
      predicted[pod->metadata.name] = pod->spec.node_name;
    }
    const Preview preview = PreviewChanges(world.state, world.ChangesFor(commit), world.now);
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate == PodFate::kRemove) predicted.erase(pod.key.name);
    }
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate != PodFate::kRemove) predicted[pod.key.name] = pod.node;
    }
    ExpectEffectsToFit(preview);
    SettleAtPreviewPace(&world, commit);
    ExpectLoads(preview, world.state);
    std::map<std::string, std::string> running;
    for (const auto& pod : world.ActivePods()) running[pod->metadata.name] = pod->spec.node_name;
    ASSERT_EQ(predicted, running);
    ExpectCarriedOut(preview, world, commit);
  }
}

}  // namespace
}  // namespace reconcile
