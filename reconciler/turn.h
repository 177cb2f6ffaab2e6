#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "reconciler/reconciler.h"

namespace reconcile {

// A working copy of the model during one turn. Every write goes through it, so that the kinds'
// controllers see each other's writes at once; the last write of a key counts. Not thread-safe.
class Turn {
 public:
  Turn(const ClusterState& state, Now now);

  const ClusterState& state() const { return state_; }
  Now now() const { return now_; }

  void Put(ObjectPtr object);
  void Delete(const ObjectKey& key);
  void Record(Reason reason) { reasons_.push_back(std::move(reason)); }
  const std::vector<Reason>& reasons() const { return reasons_; }
  // Grows with every write: equal before and after a pass means that the pass found nothing to do.
  int64_t writes() const { return write_count_; }

  // True when an object with this uid is in the model.
  bool Exists(const std::string& uid) const { return uids_.contains(uid); }
  // Objects of T's kind whose controller has this uid, ordered by namespace and name.
  template <typename T>
  std::vector<std::shared_ptr<const T>> OwnedBy(const std::string& uid) const {
    std::vector<std::shared_ptr<const T>> objects;
    const auto keys = owned_.find(uid);
    if (keys == owned_.end()) return objects;
    for (const ObjectKey& key : keys->second) {
      if (auto object = As<T>(state_.Find(key))) objects.push_back(std::move(object));
    }
    return objects;
  }
  // Objects of T's kind in a namespace without a controller, ordered by name. Pods and ReplicaSets
  // only.
  template <typename T>
  std::vector<std::shared_ptr<const T>> Unowned(const std::string& namespace_name) const {
    std::vector<std::shared_ptr<const T>> objects;
    for (auto key = unowned_.lower_bound({T::kKind, namespace_name, ""});
         key != unowned_.end() && key->kind == T::kKind && key->namespace_name == namespace_name;
         ++key) {
      objects.push_back(As<T>(state_.Find(*key)));
    }
    return objects;
  }

  // Time alone will change something in so many milliseconds.
  void WakeIn(int64_t delay_ms);
  // Takes one of this turn's pod creations; false when there is none left, and then the plan asks
  // for more.
  bool TakeCreate();
  // Takes up to `wanted` of this turn's pod removals and returns how many there were; when fewer,
  // the plan asks for more.
  size_t TakeDeletes(size_t wanted);
  void AskForMore() { more_ = true; }
  // True when objects may be created in the namespace: it is there and not going (SEMANTICS 22.1).
  bool IsOpen(const std::string& namespace_name) const;
  // A number that no other object from Git was created with, and the prefix of their uids. Writes
  // the Cluster object; 0 when there is none.
  int64_t NextIncarnation();
  std::string ClusterId() const;

  // All writes that differ in effect from the state the turn began with, ordered by key.
  Plan Finish();

 private:
  void Index(const Object& object);
  void Unindex(const Object& object);

  const ClusterState base_;
  ClusterState state_;
  const Now now_;
  std::map<ObjectKey, ObjectPtr> written_;
  std::vector<Reason> reasons_;
  std::unordered_set<std::string> uids_;
  std::map<std::string, std::set<ObjectKey>> owned_;  // by the controller's uid
  std::set<ObjectKey> unowned_;
  int64_t write_count_ = 0;
  int creates_left_ = kMaxCreatesPerTurn;
  size_t deletes_left_ = kMaxDeletesPerTurn;
  bool more_ = false;
  std::optional<MonoTime> wake_at_;
};

// A clone of `object` to change and Put.
template <typename T>
std::shared_ptr<T> Mutable(const T& object) {
  return std::make_shared<T>(object);
}

}  // namespace reconcile
