#include <algorithm>

#include "controller/core.h"

namespace reconcile {
namespace {

bool IsGoing(const Pod& pod) { return pod.metadata.deletion_timestamp.has_value(); }

// The assignment stops a pod that `before` did not.
bool HasNewStops(const std::optional<Assignment>& before, const Assignment& assignment) {
  std::set<std::string> known;
  if (before) {
    for (const auto& pod : before->pods) {
      if (IsGoing(*pod)) known.insert(pod->metadata.uid);
    }
  }
  return std::any_of(assignment.pods.begin(), assignment.pods.end(), [&](const auto& pod) {
    return IsGoing(*pod) && !known.contains(pod->metadata.uid);
  });
}

}  // namespace

void Controller::Core::NoteStops(Heard* heard, Assignment* assignment) const {
  if (HasNewStops(heard->sent, *assignment)) heard->drain_from = assignment->fence.revision;
  const bool stops = std::any_of(assignment->pods.begin(), assignment->pods.end(),
                                 [](const auto& pod) { return IsGoing(*pod); });
  assignment->is_drained = stops && IsDrained(heard->drain_from);
}

// Those that were sent nothing newer have nothing newer to follow. Who is not heard is not waited
// for: nobody knows when it will be.
bool Controller::Core::IsDrained(Revision drain_from) const {
  return std::all_of(heard_.begin(), heard_.end(), [&](const auto& entry) {
    const Heard& heard = entry.second;
    if (!heard.connected || IsRevokedNow(entry.first)) return true;
    if (heard.to_tell_network || !heard.sent) return false;
    return heard.network.revision >= std::min(drain_from, heard.sent->fence.revision);
  });
}

std::vector<Controller::HostNetwork> Controller::Core::Networks() const {
  std::vector<HostNetwork> networks;
  State()->ForEach<Node>([&](const std::shared_ptr<const Node>& node) {
    HostNetwork host;
    host.node = node->metadata.name;
    host.pod_cidr = node->spec.pod_cidr;
    for (const NodeAddress& address : node->status.addresses) {
      if (address.type == "InternalIP") host.address = address.address;
    }
    const auto heard = heard_.find(host.node);
    if (heard != heard_.end()) {
      host.connected = heard->second.connected;
      host.network = heard->second.network;
      if (heard->second.sent) host.wanted_revision = heard->second.sent->fence.revision;
    }
    networks.push_back(std::move(host));
  });
  return networks;
}

void Controller::Core::TakeNetworkRevision(const Report& report, Heard* heard) {
  const bool is_new = report.network.revision != heard->network.revision;
  heard->network = report.network;
  if (is_new) LookAtDrains();
}

void Controller::Core::LookAtDrains() {
  bool found = false;
  for (auto& [name, heard] : heard_) {
    if (!heard.connected || !heard.sent || heard.drain_from == 0 || heard.sent->is_drained)
      continue;
    const bool stops = std::any_of(heard.sent->pods.begin(), heard.sent->pods.end(),
                                   [](const auto& pod) { return IsGoing(*pod); });
    if (!stops || !IsDrained(heard.drain_from)) continue;
    heard.to_tell = true;
    found = true;
  }
  if (found) RequestTurn();
}

}  // namespace reconcile
