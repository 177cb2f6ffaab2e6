#include "cmd/plan_network.h"

#include "api/plan_view.h"

namespace reconcile {

void WriteNetwork(const Value& plan, PlanLines* lines) {
  const Value::List& changes = plan.GetList("network");
  if (changes.empty()) return;
  lines->Blank();
  lines->Add(LineColor::kPlain, 0, "Network:");
  for (size_t i = 0; i < changes.size() && i < kMostNetworkLines; ++i) {
    const Value& change = changes[i];
    const std::string before = change.GetString("before");
    const std::string after = change.GetString("after");
    const std::string what = KeyText(change) + "  " + change.GetString("what") + " ";
    if (before.empty()) {
      lines->Add(LineColor::kGreen, 2, "+ " + what + after);
    } else if (after.empty()) {
      lines->Add(LineColor::kRed, 2, "- " + what + before);
    } else {
      lines->Add(LineColor::kYellow, 2, "~ " + what + before + " -> " + after);
    }
  }
  if (changes.size() <= kMostNetworkLines) return;
  const size_t left_out = changes.size() - kMostNetworkLines;
  lines->Add(LineColor::kPlain, 2,
             "and " + Counted(static_cast<int64_t>(left_out), "more change", "more changes"));
}

}  // namespace reconcile
