#include "base/time.h"

#include <algorithm>

#include "base/random.h"

namespace reconcile {
namespace {

TEST(Time, FormatsRfc3339InUtc) {
  EXPECT_EQ(FormatRfc3339({0}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339({1'795'225'799'000}), "2026-11-21T01:49:59Z");
  EXPECT_EQ(FormatRfc3339({951'782'400'123}), "2000-02-29T00:00:00.123Z");
  EXPECT_EQ(FormatRfc3339({-1}), "1969-12-31T23:59:59.999Z");
}

TEST(Time, WhatRfc3339CannotWriteIsCutToWhatItCan) {
  EXPECT_EQ(FormatRfc3339(kFirstStamp), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339(kLastStamp), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(FormatRfc3339({kFirstStamp.ms - 1}), "0000-01-01T00:00:00Z");
  EXPECT_EQ(FormatRfc3339({kLastStamp.ms + 1}), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(*ParseRfc3339("9999-12-31T23:59:60Z"), kLastStamp);
  EXPECT_EQ(*ParseRfc3339("9999-12-31T23:59:59-23:59"), kLastStamp);
  EXPECT_EQ(*ParseRfc3339("0000-01-01T00:00:00+23:59"), kFirstStamp);
}

TEST(Time, ParsesOffsetsAndFractions) {
  EXPECT_EQ(ParseRfc3339("2026-11-21T01:49:59Z")->ms, 1'795'225'799'000);
  EXPECT_EQ(ParseRfc3339("2026-11-21T03:49:59+02:00")->ms, 1'795'225'799'000);
  EXPECT_EQ(ParseRfc3339("2026-11-20T23:49:59-02:00")->ms, 1'795'225'799'000);
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00.1234567Z")->ms, 123);
  EXPECT_EQ(ParseRfc3339("1970-01-01t00:00:00.5z")->ms, 500);
}

TEST(Time, RefusesWhatIsNotAStamp) {
  for (const char* text :
       {"", "2026", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z",
        "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
        "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
        "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00+02", "20a6-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseRfc3339(text).ok()) << text;
  }
}

TEST(Time, WhatIsFormattedParsesBackTheSame) {
  SeededRandom random(7);
  for (int i = 0; i < 5000; ++i) {
    // Between the years 0000 and 9999.
    const WallTime time{static_cast<int64_t>(random.Below(315'569'520'000'000)) -
                        62'167'219'200'000};
    const Result<WallTime> again = ParseRfc3339(FormatRfc3339(time));
    ASSERT_TRUE(again.ok()) << FormatRfc3339(time);
    ASSERT_EQ(again->ms, time.ms);
  }
}

TEST(Time, EveryNumberOfMillisecondsIsWrittenSoThatItReadsBack) {
  SeededRandom random(8);
  for (int i = 0; i < 5000; ++i) {
    // Any 64 bits, of every magnitude.
    const uint64_t bits = random.Below(UINT64_MAX) >> random.Below(64);
    const WallTime time{i % 2 == 0 ? static_cast<int64_t>(bits) : ~static_cast<int64_t>(bits)};
    const Result<WallTime> again = ParseRfc3339(FormatRfc3339(time));
    ASSERT_TRUE(again.ok()) << time.ms << " as " << FormatRfc3339(time);
    ASSERT_EQ(*again, std::clamp(time, kFirstStamp, kLastStamp));
  }
}

TEST(Time, HttpDatesAreThoseOfRfc9110) {
  const auto time = ParseRfc3339("1994-11-06T08:49:37Z");
  ASSERT_TRUE(time.ok());
  EXPECT_EQ(FormatHttpDate(*time), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate({-1}), "Wed, 31 Dec 1969 23:59:59 GMT");
  EXPECT_EQ(FormatHttpDate({0}), "Thu, 01 Jan 1970 00:00:00 GMT");
  for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 29 Feb 2016 23:59:59 GMT"}) {
    const auto read = ParseHttpDate(text);
    ASSERT_TRUE(read.ok()) << read.status().message();
    EXPECT_EQ(FormatHttpDate(*read), text);
  }
  for (const char* text : {"", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 oNo 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT",
                           "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "}) {
    EXPECT_FALSE(ParseHttpDate(text).ok()) << text;
  }
}

TEST(Time, AgesReadAsKubectlPrintsThem) {
  EXPECT_EQ(FormatAge(-5000), "0s");
  EXPECT_EQ(FormatAge(5000), "5s");
  EXPECT_EQ(FormatAge(119'999), "119s");
  EXPECT_EQ(FormatAge(120'000), "2m");
  EXPECT_EQ(FormatAge(192'000), "3m12s");
  EXPECT_EQ(FormatAge(10 * 60'000 + 5000), "10m");
  EXPECT_EQ(FormatAge(179 * 60'000), "179m");
  EXPECT_EQ(FormatAge(3 * 3'600'000 + 60'000), "3h1m");
  EXPECT_EQ(FormatAge(8 * 3'600'000), "8h");
  EXPECT_EQ(FormatAge(47 * 3'600'000), "47h");
  EXPECT_EQ(FormatAge(50 * 3'600'000), "2d2h");
  EXPECT_EQ(FormatAge(8 * 86'400'000LL), "8d");
  EXPECT_EQ(FormatAge(729 * 86'400'000LL), "729d");
  EXPECT_EQ(FormatAge(730 * 86'400'000LL), "2y");
}

TEST(Time, MonotonicArithmeticIsInMilliseconds) {
  EXPECT_EQ((MonoTime{5} + 10).ms, 15);
  EXPECT_EQ(MonoTime{15} - MonoTime{5}, 10);
}

}  // namespace
}  // namespace reconcile
