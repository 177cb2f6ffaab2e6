#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace reconcile {

// Objects that the assignments of all nodes have in common, sorted by key: copies share one list,
// which nobody changes. It may know how it came to be from another, so that the difference of the
// two is not looked for once per node. Safe to read from any thread.
template <typename T>
class SharedList {
 public:
  using Items = std::vector<std::shared_ptr<const T>>;
  // What makes `before` this list.
  struct Step {
    Items changed;                     // new, or other than before
    std::vector<std::string> removed;  // their keys, as link/list_delta.h writes them
  };

  SharedList() = default;
  SharedList(Items items) : data_(MakeData(std::move(items), {}, {})) {}
  SharedList(std::initializer_list<std::shared_ptr<const T>> items)
      : SharedList(Items(items.begin(), items.end())) {}
  // `items` are those of `before` after `step`.
  SharedList(const SharedList& before, Step step, Items items)
      : data_(MakeData(std::move(items), before.data_, std::move(step))) {}

  const Items& items() const {
    static const Items kNone;
    return data_ == nullptr ? kNone : data_->items;
  }
  auto begin() const { return items().begin(); }
  auto end() const { return items().end(); }
  size_t size() const { return items().size(); }
  bool empty() const { return items().empty(); }
  const std::shared_ptr<const T>& operator[](size_t index) const { return items()[index]; }

  // Whether both are one list. Two that are not may have the same items all the same.
  bool IsOneWith(const SharedList& other) const { return data_ == other.data_; }
  // How it came from `before`; nullptr when that is not known.
  const Step* StepFrom(const SharedList& before) const {
    const bool known =
        data_ != nullptr && before.data_ != nullptr && data_->before.lock() == before.data_;
    return known ? &data_->step : nullptr;
  }

 private:
  struct Data {
    Items items;
    std::weak_ptr<const Data> before;
    Step step;
  };
  static std::shared_ptr<const Data> MakeData(Items items,
                                              const std::shared_ptr<const Data>& before,
                                              Step step) {
    return std::make_shared<const Data>(Data{std::move(items), before, std::move(step)});
  }

  std::shared_ptr<const Data> data_;
};

}  // namespace reconcile
