#include "reconciler/endpoints.h"

#include <algorithm>
#include <map>
#include <set>

#include "schema/sidecar.h"

namespace reconcile {
namespace {

std::string ZoneOf(const std::string& node_name, const ClusterState& state) {
  const auto node = state.Find<Node>("", node_name);
  if (node == nullptr) return "";
  const auto zone = node->metadata.labels.find(kZoneLabel);
  return zone == node->metadata.labels.end() ? "" : zone->second;
}

// Done for good: nothing answers there any more (SEMANTICS 14.1).
bool IsDone(const Pod& pod) {
  const bool succeeded = pod.status.phase == PodPhase::kSucceeded;
  const bool failed = pod.status.phase == PodPhase::kFailed;
  if (pod.spec.restart_policy == RestartPolicy::kNever) return succeeded || failed;
  return pod.spec.restart_policy == RestartPolicy::kOnFailure && succeeded;
}

// The number behind a Service's port at this pod; 0 when the pod has no such port.
int32_t PortAt(const Pod& pod, const ServicePort& port) {
  if (!port.target_port) return port.port;
  if (!port.target_port->is_string) return static_cast<int32_t>(port.target_port->number);
  for (const Container* container : LastingContainersOf(pod.spec)) {
    for (const ContainerPort& candidate : container->ports) {
      if (candidate.name == port.target_port->text && candidate.protocol == port.protocol) {
        return candidate.container_port;
      }
    }
  }
  return 0;
}

std::vector<EndpointPort> PortsAt(const Pod& pod, const ServiceSpec& spec) {
  std::vector<EndpointPort> ports;
  for (const ServicePort& port : spec.ports) {
    const int32_t number = PortAt(pod, port);
    if (number == 0) continue;
    EndpointPort found{.name = port.name, .protocol = port.protocol, .port = number, .others = {}};
    if (const Value* spoken = port.others.Find("appProtocol")) {
      found.others.Set("appProtocol", *spoken);
    }
    ports.push_back(std::move(found));
  }
  return ports;
}

Endpoint EndpointAt(const Pod& pod, const Service& service, const ClusterState& state) {
  const bool serving = IsReady(pod);
  const bool terminating = pod.metadata.deletion_timestamp.has_value();
  const bool ready = service.spec.publish_not_ready_addresses || (serving && !terminating);
  Endpoint endpoint;
  endpoint.addresses = {pod.status.pod_ip};
  endpoint.conditions = {ready, serving, terminating};
  const bool is_named = !pod.spec.hostname.empty() && pod.spec.subdomain == service.metadata.name;
  if (is_named) endpoint.hostname = pod.spec.hostname;
  endpoint.node_name = pod.spec.node_name;
  endpoint.zone = ZoneOf(pod.spec.node_name, state);
  endpoint.target_ref = ObjectReference{.api_version = {},
                                        .kind = "Pod",
                                        .namespace_name = pod.metadata.namespace_name,
                                        .name = pod.metadata.name,
                                        .uid = pod.metadata.uid};
  return endpoint;
}

// A label of the selector that few pods have, as a word. Looks at no more pods than a few times
// what the rarest one has.
std::string RareWord(const Service& service, const ClusterState& state) {
  constexpr size_t kFew = 64;
  std::vector<std::string> words;
  for (const auto& [key, value] : service.spec.selector) {
    words.push_back(LabelWord(service.metadata.namespace_name, key, value));
  }
  for (size_t limit = kFew; words.size() > 1; limit *= 4) {
    for (const std::string& word : words) {
      if (state.pods_by_label().CountUpTo(word, limit) < limit) return word;
    }
  }
  return words[0];
}

std::vector<EndpointGroup> GroupsByPods(const Service& service, const ClusterState& state) {
  std::vector<EndpointGroup> groups;
  const auto add = [&](const Pod& pod) {
    if (pod.status.pod_ip.empty() || IsDone(pod)) return;
    if (!Selects(service, pod.metadata.labels)) return;
    std::vector<EndpointPort> ports = PortsAt(pod, service.spec);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const EndpointGroup& known) { return known.ports == ports; });
    if (group == groups.end()) group = groups.insert(groups.end(), {std::move(ports), {}});
    group->endpoints.push_back(EndpointAt(pod, service, state));
  };
  state.pods_by_label().ForEach(RareWord(service, state),
                                [&](const ObjectKey& key) { add(*As<Pod>(state.Find(key))); });
  return groups;
}

