#include <algorithm>
#include <utility>

#include "base/log.h"
#include "controller/core.h"
#include "controller/source_status.h"
#include "reconciler/declared.h"
#include "reconciler/health.h"
#include "reconciler/source_operations.h"
#include "reconciler/source_scope.h"
#include "reconciler/waves.h"
#include "schema/text.h"
#include "store/prepared_commit.h"

namespace reconcile {
namespace {

// What a commit may declare the store takes, with what controllers add to it.
static_assert(kMaxDeclaredObjectBytes * 2 <= kMaxObjectBytes);

std::string Short(const FetchedCommit& commit) { return "commit " + commit.id.substr(0, 12); }

// One Event tells of a commit's warnings.
std::optional<Reason> WarningsReason(const std::string& source, const std::string& before,
                                     const SourceStatus& after, const Problems& problems) {
  if (problems.warnings.empty() || before == after.applied_commit) return std::nullopt;
  return Reason{.key = {Kind::kSource, "", source},
                .type = EventType::kWarning,
                .reason = "CommitWarnings",
                .message = CutText("commit " + after.applied_commit.substr(0, 12) + ": " +
                                       Summary(problems.warnings),
                                   kMaxConditionBytes),
                .component = "source-controller"};
}

bool AllUnchanged(const ObjectChanges& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const ObjectChange& change) {
    return change.type == ChangeType::kUnchanged;
  });
}

bool IsReady(const SourceStatus& status) {
  const Condition* ready = FindCondition(status.conditions, "Ready");
  return ready != nullptr && ready->status == ConditionStatus::kTrue;
}

}  // namespace

void Controller::Core::Follow(Followed* followed) {
  if (followed->config.spec.suspend) return;
  const std::string name = followed->config.name;
  source_->Watch(followed->config.spec, [weak = weak_from_this(), name] {
    if (auto core = weak.lock()) core->Fetch(name);
  });
  Fetch(name);
}

void Controller::Core::Fetch(const std::string& name) {
  Followed& followed = followed_.at(name);
  if (!started_ || IsSuspendedNow(followed)) return;
  traces_.Asked(name, followed.fetching, loop_->now().mono);
  if (followed.fetching) {
    followed.fetch_again = true;
    return;
  }
  followed.fetching = true;
  followed.fetch_began = loop_->now().mono;
  source_->Fetch(followed.config.spec,
                 [weak = weak_from_this(), name](Result<FetchedCommit> commit) {
                   if (auto core = weak.lock()) core->OnFetched(name, std::move(commit));
                 });
}

void Controller::Core::PlanNextFetch(Followed* followed, int64_t delay_ms) {
  if (followed->timer != 0) loop_->Cancel(followed->timer);
  followed->timer = loop_->After(delay_ms, [weak = weak_from_this(), name = followed->config.name] {
    auto core = weak.lock();
    if (core == nullptr) return;
    core->followed_.at(name).timer = 0;
    core->Fetch(name);
  });
}

void Controller::Core::OnFetched(const std::string& name, Result<FetchedCommit> commit) {
  Followed& followed = followed_.at(name);
  followed.fetching = false;
  if (!started_) return;
  Tell([&](ControllerObserver* observer) {
    observer->OnFetched(name, commit.status(), loop_->now().mono - followed.fetch_began);
  });
  if (IsSuspendedNow(followed)) return DropFetch(&followed);
  followed.look_failed = !commit.ok();
  if (commit.ok()) {
    followed.failures = 0;
    TakeNewest(&followed, std::move(commit).value());
  } else {
    NoteFetchFailed(&followed, commit.status());
  }
  if (!followed.fetching) EndFetch(&followed);
}

void Controller::Core::TakeWanted(Followed* followed, FetchedCommit commit) {
  const std::string& name = followed->config.name;
  TraceFetched(name, commit.id);
  TakeCommit(followed, std::move(commit));
  traces_.Parsed(name, loop_->now().mono);
}

// The last good commit stays in force; the condition says what is wrong.
void Controller::Core::NoteFetchFailed(Followed* followed, const Status& failure) {
  followed->fetch_error = failure.message();
  ++followed->failures;
  LogWarning("cannot read a source",
             {{"source", followed->config.name}, {"error", failure.message()}});
}

