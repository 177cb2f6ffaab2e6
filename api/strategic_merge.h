#pragma once

#include "base/status.h"
#include "base/value.h"

namespace reconcile {

// PURE. Kubernetes' strategic merge patch: like a merge of maps, but that lists of certain fields
// are merged by an element's key, and with the directives $patch, $retainKeys,
// $deleteFromPrimitiveList/FIELD and $setElementOrder/FIELD. Which lists have which key is what
// Kubernetes' own types say (patchMergeKey of k8s.io/api), for all kinds at once.
// Invalid for a directive that is not known. Source: kubernetes.io, "Update API Objects in Place
// Using kubectl patch"; k8s.io/community, strategic-merge-patch.md.
Result<Value> StrategicMergePatch(Value target, const Value& patch);

}  // namespace reconcile
