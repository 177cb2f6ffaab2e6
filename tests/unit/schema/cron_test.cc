#include "schema/cron.h"

#include <gtest/gtest.h>

#include "schema/time_zones.h"

namespace reconcile {
namespace {

std::string ErrorOf(std::string_view text) { return CronSchedule::Parse(text).status().message(); }

WallTime At(std::string_view stamp) { return *ParseRfc3339(stamp); }

// The next `count` moments after `from`, a line each.
std::string NextOf(
    std::string_view text, std::string_view from, int count = 1,
    const UtcOffset& offset = [](WallTime) { return 0; }) {
  const Result<CronSchedule> schedule = CronSchedule::Parse(text);
  if (!schedule.ok()) return schedule.status().message();
  std::string lines;
  WallTime at = At(from);
  for (int i = 0; i < count; ++i) {
    const std::optional<WallTime> next = schedule->Next(at, offset);
    if (!next) return lines + "never\n";
    EXPECT_GT(*next, at);
    at = *next;
    lines += FormatRfc3339(at) + "\n";
  }
  return lines;
}

TEST(Cron, FieldsTakeNumbersRangesListsStepsAndNames) {
  EXPECT_EQ(NextOf("*/15 * * * *", "2026-01-01T00:14:59Z", 3),
            "2026-01-01T00:15:00Z\n2026-01-01T00:30:00Z\n2026-01-01T00:45:00Z\n");
  EXPECT_EQ(NextOf("5/20 3-5/2 * * *", "2026-01-01T00:00:00Z", 4),
            "2026-01-01T03:05:00Z\n2026-01-01T03:25:00Z\n2026-01-01T03:45:00Z\n"
            "2026-01-01T05:05:00Z\n");
  EXPECT_EQ(NextOf("0 0 1 Jan,jul ?", "2026-01-01T00:00:00Z", 2),
            "2026-07-01T00:00:00Z\n2027-01-01T00:00:00Z\n");
  EXPECT_EQ(NextOf("30 4 * * MON-fri", "2026-01-02T04:30:00Z"), "2026-01-05T04:30:00Z\n");
}

// Robfig's spec_test: a restricted day of the month and of the week are alternatives.
TEST(Cron, DaysAreAlternativesUnlessOneIsAStar) {
  EXPECT_EQ(NextOf("0 0 13 * FRI", "2026-03-01T00:00:00Z", 3),
            "2026-03-06T00:00:00Z\n2026-03-13T00:00:00Z\n2026-03-20T00:00:00Z\n");
  EXPECT_EQ(NextOf("0 0 * * 0", "2026-03-01T00:00:00Z"), "2026-03-08T00:00:00Z\n");
  EXPECT_EQ(NextOf("0 0 13 * ?", "2026-03-01T00:00:00Z"), "2026-03-13T00:00:00Z\n");
  // A step makes of the star a restriction.
  EXPECT_EQ(NextOf("0 0 */30 * 1", "2026-03-01T00:00:00Z"), "2026-03-02T00:00:00Z\n");
}

TEST(Cron, DescriptorsAreSchedules) {
  const std::string_view from = "2026-05-05T05:05:05Z";
  EXPECT_EQ(NextOf("@hourly", from), "2026-05-05T06:00:00Z\n");
  EXPECT_EQ(NextOf("@daily", from), "2026-05-06T00:00:00Z\n");
  EXPECT_EQ(NextOf("@midnight", from), "2026-05-06T00:00:00Z\n");
  EXPECT_EQ(NextOf("@weekly", from), "2026-05-10T00:00:00Z\n");
  EXPECT_EQ(NextOf("@monthly", from), "2026-06-01T00:00:00Z\n");
  EXPECT_EQ(NextOf("@yearly", from), "2027-01-01T00:00:00Z\n");
  EXPECT_EQ(NextOf("@annually", from), "2027-01-01T00:00:00Z\n");
  EXPECT_EQ(NextOf("@every 1h30m", from), "2026-05-05T06:35:05Z\n");
  EXPECT_EQ(NextOf("@every 1ms", from), "2026-05-05T05:05:06Z\n");
  EXPECT_EQ(NextOf("@every 1.5m", from), "2026-05-05T05:06:35Z\n");
}

TEST(Cron, ErrorsNameTheField) {
  EXPECT_EQ(ErrorOf(""),
            "takes five fields (minute, hour, day of the month, month, day of the week), got 0");
  EXPECT_EQ(ErrorOf("0 0 * * * *").substr(0, 17), "takes five fields");
  EXPECT_EQ(ErrorOf("60 * * * *"), "minute \"60\": it takes 0 to 59");
  EXPECT_EQ(ErrorOf("* 24 * * *"), "hour \"24\": it takes 0 to 23");
  EXPECT_EQ(ErrorOf("* * 0 * *"), "day of the month \"0\": it takes 1 to 31");
  EXPECT_EQ(ErrorOf("* * * 13 *"), "month \"13\": it takes 1 to 12 and jan to dec");
  EXPECT_EQ(ErrorOf("* * * * 7"), "day of the week \"7\": it takes 0 to 6 and sun to sat");
  EXPECT_EQ(ErrorOf("x * * * *"), "minute \"x\": not a number; it takes 0 to 59");
  EXPECT_EQ(ErrorOf("-1 * * * *"), "minute \"-1\": not a number; it takes 0 to 59");
  EXPECT_EQ(ErrorOf("99999999999 * * * *"),
            "minute \"99999999999\": not a number; it takes 0 to 59");
  EXPECT_EQ(ErrorOf("30-10 * * * *"), "minute \"30-10\": the range ends before it begins");
  EXPECT_EQ(ErrorOf("1-2-3 * * * *"), "minute \"1-2-3\": more than one \"-\"");
  EXPECT_EQ(ErrorOf("*/2/3 * * * *"), "minute \"*/2/3\": more than one \"/\"");
  EXPECT_EQ(ErrorOf("*/0 * * * *"), "minute \"*/0\": the step must be a number from 1");
  EXPECT_TRUE(ErrorOf("@hourli").starts_with("\"@hourli\" is not a schedule; known are"));
  EXPECT_NE(ErrorOf("@every 5").find("duration"), std::string::npos);
  EXPECT_NE(ErrorOf("@every -1h").find("duration"), std::string::npos);
  EXPECT_NE(ErrorOf("@every 9999999h").find("duration"), std::string::npos);
  EXPECT_EQ(ErrorOf(std::string(kMaxCronBytes + 1, '*')), "longer than 1024 bytes");
}

TEST(Cron, ATimeZoneInTheScheduleIsRefused) {
  EXPECT_EQ(ErrorOf("TZ=UTC 0 0 * * *"),
            "TZ and CRON_TZ have no place in a schedule; use timeZone");
  EXPECT_FALSE(CronSchedule::Parse("CRON_TZ=Europe/Berlin 0 0 * * *").ok());
}

TEST(Cron, WhatNeverComesIsNone) {
  EXPECT_EQ(NextOf("0 0 30 2 *", "2026-01-01T00:00:00Z"), "never\n");
  EXPECT_EQ(NextOf(", * * * *", "2026-01-01T00:00:00Z"), "never\n");
  EXPECT_EQ(NextOf("0 0 29 2 *", "2026-01-01T00:00:00Z"), "2028-02-29T00:00:00Z\n");
  EXPECT_EQ(NextOf("0 0 1 1 *", "9999-06-01T00:00:00Z"), "never\n");
  EXPECT_EQ(NextOf("@every 24h", "9999-12-31T12:00:00Z"), "never\n");
  EXPECT_EQ(NextOf("* * * * *", "0000-01-01T00:00:00Z"), "0000-01-01T00:01:00Z\n");
}

// Berlin in 2026: from 2:00 to 3:00 on 29 March at 1:00 UTC, back on 25 October at 1:00 UTC.
int Berlin(WallTime at) {
  const bool is_summer = at >= At("2026-03-29T01:00:00Z") && at < At("2026-10-25T01:00:00Z");
  return is_summer ? 7200 : 3600;
}

TEST(Cron, LocalTimesFollowTheClocks) {
  EXPECT_EQ(NextOf("0 9 * * *", "2026-03-28T00:00:00Z", 3, Berlin),
            "2026-03-28T08:00:00Z\n2026-03-29T07:00:00Z\n2026-03-30T07:00:00Z\n");
  // 2:30 does not come on 29 March, and comes twice on 25 October.
  EXPECT_EQ(NextOf("30 2 * * *", "2026-03-28T00:00:00Z", 2, Berlin),
            "2026-03-28T01:30:00Z\n2026-03-30T00:30:00Z\n");
  EXPECT_EQ(NextOf("30 2 * * *", "2026-10-24T12:00:00Z", 3, Berlin),
            "2026-10-25T00:30:00Z\n2026-10-25T01:30:00Z\n2026-10-26T01:30:00Z\n");
}

// Clocks that pass over midnight: the day begins at 1:00.
TEST(Cron, ADayWithoutMidnightIsFound) {
  const auto santiago = [](WallTime at) {
    return at >= At("2026-09-06T04:00:00Z") ? -10800 : -14400;
  };
  EXPECT_EQ(NextOf("0 5 6 9 *", "2026-09-05T00:00:00Z", 1, santiago), "2026-09-06T08:00:00Z\n");
  EXPECT_EQ(NextOf("0 0 * * *", "2026-09-05T05:00:00Z", 1, santiago), "2026-09-07T03:00:00Z\n");
}

TEST(TimeZone, NamesAreThoseOfTheTzDatabase) {
  for (const char* name : {"UTC", "Etc/UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires",
                           "US/Pacific", "Africa/Abidjan", "Zulu", "Asia/Kolkata", "GMT+0"}) {
    EXPECT_TRUE(IsTimeZone(name)) << name;
  }
  for (const char* name : {"", "Local", "europe/berlin", "Europe/Berlin ", "CEST", "../etc"}) {
    EXPECT_FALSE(IsTimeZone(name)) << name;
  }
  EXPECT_EQ(NearestTimeZone("Europe/Berln"), "Europe/Berlin");
}

}  // namespace
}  // namespace reconcile
