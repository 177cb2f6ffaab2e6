#pragma once

#include <string>

#include "base/value.h"

namespace reconcile {

// PURE. `status` is what the API's status route answers.

// True when nothing is left to do: only then does what runs correspond to what Git declares.
bool IsConverged(const Value& status);
// The same, but for looking whether there is a newer commit: that goes on now and then for ever.
bool IsConvergedSoFar(const Value& status);

// Why waiting will not make it converge, and what to do; "" while it may: a source's newest commit
// has errors, or the deletion breaker holds it, and nothing newer is being read.
std::string WhyWaitingIsVain(const Value& status);

// For people. Text from outside is escaped.
std::string StatusText(const Value& status);

// `source` is one of the status' sources. What became of its newest commit, in one line: what is in
// force, or why it is not that commit.
std::string SyncedText(const Value& source);
// Also for a suspended one, of which nobody expects more.
bool IsInForce(const Value& source);

}  // namespace reconcile
