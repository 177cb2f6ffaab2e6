#include "schema/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace reconcile {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();
constexpr int64_t kMinInt64 = std::numeric_limits<int64_t>::min();
constexpr Wide kMaxMilli = static_cast<Wide>(kMaxInt64) * 1000;
constexpr size_t kMaxMilliDigits = 22;  // of kMaxMilli

struct Suffix {
  Quantity::Family family = Quantity::Family::kDecimal;
  int64_t power_of_ten = 0;
  int power_of_two = 0;
};

std::optional<Suffix> ParseExponent(std::string_view digits) {
  const bool sign = digits.starts_with('+') || digits.starts_with('-');
  const std::string_view number = digits.substr(sign ? 1 : 0);
  if (number.empty() || number.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t exponent = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (result.ec != std::errc()) return std::nullopt;
  // Beyond this the value is out of range or the smallest there is, whatever its digits.
  constexpr int64_t kFarEnough = 1'000'000'000'000;
  return Suffix{Quantity::Family::kExponent, std::clamp(exponent, -kFarEnough, kFarEnough), 0};
}

std::optional<Suffix> ParseSuffix(std::string_view text) {
  constexpr std::string_view kDecimal = "num kMGTPE";  // 10^-9, 10^-6 ... 10^18
  constexpr std::string_view kBinary = "KMGTPE";       // 2^10 ... 2^60
  if (text.empty()) return Suffix{};
  if (text.size() == 2 && text[1] == 'i') {
    const size_t at = kBinary.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{Quantity::Family::kBinary, 0, static_cast<int>(at + 1) * 10};
  }
  if (text.size() == 1 && text[0] != ' ') {
    const size_t at = kDecimal.find(text[0]);
    if (at == std::string_view::npos) return std::nullopt;
    return Suffix{Quantity::Family::kDecimal, static_cast<int64_t>(at) * 3 - 9, 0};
  }
  if (text[0] == 'e' || text[0] == 'E') return ParseExponent(text.substr(1));
  return std::nullopt;
}

// The value of at most 38 decimal digits.
Wide DigitsValue(std::string_view digits) {
  Wide value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

bool AllZero(std::string_view digits) {
  return digits.find_first_not_of('0') == std::string_view::npos;
}

// digits * 10^shift, rounded up; nullopt when beyond the bound. `digits` has no leading zero.
std::optional<Wide> ShiftDecimal(std::string_view digits, int64_t shift) {
  if (digits.empty()) return 0;
  const auto count = static_cast<int64_t>(digits.size());
  if (shift < 0 && -shift >= count) return 1;  // finer than one thousandth
  if (count + shift > static_cast<int64_t>(kMaxMilliDigits)) return std::nullopt;
  if (shift < 0) {
    const auto whole = static_cast<size_t>(count + shift);
    return DigitsValue(digits.substr(0, whole)) + (AllZero(digits.substr(whole)) ? 0 : 1);
  }
  Wide value = DigitsValue(digits);
  for (int64_t i = 0; i < shift; ++i) value *= 10;
  return value;
}

// whole.fraction * 2^power in thousandths, rounded up; nullopt when beyond the bound.
std::optional<Wide> ScaleBinary(std::string_view whole, std::string_view fraction, int power) {
  if (whole.size() > kMaxMilliDigits) return std::nullopt;
  const Wide units = DigitsValue(whole);
  if (units > (static_cast<Wide>(kMaxInt64) >> power)) return std::nullopt;
  const Wide scale = (static_cast<Wide>(1) << power) * 1000;
  // Horner from the last digit on: each step is exact but for a remainder, which rounds up.
  Wide part = 0;
  bool remainder = false;
  for (size_t i = fraction.size(); i > 0; --i) {
    part += (fraction[i - 1] - '0') * scale;
    remainder = remainder || part % 10 != 0;
    part /= 10;
  }
  return units * scale + part + (remainder ? 1 : 0);
}

std::string WideToString(Wide value) {
  if (value == 0) return "0";
  std::string text;
  for (; value > 0; value /= 10) text.insert(text.begin(), static_cast<char>('0' + value % 10));
  return text;
}

// Divides out 1000s and names the suffix: thousandths come in.
std::string FormatDecimal(Wide milli, bool exponent) {
  constexpr std::array<std::string_view, 8> kSuffixes = {"m", "", "k", "M", "G", "T", "P", "E"};
  size_t step = 0;
  while (step + 1 < kSuffixes.size() && milli % 1000 == 0) {
    milli /= 1000;
    ++step;
  }
  if (!exponent) return WideToString(milli).append(kSuffixes[step]);
  const int power = static_cast<int>(step) * 3 - 3;
  return power == 0 ? WideToString(milli) : WideToString(milli).append("e" + std::to_string(power));
}

std::string FormatBinary(Wide units) {
  constexpr std::array<std::string_view, 7> kSuffixes = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  size_t step = 0;
  while (step + 1 < kSuffixes.size() && units % 1024 == 0) {
    units /= 1024;
    ++step;
  }
  return WideToString(units).append(kSuffixes[step]);
}

// Away from zero, as Kubernetes' Quantity.Value.
int64_t Saturate(Wide value) {
  if (value > kMaxInt64) return kMaxInt64;
  if (value < kMinInt64) return kMinInt64;
  return static_cast<int64_t>(value);
}

Status NotAQuantity(std::string_view text) {
  return InvalidError("'" + std::string(text.substr(0, 64)) +
                      "' is not a quantity like 500m, 1.5, 128Mi or 2e3");
}

}  // namespace

Quantity Quantity::FromMilli(int64_t milli, Family family) {
  Quantity quantity;
  quantity.milli_ = milli;
  quantity.family_ = family;
  return quantity;
}

Quantity Quantity::FromUnits(int64_t units, Family family) {
  Quantity quantity;
  quantity.milli_ = static_cast<Wide>(std::max(units, -kMaxInt64)) * 1000;
  quantity.family_ = family;
  return quantity;
}

Result<Quantity> Quantity::Parse(std::string_view text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const size_t whole_size = std::min(rest.find_first_not_of("0123456789"), rest.size());
  std::string_view whole = rest.substr(0, whole_size);
  rest.remove_prefix(whole_size);
  std::string_view fraction;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const size_t fraction_size = std::min(rest.find_first_not_of("0123456789"), rest.size());
    fraction = rest.substr(0, fraction_size);
    rest.remove_prefix(fraction_size);
  }
  const std::optional<Suffix> suffix = ParseSuffix(rest);
  if (!suffix || (whole.empty() && fraction.empty())) return NotAQuantity(text);

  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  std::optional<Wide> milli;
  if (suffix->family == Family::kBinary) {
    milli = ScaleBinary(whole, fraction, suffix->power_of_two);
  } else {
    std::string digits(whole);
    digits += fraction;
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
    milli = ShiftDecimal(digits, suffix->power_of_ten - static_cast<int64_t>(fraction.size()) + 3);
  }
  if (!milli || *milli > kMaxMilli) {
    return InvalidError("quantity '" + std::string(text.substr(0, 64)) +
                        "' is larger than 9223372036854775807");
  }
  Quantity quantity;
  quantity.milli_ = negative ? -*milli : *milli;
  quantity.family_ = suffix->family;
  return quantity;
}

