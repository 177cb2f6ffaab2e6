#include "reconciler/references.h"

#include <algorithm>
#include <tuple>

#include "reconciler/declared.h"
#include "reconciler/reference_check.h"
#include "reconciler/referred.h"
#include "schema/sync_wave.h"
#include "schema/text.h"

namespace reconcile {
namespace {

// The objects of a commit over those of the model.
class ObjectsThere {
 public:
  using Item = Object;

  ObjectsThere(const DesiredState& desired, const ClusterState& state)
      : desired_(desired), state_(state) {}

  const Object* Resulting(const ObjectKey& key) const {
    const auto declared = desired_.objects.find(key);
    if (declared != desired_.objects.end()) return declared->second.get();
    const ObjectPtr known = state_.Find(key);
    return known != nullptr && IsForeign(*known) ? known.get() : nullptr;
  }
  bool IsThere(const ObjectKey& key, const std::string& part) const {
    const ObjectPtr known = state_.Find(key);
    return known != nullptr && (part.empty() || HasPart(*known, part));
  }
  // Looks at everything: what asks is about to warn.
  bool HasWaveAfter(int32_t wave) const {
    return std::any_of(desired_.objects.begin(), desired_.objects.end(), [&](const auto& entry) {
      return reconcile::WaveOf(entry.second->metadata) > wave;
    });
  }
  bool Declares(const ObjectKey& key) const { return desired_.objects.contains(key); }
  bool DeclaresIn(const std::string& name) const { return reconcile::DeclaresIn(desired_, name); }

  template <typename Function>
  void ForDeclared(Kind kind, const std::string& namespace_name, Function fn) const {
    ForEachIn(desired_.objects, kind, namespace_name, fn);
  }
  template <typename Function>
  void ForForeign(Kind kind, const std::string& namespace_name, Function fn) const {
    ForEachIn(state_.Objects(kind), kind, namespace_name,
              [&](const Object& object) { return !IsForeign(object) || fn(object); });
  }

  static int32_t WaveOf(const Object& object) { return reconcile::WaveOf(object.metadata); }
  static bool AwaitsPods(const Object& object) { return reconcile::AwaitsPods(object); }
  static ObjectKey KeyOf(const Object& object) { return object.key(); }
  static const std::string& NamespaceOf(const Object& object) {
    return object.metadata.namespace_name;
  }
  static std::set<Reference> ReferencesOf(const Object& object) {
    return reconcile::ReferencesOf(object);
  }
  static bool HasPart(const Object& object, const std::string& part) {
    bool has = HasEveryPart(object);
    ForEachPart(object, [&](std::string_view one) { has = has || one == part; });
    return has;
  }
  static bool IsClaimOf(const Object& set, const std::string& claim) {
    const std::vector<std::string> templates = ClaimTemplatesOf(set);
    return std::any_of(templates.begin(), templates.end(), [&](const std::string& one) {
      return reconcile::IsClaimOf(claim, one, set.metadata.name);
    });
  }
  static const StringMap* PodLabelsOf(const Object& object) {
    return reconcile::PodLabelsOf(object);
  }
  static std::optional<LabelSelector> SelectorOf(const Object& object) {
    return reconcile::SelectorOf(object);
  }
  static bool IsGoing(const Object& object) {
    return object.metadata.deletion_timestamp.has_value();
  }
  static bool IsControlled(const Object& object) {
    return ControllerOf(object.metadata) != nullptr;
  }
  static const Origin& OriginOf(const Object& object) { return object.metadata.origin; }
  static FieldPlace NamespacePlaceOf(const Object&) { return {}; }
  static FieldPlace SelectorPlaceOf(const Object&) { return {}; }
  static std::vector<TargetPort> TargetPortsOf(const Object& object) {
    return reconcile::TargetPortsOf(object);
  }
  static bool HasPortName(const Object& object, const std::string& name) {
    bool has = false;
    ForEachPortName(object, [&](std::string_view one) { has = has || one == name; });
    return has;
  }

