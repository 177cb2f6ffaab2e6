#include "reconciler/source_operations.h"

#include <algorithm>

namespace reconcile {
namespace {

std::string Short(const std::string& commit) { return commit.substr(0, 12); }

bool WasInForce(const SourceRevision& revision) { return revision.result == "Applied"; }

// One that another commit replaced before all of it ran may be what a person wants to leave.
bool WasGood(const SourceRevision& revision) {
  return WasInForce(revision) && !(revision.outcome && revision.outcome->result == "Replaced");
}

Result<std::string> NamedInHistory(const Source& source, const std::string& to) {
  const SourceRevision* found = nullptr;
  bool listed = false;
  for (const SourceRevision& revision : source.status.history) {
    if (!revision.commit.starts_with(to)) continue;
    listed = true;
    if (!WasInForce(revision)) continue;
    if (found != nullptr && found->commit != revision.commit) {
      return InvalidError("'" + to + "' may be commit " + Short(found->commit) + " or " +
                          Short(revision.commit) + ": write more of it");
    }
    found = &revision;
  }
  if (found != nullptr) return found->commit;
  const std::string name = source.metadata.name;
  if (listed) {
    return InvalidError("commit " + Short(to) + " was never in force in source " + name +
                        "; `reconcile history --source " + name + "` lists those that were");
  }
  return NotFoundError("commit '" + to + "' is not in the history of source " + name +
                       "; `reconcile history --source " + name + "` lists it");
}

// The one before the one in force; that one itself when it is the last good one already.
Result<std::string> LastGood(const Source& source, const std::string& newest) {
  const SourceStatus& status = source.status;
  const bool begun = !status.applying_commit.empty() &&
                     status.applying_commit != status.applied_commit && !status.pin;
  if (begun && !status.applied_commit.empty()) return status.applied_commit;
  const bool follows = !IsManual(source.spec) && !status.pin;
  if (follows && !status.applied_commit.empty() && status.applied_commit != newest) {
    return status.applied_commit;
  }
  // Of a commit that was in force several times, the first time: what came later went back to it.
  size_t at = 0;
  for (size_t i = 0; i < status.history.size(); ++i) {
    if (status.history[i].commit == status.applied_commit) at = i + 1;
  }
  const auto begin = status.history.begin() + static_cast<std::ptrdiff_t>(at);
  const auto found = std::find_if(begin, status.history.end(), WasGood);
  if (found != status.history.end()) return found->commit;
  return NotFoundError("source " + source.metadata.name +
                       " has no commit in its history that was in force before " +
                       (status.applied_commit.empty() ? "" : Short(status.applied_commit)) +
                       "; --to names one, and `reconcile history` lists them");
}

}  // namespace

bool IsSuspended(const Source& source) {
  return source.spec.suspend || source.status.suspended.has_value();
}

const std::string& InForceCommit(const SourceStatus& status) {
  return status.applying_commit.empty() ? status.applied_commit : status.applying_commit;
}

bool IsManual(const SourceSpec& spec) { return spec.apply == "manual"; }

bool ReadsTheSame(const SourceSpec& a, const SourceSpec& b) {
  return a.repository == b.repository && a.revision == b.revision && a.semver == b.semver &&
         a.path == b.path && a.namespaces == b.namespaces && a.ignore_groups == b.ignore_groups;
}

SourceStatus StatusUnder(const SourceSpec& spec, const Source* known) {
  if (known == nullptr) return {};
  SourceStatus status = known->status;
  if (!ReadsTheSame(known->spec, spec)) {
    status.read_otherwise = !InForceCommit(status).empty();
    status.applying_commit.clear();
    status.let_through.clear();
    status.accepted.reset();
    status.pin.reset();
  }
  if (!IsManual(spec)) {
    status.accepted.reset();
    status.waiting.reset();
  }
  return status;
}

std::string WantedCommit(const SourceSpec& spec, const SourceStatus& status,
                         const std::string& newest) {
  if (status.pin && status.pin->from == newest) return status.pin->commit;
  if (!IsManual(spec)) return newest;
  if (status.accepted) return status.accepted->commit;
  return status.read_otherwise ? "" : InForceCommit(status);
}

Result<std::string> RollbackTarget(const Source& source, const std::string& newest,
                                   const std::string& to) {
  const SourceStatus& status = source.status;
  if (status.read_otherwise) {
    return InvalidError("source " + source.metadata.name +
                        " is configured otherwise than when its commits were in force: the same "
                        "commits would mean something else");
  }
  const Result<std::string> commit =
      to.empty() ? LastGood(source, newest) : NamedInHistory(source, to);
  if (!commit.ok()) return commit;
  const std::string name = source.metadata.name;
  if (*commit == newest) {
    return InvalidError("commit " + Short(newest) + " is the newest of source " + name +
                        ": there is nothing to roll back from");
  }
  if (status.pin && status.pin->commit == *commit) {
    return InvalidError("source " + name + " is rolled back to commit " + Short(*commit) +
                        " already; `reconcile resume " + name + "` ends it");
  }
  return commit;
}

std::string WhoAndWhy(const std::string& by, const std::string& reason) {
  if (by.empty() || reason.empty()) return by + reason;
  return by + ": " + reason;
}

std::vector<std::string> OperationLines(const Source& source) {
  const SourceStatus& status = source.status;
  const std::string& name = source.metadata.name;
  const auto in_brackets = [](const std::string& by, const std::string& reason) {
    const std::string text = WhoAndWhy(by, reason);
    return text.empty() ? "" : " (" + text + ")";
  };
  std::vector<std::string> lines;
  constexpr std::string_view kStays = ": what it declared stays, and commits are not looked at";
  if (source.spec.suspend) {
    lines.push_back("suspended by its configuration" + std::string(kStays));
  }
  if (status.suspended) {
    lines.push_back("suspended by `reconcile suspend`" +
                    in_brackets(status.suspended->by, status.suspended->reason) +
                    std::string(kStays) + "; `reconcile resume " + name + "` ends it");
  }
  if (status.pin) {
    lines.push_back("rolled back by `reconcile rollback`" +
                    in_brackets(status.pin->by, status.pin->reason) + " to commit " +
                    Short(status.pin->commit) + ", until another commit than " +
                    Short(status.pin->from) + " arrives; `reconcile resume " + name + "` ends it");
  }
  if (status.accepted) {
    lines.push_back("commit " + Short(status.accepted->commit) + " was accepted by " +
                    "`reconcile apply`" + in_brackets(status.accepted->by, "") +
                    " and is not applied yet");
  }
  if (status.waiting) {
    lines.push_back("commit " + Short(status.waiting->commit) +
                    (status.waiting->problem.empty()
                         ? " waits for `reconcile apply`"
                         : " cannot be applied: " + status.waiting->problem));
  }
  return lines;
}

}  // namespace reconcile
