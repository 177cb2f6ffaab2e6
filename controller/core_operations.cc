#include <utility>

#include "base/log.h"
#include "controller/core.h"
#include "controller/plan_manifests.h"
#include "controller/source_status.h"
#include "reconciler/source_operations.h"
#include "reconciler/source_scope.h"
#include "schema/text.h"

namespace reconcile {
namespace {

constexpr size_t kMaxToldBytes = 300;  // a user name, a reason

std::string ShortId(const std::string& commit) { return commit.substr(0, 12); }

Reason About(const std::string& source, const std::string& reason, const std::string& message) {
  return {.key = {Kind::kSource, "", source},
          .reason = reason,
          .message = message,
          .component = "source-controller"};
}

std::string ByWhom(const std::string& by, const std::string& reason) {
  const std::string text = WhoAndWhy(CutText(by, kMaxToldBytes), CutText(reason, kMaxToldBytes));
  return text.empty() ? "" : ", by " + text;
}

}  // namespace

bool Controller::Core::IsSuspendedNow(const Followed& followed) const {
  if (followed.config.spec.suspend) return true;
  const auto source = store_->Snapshot()->Find<Source>("", followed.config.name);
  return source != nullptr && source->status.suspended.has_value();
}

void Controller::Core::TakeNewest(Followed* followed, FetchedCommit commit) {
  const SourceSpec& spec = followed->config.spec;
  const auto source = store_->Snapshot()->Find<Source>("", followed->config.name);
  const std::string wanted = WantedCommit(spec, StatusUnder(spec, source.get()), commit.id);
  if (wanted == commit.id) {
    followed->newest = {};
    followed->newest.commit = commit;
    followed->newest.commit.files.clear();
    return TakeWanted(followed, std::move(commit));
  }
  followed->fetch_error.clear();
  LookAtNewest(followed, std::move(commit));
  if (wanted.empty()) return;
  if (!followed->commit || followed->commit->id != wanted) return FetchWanted(followed, wanted);
  TakeCommit(followed, FetchedCommit(*followed->commit));
}

void Controller::Core::LookAtNewest(Followed* followed, FetchedCommit commit) {
  Newest& newest = followed->newest;
  const bool known = newest.commit.id == commit.id && newest.desired;
  if (!known) {
    const SourceSpec& spec = followed->config.spec;
    ParsedManifests parsed =
        ParseManifests(commit.files, "default", {}, &newest.files,
                       {.source_folder = spec.path, .ignore_groups = spec.ignore_groups});
    CheckNamespaces(spec.namespaces, parsed.objects, &parsed.problems);
    newest.problems = std::move(parsed.problems);
    DesiredState desired = BuildDesired(followed->config.name, commit.id, parsed.objects,
                                        *store_->Snapshot(), &newest.problems);
    newest.desired.reset();
    if (newest.problems.errors.empty()) newest.desired = std::move(desired);
  }
  commit.files.clear();
  newest.commit = std::move(commit);
}

// One fetch of a source at a time: this one goes on where the look at the revision ended.
void Controller::Core::FetchWanted(Followed* followed, const std::string& commit) {
  followed->fetching = true;
  SourceSpec spec = followed->config.spec;
  spec.revision = commit;
  spec.semver.clear();
  const std::string name = followed->config.name;
  source_->Fetch(spec, [weak = weak_from_this(), name, commit](Result<FetchedCommit> fetched) {
    if (auto core = weak.lock()) core->OnWanted(name, commit, std::move(fetched));
  });
}

void Controller::Core::OnWanted(const std::string& name, const std::string& wanted,
                                Result<FetchedCommit> commit) {
  Followed& followed = followed_.at(name);
  followed.fetching = false;
  if (!started_) return;
  if (IsSuspendedNow(followed)) return DropFetch(&followed);
  if (commit.ok() && commit->id == wanted) {
    TakeWanted(&followed, std::move(commit).value());
  } else {
    const Status why =
        commit.ok() ? NotFoundError("another commit has that name") : commit.status();
    NoteFetchFailed(&followed, why.WithContext("commit " + ShortId(wanted) +
                                               ", which is to be in force, cannot be read"));
  }
  EndFetch(&followed);
}

bool Controller::Core::NoteNewest(const Followed& followed, SourceStatus* status) {
  const FetchedCommit& newest = followed.newest.commit;
  if (newest.id.empty()) return true;  // nothing was read
  const SourceSpec& spec = followed.config.spec;
  status->seen_commit = newest.id;
  if (status->pin && status->pin->from != newest.id) status->pin.reset();
  const std::string wanted = WantedCommit(spec, *status, newest.id);
  status->waiting.reset();
  if (IsManual(spec) && !status->pin && wanted != newest.id) {
    status->waiting = {
        .commit = newest.id,
        .author = newest.author,
        .subject = newest.subject,
        .problem = CutText(Summary(followed.newest.problems.errors), kMaxConditionBytes)};
  }
  return followed.commit && followed.commit->id == wanted;
}

Status Controller::Core::CheckKnown(const std::string& source) const {
  if (!followed_.contains(source)) return NotFoundError("no source is named '" + source + "'");
  if (store_->Snapshot()->Find<Source>("", source) != nullptr) return OkStatus();
  return UnavailableError("source " + source + " was not looked at yet; try again");
}

Status Controller::Core::Operate(const std::string& name, const Reason& reason,
                                 const std::function<void(SourceStatus*)>& change) {
  const auto state = store_->Snapshot();
  const auto source = std::make_shared<Source>(*state->Find<Source>("", name));
  source->status = StatusUnder(followed_.at(name).config.spec, source.get());
  source->spec = followed_.at(name).config.spec;
  change(&source->status);
  Transaction transaction = RecordReasons(*state, {reason}, loop_->now());
  transaction.writes.push_back({source->key(), source});
  const Result<Revision> committed = store_->Commit(transaction, state->revision());
  if (!committed.ok()) return committed.status();
  LogInfo("audit: a person told about a source",
          {{"source", name}, {"what", reason.reason}, {"told", reason.message}});
  RequestTurn();
  return OkStatus();
}

Status Controller::Core::Suspend(const std::string& name, const Told& told) {
  RETURN_IF_ERROR(CheckKnown(name));
  const auto source = store_->Snapshot()->Find<Source>("", name);
  if (source->status.suspended) {
    return ConflictError("source " + name + " is suspended already" +
                         ByWhom(source->status.suspended->by, source->status.suspended->reason));
  }
  return Operate(name, About(name, "Suspended", "suspended" + ByWhom(told.by, told.reason)),
                 [&](SourceStatus* status) {
                   status->suspended = {.by = CutText(told.by, kMaxToldBytes),
                                        .reason = CutText(told.reason, kMaxToldBytes),
                                        .at = loop_->now().wall};
                 });
}

Status Controller::Core::Resume(const std::string& name, const Told& told) {
  RETURN_IF_ERROR(CheckKnown(name));
  const auto source = store_->Snapshot()->Find<Source>("", name);
  const bool suspended = source->status.suspended.has_value();
  if (suspended || source->status.pin) {
    const std::string what = suspended ? "resumed" : "the rollback ended";
    RETURN_IF_ERROR(Operate(name, About(name, "Resumed", what + ByWhom(told.by, told.reason)),
                            [&](SourceStatus* status) {
                              if (suspended) {
                                status->suspended.reset();
                              } else {
                                status->pin.reset();
                              }
                            }));
  }
  Followed& followed = followed_.at(name);
  if (followed.config.spec.suspend) {
    return InvalidError("source " + name +
                        " is suspended by the controller's configuration: take " +
                        "`suspend` out of it there and start the controller again");
  }
  if (!suspended && !source->status.pin) {
    return InvalidError("source " + name + " is neither suspended nor rolled back");
  }
  if (suspended) {
    // What was read before it was suspended may not be what is to be in force now.
    followed.newest = {};
    followed.commit.reset();
    followed.desired.reset();
    followed.parsed = {};
    followed.problems = {};
    followed.fetch_error.clear();
  }
  Fetch(name);
  return OkStatus();
}

Result<SourcePin> Controller::Core::FindRollBack(const std::string& name,
                                                 const std::string& to) const {
  RETURN_IF_ERROR(CheckKnown(name));
  const Followed& followed = followed_.at(name);
  const std::string& newest = followed.newest.commit.id;
  if (newest.empty() && !IsSuspendedNow(followed)) {
    return UnavailableError("source " + name + " was not read since the controller started; " +
                            "`reconcile status` says why");
  }
  const auto source = store_->Snapshot()->Find<Source>("", name);
  const std::string from = newest.empty() ? source->status.seen_commit : newest;
  const Result<std::string> commit = RollbackTarget(*source, from, to);
  if (!commit.ok()) return commit.status();
  return SourcePin{.commit = *commit, .from = from};
}

Result<SourcePin> Controller::Core::RollBack(const std::string& name, const std::string& to,
                                             const Told& told) {
  RETURN_IF_ERROR(CheckKnown(name));
  if (IsSuspendedNow(followed_.at(name))) {
    return ConflictError("source " + name + " is suspended, so that nothing of it is changed: " +
                         "`reconcile resume " + name + "` comes first");
  }
  Result<SourcePin> pin = FindRollBack(name, to);
  if (!pin.ok()) return pin.status();
  pin->by = CutText(told.by, kMaxToldBytes);
  pin->reason = CutText(told.reason, kMaxToldBytes);
  pin->at = loop_->now().wall;
  RETURN_IF_ERROR(Operate(name,
                          About(name, "RolledBack",
                                "rolled back from commit " + ShortId(pin->from) + " to " +
                                    ShortId(pin->commit) + ByWhom(told.by, told.reason)),
                          [&](SourceStatus* status) {
                            status->accepted.reset();
                            status->pin = *pin;
                          }));
  Fetch(name);
  return pin;
}

Status Controller::Core::MayAccept(const std::string& name, const std::string& commit) const {
  const auto found = followed_.find(name);
  if (found == followed_.end()) return NotFoundError("no source is named '" + name + "'");
  const auto source = store_->Snapshot()->Find<Source>("", name);
  const SourceSpec& spec = found->second.config.spec;
  const SourceStatus status = StatusUnder(spec, source.get());
  if (spec.suspend || status.suspended) {
    return ConflictError("source " + name + " is suspended, so that nothing of it is applied");
  }
  if (!IsManual(spec) && !status.pin) {
    return InvalidError("source " + name + " applies each commit by itself; `apply: manual` in " +
                        "its configuration makes them wait for `reconcile apply`");
  }
  const std::string& newest = found->second.newest.commit.id;
  if (found->second.look_failed || newest.empty() || source == nullptr) {
    return UnavailableError(
        "source " + name + " cannot be read now" +
        (found->second.fetch_error.empty() ? "; try again" : ": " + found->second.fetch_error));
  }
  if (newest != commit) {
    return ConflictError("commit: the plan is of " + ShortId(commit) +
                         ", and the newest of source " + name + " is " + ShortId(newest) + " now");
  }
  if (WantedCommit(spec, status, newest) != newest) return OkStatus();
  return ConflictError(
      "commit " + ShortId(commit) + " of source " + name +
      (status.applied_commit == commit ? " is in force already" : " is accepted already"));
}

Result<Controller::PlanWork> Controller::Core::PrepareNewest(const std::string& source) const {
  const Result<std::string> name = NameOrOnly(source);
  if (!name.ok()) return name.status();
  const Followed& followed = followed_.at(*name);
  const FetchedCommit& newest = followed.newest.commit;
  if (newest.id.empty()) {
    return UnavailableError("source " + *name + " was not read since the controller started" +
                            (followed.fetch_error.empty() ? "" : ": " + followed.fetch_error));
  }
  const bool is_wanted = followed.commit && followed.commit->id == newest.id;
  const std::optional<DesiredState>& desired =
      is_wanted ? followed.desired : followed.newest.desired;
  const Problems& problems = is_wanted ? followed.problems : followed.newest.problems;
  if (!desired) {
    return InvalidError("commit " + ShortId(newest.id) + " of source " + *name +
                        " cannot be applied: " + Summary(problems.errors));
  }
  const auto plan = [state = store_->Snapshot(), desired = *desired, read = problems.warnings,
                     confirmations = newest.confirmations, limits = options_.breaker,
                     now = loop_->now()](const std::atomic<bool>& stop) -> Result<PlanAnswer> {
    PlanAnswer answer = PlanDesired(*state, desired, confirmations, limits, now, {.stop = &stop});
    std::vector<Problem>& warnings = answer.problems.warnings;
    warnings.insert(warnings.begin(), read.begin(), read.end());
    return answer;
  };
  return PlanWork{newest.id, plan};
}

Result<Controller::PlanAnswer> Controller::Core::PlanNewest(const std::string& source,
                                                            std::string* commit) const {
  const Result<PlanWork> work = PrepareNewest(source);
  if (!work.ok()) return work.status();
  *commit = work->commit;
  const std::atomic<bool> to_the_end = false;
  return work->plan(to_the_end);
}

Status Controller::Core::Accept(const std::string& name, const std::string& commit,
                                const Told& told) {
  RETURN_IF_ERROR(MayAccept(name, commit));
  RETURN_IF_ERROR(Operate(
      name,
      About(name, "Accepted",
            "commit " + ShortId(commit) + " accepted" + ByWhom(told.by, told.reason)),
      [&](SourceStatus* status) {
        status->pin.reset();
        status->accepted = {
            .commit = commit, .by = CutText(told.by, kMaxToldBytes), .at = loop_->now().wall};
      }));
  Fetch(name);
  return OkStatus();
}

}  // namespace reconcile
