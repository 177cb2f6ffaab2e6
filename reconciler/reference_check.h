#pragma once

#include <optional>
#include <string>

#include "reconciler/controllers.h"
#include "reconciler/declared.h"
#include "reconciler/reference_table.h"
#include "reconciler/references.h"
#include "schema/workload.h"

namespace reconcile {

// What references.h promises, written once for whatever stands for objects: the objects themselves
// (references.cc), or their facts (facts.cc). `There` says what is there:
//   Item                                    what stands for an object
//   const Item* Resulting(key)              as it will be once the commit is applied; null: not
//   bool Declares(key)                      whether the commit has the object
//   bool DeclaresIn(namespace)              whether it has anything in the namespace
//   void ForDeclared(kind, namespace, fn)   its objects of one kind there, until fn gives false
//   void ForForeign(kind, namespace, fn)    the same for what others than its source have in the
//                                           model
// and tells of an Item its KeyOf, OriginOf, NamespaceOf, ReferencesOf, PodLabelsOf and SelectorOf,
// whether it HasPart, IsClaimOf it, IsGoing and IsControlled: as its static functions.
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

 private:
  static Problem ProblemOf(const Item& item, const std::string& message) {
    return ProblemAt(There::KeyOf(item), There::OriginOf(item), message, Rule::kReference);
  }

  void Warn(const Item& item, const std::string& message) {
    problems_->warnings.push_back(ProblemOf(item, message));
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
    problems_->errors.push_back(
        ProblemOf(item, "namespace '" + name +
                            "' is neither declared in this commit nor there; add a Namespace '" +
                            name + "' or use another one"));
  }

  void CheckNamed(const Item& item) {
    for (const Reference& reference : There::ReferencesOf(item)) {
      const ObjectKey& key = reference.key;
      const Item* named = there_.Resulting(key);
      if (named == nullptr) {
        const bool is_elsewhere = InfoOf(key.kind).namespaced &&
                                  key.namespace_name != There::NamespaceOf(item) &&
                                  !there_.DeclaresIn(key.namespace_name);
        if (is_elsewhere || IsBuiltIn(key) || IsClaimOfSet(key)) continue;
        Warn(item,
             "uses " + ToString(key) + ", which is not declared" + OutcomeOfAbsence(reference));
      } else if (!reference.part.empty() && !There::HasPart(*named, reference.part)) {
        const std::string what = key.kind == Kind::kService ? "port" : "key";
        Warn(item,
             "uses " + what + " '" + reference.part + "' of " + ToString(key) +
                 ", which has no such " + what +
                 (reference.missing == Missing::kUnknown ? ""
                                                         : ": its containers wait until it has"));
      }
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
    if (selector && !Selects(*selector, There::NamespaceOf(item))) {
      Warn(item, "selects no pod: no declared pod or pod template carries its labels");
    }
  }

  // Whether there is a pod, or what makes pods, with such labels.
  bool Selects(const LabelSelector& selector, const std::string& namespace_name) const {
    bool found = false;
    const auto declared = [&](const Item& item) {
      const StringMap* labels = There::PodLabelsOf(item);
      found = labels != nullptr && Matches(selector, *labels);
      return !found;
    };
    const auto foreign = [&](const Item& item) {
      return There::IsControlled(item) || declared(item);
    };
    for (const Kind kind : KindsOfPods()) {
      there_.ForDeclared(kind, namespace_name, declared);
      if (found) return true;
    }
    for (const Kind kind : KindsOfPods()) {
      there_.ForForeign(kind, namespace_name, foreign);
      if (found) return true;
    }
    return false;
  }

  const There& there_;
  Problems* problems_;
};

}  // namespace reconcile