 private:
  bool IsForeign(const Object& known) const {
    return known.metadata.origin.source != desired_.source;
  }
  // Kinds are the first order of keys, namespaces the second.
  template <typename Function>
  static void ForEachIn(const ObjectMap& objects, Kind kind, const std::string& namespace_name,
                        Function fn) {
    for (auto at = objects.lower_bound({kind, namespace_name, ""});
         at != objects.end() && at->first.kind == kind &&
         at->first.namespace_name == namespace_name;
         ++at) {
      if (!fn(*at->second)) return;
    }
  }

  const DesiredState& desired_;
  const ClusterState& state_;
};

}  // namespace

bool DeclaresIn(const DesiredState& desired, const std::string& namespace_name) {
  if (desired.objects.contains({Kind::kNamespace, "", namespace_name})) return true;
  return std::any_of(kAllKinds.begin(), kAllKinds.end(), [&](Kind kind) {
    const auto at = desired.objects.lower_bound({kind, namespace_name, ""});
    return at != desired.objects.end() && at->first.kind == kind &&
           at->first.namespace_name == namespace_name;
  });
}

std::string PlaceOf(const Origin& origin) {
  return origin.file + ":" + std::to_string(origin.line);
}

FieldPlace PlaceIn(const Origin& origin, const FieldPlace& at) {
  if (at.line <= 0) return {origin.file, origin.line, origin.line > 0 ? 1 : 0};
  return {at.file.empty() ? origin.file : at.file, at.line, at.column};
}

Problem ProblemAt(const ObjectKey& key, const FieldPlace& at, const std::string& message,
                  Rule rule) {
  return {.file = at.file,
          .line = at.line,
          .column = at.column,
          .message = ToString(key) + ": " + message,
          .rule = rule};
}

Problem ProblemAt(const Object& object, const std::string& message, Rule rule) {
  return ProblemAt(object.key(), PlaceIn(object.metadata.origin, {}), message, rule);
}

void MissingNamespaces::Add(const std::string& name, const ObjectKey& key, const Origin& origin,
                            const FieldPlace& at) {
  Add(name, Needed{key, at.line <= 0, PlaceIn(origin, at), 1});
}

void MissingNamespaces::Add(const MissingNamespaces& others) {
  for (const auto& [name, needed] : others.by_name_) Add(name, needed);
}

void MissingNamespaces::Add(const std::string& name, const Needed& needed) {
  const auto [known, is_new] = by_name_.emplace(name, needed);
  if (is_new) return;
  Needed& first = known->second;
  const auto place = [](const Needed& one) {
    return std::tie(one.is_object_alone, one.at.file, one.at.line, one.at.column, one.by);
  };
  const size_t objects = first.objects + needed.objects;
  if (place(needed) < place(first)) first = needed;
  first.objects = objects;
}

void MissingNamespaces::Say(Problems* problems) const {
  for (const auto& [name, needed] : by_name_) {
    const std::string who = needed.objects == 1
                                ? ToString(needed.by) + " is to be in it"
                                : std::to_string(needed.objects) + " objects are to be in it, " +
                                      ToString(needed.by) + " first";
    problems->errors.push_back({.file = needed.at.file,
                                .line = needed.at.line,
                                .column = needed.at.column,
                                .message = "there is no namespace " + Quoted(name) + ", and " +
                                           who +
                                           ": add a manifest of kind Namespace with that "
                                           "name, or use another namespace",
                                .rule = Rule::kReference});
  }
}

void CheckReferencesOf(const Object& object, const DesiredState& desired, const ClusterState& state,
                       Problems* problems) {
  const ObjectsThere there(desired, state);
  ReferenceCheck<ObjectsThere> check(there, problems);
  check.Check(object);
  check.missing().Say(problems);
}

void CheckReferences(const DesiredState& desired, const ClusterState& state, Problems* problems) {
  const ObjectsThere there(desired, state);
  ReferenceCheck<ObjectsThere> check(there, problems);
  for (const auto& [key, object] : desired.objects) check.Check(*object);
  check.missing().Say(problems);
}

}  // namespace reconcile
