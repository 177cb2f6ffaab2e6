#pragma once

#include "agent/volume_orders.h"
#include "base/status.h"

namespace reconcile {

// Makes the folder that is held open hold these files, and no others of ours. A reader that opens
// `..data` once sees all of one version; a file that does not change in a version that does is
// another file all the same. Nothing is written when all is there. Source: Kubernetes
// pkg/volume/util, AtomicWriter.
Status ReplaceVolumeFiles(int folder, const FilesVolume& volume);

// Gives a folder to the group, as fsGroup says: it may read and write, and what is made in it is
// the group's too. Nothing is done when it has it.
Status GiveFolderToGroup(int folder, int64_t group);

}  // namespace reconcile
