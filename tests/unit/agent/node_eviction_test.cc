#include "agent/node_eviction.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "base/value.h"

namespace reconcile {
namespace {

constexpr int64_t kMebi = 1 << 20;

PodUse MakeUse(const std::string& name, int64_t mebibytes, const std::string& request = "",
               int64_t priority = 0) {
  auto pod = std::make_shared<Pod>();
  pod->metadata.name = name;
  pod->metadata.uid = "uid-" + name;
  Container container;
  container.name = "main";
  if (!request.empty()) {
    container.resources.requests["memory"] = *Quantity::Parse(request);
    container.resources.requests["ephemeral-storage"] = *Quantity::Parse(request);
  }
  pod->spec.containers = {container};
  if (priority != 0) pod->spec.others.Set("priority", Value::Int(priority));
  return {pod, {{"main", mebibytes * kMebi}}, 0};
}

std::vector<std::string> NamesOf(const std::vector<const PodUse*>& order) {
  std::vector<std::string> names;
  for (const PodUse* use : order) names.push_back(use->pod->metadata.name);
  return names;
}

TEST(NodeEviction, RanksByRequestsThenPriorityThenExcess) {
  const std::vector<PodUse> uses = {
      MakeUse("within", 90, "100Mi"),
      MakeUse("within-important", 90, "100Mi", 10),
      MakeUse("beyond-important", 500, "1Mi", 10),
      MakeUse("beyond", 60, "50Mi"),
      MakeUse("beyond-much", 200, "100Mi"),
      MakeUse("best-effort", 30),
  };
  const std::vector<std::string> wanted = {"beyond-much",      "best-effort", "beyond",
                                           "beyond-important", "within",      "within-important"};
  EXPECT_EQ(NamesOf(RankForEviction(Signal::kMemoryAvailable, uses)), wanted);
  EXPECT_EQ(NamesOf(RankForEviction(Signal::kNodefsAvailable, uses)), wanted);
}

TEST(NodeEviction, ProcessesGoByPriorityAlone) {
  const std::vector<PodUse> uses = {MakeUse("few", 1), MakeUse("important", 900, "", 1),
                                    MakeUse("many", 5)};
  EXPECT_EQ(NamesOf(RankForEviction(Signal::kPidAvailable, uses)),
            (std::vector<std::string>{"many", "few", "important"}));
}

TEST(NodeEviction, SaysWhatTheKubeletSays) {
  const Shortage shortage = {Signal::kMemoryAvailable, 92 * kMebi, 100 * kMebi};
  const auto victim = ChooseVictim(shortage, {MakeUse("web", 64, "32Mi")});
  ASSERT_TRUE(victim);
  EXPECT_EQ(victim->message,
            "The node was low on resource: memory. Threshold quantity: 100Mi, available: 92Mi. "
            "Container main was using 64Mi, request is 32Mi, has larger consumption of memory. ");
  const Shortage pids = {Signal::kPidAvailable, 7, 100};
  EXPECT_EQ(ChooseVictim(pids, {MakeUse("web", 1)})->message.substr(0, 84),
            "The node was low on resource: pids. Threshold quantity: 100, available: 7. Container");
}

TEST(NodeEviction, CriticalPodsAndThoseThatGiveNothingBackStay) {
  const Shortage memory = {Signal::kMemoryAvailable, 0, kMebi};
  const Shortage disk = {Signal::kNodefsAvailable, 0, kMebi};
  EXPECT_FALSE(ChooseVictim(memory, {MakeUse("critical", 900, "", kCriticalPriority)}));
  PodUse named = MakeUse("named", 900);
  auto pod = std::make_shared<Pod>(*named.pod);
  pod->spec.others.Set("priorityClassName", Value::String("system-node-critical"));
  named.pod = pod;
  EXPECT_FALSE(ChooseVictim(memory, {named}));
  EXPECT_FALSE(ChooseVictim(memory, {MakeUse("waits", 0)}));
  EXPECT_FALSE(ChooseVictim(memory, {}));
  PodUse little = MakeUse("little", 0);
  little.volumes = kLeastDiskBytes - 1;
  EXPECT_FALSE(ChooseVictim(disk, {little}));
  little.volumes = kLeastDiskBytes;
  EXPECT_TRUE(ChooseVictim(disk, {little})) << "volumes count";
}

// Properties of any pods: the order is one, whatever order they come in; the victim is the first
// that may go; taken one by one until there is enough, none goes that stands behind one that stays.
TEST(NodeEvictionProperty, EvictsInRankOrderAndStopsWhenRelieved) {
  for (uint64_t seed = 1; seed <= 2'000; ++seed) {
    SeededRandom random(seed);
    std::vector<PodUse> uses;
    int64_t used = 0;
    for (uint64_t i = 0, count = random.Below(12); i < count; ++i) {
      static constexpr const char* kRequests[] = {"", "1Mi", "20Mi", "40Mi"};
      const int64_t priority =
          random.Below(5) == 0 ? kCriticalPriority : static_cast<int64_t>(random.Below(3));
      uses.push_back(MakeUse(std::to_string(i), static_cast<int64_t>(random.Below(50)),
                             kRequests[random.Below(4)], priority));
      used += uses.back().Total();
    }
    const Signal signal =
        random.Below(2) == 0 ? Signal::kMemoryAvailable : Signal::kNodefsAvailable;
    const std::vector<std::string> order = NamesOf(RankForEviction(signal, uses));
    std::reverse(uses.begin(), uses.end());
    ASSERT_EQ(NamesOf(RankForEviction(signal, uses)), order) << "seed " << seed;
    const int64_t capacity = used + kMebi;
    const int64_t threshold = static_cast<int64_t>(random.Below(200)) * kMebi;
    std::vector<std::string> evicted;
    while (capacity - used < threshold) {
      const auto victim = ChooseVictim({signal, capacity - used, threshold}, uses);
      if (!victim) break;
      const auto at = std::find_if(uses.begin(), uses.end(),
                                   [&](const PodUse& use) { return use.pod == victim->pod; });
      ASSERT_LT(PriorityOf(at->pod->spec), kCriticalPriority) << "seed " << seed;
      used -= at->Total();
      evicted.push_back(at->pod->metadata.name);
      uses.erase(at);
    }
    for (const PodUse& left : uses) {
      const bool may_go = ChooseVictim({signal, 0, threshold}, {left}).has_value();
      const auto place = std::find(order.begin(), order.end(), left.pod->metadata.name);
      const bool all_before =
          std::all_of(evicted.begin(), evicted.end(), [&](const std::string& name) {
            return std::find(order.begin(), order.end(), name) < place;
          });
      ASSERT_TRUE(!may_go || all_before) << "seed " << seed;
      ASSERT_TRUE(!may_go || capacity - used >= threshold) << "seed " << seed;
    }
    ASSERT_TRUE(std::is_sorted(evicted.begin(), evicted.end(),
                               [&](const auto& a, const auto& b) {
                                 return std::find(order.begin(), order.end(), a) <
                                        std::find(order.begin(), order.end(), b);
                               }))
        << "seed " << seed;
  }
}

}  // namespace
}  // namespace reconcile
