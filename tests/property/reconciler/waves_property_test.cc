#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reconciler/declared.h"
#include "reconciler/health.h"
#include "reconciler/preview.h"
#include "reconciler/restart_on_change.h"
#include "reconciler/waves.h"
#include "schema/sync_wave.h"
#include "tests/property/reconciler/generator.h"

namespace reconcile {
namespace {

constexpr uint64_t kWaveCases = 300;
constexpr int kWaveTurns = 400;

// The same name is mostly in the same wave, of a few.
std::vector<ObjectPtr> InRandomWaves(Generator* generator, const std::vector<ObjectPtr>& commit) {
  std::vector<ObjectPtr> waved;
  for (const ObjectPtr& object : commit) {
    const std::shared_ptr<Object> copy = object->Clone();
    const int wave = generator->Int(-1, 2);
    std::string& text = copy->metadata.annotations[std::string(kSyncWave)];
    if (text.empty() || generator->OneIn(8)) text = std::to_string(wave);
    waved.push_back(copy);
  }
  return waved;
}

bool IsDeclaredSo(const ClusterState& state, const Object& declared) {
  const ObjectPtr object = state.Find(declared.key());
  return object != nullptr && !object->metadata.deletion_timestamp &&
         DeclaredDiff(*object, declared).empty();
}

// Nothing of a wave is written while something of a lower one is not healthy.
void ExpectWavesInOrder(const ClusterState& before, const ClusterState& after,
                        const std::vector<ObjectPtr>& commit) {
  for (const ObjectPtr& object : commit) {
    if (!IsDeclaredSo(after, *object) || IsDeclaredSo(before, *object)) continue;
    for (const ObjectPtr& lower : commit) {
      if (WaveOf(lower->metadata) >= WaveOf(object->metadata)) continue;
      // A ConfigMap of a higher wave may be what replaces its pods now.
      if (RestartsOnChange(lower->metadata)) continue;
      const ObjectPtr there = after.Find(lower->key());
      ASSERT_NE(there, nullptr) << ToString(object->key()) << " before " << ToString(lower->key());
      // Scaled away from under it by a controller that shares nothing with it: never.
      ASSERT_EQ(WhyUnfinished(*there, after), "")
          << ToString(object->key()) << " before " << ToString(lower->key());
    }
  }
}

// What is deleted goes after all of the commit is there, and after what is of higher waves.
void ExpectDeletionsInReverse(const ClusterState& before, const ClusterState& after,
                              const ObjectChanges& changes) {
  for (const ObjectChange& change : changes) {
    if (change.type != ChangeType::kDelete || after.Find(change.key) != nullptr) continue;
    if (before.Find(change.key) == nullptr) continue;
    for (const ObjectChange& other : changes) {
      if (other.after != nullptr) {
        ASSERT_NE(after.Find(other.key), nullptr) << ToString(change.key);
      } else if (WaveOf(other) > WaveOf(change)) {
        ASSERT_EQ(after.Find(other.key), nullptr)
            << ToString(change.key) << " before " << ToString(other.key);
      }
    }
  }
}

// Takes turns until nothing happens any more; what the last plan says of waves.
std::vector<WaveWait> SettleInWaves(World* world, const std::vector<ObjectPtr>& commit) {
  for (int turn = 0; turn < kWaveTurns; ++turn) {
    const ClusterState before = world->state;
    const ObjectChanges changes = world->ChangesFor(commit);
    const Plan plan = world->Take(changes);
    const bool is_waved = !InWaves(changes).empty();
    if (is_waved) ExpectWavesInOrder(before, world->state, commit);
    if (is_waved) ExpectDeletionsInReverse(before, world->state, changes);
    if (testing::Test::HasFatalFailure()) return {};
    const bool acted = world->Obey();
    const bool written =
        std::any_of(plan.transaction.writes.begin(), plan.transaction.writes.end(),
                    [](const Write& write) { return write.key.kind != Kind::kEvent; });
    if (written || acted || plan.more) {
      world->Advance(kPreviewTurnMs);
    } else if (plan.wake_at) {
      world->Advance(*plan.wake_at - world->now.mono);
    } else {
      return plan.waits;
    }
  }
  ADD_FAILURE() << "does not settle";
  return {};
}

TEST(WavesProperty, KeepTheirOrderAndEndWithAllOrAWait) {
  int waited = 0;
  for (uint64_t seed = 0; seed < kWaveCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = InRandomWaves(&generator, generator.MakeCommit());
    for (int i = 0; i < 4; ++i) {
      const std::vector<WaveWait> waits = SettleInWaves(&world, commit);
      ASSERT_FALSE(testing::Test::HasFatalFailure());
      waited += waits.empty() ? 0 : 1;
      const ObjectChanges changes = world.ChangesFor(commit);
      const bool all = std::all_of(changes.begin(), changes.end(), [](const auto& change) {
        return change.type == ChangeType::kUnchanged;
      });
      ASSERT_EQ(all, waits.empty());
      ASSERT_TRUE(world.Take(changes).transaction.empty());
      commit = InRandomWaves(&generator, generator.Edit(commit));
    }
  }
  EXPECT_GT(waited, 0) << "some pods fit nowhere";
}

TEST(WavesProperty, ThePreviewPredictsThem) {
  for (uint64_t seed = 0; seed < kWaveCases; ++seed) {
    SCOPED_TRACE(seed);
    Generator generator(seed);
    World world = generator.MakeWorld();
    std::vector<ObjectPtr> commit = InRandomWaves(&generator, generator.MakeCommit());
    SettleInWaves(&world, commit);
    commit = InRandomWaves(&generator, generator.Edit(commit));
    std::map<std::string, std::string> predicted;
    for (const auto& pod : world.ActivePods()) predicted[pod->metadata.name] = pod->spec.node_name;
    const Preview preview = PreviewChanges(world.state, world.ChangesFor(commit), world.now);
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate == PodFate::kRemove) predicted.erase(pod.key.name);
    }
    for (const PodPreview& pod : preview.pods) {
      if (pod.fate != PodFate::kRemove) predicted[pod.key.name] = pod.node;
    }
    const std::vector<WaveWait> waits = SettleInWaves(&world, commit);
    ASSERT_EQ(preview.note.empty(), waits.empty()) << preview.note;
    std::map<std::string, std::string> running;
    for (const auto& pod : world.ActivePods()) running[pod->metadata.name] = pod->spec.node_name;
    ASSERT_EQ(predicted, running);
  }
}

}  // namespace
}  // namespace reconcile
