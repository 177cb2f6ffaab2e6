#pragma once

#include <memory>
#include <string>
#include <vector>

#include "schema/cluster_state.h"
#include "schema/network.h"

namespace reconcile {

// Which pods are behind a Service, and the EndpointSlices that say so (SEMANTICS 14). PURE.

// Value of kManagedByLabel on the slices that are made here; others are people's.
inline constexpr char kEndpointsManager[] = "endpoints-controller.reconcile.dev";
inline constexpr char kHeadlessLabel[] = "service.kubernetes.io/headless";
inline constexpr char kSkipMirrorLabel[] = "endpointslice.kubernetes.io/skip-mirror";
inline constexpr size_t kMaxEndpointsPerSlice = 100;

using SlicePtr = std::shared_ptr<const EndpointSlice>;

// Endpoints that have their ports in common.
struct EndpointGroup {
  std::vector<EndpointPort> ports;
  std::vector<Endpoint> endpoints;  // one for each pod, or for each address that a person gave
};

// What slices of the Service are to say: of a Service with a selector by its pods, of one without
// by the Endpoints object of its name. None for what people say by slices of their own.
std::vector<EndpointGroup> GroupsOf(const Service& service, const ClusterState& state);

// Slices that say what `groups` say, out of those there are: an endpoint stays in its slice, and a
// slice in which nothing changes is returned as it is. New ones come last, without a name. Those
// that are not returned are to go.
std::vector<SlicePtr> FillSlices(const std::vector<EndpointGroup>& groups,
                                 const std::vector<SlicePtr>& slices);

// Whether two states of one pod make the same endpoints of it.
bool SameForEndpoints(const Pod& before, const Pod& after);

// Calls fn(key) for each Service whose selector takes what has `labels`.
template <typename Function>
void ForEachServiceOf(const std::string& namespace_name, const StringMap& labels,
                      const ClusterState& state, Function fn);

bool Selects(const Service& service, const StringMap& labels);

template <typename Function>
void ForEachServiceOf(const std::string& namespace_name, const StringMap& labels,
                      const ClusterState& state, Function fn) {
  for (const auto& [key, value] : labels) {
    state.services_by_selector().ForEach(LabelWord(namespace_name, key, value),
                                         [&](const ObjectKey& service) {
                                           if (Selects(*As<Service>(state.Find(service)), labels))
                                             fn(service);
                                         });
  }
}

// As kubectl's legacy view has them: the Endpoints object of a Service, by its slices.
std::shared_ptr<Endpoints> EndpointsOf(const Service& service, const ClusterState& state);

}  // namespace reconcile
