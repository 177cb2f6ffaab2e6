#include <algorithm>

#include "agent/agent_core.h"
#include "base/log.h"

namespace reconcile {
namespace {

constexpr char kNetworkFile[] = "network";
// Between two saves, for each item in the lists and at most. What a restarted agent then lacks, the
// controller says at once; without one, a large cluster's is a little old.
constexpr int64_t kSaveNetworkItemMs = 3;
constexpr int64_t kMaxSaveNetworkMs = 30'000;
constexpr int64_t kSaveNetworkAgainMs = 5'000;  // after a failure

int64_t SaveNetworkMs(const Assignment& assignment) {
  const size_t items =
      assignment.nodes.size() + assignment.services.size() + assignment.endpoint_slices.size();
  return std::min(static_cast<int64_t>(items) * kSaveNetworkItemMs, kMaxSaveNetworkMs);
}

bool SameLists(const Assignment& a, const Assignment& b) {
  return a.nodes.IsOneWith(b.nodes) && a.services.IsOneWith(b.services) &&
         a.endpoint_slices.IsOneWith(b.endpoint_slices) && a.namespaces.IsOneWith(b.namespaces);
}

}  // namespace

Assignment WithoutLists(const Assignment& assignment) {
  Assignment own = assignment;
  own.nodes = {};
  own.services = {};
  own.endpoint_slices = {};
  own.namespaces = {};
  return own;
}

bool DiffersInNetworkAlone(const Assignment& saved, const Assignment& next) {
  Fence fence = next.fence;
  fence.revision = saved.fence.revision;
  return fence == saved.fence && next.node == saved.node &&
         next.cluster_pod_cidr == saved.cluster_pod_cidr &&
         next.node_pod_cidr == saved.node_pod_cidr && next.pods == saved.pods &&
         next.config_maps == saved.config_maps && next.secrets == saved.secrets &&
         next.tombstones == saved.tombstones && next.service_cidr == saved.service_cidr &&
         next.cluster_domain == saved.cluster_domain &&
         next.network_backend == saved.network_backend && next.heartbeat_ms == saved.heartbeat_ms;
}

// The lists are large in a large cluster and change with every pod of it: they are not written
// before each assignment is obeyed, as the rest of it is.
void Agent::Core::SaveNetwork() {
  if (!applied_ || SameLists(*applied_, saved_network_)) return;
  const MonoTime now = loop_->now().mono;
  if (now < save_network_at_) {
    if (network_save_waits_) return;
    network_save_waits_ = true;
    return After(save_network_at_ - now, [this] {
      network_save_waits_ = false;
      SaveNetwork();
    });
  }
  save_network_at_ = now + SaveNetworkMs(*applied_);
  Assignment network;
  network.fence = applied_->fence;
  network.node = applied_->node;
  network.nodes = applied_->nodes;
  network.services = applied_->services;
  network.endpoint_slices = applied_->endpoint_slices;
  network.namespaces = applied_->namespaces;
  const Result<std::string> text = WriteAssignment(network);
  const Status saved = text.ok() ? files_->WriteSealed(kNetworkFile, *text) : text.status();
  NoteFiles("network", saved);
  if (saved.ok()) {
    saved_network_ = std::move(network);
  } else {
    LogWarning("what is known of the cluster's network cannot be saved",
               {{"error", saved.message()}});
    save_network_at_ = now + kSaveNetworkAgainMs;
    SaveNetwork();  // waits
  }
}

void Agent::Core::RestoreNetwork() {
  if (!applied_) return;
  const Result<std::string> text = files_->ReadSealed(kNetworkFile);
  if (text.status().code() == StatusCode::kNotFound) return;
  const Result<Assignment> network = text.ok() ? ReadAssignment(*text) : text.status();
  if (!network.ok()) {
    return LogWarning("what was known of the cluster's network cannot be read",
                      {{"error", network.status().message()}});
  }
  if (network->fence.cluster_id != applied_->fence.cluster_id) return;
  applied_->nodes = network->nodes;
  applied_->services = network->services;
  applied_->endpoint_slices = network->endpoint_slices;
  applied_->namespaces = network->namespaces;
  saved_network_ = *network;
}

}  // namespace reconcile
