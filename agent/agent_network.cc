#include <algorithm>

#include "agent/agent_core.h"
#include "base/log.h"
#include "link/assignment_delta.h"

namespace reconcile {
namespace {

constexpr char kNetworkFile[] = "network";
// What makes that what was known last: the lists of a large cluster take a fifth of a second to
// write, in which nothing else is done.
constexpr char kNetworkChangesFile[] = "network-changes";
constexpr size_t kChangesShare = 16;  // with more changes than one in so many items, all is written
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

size_t ItemsIn(const Assignment& lists) {
  return lists.nodes.size() + lists.services.size() + lists.endpoint_slices.size() +
         lists.namespaces.size();
}

size_t ItemsIn(const AssignmentDelta& delta) {
  return ItemsIn(delta.changed) + delta.removed_nodes.size() + delta.removed_services.size() +
         delta.removed_endpoint_slices.size() + delta.removed_namespaces.size();
}

// Which file changes are changes of: no two have the same.
std::string NameOf(const Fence& fence) {
  return fence.lineage + "/" + std::to_string(fence.epoch) + "/" + std::to_string(fence.revision);
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
// before each assignment is obeyed, as the rest of it is, but once that has begun.
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
  const Status saved = WriteNetwork(network);
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

Status Agent::Core::WriteNetwork(const Assignment& network) {
  if (saved_base_) {
    const std::optional<AssignmentDelta> delta = MakeDelta(*saved_base_, network);
    if (delta && ItemsIn(*delta) * kChangesShare <= ItemsIn(network)) {
      Value changes = Value::MakeMap();
      changes.Set("of", Value::String(NameOf(saved_base_->fence)));
      changes.Set("changes", EncodeDelta(*delta));
      return files_->WriteSealed(kNetworkChangesFile, WriteJson(changes));
    }
  }
  const Result<std::string> text = WriteAssignment(network);
  if (!text.ok()) return text.status();
  saved_base_.reset();  // a write that fails may have been done
  RETURN_IF_ERROR(files_->WriteSealed(kNetworkFile, *text));
  saved_base_ = network;
  return OkStatus();
}

// What was changed since all of it was written; `base` where nothing was.
Result<Assignment> Agent::Core::WithSavedChanges(const Assignment& base) const {
  const Result<std::string> text = files_->ReadSealed(kNetworkChangesFile);
  if (text.status().code() == StatusCode::kNotFound) return base;
  if (!text.ok()) return text.status();
  const Result<Value> changes = ParseJson(*text, {.max_bytes = kMaxHostFileBytes});
  if (!changes.ok()) return changes.status();
  if (changes->GetString("of") != NameOf(base.fence)) return base;  // of one before it
  const Value* delta = changes->Find("changes");
  if (delta == nullptr) return InvalidError("no changes");
  const Result<AssignmentDelta> decoded = DecodeAssignmentDelta(*delta);
  return decoded.ok() ? ApplyDelta(base, *decoded) : Result<Assignment>(decoded.status());
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
  const Result<Assignment> changed = WithSavedChanges(*network);
  if (!changed.ok()) {
    LogWarning("what was changed of the cluster's network cannot be read",
               {{"error", changed.status().message()}});
  }
  saved_network_ = changed.ok() ? *changed : *network;
  saved_base_ = *network;
  applied_->nodes = saved_network_.nodes;
  applied_->services = saved_network_.services;
  applied_->endpoint_slices = saved_network_.endpoint_slices;
  applied_->namespaces = saved_network_.namespaces;
}

}  // namespace reconcile
