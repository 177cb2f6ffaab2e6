#pragma once

#include <string>

#include "api/refusal.h"
#include "schema/cluster_state.h"

namespace reconcile {

// Why what Git owns is not changed through the API, and where it is: repository, file and line. All
// PURE: 403 Forbidden, in the words that Kubernetes' clients show.

enum class GitEdit { kChange, kRemove };  // what was wanted of the object
// Of an object that is there; its owner's place, where it was made for another one.
Refusal ChangedInGit(const Object& object, const ClusterState& state,
                     GitEdit edit = GitEdit::kChange);
// Of a workload whose pods are to be started again, and that has none: its kind is not acted on.
Refusal NothingToRestart(const ObjectKey& key);
// Of one that is not there yet: the repositories that may declare it.
Refusal CreatedInGit(const ObjectKey& key, const ClusterState& state);

// 404 and 409 of the same form.
Refusal NotFoundObject(const ObjectKey& key);
Refusal AlreadyExists(const ObjectKey& key);
// 409: what the client has seen is not what is there.
Refusal ChangedMeanwhile(const ObjectKey& key, const std::string& why);
// With this code, reason and message, and of what.
Refusal RefusalOf(const ObjectKey& key, int code, std::string reason, std::string message);

}  // namespace reconcile
