#include "api/saved_plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/plan_view.h"
#include "base/ids.h"

namespace reconcile {
namespace {

std::string FieldsText(const Value& change) {
  std::string text;
  for (const Value& field : change.GetList("fields")) {
    text += field.GetString("path") + "\n" + field.GetString("before") + "\n" +
            field.GetString("after") + "\n";
  }
  return text;
}

std::string FateText(const Value& pod) {
  const std::string fate = pod.GetString("fate");
  if (fate == "create") return "started on " + pod.GetString("node");
  if (fate == "wait") return "waiting on " + pod.GetString("node");
  if (fate == "remove") return "stopped";
  return fate == "unschedulable" ? "not placed" : "kept";
}

// What is promised of one thing, in words, and what only a comparison needs.
struct Promise {
  std::string words;
  std::string details;
  friend bool operator==(const Promise&, const Promise&) = default;
};
// By what it is about, and whether that is one of the pods that start or stop.
using Promises = std::map<std::pair<std::string, bool>, Promise>;

Promises PromisesOf(const Value& plan) {
  Promises promises;
  for (const Value& change : plan.GetList("changes")) {
    promises[{KeyText(change), false}] = {change.GetString("change"), FieldsText(change)};
  }
  for (const Value& pod : plan.GetList("pods")) {
    if (pod.GetString("fate") == "keep") continue;
    promises[{KeyText(pod), true}] = {FateText(pod), ""};
  }
  if (const Value* held = plan.Find("held")) {
    promises[{"deletion breaker", false}] = {"holds plan " + held->GetString("planHash"), ""};
  }
  return promises;
}

std::string Difference(const std::string& about, const Promise* saved, const Promise* now) {
  const std::string before = saved == nullptr ? "nothing" : saved->words;
  const std::string after = now == nullptr ? "nothing" : now->words;
  if (before == after) return about + ": " + before + " as before, but other fields or values";
  return about + ": the plan says " + before + ", and now it would be " + after;
}

}  // namespace

std::string PlanHashOf(const Value& plan) {
  std::string text;
  for (const auto& [key, promise] : PromisesOf(plan)) {
    text += key.first + (key.second ? " starts or stops" : "") + "\n" + promise.words + "\n" +
            promise.details + "\n";
  }
  return Sha256Hex(text);
}

std::vector<std::string> PlanDifferences(const Value& saved, const Value& now) {
  const Promises before = PromisesOf(saved);
  const Promises after = PromisesOf(now);
  std::vector<std::string> lines;
  for (const auto& [key, promise] : before) {
    const auto found = after.find(key);
    if (found != after.end() && found->second == promise) continue;
    lines.push_back(
        Difference(key.first, &promise, found == after.end() ? nullptr : &found->second));
  }
  for (const auto& [key, promise] : after) {
    if (!before.contains(key)) lines.push_back(Difference(key.first, nullptr, &promise));
  }
  if (lines.size() <= kMaxPlanDifferences) return lines;
  const size_t more = lines.size() - kMaxPlanDifferences;
  lines.resize(kMaxPlanDifferences);
  lines.push_back("and " + std::to_string(more) + " more");
  return lines;
}

std::string WriteSavedPlan(const SavedPlan& plan) {
  Value value = Value::MakeMap();
  value.Set("kind", Value::String("ReconcilePlan"));
  value.Set("version", Value::Int(kSavedPlanVersion));
  value.Set("source", Value::String(plan.source));
  value.Set("commit", Value::String(plan.commit));
  value.Set("modelRevision", Value::Int(plan.model_revision));
  value.Set("planHash", Value::String(PlanHashOf(plan.plan)));
  value.Set("digest", Value::String(Sha256Hex(WriteJson(plan.plan))));
  value.Set("plan", plan.plan);
  return WriteJson(value, 2) + "\n";
}

Result<SavedPlan> ReadSavedPlan(std::string_view text) {
  const Result<Value> value = ParseJson(text, {.max_bytes = kMaxSavedPlanBytes, .max_depth = 32});
  if (!value.ok()) return value.status();
  const Value* plan = value->IsMap() ? value->Find("plan") : nullptr;
  if (plan == nullptr || value->GetString("kind") != "ReconcilePlan") {
    return InvalidError("this is no saved plan; `reconcile --dry-run --save FILE` writes one");
  }
  if (value->GetInt("version") != kSavedPlanVersion) {
    return InvalidError("the plan has version " + std::to_string(value->GetInt("version")) +
                        ", and this release takes version " + std::to_string(kSavedPlanVersion) +
                        ": save it again");
  }
  SavedPlan saved{.source = value->GetString("source"),
                  .commit = value->GetString("commit"),
                  .model_revision = value->GetInt("modelRevision"),
                  .plan_hash = value->GetString("planHash"),
                  .plan = *plan};
  if (saved.commit.empty() || saved.commit == kWorkTreeCommit) {
    return InvalidError(
        "the plan is of a work tree, and only a commit can be applied: commit it, " +
        std::string("and save the plan of that"));
  }
  const bool is_edited = saved.plan_hash != PlanHashOf(*plan) ||
                         value->GetString("digest") != Sha256Hex(WriteJson(*plan));
  if (saved.source.empty() || is_edited) {
    return InvalidError(
        "the plan was changed since it was saved: its hash is not that of what it "
        "says; save it again");
  }
  return saved;
}

}  // namespace reconcile
