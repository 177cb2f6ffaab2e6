#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace reconcile {

inline constexpr size_t kMaxCronBytes = 1024;  // of a schedule
// How far Next looks, as robfig's.
inline constexpr int kMaxCronYears = 5;

// Seconds that the local clock is ahead of UTC at a moment. For a fixed argument always the same;
// it changes by less than a day.
using UtcOffset = std::function<int(WallTime)>;

// When a CronJob runs. A value type, immutable. Source: robfig/cron v3 ParseStandard, which is what
// Kubernetes reads schedules with: five fields (minute, hour, day of the month, month, day of the
// week), each `*`, `?`, numbers, names of months and days, ranges, lists and steps; or a
// descriptor: @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly, @every DURATION.
class CronSchedule {
 public:
  // Invalid says which field is wrong and why. A `TZ=` or `CRON_TZ=` is refused, as Kubernetes does
  // for new objects: timeZone says it.
  static Result<CronSchedule> Parse(std::string_view text);

  // The first moment after `after` at which it is due, on a whole second; none within
  // kMaxCronYears, as for 30 February, or past the year 9999. As robfig's, a local time that a
  // change of clocks leaves out is passed over, and one that comes twice is due twice.
  std::optional<WallTime> Next(WallTime after, const UtcOffset& offset) const;
  std::optional<WallTime> Next(WallTime after) const;  // in UTC

 private:
  static Result<CronSchedule> ParseFields(std::string_view text);
  static Result<CronSchedule> ParseDescriptor(std::string_view text);
  bool MatchesDay(int day, int weekday) const;

  // Bit n is set when n is meant; kStar as well when the field was `*` or `?`.
  uint64_t minutes_ = 0;
  uint64_t hours_ = 0;
  uint64_t days_ = 0;
  uint64_t months_ = 0;
  uint64_t weekdays_ = 0;      // 0 is Sunday
  int64_t every_seconds_ = 0;  // of @every; else 0
};

}  // namespace reconcile
