#include "schema/shared_map.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace reconcile {
namespace {

using Shared = SharedMap<int, int>;
using Plain = std::map<int, int>;

Plain PlainOf(const Shared& map) { return {map.begin(), map.end()}; }

Plain DifferencesByHand(const Plain& before, const Plain& after) {
  Plain changed;  // key -> 1 gone, 2 new, 3 another value
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) changed[key] = 1;
  }
  for (const auto& [key, value] : after) {
    if (!before.contains(key)) changed[key] = 2;
    if (before.contains(key) && before.at(key) != value) changed[key] = 3;
  }
  return changed;
}

// Random writes, with copies of earlier states held: each stays what it was.
TEST(SharedMap, IsAMapWhoseCopiesStayWhatTheyWere) {
  SeededRandom random(7);
  for (int round = 0; round < 20; ++round) {
    Shared map;
    Plain plain;
    Shared held;
    Plain held_plain;
    const uint64_t keys = 1 + random.Below(600);
    for (int step = 0; step < 2'000; ++step) {
      const int key = static_cast<int>(random.Below(keys));
      if (random.Below(100) < 60) {
        const int before = plain.contains(key) ? plain[key] : 0;
        ASSERT_EQ(map.Set(key, step), before);
        plain[key] = step;
      } else {
        const int before = plain.contains(key) ? plain[key] : 0;
        ASSERT_EQ(map.Erase(key), before);
        plain.erase(key);
      }
      ASSERT_EQ(map.size(), plain.size());
      const auto found = map.lower_bound(key);
      const auto expected = plain.lower_bound(key);
      ASSERT_EQ(found == map.end(), expected == plain.end());
      if (found != map.end()) {
        ASSERT_EQ(found->first, expected->first);
      }
      if (random.Below(200) != 0) continue;
      ASSERT_EQ(PlainOf(map), plain);
      ASSERT_EQ(PlainOf(held), held_plain);
      Plain changed;
      Shared::ForEachDifference(held, map, [&](int at, const int* before, const int* after) {
        changed[at] = before == nullptr ? 2 : after == nullptr ? 1 : 3;
      });
      ASSERT_EQ(changed, DifferencesByHand(held_plain, plain));
      held = map;
      held_plain = plain;
    }
  }
}

}  // namespace
}  // namespace reconcile
