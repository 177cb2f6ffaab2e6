#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "schema/core.h"

namespace reconcile {

// What people told about a source by commands, and what follows from it. All PURE.

// Reason of a source's condition Ready while none of its commits is in force and the newest waits.
inline constexpr std::string_view kWaitsForApply = "WaitsForApply";

bool IsSuspended(const Source& source);
bool IsManual(const SourceSpec& spec);
// Whether a commit's id means the same objects under both.
bool ReadsTheSame(const SourceSpec& a, const SourceSpec& b);

// Why a commit of which something waits is not Ready.
inline constexpr std::string_view kWaitingForWave = "WaitingForWave";
inline constexpr std::string_view kWaitingForSource = "WaitingForSource";
// The commit that is in force, wholly applied or not.
const std::string& InForceCommit(const SourceStatus& status);

// The status of a source that is configured as `spec` now; `known` is it as it was stored, or null.
// Where a commit's id means other objects now, what was said of commits counts no more.
SourceStatus StatusUnder(const SourceSpec& spec, const Source* known);

// The commit that is to be in force when `newest` is the one at the source's revision; empty when
// there is none yet.
std::string WantedCommit(const SourceSpec& spec, const SourceStatus& status,
                         const std::string& newest);

// The commit that `reconcile rollback` goes to when `newest` is the one at the source's revision:
// of the history, the one that `to` begins, or when it is empty the last good one before the one
// that is in force. Invalid or NotFound, with what to do, when there is none or it is there
// already.
Result<std::string> RollbackTarget(const Source& source, const std::string& newest,
                                   const std::string& to);

// A sentence for each thing that people told, or are to tell: who, why, and how it ends.
std::vector<std::string> OperationLines(const Source& source);
// "ada", "ada: it crashes": who and why.
std::string WhoAndWhy(const std::string& by, const std::string& reason);

}  // namespace reconcile