void AddAddresses(const std::vector<EndpointAddress>& addresses, bool ready, EndpointGroup* group) {
  for (const EndpointAddress& address : addresses) {
    Endpoint endpoint;
    endpoint.addresses = {address.ip};
    endpoint.conditions = {ready, ready, false};
    endpoint.hostname = address.hostname;
    endpoint.node_name = address.node_name;
    endpoint.target_ref = address.target_ref;
    group->endpoints.push_back(std::move(endpoint));
  }
}

std::vector<EndpointGroup> GroupsBySubsets(const Endpoints& endpoints) {
  std::vector<EndpointGroup> groups;
  if (endpoints.metadata.labels.contains(kSkipMirrorLabel)) return groups;
  for (const EndpointSubset& subset : endpoints.subsets) {
    auto group = std::find_if(groups.begin(), groups.end(), [&](const EndpointGroup& known) {
      return known.ports == subset.ports;
    });
    if (group == groups.end()) group = groups.insert(groups.end(), {subset.ports, {}});
    AddAddresses(subset.addresses, true, &*group);
    AddAddresses(subset.not_ready_addresses, false, &*group);
  }
  return groups;
}

// By which an endpoint is known again: its pod, or its address where a person gave that.
std::string IdentityOf(const Endpoint& endpoint) {
  if (endpoint.target_ref && !endpoint.target_ref->uid.empty()) return endpoint.target_ref->uid;
  return endpoint.addresses.empty() ? "" : endpoint.addresses[0];
}

// The slices of one group while they are being filled.
class GroupSlices {
 public:
  GroupSlices(const EndpointGroup& group, std::vector<SlicePtr>* kept)
      : group_(group), kept_(kept) {
    for (const Endpoint& endpoint : group.endpoints) wanted_[IdentityOf(endpoint)] = &endpoint;
  }

  // What of the slice goes on.
  void Take(const SlicePtr& slice) {
    Draft draft{slice, slice->endpoints, false};
    std::erase_if(draft.endpoints, [&](Endpoint& endpoint) {
      const auto found = wanted_.find(IdentityOf(endpoint));
      if (found == wanted_.end()) {
        draft.is_changed = true;
        return true;
      }
      if (!(endpoint == *found->second)) {
        endpoint = *found->second;
        draft.is_changed = true;
      }
      wanted_.erase(found);
      return false;
    });
    drafts_.push_back(std::move(draft));
  }

  // The others go where there is room: into slices that change anyway, then into any, then new
  // ones.
  void Finish() {
    std::vector<const Endpoint*> added;
    for (const Endpoint& endpoint : group_.endpoints) {
      const auto found = wanted_.find(IdentityOf(endpoint));
      if (found != wanted_.end() && found->second == &endpoint) added.push_back(&endpoint);
    }
    auto next = added.begin();
    const auto fill = [&](Draft* draft) {
      for (; next != added.end() && draft->endpoints.size() < kMaxEndpointsPerSlice; ++next) {
        draft->endpoints.push_back(**next);
        draft->is_changed = true;
      }
    };
    for (Draft& draft : drafts_) {
      if (draft.is_changed) fill(&draft);
    }
    for (Draft& draft : drafts_) fill(&draft);
    while (next != added.end()) {
      drafts_.push_back({nullptr, {}, true});
      fill(&drafts_.back());
    }
    for (Draft& draft : drafts_) Keep(std::move(draft));
  }

 private:
  struct Draft {
    SlicePtr slice;  // null for a new one
    std::vector<Endpoint> endpoints;
    bool is_changed = false;
  };

  void Keep(Draft draft) {
    if (draft.endpoints.empty()) return;
    if (!draft.is_changed) return kept_->push_back(draft.slice);
    auto changed = draft.slice == nullptr ? std::make_shared<EndpointSlice>()
                                          : std::make_shared<EndpointSlice>(*draft.slice);
    changed->ports = group_.ports;
    changed->endpoints = std::move(draft.endpoints);
    kept_->push_back(std::move(changed));
  }

