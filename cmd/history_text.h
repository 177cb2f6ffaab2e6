#pragma once

#include <string>

#include "base/time.h"
#include "base/value.h"

namespace reconcile {

// PURE. `history` is what the API's history route answers, an item of it one commit. Text from
// outside is escaped.

// One line a commit, newest first.
std::string HistoryText(const Value& history, WallTime now);

// `events`: those of what somebody had changed by hand and was put right (kDriftCorrected of
// link/messages.h). Newest first; "" when there are none.
std::string DriftText(const Value& events, WallTime now);

// The newest item whose commit begins with `revision`. NotFound when there is none, Invalid when
// commits differ that do.
Result<Value> FindRevision(const Value& history, const std::string& revision);

// What became of one commit.
std::string RevisionText(const Value& item);
// How long each stage of it took.
std::string TimingText(const Value& item);

}  // namespace reconcile
