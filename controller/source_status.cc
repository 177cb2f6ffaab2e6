#include "controller/source_status.h"

#include <algorithm>
#include <utility>

#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kProblemsShown = 10;
constexpr size_t kMaxProblemBytes = 600;
constexpr size_t kWarningsShown = 20;
constexpr size_t kMaxSubjectBytes = 200;  // of a commit in the history
constexpr size_t kMaxResultBytes = 600;

const std::string& ReadyReason(const SourceStatus& status) {
  static const std::string kNone;
  const Condition* ready = FindCondition(status.conditions, "Ready");
  return ready == nullptr ? kNone : ready->reason;
}

const std::string& HeldPlan(const SourceStatus& status) {
  static const std::string kNone;
  return status.held ? status.held->plan_hash : kNone;
}

bool IsWait(const std::string& reason) {
  return reason == kWaitingForWave || reason == kWaitingForSource;
}

// What the conditions say of the commit; an empty result when they speak of another.
SourceRevision RevisionOf(const FetchedCommit& commit, WallTime now, const SourceStatus& status) {
  SourceRevision revision;
  revision.commit = commit.id;
  revision.author = CutText(commit.author, kMaxSubjectBytes);
  revision.subject = CutText(commit.subject, kMaxSubjectBytes);
  if (commit.committed_at.ms != 0) revision.committed_at = commit.committed_at;
  revision.at = now;
  const Condition* ready = FindCondition(status.conditions, "Ready");
  if (ready == nullptr) return revision;
  const std::string named = "commit " + commit.id.substr(0, 12) + ": ";
  if (ready->status == ConditionStatus::kTrue) {
    if (status.applied_commit != commit.id) return revision;
    revision.result = kRevisionApplied;
    revision.at = status.applied_at.value_or(now);
  } else if (status.held && status.held->commit == commit.id) {
    revision.result = kRevisionHeld;
    revision.message = CutText(status.held->reason, kMaxResultBytes);
  } else if (ready->message.starts_with(named)) {
    revision.result = IsWait(ready->reason) ? kRevisionWaiting : kRevisionFailed;
    revision.message = CutText(ready->message.substr(named.size()), kMaxResultBytes);
  }
  return revision;
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
  status->applying_commit.clear();
  status->let_through.clear();
  status->held.reset();
  SetReady(status, ConditionStatus::kTrue, "Applied", "commit " + commit.id.substr(0, 12), now);
}

const std::string& InForceCommit(const SourceStatus& status) {
  return status.applying_commit.empty() ? status.applied_commit : status.applying_commit;
}

void SetWaiting(const FetchedCommit& commit, const std::string& why,
                std::vector<std::string> let_through, SourceStatus* status, WallTime now) {
  status->applying_commit = commit.id;
  status->let_through = std::move(let_through);
  status->held.reset();
  SetReady(status, ConditionStatus::kFalse, std::string(kWaitingForWave),
           "commit " + commit.id.substr(0, 12) + ": " + why, now);
}

void FinishWaiting(SourceStatus* status, WallTime now) {
  status->applied_commit = std::exchange(status->applying_commit, "");
  status->applied_at = now;
  status->applied_author.clear();
  status->applied_subject.clear();
  status->let_through.clear();
  for (SourceRevision& revision : status->history) {
    if (revision.commit != status->applied_commit) continue;
    status->applied_author = revision.author;
    status->applied_subject = revision.subject;
    revision.result = kRevisionApplied;
    revision.message.clear();
    revision.at = now;
    return;
  }
}

void RememberRevision(const FetchedCommit& commit, WallTime now, SourceStatus* status) {
  SourceRevision revision = RevisionOf(commit, now, *status);
  if (revision.result.empty()) return;
  std::vector<SourceRevision>& history = status->history;
  if (!history.empty() && history.front().commit == commit.id) {
    const bool same =
        history.front().result == revision.result && history.front().message == revision.message;
    if (!same) history.front() = std::move(revision);
    return;
  }
  // Back at the commit that was in force all along: a broken one between was taken back.
  const bool known = std::any_of(history.begin(), history.end(), [&](const SourceRevision& old) {
    return old.commit == commit.id && old.result == revision.result && old.at == revision.at;
  });
  if (known) return;
  history.insert(history.begin(), std::move(revision));
  if (history.size() > kMaxHistory) history.resize(kMaxHistory);
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
  } else if (!IsWait(ready->reason)) {
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
