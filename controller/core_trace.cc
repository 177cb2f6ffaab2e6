#include <algorithm>

#include "base/log.h"
#include "controller/convergence.h"
#include "controller/core.h"
#include "controller/source_status.h"

namespace reconcile {
namespace {

// Looking through the whole model takes its time.
constexpr int64_t kOutcomeSpacingMs = 5'000;

}  // namespace

// A commit that was in force before this controller began, or is again, brings nothing.
void Controller::Core::TraceFetched(const std::string& source, const std::string& commit) {
  const auto state = store_->Snapshot();
  const auto known = state->Find<Source>("", source);
  const bool in_force = known != nullptr && known->status.applied_commit == commit;
  traces_.Fetched(source, commit, in_force, loop_->now().mono);
}

void Controller::Core::TraceStored(const SourceTurn& sources, const Transaction& transaction,
                                   const ClusterState& before, MonoTime planned) {
  const MonoTime now = loop_->now().mono;
  for (const auto* part : {&sources.changing, &sources.unchanged}) {
    for (const Followed* followed : *part) {
      traces_.Stored(followed->config.name, followed->commit->id, sources.changes, planned, now);
    }
  }
  traces_.TakeWrites(transaction, before, *store_->Snapshot(), now);
}

void Controller::Core::SettleTraces() {
  for (const CommitTraces::Ended& ended : traces_.Settle(*store_->Snapshot(), loop_->now().mono)) {
    const TraceSummary& summary = ended.summary;
    LogInfo("commit applied",
            {{"source", ended.source},
             {"commit", ended.commit.substr(0, 12)},
             {"pods", std::to_string(summary.pods)},
             {"took", StagesText(summary)},
             {"last",
              summary.pod.empty() ? "no pod was to start" : summary.pod + " on " + summary.node}});
    Tell([&](ControllerObserver* observer) { observer->OnConverged(ended.source, ended.took_ms); });
    converged_.push_back(ended);
    RequestTurn();
  }
}

void Controller::Core::NoteOutcome(const Followed& followed, const SourceStatus& before,
                                   const ClusterState& state, Now now, SourceStatus* status) {
  const std::string& name = followed.config.name;
  SourceRevision* in_force = RevisionInForce(status);
  if (in_force == nullptr || in_force->outcome) return;
  if (!in_force->changes) in_force->changes = followed.brought;
  for (const CommitTraces::Ended& ended : converged_) {
    if (ended.source != name || ended.commit != in_force->commit) continue;
    in_force->outcome = {.result = std::string(kOutcomeConverged),
                         .at = now.wall,
                         .took_ms = ended.took_ms,
                         .pods_started = ended.summary.started,
                         .pods_stopped = ended.summary.stopped};
    return;
  }
  // Its trace begins once this turn is durable, and is lost with the process.
  const bool is_new =
      std::find(before.history.begin(), before.history.end(), *in_force) == before.history.end();
  if (is_new || traces_.IsOnItsWay(name, in_force->commit)) return;
  if (now.mono < outcome_looked_at_ + kOutcomeSpacingMs) return;
  outcome_looked_at_ = now.mono;
  const std::vector<std::string> lines = UnconvergedIn(state);
  const bool converged = std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("source ");
  });
  if (converged) in_force->outcome = {.result = std::string(kOutcomeConverged), .at = now.wall};
}

Result<std::vector<Controller::HistoryEntry>> Controller::Core::History(
    const std::string& source) const {
  const auto state = store_->Snapshot();
  if (!source.empty() && state->Find<Source>("", source) == nullptr) {
    return NotFoundError("no source is named '" + source + "'");
  }
  std::vector<HistoryEntry> entries;
  state->ForEach<Source>([&](const std::shared_ptr<const Source>& followed) {
    const std::string& name = followed->metadata.name;
    if (!source.empty() && source != name) return;
    std::set<std::string> told;  // of a commit that came twice, the last time is timed
    for (const SourceRevision& revision : followed->status.history) {
      HistoryEntry entry{name, revision, false, std::nullopt};
      if (told.insert(revision.commit).second) {
        entry.timing = traces_.Find(name, revision.commit);
        entry.in_force = followed->status.applied_commit == revision.commit;
      }
      entries.push_back(std::move(entry));
    }
  });
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const HistoryEntry& a, const HistoryEntry& b) { return a.revision.at > b.revision.at; });
  return entries;
}

}  // namespace reconcile
