#include "cmd/duration.h"

#include <charconv>
#include <string>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr int64_t kLongestMs = 3650LL * 24 * 3600 * 1000;

int64_t UnitMs(char unit) {
  switch (unit) {
    case 's':
      return 1000;
    case 'm':
      return 60'000;
    case 'h':
      return 3'600'000;
    case 'd':
      return 86'400'000;
    default:
      return 0;
  }
}

}  // namespace

Result<int64_t> ParseDuration(std::string_view text) {
  const Status wrong = InvalidError(Quoted(text) + " is not a duration; write 90s, 30m, 24h or 7d");
  const char* at = text.data();
  const char* const end = at + text.size();
  int64_t sum_ms = 0;
  if (at == end) return wrong;
  while (at != end) {
    uint32_t number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    const int64_t unit_ms = error == std::errc() && stop != end ? UnitMs(*stop) : 0;
    if (unit_ms == 0) return wrong;
    sum_ms += number * unit_ms;  // below 2^32 times a day
    if (sum_ms > kLongestMs) return InvalidError(Quoted(text) + " is longer than 10 years");
    at = stop + 1;
  }
  return sum_ms;
}

}  // namespace reconcile
