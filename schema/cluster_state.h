#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "schema/object.h"
#include "schema/shared_map.h"

namespace reconcile {

using Revision = int64_t;  // of the store; grows by one with every commit, never goes back

// Objects by (kind, namespace, name), ordered.
using ObjectMap = SharedMap<ObjectKey, ObjectPtr>;

// Keys of objects under a word they are looked for by, ordered by the word, then by the key.
class ObjectIndex {
 public:
  void Add(const std::string& word, const ObjectKey& key) { entries_.Set({word, key}, true); }
  void Remove(const std::string& word, const ObjectKey& key) { entries_.Erase({word, key}); }
  bool Has(const std::string& word) const { return From(word, ObjectKey()) != entries_.end(); }
  // Calls fn(key) for the keys under `word`, in order, from those of `first` kind on.
  template <typename Function>
  void ForEach(const std::string& word, Function fn, Kind first = Kind::kNamespace) const {
    for (auto entry = From(word, {first, "", ""});
         entry != entries_.end() && entry->first.first == word; ++entry) {
      fn(entry->first.second);
    }
  }
  // How many keys are under `word`, at most `limit`.
  size_t CountUpTo(const std::string& word, size_t limit) const {
    size_t count = 0;
    for (auto entry = From(word, ObjectKey());
         count < limit && entry != entries_.end() && entry->first.first == word; ++entry) {
      ++count;
    }
    return count;
  }

 private:
  using Entries = SharedMap<std::pair<std::string, ObjectKey>, bool>;
  Entries::const_iterator From(const std::string& word, const ObjectKey& key) const {
    const auto found = entries_.lower_bound({word, key});
    return found == entries_.end() || found->first.first != word ? entries_.end() : found;
  }
  Entries entries_;
};

// The whole model at one revision: immutable typed objects, ordered. Copies are cheap: they share
// what they have in common. Not thread-safe while being written; share it as
// shared_ptr<const ClusterState>.
class ClusterState {
 public:
  ClusterState();

  Revision revision() const { return revision_; }
  void set_revision(Revision revision) { revision_ = revision; }

  const ObjectMap& Objects(Kind kind) const { return *maps_[static_cast<size_t>(kind)]; }
  ObjectPtr Find(const ObjectKey& key) const;  // nullptr when absent
  template <typename T>
  std::shared_ptr<const T> Find(const std::string& namespace_name, const std::string& name) const {
    return As<T>(Find({T::kKind, namespace_name, name}));
  }
  // Calls fn(const std::shared_ptr<const T>&) for every object of T's kind, in order.
  template <typename T, typename Function>
  void ForEach(Function fn) const {
    for (const auto& [key, object] : Objects(T::kKind))
      fn(std::static_pointer_cast<const T>(object));
  }
  size_t size() const;

  // ---- Looked up, not searched for; of all kinds but Events ----
  const ObjectIndex& by_uid() const { return index_->by_uid; }
  // By the uid of every owner that they name, controllers and others.
  const ObjectIndex& by_owner() const { return index_->by_owner; }
  // Pods by the node that they are bound to; under "" those that are bound to none.
  const ObjectIndex& pods_by_node() const { return index_->pods_by_node; }
  // Pods and ReplicaSets by namespace that a controller may adopt: nobody controls them, and no
  // source declares them.
  const ObjectIndex& adoptable() const { return index_->adoptable; }

  // Pods by LabelWord of each of their labels.
  const ObjectIndex& pods_by_label() const { return index_->pods_by_label; }
  // Services by LabelWord of one pair of their selector: what they select has it.
  const ObjectIndex& services_by_selector() const { return index_->services_by_selector; }
  // Services by each of ClaimsOf.
  const ObjectIndex& services_by_claim() const { return index_->services_by_claim; }

  void Put(ObjectPtr object);
  void Delete(const ObjectKey& key);

  // Calls fn(before, after) for every object that differs between two states, ordered by key; one
  // of the two is null where it is in one state alone. Takes the time of what differs.
  template <typename Function>
  static void ForEachDifference(const ClusterState& before, const ClusterState& after, Kind kind,
                                Function fn) {
    if (&before.Objects(kind) == &after.Objects(kind)) return;
    static const ObjectPtr kNone;
    ObjectMap::ForEachDifference(
        before.Objects(kind), after.Objects(kind),
        [&](const ObjectKey&, const ObjectPtr* old_object, const ObjectPtr* new_object) {
          fn(old_object == nullptr ? kNone : *old_object,
             new_object == nullptr ? kNone : *new_object);
        });
  }

 private:
  struct Index {
    ObjectIndex by_uid;
    ObjectIndex by_owner;
    ObjectIndex pods_by_node;
    ObjectIndex adoptable;
    ObjectIndex pods_by_label;
    ObjectIndex services_by_selector;
    ObjectIndex services_by_claim;
  };
  template <typename Function>
  static void ForEachWord(const Object& object, Index* index, Function fn);
  void Reindex(const Object* before, const Object* after);

  std::array<std::shared_ptr<const ObjectMap>, kAllKinds.size()> maps_;
  std::shared_ptr<const Index> index_;
  Revision revision_ = 0;
};

// A label of a namespace's objects as a word of an ObjectIndex.
std::string LabelWord(const std::string& namespace_name, const std::string& key,
                      const std::string& value);

// Whether a controller that selects the object may take it as its own.
bool IsAdoptable(const Object& object);

// One write of a transaction. `object` is null for a deletion.
struct Write {
  ObjectKey key;
  ObjectPtr object;
};
struct Transaction {
  std::vector<Write> writes;  // at most one for a key
  bool empty() const { return writes.empty(); }
};

}  // namespace reconcile
