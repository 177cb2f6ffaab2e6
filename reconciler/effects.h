#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reconciler/desired.h"
#include "schema/cluster_state.h"

namespace reconcile {

// What a change does to what runs, the weakest first.
enum class Effect : uint8_t {
  kNone,       // nothing that runs takes notice
  kInPlace,    // taken up at once, and no container stops
  kNextStart,  // pods or containers that start from now on have it; those that run stay as they are
  kScale,      // pods are added or taken away, the others stay
  kRollOut,    // the workload's pods are replaced by new ones, as its strategy says
  kRecreate,   // the pod goes, and comes again by the same name
};
inline constexpr size_t kEffectCount = 6;
// "none", "in place", "next start", "scale", "rollout", "recreate".
std::string_view ToString(Effect effect);

struct FieldEffect {
  Effect effect = Effect::kNone;
  // What a person cannot know from the effect alone; may be empty.
  std::string why;
};

// Who uses a ConfigMap or Secret that changes.
struct ConfigUser {
  ObjectKey workload;
  bool as_variables = false;  // read when a container starts: as variables or parts (subPath)
  bool mounted = false;       // as files
  bool restarts = false;      // its pods are replaced when it changes: it asks for that
  friend bool operator==(const ConfigUser&, const ConfigUser&) = default;
};

// Of one object that changes.
struct ChangeEffect {
  Effect strongest = Effect::kNone;  // of its fields
  std::vector<FieldEffect> fields;   // of ObjectChange::fields, in their order
  std::vector<ConfigUser> users;     // of what changes in a ConfigMap or Secret; sorted
};

// PURE. What each field's change does, of all changes in their order; objects that come, go or stay
// as they are have no fields. `before` is the model now, `after` as the changes leave it. The
// plan's pods follow from running the controllers; these are the same rules, said of each field.
std::vector<ChangeEffect> EffectsOf(const ObjectChanges& changes, const ClusterState& before,
                                    const ClusterState& after);

}  // namespace reconcile