// Suspended meanwhile: what was read is looked at no more, and nothing is under way.
void Controller::Core::DropFetch(Followed* followed) {
  followed->fetch_again = false;
  RequestTurn();
}

void Controller::Core::EndFetch(Followed* followed) {
  PlanNextFetch(followed, DelayToNextFetch(*followed));
  if (std::exchange(followed->fetch_again, false)) Fetch(followed->config.name);
  RequestTurn();
}

void Controller::Core::TakeCommit(Followed* followed, FetchedCommit commit) {
  followed->fetch_error.clear();
  followed->rejected.clear();
  followed->applied = false;  // a poll also looks whether the model still is what Git says
  followed->in_force_reached = false;
  if (std::exchange(followed->recall_again, false)) followed->recalled = false;
  if (followed->commit) followed->commit->reference = commit.reference;
  if (!followed->commit || followed->commit->id != commit.id) {
    followed->desired.reset();
    followed->parsed = ParseManifests(commit.files, "default", {}, &followed->files,
                                      {.source_folder = followed->config.spec.path,
                                       .ignore_groups = followed->config.spec.ignore_groups});
    CheckNamespaces(followed->config.spec.namespaces, followed->parsed.objects,
                    &followed->parsed.problems);
    std::vector<Problem>& warnings = followed->parsed.problems.warnings;
    warnings.insert(warnings.end(), commit.warnings.begin(), commit.warnings.end());
    commit.files.clear();  // the objects hold all that is needed
    followed->commit = std::move(commit);
    BuildFrom(followed);
  } else if (!followed->desired && followed->parsed.problems.errors.empty()) {
    BuildFrom(followed);  // what was missing in the model may be there now
  }
}

void Controller::Core::BuildFrom(Followed* followed) {
  followed->problems = followed->parsed.problems;
  DesiredState desired =
      followed->memory.Build(followed->config.name, followed->commit->id, followed->parsed.objects,
                             *store_->Snapshot(), &followed->problems);
  if (followed->problems.errors.empty()) followed->desired = std::move(desired);
  const bool never = !followed->parsed.problems.errors.empty();
  if (followed->desired || never) followed->parsed.objects.clear();
}

Controller::Core::SourceTurn Controller::Core::ChangesToApply(ClusterState* state, WriteSet* writes,
                                                              Now now) {
  SourceTurn turn;
  // What a source declared goes on running when it is configured no more; another may take it over.
  std::vector<ObjectKey> forgotten;
  for (const auto& [key, source] : state->Objects(Kind::kSource)) {
    if (!followed_.contains(key.name)) forgotten.push_back(key);
  }
  for (const ObjectKey& key : forgotten) DeleteBoth(key, state, writes);
  for (auto& [name, followed] : followed_) ConsiderSource(&followed, state, writes, &turn, now);
  return turn;
}

void Controller::Core::ConsiderSource(Followed* followed, ClusterState* state, WriteSet* writes,
                                      SourceTurn* turn, Now now) {
  const std::string& name = followed->config.name;
  auto source = std::make_shared<Source>();
  const auto existing = state->Find<Source>("", name);
  if (existing != nullptr) *source = *existing;
  source->metadata.name = name;
  source->spec = followed->config.spec;
  SourceStatus status = StatusUnder(source->spec, existing.get());
  if (IsSuspended(*source)) return PutSourceStatus(name, status, state, writes);
  const bool is_wanted = NoteNewest(*followed, &status);
  if (!followed->fetch_error.empty()) {
    SetReady(&status, ConditionStatus::kFalse, "FetchFailed", followed->fetch_error, now.wall);
  } else if (!is_wanted) {
    SetWaiting(&status, now.wall);
  } else if (!followed->problems.errors.empty()) {
    status.held.reset();  // it was another commit that was held
    SetReady(&status, ConditionStatus::kFalse, "InvalidCommit",
             Short(*followed->commit) + ": " + Summary(followed->problems.errors), now.wall);
  } else if (!followed->rejected.empty()) {
    SetReady(&status, ConditionStatus::kFalse, "StoreRefused",
             Short(*followed->commit) + ": " + followed->rejected, now.wall);
  } else if (followed->desired && !followed->applied) {
    ConsiderDesired(followed, *state, *source, &status, turn, now);
  }
  if (followed->commit) RememberRevision(*followed->commit, now.wall, &status);
  RememberWaiting(now.wall, &status);
  NoteOutcome(*followed, source->status, *state, now, &status);
  if (!IsReady(status)) ContinueInForce(followed, *state, &status, turn, now);
  for (const auto& reason :
       {ReasonFor(name, source->status, status), ReasonForOperations(name, source->status, status),
        WarningsReason(name, source->status.applied_commit, status, followed->problems)}) {
    if (reason) turn->reasons.push_back(*reason);
  }
  PutSourceStatus(name, status, state, writes);
}

