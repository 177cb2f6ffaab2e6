#include <algorithm>

#include "base/log.h"
#include "controller/core.h"

namespace reconcile {
namespace {

constexpr int64_t kFetchRetryFirstMs = 1'000;
constexpr int64_t kFetchRetryMostMs = 60'000;
constexpr size_t kProblemsInMessage = 10;

std::string Summary(const std::vector<Problem>& errors) {
  std::string text;
  for (size_t i = 0; i < errors.size() && i < kProblemsInMessage; ++i) {
    text += (i == 0 ? "" : "; ") + errors[i].ToString();
  }
  if (errors.size() > kProblemsInMessage) {
    text += "; and " + std::to_string(errors.size() - kProblemsInMessage) + " more errors";
  }
  return text;
}

void SetReady(SourceStatus* status, ConditionStatus ready, std::string reason, std::string message,
              WallTime now) {
  SetCondition(&status->conditions,
               {.type = "Ready",
                .status = ready,
                .reason = std::move(reason),
                .message = std::move(message)},
               now);
}

void SetApplied(const FetchedCommit& commit, SourceStatus* status, WallTime now) {
  if (status->applied_commit != commit.id) status->applied_at = now;
  status->applied_commit = commit.id;
  status->applied_author = commit.author;
  status->applied_subject = commit.subject;
  status->held.reset();
  SetReady(status, ConditionStatus::kTrue, "Applied", "commit " + commit.id.substr(0, 12), now);
}

}  // namespace

void Controller::Core::Follow(Followed* followed) {
  const std::string name = followed->config.name;
  source_->Watch(followed->config.spec, [weak = weak_from_this(), name] {
    if (auto core = weak.lock()) core->Fetch(name);
  });
  Fetch(name);
}

Status Controller::Core::Sync(const std::string& source) {
  if (!source.empty() && !followed_.contains(source)) {
    return NotFoundError("no source is named '" + source + "'");
  }
  for (const auto& [name, followed] : followed_) {
    if (source.empty() || source == name) Fetch(name);
  }
  return OkStatus();
}

void Controller::Core::Fetch(const std::string& name) {
  Followed& followed = followed_.at(name);
  if (!started_) return;
  if (followed.fetching) {
    followed.fetch_again = true;
    return;
  }
  followed.fetching = true;
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
  if (commit.ok()) {
    followed.failures = 0;
    TakeCommit(&followed, std::move(commit).value());
    PlanNextFetch(&followed, options_.source_poll_ms);
  } else {
    // The last good commit stays in force; the condition says what is wrong.
    followed.problems = Problems();
    followed.problems.errors.push_back({.message = commit.status().message()});
    followed.commit.reset();
    followed.desired.reset();
    const int64_t delay_ms =
        std::min(kFetchRetryMostMs, kFetchRetryFirstMs << std::min(followed.failures, 6));
    ++followed.failures;
    LogWarning("cannot read a source", {{"source", name}, {"error", commit.status().message()}});
    PlanNextFetch(&followed, delay_ms);
  }
  if (followed.fetch_again) {
    followed.fetch_again = false;
    Fetch(name);
  }
  RequestTurn();
}

void Controller::Core::TakeCommit(Followed* followed, FetchedCommit commit) {
  const bool known = followed->commit && followed->commit->id == commit.id && followed->desired;
  followed->applied = false;  // a poll also looks whether the model still is what Git says
  if (known) return;
  ParsedManifests parsed = ParseManifests(commit.files);
  followed->problems = std::move(parsed.problems);
  followed->problems.warnings.insert(followed->problems.warnings.end(), commit.warnings.begin(),
                                     commit.warnings.end());
  DesiredState desired = BuildDesired(followed->config.name, commit.id, parsed.objects,
                                      *store_->Snapshot(), &followed->problems);
  followed->desired.reset();
  if (followed->problems.errors.empty()) followed->desired = std::move(desired);
  commit.files.clear();  // the objects hold all that is needed
  followed->commit = std::move(commit);
}

ObjectChanges Controller::Core::ChangesToApply(ClusterState* state, WriteSet* writes, Now now) {
  ObjectChanges changes;
  // What a source declared goes on running when it is configured no more; another may take it over.
  std::vector<ObjectKey> forgotten;
  for (const auto& [key, source] : state->Objects(Kind::kSource)) {
    if (!followed_.contains(key.name)) forgotten.push_back(key);
  }
  for (const ObjectKey& key : forgotten) DeleteBoth(key, state, writes);
  for (auto& [name, followed] : followed_) ConsiderSource(&followed, state, writes, &changes, now);
  return changes;
}

void Controller::Core::ConsiderSource(Followed* followed, ClusterState* state, WriteSet* writes,
                                      ObjectChanges* changes, Now now) {
  const std::string& name = followed->config.name;
  auto source = std::make_shared<Source>();
  if (const auto existing = state->Find<Source>("", name)) *source = *existing;
  source->metadata.name = name;
  if (!source->metadata.creation_timestamp) source->metadata.creation_timestamp = now.wall;
  source->spec = followed->config.spec;
  SourceStatus& status = source->status;
  if (followed->commit) status.seen_commit = followed->commit->id;
  if (!followed->problems.errors.empty()) {
    if (followed->commit) status.held.reset();  // it was another commit that was held
    SetReady(&status, ConditionStatus::kFalse, followed->commit ? "InvalidCommit" : "FetchFailed",
             (followed->commit ? "commit " + followed->commit->id.substr(0, 12) + ": " : "") +
                 Summary(followed->problems.errors),
             now.wall);
  } else if (followed->desired && !followed->applied) {
    ObjectChanges wanted = Diff(*followed->desired, *state);
    const BreakerVerdict verdict =
        CheckBreaker(wanted, *state, *source, followed->commit->id, followed->commit->confirmations,
                     options_.breaker, now.wall);
    if (verdict.held) {
      status.held = verdict.held;
      SetReady(&status, ConditionStatus::kFalse, "PruneHeld", verdict.held->reason, now.wall);
    } else {
      RememberPrune(verdict.counted, options_.breaker, now.wall, &status);
      SetApplied(*followed->commit, &status, now.wall);
      changes->insert(changes->end(), wanted.begin(), wanted.end());
      followed->applied = std::all_of(wanted.begin(), wanted.end(), [](const ObjectChange& change) {
        return change.type == ChangeType::kUnchanged;
      });
    }
  }
  PutSourceStatus(name, status, state, writes);
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
