#include "base/numbers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace reconcile {
namespace {

// Whether a number that std::from_chars finds out of range is too small rather than too large: the
// power of ten of its first digit tells. `text` is a valid decimal number that is not zero.
bool IsTiny(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const size_t mantissa_size = std::min(text.find_first_of("eE"), text.size());
  const std::string_view mantissa = text.substr(0, mantissa_size);
  std::string_view exponent = text.substr(std::min(mantissa_size + 1, text.size()));
  const bool negative = exponent.starts_with('-');
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  int64_t power = 0;
  const auto result = std::from_chars(exponent.data(), exponent.data() + exponent.size(), power);
  if (result.ec == std::errc::result_out_of_range) return negative;
  const auto point = static_cast<int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<int64_t>(mantissa.find_first_of("123456789"));
  return power + (first < point ? point - first : point - first + 1) < 0;
}

}  // namespace

std::optional<double> ParseDouble(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, number);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return std::nullopt;
  if (result.ec != std::errc::result_out_of_range) return number;
  if (!IsTiny(text)) return std::nullopt;
  return text.starts_with('-') ? -0.0 : 0.0;
}

}  // namespace reconcile