void Controller::Core::ConsiderDesired(Followed* followed, const ClusterState& state,
                                       const Source& source, SourceStatus* status, SourceTurn* turn,
                                       Now now) {
  Problems owners;
  const ObjectChanges wanted =
      followed->memory.Compare(*followed->desired, state, turn->claims, &owners);
  if (!owners.errors.empty()) {
    status->held.reset();
    SetReady(status, ConditionStatus::kFalse, "InvalidCommit",
             Short(*followed->commit) + ": " + Summary(owners.errors), now.wall);
    // A source of this turn may be giving the object away.
    if (!turn->changing.empty()) turn->more = true;
    return;
  }
  const bool unchanged = AllUnchanged(wanted);
  const std::string& commit = followed->commit->id;
  const bool begun = commit == status->applied_commit || commit == status->applying_commit;
  // While recovering nothing gets healthier, and what is declared runs already. A rollback may be
  // what the other source waits for.
  const bool rolls_back = status->pin && status->pin->commit == commit;
  if (!unchanged && !begun && !rolls_back && !IsRecovering()) {
    const std::string wait = WaitsForSource(source.spec, state);
    if (!wait.empty()) {
      status->held.reset();
      SetReady(status, ConditionStatus::kFalse, std::string(kWaitingForSource),
               Short(*followed->commit) + ": " + wait, now.wall);
      turn->more = true;  // once the other one has come further
      return;
    }
  }
  const BreakerVerdict verdict =
      CheckBreaker(wanted, state, source, followed->commit->id, followed->commit->confirmations,
                   options_.breaker, now.wall);
  if (verdict.held) {
    status->held = verdict.held;
    SetReady(status, ConditionStatus::kFalse, "PruneHeld", verdict.held->reason, now.wall);
    return;
  }
  if (!unchanged && one_by_one_ && !turn->changing.empty()) {
    turn->more = true;
    return;
  }
  if (!begun || status->read_otherwise) {
    followed->brought = CountChanges(wanted);
  }
  RememberPrune(verdict.counted, options_.breaker, now.wall, status);
  if (!unchanged) turn->unapplied.emplace(followed->config.name, *status);
  SetApplied(*followed->commit, status, now.wall);
  for (const ObjectChange& change : wanted) {
    if (change.after != nullptr) turn->claims.emplace(change.key, change.after->metadata.origin);
  }
  turn->changes.insert(turn->changes.end(), wanted.begin(), wanted.end());
  (unchanged ? turn->unchanged : turn->changing).push_back(followed);
}

std::string Controller::Core::WaitsForSource(const SourceSpec& spec,
                                             const ClusterState& state) const {
  const auto snapshot = store_->Snapshot();  // what this turn applies is not applied yet
  for (const std::string& name : spec.depends_on) {
    const std::string waits = "waits for source " + name + ": ";
    const auto source = snapshot->Find<Source>("", name);
    const auto followed = followed_.find(name);
    if (source == nullptr || followed == followed_.end()) return waits + "not read yet";
    const SourceStatus& status = source->status;
    if (IsSuspended(*source)) {
      if (status.applied_commit.empty()) return waits + "suspended, and no commit of it is applied";
      continue;
    }
    const std::optional<FetchedCommit>& newest = followed->second.commit;
    if (!IsReady(status) || !newest || newest->id != status.applied_commit) {
      const Condition* ready = FindCondition(status.conditions, "Ready");
      const bool says_why = ready != nullptr && ready->status != ConditionStatus::kTrue;
      return waits + (says_why ? ready->message : "its newest commit is not applied yet");
    }
    if (!followed->second.desired) continue;
    for (const auto& [key, declared] : followed->second.desired->objects) {
      const ObjectPtr object = state.Find(key);
      const std::string why = object == nullptr ? "not there yet" : WhyUnfinished(*object, state);
      if (!why.empty()) return waits + ToString(key) + ": " + why;
    }
  }
  return "";
}

