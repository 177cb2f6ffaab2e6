#include "schema/cron.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "schema/text.h"

namespace reconcile {

namespace {

constexpr uint64_t kStar = uint64_t{1} << 63;
constexpr int64_t kDaySeconds = 86'400;

struct FieldBounds {
  std::string_view name;
  int min;
  int max;
  std::span<const std::string_view> names;  // the first stands for min
};

constexpr std::array<std::string_view, 12> kMonthNames = {"jan", "feb", "mar", "apr", "may", "jun",
                                                          "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kDayNames = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};
constexpr FieldBounds kFields[] = {{"minute", 0, 59, {}},
                                   {"hour", 0, 23, {}},
                                   {"day of the month", 1, 31, {}},
                                   {"month", 1, 12, kMonthNames},
                                   {"day of the week", 0, 6, kDayNames}};

// Parts between `separator`; the empty ones too.
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t from = 0;;) {
    const size_t at = text.find(separator, from);
    parts.push_back(text.substr(from, at - from));
    if (at == std::string_view::npos) return parts;
    from = at + 1;
  }
}

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t i = 0; i < text.size();) {
    if (IsSpace(text[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < text.size() && !IsSpace(text[end])) ++end;
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// A number without a sign, or a "+" before it, as Go's Atoi takes it.
std::optional<int> NumberOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text.front() == '-') return std::nullopt;
  int number = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return number;
}

std::optional<int> NumberOrName(std::string_view text, const FieldBounds& field) {
  const std::string lower = Lower(text);
  for (size_t i = 0; i < field.names.size(); ++i) {
    if (field.names[i] == lower) return field.min + static_cast<int>(i);
  }
  return NumberOf(text);
}

Status FieldError(const FieldBounds& field, std::string_view text, const std::string& why) {
  return InvalidError(std::string(field.name) + " " + Quoted(text) + ": " + why);
}

std::string RangeText(const FieldBounds& field) {
  std::string text = "it takes " + std::to_string(field.min) + " to " + std::to_string(field.max);
  if (field.names.empty()) return text;
  return text + " and " + std::string(field.names.front()) + " to " +
         std::string(field.names.back());
}

// The bits of `*`, `N`, `N-M`, each with `/STEP` or without.
Result<uint64_t> ParseRange(std::string_view text, const FieldBounds& field) {
  const std::vector<std::string_view> range_and_step = Split(text, '/');
  const std::vector<std::string_view> ends = Split(range_and_step.front(), '-');
  if (range_and_step.size() > 2) return FieldError(field, text, "more than one \"/\"");
  const bool is_star = ends.front() == "*" || ends.front() == "?";
  if (!is_star && ends.size() > 2) return FieldError(field, text, "more than one \"-\"");
  std::optional<int> first = field.min;
  std::optional<int> last = field.max;
  if (!is_star) {
    first = NumberOrName(ends.front(), field);
    last = NumberOrName(ends.back(), field);
  }
  if (!first || !last) return FieldError(field, text, "not a number; " + RangeText(field));
  std::optional<int> step = 1;
  if (range_and_step.size() == 2) {
    step = NumberOf(range_and_step.back());
    // Robfig: "N/step" means "N-max/step".
    if (ends.size() == 1) last = field.max;
  }
  if (!step || *step == 0) return FieldError(field, text, "the step must be a number from 1");
  if (*first < field.min || *last > field.max) return FieldError(field, text, RangeText(field));
  if (*first > *last) return FieldError(field, text, "the range ends before it begins");
  uint64_t bits = is_star && *step == 1 ? kStar : 0;
  for (int64_t n = *first; n <= *last; n += *step) bits |= uint64_t{1} << n;
  return bits;
}

Result<uint64_t> ParseField(std::string_view text, const FieldBounds& field) {
  uint64_t bits = 0;
  for (std::string_view part : Split(text, ',')) {
    if (part.empty()) continue;  // as Go's FieldsFunc
    const Result<uint64_t> range = ParseRange(part, field);
    if (!range.ok()) return range;
    bits |= *range;
  }
  return bits;
}

bool Has(uint64_t bits, int n) { return (bits >> n & 1) != 0; }

struct LocalTime {
  int year, month, day, weekday, hour, minute, second;
};

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

LocalTime LocalOf(int64_t local_seconds) {
  using namespace std::chrono;
  const int64_t days_since = FloorDiv(local_seconds, kDaySeconds);
  const int64_t rest = local_seconds - days_since * kDaySeconds;
  const sys_days date{days{static_cast<int>(days_since)}};
  const year_month_day ymd{date};
  return {static_cast<int>(ymd.year()),
          static_cast<int>(static_cast<unsigned>(ymd.month())),
          static_cast<int>(static_cast<unsigned>(ymd.day())),
          static_cast<int>(weekday{date}.c_encoding()),
          static_cast<int>(rest / 3600),
          static_cast<int>(rest / 60 % 60),
          static_cast<int>(rest % 60)};
}

// Local seconds at the start of the next month, and of the next day.
int64_t NextMonth(const LocalTime& time) {
  using namespace std::chrono;
  const year_month next = year{time.year} / month{static_cast<unsigned>(time.month)} + months{1};
  return sys_days{next / 1}.time_since_epoch().count() * kDaySeconds;
}
int64_t NextDay(int64_t local_seconds) {
  return (FloorDiv(local_seconds, kDaySeconds) + 1) * kDaySeconds;
}

int64_t OffsetAt(int64_t utc_seconds, const UtcOffset& offset) {
  return offset(WallTime{utc_seconds * 1000});
}

// The moment, in UTC, at which local clocks show `local_seconds`, or, when they pass over it, one
// close by.
int64_t UtcOf(int64_t local_seconds, const UtcOffset& offset) {
  const int64_t guess = local_seconds - OffsetAt(local_seconds, offset);
  return local_seconds - OffsetAt(guess, offset);
}

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr Unit kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"\u00b5s", 1e-6}, {"\u03bcs", 1e-6},
                           {"ms", 1e-3}, {"s", 1},     {"m", 60},         {"h", 3600}};

