#include "schema/diff.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "schema/text.h"

namespace reconcile {

namespace {

constexpr std::string_view kBeforeMask = "*** (before)";
constexpr std::string_view kAfterMask = "*** (after)";
// What holds for a field and everything below it.
struct Inherited {
  bool is_secret = false;
  bool is_immutable = false;
};

class Differ {
 public:
  explicit Differ(bool is_secret_object) : is_secret_object_(is_secret_object) {}

  void DiffStruct(const StructTable& table, const Value* before, const Value* after,
                  const FieldPath& path, Inherited inherited);
  std::vector<TableChange> Take() { return std::move(changes_); }

 private:
  void DiffField(const FieldInfo& field, const Value* before, const Value* after,
                 const FieldPath& path, Inherited inherited);
  void DiffMap(const Value* before, const Value* after, const FieldPath& path, Inherited inherited);
  void DiffStructList(const StructTable& table, const Value& before, const Value& after,
                      const FieldPath& path, Inherited inherited);
  void DiffKeyed(const StructTable& table, const Value& before, const Value& after,
                 const FieldPath& path, Inherited inherited);
  void Add(const Value* before, const Value* after, const FieldPath& path, Inherited inherited);

  bool is_secret_object_;
  std::vector<TableChange> changes_;
};

const Value* FindIn(const Value* map, std::string_view name) {
  return map == nullptr ? nullptr : map->Find(name);
}

// The element's key as JSON text, for matching; the key itself for the path.
std::string KeyText(const StructTable& table, const Value& element) {
  const Value* key = element.Find(table.key());
  if (key == nullptr) return "";
  return key->IsString() ? key->AsString() : WriteJson(*key);
}

std::vector<std::string> Keys(const StructTable& table, const Value& list) {
  std::vector<std::string> keys;
  for (const Value& element : list.AsList()) keys.push_back(KeyText(table, element));
  return keys;
}

using KeyIndex = std::map<std::string_view, size_t>;
KeyIndex IndexOf(const std::vector<std::string>& keys) {
  KeyIndex index;
  for (size_t i = 0; i < keys.size(); ++i) index.emplace(keys[i], i);
  return index;
}

bool AreUnique(std::vector<std::string> keys) {
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

void Differ::Add(const Value* before, const Value* after, const FieldPath& path,
                 Inherited inherited) {
  TableChange& added = changes_.emplace_back();
  added.is_immutable = inherited.is_immutable;
  FieldChange& change = added.change;
  change.path = path.ToString();
  change.secret = inherited.is_secret;
  if (before != nullptr) {
    change.before = inherited.is_secret ? std::string(kBeforeMask) : WriteJson(*before);
  }
  if (after != nullptr) {
    change.after = inherited.is_secret ? std::string(kAfterMask) : WriteJson(*after);
  }
}

void Differ::DiffStruct(const StructTable& table, const Value* before, const Value* after,
                        const FieldPath& path, Inherited inherited) {
  for (const FieldInfo& field : table.fields()) {
    const Value* first = FindIn(before, field.name);
    const Value* second = FindIn(after, field.name);
    if (!field.IsKept() || (first == nullptr && second == nullptr)) continue;
    Inherited own = inherited;
    own.is_secret = own.is_secret || field.is_secret;
    own.is_immutable = (own.is_immutable || field.is_immutable) && !field.is_mutable;
    DiffField(field, first, second, FieldPath(path, field.name), own);
  }
}

void Differ::DiffField(const FieldInfo& field, const Value* before, const Value* after,
                       const FieldPath& path, Inherited inherited) {
  if (before != nullptr && after != nullptr && *before == *after) return;
  const bool both = before != nullptr && after != nullptr;
  switch (field.type->shape()) {
    case FieldShape::kMap:
      return DiffMap(before, after, path, inherited);
    case FieldShape::kStruct:
      if (both) return DiffStruct(*field.type->table(), before, after, path, inherited);
      break;
    case FieldShape::kList:
      if (both && field.type->table() != nullptr) {
        return DiffStructList(*field.type->table(), *before, *after, path, inherited);
      }
      break;
    case FieldShape::kScalar:
      break;
  }
  Add(before, after, path, inherited);
}

void Differ::DiffMap(const Value* before, const Value* after, const FieldPath& path,
                     Inherited inherited) {
  std::map<std::string_view, std::pair<const Value*, const Value*>> entries;
  if (before != nullptr) {
    for (const Value::Member& member : before->AsMap()) entries[member.key].first = &member.value;
  }
  if (after != nullptr) {
    for (const Value::Member& member : after->AsMap()) entries[member.key].second = &member.value;
  }
  for (const auto& [key, values] : entries) {
    const auto& [first, second] = values;
    if (first != nullptr && second != nullptr && *first == *second) continue;
    Inherited own = inherited;
    own.is_secret = own.is_secret || (is_secret_object_ && key == kLastApplied);
    Add(first, second, FieldPath::Key(path, key), own);
    changes_.back().change.map_key = key;
  }
}

void Differ::DiffStructList(const StructTable& table, const Value& before, const Value& after,
                            const FieldPath& path, Inherited inherited) {
  if (!table.key().empty() && AreUnique(Keys(table, before)) && AreUnique(Keys(table, after))) {
    return DiffKeyed(table, before, after, path, inherited);
  }
  const size_t count = std::max(before.AsList().size(), after.AsList().size());
  for (size_t i = 0; i < count; ++i) {
    const Value* first = i < before.AsList().size() ? &before.AsList()[i] : nullptr;
    const Value* second = i < after.AsList().size() ? &after.AsList()[i] : nullptr;
    const FieldPath item = FieldPath::Item(path, i);
    if (first != nullptr && second != nullptr) {
      DiffStruct(table, first, second, item, inherited);
    } else {
      Add(first, second, item, inherited);
    }
  }
}

void Differ::DiffKeyed(const StructTable& table, const Value& before, const Value& after,
                       const FieldPath& path, Inherited inherited) {
  const std::vector<std::string> old_keys = Keys(table, before);
  const std::vector<std::string> new_keys = Keys(table, after);
  const KeyIndex old_index = IndexOf(old_keys);
  const KeyIndex new_index = IndexOf(new_keys);
  std::vector<std::string_view> kept_in_old_order;
  for (size_t i = 0; i < old_keys.size(); ++i) {
    const auto found = new_index.find(old_keys[i]);
    const FieldPath item = FieldPath::Item(path, i, old_keys[i]);
    const Value& old_element = before.AsList()[i];
    if (found == new_index.end()) {
      Add(&old_element, nullptr, item, inherited);
      continue;
    }
    kept_in_old_order.push_back(old_keys[i]);
    DiffStruct(table, &old_element, &after.AsList()[found->second], item, inherited);
  }
  std::vector<std::string_view> kept_in_new_order;
  for (size_t i = 0; i < new_keys.size(); ++i) {
    if (old_index.count(new_keys[i]) > 0) {
      kept_in_new_order.push_back(new_keys[i]);
    } else {
      Add(nullptr, &after.AsList()[i], FieldPath::Item(path, i, new_keys[i]), inherited);
    }
  }
  // The order of variables, for one, has a meaning.
  if (kept_in_old_order == kept_in_new_order) return;
  const auto order = [](const std::vector<std::string>& keys) {
    Value list = Value::MakeList();
    for (const std::string& key : keys) list.Append(Value::String(key));
    return list;
  };
  const Value old_order = order(old_keys);
  const Value new_order = order(new_keys);
  Add(&old_order, &new_order, FieldPath(path, "(order)"), inherited);
}

}  // namespace

std::vector<TableChange> DiffByTable(const Object& before, const Object& after) {
  CHECK(before.kind == after.kind);
  const StructTable& table = TableOf(before.kind);
  const Value first = table.Encode(StructOf(before), EncodeFor::kDiff);
  const Value second = table.Encode(StructOf(after), EncodeFor::kDiff);
  Differ differ(before.kind == Kind::kSecret);
  differ.DiffStruct(table, &first, &second, FieldPath(), {});
  return differ.Take();
}

std::vector<FieldChange> DiffObjects(const Object& before, const Object& after) {
  std::vector<FieldChange> changes;
  for (TableChange& change : DiffByTable(before, after)) {
    changes.push_back(std::move(change.change));
  }
  return changes;
}

}  // namespace reconcile
