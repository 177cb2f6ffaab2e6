#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace reconcile {
namespace {

TEST(SystemRandom, DoesNotRepeatItself) {
  SystemRandom random;
  std::set<uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.Next());
  EXPECT_EQ(seen.size(), 100U);
}

TEST(SystemRandom, StaysBelowABound) {
  SystemRandom random;
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below(7), 7U);
  EXPECT_EQ(random.Below(0), 0U);
}

}  // namespace
}  // namespace reconcile
