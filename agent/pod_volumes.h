#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/env.h"
#include "agent/volume_orders.h"
#include "schema/volumes.h"

namespace reconcile {

// Where a volume of a pod lies, relative to the agent's data folder.
std::string VolumePath(const std::string& pod_uid, const std::string& volume);

// PURE. The files of a volume that is made of ConfigMaps, Secrets and fields of the pod. Invalid
// says, in the kubelet's words, which object or key is missing or what has no place in a volume.
Result<std::map<std::string, VolumeFile>> FilesOf(const EnvSources& sources, const Volume& volume);

// PURE. What to make of a volume; Invalid as above.
Result<VolumeOrder> OrderFor(const EnvSources& sources, const Volume& volume);

// Of the data of ConfigMaps and Secrets, by where they are in memory: several pods may have them.
using ContentHashes = std::map<const StringMap*, size_t>;
// PURE, but for `known`, which outlives no object of `sources`. A text that is another one whenever
// the order may be; much cheaper than the order. Of one process alone.
std::string VersionOf(const EnvSources& sources, const Volume& volume, ContentHashes* known);

}  // namespace reconcile
