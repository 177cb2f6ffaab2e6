#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "schema/object.h"

namespace reconcile {

using Revision = int64_t;  // of the store; grows by one with every commit, never goes back

// Objects of one kind by (namespace, name), ordered.
using ObjectMap = std::map<ObjectKey, ObjectPtr>;

// The whole model at one revision: immutable typed objects, ordered. Copies are cheap: each kind's
// map is shared until it is written to. Not thread-safe while being written; share it as
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

  void Put(ObjectPtr object);
  void Delete(const ObjectKey& key);

 private:
  std::array<std::shared_ptr<const ObjectMap>, kAllKinds.size()> maps_;
  Revision revision_ = 0;
};

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
