#pragma once

#include <map>
#include <vector>

#include "store/store.h"

namespace reconcile {

// Who wants to hear of commits. Shared by the stores. Loop thread only.
class WatchList {
 public:
  Store::WatchId Add(Store::WatchFunction on_changes);
  void Remove(Store::WatchId watch);
  // Calls every watch in the order of their addition. A watch may add or remove watches; one that
  // was removed is not called any more, a new one not yet. A watch must not commit.
  void Notify(const std::vector<Change>& changes);
  bool notifying() const { return notifying_; }

 private:
  std::map<Store::WatchId, Store::WatchFunction> watches_;
  Store::WatchId last_id_ = 0;
  bool notifying_ = false;
};

}  // namespace reconcile
