#include "schema/kustomize/strategic_merge.h"

#include <algorithm>
#include <utility>

#include "schema/kustomize/merge_keys.h"
#include "schema/kustomize/resource.h"
#include "schema/text.h"

namespace reconcile::kustomize {
namespace {

constexpr std::string_view kPatch = "$patch";
constexpr std::string_view kRetainKeys = "$retainKeys";
constexpr std::string_view kDeleteFrom = "$deleteFromPrimitiveList/";
constexpr std::string_view kElementOrder = "$setElementOrder/";

bool IsDirective(std::string_view key) {
  return key == kPatch || key == kRetainKeys || key.starts_with(kDeleteFrom) ||
         key.starts_with(kElementOrder);
}

bool EqualScalars(const Value& a, const Value& b) { return ScalarText(a) == ScalarText(b); }

class Merger {
 public:
  Merger(Session* session, const std::string& group) : session_(session), group_(group) {}

  // False: `object` goes.
  bool Merge(Value* object, const Value& patch, std::string_view field);

 private:
  enum class Directive { kMerge, kReplace, kDelete };

  Directive DirectiveOf(const Value& patch);
  Value WithoutDirectives(const Value& patch, std::string_view parent, std::string_view field);
  void MergeMember(Value* object, const Value::Member& member, std::string_view field);
  void MergeList(Value* object, const Value& patch, std::string_view parent,
                 std::string_view field);
  void MergeScalars(Value* object, const Value& patch);
  void MergeElements(Value* object, const Value& patch, const std::vector<std::string_view>& keys,
                     std::string_view field);
  size_t FindElement(const Value::List& list, const Value& wanted,
                     const std::vector<std::string_view>& keys) const;
  void DeleteScalars(Value* object, std::string_view field, const Value& gone);
  void RetainKeys(Value* object, const Value& keys);

