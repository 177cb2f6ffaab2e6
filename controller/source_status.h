#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/desired.h"
#include "reconciler/reconciler.h"
#include "reconciler/source_operations.h"
#include "schema/core.h"
#include "source/manifest_source.h"

namespace reconcile {

// What a Source says about itself. All PURE.

// A condition's message is cut here: it travels in every status.
inline constexpr size_t kMaxConditionBytes = 4'096;

// The first problems, each cut, and how many more there are.
std::string Summary(const std::vector<Problem>& problems);

// Sets the condition Ready.
void SetReady(SourceStatus* status, ConditionStatus ready, const std::string& reason,
              const std::string& message, WallTime now);
// While the commit that is wanted is none, or was not read yet.
void SetWaiting(SourceStatus* status, WallTime now);
void SetApplied(const FetchedCommit& commit, SourceStatus* status, WallTime now);
// That a wave of `commit` waits, and for what; `let_through` are the marks of what it removes.
void SetWaiting(const FetchedCommit& commit, const std::string& why,
                std::vector<std::string> let_through, SourceStatus* status, WallTime now);
// The commit that waited is wholly applied now, while a newer one cannot be.
void FinishWaiting(SourceStatus* status, WallTime now);

// Keeps in the status' history what became of the commit, as the conditions say, newest first: one
// entry for each time that it came into force, kMaxHistory at most, which rollbacks choose from,
// and one for each that is not, kMaxNotApplied at most. No news changes nothing.
void RememberRevision(const FetchedCommit& commit, WallTime now, SourceStatus* status);
// Likewise of the newest commit, when it waits for a person.
void RememberWaiting(WallTime now, SourceStatus* status);
inline constexpr size_t kMaxHistory = 20;
inline constexpr size_t kMaxNotApplied = 10;
inline constexpr std::string_view kRevisionApplied = "Applied";
inline constexpr std::string_view kRevisionWaiting = "Waiting";
inline constexpr std::string_view kRevisionHeld = "Held";
inline constexpr std::string_view kRevisionFailed = "Failed";
inline constexpr std::string_view kOutcomeConverged = "Converged";
inline constexpr std::string_view kOutcomeReplaced = "Replaced";
// The history's entry of the commit in force; null when it has none.
SourceRevision* RevisionInForce(SourceStatus* status);
RevisionChanges CountChanges(const ObjectChanges& changes);

// What is to be recorded as an Event: that a commit came into force or that one cannot. Nothing
// when `after` says the same of the same commit as `before` did.
std::optional<Reason> ReasonFor(const std::string& source, const SourceStatus& before,
                                const SourceStatus& after);

// Likewise that a commit waits for a person, and that a rollback ended by itself.
std::optional<Reason> ReasonForOperations(const std::string& source, const SourceStatus& before,
                                          const SourceStatus& after);

// Lines for people: "source main: " and a warning each, with a count instead of those that are too
// many.
std::vector<std::string> WarningLines(const std::string& source,
                                      const std::vector<Problem>& warnings);

}  // namespace reconcile
