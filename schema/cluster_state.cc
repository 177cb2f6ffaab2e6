#include "schema/cluster_state.h"

#include "base/check.h"
#include "schema/network.h"
#include "schema/pod.h"

namespace reconcile {

namespace {

// What is shared for writing: itself when nobody else holds it, a copy otherwise. `held` is counted
// too: taking it orders this thread after every reader that has let go.
template <typename T>
T& Writable(std::shared_ptr<const T>* slot) {
  const std::shared_ptr<const T> held = *slot;
  if (held.use_count() > 2) *slot = std::make_shared<T>(*held);
  return *std::const_pointer_cast<T>(*slot);
}

const std::string* NodeOf(const Object& object) {
  const Pod* pod = As<Pod>(object);
  return pod == nullptr ? nullptr : &pod->spec.node_name;
}

// Labels that whole applications share: a poor choice to find one Service by.
bool IsShared(const std::string& key) {
  return key == "app.kubernetes.io/instance" || key == "app.kubernetes.io/part-of" ||
         key == "app.kubernetes.io/managed-by";
}

// The pair of its selector that a Service is found by; null when it selects nothing.
const StringMap::value_type* PairOf(const StringMap& selector) {
  for (const auto& pair : selector) {
    if (!IsShared(pair.first)) return &pair;
  }
  return selector.empty() ? nullptr : &*selector.begin();
}

bool SameWords(const Object& a, const Object& b) {
  if (a.kind == Kind::kPod) return a.metadata.labels == b.metadata.labels;
  const auto* service = As<Service>(a);
  if (service == nullptr) return true;
  const ServiceSpec& other = As<Service>(b)->spec;
  return service->spec.selector == other.selector && ClaimsOf(service->spec) == ClaimsOf(other);
}

bool IndexedAlike(const Object& a, const Object& b) {
  const std::string* node = NodeOf(a);
  return a.metadata.uid == b.metadata.uid &&
         a.metadata.owner_references == b.metadata.owner_references &&
         IsAdoptable(a) == IsAdoptable(b) && SameWords(a, b) &&
         (node == nullptr || *node == *NodeOf(b));
}

}  // namespace

std::string LabelWord(const std::string& namespace_name, const std::string& key,
                      const std::string& value) {
  return namespace_name + "/" + key + "=" + value;
}

bool IsAdoptable(const Object& object) {
  return (object.kind == Kind::kPod || object.kind == Kind::kReplicaSet) &&
         object.metadata.origin.source.empty() && ControllerOf(object.metadata) == nullptr;
}

ClusterState::ClusterState() : index_(std::make_shared<Index>()) {
  for (std::shared_ptr<const ObjectMap>& map : maps_) map = std::make_shared<ObjectMap>();
}

ObjectPtr ClusterState::Find(const ObjectKey& key) const {
  const ObjectMap& objects = Objects(key.kind);
  const auto found = objects.find(key);
  return found == objects.end() ? nullptr : found->second;
}

size_t ClusterState::size() const {
  size_t total = 0;
  for (const std::shared_ptr<const ObjectMap>& map : maps_) total += map->size();
  return total;
}

void ClusterState::Put(ObjectPtr object) {
  CHECK(object != nullptr);
  const ObjectPtr before =
      Writable(&maps_[static_cast<size_t>(object->kind)]).Set(object->key(), object);
  Reindex(before.get(), object.get());
}

void ClusterState::Delete(const ObjectKey& key) {
  if (!Objects(key.kind).contains(key)) return;
  const ObjectPtr before = Writable(&maps_[static_cast<size_t>(key.kind)]).Erase(key);
  Reindex(before.get(), nullptr);
}

// Calls fn(index, word) for the words that a Pod or Service is found by.
template <typename Function>
void ClusterState::ForEachWord(const Object& object, Index* index, Function fn) {
  const std::string& space = object.metadata.namespace_name;
  if (object.kind == Kind::kPod) {
    for (const auto& [key, value] : object.metadata.labels) {
      fn(&index->pods_by_label, LabelWord(space, key, value));
    }
  } else if (const auto* service = As<Service>(object)) {
    if (const auto* pair = PairOf(service->spec.selector)) {
      fn(&index->services_by_selector, LabelWord(space, pair->first, pair->second));
    }
    for (const std::string& claim : ClaimsOf(service->spec)) fn(&index->services_by_claim, claim);
  }
}

void ClusterState::Reindex(const Object* before, const Object* after) {
  const Object& either = before == nullptr ? *after : *before;
  if (either.kind == Kind::kEvent) return;
  if (before != nullptr && after != nullptr && IndexedAlike(*before, *after)) return;
  Index& index = Writable(&index_);
  const ObjectKey key = either.key();
  if (before != nullptr) {
    index.by_uid.Remove(before->metadata.uid, key);
    for (const auto& owner : before->metadata.owner_references) {
      index.by_owner.Remove(owner.uid, key);
    }
    if (const std::string* node = NodeOf(*before)) index.pods_by_node.Remove(*node, key);
    index.adoptable.Remove(key.namespace_name, key);
    ForEachWord(*before, &index,
                [&](ObjectIndex* words, const std::string& word) { words->Remove(word, key); });
  }
  if (after != nullptr) {
    if (!after->metadata.uid.empty()) index.by_uid.Add(after->metadata.uid, key);
    for (const auto& owner : after->metadata.owner_references) index.by_owner.Add(owner.uid, key);
    if (const std::string* node = NodeOf(*after)) index.pods_by_node.Add(*node, key);
    if (IsAdoptable(*after)) index.adoptable.Add(key.namespace_name, key);
    ForEachWord(*after, &index,
                [&](ObjectIndex* words, const std::string& word) { words->Add(word, key); });
  }
}

}  // namespace reconcile
