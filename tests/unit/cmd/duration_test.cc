#include "cmd/duration.h"

#include <gtest/gtest.h>

namespace reconcile {
namespace {

TEST(Duration, IsReadAsPeopleWriteIt) {
  EXPECT_EQ(*ParseDuration("90s"), 90'000);
  EXPECT_EQ(*ParseDuration("30m"), 1'800'000);
  EXPECT_EQ(*ParseDuration("24h"), 86'400'000);
  EXPECT_EQ(*ParseDuration("7d"), 604'800'000);
  EXPECT_EQ(*ParseDuration("1h30m"), 5'400'000);
  EXPECT_EQ(*ParseDuration("0s"), 0);
}

TEST(Duration, OfAnotherFormIsRefused) {
  for (const std::string text : {"", "h", "1", "-1h", "+1h", "1.5h", "1w", " 1h", "1h ", "1 h",
                                 "99999999999s", "4294967295d", "3651d", "3650d1s"}) {
    EXPECT_EQ(ParseDuration(text).status().code(), StatusCode::kInvalid) << text;
  }
  EXPECT_EQ(*ParseDuration("3650d"), 3650LL * 86'400'000);
}

}  // namespace
}  // namespace reconcile
