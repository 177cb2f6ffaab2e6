#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "controller/controller.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What a plan without a controller is made against.
struct OfflineCluster {
  ClusterState state;
  std::vector<SourceConfig> sources;  // that it follows
};

// `text` like "3x4cpu,8Gi": that many empty hosts with so many CPUs and so much memory each,
// without sources.
Result<OfflineCluster> ClusterOfHosts(const std::string& text, Now now);

// As it was when `reconcile backup` made the file. `keys_file`: the keys for its Secrets, as
// `reconcile backup --keys` saved them; "": none. Errors name the file and say what to do. Blocks.
Result<OfflineCluster> ClusterOfBackup(const std::string& file, const std::string& keys_file);

}  // namespace reconcile
