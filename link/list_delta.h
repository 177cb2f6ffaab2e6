#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace reconcile {

// What names an item of a list: namespace, name and uid; unused parts are empty. Lists of messages
// are sorted by it. Its parts are the item's.
using ItemKey = std::array<std::string_view, 3>;

inline std::string ToString(const ItemKey& key) {
  std::string text(key[0]);
  return text.append("/").append(key[1]).append("/").append(key[2]);
}

// How one sorted list becomes another.
template <typename Item>
struct ListDelta {
  std::vector<Item> changed;         // new, or other than before
  std::vector<std::string> removed;  // their keys, as text
};

// Whether every item has a key of its own, in ascending order, that its text tells from any
// other's: its last part alone may have a '/'.
template <typename Item, typename KeyOf>
bool IsKeyedList(const std::vector<Item>& items, KeyOf key_of) {
  for (size_t i = 0; i < items.size(); ++i) {
    const ItemKey key = key_of(items[i]);
    for (size_t part = 0; part + 1 < key.size(); ++part) {
      if (key[part].find('/') != std::string_view::npos) return false;
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

// Invalid, naming `what`, when the delta removes what is not there. `base` is a keyed list; takes
// one look at each item of it.
template <typename Item, typename KeyOf>
Result<std::vector<Item>> ApplyListDelta(const std::vector<Item>& base,
                                         const ListDelta<Item>& delta, KeyOf key_of,
                                         const std::string& what) {
  const auto is_before = [&](const Item& a, const Item& b) { return key_of(a) < key_of(b); };
  std::vector<Item> changed = delta.changed;
  std::stable_sort(changed.begin(), changed.end(), is_before);
  const auto is_same = [&](const Item& a, const Item& b) { return key_of(a) == key_of(b); };
  changed.erase(std::unique(changed.begin(), changed.end(), is_same), changed.end());
  std::set<std::string> removed(delta.removed.begin(), delta.removed.end());
  std::vector<Item> next;
  next.reserve(base.size() + changed.size());
  auto change = changed.begin();
  for (const Item& item : base) {
    const ItemKey key = key_of(item);
    for (; change != changed.end() && key_of(*change) < key; ++change) next.push_back(*change);
    const bool is_changed = change != changed.end() && key_of(*change) == key;
    if (!removed.empty() && removed.erase(ToString(key)) > 0) continue;
    if (!is_changed) next.push_back(item);
  }
  next.insert(next.end(), change, changed.end());
  if (!removed.empty()) {
    return InvalidError(what + ": removes " + *removed.begin() + ", unknown here");
  }
  return next;
}

}  // namespace reconcile