  Session* session_;
  const std::string& group_;
};

Merger::Directive Merger::DirectiveOf(const Value& patch) {
  const Value* directive = patch.Find(kPatch);
  if (directive == nullptr || patch.GetString(kPatch) == "merge") return Directive::kMerge;
  if (patch.GetString(kPatch) == "replace") return Directive::kReplace;
  if (patch.GetString(kPatch) == "delete") return Directive::kDelete;
  session_->Error(directive->mark, "$patch must be \"merge\", \"replace\" or \"delete\"");
  return Directive::kMerge;
}

// What the patch leaves where there was nothing.
Value Merger::WithoutDirectives(const Value& patch, std::string_view parent,
                                std::string_view field) {
  Value clean = patch;
  if (clean.IsMap()) {
    clean.AsMap().clear();
    for (const Value::Member& member : patch.AsMap()) {
      if (IsDirective(member.key) || member.value.IsNull()) continue;
      if (member.value.IsMap() && DirectiveOf(member.value) == Directive::kDelete) continue;
      clean.AsMap().push_back(
          {member.key, WithoutDirectives(member.value, field, member.key), member.key_mark});
    }
  } else if (clean.IsList() && MergeOfList(group_, parent, field).merges) {
    clean.AsList().clear();
    for (const Value& item : patch.AsList()) {
      const bool is_directive = item.IsMap() && item.AsMap().size() == 1 && item.Find(kPatch);
      const bool goes = item.IsMap() && DirectiveOf(item) == Directive::kDelete;
      if (!is_directive && !goes) clean.Append(WithoutDirectives(item, parent, field));
    }
  }
  return clean;
}

bool Merger::Merge(Value* object, const Value& patch, std::string_view field) {
  if (!session_->Charge(1 + patch.AsMap().size(), patch.mark)) return true;
  switch (DirectiveOf(patch)) {
    case Directive::kDelete:
      return false;
    case Directive::kReplace:
      *object = WithoutDirectives(patch, "", field);
      return true;
    case Directive::kMerge:
      break;
  }
  for (const Value::Member& member : patch.AsMap()) {
    if (member.key.starts_with(kDeleteFrom)) {
      DeleteScalars(object, std::string_view(member.key).substr(kDeleteFrom.size()), member.value);
    }
  }
  for (const Value::Member& member : patch.AsMap()) {
    if (!IsDirective(member.key)) MergeMember(object, member, field);
  }
  if (const Value* keys = patch.Find(kRetainKeys); keys != nullptr) RetainKeys(object, *keys);
  return true;
}

void Merger::MergeMember(Value* object, const Value::Member& member, std::string_view field) {
  if (member.value.IsNull()) {
    RemoveMember(object, member.key);
    return;
  }
  Value* target = FindMember(object, member.key);
  if (target == nullptr || target->IsNull()) {
    if (member.value.IsMap() && DirectiveOf(member.value) == Directive::kDelete) return;
    *FindOrAddMember(object, member.key, member.key_mark) =
        WithoutDirectives(member.value, field, member.key);
    return;
  }
  const bool same_shape =
      target->IsMap() == member.value.IsMap() && target->IsList() == member.value.IsList();
  if (!same_shape) {
    session_->Error(member.value.mark, "the patch has a " +
                                           std::string(ToString(member.value.type())) + " for " +
                                           Quoted(member.key) + " where the object has a " +
                                           std::string(ToString(target->type())));
  } else if (member.value.IsMap()) {
    if (!Merge(target, member.value, member.key)) RemoveMember(object, member.key);
  } else if (member.value.IsList()) {
    MergeList(target, member.value, field, member.key);
  } else {
    *target = member.value;
  }
}

void Merger::MergeList(Value* object, const Value& patch, std::string_view parent,
                       std::string_view field) {
  const ListMerge merge = MergeOfList(group_, parent, field);
  const auto replaces = [&](const Value& item) {
    return item.IsMap() && item.AsMap().size() == 1 && item.GetString(kPatch) == "replace";
  };
  const bool all_maps = std::all_of(patch.AsList().begin(), patch.AsList().end(),
                                    [](const Value& item) { return item.IsMap(); });
  if (!merge.merges || std::any_of(patch.AsList().begin(), patch.AsList().end(), replaces)) {
    *object = WithoutDirectives(patch, parent, field);
  } else if (merge.keys.empty()) {
    MergeScalars(object, patch);
  } else if (all_maps) {
    MergeElements(object, patch, merge.keys, field);
  } else {
    session_->Error(patch.mark, "the elements of " + Quoted(field) + " must be maps");
  }
}

void Merger::MergeScalars(Value* object, const Value& patch) {
  Value::List merged = patch.AsList();
  for (Value& item : object->AsList()) {
    if (!session_->Charge(merged.size(), patch.mark)) return;
    const bool known = std::any_of(merged.begin(), merged.end(),
                                   [&](const Value& each) { return EqualScalars(each, item); });
    if (!known) merged.push_back(std::move(item));
  }
  object->AsList() = std::move(merged);
}

void Merger::MergeElements(Value* object, const Value& patch,
                           const std::vector<std::string_view>& keys, std::string_view field) {
  Value::List& old = object->AsList();
  Value::List merged;
  for (const Value& item : patch.AsList()) {
    if (!session_->Charge(old.size() + merged.size(), item.mark)) return;
    const bool has_key =
        std::any_of(keys.begin(), keys.end(), [&](std::string_view key) { return item.Find(key); });
    if (!has_key) {
      session_->Error(item.mark, "this element of " + Quoted(field) + " needs " +
                                     Quoted(keys.front()) +
                                     ", which says which element of the object it patches");
      continue;
    }
    const size_t at = FindElement(old, item, keys);
    if (at < old.size() && keys.size() > 1) {
      // With two keys, kustomize leaves what it patches in its place.
      if (!Merge(&old[at], item, field)) old.erase(old.begin() + static_cast<ptrdiff_t>(at));
      continue;
    }
    if (at == old.size()) {
      const size_t again = FindElement(merged, item, keys);
      if (again < merged.size()) {
        if (!Merge(&merged[again], item, field)) {
          merged.erase(merged.begin() + static_cast<ptrdiff_t>(again));
        }
      } else if (DirectiveOf(item) != Directive::kDelete) {
        merged.push_back(WithoutDirectives(item, "", field));
      }
      continue;
    }
    Value element = std::move(old[at]);
    old.erase(old.begin() + static_cast<ptrdiff_t>(at));
    if (Merge(&element, item, field)) merged.push_back(std::move(element));
  }
  for (Value& item : old) merged.push_back(std::move(item));
  old = std::move(merged);
}

// By the keys that the patch's element has.
size_t Merger::FindElement(const Value::List& list, const Value& wanted,
                           const std::vector<std::string_view>& keys) const {
  const auto matches = [&](const Value& item) {
    return item.IsMap() && std::all_of(keys.begin(), keys.end(), [&](std::string_view key) {
             const Value* there = item.Find(key);
             const Value* here = wanted.Find(key);
             if (here == nullptr) return true;
             // A port that names no protocol is one of TCP.
             if (there == nullptr) return key == "protocol" && ScalarText(*here) == "TCP";
             return EqualScalars(*there, *here);
           });
  };
  return static_cast<size_t>(std::find_if(list.begin(), list.end(), matches) - list.begin());
}

void Merger::DeleteScalars(Value* object, std::string_view field, const Value& gone) {
  Value* list = FindMember(object, field);
  if (!gone.IsList()) {
    session_->Error(gone.mark, "$deleteFromPrimitiveList must be a list");
    return;
  }
  if (list == nullptr || !list->IsList()) return;
  if (!session_->Charge(list->AsList().size() * (gone.AsList().size() + 1), gone.mark)) return;
  std::erase_if(list->AsList(), [&](const Value& item) {
    return std::any_of(gone.AsList().begin(), gone.AsList().end(),
                       [&](const Value& each) { return EqualScalars(each, item); });
  });
}

void Merger::RetainKeys(Value* object, const Value& keys) {
  if (!keys.IsList()) {
    session_->Error(keys.mark, "$retainKeys must be a list of field names");
    return;
  }
  std::erase_if(object->AsMap(), [&](const Value::Member& member) {
    return std::none_of(keys.AsList().begin(), keys.AsList().end(),
                        [&](const Value& key) { return ScalarText(key) == member.key; });
  });
}

}  // namespace

bool MergePatch(Session* session, const std::string& group, Value* object, const Value& patch) {
  if (!object->IsMap() || !patch.IsMap()) return true;
  const bool stays = Merger(session, group).Merge(object, patch, "");
  session->ChargeObject(*object, patch.mark);
  return stays;
}

}  // namespace reconcile::kustomize
