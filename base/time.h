#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// A point on CLOCK_BOOTTIME, in milliseconds: for durations, back-offs and leases. It does not
// jump, goes on during suspend and means nothing after a reboot or on another host.
struct MonoTime {
  int64_t ms = 0;
  friend auto operator<=>(const MonoTime&, const MonoTime&) = default;
};

// Milliseconds since 1970-01-01 UTC: for stamps that people and other hosts read. It may jump.
struct WallTime {
  int64_t ms = 0;
  friend auto operator<=>(const WallTime&, const WallTime&) = default;
};

// The two readings that every pure function of time takes.
struct Now {
  MonoTime mono;
  WallTime wall;
};

inline MonoTime operator+(MonoTime time, int64_t duration_ms) { return {time.ms + duration_ms}; }
inline int64_t operator-(MonoTime later, MonoTime earlier) { return later.ms - earlier.ms; }

// The first and the last moment that RFC 3339 can write: its years have four digits.
inline constexpr WallTime kFirstStamp{-62'167'219'200'000};  // 0000-01-01T00:00:00Z
inline constexpr WallTime kLastStamp{253'402'300'799'999};   // 9999-12-31T23:59:59.999Z

// RFC 3339 in UTC: "2026-11-21T01:49:59Z", with ".123" when milliseconds are not zero. Times before
// kFirstStamp and after kLastStamp are written as these: what is written can always be read.
std::string FormatRfc3339(WallTime time);
// Invalid when `text` is not an RFC 3339 stamp; fractions finer than a millisecond are cut. An
// offset or leap second that leads out of the years 0000 to 9999 is cut at their ends.
Result<WallTime> ParseRfc3339(std::string_view text);
// The same of HTTP's Date (RFC 9110, 5.6.7): "Sat, 21 Nov 2026 01:49:59 GMT", to the second. Of its
// obsolete forms none is read.
std::string FormatHttpDate(WallTime time);
Result<WallTime> ParseHttpDate(std::string_view text);
// Kubernetes' short form for ages: "5s", "3m12s", "2h", "4d" (apimachinery duration.HumanDuration).
std::string FormatAge(int64_t duration_ms);

}  // namespace reconcile
