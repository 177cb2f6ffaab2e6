#pragma once

#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace reconcile {

// A vector whose copies share their items until one of them is changed. Reading through what may
// be changed (a reference that is not const) makes it its own. Copies may be read on other threads.
template <typename T>
class OwnList {
 public:
  using value_type = T;
  using Items = std::vector<T>;

  OwnList() = default;
  OwnList(Items items) : items_(std::make_shared<Items>(std::move(items))) {}
  OwnList(std::initializer_list<T> items) : OwnList(Items(items)) {}

  const Items& items() const {
    static const Items kNone;
    return items_ == nullptr ? kNone : *items_;
  }
  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }
  size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }
  const T& operator[](size_t index) const { return items()[index]; }

  // For changes.
  Items& Own() {
    // Counted too: taking it orders this thread after every reader that has let go.
    const std::shared_ptr<Items> held = items_;
    if (held == nullptr) {
      items_ = std::make_shared<Items>();
    } else if (held.use_count() > 2) {
      items_ = std::make_shared<Items>(*held);
    }
    return *items_;
  }
  auto begin() { return Own().begin(); }
  auto end() { return Own().end(); }
  T& operator[](size_t index) { return Own()[index]; }
  T& front() { return Own().front(); }
  T& back() { return Own().back(); }
  void push_back(T item) { Own().push_back(std::move(item)); }

  // Whether both share their items. Two that do not may have the same all the same.
  bool IsOneWith(const OwnList& other) const { return items_ == other.items_; }

 private:
  std::shared_ptr<Items> items_;
};

}  // namespace reconcile
