#pragma once

#include "schema/workload.h"

namespace reconcile {

// A Deployment whose pods a person had made anew (`reconcile restart`, `kubectl rollout restart`):
// who, why and when is in its status, and when in the annotation of its template that kubectl sets.
// The annotation is the model's alone, on top of what Git declares, and stays when a commit changes
// the Deployment: taking it away would make the pods anew once more. All PURE.

inline constexpr char kRestartedAt[] = "kubectl.kubernetes.io/restartedAt";

// `deployment` with its template marked. Invalid when a manifest has a later mark.
Status MarkRestart(const WorkloadRestart& restart, Deployment* deployment);

// `declared` as the model has it where `before` is there: with the mark, unless its own is later.
void KeepRestart(const Deployment& before, Deployment* declared);

// `seen`, of the model, without the mark that is not from `declared`.
void HideRestart(const Deployment& declared, Deployment* seen);

}  // namespace reconcile
