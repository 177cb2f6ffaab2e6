#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace reconcile {

// A list whose copies share its items until one of them is written to: all pods of a template have
// its containers, and all versions of a pod, without a copy each. It reads as a vector does; what
// writes says so (Edit), since that makes the list's items its own. A list being written belongs
// to one thread; its copies may be read, written and let go of on others.
template <typename T>
class CopyOnWriteList {
 public:
  using Items = std::vector<T>;
  using value_type = T;
  using const_iterator = typename Items::const_iterator;

  CopyOnWriteList() = default;
  CopyOnWriteList(Items items)
      : items_(items.empty() ? nullptr : std::make_shared<Items>(std::move(items))) {}
  CopyOnWriteList(std::initializer_list<T> items) : CopyOnWriteList(Items(items)) {}
  CopyOnWriteList& operator=(std::initializer_list<T> items) {
    return *this = CopyOnWriteList(items);
  }

  const Items& items() const {
    static const Items kNone;
    return items_ == nullptr ? kNone : *items_;
  }
  operator const Items&() const { return items(); }
  const_iterator begin() const { return items().begin(); }
  const_iterator end() const { return items().end(); }
  auto rbegin() const { return items().rbegin(); }
  auto rend() const { return items().rend(); }
  size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }
  const T& operator[](size_t index) const { return items()[index]; }
  const T& front() const { return items().front(); }
  const T& back() const { return items().back(); }

  // The items, for writing: the list's own from now on. Valid until the list is copied.
  Items& Edit() {
    // Held besides, so that this thread comes after all that have let go of the items.
    const std::shared_ptr<const Items> held = items_;
    if (held == nullptr || held.use_count() > 2) items_ = std::make_shared<Items>(items());
    return *items_;
  }
  void push_back(T item) { Edit().push_back(std::move(item)); }
  T& emplace_back() { return Edit().emplace_back(); }
  void clear() { items_ = nullptr; }

  // Whether both have the same items in memory. Two that have not may be equal all the same.
  bool IsOneWith(const CopyOnWriteList& other) const { return items_ == other.items_; }
  friend bool operator==(const CopyOnWriteList& a, const CopyOnWriteList& b) {
    return a.IsOneWith(b) || a.items() == b.items();
  }

 private:
  std::shared_ptr<Items> items_;  // null when there are none
};

}  // namespace reconcile
