#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "reconciler/desired.h"

namespace reconcile {

// What a source's commits were found to declare, so that building and comparing the next one takes
// the time of what differs. Nothing but time rests on it.
class DesiredMemory {
 public:
  // An object that ParseManifests gave, known again by its pointer.
  struct Parsed {
    explicit Parsed(const ObjectPtr& parsed) : object(parsed), key(parsed->key()) {}
    std::weak_ptr<const Object> object;
    ObjectKey key;
  };

  // As the other BuildDesired, with the same problems. Objects of the last commit are known by
  // their pointers: those that ParseManifests gave again are not looked at again.
  DesiredState Build(const std::string& source, const std::string& commit,
                     const std::vector<ObjectPtr>& objects, const ClusterState& state,
                     Problems* problems);

  // As CheckOwners and Diff, but for what is in force since the last call and changed neither here
  // nor there: it is left out, unless the source has sync waves and something changed. A comparison
  // that takes something away is a full one, as the breaker counts what is left.
  ObjectChanges Compare(const DesiredState& desired, const ClusterState& state,
                        const Claims& claims, Problems* problems);

 private:
  struct Built {
    std::vector<Parsed> parsed;  // as it was given
    DesiredState desired;
    ClusterState state;  // the model that it was built for
  };
  // What is declared and what is in the model were the same.
  struct InForce {
    ObjectMap desired;
    ClusterState state;
  };

  // Nothing when only a full build can tell; then nothing is remembered anew either.
  std::optional<DesiredState> BuildFromLast(const std::string& source, const std::string& commit,
                                            const std::vector<ObjectPtr>& objects,
                                            const ClusterState& state);
  std::optional<std::set<ObjectKey>> Touched(const DesiredState& desired,
                                             const ClusterState& state) const;

  std::optional<Built> built_;  // of a commit without any problem
  std::optional<InForce> in_force_;
};

}  // namespace reconcile