void Controller::Core::TakeWaits(const Plan& plan, const ClusterState& snapshot, SourceTurn* turn,
                                 ClusterState* state, WriteSet* writes, Now now) {
  for (const WaveWait& wait : plan.waits) {
    const auto unapplied = turn->unapplied.find(wait.source);
    if (unapplied == turn->unapplied.end()) continue;  // a commit in force goes on
    const FetchedCommit& commit = *followed_.at(wait.source).commit;
    ObjectChanges changes;
    for (const ObjectChange& change : turn->changes) {
      if (SourceOf(change) == wait.source) changes.push_back(change);
    }
    SourceStatus& status = unapplied->second;
    SetWaiting(commit, wait.text, RemovalMarks(changes), &status, now.wall);
    RememberRevision(commit, now.wall, &status);
    RememberWaiting(now.wall, &status);
    const auto before = snapshot.Find<Source>("", wait.source);
    PutSourceStatus(wait.source, status, state, writes);
    const ObjectKey key{Kind::kSource, "", wait.source};
    const SourceSpec& spec = followed_.at(wait.source).config.spec;
    if (before != nullptr && before->status == status && before->spec == spec) {
      state->Put(before);
      writes->erase(key);  // no news
    }
    std::erase_if(turn->reasons, [&](const Reason& reason) { return reason.key == key; });
    const SourceStatus was = before == nullptr ? SourceStatus() : before->status;
    for (const auto& reason :
         {ReasonFor(wait.source, was, status), ReasonForOperations(wait.source, was, status)}) {
      if (reason) turn->reasons.push_back(*reason);
    }
  }
}

void Controller::Core::ContinueInForce(Followed* followed, const ClusterState& state,
                                       SourceStatus* status, SourceTurn* turn, Now now) {
  if (!followed->in_force || followed->in_force_reached) return;
  Problems owners;
  CheckOwners(*followed->in_force, state, turn->claims, &owners);
  if (!owners.errors.empty()) return;
  const ObjectChanges wanted = Diff(*followed->in_force, state);
  if (AllUnchanged(wanted)) {
    turn->reached.push_back(followed);
    if (status->applying_commit == followed->in_force->commit) FinishWaiting(status, now.wall);
    return;
  }
  // It was let through once; what is left of it is less, unless something is wrong.
  const auto source = state.Find<Source>("", followed->config.name);
  const bool held =
      source == nullptr || CheckBreaker(wanted, state, *source, followed->in_force->commit, {},
                                        options_.breaker, now.wall)
                               .held.has_value();
  if (held) return;
  turn->continuing.push_back(followed);
  for (const ObjectChange& change : wanted) {
    if (change.after != nullptr) turn->claims.emplace(change.key, change.after->metadata.origin);
  }
  turn->changes.insert(turn->changes.end(), wanted.begin(), wanted.end());
}

void Controller::Core::Recall(const std::string& name, Followed* followed) {
  const auto source = store_->Snapshot()->Find<Source>("", name);
  if (source == nullptr || IsReady(source->status)) return;
  if (InForceCommit(source->status).empty()) return;
  if (followed->in_force || followed->recalled || followed->fetching) return;
  // Read elsewhere, the same commit said something else.
  if (source->status.read_otherwise || IsSuspended(*source)) return;
  followed->recalled = true;
  followed->fetching = true;
  SourceSpec spec = followed->config.spec;
  spec.revision = InForceCommit(source->status);
  spec.semver.clear();
  source_->Fetch(spec, [weak = weak_from_this(), name](Result<FetchedCommit> commit) {
    if (auto core = weak.lock()) core->OnRecalled(name, std::move(commit));
  });
}

