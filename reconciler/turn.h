#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reconciler/reconciler.h"
#include "reconciler/settled.h"
#include "schema/network.h"

namespace reconcile {

// A working copy of the model during one turn. Every write goes through it, so that the kinds'
// controllers see each other's writes at once; the last write of a key counts. Not thread-safe.
//
// It also knows what there is to look at. Each write, and each difference from the state that the
// last turn settled in, makes due whatever may have something to do because of it: what a
// controller looks at when it is visited is what makes it due (turn_due.cc). A visit to anything
// else would find nothing.
class Turn {
 public:
  // Without `settled`, or when that is of no use, everything is due. `foreseen` may be null. Both
  // must outlive the turn.
  Turn(const ClusterState& state, Now now, Settled* settled = nullptr,
       const Foreseen* foreseen = nullptr);

  const ClusterState& state() const { return state_; }
  Now now() const { return now_; }

  void Put(ObjectPtr object);
  void Delete(const ObjectKey& key);
  void Record(Reason reason) { reasons_.push_back(std::move(reason)); }
  const std::vector<Reason>& reasons() const { return reasons_; }
  // Grows with every write: equal before and after a pass means that the pass found nothing to do.
  int64_t writes() const { return write_count_; }

  // ---- What is due ----
  // Calls visit(const std::shared_ptr<const T>&) for each object of T's kind that is due, in order.
  // What becomes due meanwhile is visited too when it stands further on, else by the next pass.
  template <typename T, typename Visit>
  void VisitDue(Visit visit) {
    ObjectKey from{T::kKind, "", ""};
    for (auto next = due_.lower_bound(from); next != due_.end() && next->kind == T::kKind;
         next = due_.lower_bound(from)) {
      visiting_ = *next;
      due_.erase(next);
      wakes_.erase(*visiting_);
      if (const auto object = As<T>(state_.Find(*visiting_))) visit(object);
      from = *visiting_;
      from.name.push_back('\0');
    }
    visiting_.reset();
  }
  // The objects of a kind whose owners or node may be gone, in order; each is told once.
  std::vector<ObjectPtr> TakeSuspects(Kind kind);

  // True when an object with this uid is in the model.
  bool Exists(const std::string& uid) const { return state_.by_uid().Has(uid); }
  // Objects of T's kind whose controller has this uid, ordered by namespace and name.
  template <typename T>
  std::vector<std::shared_ptr<const T>> OwnedBy(const std::string& uid) const {
    std::vector<std::shared_ptr<const T>> objects;
    state_.by_owner().ForEach(uid, [&](const ObjectKey& key) {
      if (key.kind != T::kKind) return;
      auto object = As<T>(state_.Find(key));
      const OwnerReference* controller = ControllerOf(object->metadata);
      if (controller != nullptr && controller->uid == uid) objects.push_back(std::move(object));
    });
    return objects;
  }
  // Objects of T's kind in a namespace that a controller may adopt, ordered by name. Pods and
  // ReplicaSets only.
  template <typename T>
  std::vector<std::shared_ptr<const T>> Adoptable(const std::string& namespace_name) const {
    std::vector<std::shared_ptr<const T>> objects;
    state_.adoptable().ForEach(namespace_name, [&](const ObjectKey& key) {
      if (key.kind == T::kKind) objects.push_back(As<T>(state_.Find(key)));
    });
    return objects;
  }

  // Time alone will change something in so many milliseconds, for the workload that is visited.
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
  // When a pod made now was made: never before the store's lineage began, also where the clock was
  // set back since, for what is older counts as made before it (controller/recovery.h).
  WallTime PodStamp() const;
  // It looks at everything: the first, one every ten minutes, and when a clock was set.
  bool is_full() const { return is_full_; }
  // Null when nothing is remembered from turn to turn.
  Settled* settled() const { return settled_; }
  // Where a plan has pods; null when nothing does.
  const Foreseen* foreseen() const { return foreseen_; }

  // All writes that differ in effect from the state the turn began with, ordered by key. What the
  // next turn need not look at again is in what was given as `settled`.
  Plan Finish();

 private:
  // ---- turn_due.cc ----
  static bool IsVisited(Kind kind) {
    return kind == Kind::kNamespace || kind == Kind::kReplicationController ||
           kind == Kind::kReplicaSet || kind == Kind::kDeployment || kind == Kind::kService ||
           kind == Kind::kNode || kind == Kind::kPodDisruptionBudget;
  }
  // Whether the last turn tells what there is to look at.
  bool IsOfUse(const Settled& settled) const;
  void MakeAllDue();
  // Makes due what the change of one object concerns; either may be null.
  void NoteChange(const ObjectPtr& before, const ObjectPtr& after);
  void NoteOwners(const Object& object);
  void NoteUid(const std::string& uid);
  void NoteNamespace(const Object* before, const Object* after, const std::string& name);
  void NoteAdoptable(const Object& object);
  void NoteConfig(const ObjectKey& key);
  void NoteEvictions(const Object* before, const Object* after);
  void NoteForBudgets(const Object& either);
  // ---- turn_services.cc ----
  // Of what a Service's addresses and endpoints are made.
  void NoteForServices(const ObjectPtr& before, const ObjectPtr& after);
  void NotePodForServices(const Pod* before, const Pod* after);
  void NoteNodeForServices(const Node* before, const Node* after);
  void NoteFreedClaims(const Service& before, const Service* after);
  void MakeDue(const ObjectKey& key) {
    if (IsVisited(key.kind)) due_.insert(key);
  }

  const ClusterState base_;
  ClusterState state_;
  const Now now_;
  Settled* settled_;
  const Foreseen* foreseen_;
  std::map<ObjectKey, ObjectPtr> written_;
  std::vector<Reason> reasons_;
  std::set<ObjectKey> due_;
  std::set<ObjectKey> suspects_;
  // Deployments that restart on change, all that there were at some time of the turn; none: not
  // looked for yet.
  std::optional<std::set<ObjectKey>> restarting_;
  // Nodes that are drained, likewise.
  std::optional<std::set<ObjectKey>> draining_;
  std::map<ObjectKey, MonoTime> wakes_;
  std::optional<ObjectKey> visiting_;
  MonoTime full_at_;
  int64_t write_count_ = 0;
  int creates_left_ = kMaxCreatesPerTurn;
  size_t deletes_left_ = kMaxDeletesPerTurn;
  bool more_ = false;
  bool is_full_ = false;
  std::optional<MonoTime> wake_at_;
};

// A clone of `object` to change and Put.
template <typename T>
std::shared_ptr<T> Mutable(const T& object) {
  return std::make_shared<T>(object);
}

}  // namespace reconcile