  const EndpointGroup& group_;
  std::vector<SlicePtr>* kept_;
  std::map<std::string, const Endpoint*> wanted_;
  std::vector<Draft> drafts_;
};

EndpointAddress AddressOf(const Endpoint& endpoint) {
  return {endpoint.addresses[0], endpoint.hostname, endpoint.node_name, endpoint.target_ref};
}

}  // namespace

bool Selects(const Service& service, const StringMap& labels) {
  const StringMap& selector = service.spec.selector;
  if (selector.empty() || service.spec.type == ServiceType::kExternalName) return false;
  return std::all_of(selector.begin(), selector.end(), [&](const auto& pair) {
    const auto found = labels.find(pair.first);
    return found != labels.end() && found->second == pair.second;
  });
}

std::vector<EndpointGroup> GroupsOf(const Service& service, const ClusterState& state) {
  if (service.spec.type == ServiceType::kExternalName) return {};
  if (!service.spec.selector.empty()) return GroupsByPods(service, state);
  const auto endpoints =
      state.Find<Endpoints>(service.metadata.namespace_name, service.metadata.name);
  return endpoints == nullptr ? std::vector<EndpointGroup>() : GroupsBySubsets(*endpoints);
}

std::vector<SlicePtr> FillSlices(const std::vector<EndpointGroup>& groups,
                                 const std::vector<SlicePtr>& slices) {
  std::vector<SlicePtr> kept;
  for (const EndpointGroup& group : groups) {
    GroupSlices filling(group, &kept);
    for (const SlicePtr& slice : slices) {
      if (slice->ports == group.ports) filling.Take(slice);
    }
    filling.Finish();
  }
  std::stable_partition(kept.begin(), kept.end(),
                        [](const SlicePtr& slice) { return !slice->metadata.name.empty(); });
  return kept;
}

bool SameForEndpoints(const Pod& before, const Pod& after) {
  if (before.metadata.labels != after.metadata.labels ||
      before.metadata.uid != after.metadata.uid ||
      before.metadata.deletion_timestamp.has_value() !=
          after.metadata.deletion_timestamp.has_value() ||
      before.status.pod_ip != after.status.pod_ip || IsReady(before) != IsReady(after) ||
      IsDone(before) != IsDone(after)) {
    return false;
  }
  const PodSpec& a = before.spec;
  const PodSpec& b = after.spec;
  return a.node_name == b.node_name && a.hostname == b.hostname && a.subdomain == b.subdomain &&
         std::equal(a.containers.begin(), a.containers.end(), b.containers.begin(),
                    b.containers.end(),
                    [](const Container& x, const Container& y) { return x.ports == y.ports; });
}

std::shared_ptr<Endpoints> EndpointsOf(const Service& service, const ClusterState& state) {
  auto endpoints = std::make_shared<Endpoints>();
  endpoints->metadata = service.metadata;
  endpoints->metadata.owner_references.clear();
  endpoints->metadata.annotations.clear();
  state.by_owner().ForEach(service.metadata.uid, [&](const ObjectKey& key) {
    const auto slice = As<EndpointSlice>(state.Find(key));
    if (slice == nullptr) return;
    EndpointSubset subset;
    subset.ports = slice->ports;
    for (const Endpoint& endpoint : slice->endpoints) {
      if (endpoint.addresses.empty() || IsTerminating(endpoint.conditions)) continue;
      auto& list = IsReady(endpoint.conditions) ? subset.addresses : subset.not_ready_addresses;
      list.push_back(AddressOf(endpoint));
    }
    if (subset.addresses.empty() && subset.not_ready_addresses.empty()) return;
    const auto same =
        std::find_if(endpoints->subsets.begin(), endpoints->subsets.end(),
                     [&](const EndpointSubset& known) { return known.ports == subset.ports; });
    if (same == endpoints->subsets.end()) return endpoints->subsets.push_back(std::move(subset));
    const auto append = [](auto* to, const auto& from) {
      to->insert(to->end(), from.begin(), from.end());
    };
    append(&same->addresses, subset.addresses);
    append(&same->not_ready_addresses, subset.not_ready_addresses);
  });
  return endpoints;
}

}  // namespace reconcile
