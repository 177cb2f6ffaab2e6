#include "controller/source_status.h"

#include <algorithm>
#include <utility>

#include "reconciler/source_operations.h"
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
    if (status.pin && status.pin->commit == commit.id) {
      const std::string told = WhoAndWhy(status.pin->by, status.pin->reason);
      revision.message = CutText("rolled back from " + status.pin->from.substr(0, 12) +
                                     (told.empty() ? "" : ", by " + told),
                                 kMaxResultBytes);
    }
  } else if (status.held && status.held->commit == commit.id) {
    revision.result = kRevisionHeld;
    revision.message = CutText(status.held->reason, kMaxResultBytes);
  } else if (ready->message.starts_with(named)) {
    revision.result = IsWait(ready->reason) ? kRevisionWaiting : kRevisionFailed;
    revision.message = CutText(ready->message.substr(named.size()), kMaxResultBytes);
  }
  return revision;
}

bool IsApplied(const SourceRevision& revision) { return revision.result == kRevisionApplied; }

// Of those that came into force kMaxHistory stay, and of the others kMaxNotApplied: neither take
// the place of the other.
void ForgetOld(std::vector<SourceRevision>* history) {
  size_t applied = 0;
  size_t others = 0;
  std::erase_if(*history, [&](const SourceRevision& revision) {
    return IsApplied(revision) ? ++applied > kMaxHistory : ++others > kMaxNotApplied;
  });
}

// What was said of a commit that is not in force holds no longer: each has one entry.
void Remember(SourceRevision revision, SourceStatus* status) {
  std::vector<SourceRevision>& history = status->history;
  const auto same_commit = [&](const SourceRevision& old) { return old.commit == revision.commit; };
  const auto said = std::find_if(history.begin(), history.end(), [&](const SourceRevision& old) {
    return same_commit(old) && !IsApplied(old);
  });
  if (said != history.end()) {
    const bool is_news = said->result != revision.result || said->message != revision.message;
    // While a commit waits for a person the source is at two of them, and that one is the newer.
    const bool may_be_second = status->waiting && status->waiting->commit != revision.commit;
    const bool is_current = said - history.begin() < (may_be_second ? 2 : 1);
    if (!is_news && is_current) return;
    history.erase(said);
  }
  // Back at the commit that was in force all along: a broken one between was taken back.
  const bool known = IsApplied(revision) &&
                     std::any_of(history.begin(), history.end(), [&](const SourceRevision& old) {
                       return same_commit(old) && IsApplied(old) && old.at == revision.at;
                     });
  if (!known) history.insert(history.begin(), std::move(revision));
  ForgetOld(&history);
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

void SetWaiting(SourceStatus* status, WallTime now) {
  if (!status->waiting || !(status->applied_commit.empty() || status->read_otherwise)) return;
  SetReady(status, ConditionStatus::kFalse, std::string(kWaitsForApply),
           "commit " + status->waiting->commit.substr(0, 12) +
               (status->waiting->problem.empty() ? " waits for `reconcile apply`"
                                                 : ": " + status->waiting->problem),
           now);
}

void SetApplied(const FetchedCommit& commit, SourceStatus* status, WallTime now) {
  if (InForceCommit(*status) != commit.id) status->applied_at = now;
  status->applied_commit = commit.id;
  status->applied_author = commit.author;
  status->applied_subject = commit.subject;
  status->applied_reference = commit.reference;
  status->applying_commit.clear();
  status->let_through.clear();
  status->held.reset();
  status->read_otherwise = false;
  if (status->accepted && status->accepted->commit == commit.id) status->accepted.reset();
  SetReady(status, ConditionStatus::kTrue, "Applied", "commit " + commit.id.substr(0, 12), now);
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
  status->read_otherwise = false;
  if (status->accepted && status->accepted->commit == status->applied_commit) {
    status->accepted.reset();
  }
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
  if (!revision.result.empty()) Remember(std::move(revision), status);
  // What was in force before had its time.
  const SourceRevision* in_force = RevisionInForce(status);
  for (SourceRevision& old : status->history) {
    if (&old == in_force || in_force == nullptr || !old.changes || old.outcome) continue;
    old.outcome = {.result = std::string(kOutcomeReplaced), .at = in_force->at};
  }
}

SourceRevision* RevisionInForce(SourceStatus* status) {
  const auto found = std::find_if(
      status->history.begin(), status->history.end(), [&](const SourceRevision& revision) {
        return revision.result == kRevisionApplied && revision.commit == status->applied_commit;
      });
  return found == status->history.end() ? nullptr : &*found;
}

RevisionChanges CountChanges(const ObjectChanges& changes) {
  RevisionChanges count;
  for (const ObjectChange& change : changes) {
    switch (change.type) {
      case ChangeType::kCreate:
        ++count.created;
        break;
      case ChangeType::kChange:
        ++count.changed;
        break;
      case ChangeType::kDelete:
        ++count.deleted;
        break;
      case ChangeType::kUnchanged:
        break;
    }
  }
  return count;
}

void RememberWaiting(WallTime now, SourceStatus* status) {
  if (!status->waiting) return;
  SourceRevision revision;
  revision.commit = status->waiting->commit;
  revision.author = CutText(status->waiting->author, kMaxSubjectBytes);
  revision.subject = CutText(status->waiting->subject, kMaxSubjectBytes);
  revision.at = now;
  revision.result = status->waiting->problem.empty() ? kRevisionWaiting : kRevisionFailed;
  revision.message = CutText(status->waiting->problem, kMaxResultBytes);
  Remember(std::move(revision), status);
}

std::optional<Reason> ReasonFor(const std::string& source, const SourceStatus& before,
                                const SourceStatus& after) {
  const Condition* ready = FindCondition(after.conditions, "Ready");
  if (ready == nullptr || ready->reason == kWaitsForApply) return std::nullopt;
  const bool same =
      ReadyReason(before) == ReadyReason(after) &&
      (before.seen_commit == after.seen_commit || ready->status == ConditionStatus::kTrue) &&
      before.applied_commit == after.applied_commit && HeldPlan(before) == HeldPlan(after);
  if (same) return std::nullopt;
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

std::optional<Reason> ReasonForOperations(const std::string& source, const SourceStatus& before,
                                          const SourceStatus& after) {
  Reason reason{.key = {Kind::kSource, "", source},
                .reason = "RollbackEnded",
                .message = {},
                .component = "source-controller"};
  if (before.pin && !after.pin) {
    const std::string why = after.seen_commit != before.pin->from
                                ? "another commit than " + before.pin->from.substr(0, 12) + " came"
                                : "the source is configured otherwise";
    reason.message = why + ": the rollback to " + before.pin->commit.substr(0, 12) + " is over";
    return reason;
  }
  if (!after.waiting || after.waiting == before.waiting) return std::nullopt;
  reason.reason = kWaitsForApply;
  reason.message = "commit " + after.waiting->commit.substr(0, 12) + " waits for `reconcile apply`";
  if (!after.waiting->problem.empty()) {
    reason.type = EventType::kWarning;
    reason.reason = "InvalidCommit";
    reason.message = "commit " + after.waiting->commit.substr(0, 12) + ": " +
                     CutText(after.waiting->problem, kMaxConditionBytes);
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
