#include "base/time.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace reconcile {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;
constexpr std::string_view kWeekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
constexpr size_t kHttpDateBytes = 29;

// Days since 1970-01-01 of a proleptic Gregorian date (H. Hinnant, "chrono-compatible date
// algorithms").
int64_t DaysFromCivil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

CivilDate CivilFromDays(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

// Reads `count` digits at `*at`, moving it on; -1 when they are not all digits.
int ReadDigits(std::string_view text, size_t* at, size_t count) {
  if (text.size() < *at + count) return -1;
  int value = 0;
  for (size_t end = *at + count; *at < end; ++*at) {
    const char c = text[*at];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool ReadChar(std::string_view text, size_t* at, std::string_view any_of) {
  if (*at >= text.size() || any_of.find(text[*at]) == std::string_view::npos) return false;
  ++*at;
  return true;
}

// Offset from UTC in minutes at the end of a stamp: "Z" or "+02:00".
bool ReadOffset(std::string_view text, size_t* at, int* minutes) {
  *minutes = 0;
  if (ReadChar(text, at, "Zz")) return *at == text.size();
  if (*at >= text.size()) return false;
  const int sign = text[*at] == '-' ? -1 : 1;
  if (!ReadChar(text, at, "+-")) return false;
  const int hours = ReadDigits(text, at, 2);
  if (hours < 0 || !ReadChar(text, at, ":")) return false;
  const int mins = ReadDigits(text, at, 2);
  if (mins < 0) return false;
  *minutes = sign * (hours * 60 + mins);
  return *at == text.size();
}

}  // namespace

std::string FormatRfc3339(WallTime time) {
  time = std::clamp(time, kFirstStamp, kLastStamp);
  int64_t days = time.ms / kMsPerDay;
  int64_t rest = time.ms % kMsPerDay;
  if (rest < 0) {
    rest += kMsPerDay;
    --days;
  }
  const CivilDate date = CivilFromDays(days);
  std::array<char, 64> buffer;
  int length = std::snprintf(
      buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02d:%02d:%02d",
      static_cast<long long>(date.year), date.month, date.day, static_cast<int>(rest / 3'600'000),
      static_cast<int>(rest / 60'000 % 60), static_cast<int>(rest / 1000 % 60));
  std::string text(buffer.data(), static_cast<size_t>(length));
  if (rest % 1000 != 0) {
    length = std::snprintf(buffer.data(), buffer.size(), ".%03d", static_cast<int>(rest % 1000));
    text.append(buffer.data(), static_cast<size_t>(length));
  }
  return text + "Z";
}

std::string FormatHttpDate(WallTime time) {
  const std::string stamp = FormatRfc3339(time);  // 2026-11-21T01:49:59Z
  const int64_t ms = std::clamp(time, kFirstStamp, kLastStamp).ms;
  const int64_t days = (ms - ((ms % kMsPerDay) + kMsPerDay) % kMsPerDay) / kMsPerDay;
  // The first day was a Thursday.
  const auto weekday = static_cast<size_t>(((days % 7) + 7 + 4) % 7);
  const auto month = static_cast<size_t>(CivilFromDays(days).month - 1);
  return std::string(kWeekdays.substr(weekday * 3, 3)) + ", " + stamp.substr(8, 2) + " " +
         std::string(kMonths.substr(month * 3, 3)) + " " + stamp.substr(0, 4) + " " +
         stamp.substr(11, 8) + " GMT";
}

Result<WallTime> ParseHttpDate(std::string_view text) {
  const Status bad = InvalidError("'" + std::string(text.substr(0, 100)) +
                                  "' is not a date like Sat, 21 Nov 2026 01:49:59 GMT");
  if (text.size() != kHttpDateBytes) return bad;
  const size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return bad;
  const std::string number = std::to_string(100 + month / 3 + 1).substr(1);
  const auto time =
      ParseRfc3339(std::string(text.substr(12, 4)) + "-" + number + "-" +
                   std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z");
  if (!time.ok() || FormatHttpDate(*time) != text) return bad;
  return time;
}

Result<WallTime> ParseRfc3339(std::string_view text) {
  const Status bad =
      InvalidError("'" + std::string(text) + "' is not an RFC 3339 time like 2006-01-02T15:04:05Z");
  size_t at = 0;
  const int year = ReadDigits(text, &at, 4);
  if (year < 0 || !ReadChar(text, &at, "-")) return bad;
  const int month = ReadDigits(text, &at, 2);
  if (month < 1 || month > 12 || !ReadChar(text, &at, "-")) return bad;
  const int day = ReadDigits(text, &at, 2);
  if (day < 1 || day > 31 || !ReadChar(text, &at, "Tt ")) return bad;
  const int hour = ReadDigits(text, &at, 2);
  if (hour < 0 || hour > 23 || !ReadChar(text, &at, ":")) return bad;
  const int minute = ReadDigits(text, &at, 2);
  if (minute < 0 || minute > 59 || !ReadChar(text, &at, ":")) return bad;
  const int second = ReadDigits(text, &at, 2);
  if (second < 0 || second > 60) return bad;
  int64_t fraction_ms = 0;
  if (ReadChar(text, &at, ".")) {
    int64_t scale = 100;
    const size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      fraction_ms += (text[at++] - '0') * scale;
      scale /= 10;
    }
    if (at == start) return bad;
  }
  int offset_minutes = 0;
  if (!ReadOffset(text, &at, &offset_minutes)) return bad;
  const int64_t seconds =
      hour * 3600LL + minute * 60LL + second - static_cast<int64_t>(offset_minutes) * 60;
  const WallTime time{DaysFromCivil(year, month, day) * kMsPerDay + seconds * 1000 + fraction_ms};
  return std::clamp(time, kFirstStamp, kLastStamp);
}

std::string FormatAge(int64_t duration_ms) {
  const int64_t seconds = duration_ms / 1000;
  if (seconds < 0) return "0s";
  if (seconds < 120) return std::to_string(seconds) + "s";
  const int64_t minutes = seconds / 60;
  if (minutes < 10) {
    const int64_t rest = seconds % 60;
    return std::to_string(minutes) + "m" + (rest == 0 ? "" : std::to_string(rest) + "s");
  }
  if (minutes < 180) return std::to_string(minutes) + "m";
  const int64_t hours = minutes / 60;
  if (hours < 8) {
    const int64_t rest = minutes % 60;
    return std::to_string(hours) + "h" + (rest == 0 ? "" : std::to_string(rest) + "m");
  }
  if (hours < 48) return std::to_string(hours) + "h";
  const int64_t days = hours / 24;
  if (hours < 192) {
    const int64_t rest = hours % 24;
    return std::to_string(days) + "d" + (rest == 0 ? "" : std::to_string(rest) + "h");
  }
  if (days < 365 * 2) return std::to_string(days) + "d";
  return std::to_string(days / 365) + "y";
}

}  // namespace reconcile
