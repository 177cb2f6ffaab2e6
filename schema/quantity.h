#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace reconcile {

// A Kubernetes resource quantity: fixed point, milli precision (finer rounds up), never float.
// Source: SEMANTICS 17, apimachinery resource.Quantity. Equality and order are by value; the
// written form is kept for output's suffix family.
class Quantity {
 public:
  enum class Family { kDecimal, kBinary, kExponent };

  Quantity() = default;
  static Quantity FromMilli(int64_t milli, Family family = Family::kDecimal);
  static Quantity FromUnits(int64_t units, Family family = Family::kDecimal);  // saturates

  // Invalid: not "<sign>digits[.digits]<suffix>", or beyond 2^63-1 units.
  static Result<Quantity> Parse(std::string_view text);

  // Rounded up to whole units / to thousandths (saturated at int64's ends).
  int64_t Units() const;
  int64_t Milli() const;
  // Canonical: the largest suffix of the family with an integer mantissa.
  std::string ToString() const;
  bool IsZero() const { return milli_ == 0; }
  bool IsNegative() const { return milli_ < 0; }

  friend bool operator==(const Quantity& a, const Quantity& b) { return a.milli_ == b.milli_; }
  friend auto operator<=>(const Quantity& a, const Quantity& b) { return a.milli_ <=> b.milli_; }

 private:
  __extension__ using Wide = __int128;
  Wide milli_ = 0;
  Family family_ = Family::kDecimal;
};

// An integer or a string, as `maxSurge: 1`, `maxSurge: 25%`, `targetPort: http`.
struct IntOrString {
  bool is_string = false;
  int32_t number = 0;
  std::string text;

  static IntOrString Int(int32_t value) { return {false, value, ""}; }
  static IntOrString String(std::string value) { return {true, 0, std::move(value)}; }
  std::string ToString() const { return is_string ? text : std::to_string(number); }
  friend bool operator==(const IntOrString&, const IntOrString&) = default;
};

enum class Rounding { kUp, kDown };

// The number itself, or the percentage of `total`, rounded as the field demands (SEMANTICS 1.1).
// Invalid for a string that is not a percentage.
Result<int32_t> ScaledValue(const IntOrString& value, int32_t total, Rounding rounding);

}  // namespace reconcile
