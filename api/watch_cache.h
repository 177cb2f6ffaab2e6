#pragma once

#include <memory>
#include <string>

#include "api/http.h"
#include "api/object_encoding.h"
#include "api/selection.h"
#include "base/event_loop.h"
#include "store/store.h"

namespace reconcile {

// What a client watches.
struct WatchRequest {
  Kind kind = Kind::kNamespace;
  std::string namespace_name;  // empty: all
  Selection selection;
  ObjectEncoding encoding;
  // The resourceVersion of the last event (or list) that the client has: it gets what comes after
  // that, nothing of it twice. 0: first all that there is, as ADDED, in the order of its changes.
  Revision after = 0;
  bool bookmarks = false;
  int64_t timeout_ms = 0;  // when the watch ends
};

// The last changes of every kind, for watches to go on from; changes are written out once for all
// watches that want them alike. It knows what was changed since its making, so far as its bounds
// reach. Loop thread only.
//
// A watch reads the history at its reader's pace, by a place in it, and keeps no more than the line
// that it is at. One whose reader is so slow that its place is forgotten is told that it is too old
// (an ERROR event with 410) and ended, as is one that begins there; the client lists again.
class WatchCache {
 public:
  struct Limits {
    size_t changes = 1'024;      // of each kind; beyond, fresh ones alone
    int64_t fresh_ms = 30'000;   // so that a burst of any size is there for who reads it
    size_t most = 65'536;        // at all
    int64_t age_ms = 600'000;    // older ones are forgotten at the next change of any kind
    size_t written_out = 1'024;  // the newest changes of each kind that are kept written out
    int64_t bookmark_ms = 60'000;
    int64_t coalesce_ms = 20;  // changes within it are told together
  };
  // `store` and `loop` outlive it.
  WatchCache(Store* store, EventLoop* loop, Limits limits);
  WatchCache(Store* store, EventLoop* loop) : WatchCache(store, loop, Limits()) {}
  ~WatchCache();  // ends all watches
  WatchCache(const WatchCache&) = delete;
  WatchCache& operator=(const WatchCache&) = delete;

  // Begins a watch; `sink` is called later, never inside this.
  StreamHandle Open(WatchRequest request, ApiSink sink);
  size_t watch_count() const;
  uint64_t written_count() const;  // changes written out so far

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
