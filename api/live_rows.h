#pragma once

#include <array>
#include <string>

#include "base/value.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What the page shows of a cluster at a glance: a row of each object of these kinds.
inline constexpr std::array<Kind, 9> kLiveKinds = {
    Kind::kSource,  Kind::kNode, Kind::kDeployment, Kind::kStatefulSet, Kind::kDaemonSet,
    Kind::kCronJob, Kind::kJob,  Kind::kReplicaSet, Kind::kPod};

// PURE. A row of an object of `state`: its names, health and owner, and what its kind has besides.
// Nothing of it depends on the time: it says when, not how long ago.
//   kind "pods"   its plural
//   uid, namespace, name, owner (uid of its controller), created (RFC 3339)
//   health "Healthy", word "Running", why
// of pods: node, ready "1/1", restarts, ip; of sets: ready, updated, wanted, images, stopped
// (nobody is meant to run); of nodes: address, version, cordoned, cpuMilli and memoryBytes that
// pods may have; of sources: their status is another event's.
Value LiveRow(const Object& object, const ClusterState& state);
// What tells rows apart: the uid, or the key of what has none.
std::string LiveId(const Object& object);

}  // namespace reconcile
