#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/reference_table.h"
#include "reconciler/references.h"
#include "reconciler/referred.h"
#include "schema/text.h"
#include "schema/workload.h"

namespace reconcile {

// What references.h promises, written once for whatever stands for objects: the objects themselves
// (references.cc), or their facts (facts.cc). `There` says what is there:
//   Item                                    what stands for an object
//   const Item* Resulting(key)              as it will be once the commit is applied; null: not
//   bool IsThere(key, part)                 whether it is there before, with the part
//   bool HasWaveAfter(wave)                 whether the commit has anything in a higher wave
//   bool Declares(key)                      whether the commit has the object
//   bool DeclaresIn(namespace)              whether it has anything in the namespace
//   void ForDeclared(kind, namespace, fn)   its objects of one kind there, until fn gives false
//   void ForForeign(kind, namespace, fn)    the same for what others than its source have in the
//                                           model
// and tells of an Item its WaveOf, whether its wave AwaitsPods of it, its KeyOf, OriginOf,
// NamespaceOf, NamespacePlaceOf, ReferencesOf, PodLabelsOf, SelectorOf, SelectorPlaceOf and
// TargetPortsOf, whether it HasPart, HasPortName, IsClaimOf it, IsGoing and IsControlled: as its
// static functions.
template <typename There>
class ReferenceCheck {
 public:
  using Item = typename There::Item;

  // Borrows both. One thread.
  ReferenceCheck(const There& there, Problems* problems) : there_(there), problems_(problems) {}

  void Check(const Item& item) {
    CheckNamespace(item);
    CheckNamed(item);
    CheckSelection(item);
  }

  // What the checks so far have not found, and nobody was told.
  const MissingNamespaces& missing() const { return missing_; }

 private:
  void Warn(const Item& item, const FieldPlace& at, const std::string& message) {
    problems_->warnings.push_back(ProblemAt(There::KeyOf(item), PlaceIn(There::OriginOf(item), at),
                                            message, Rule::kReference));
  }

  bool NamespaceIsThere(const std::string& name) const {
    const ObjectKey key{Kind::kNamespace, "", name};
    if (IsBuiltInNamespace(name) || there_.Declares(key)) return true;
    const Item* found = there_.Resulting(key);
    return found != nullptr && !There::IsGoing(*found);
  }

  void CheckNamespace(const Item& item) {
    const std::string& name = There::NamespaceOf(item);
    if (name.empty() || NamespaceIsThere(name)) return;
    missing_.Add(name, There::KeyOf(item), There::OriginOf(item), There::NamespacePlaceOf(item));
  }

  void CheckNamed(const Item& item) {
    const auto& references = There::ReferencesOf(item);
    for (auto at = references.begin(); at != references.end();) {
      // What is named for several of its parts comes one behind another.
      auto end = std::next(at);
      while (end != references.end() && end->key == at->key) ++end;
      const Item* named = there_.Resulting(at->key);
      if (named == nullptr) {
        SayAbsent(item, at, end);
      } else {
        SayLacking(item, *named, at, end);
        SayTooLate(item, *named, at, end);
      }
      at = end;
    }
  }

  // Once, with the worst that comes of it.
  template <typename Iterator>
  void SayAbsent(const Item& item, Iterator begin, Iterator end) {
    const ObjectKey& key = begin->key;
    const bool is_elsewhere = InfoOf(key.kind).namespaced &&
                              key.namespace_name != There::NamespaceOf(item) &&
                              !there_.DeclaresIn(key.namespace_name);
    if (is_elsewhere || IsBuiltIn(key) || IsClaimOfSet(key)) return;
    const auto worst = std::max_element(
        begin, end, [](const auto& a, const auto& b) { return a.missing < b.missing; });
    const bool waits = worst->missing == Missing::kContainersWait;
    Warn(item, worst->at,
         "uses " + ToString(key) + ", which is not declared" + OutcomeOfAbsence(*worst) +
             (waits ? HigherWavesWait(item) : ""));
  }

  // ", and what is in higher waves waits for them", where there is such.
  std::string HigherWavesWait(const Item& item) const {
    const bool holds_up = There::AwaitsPods(item) && there_.HasWaveAfter(There::WaveOf(item));
    return holds_up ? ", and what is in higher waves waits for them" : "";
  }

