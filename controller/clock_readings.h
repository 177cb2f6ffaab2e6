#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "schema/pod.h"

namespace reconcile {

// A Node's condition, the controller's: the host's clock is not the controller's. Absent of hosts
// whose clock has always been right, False once it is right again.
inline constexpr std::string_view kClockSkewed = "ClockSkewed";
// Further apart is said; what was said is taken back below the second. Certificates tolerate an
// hour, people who compare stamps much less.
inline constexpr int64_t kClockSkewedMs = 10'000;
inline constexpr int64_t kClockRightMs = 5'000;
// Words that waited on the way make a clock seem behind, until one comes that did not: only what
// holds for so long is believed.
inline constexpr int64_t kClockSureMs = 15'000;

// What an agent's reports say of its host's clock. PURE, the controller's loop's.
class ClockReadings {
 public:
  // `clock_ms`: as in Report. True: skewed or right is another thing now.
  bool Take(int64_t clock_ms, Now now);
  // Whether it is known to be wrong, against the controller's.
  bool skewed() const { return skewed_; }
  // Whether the newest report came with a clock that is the controller's.
  bool right() const { return right_; }
  // Whether its agent says nothing of it, as one of an earlier release.
  bool silent() const { return silent_; }
  // How far it is ahead of the controller's, by the newest report; negative: behind.
  int64_t ahead_ms() const { return ahead_ms_; }

 private:
  std::optional<MonoTime> wrong_since_;
  int64_t ahead_ms_ = 0;
  bool skewed_ = false;
  bool right_ = false;
  bool silent_ = false;
};

// What the node's condition becomes; none: it stays as it is.
std::optional<Condition> ClockCondition(const Condition* before, const ClockReadings& clock);

}  // namespace reconcile
