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

// RFC 3339 in UTC: "2026-11-21T01:49:59Z", with ".123" when milliseconds are not zero.
std::string FormatRfc3339(WallTime time);
// Invalid when `text` is not an RFC 3339 stamp; fractions finer than a millisecond are cut.
Result<WallTime> ParseRfc3339(std::string_view text);
// Kubernetes' short form for ages: "5s", "3m12s", "2h", "4d" (apimachinery duration.HumanDuration).
std::string FormatAge(int64_t duration_ms);

}  // namespace reconcile