int64_t Quantity::Units() const {
  const Wide rest = milli_ % 1000;
  return Saturate(milli_ / 1000 + (rest > 0 ? 1 : 0) - (rest < 0 ? 1 : 0));
}

int64_t Quantity::Milli() const { return Saturate(milli_); }

std::string Quantity::ToString() const {
  if (milli_ == 0) return "0";
  const Wide magnitude = milli_ < 0 ? -milli_ : milli_;
  std::string text = milli_ < 0 ? "-" : "";
  // Kubernetes: small or fractional amounts of the binary family are written in the decimal one.
  const bool whole_binary = magnitude % 1000 == 0 && magnitude >= 1024 * 1000;
  switch (family_) {
    case Family::kDecimal:
      return text + FormatDecimal(magnitude, false);
    case Family::kExponent:
      return text + FormatDecimal(magnitude, true);
    case Family::kBinary:
      return text +
             (whole_binary ? FormatBinary(magnitude / 1000) : FormatDecimal(magnitude, false));
  }
  return text;
}

Result<int32_t> ScaledValue(const IntOrString& value, int32_t total, Rounding rounding) {
  if (!value.is_string) return value.number;
  std::string_view digits = value.text;
  const bool percent = digits.ends_with('%');
  if (percent) digits.remove_suffix(1);
  int32_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!percent || digits.starts_with('-') || result.ec != std::errc() ||
      result.ptr != digits.data() + digits.size()) {
    return InvalidError("'" + value.text.substr(0, 64) +
                        "' is neither a number nor a percentage like 25%");
  }
  const int64_t product = static_cast<int64_t>(number) * total;
  int64_t scaled = product / 100;
  if (rounding == Rounding::kUp && product % 100 > 0) ++scaled;
  if (rounding == Rounding::kDown && product % 100 < 0) --scaled;
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  return static_cast<int32_t>(std::clamp(scaled, -kMax, kMax));
}

}  // namespace reconcile
