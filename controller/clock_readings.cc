#include "controller/clock_readings.h"

#include <cstdlib>
#include <utility>

#include "controller/core.h"

namespace reconcile {

bool ClockReadings::Take(int64_t clock_ms, Now now) {
  if (clock_ms <= 0) {
    wrong_since_.reset();
    skewed_ = right_ = false;
    return !std::exchange(silent_, true);
  }
  silent_ = false;
  ahead_ms_ = clock_ms - now.wall.ms;
  const int64_t apart_ms = std::abs(ahead_ms_);
  const bool was_skewed = skewed_;
  const bool was_right = std::exchange(right_, apart_ms <= kClockRightMs);
  if (right_) skewed_ = false;
  if (apart_ms <= kClockSkewedMs) wrong_since_.reset();
  if (apart_ms > kClockSkewedMs && !wrong_since_) wrong_since_ = now.mono;
  if (wrong_since_ && now.mono - *wrong_since_ >= kClockSureMs) skewed_ = true;
  return skewed_ != was_skewed || right_ != was_right;
}

std::optional<Condition> ClockCondition(const Condition* before, const ClockReadings& clock) {
  const bool was_skewed = before != nullptr && before->status == ConditionStatus::kTrue;
  const bool is_ahead = clock.ahead_ms() > 0;
  const char* const reason = is_ahead ? "ClockAhead" : "ClockBehind";
  if (was_skewed && clock.silent()) {
    return Condition{.type = std::string(kClockSkewed),
                     .status = ConditionStatus::kFalse,
                     .reason = "ClockUnknown",
                     .message = "the host's agent says nothing of its clock any more"};
  }
  if (!clock.skewed()) {
    if (!was_skewed || !clock.right()) return std::nullopt;
    return Condition{.type = std::string(kClockSkewed),
                     .status = ConditionStatus::kFalse,
                     .reason = "ClockRight",
                     .message = "the host's clock is the controller's again"};
  }
  if (was_skewed && before->reason == reason) return std::nullopt;
  return Condition{.type = std::string(kClockSkewed),
                   .status = ConditionStatus::kTrue,
                   .reason = reason,
                   .message = "the host's clock is " + FormatAge(std::abs(clock.ahead_ms())) +
                              (is_ahead ? " ahead of" : " behind") +
                              " the controller's: stamps, certificates and `logs --since` go by "
                              "it. Run chrony, or `timedatectl set-ntp true`, on the one that is "
                              "wrong (`date -u` on both tells)"};
}

void Controller::Core::TakeClock(const std::string& node, const Heard& heard, ClusterState* state,
                                 WriteSet* writes, std::vector<Reason>* reasons, Now now) {
  const auto existing = state->Find<Node>("", node);
  if (existing == nullptr || heard.agent_start.empty()) return;
  const std::optional<Condition> condition =
      ClockCondition(FindCondition(existing->status.conditions, kClockSkewed), heard.clock);
  if (!condition) return;
  const bool is_wrong = condition->status == ConditionStatus::kTrue;
  reasons->push_back({{Kind::kNode, "", node},
                      is_wrong ? EventType::kWarning : EventType::kNormal,
                      condition->reason,
                      condition->message,
                      "node-controller"});
  auto updated = std::make_shared<Node>(*existing);
  if (SetCondition(&updated->status.conditions, *condition, now.wall)) {
    PutBoth(updated, state, writes);
  }
}

}  // namespace reconcile
