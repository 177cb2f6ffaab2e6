#include "schema/tolerations.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace reconcile {

namespace {

constexpr std::string_view kTolerationsField = "tolerations";

TaintEffect EffectNamed(const std::string& name) {
  for (const TaintEffect effect :
       {TaintEffect::kNoSchedule, TaintEffect::kPreferNoSchedule, TaintEffect::kNoExecute}) {
    if (name == ToString(effect)) return effect;
  }
  return TaintEffect::kUnset;
}

Toleration ReadToleration(const Value& value) {
  Toleration toleration;
  toleration.key = value.GetString("key");
  toleration.value = value.GetString("value");
  toleration.effect = EffectNamed(value.GetString("effect"));
  const std::string comparison = value.GetString("operator", "Equal");
  toleration.is_exists = comparison == "Exists";
  toleration.is_known = toleration.is_exists || comparison == "Equal";
  if (value.Find("tolerationSeconds") != nullptr) {
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 1000;
    toleration.seconds = std::clamp<int64_t>(value.GetInt("tolerationSeconds"), 0, kMost);
  }
  return toleration;
}

}  // namespace

std::vector<Taint> PressureTaintsOf(const Node& node) {
  static constexpr std::pair<std::string_view, std::string_view> kTaints[] = {
      {kMemoryPressure, kMemoryPressureTaint},
      {kDiskPressure, kDiskPressureTaint},
      {kPidPressure, kPidPressureTaint}};
  std::vector<Taint> taints;
  for (const auto& [type, key] : kTaints) {
    const Condition* condition = FindCondition(node.status.conditions, type);
    if (condition == nullptr || condition->status != ConditionStatus::kTrue) continue;
    taints.push_back({.key = std::string(key),
                      .value = "",
                      .effect = TaintEffect::kNoSchedule,
                      .time_added = std::nullopt});
  }
  return taints;
}

Toleration MemoryPressureToleration() {
  Toleration toleration;
  toleration.key = kMemoryPressureTaint;
  toleration.effect = TaintEffect::kNoSchedule;
  toleration.is_exists = true;
  return toleration;
}

std::vector<Toleration> TolerationsOf(const PodSpec& spec) {
  std::vector<Toleration> tolerations;
  const Value* written = spec.others.Find(kTolerationsField);
  if (written == nullptr || !written->IsList()) return tolerations;
  for (const Value& each : written->AsList()) tolerations.push_back(ReadToleration(each));
  return tolerations;
}

std::string TolerationsText(const PodSpec& spec) {
  const Value* written = spec.others.Find(kTolerationsField);
  return written == nullptr ? "" : WriteJson(*written);
}

bool Tolerates(const Toleration& toleration, const Taint& taint) {
  if (!toleration.is_known) return false;
  if (toleration.effect != TaintEffect::kUnset && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.is_exists;
  return toleration.key == taint.key && (toleration.is_exists || toleration.value == taint.value);
}

bool Tolerates(const std::vector<Toleration>& tolerations, const Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(),
                     [&](const Toleration& each) { return Tolerates(each, taint); });
}

Stay StayUnder(const std::vector<Toleration>& tolerations, const Taint& taint) {
  Stay stay;
  for (const Toleration& toleration : tolerations) {
    if (!Tolerates(toleration, taint)) continue;
    stay.is_tolerated = true;
    if (!toleration.seconds) continue;
    const int64_t ms = *toleration.seconds * 1000;
    stay.ms = std::min(stay.ms.value_or(ms), ms);
  }
  return stay;
}

std::string ToString(const Taint& taint) { return "{" + taint.key + ": " + taint.value + "}"; }

}  // namespace reconcile
