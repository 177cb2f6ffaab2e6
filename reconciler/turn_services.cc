#include <algorithm>

#include "reconciler/endpoints.h"
#include "reconciler/turn.h"

// What a change makes due of Services, as turn_due.cc has it of the rest.

namespace reconcile {
namespace {

std::string LabelOf(const Node* node, const char* label) {
  if (node == nullptr) return "";
  const auto found = node->metadata.labels.find(label);
  return found == node->metadata.labels.end() ? "" : found->second;
}

bool SameForBalancers(const Node* before, const Node* after) {
  if (before == nullptr || after == nullptr) return false;
  return IsReady(*before) == IsReady(*after) && before->status.addresses == after->status.addresses;
}

}  // namespace

void Turn::NoteForServices(const ObjectPtr& before, const ObjectPtr& after) {
  const Object& either = before == nullptr ? *after : *before;
  if (either.kind == Kind::kPod) {
    NotePodForServices(As<Pod>(before).get(), As<Pod>(after).get());
  } else if (either.kind == Kind::kNode) {
    NoteNodeForServices(As<Node>(before).get(), As<Node>(after).get());
  } else if (either.kind == Kind::kService && before != nullptr) {
    NoteFreedClaims(*As<Service>(*before), As<Service>(after).get());
  } else if (either.kind == Kind::kEndpoints) {
    due_.insert({Kind::kService, either.metadata.namespace_name, either.metadata.name});
  } else if (either.kind == Kind::kCluster) {
    const auto was = As<Cluster>(before);
    const auto is = As<Cluster>(after);
    if (was != nullptr && is != nullptr && was->service_cidr == is->service_cidr) return;
    for (const auto& [key, service] : state_.Objects(Kind::kService)) due_.insert(key);
  }
}

void Turn::NotePodForServices(const Pod* before, const Pod* after) {
  if (before != nullptr && after != nullptr && SameForEndpoints(*before, *after)) return;
  for (const Pod* pod : {before, after}) {
    if (pod == nullptr) continue;
    ForEachServiceOf(pod->metadata.namespace_name, pod->metadata.labels, state_,
                     [&](const ObjectKey& service) { due_.insert(service); });
  }
}

void Turn::NoteNodeForServices(const Node* before, const Node* after) {
  const std::string& name = (before == nullptr ? after : before)->metadata.name;
  if (LabelOf(before, kZoneLabel) != LabelOf(after, kZoneLabel)) {
    state_.pods_by_node().ForEach(name, [&](const ObjectKey& key) {
      NotePodForServices(nullptr, As<Pod>(state_.Find(key)).get());
    });
  }
  if (SameForBalancers(before, after)) return;
  state_.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
    if (service->spec.type == ServiceType::kLoadBalancer) due_.insert(service->key());
  });
}

// Whoever found nothing free looks again.
void Turn::NoteFreedClaims(const Service& before, const Service* after) {
  const std::vector<std::string> claims =
      after == nullptr ? std::vector<std::string>() : ClaimsOf(after->spec);
  for (const std::string& claim : ClaimsOf(before.spec)) {
    if (std::find(claims.begin(), claims.end(), claim) != claims.end()) continue;
    state_.ForEach<Service>([&](const std::shared_ptr<const Service>& service) {
      if (FindCondition(service->status.conditions, kAllocated) != nullptr) {
        due_.insert(service->key());
      }
    });
    return;
  }
}

}  // namespace reconcile
