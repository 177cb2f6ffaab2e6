#include "controller/source_status.h"

#include <algorithm>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kProblemsShown = 10;
constexpr size_t kMaxProblemBytes = 600;
constexpr size_t kWarningsShown = 20;

const std::string& ReadyReason(const SourceStatus& status) {
  static const std::string kNone;
  const Condition* ready = FindCondition(status.conditions, "Ready");
  return ready == nullptr ? kNone : ready->reason;
}

const std::string& HeldPlan(const SourceStatus& status) {
  static const std::string kNone;
  return status.held ? status.held->plan_hash : kNone;
}

}  // namespace

std::string Summary(const std::vector<Problem>& problems) {
  std::string text;
  for (size_t i = 0; i < problems.size() && i < kProblemsShown; ++i) {
    text += (i == 0 ? "" : "; ") + CutText(problems[i].ToString(), kMaxProblemBytes);
  }
  if (problems.size() > kProblemsShown) {
    text += "; and " + std::to_string(problems.size() - kProblemsShown) + " more";
  }
  return text;
}

void SetReady(SourceStatus* status, ConditionStatus ready, const std::string& reason,
              const std::string& message, WallTime now) {
  SetCondition(&status->conditions,
               {.type = "Ready",
                .status = ready,
                .reason = reason,
                .message = CutText(message, kMaxConditionBytes)},
               now);
}

void SetApplied(const FetchedCommit& commit, SourceStatus* status, WallTime now) {
  if (status->applied_commit != commit.id) status->applied_at = now;
  status->applied_commit = commit.id;
  status->applied_author = commit.author;
  status->applied_subject = commit.subject;
  status->applied_reference = commit.reference;
  status->held.reset();
  SetReady(status, ConditionStatus::kTrue, "Applied", "commit " + commit.id.substr(0, 12), now);
}

std::optional<Reason> ReasonFor(const std::string& source, const SourceStatus& before,
                                const SourceStatus& after) {
  const Condition* ready = FindCondition(after.conditions, "Ready");
  const bool same =
      ReadyReason(before) == ReadyReason(after) && before.seen_commit == after.seen_commit &&
      before.applied_commit == after.applied_commit && HeldPlan(before) == HeldPlan(after);
  if (ready == nullptr || same) return std::nullopt;
  Reason reason{.key = {Kind::kSource, "", source},
                .reason = ready->reason,
                .message = ready->message,
                .component = "source-controller"};
  if (ready->status == ConditionStatus::kTrue) {
    reason.message += " is in force: " + after.applied_subject;
  } else {
    reason.type = EventType::kWarning;
  }
  return reason;
}

std::vector<std::string> WarningLines(const std::string& source,
                                      const std::vector<Problem>& warnings) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < warnings.size() && i < kWarningsShown; ++i) {
    lines.push_back("source " + source + ": " + CutText(warnings[i].ToString(), kMaxProblemBytes));
  }
  if (warnings.size() > kWarningsShown) {
    lines.push_back("source " + source + ": " + std::to_string(warnings.size() - kWarningsShown) +
                    " more warnings; `reconcile validate` shows all");
  }
  return lines;
}

}  // namespace reconcile