// Go's duration: "1h30m", "90s". Whole seconds, at least one; none when it is no such text.
std::optional<int64_t> EverySeconds(std::string_view text) {
  constexpr double kMostSeconds = 9.2e9;  // what Go's int64 of nanoseconds holds
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    const bool is_number = text.front() >= '.' && text.front() <= '9' && text.front() != '/';
    if (!is_number || read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<size_t>(read.ptr - text.data()));
    size_t length = 0;
    while (length < text.size() && text[length] != '.' &&
           (text[length] < '0' || text[length] > '9'))
      ++length;
    const std::string_view name = text.substr(0, length);
    const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                    [&](const Unit& each) { return each.name == name; });
    if (unit == std::end(kUnits)) return std::nullopt;
    total += number * unit->seconds;
    if (total > kMostSeconds) return std::nullopt;
    text.remove_prefix(length);
  }
  return std::max<int64_t>(1, static_cast<int64_t>(total));
}

struct Descriptor {
  std::string_view name;
  std::string_view fields;
};
constexpr Descriptor kDescriptors[] = {{"@yearly", "0 0 1 1 *"},  {"@annually", "0 0 1 1 *"},
                                       {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
                                       {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                                       {"@hourly", "0 * * * *"}};

}  // namespace

Result<CronSchedule> CronSchedule::Parse(std::string_view text) {
  if (text.size() > kMaxCronBytes) {
    return InvalidError("longer than " + std::to_string(kMaxCronBytes) + " bytes");
  }
  if (text.find("TZ") != std::string_view::npos) {
    return InvalidError("TZ and CRON_TZ have no place in a schedule; use timeZone");
  }
  return text.starts_with('@') ? ParseDescriptor(text) : ParseFields(text);
}

Result<CronSchedule> CronSchedule::ParseDescriptor(std::string_view text) {
  constexpr std::string_view kEvery = "@every ";
  for (const Descriptor& descriptor : kDescriptors) {
    if (descriptor.name == text) return ParseFields(descriptor.fields);
  }
  if (text.starts_with(kEvery)) {
    const std::optional<int64_t> seconds = EverySeconds(text.substr(kEvery.size()));
    if (!seconds) {
      return InvalidError(Quoted(text) + ": after @every comes a duration like \"1h30m\"");
    }
    CronSchedule schedule;
    schedule.every_seconds_ = *seconds;
    return schedule;
  }
  std::vector<std::string_view> names = {"@every"};
  for (const Descriptor& descriptor : kDescriptors) names.push_back(descriptor.name);
  return InvalidError(Quoted(text) + " is not a schedule; known are " + QuotedList(names));
}

Result<CronSchedule> CronSchedule::ParseFields(std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  if (words.size() != std::size(kFields)) {
    return InvalidError(
        "takes five fields (minute, hour, day of the month, month, day of the "
        "week), got " +
        std::to_string(words.size()));
  }
  CronSchedule schedule;
  uint64_t* const targets[] = {&schedule.minutes_, &schedule.hours_, &schedule.days_,
                               &schedule.months_, &schedule.weekdays_};
  for (size_t i = 0; i < words.size(); ++i) {
    const Result<uint64_t> bits = ParseField(words[i], kFields[i]);
    if (!bits.ok()) return bits.status();
    *targets[i] = *bits;
  }
  return schedule;
}

// Robfig: when both days are restricted, either will do (as in cron(8)).
bool CronSchedule::MatchesDay(int day, int weekday) const {
  const bool is_day = Has(days_, day);
  const bool is_weekday = Has(weekdays_, weekday);
  if ((days_ & kStar) != 0 || (weekdays_ & kStar) != 0) return is_day && is_weekday;
  return is_day || is_weekday;
}

std::optional<WallTime> CronSchedule::Next(WallTime after, const UtcOffset& offset) const {
  // Six years of days, each with the hours that clocks pass over, and the minutes of one hour.
  constexpr int kMaxSteps = 60'000;
  int64_t at = FloorDiv(std::clamp(after, kFirstStamp, kLastStamp).ms, 1000);
  if (every_seconds_ > 0) {
    at += every_seconds_;
    return at * 1000 > kLastStamp.ms ? std::nullopt : std::optional(WallTime{at * 1000});
  }
  if (minutes_ == 0 || hours_ == 0) return std::nullopt;
  ++at;
  const int last_year = LocalOf(at + OffsetAt(at, offset)).year + kMaxCronYears;
  for (int step = 0; step < kMaxSteps && at * 1000 <= kLastStamp.ms; ++step) {
    const int64_t local_seconds = at + OffsetAt(at, offset);
    const LocalTime local = LocalOf(local_seconds);
    const int64_t next_hour = at + 3600 - local.minute * 60 - local.second;
    if (local.year > last_year) break;
    if (!Has(months_, local.month)) {
      const int64_t month = UtcOf(NextMonth(local), offset);
      at = month > at ? month : next_hour;
    } else if (!MatchesDay(local.day, local.weekday)) {
      const int64_t day = UtcOf(NextDay(local_seconds), offset);
      at = day > at ? day : next_hour;
    } else if (!Has(hours_, local.hour)) {
      at = next_hour;
    } else if (!Has(minutes_, local.minute) || local.second != 0) {
      at += 60 - local.second;
    } else {
      return WallTime{at * 1000};
    }
  }
  return std::nullopt;
}

std::optional<WallTime> CronSchedule::Next(WallTime after) const {
  return Next(after, [](WallTime) { return 0; });
}

}  // namespace reconcile
