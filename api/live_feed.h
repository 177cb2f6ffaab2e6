#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "link/agent_link.h"
#include "store/store.h"

namespace reconcile {

// What a page is told.
struct LiveRequest {
  std::string namespace_name;  // empty: all, and nodes and sources
  // What it has seen, of an earlier connection: what changed since is sent. 0: all there is.
  Revision after = 0;
};

// Tells pages how the cluster is, from the moment that they ask: server-sent events (WHATWG HTML,
// 9.2). Loop thread only.
//   begin   {"revision", "resumed"}    what follows replaces all rows, unless it was resumed
//   rows    {"rows": [LiveRow...], "gone": [["pods", uid]...]}    at most kRowsAtOnce of both
//   status  what GET .../status answers, with less of the history: before all rows, and whenever it
//           is another. {} for the reader of one namespace
// The id of an event is the revision that the page has seen whole with it.
//
// A reader keeps a place, not a queue: whoever reads slowly is told the newest in fewer events.
class LiveFeed {
 public:
  static constexpr size_t kMaxReaders = 256;  // more are refused as Unavailable
  static constexpr size_t kRowsAtOnce = 250;
  static constexpr int64_t kTogetherMs = 100;  // changes come together within it
  static constexpr int64_t kStatusMs = 1'000;
  static constexpr int64_t kAliveMs = 15'000;  // a comment, when there is nothing else

  // `store` and `loop` outlive it; `status` writes a JSON object.
  LiveFeed(Store* store, EventLoop* loop, std::function<std::string()> status);
  ~LiveFeed();  // ends all streams
  LiveFeed(const LiveFeed&) = delete;
  LiveFeed& operator=(const LiveFeed&) = delete;

  // `sink` is called later, never inside this.
  StreamHandle Open(LiveRequest request, LogSink sink);
  size_t reader_count() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace reconcile
