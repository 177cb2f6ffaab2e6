// Any bytes as a schedule: no crash, no hang; the next times grow, lie on whole seconds and depend
// on nothing but the schedule.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "schema/cron.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace reconcile;
  constexpr int kTimes = 3;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<CronSchedule> schedule = CronSchedule::Parse(text);
  if (!schedule.ok()) {
    CHECK(!schedule.status().message().empty());
    return 0;
  }
  // Clocks that jump by an hour every 100 days, which the text's length shifts.
  const auto offset = [size](WallTime at) {
    constexpr int64_t kSpanMs = 100LL * 86'400'000;
    return static_cast<int>(size % 24) * 1800 - 36'000 + (at.ms / kSpanMs % 2 == 0 ? 0 : 3600);
  };
  WallTime at{static_cast<int64_t>(size) * 1'000'000'007};
  for (int i = 0; i < kTimes; ++i) {
    const std::optional<WallTime> next = schedule->Next(at, offset);
    if (!next) return 0;
    CHECK(*next > at && next->ms % 1000 == 0);
    CHECK(schedule->Next(at, offset) == next);
    at = *next;
  }
  return 0;
}
