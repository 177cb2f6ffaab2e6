#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "schema/core.h"

namespace reconcile {

// What a SourceSpec's settings mean, and what is wrong with them. PURE.

inline constexpr int64_t kDefaultIntervalMs = 15'000;  // of remote sources
inline constexpr int64_t kMinIntervalMs = 5'000;
inline constexpr int64_t kMaxIntervalMs = 24 * 3'600'000;
inline constexpr int64_t kIntervalJitterPercent = 20;  // either way

// "15s", "5m", "1h30m" in milliseconds; Invalid unless it is from kMinIntervalMs to kMaxIntervalMs.
Result<int64_t> ParseInterval(std::string_view text);
// kDefaultIntervalMs where the spec has none, or none that makes sense.
int64_t IntervalOf(const SourceSpec& spec);

// For people and for FindField: what is wrong with a whole spec beyond each setting by itself
// (revision and semver together, credentials that do not fit the URL); empty when nothing is.
std::string CheckSourceSpec(const SourceSpec& spec);
std::string CheckInterval(const std::string& text);
std::string CheckSemver(const std::string& text);
std::string CheckApply(const std::string& text);
std::string CheckWebhookProvider(const std::string& text);

}  // namespace reconcile
