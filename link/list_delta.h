#pragma once

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace reconcile {

// What names an item of a list: namespace, name and uid; unused parts are empty. Lists of messages
// are sorted by it.
using ItemKey = std::array<std::string, 3>;

inline std::string ToString(const ItemKey& key) { return key[0] + "/" + key[1] + "/" + key[2]; }

// How one sorted list becomes another.
template <typename Item>
struct ListDelta {
  std::vector<Item> changed;         // new, or other than before
  std::vector<std::string> removed;  // their keys, as text
};

// Whether every item has a key of its own, in ascending order, that its text tells from any
// other's.
template <typename Item, typename KeyOf>
bool IsKeyedList(const std::vector<Item>& items, KeyOf key_of) {
  for (size_t i = 0; i < items.size(); ++i) {
    const ItemKey key = key_of(items[i]);
    for (const std::string& part : key) {
      if (part.find('/') != std::string::npos) return false;
    }
    if (i > 0 && !(key_of(items[i - 1]) < key)) return false;
  }
  return true;
}

// None when one of the lists is not a keyed one: then only all of `next` tells of it.
template <typename Item, typename KeyOf, typename Same>
std::optional<ListDelta<Item>> MakeListDelta(const std::vector<Item>& base,
                                             const std::vector<Item>& next, KeyOf key_of,
                                             Same same) {
  if (!IsKeyedList(base, key_of) || !IsKeyedList(next, key_of)) return std::nullopt;
  ListDelta<Item> delta;
  auto old = base.begin();
  for (const Item& item : next) {
    const ItemKey key = key_of(item);
    for (; old != base.end() && key_of(*old) < key; ++old) {
      delta.removed.push_back(ToString(key_of(*old)));
    }
    const bool known = old != base.end() && key_of(*old) == key;
    if (!known || !same(*old, item)) delta.changed.push_back(item);
    if (known) ++old;
  }
  for (; old != base.end(); ++old) delta.removed.push_back(ToString(key_of(*old)));
  return delta;
}

// Invalid, naming `what`, when the delta removes what is not there.
template <typename Item, typename KeyOf>
Result<std::vector<Item>> ApplyListDelta(const std::vector<Item>& base,
                                         const ListDelta<Item>& delta, KeyOf key_of,
                                         const std::string& what) {
  std::map<std::string, Item> items;
  for (const Item& item : base) items.emplace(ToString(key_of(item)), item);
  for (const std::string& key : delta.removed) {
    if (items.erase(key) == 0) return InvalidError(what + ": removes " + key + ", unknown here");
  }
  for (const Item& item : delta.changed) {
    items.insert_or_assign(ToString(key_of(item)), item);
  }
  std::vector<Item> next;
  next.reserve(items.size());
  for (auto& [key, item] : items) next.push_back(std::move(item));
  // By parts: "a-b/x" stands before "a/x" as text.
  std::sort(next.begin(), next.end(),
            [&](const Item& a, const Item& b) { return key_of(a) < key_of(b); });
  return next;
}

}  // namespace reconcile