void Controller::Core::OnRecalled(const std::string& name, Result<FetchedCommit> commit) {
  Followed& followed = followed_.at(name);
  followed.fetching = false;
  if (!started_) return;
  const auto state = store_->Snapshot();
  const auto source = state->Find<Source>("", name);
  if (commit.ok() && source != nullptr && commit->id == InForceCommit(source->status)) {
    ParsedManifests parsed = ParseManifests(commit->files, "default", {}, nullptr,
                                            {.source_folder = followed.config.spec.path,
                                             .ignore_groups = followed.config.spec.ignore_groups});
    CheckNamespaces(followed.config.spec.namespaces, parsed.objects, &parsed.problems);
    DesiredState desired = BuildDesired(name, commit->id, parsed.objects, *state, &parsed.problems);
    if (!parsed.problems.errors.empty()) {
      LogWarning("the commit in force declares now what it may not",
                 {{"source", name}, {"error", Summary(parsed.problems.errors)}});
    } else if (!followed.in_force) {
      followed.in_force = std::move(desired);
    }
  } else if (!commit.ok()) {
    // A rewritten history, say: what runs goes on; what that commit had begun stays unfinished.
    followed.recall_again = commit.status().code() == StatusCode::kUnavailable;
    LogWarning("cannot read the commit in force again",
               {{"source", name}, {"error", commit.status().message()}});
  }
  if (std::exchange(followed.fetch_again, false)) Fetch(name);
  RequestTurn();
}

void Controller::Core::NoteApplied(const SourceTurn& turn, bool wrote) {
  for (Followed* followed : turn.unchanged) followed->applied = true;
  for (const auto* part : {&turn.changing, &turn.unchanged}) {
    for (Followed* followed : *part) {
      followed->in_force = followed->desired;
      followed->in_force_reached = followed->applied;
    }
  }
  for (Followed* followed : turn.reached) followed->in_force_reached = true;
  converged_.clear();
  for (auto& [name, followed] : followed_) Recall(name, &followed);
  // A turn that wrote nothing (a change waits for its Pod to stop, say) helps no other source.
  if (!turn.more || !wrote) one_by_one_ = false;
  if (!wrote) return;
  if (turn.more) RequestTurn();
  // What one source lacked, a namespace say, another may just have brought.
  for (auto& [name, followed] : followed_) {
    const bool lacks = followed.commit && !followed.desired;
    if (!lacks || !followed.parsed.problems.errors.empty() || turn.changing.empty()) continue;
    BuildFrom(&followed);
    RequestTurn();
  }
}

bool Controller::Core::LeaveOut(const SourceTurn& turn, const Status& refusal) {
  if (turn.changing.size() + turn.continuing.size() == 0) return false;
  if (!turn.continuing.empty()) {
    for (Followed* followed : turn.continuing)
      followed->in_force_reached = true;  // as far as it goes
    return true;
  }
  if (turn.changing.size() > 1) {
    one_by_one_ = true;  // it is the reason of one of them
    return true;
  }
  Followed& followed = *turn.changing.front();
  followed.rejected = "the store does not take what it leads to: " + refusal.message();
  LogError("the store refused a commit for good; the commit in force stays",
           {{"source", followed.config.name}, {"error", refusal.ToString()}});
  return true;
}

void Controller::Core::PutSourceStatus(const std::string& name, const SourceStatus& status,
                                       ClusterState* state, WriteSet* writes) {
  const auto existing = state->Find<Source>("", name);
  const SourceSpec& spec = followed_.at(name).config.spec;
  if (existing && existing->status == status && existing->spec == spec) return;
  auto source = existing ? std::make_shared<Source>(*existing) : std::make_shared<Source>();
  if (!existing) {
    source->metadata.name = name;
    source->metadata.creation_timestamp = loop_->now().wall;
  }
  source->spec = spec;
  source->status = status;
  PutBoth(source, state, writes);
}

}  // namespace reconcile