  // What comes in a higher wave than the pods that wait for it never comes.
  template <typename Iterator>
  void SayTooLate(const Item& item, const Item& named, Iterator begin, Iterator end) {
    const int32_t wave = There::WaveOf(item);
    const int32_t later = There::WaveOf(named);
    if (later <= wave || !There::AwaitsPods(item) || !there_.Declares(begin->key)) return;
    const auto late = std::find_if(begin, end, [&](const auto& reference) {
      return reference.missing == Missing::kContainersWait &&
             !there_.IsThere(reference.key, reference.part);
    });
    if (late == end) return;
    const std::string number = std::to_string(later);
    Warn(item, late->at,
         "is of wave " + std::to_string(wave) + " and uses " +
             (late->part.empty() ? "" : "key '" + late->part + "' of ") + ToString(late->key) +
             ", which comes in wave " + number + ": its containers wait for that, and wave " +
             number + " waits for them, for ever. Give " + ToString(late->key) + " wave " +
             std::to_string(wave) + " or a lower one");
  }

  template <typename Iterator>
  void SayLacking(const Item& item, const Item& named, Iterator begin, Iterator end) {
    const ObjectKey& key = begin->key;
    const std::string what = key.kind == Kind::kService ? "port" : "key";
    const std::string* said = nullptr;
    for (auto at = begin; at != end; ++at) {
      if (at->part.empty() || There::HasPart(named, at->part)) continue;
      if (said != nullptr && *said == at->part) continue;
      said = &at->part;
      Warn(item, at->part_at,
           "uses " + what + " '" + at->part + "' of " + ToString(key) + ", which has no such " +
               what +
               (at->missing == Missing::kUnknown
                    ? ""
                    : ": its containers wait until it has" + HigherWavesWait(item)));
    }
  }

  // ": its containers wait until it is", or nothing.
  static std::string OutcomeOfAbsence(const Reference& reference) {
    switch (reference.missing) {
      case Missing::kUnknown:
        break;
      case Missing::kContainersWait:
        return ": its containers wait until it is";
      case Missing::kPodsAreRefused:
        return ": its pods are not made until it is";
    }
    return "";
  }

  // Whether it is a claim that a StatefulSet's pods get.
  bool IsClaimOfSet(const ObjectKey& key) const {
    if (key.kind != Kind::kPersistentVolumeClaim) return false;
    bool found = false;
    there_.ForDeclared(Kind::kStatefulSet, key.namespace_name, [&](const Item& set) {
      found = There::IsClaimOf(set, key.name);
      return !found;
    });
    if (found) return true;
    there_.ForForeign(Kind::kStatefulSet, key.namespace_name, [&](const Item& set) {
      found = !there_.Declares(There::KeyOf(set)) && There::IsClaimOf(set, key.name);
      return !found;
    });
    return found;
  }

  // A Service or a budget of no pods is of no use. A NetworkPolicy may well be there before them.
  void CheckSelection(const Item& item) {
    const std::optional<LabelSelector>& selector = There::SelectorOf(item);
    if (!selector) return;
    const auto& targets = There::TargetPortsOf(item);
    std::vector<bool> has_target(targets.size());
    bool selects = false;
    ForEachSelected(*selector, There::NamespaceOf(item), [&](const Item& pods) {
      selects = true;
      bool has_all = true;
      for (size_t i = 0; i < targets.size(); ++i) {
        has_target[i] = has_target[i] || There::HasPortName(pods, targets[i].name);
        has_all = has_all && has_target[i];
      }
      return !has_all;
    });
    if (!selects) {
      Warn(item, There::SelectorPlaceOf(item),
           "selects no pod: no declared pod or pod template carries its labels");
      return;
    }
    for (size_t i = 0; i < targets.size(); ++i) {
      if (has_target[i]) continue;
      Warn(item, targets[i].at,
           "leads to the port " + Quoted(targets[i].name) +
               " of its pods, and none of those it selects has a container port of that name: "
               "name one of theirs, or give its number");
    }
  }

  // Calls fn for each pod with such labels, and for each thing that makes such pods, until it gives
  // false.
  template <typename Function>
  void ForEachSelected(const LabelSelector& selector, const std::string& namespace_name,
                       Function fn) const {
    bool goes_on = true;
    const auto declared = [&](const Item& item) {
      const StringMap* labels = There::PodLabelsOf(item);
      if (labels != nullptr && Matches(selector, *labels)) goes_on = fn(item);
      return goes_on;
    };
    const auto foreign = [&](const Item& item) {
      return There::IsControlled(item) || declared(item);
    };
    for (const Kind kind : KindsOfPods()) {
      if (goes_on) there_.ForDeclared(kind, namespace_name, declared);
    }
    for (const Kind kind : KindsOfPods()) {
      if (goes_on) there_.ForForeign(kind, namespace_name, foreign);
    }
  }

  const There& there_;
  Problems* problems_;
  MissingNamespaces missing_;
};

}  // namespace reconcile
