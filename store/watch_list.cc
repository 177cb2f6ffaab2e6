#include "store/watch_list.h"

#include <utility>

namespace reconcile {

Store::WatchId WatchList::Add(Store::WatchFunction on_changes) {
  watches_[++last_id_] = std::move(on_changes);
  return last_id_;
}

void WatchList::Remove(Store::WatchId watch) { watches_.erase(watch); }

void WatchList::Notify(const std::vector<Change>& changes) {
  CHECK(!notifying_);
  notifying_ = true;
  const Store::WatchId newest = last_id_;
  for (auto next = watches_.begin(); next != watches_.end() && next->first <= newest;) {
    const Store::WatchId id = next->first;
    const Store::WatchFunction on_changes = next->second;  // it may remove itself
    on_changes(changes);
    next = watches_.upper_bound(id);
  }
  notifying_ = false;
}

}  // namespace reconcile
